//! `jf run`: one definition in this process, until it ends or waits for somebody (BND-020 to BND-027).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jf_core::dsl::{Kind, StartMode};
use jf_core::{
    CallApi, Caller, Delivery, Engine, EngineError, ErrorClass, JourneyId, JourneyStatus, Phase, Replaying,
    StartReply, StartRequest, SubscribeOptions, Subscription,
};
use jf_dsl::{Loaded, SizeLimits, SourceFile, TerminalStyle, read_tree};
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use super::{ConfigArgs, Exit, LogArgs};
use crate::config::{Config, Use};
use crate::definitions::{Definitions, Purpose, reason};
use crate::host::Host;
use crate::logging;
use crate::output::Output;
use crate::prepare::{self, Prepared};

#[derive(Debug, Args)]
#[command(after_help = "\
A journey runs until it ends or waits for input from outside; timers are waited for. What is printed is the outcome of a run that \
has ended, the status of one that waits, and the answer of an Api. A run that waits is gone when the command ends.

Exit status: 0 if it ran, whatever the outcome; 1 if it could not be run to there; 2 for wrong usage, an invalid definition or \
invalid input; 3 for a FAILED outcome and --fail-on-failed.

Examples:
  jf run price-quote.journey.yaml --input quote.json
  echo '{\"name\": \"Ada\"}' | jf run hello.journey.yaml --input -")]
pub(super) struct RunArgs {
    /// The definition
    file: PathBuf,
    /// The input: a JSON or YAML file, or `-` for JSON from standard input [default: an empty object]
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// End with status 3 when the outcome is FAILED
    #[arg(long)]
    fail_on_failed: bool,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    log: LogArgs,
}

/// What came of it.
struct Ran {
    document: Value,
    failed: bool,
}

pub(super) fn run(args: &RunArgs, output: &mut Output) -> Exit {
    if let Err(error) = logging::init(args.log.log.as_deref(), args.log.log_format, "warn") {
        output.error(&error.to_string(), None);
        return Exit::Usage;
    }
    let Some((config, definitions)) = prepare(args, output) else { return Exit::Usage };
    let input = match args
        .input
        .as_deref()
        .map_or_else(|| Ok(Value::Object(Map::new())), |path| read_input(path, &config))
    {
        Ok(input) => input,
        Err(message) => {
            output.error(&message, None);
            return Exit::Usage;
        }
    };
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            output.error(&format!("cannot start threads: {error}"), None);
            return Exit::Failed;
        }
    };
    let ran = runtime.block_on(async {
        let host = match Host::build(&definitions, &config, Use::Command).await {
            Ok(host) => host,
            Err(error) => {
                output.error(&error.to_string(), None);
                return Err(Exit::Failed);
            }
        };
        let engine = host.engine();
        let catalog = engine.catalog();
        let loaded = catalog.iter().next().expect("a file that was loaded holds a definition");
        execute(engine, loaded, input).await.map_err(|error| {
            refused(&error, output);
            if error.kind().class() == ErrorClass::InvalidInput { Exit::Usage } else { Exit::Failed }
        })
    });
    runtime.shutdown_timeout(Duration::ZERO);
    match ran {
        Err(exit) => exit,
        Ok(Ran { document, failed }) => match output.print(&format!("{document}\n")) {
            Exit::Done if is_input_problem(&document) => Exit::Usage,
            Exit::Done if failed && args.fail_on_failed => Exit::OutcomeFailed,
            exit => exit,
        },
    }
}

/// The configuration and the one definition, or nothing: everything that is wrong was told.
fn prepare(args: &RunArgs, output: &mut Output) -> Option<(Config, Definitions)> {
    let paths = std::slice::from_ref(&args.file);
    let Prepared { config, faults } = match prepare::config(args.config.config.as_deref(), paths) {
        Ok(prepared) => prepared,
        Err(error) => {
            output.error(&error.to_string(), Some("check the path after --config"));
            return None;
        }
    };
    // Whoever runs a definition waits for it himself; the limit of servers is none here.
    const A_YEAR: &str = "P365D";
    let config = config.with("limits.syncWait", A_YEAR).expect("the key takes durations");
    if args.file.is_dir() {
        output.error(
            &format!("`{}` is a folder", args.file.display()),
            Some("name one definition file; `jf serve` takes folders"),
        );
        return None;
    }
    let definitions = match Definitions::from_paths(paths, &config, Purpose::Part) {
        Ok(definitions) => definitions,
        Err(error) => {
            output.error(&error.to_string(), None);
            return None;
        }
    };
    let mut diagnostics = faults;
    diagnostics.append(definitions.diagnostics().clone());
    if diagnostics.has_errors() {
        let style = if output.err_colours { TerminalStyle::Coloured } else { TerminalStyle::Plain };
        output.tell(&diagnostics.to_terminal(style));
        return None;
    }
    if definitions.catalog().is_none_or(jf_dsl::Catalog::is_empty) {
        output.error(&format!("there is no Journey or Api in `{}`", args.file.display()), None);
        return None;
    }
    Some((config, definitions))
}

