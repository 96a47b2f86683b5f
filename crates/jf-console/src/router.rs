//! The console as one router.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use jf_binding_http::{HttpConfig, ListMode, document_router};
use jf_binding_ws::{InBandAuth, WsBinding};
use jf_core::{Engine, EngineErrorKind};

use crate::assets;
use crate::catalogue;
use crate::config::{ConsoleConfig, InvalidConsole};
use crate::derived::Derived;
use crate::gate::{self, Gate, HEADERS, SESSION};
use crate::problem::refusal;
use crate::runs;
use crate::view::{SOCKET, View};

/// Events of a run that the page asks for (`ASKED` in `page/trail.js`), and some that come meanwhile.
const TRAIL: NonZeroU32 = NonZeroU32::new(1_200).expect("not 0");

/// Runs that the list watches at a time (`WATCHED` in `page/runs.js`), the one that is looked at, and some that are on their way out.
const WATCHED: usize = 128;

/// The page, what it reads, and its socket, over an engine. It opens no port, and has every check in it but those of a server: limits on
/// connections, time-outs, TLS.
///
/// Serve it on a listener of its own, with upgrades. On a public address give it a [`Token`](crate::Token).
///
/// # Errors
/// When the socket refuses its settings, or the system gives no randomness.
pub fn router(engine: Arc<dyn Engine>, config: ConsoleConfig) -> Result<Router, InvalidConsole> {
    let gate = Arc::new(Gate::new(config.token, config.has_tls)?);
    let socket = socket(Arc::clone(&engine), config.websocket)?;
    let data = data(engine).layer(from_fn_with_state(Arc::clone(&gate), gate::guard));
    let open =
        Router::new().route(SESSION, get(gate::session).post(gate::session)).with_state(Arc::clone(&gate));
    let socket = socket.layer(from_fn_with_state(gate, gate::guard));
    let site = document_router(assets::documents()?).merge(open).merge(data).merge(socket).fallback(nothing);
    Ok(config.hosts.attach(site).layer(from_fn(hardened)))
}

/// `journeyforge.v1` for every journey. Its binding answers the path before the route does; what is left for the route is a path without
/// journeys.
fn socket(engine: Arc<dyn Engine>, mut config: jf_binding_ws::WsConfig) -> Result<Router, InvalidConsole> {
    // The gate has judged the page and taken its origin away. A token in the offer is the caller's, for guards and tasks of journeys.
    config.allowed_origins = Vec::new();
    config.require_origin = false;
    config.ambient_identity = false;
    config.shared_endpoint = None;
    config.subprotocol_token = true;
    config.in_band_auth = InBandAuth::default();
    config.catalog = false;
    // The page asks for as many events of a run as it keeps.
    config.limits.max_replay_events = config.limits.max_replay_events.max(TRAIL);
    // And watches as many as this: with fewer the list would leave none for the run that is looked at.
    config.limits.max_subscriptions = config.limits.max_subscriptions.max(WATCHED);
    let binding = WsBinding::new(Arc::new(View::new(engine)), config)?;
    Ok(Router::new().route(SOCKET, axum::routing::any(nothing)).layer(binding.layer()))
}

/// What the page reads beside its socket.
fn data(engine: Arc<dyn Engine>) -> Router {
    let listing = HttpConfig::default().with_list_mode(ListMode::Operator);
    let listing = jf_binding_http::router(Arc::clone(&engine), listing);
    let catalogue = Arc::new(Derived::new());
    let deployed = Arc::clone(&engine);
    let describe = move |headers: HeaderMap| {
        let document = catalogue.of(&deployed.catalog(), catalogue::Document::new);
        std::future::ready(document.answer(&headers))
    };
    Router::new()
        .route("/catalogue", get(describe))
        .route("/runs/{id}", get(runs::version).with_state(engine))
        .route("/runs", get(runs::list).with_state(listing))
}

async fn nothing() -> Response {
    refusal(EngineErrorKind::NotFound, "the console has nothing here")
}

async fn hardened(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in &HEADERS {
        headers.insert(name, value.clone());
    }
    response
}
