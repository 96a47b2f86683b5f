//! `/livez` and `/readyz` (HTTP-029), outside the base and apart from the API, so that an embedder may serve them elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::any;
use http::{Method, StatusCode};

use crate::{problem, respond};

const STARTING: u8 = 0;
const READY: u8 = 1;
const DRAINING: u8 = 2;

/// Whether a server takes commands, told by whoever runs it. Clones share the state; the default is *starting*.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicU8>);

impl Readiness {
    /// A server that is still starting.
    #[must_use]
    pub fn starting() -> Self {
        Self::default()
    }

    /// Commands are taken from now on. Without effect once the server drains.
    pub fn set_ready(&self) {
        // A failed exchange means ready or draining already; neither needs a change.
        let _ = self.0.compare_exchange(STARTING, READY, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// No commands are taken any more, for good. Say so before the engine drains, so that load balancers turn away first.
    pub fn set_draining(&self) {
        self.0.store(DRAINING, Ordering::Relaxed);
    }

    /// Whether commands are taken.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Relaxed) == READY
    }
}

/// The probes: GET `/livez` is 200 as long as anyone answers, GET `/readyz` is 200 while `readiness` says ready and 503
/// otherwise. No authentication, no detail, no body.
///
/// The router has no fallback; merge it into the one that [`router`](crate::router()) gives, or serve it on a port of its own.
pub fn health_router(readiness: Readiness) -> Router {
    let live = |method: Method| async move { probe(&method, StatusCode::OK) };
    let ready = |method: Method, State(readiness): State<Readiness>| async move {
        probe(&method, if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE })
    };
    Router::new().route("/livez", any(live)).route("/readyz", any(ready)).with_state(readiness)
}

fn probe(method: &Method, status: StatusCode) -> Response {
    match *method {
        Method::GET | Method::HEAD => respond::empty(status),
        _ => problem::method_not_allowed("GET, HEAD"),
    }
}
