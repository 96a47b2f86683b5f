//! `/livez` and `/readyz` (HTTP-029), outside the base and apart from the API, so that an embedder may serve them elsewhere.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::any;
use http::{Method, StatusCode};
use tokio::sync::watch;

use crate::{problem, respond};

/// Whether a server takes commands, told by whoever runs it. Clones share the state; the default is *starting*.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<watch::Sender<Stage>>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    #[default]
    Starting,
    Ready,
    Draining,
}

impl Readiness {
    /// A server that is still starting.
    #[must_use]
    pub fn starting() -> Self {
        Self::default()
    }

    /// Commands are taken from now on. Without effect once the server drains.
    pub fn set_ready(&self) {
        self.reach(Stage::Ready);
    }

    /// No commands are taken any more, for good. Say so before the engine drains, so that load balancers turn away first.
    pub fn set_draining(&self) {
        self.reach(Stage::Draining);
    }

    /// Whether commands are taken.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        *self.0.borrow() == Stage::Ready
    }

    /// Waits until the server drains. Cancel safe.
    pub async fn draining(&self) {
        // The sender is ours, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(|stage| *stage == Stage::Draining).await;
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.0.borrow() == Stage::Draining
    }

    /// Stages follow each other; there is no way back.
    fn reach(&self, next: Stage) {
        self.0.send_if_modified(|stage| {
            let later = next > *stage;
            *stage = next.max(*stage);
            later
        });
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
