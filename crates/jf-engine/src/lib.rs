//! The embedded durable engine: the default implementation of [`jf_core::Engine`].
//!
//! Row 4 of the house: below it lie `jf-machine`, which knows what a journey means, and `jf-store`, which keeps runs. This crate drives
//! the one and commits to the other: it orders the inputs of each run, runs task plugins, watches due times, answers callers,
//! and takes up what a crash has left. It knows no transport; bindings know it as `Arc<dyn Engine>` only.
//!
//! ```
//! use std::sync::Arc;
//!
//! use jf_core::spi::Registries;
//! use jf_core::{Caller, Engine, StartReply, StartRequest};
//! use jf_dsl::{Catalog, SourceFile};
//! use jf_engine::EmbeddedEngine;
//! use serde_json::json;
//!
//! const GREETING: &str = "
//! apiVersion: v1
//! kind: Journey
//! metadata: { name: greeting, version: 1.0.0 }
//! spec:
//!   start: greet
//!   states:
//!     greet: { type: succeed, outputVar: name }
//! ";
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // What definitions may use, and the definitions.
//! let registries = Registries::builder().features(EmbeddedEngine::FEATURES.iter().copied()).build()?;
//! let source = SourceFile::new("greeting.journey.yaml", GREETING);
//! let greeting = jf_dsl::load(&source, &registries).map_err(|problems| problems.to_string())?;
//! let catalog = Catalog::new(vec![greeting]).map_err(|problems| problems.to_string())?;
//!
//! // An engine that keeps its runs in memory.
//! let engine: Arc<dyn Engine> =
//!     Arc::new(EmbeddedEngine::builder(catalog).registries(registries).build().await?);
//!
//! let caller = Caller::internal("example");
//! let started = engine.start(StartRequest::new("greeting", json!({ "name": "Ada" }))?, &caller).await?;
//! let StartReply::Outcome { outcome, .. } = started.settled().await? else { panic!("it ends at once") };
//! assert_eq!(outcome.document.output, "Ada");
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! Inputs of a run are messages in a mailbox, worked off by whoever comes first; see the decision record `docs/adr/0007-turns.md`. What can
//! be done without waiting is done within the call, everything else in tasks of the runtime the engine was built in. Parked runs are in
//! the store and nowhere else: memory grows with what is going on.
//!
//! The order of things in a turn is always the same: what is overdue, then the message, one commit, then effects and replies. When a
//! commit fails, the run is forgotten and taken up from the store like after a crash, which is therefore the only way back.
//!
//! Bounds: tasks at the same time, commands and runs in motion, and background jobs are limited by [`EngineConfig`]; beyond them
//! commands are refused with a time to try again, and what has begun goes on.

mod api;
mod builder;
mod clock;
mod config;
mod deployment;
mod engine;
mod guard;
mod keys;
mod links;
mod list;
mod load;
mod log;
mod memory_run;
mod metrics;
mod no_http;
mod plugin_logs;
mod recovery;
mod replays;
mod runs;
mod scheduler;
mod schedules;
mod shared;
mod snapshot;
mod spans;
mod sweeper;
mod tasks;
mod telemetry;
mod watches;
mod withdrawn;
mod work;

pub use builder::{BuildError, BuildFault, EngineBuilder};
pub use clock::SystemClock;
pub use config::EngineConfig;
pub use engine::EmbeddedEngine;
pub use metrics::{EngineMetrics, Metric, MetricKind};
pub use no_http::NoHttp;
pub use plugin_logs::PluginLogs;
pub use spans::SpanBridge;
