//! A whole system in this process: engine on a manual or a real clock, both bindings on a port, other services scripted.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::serve::ListenerExt;
use jf_binding_http::HttpConfig;
use jf_binding_ws::WsConfig;
use jf_core::Engine;
use jf_core::spi::{Clock, Registries};
use jf_dsl::{Catalog, Loaded, SourceFile, load};
use jf_engine::{EmbeddedEngine, SystemClock};
use jf_expr_jq::JaqEngine;
use jf_store::{MemoryStore, Retention};
use jf_task_http::{ConnectorConfig, HttpCallTask};
use jf_testkit::{
    Driver, EngineDriver, Handshake, HttpClient, HttpDriver, ManualClock, ScriptedHttp, WebSocketClient,
    WebSocketDriver,
};
use tokio::net::TcpListener;

use super::journeys;

/// A running system. It ends with the runtime of the test.
pub(crate) struct System {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) address: SocketAddr,
    /// The time of the engine, if the test owns it.
    pub(crate) clock: ManualClock,
    /// The other services.
    pub(crate) services: ScriptedHttp,
}

impl System {
    /// On the clock of the host.
    pub(crate) async fn start() -> Self {
        Self::build(Arc::new(SystemClock), ManualClock::default(), Retention::default(), catalog()).await
    }

    /// With other journeys than those of these tests, on the clock of the host.
    pub(crate) async fn of(definitions: &[&str]) -> Self {
        let sources = definitions.iter().map(|text| SourceFile::new("definition.journey.yaml", *text));
        let catalog = Catalog::new(sources.map(|source| loaded(&source)).collect()).unwrap();
        Self::build(Arc::new(SystemClock), ManualClock::default(), Retention::default(), catalog).await
    }

    /// On a clock that moves when it is told to.
    pub(crate) async fn with_manual_clock() -> Self {
        Self::forgetful(Retention::default()).await
    }

    /// On a clock that moves when it is told to, with a store that keeps ended runs as it is told to.
    pub(crate) async fn forgetful(retention: Retention) -> Self {
        let clock = ManualClock::default();
        Self::build(Arc::new(clock.clone()), clock, retention, catalog()).await
    }

    async fn build(time: Arc<dyn Clock>, clock: ManualClock, retention: Retention, catalog: Catalog) -> Self {
        let services = ScriptedHttp::new(Arc::clone(&time));
        let engine = EmbeddedEngine::builder(catalog)
            .registries(registries())
            .store(Arc::new(MemoryStore::with_retention(retention)))
            .clock(time)
            .http(Arc::new(services.clone()))
            .build();
        let engine: Arc<dyn Engine> = Arc::new(engine.await.unwrap());

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // Frames are small; held back to be sent together they would wait for each other's acknowledgements.
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let mut websocket = WsConfig::default();
        websocket.listener = Some(address);
        // One client stands for many here.
        websocket.limits.rate_per_sec = NonZeroU32::new(100_000).unwrap();
        websocket.limits.burst = NonZeroU32::new(100_000).unwrap();
        let http = jf_binding_http::router(Arc::clone(&engine), HttpConfig::default());
        let app = jf_binding_ws::attach(http, Arc::clone(&engine), websocket).unwrap();
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(axum::serve(listener, app).into_future());
        Self { engine, address, clock, services }
    }

    pub(crate) fn over_engine(&self) -> EngineDriver {
        EngineDriver::new(Arc::clone(&self.engine))
    }

    pub(crate) fn over_http(&self) -> HttpDriver {
        HttpDriver::new(self.address, catalog())
    }

    pub(crate) fn over_websocket(&self) -> WebSocketDriver {
        WebSocketDriver::new(self.address, catalog())
    }

    /// All ways to drive it.
    pub(crate) fn drivers(&self) -> [Box<dyn Driver>; 3] {
        [Box::new(self.over_engine()), Box::new(self.over_http()), Box::new(self.over_websocket())]
    }

    pub(crate) fn http(&self) -> HttpClient {
        HttpClient::new(self.address)
    }

    pub(crate) async fn websocket(&self, journey: &str) -> WebSocketClient {
        let path = format!("/ws/journeys/{journey}");
        WebSocketClient::connect(self.address, &path, &Handshake::default()).await.unwrap()
    }
}

/// What the system has installed.
pub(crate) fn registries() -> Registries {
    Registries::builder()
        .expression(Arc::new(JaqEngine))
        .task(Arc::new(HttpCallTask::new(&ConnectorConfig::default())))
        .features(EmbeddedEngine::FEATURES.iter().copied())
        .binding("http")
        .binding("websocket")
        .build()
        .unwrap()
}

/// The journeys of these tests.
pub(crate) fn catalog() -> Catalog {
    let mut files: Vec<_> =
        std::fs::read_dir(journeys()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let loaded = files.into_iter().map(|file| loaded(&SourceFile::from_path(&file).unwrap()));
    Catalog::new(loaded.collect()).unwrap()
}

fn loaded(source: &SourceFile) -> Loaded {
    load(source, &registries()).unwrap_or_else(|found| panic!("{}", found.to_terminal(Default::default())))
}
