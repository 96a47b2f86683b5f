//! One request: counted, handed to the router, and isolated from its panics.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use futures::FutureExt;
use futures::future::CatchUnwind;
use http::Request;
use hyper::body::{Body as _, Incoming};
use tower::Service;

use super::activity::Activity;
use super::body::MovingBody;
use super::gate::Permit;
use super::{ServerLimits, refuse};

/// The service of one connection.
pub(super) struct Handler {
    pub(super) app: Router,
    pub(super) peer: std::net::SocketAddr,
    pub(super) permit: Arc<Permit>,
    pub(super) activity: Arc<Activity>,
    pub(super) limits: ServerLimits,
}

/// The future answer to one request.
pub(super) struct Answer {
    state: State,
    activity: Arc<Activity>,
}

enum State {
    Refused(Option<Response>),
    Running(CatchUnwind<AssertUnwindSafe<RouteFuture<Infallible>>>),
}

impl hyper::service::Service<Request<Incoming>> for Handler {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        self.activity.request_begins();
        let activity = Arc::clone(&self.activity);
        let state = match self.permit.request() {
            Ok(()) => self.run(request),
            Err(wait) => State::Refused(Some(refuse::too_fast(wait))),
        };
        Answer { state, activity }
    }
}

impl Handler {
    fn run(&self, request: Request<Incoming>) -> State {
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(MovingBody::new(body, self.limits.body_timeout))
            }
        });
        request.extensions_mut().insert(ConnectInfo(self.peer));
        // Unwind safety: the router is shared by all connections anyway and has to keep its state sound at every step.
        let mut app = self.app.clone();
        match std::panic::catch_unwind(AssertUnwindSafe(|| app.call(request))) {
            Ok(route) => State::Running(AssertUnwindSafe(route).catch_unwind()),
            Err(_) => State::Refused(Some(refuse::panicked())),
        }
    }
}

impl Future for Answer {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.state {
            State::Refused(response) => Poll::Ready(Ok(response.take().unwrap_or_default())),
            State::Running(route) => route.poll_unpin(cx).map(|answered| match answered {
                Ok(Ok(response)) => Ok(response),
                Err(_) => {
                    tracing::error!("a handler panicked; the request was answered 500");
                    Ok(refuse::panicked())
                }
            }),
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.activity.request_ends();
    }
}
