//! A whole system from library crates: one journey, the embedded engine, HTTP and WebSocket on one router.
//!
//! `main.rs` serves it until Ctrl-C; the test drives it over both bindings.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use jf_binding_http::{HttpConfig, Readiness, health_router};
use jf_binding_ws::{WsBinding, WsConfig};
use jf_core::spi::Registries;
use jf_core::{Caller, Engine};
use jf_dsl::{Catalog, SourceFile};
use jf_engine::EmbeddedEngine;
use jf_expr_jq::JaqEngine;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

/// A journey that waits for guesses until one is right.
const JOURNEY: &str = include_str!("../guess.journey.yaml");

/// How long the end may take.
const WINDOW: Duration = Duration::from_secs(5);

/// The engine over the one journey. Call it inside a tokio runtime.
///
/// # Errors
/// When the journey has errors, or the engine lacks something that it needs.
pub async fn engine() -> Result<Arc<dyn Engine>, Box<dyn Error>> {
    // What is installed: one language; the bindings that definitions may name. Tasks would be registered here too.
    let registries =
        Registries::builder().expression(Arc::new(JaqEngine)).binding("http").binding("websocket").build()?;
    // One value answers the loader's questions and compiles what the definition contains.
    let loaded = jf_dsl::load(&SourceFile::new("guess.journey.yaml", JOURNEY), &registries)?;
    let catalog = Catalog::new(vec![loaded])?;
    Ok(Arc::new(EmbeddedEngine::builder(catalog).registries(registries).build().await?))
}

/// Both bindings over an engine, as one router.
///
/// # Errors
/// When the WebSocket binding refuses its settings.
pub fn app(engine: Arc<dyn Engine>, http: HttpConfig, websocket: WsConfig) -> Result<Router, Box<dyn Error>> {
    let http = jf_binding_http::router(Arc::clone(&engine), http);
    Ok(jf_binding_ws::attach(http, engine, websocket)?)
}

/// Serves everything on a port until `stop`, and then until the last client has gone.
///
/// # Errors
/// As [`engine`] and [`app`], and when the listener fails.
pub async fn serve(
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn Error>> {
    let engine = engine().await?;
    // What `/readyz` says, and what ends the streams of events: without it an open one would keep the server from ending.
    let readiness = Readiness::starting();
    let http = HttpConfig::default().with_drain(readiness.clone(), WINDOW);
    let mut websocket = WsConfig::default();
    // Pages of this server may connect; those of others are named in `allowed_origins`.
    websocket.listener = Some(listener.local_addr()?);
    // Clients have this long to go once the end was announced; those left are closed.
    websocket.drain_window = WINDOW;
    let sockets = websocket.drain.clone();
    // The bindings give a router like any other: routes of your own stand beside them, layers go around.
    let own = Router::new()
        .route("/", get(|| async { "POST a guess to /api/v1/journeys/guess-the-number/start\n" }));
    let app = app(Arc::clone(&engine), http, websocket)?.merge(health_router(readiness.clone())).merge(own);

    // Frames are small; held back to be sent together they would wait for each other's acknowledgements.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    // With the address of the peer the bindings can limit the connections and streams that come from one.
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    readiness.set_ready();
    let end = async move {
        stop.await;
        // Load balancers and readers of events turn away first.
        readiness.set_draining();
        sockets.begin();
        engine.drain(WINDOW).await;
        // Nobody else waits for connections that were upgraded.
        sockets.closed().await;
    };
    Ok(axum::serve(listener, service).with_graceful_shutdown(end).await?)
}

/// A conversation over anything that bytes go through. Whoever is at the other end speaks WebSocket without a handshake.
pub async fn talk(binding: &WsBinding, pipe: impl AsyncRead + AsyncWrite + Unpin) {
    // Stands for the handshake: what the tasks of a journey see of the connection.
    let caller = Caller::internal("pipe");
    if let Some(conversation) = binding.converse_over("/ws/journeys/guess-the-number", caller, pipe) {
        conversation.await;
    }
}
