//! What the runner needs of whoever builds systems.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jf_core::Engine;
use jf_core::dsl::{Catalog, Diagnostics};
use jf_core::spi::{Clock, HttpConnector, SecretResolver};
use jf_store::Store;

use super::Scenario;
use super::rest::Activity;

/// Builds systems for scenarios: `jf test` has one, and whoever composes a system of his own can have one too.
pub trait Host: Send + Sync {
    /// The names of its stores.
    fn stores(&self) -> Vec<Arc<str>>;

    /// Loads the definitions of a scenario with its configuration.
    ///
    /// # Errors
    /// When the scenario cannot be run, and why.
    fn prepare(&self, scenario: &Scenario) -> Result<Arc<dyn Deployment>, NotReady>;
}

/// Why a scenario is not run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum NotReady {
    /// It needs something that is not installed.
    Skipped(String),
    /// Its definitions or its configuration have errors.
    Invalid(Diagnostics),
    /// Something else is in the way.
    Broken(String),
}

/// Definitions that are ready to be run, over and over.
///
/// What is built must do all its work on the tokio runtime in which it is built, which has one thread: by that the runner knows when
/// the system is at rest. Work that goes on elsewhere is told through [`Parts::activity`].
#[async_trait]
pub trait Deployment: Send + Sync {
    /// The definitions.
    fn catalog(&self) -> &Catalog;

    /// Opens a store of the host. A durable one lives in `folder`, which stays for the whole scenario; any other one is opened once and
    /// outlives the systems that are built on it.
    ///
    /// # Errors
    /// When there is none, in words.
    fn store(&self, name: &str, folder: &Path) -> Result<Arc<dyn Store>, String>;

    /// Builds an engine.
    ///
    /// # Errors
    /// When it cannot be built, in words.
    async fn engine(&self, parts: Parts) -> Result<Arc<dyn Engine>, String>;

    /// Serves an engine over HTTP and WebSocket on a port of the local machine until the runtime ends.
    ///
    /// # Errors
    /// When it cannot be served, in words.
    async fn serve(&self, engine: Arc<dyn Engine>) -> Result<SocketAddr, String>;
}

/// What an engine is built from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Parts {
    /// Where runs are kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Other services.
    pub http: Arc<dyn HttpConnector>,
    /// Secrets.
    pub secrets: Arc<dyn SecretResolver>,
    /// Counts work that goes on outside of the runtime.
    pub activity: Activity,
}