/// Reads the input (BND-021), which is limited like the body of a request (HTTP-013).
fn read_input(path: &Path, config: &Config) -> Result<Value, String> {
    let limit = config.body_bytes();
    let stdin = path.as_os_str() == "-";
    let name = if stdin { "standard input".to_owned() } else { format!("`{}`", path.display()) };
    let read = if stdin {
        bounded(std::io::stdin(), limit)
    } else {
        File::open(path).and_then(|file| bounded(file, limit))
    };
    let bytes = read.map_err(|error| format!("cannot read {name}: {}", reason(&error)))?;
    if bytes.len() > limit {
        return Err(format!(
            "{name} has more than {limit} bytes, which is what `limits.bodyBytes` of the configuration allows"
        ));
    }
    if stdin {
        if bytes.trim_ascii().is_empty() {
            return Err("standard input is empty; an object without members is `{}`".to_owned());
        }
        return jf_core::exact_json::from_slice(&bytes)
            .map_err(|error| format!("{name} is not JSON: {error}"));
    }
    let source = SourceFile::from_bytes(path.display().to_string(), bytes);
    let mut sizes = SizeLimits::default();
    sizes.file_bytes = limit;
    let tree = read_tree(&source, &sizes).map_err(|faults| faults.to_string())?;
    Ok(tree.to_value())
}

/// Reads to the end, or to one byte beyond the limit.
fn bounded(input: impl Read, limit: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

async fn execute(engine: &Arc<dyn Engine>, loaded: &Loaded, input: Value) -> Result<Ran, EngineError> {
    let definition = &loaded.definition;
    let caller = Caller::internal("cli");
    match definition.kind {
        Kind::Api => {
            let reply = engine.call_api(CallApi::new(definition.name().clone(), input), &caller).await?;
            Ok(Ran { document: reply.body, failed: reply.is_problem })
        }
        Kind::Journey => {
            let started =
                engine.start(StartRequest::new(definition.name().as_str(), input)?, &caller).await?;
            let journey_id = started.journey_id.clone();
            if definition.spec.lifecycle.start_mode == StartMode::Sync {
                match started.settled().await? {
                    StartReply::Outcome { outcome, .. } => return ended(&outcome.document),
                    // The answer to a start shows the response block of the step (ENG-048).
                    StartReply::Status(status) if !status.document.active_steps.is_empty() => {
                        return waiting(&status.document);
                    }
                    _ => {}
                }
            }
            follow(engine, &journey_id, &caller).await
        }
    }
}

/// Waits until the run has ended or waits for somebody (BND-022).
async fn follow(
    engine: &Arc<dyn Engine>,
    journey_id: &JourneyId,
    caller: &Caller,
) -> Result<Ran, EngineError> {
    let options = SubscribeOptions::from(Replaying::Latest);
    let (mut subscription, _) =
        Subscription::open(Arc::clone(engine), journey_id.clone(), options, caller).await?;
    loop {
        match subscription.next(caller).await? {
            Delivery::Status { status, .. } if !status.document.active_steps.is_empty() => {
                return waiting(&status.document);
            }
            Delivery::Outcome { outcome, .. } => return ended(&outcome.document),
            Delivery::Completed | Delivery::Gone => {
                let outcome = engine.get_outcome(journey_id, caller).await?;
                return ended(&outcome.document);
            }
            _ => {}
        }
    }
}

fn waiting(status: &JourneyStatus) -> Result<Ran, EngineError> {
    Ok(Ran { document: json(status)?, failed: status.phase == Phase::Failed })
}

fn ended(outcome: &jf_core::JourneyOutcome) -> Result<Ran, EngineError> {
    Ok(Ran { document: json(outcome)?, failed: outcome.phase == Phase::Failed })
}

fn json(document: &impl serde::Serialize) -> Result<Value, EngineError> {
    serde_json::to_value(document).map_err(EngineError::internal)
}

/// Whether an Api answered that its input is at fault.
fn is_input_problem(document: &Value) -> bool {
    document.get("type").and_then(Value::as_str) == Some(jf_core::EngineErrorKind::InvalidInput.urn())
}

/// Tells why the engine refused, without values of the input (BND-026).
fn refused(error: &EngineError, output: &mut Output) {
    let problem = error.problem();
    let title = problem.title.as_deref().unwrap_or("refused");
    let message = match &problem.detail {
        Some(detail) => format!("{title}: {detail}"),
        None => title.to_owned(),
    };
    output.error(&message, None);
    for violation in &problem.errors {
        // In quotes, since the pointer to the whole input is empty.
        output.tell(&format!("  {:?}: {}\n", violation.pointer, violation.detail));
    }
}
