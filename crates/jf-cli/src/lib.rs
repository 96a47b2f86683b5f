//! The `jf` command, and the host behind it: a whole system from definitions and a configuration.
//!
//! This crate stands on top of the house and may use everything below it. Its command is one `main` among others: an embedder who
//! wants other parts composes them the same way (see `examples/embed-http-and-ws`). What lives here and nowhere else is the
//! configuration file, the list of what this build has installed, and the server that listens.
//!
//! | type | what it is |
//! |---|---|
//! | [`Config`] | `jf.yaml`: every key with its default, read with positions |
//! | [`Definitions`] | files found, checked and put into a catalog |
//! | [`Host`] | the engine over those definitions, with both bindings as one router |
//! | [`Server`] | the listener with its bounds |
//! | [`ScenarioHost`] | systems for the scenarios of `jf test` |
//!
//! ```
//! use jf_cli::{Config, Definitions, Host, Purpose, Use};
//! use jf_core::{Caller, Engine, StartRequest};
//! use jf_dsl::SourceFile;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let source = SourceFile::new("hello.journey.yaml", r#"
//! apiVersion: v1
//! kind: Journey
//! metadata: { name: hello, version: 1.0.0 }
//! spec:
//!   start: greet
//!   states:
//!     greet:
//!       type: transform
//!       transform: { lang: jq, expr: '"Hello, " + .context.name', target: { kind: var }, resultVar: greeting }
//!       next: done
//!     done: { type: succeed, outputVar: greeting }
//! "#);
//! let config = Config::default();
//! let definitions = Definitions::from_sources(vec![source], &config, Purpose::Deploy)?;
//! let host = Host::build(&definitions, &config, Use::Command).await?;
//! let request = StartRequest::new("hello", serde_json::json!({ "name": "Ada" }))?;
//! let started = host.engine().start(request, &Caller::internal("example")).await?;
//! let outcome = host.engine().get_outcome(&started.journey_id, &Caller::internal("example")).await?;
//! assert_eq!(outcome.document.output, "Hello, Ada");
//! # Ok(())
//! # })
//! # }
//! ```

mod command;
mod config;
mod console;
mod definitions;
mod host;
mod logging;
mod metrics;
mod output;
mod prepare;
mod registries;
mod scenarios;
mod server;
mod serving;
mod signals;

pub use command::main;
pub use config::{CONFIG_FILE, CONFIG_RULES, Config, InvalidSetting, KEYS, Key, Kind, Use};
pub use console::ConsoleError;
pub use definitions::{Definitions, LoadError, PathError, Purpose};
pub use host::{Host, HostError, Listener, Site};
pub use metrics::ServerMetrics;
pub use scenarios::ScenarioHost;
pub use server::{ClientAuth, Server, ServerLimits, Stop, Tls, TlsError, TlsFiles};
pub use serving::Serving;
