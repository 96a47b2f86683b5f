//! One request: counted, judged, handed to the router, and isolated from its panics.

use std::convert::Infallible;
use std::net::SocketAddr;
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
use http::header::{CONNECTION, UPGRADE};
use http::{Request, StatusCode};
use hyper::body::{Body as _, Incoming};
use jf_core::PeerCertificates;
use tower::Service;

use super::activity::{Activity, InFlight, Protocol};
use super::body::{LeavingBody, MovingBody};
use super::edge::{Edge, check_framing};
use super::gate::Permit;
use super::reader::Reader;
use super::{ServerLimits, refuse};

/// The service of one connection.
pub(super) struct Handler {
    pub(super) app: Router,
    pub(super) edge: Arc<Edge>,
    pub(super) peer: SocketAddr,
    pub(super) certificates: Option<PeerCertificates>,
    pub(super) permit: Arc<Permit>,
    pub(super) activity: Arc<Activity>,
    pub(super) limits: ServerLimits,
}

/// The future answer to one request.
pub(super) struct Answer {
    state: State,
    in_flight: Option<InFlight>,
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
        let in_flight = Some(self.activity.request_begins());
        // Every request counts. What is wrong with its framing comes first all the same: after that answer the connection ends, since
        // what follows may not be what it looks like.
        let state = match (check_framing(request.headers()), self.permit.request()) {
            (Err(error), _) => State::Refused(Some(refuse::at_the_edge(error))),
            (Ok(()), Err(wait)) => State::Refused(Some(refuse::too_fast(wait))),
            (Ok(()), Ok(())) => self.run(request),
        };
        Answer { state, in_flight }
    }
}

impl Handler {
    fn run(&self, request: Request<Incoming>) -> State {
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                let ServerLimits { body_timeout, body_deadline, .. } = self.limits;
                Body::new(MovingBody::new(body, self.activity.receives(), body_timeout, body_deadline))
            }
        });
        request.extensions_mut().insert(ConnectInfo(self.peer));
        if let Some(certificates) = &self.certificates {
            request.extensions_mut().insert(certificates.clone());
        }
        if let Err(error) = self.edge.admit(&mut request, self.peer.ip()) {
            return State::Refused(Some(refuse::at_the_edge(error)));
        }
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
        let response = match &mut self.state {
            State::Refused(response) => response.take().unwrap_or_default(),
            State::Running(route) => match std::task::ready!(route.poll_unpin(cx)) {
                Ok(Ok(response)) => response,
                Err(_) => {
                    tracing::error!("a handler panicked; the request was answered 500");
                    refuse::panicked()
                }
            },
        };
        let Some(mut in_flight) = self.in_flight.take() else { return Poll::Ready(Ok(response)) };
        in_flight.answered(is_whole(&response));
        Poll::Ready(Ok(leaving(response, in_flight)))
    }
}

/// Whether all of the answer is there, which the statuses without a body do not say by a length.
fn is_whole(response: &Response) -> bool {
    let is_bodiless = matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    is_bodiless || response.body().size_hint().exact().is_some()
}

/// The answer on its way. What is there as a whole needs no care over HTTP/1.1, where the socket tells how its reader is doing.
fn leaving(mut response: Response, in_flight: InFlight) -> Response {
    let is_whole = is_whole(&response);
    let is_multiplexed = in_flight.activity().protocol() == Protocol::Http2;
    if is_multiplexed {
        // They say something about a connection of HTTP/1.1. hyper would take them off, with a warning for each.
        response.headers_mut().remove(CONNECTION);
        response.headers_mut().remove(UPGRADE);
    }
    if response.body().is_end_stream() || (is_whole && !is_multiplexed) {
        return response;
    }
    let reader = if is_multiplexed { Reader::current() } else { None };
    response.map(|body| Body::new(LeavingBody::new(body, reader, in_flight)))
}
