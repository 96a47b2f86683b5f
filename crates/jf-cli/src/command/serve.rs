//! `jf serve`: definitions over HTTP and WebSocket.

use std::borrow::Cow;
use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jf_core::dsl::Kind;
use jf_dsl::{Catalog, TerminalStyle};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{ConfigArgs, Exit, LogArgs};
use crate::config::Config;
use crate::console::ConsoleError;
use crate::definitions::{Definitions, Purpose};
use crate::host::{HostError, Listener};
use crate::logging;
use crate::output::Output;
use crate::prepare::{self, Prepared};
use crate::serving::Serving;
use crate::signals::{INTERRUPT, Signal, Signals};

/// Where the console is when nobody says where.
const CONSOLE: &str = "127.0.0.1:8090";
/// What plugins tell is up to `observability.plugins` (ENG-136), not to the level of everything else.
/// Over which time clients go who have nothing in flight, when somebody at a terminal ends the server.
const AT_A_TERMINAL: Duration = Duration::from_secs(1);
const DEFAULT_LOG: &str = "info,journeyforge::plugin=trace";

#[derive(Debug, Args)]
#[command(after_help = "\
When the server takes requests it prints one line on standard output, `listening on http://127.0.0.1:8080`. The log goes to \
standard error. SIGTERM and SIGINT (Ctrl-C) end it in good order: what is in flight is finished, WebSocket clients are told to \
come back later, over the drain window after SIGTERM and within a second after SIGINT. A second signal ends it at once. SIGHUP has certificates read again, where there is TLS.

Runs live in one SQLite file, which belongs to one server at a time. They go on when the server is started again, however it ended.

Exit status: 0 after a good end, 1 if it could not start, 2 for wrong usage.

Examples:
  jf serve journeys/
  jf serve journeys/ --listen 0.0.0.0:80 --config production.yaml
  jf serve orders/ loans/ --listen 127.0.0.1:0 --log-format json
  jf serve journeys/ --store memory --console")]
pub(super) struct ServeArgs {
    /// Definition files, and folders that are searched for `*.journey.yaml`, `.yml` and `.json`
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Address and port; port 0 takes a free one [default: `http.listen` of the configuration, else 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Where runs live: `sqlite:FILE` or `memory` [default: `store` of the configuration, else sqlite:journeyforge.db]
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Serve the console too, a page to watch and drive journeys [default address: `console.listen` of the configuration, else 127.0.0.1:8090]
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    console: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    log: LogArgs,
}

pub(super) fn serve(args: &ServeArgs, output: &mut Output) -> Exit {
    if args.paths.is_empty() {
        output.error(
            "there is nothing to serve",
            Some("name definition files or folders: `jf serve examples/journeys`"),
        );
        return Exit::Usage;
    }
    if let Err(error) = logging::init(args.log.log.as_deref(), args.log.log_format, DEFAULT_LOG) {
        output.error(&error.to_string(), None);
        return Exit::Usage;
    }
    let (config, definitions) = match prepare(args, output) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    logging::log_panics();
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            output.error(&format!("cannot start threads: {error}"), None);
            return Exit::Failed;
        }
    };
    let exit = runtime.block_on(run(&config, &definitions, output));
    // Whatever is left had its time.
    runtime.shutdown_timeout(Duration::ZERO);
    exit
}

