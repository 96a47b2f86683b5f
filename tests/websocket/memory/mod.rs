//! A system without sockets.

mod clock;
mod desk;
mod stage;
mod wire;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use jf_binding_ws::{Drain, InBandAuth, OnExpiry, WsBinding};
use jf_cli::{Config, Definitions, Purpose};
use jf_core::{Caller, Engine};
use jf_engine::EmbeddedEngine;
use jf_store::{MemoryStore, RunFilter, Store, StoredRun};
use jf_testkit::{ScriptedHttp, StubReply, StubRule};
use serde_json::{Value, json};

pub(crate) use self::clock::TokioClock;
use self::desk::Desk;
pub(crate) use self::stage::MemoryStage;
pub(crate) use self::wire::MemoryLine;

/// The journeys of the transcripts.
pub(crate) fn journeys() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("journeys")
}

/// Engine, store and both bindings.
pub(crate) struct Memory {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) http: Router,
    pub(crate) binding: WsBinding,
    pub(crate) drain: Drain,
    store: Arc<dyn Store>,
    settings: Settings,
}

/// What a system is built by.
#[derive(Clone)]
pub(crate) struct Settings {
    definitions: Arc<Definitions>,
    config: Config,
    /// Tokens are judged.
    desk: bool,
    /// What only an embedder can set.
    in_band_auth: InBandAuth,
    on_expiry: OnExpiry,
    /// Where it is said to listen.
    listener: SocketAddr,
}

impl Settings {
    /// Settings by their names in a configuration file.
    pub(crate) fn new(settings: &[(String, Value)], desk: bool) -> Result<Self, String> {
        Self::of(&journeys(), settings, desk)
    }

    /// The same for other journeys: those of a folder, or a single one.
    pub(crate) fn of(journeys: &Path, settings: &[(String, Value)], desk: bool) -> Result<Self, String> {
        let mut config = Config::default();
        let (mut in_band_auth, mut on_expiry) = (InBandAuth::default(), OnExpiry::default());
        for (name, value) in settings {
            match (name.as_str(), value.as_str()) {
                ("test.inBandAuth", Some("required")) => {
                    in_band_auth = InBandAuth::Required;
                    continue;
                }
                ("test.onExpiry", Some("degrade")) => {
                    on_expiry = OnExpiry::Degrade;
                    continue;
                }
                _ => {}
            }
            config = config.with(name, value.clone()).map_err(|error| format!("{name}: {error}"))?;
        }
        let definitions = Definitions::from_paths(&[journeys.to_path_buf()], &config, Purpose::Deploy);
        let definitions = definitions.map_err(|error| error.to_string())?;
        if definitions.catalog().is_none() {
            return Err("the journeys have errors".to_owned());
        }
        let (definitions, listener) = (Arc::new(definitions), SocketAddr::from(([127, 0, 0, 1], 80)));
        Ok(Self { definitions, config, desk, in_band_auth, on_expiry, listener })
    }

    /// The same for a system that does listen.
    pub(crate) fn at(self, listener: SocketAddr) -> Self {
        Self { listener, ..self }
    }
}

impl Memory {
    pub(crate) async fn open(settings: Settings) -> Self {
        let store = Arc::new(MemoryStore::with_retention(settings.config.retention()));
        Self::over(settings, store).await
    }

    /// A system that goes on with what is in a store.
    pub(crate) async fn over(settings: Settings, store: Arc<dyn Store>) -> Self {
        let (definitions, config) = (&settings.definitions, &settings.config);
        let clock = Arc::new(TokioClock::default());
        let services = ScriptedHttp::new(clock.clone());
        let slow = StubReply::json(200, json!({})).after(Duration::from_secs(5));
        services.add(StubRule::new("slow").url("http://slow.example/").reply(slow));
        let engine = EmbeddedEngine::builder(definitions.catalog().unwrap().clone())
            .registries(definitions.registries().clone())
            .store(Arc::clone(&store))
            .clock(clock)
            .http(Arc::new(services))
            .config(config.engine(definitions.metadata_limits()))
            .build();
        let engine: Arc<dyn Engine> = Arc::new(engine.await.unwrap());
        let listener = settings.listener;
        let http = jf_binding_http::router(Arc::clone(&engine), config.http(listener));
        let mut websocket = config.websocket(listener);
        if settings.desk {
            websocket.authenticator = Some(Arc::new(Desk));
            (websocket.in_band_auth, websocket.on_expiry) = (settings.in_band_auth, settings.on_expiry);
        }
        let drain = websocket.drain.clone();
        let binding = WsBinding::new(Arc::clone(&engine), websocket).unwrap();
        Self { engine, http, binding, drain, store, settings }
    }

    /// The same after an end without warning: what is durable is there, everything else is not.
    pub(crate) async fn restarted(self) -> Self {
        let (settings, store) = self.ended();
        // Whatever the engine had under way is gone before another one begins.
        tokio::time::sleep(Duration::from_millis(1)).await;
        Self::over(settings, store).await
    }

    /// What is left after an end without warning, and what another one is built by.
    pub(crate) fn ended(self) -> (Settings, Arc<dyn Store>) {
        let Self { engine, http, binding, drain: _, store, settings } = self;
        drop((engine, http, binding));
        (settings, store)
    }

    /// The runs, whoever may read them.
    pub(crate) async fn runs(&self) -> Vec<StoredRun> {
        self.store.list(&RunFilter::default(), None, NonZeroUsize::MAX).await.unwrap()
    }

    /// A client of that path.
    pub(crate) fn client(&self, path: &str) -> MemoryLine {
        let caller = Caller::request("websocket", http::Method::GET, path).build_untraced();
        MemoryLine::open(&self.binding, path, caller)
    }
}
