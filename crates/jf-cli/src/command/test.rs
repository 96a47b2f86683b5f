//! `jf test`: scenarios, which are tests of journeys.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use jf_dsl::{SourceFile, TerminalStyle};
use jf_testkit::scenario::{DriverKind, Report, Runner, Verdict, to_json, to_junit, to_text};

use super::Exit;
use crate::definitions::{PathError, SCENARIOS, find_files};
use crate::output::Output;
use crate::scenarios::ScenarioHost;

#[derive(Debug, Args)]
#[command(after_help = "\
A scenario starts journeys, submits to their steps and moves time, and says what must come back. Other services are scripted in \
it, and its clock is virtual: a month passes in no time. The format stands in docs/reference/scenarios.md.

Scenarios whose definitions need something that is not installed are skipped, with the reason.

Exit status: 0 if everything that was run passed, 1 if something failed, 2 if something could not be run.

Examples:
  jf test scenarios/
  jf test scenarios/approval.scenario.yaml --driver engine
  jf test scenarios/ --store sqlite --restart
  jf test scenarios/ --format junit > jf.xml")]
pub(super) struct TestArgs {
    /// Scenario files, and folders that are searched for `*.scenario.yaml`, `.yml` and `.json`
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What lies between the scenario and the engine; several times for several [default: all that apply]
    #[arg(long, value_enum, value_name = "DRIVER")]
    driver: Vec<DriverArg>,
    /// Where runs are kept; several times for several
    #[arg(long, value_enum, value_name = "STORE", default_value = "memory")]
    store: Vec<StoreArg>,
    /// Stop the system without warning and start it on the same store after every step
    #[arg(long)]
    restart: bool,
    /// Only scenarios with this in their name or the name of their file
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How many scenarios run at a time [default: one per core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

/// A driver by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DriverArg {
    /// Nothing: the engine is called in process
    Engine,
    /// The HTTP binding
    Http,
    /// The WebSocket binding; what it does not carry goes over HTTP
    Websocket,
}

/// A store by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StoreArg {
    /// In memory
    Memory,
    /// In a SQLite file of its own
    Sqlite,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people, with excerpts of the scenario
    Text,
    /// One JSON object
    Json,
    /// JUnit XML, for build servers
    Junit,
}

pub(super) fn test(args: &TestArgs, output: &mut Output) -> Exit {
    if args.paths.is_empty() {
        output.error("there is nothing to test", Some("name files or folders: `jf test scenarios/`"));
        return Exit::Usage;
    }
    let sources = match sources(&args.paths) {
        Ok(sources) => sources,
        Err(errors) => {
            errors.iter().for_each(|error| output.error(&error.to_string(), None));
            return Exit::Usage;
        }
    };
    let sources = filtered(sources, args.filter.as_deref());
    if sources.is_empty() {
        let help = match args.filter {
            Some(_) => "no scenario has the text of `--filter` in its name",
            None => "files end in `.scenario.yaml`, `.scenario.yml` or `.scenario.json`",
        };
        output.error("no scenarios found", Some(help));
        return Exit::Usage;
    }
    let reports = runner(args).run(&sources);
    let text = match args.format {
        ReportFormat::Text => {
            let style = if output.out_colours { TerminalStyle::Coloured } else { TerminalStyle::Plain };
            to_text(&reports, style)
        }
        ReportFormat::Json => format!("{}\n", to_json(&reports)),
        ReportFormat::Junit => to_junit(&reports),
    };
    match output.print(&text) {
        Exit::Done => exit(&reports),
        trouble => trouble,
    }
}

fn runner(args: &TestArgs) -> Runner {
    let mut runner = Runner::new(Arc::new(ScenarioHost)).with_restarts([args.restart]);
    if !args.driver.is_empty() {
        runner = runner.with_drivers(args.driver.iter().map(|driver| match driver {
            DriverArg::Engine => DriverKind::Engine,
            DriverArg::Http => DriverKind::Http,
            DriverArg::Websocket => DriverKind::WebSocket,
        }));
    }
    if let Some(jobs) = args.jobs {
        runner = runner.with_threads(jobs);
    }
    runner.with_stores(args.store.iter().map(|store| match store {
        StoreArg::Memory => "memory".into(),
        StoreArg::Sqlite => "sqlite".into(),
    }))
}

fn sources(paths: &[PathBuf]) -> Result<Vec<SourceFile>, Vec<PathError>> {
    let (mut sources, mut errors) = (Vec::new(), Vec::new());
    for path in find_files(paths, &SCENARIOS)? {
        match SourceFile::from_path(&path) {
            Ok(source) => sources.push(source),
            Err(error) => errors.push(PathError { path, error }),
        }
    }
    if errors.is_empty() { Ok(sources) } else { Err(errors) }
}

/// The files with the text in their name, or in that of their scenario.
fn filtered(sources: Vec<SourceFile>, filter: Option<&str>) -> Vec<SourceFile> {
    let Some(filter) = filter else { return sources };
    let named = |source: &SourceFile| {
        let scenario = jf_testkit::scenario::Scenario::read(source);
        source.name().contains(filter) || scenario.is_ok_and(|scenario| scenario.name().contains(filter))
    };
    sources.into_iter().filter(named).collect()
}

fn exit(reports: &[Report]) -> Exit {
    let has = |wanted: fn(&Verdict) -> bool| reports.iter().any(|report| wanted(&report.verdict));
    if has(|verdict| matches!(verdict, Verdict::Invalid(_) | Verdict::Broken(_))) {
        Exit::Usage
    } else if has(|verdict| matches!(verdict, Verdict::Failed(_))) {
        Exit::Failed
    } else {
        Exit::Done
    }
}
