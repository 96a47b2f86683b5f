//! A whole system in one process: engine, store, connector and bindings over checked definitions.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use axum::Router;
use http::header::CONTENT_SECURITY_POLICY;
use jf_binding_http::{Document, Readiness};
use jf_binding_ws::{Drain, WsBinding};
use jf_console::{ConsoleConfig, InvalidConsole, Token};
use jf_core::{ByteBudget, Engine};
use jf_engine::{BuildError, EmbeddedEngine, EngineMetrics};
use jf_export::PublishedFile;
use jf_store::Store;
use jf_store_sqlite::{OpenError, SqliteStore};
use jf_task_http::{ConnectorError, ReqwestConnector};

use crate::config::{Config, Use};
use crate::console::ConsoleError;
use crate::definitions::{Definitions, reason};
use crate::server::TlsError;

/// An engine over some definitions, with the configuration that the bindings around it take.
#[derive(Clone)]
pub struct Host {
    engine: Arc<dyn Engine>,
    /// Of an engine that was built here.
    metrics: Option<EngineMetrics>,
    /// The store, if it is a file; the engine owns it.
    file: Weak<SqliteStore>,
    config: Config,
}

/// Why there is no system.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// One of the definitions has an error.
    #[error("the definitions have errors")]
    Definitions,
    /// The connector for outbound calls cannot be made.
    #[error("outbound HTTP: {0}")]
    Connector(#[from] ConnectorError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The engine refuses to start.
    #[error(transparent)]
    Engine(#[from] BuildError),
    /// The WebSocket binding refuses to start.
    #[error(transparent)]
    WebSocket(#[from] jf_binding_ws::ConfigError),
    /// The contract cannot be served.
    #[error(transparent)]
    Contract(#[from] jf_binding_http::InvalidDocument),
    /// The console cannot be opened to those who would reach it.
    #[error(transparent)]
    Console(#[from] ConsoleError),
    /// The console cannot be made.
    #[error("the console: {0}")]
    ConsolePage(#[from] InvalidConsole),
    /// Two things at one address.
    #[error("`http.contract` has a document at `{0}`, where a journey is served over WebSocket")]
    ContractPath(String),
    /// The certificates of the server cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The port cannot be had.
    #[error("cannot listen on {address}: {}", reason(error))]
    Listen {
        /// What was to listen there.
        listener: Listener,
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        error: std::io::Error,
    },
}

/// What a server listens for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listener {
    /// Both bindings and the probes (`http.listen`).
    Service,
    /// The console (`console.listen`).
    Console,
    /// Metrics (`observability.metrics.listen`).
    Metrics,
}

/// Both bindings and the probes as one router, with the switches that go with them.
#[derive(Debug)]
#[non_exhaustive]
pub struct Site {
    /// HTTP, WebSocket, `/livez` and `/readyz`.
    pub app: Router,
    /// What `/readyz` says; *starting* at first.
    pub readiness: Readiness,
    /// The end of the WebSocket connections.
    pub sockets: Drain,
    /// What bodies and payloads take together.
    pub payloads: ByteBudget,
}

impl Host {
    /// Builds the engine: store, jq, `httpCall:v1`, as the configuration has them. What a command runs lives in memory.
    ///
    /// # Errors
    /// When the definitions have errors, the store cannot be used, or a part refuses its settings.
    pub async fn build(definitions: &Definitions, config: &Config, purpose: Use) -> Result<Self, HostError> {
        let catalog = definitions.catalog().ok_or(HostError::Definitions)?;
        let connector = ReqwestConnector::new(&config.connector(purpose))?;
        let file = match purpose {
            Use::Server(_) => config.sqlite_store()?,
            Use::Command => None,
        };
        let (weak, store) = match file {
            Some(file) => (Arc::downgrade(&file), file as Arc<dyn Store>),
            None => (Weak::new(), config.memory_store()),
        };
        let engine = EmbeddedEngine::builder(catalog.clone())
            .registries(definitions.registries().clone())
            .store(store)
            .http(Arc::new(connector))
            .config(config.engine(definitions.metadata_limits()))
            .build()
            .await?;
        let metrics = Some(engine.metrics());
        Ok(Self { engine: Arc::new(engine), metrics, file: weak, config: config.clone() })
    }

    /// What the engine counts and measures (ENG-135).
    #[must_use]
    pub fn metrics(&self) -> Option<&EngineMetrics> {
        self.metrics.as_ref()
    }

    /// A system over an engine that was built otherwise; the configuration is that of the bindings.
    pub(crate) fn over(engine: Arc<dyn Engine>, config: &Config) -> Self {
        Self { engine, metrics: None, file: Weak::new(), config: config.clone() }
    }

    pub(crate) fn file(&self) -> &Weak<SqliteStore> {
        &self.file
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// Its bindings for a server that listens at the address.
    ///
    /// # Errors
    /// When the WebSocket binding refuses its settings.
    pub fn site(&self, listener: SocketAddr) -> Result<Site, HostError> {
        let (readiness, sockets) = (Readiness::starting(), Drain::new());
        let mut http = jf_binding_http::health_router(readiness.clone());
        // Whichever way they come, payloads take one memory.
        let payloads = self.config.payload_budget();
        let contract = self.contract();
        let published: Vec<String> = contract.iter().map(|file| file.path.clone()).collect();
        if self.config.serves_http() {
            let config = self.config.http(listener).with_drain(readiness.clone(), self.config.drain_window());
            let config = config.with_shared_budget(payloads.clone());
            let api = jf_binding_http::router(Arc::clone(&self.engine), config);
            http = api.merge(http).merge(documents(contract)?);
        }
        let mut websocket = self.config.websocket(listener);
        websocket.drain = sockets.clone();
        websocket.payload_budget = payloads.clone();
        let websocket = WsBinding::new(Arc::clone(&self.engine), websocket)?;
        if let Some(path) = published.into_iter().find(|path| websocket.handles(path)) {
            return Err(HostError::ContractPath(path));
        }
        let app = websocket.attach(http);
        Ok(Site { app, readiness, sockets, payloads })
    }

    /// The console of a listener at the address. Its sockets end with those of the site, and its payloads take of the same memory.
    pub(crate) fn console(
        &self,
        listener: SocketAddr,
        site: &Site,
        token: Option<Token>,
        has_tls: bool,
    ) -> Result<Router, HostError> {
        let mut console = ConsoleConfig::default();
        console.websocket = self.config.websocket(listener);
        console.websocket.drain = site.sockets.clone();
        console.websocket.payload_budget = site.payloads.clone();
        console.hosts = self.config.hosts(listener);
        console.token = token;
        console.has_tls = has_tls;
        Ok(jf_console::router(Arc::clone(&self.engine), console)?)
    }

    /// The contract of what is deployed now, if the configuration has it served.
    fn contract(&self) -> Vec<PublishedFile> {
        let path = self.config.contract_path();
        path.map_or_else(Vec::new, |path| {
            jf_export::contract_site(&self.engine.catalog(), &self.config.contract(), &path)
        })
    }
}

fn documents(files: Vec<PublishedFile>) -> Result<Router, HostError> {
    let documents = files.into_iter().map(|file| {
        let document = Document::new(&file.path, file.media_type, file.content)?;
        match &file.content_security_policy {
            Some(policy) => document.with_header(CONTENT_SECURITY_POLICY, policy),
            None => Ok(document),
        }
    });
    Ok(jf_binding_http::document_router(documents.collect::<Result<Vec<_>, _>>()?))
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("catalog", &self.engine.catalog()).finish_non_exhaustive()
    }
}