/// The configuration and the definitions, or the end: everything that is wrong was told.
fn prepare(args: &ServeArgs, output: &mut Output) -> Result<(Config, Definitions), Exit> {
    let fail = |output: &mut Output, message: &str, help: Option<&str>| {
        output.error(message, help);
        Err(Exit::Failed)
    };
    let Prepared { mut config, faults } = match prepare::config(args.config.config.as_deref(), &args.paths) {
        Ok(prepared) => prepared,
        Err(error) => return fail(output, &error.to_string(), Some("check the path after --config")),
    };
    let console = match args.console.as_deref() {
        Some("") if config.console_listen().is_some() => None,
        Some("") => Some(CONSOLE),
        given => given,
    };
    for (flag, key, value) in [
        ("--listen", "http.listen", args.listen.as_deref()),
        ("--store", "store", args.store.as_deref()),
        ("--console", "console.listen", console),
    ] {
        let Some(value) = value else { continue };
        config = match config.with(key, value) {
            Ok(config) => config,
            Err(fault) => {
                output.error(&fault.to_string().replace(&format!("`{key}`"), flag), None);
                return Err(Exit::Usage);
            }
        };
    }
    let definitions = match Definitions::from_paths(&args.paths, &config, Purpose::Deploy) {
        Ok(definitions) => definitions,
        Err(error) => {
            return fail(output, &error.to_string(), Some("check the paths, and who may read them"));
        }
    };
    let mut diagnostics = faults;
    diagnostics.append(definitions.diagnostics().clone());
    let style = if output.err_colours { TerminalStyle::Coloured } else { TerminalStyle::Plain };
    output.tell(&diagnostics.to_terminal(style));
    if diagnostics.has_errors() {
        return fail(
            output,
            "the server does not start with errors in definitions or configuration",
            Some("`jf explain CODE` says more about one of them"),
        );
    }
    if definitions.catalog().is_none_or(Catalog::is_empty) {
        let paths: Vec<_> = args.paths.iter().map(|path| format!("`{}`", path.display())).collect();
        let message = format!("there are no definitions in {}", paths.join(", "));
        return fail(
            output,
            &message,
            Some("definition files end in `.journey.yaml`, `.journey.yml` or `.journey.json`"),
        );
    }
    Ok((config, definitions))
}

async fn run(config: &Config, definitions: &Definitions, output: &mut Output) -> Exit {
    let signals = Signals::listen();
    let reloads = config.tls().is_some();
    let mut signals =
        match signals.and_then(|signals| if reloads { signals.with_reload() } else { Ok(signals) }) {
            Ok(signals) => signals,
            Err(error) => {
                output.error(&format!("cannot wait for signals: {error}"), None);
                return Exit::Failed;
            }
        };
    let serving = match Serving::begin(definitions, config).await {
        Ok(serving) => serving,
        Err(error) => {
            output.error(&error.to_string(), help(&error).as_deref());
            return Exit::Failed;
        }
    };
    announce(config, definitions, &serving);
    if output.print(&format!("listening on {}\n", serving.url())) != Exit::Done {
        return Exit::Failed;
    }
    let signal = loop {
        match signals.next().await {
            Signal::End(name) => break name,
            Signal::Reload => reload(&serving),
        }
    };
    let window = config.drain_window();
    // Somebody at a terminal waits, and no other server takes over from this one.
    let spread = if signal == INTERRUPT { AT_A_TERMINAL.min(window) } else { window };
    tracing::info!(signal, window_ms = window.as_millis(), "draining; another signal ends at once");
    tokio::select! {
        report = serving.drain_within(spread) => {
            tracing::info!(in_motion = report.in_motion, "stopped");
            Exit::Done
        }
        signal = signals.end() => {
            tracing::warn!(signal, "ended before the drain was done");
            Exit::Failed
        }
    }
}

/// Reads the certificates again. One that cannot be used leaves the one before: a server that is there is worth more.
fn reload(serving: &Serving) {
    let Some(tls) = serving.tls() else { return };
    match tls.reload() {
        Ok(()) => tracing::info!(expires = %tls.expires(), "certificates were read again"),
        Err(error) => tracing::error!(%error, "certificates stay as they were"),
    }
}

fn help(error: &HostError) -> Option<Cow<'static, str>> {
    match error {
        HostError::Listen { listener, error, .. } => listen_help(*listener, error).map(Cow::Owned),
        HostError::Store(error) => super::store::help(error).map(Cow::Borrowed),
        HostError::Console(ConsoleError::Open(_)) => Some(Cow::Borrowed(
            "name a file with a token as `console.tokenFile`, or a loopback address such as 127.0.0.1:8090",
        )),
        _ => None,
    }
}

/// A way out for a port that cannot be had, by what says which one is wanted.
fn listen_help(listener: Listener, error: &Error) -> Option<String> {
    let (setting, another) = match listener {
        Listener::Service => ("--listen ", 8081),
        Listener::Console => ("--console=", 8091),
        Listener::Metrics => ("observability.metrics.listen: ", 9465),
    };
    let name = setting.trim_end_matches([' ', '=', ':']);
    Some(match error.kind() {
        ErrorKind::AddrInUse => format!(
            "another program has this port; name another one with `{setting}127.0.0.1:{another}`, or let one be chosen with `{setting}127.0.0.1:0`"
        ),
        ErrorKind::PermissionDenied => {
            format!("ports below 1024 need privileges; name another one with `{name}`")
        }
        ErrorKind::AddrNotAvailable => {
            format!("name an address of this machine with `{name}`, or 0.0.0.0 for all of them")
        }
        _ => return None,
    })
}

