//! The embedded durable engine: the default implementation of [`jf_core::Engine`].

mod api;
mod builder;
mod clock;
mod config;
mod deployment;
mod engine;
mod keys;
mod links;
mod list;
mod load;
mod log;
mod no_http;
mod recovery;
mod runs;
mod scheduler;
mod shared;
mod snapshot;
mod sweeper;
mod tasks;
mod telemetry;
mod watches;
mod work;

pub use builder::{BuildError, BuildFault, EngineBuilder};
pub use clock::SystemClock;
pub use config::EngineConfig;
pub use engine::EmbeddedEngine;
pub use no_http::NoHttp;