/// Tells the log what is served, from where, and within which limits (ENG-145).
fn announce(config: &Config, definitions: &Definitions, serving: &Serving) {
    let file = config.file().map_or_else(|| "none".to_owned(), |file| file.display().to_string());
    tracing::info!(version = env!("CARGO_PKG_VERSION"), configuration = file, "starting");
    let catalog = serving.engine().catalog();
    let hidden = config.hidden();
    for kind in [Kind::Journey, Kind::Api] {
        for loaded in catalog.serving(kind) {
            let definition = &loaded.definition;
            let (name, version) = (definition.name().as_str(), definition.version().to_string());
            let http = match kind {
                _ if !config.serves_http() || hidden.contains(definition.name()) => String::new(),
                Kind::Journey => format!("/api/v1/journeys/{name}/start"),
                Kind::Api => format!("/api/v1{}", definition.http_route()),
            };
            match kind {
                Kind::Journey => {
                    let websocket = definition.websocket_path().unwrap_or_default();
                    tracing::info!(name, version, http, %websocket, "journey");
                }
                Kind::Api => tracing::info!(name, version, http, "api"),
            }
        }
    }
    let deployed = catalog.iter().count();
    let known: Vec<&str> = catalog.iter().map(|loaded| loaded.definition.name().as_str()).collect();
    for name in config.unknown_definitions(&known) {
        tracing::warn!(definition = name, "the configuration has values for a definition that is not there");
    }
    tracing::info!(deployed, files = definitions.files(), "definitions");
    match config.store_file() {
        Some(file) => {
            let file = file.canonicalize().unwrap_or(file);
            tracing::info!(store = "sqlite", file = %file.display(), "runs live in this file");
        }
        None => tracing::info!(store = "memory", "runs are lost when the process ends"),
    }
    for (group, values) in settings(config) {
        tracing::info!(group, %values, "settings");
    }
    /// What platforms usually give a process between SIGTERM and the end.
    const GRACE: Duration = Duration::from_secs(30);
    if config.drain_window() >= GRACE {
        tracing::warn!(
            window_ms = config.drain_window().as_millis(),
            "the drain window is as long as the grace of most platforms, which would cut it off"
        );
    }
    if let Some(metrics) = serving.metrics_address() {
        tracing::info!(url = %format_args!("http://{metrics}/metrics"), "metrics");
        if !metrics.ip().is_loopback() {
            tracing::warn!(address = %metrics, "metrics are open to everybody who reaches this address");
        }
    }
    if let Some(console) = serving.console() {
        tracing::info!(url = console.url(), token = console.has_token(), "console");
        if !console.has_token() {
            tracing::info!(
                address = %console.address(),
                "every account of this machine reaches the console; `console.tokenFile` keeps it to those who know a token"
            );
        }
        if !console.address().ip().is_loopback() {
            tracing::warn!(address = %console.address(), "the console is on a public address: whoever has its token can drive every journey");
        }
    }
    /// How early an end is told.
    const NOTICE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
    if let Some(tls) = serving.tls() {
        let expires = tls.expires();
        tracing::info!(%expires, clients_have_certificates = config.knows_all_clients(), "TLS");
        if jiff::Timestamp::now() + NOTICE > expires {
            tracing::warn!(%expires, "a certificate of the server expires soon");
        }
    }
    let address = serving.address();
    if !address.ip().is_loopback() && config.lists_runs() && !config.knows_all_clients() {
        tracing::warn!(
            %address,
            "listing is in operator mode on a public interface without authentication: everybody who reaches it can list all runs; \
             set `http.list: off` or protect `/api/v1/journeys` in front of the server"
        );
    }
}

/// The settings in force, one line per group. Values of `platform.config` may be anything and are left out.
fn settings(config: &Config) -> Vec<(String, String)> {
    let mut groups: Vec<(String, String)> = Vec::new();
    for (key, value) in config.effective() {
        let (group, name) = key.split_once('.').unwrap_or(("general", &key));
        if group == "platform" {
            continue;
        }
        let entry = format!("{name}={}", shown(&value));
        match groups.last_mut().filter(|(last, _)| last == group) {
            Some((_, values)) => {
                values.push(' ');
                values.push_str(&entry);
            }
            None => groups.push((group.to_owned(), entry)),
        }
    }
    groups
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
