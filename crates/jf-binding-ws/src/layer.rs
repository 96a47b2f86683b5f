//! The binding as a `tower` layer.

use std::fmt;
use std::task::{Context, Poll};

use axum::body::Body;
use futures::FutureExt;
use futures::future::{BoxFuture, Either, Map};
use http::{Request, Response};
use tower::{Layer, Service};

use crate::WsBinding;

/// Answers WebSocket paths and passes every other request on; see [`WsBinding::attach`].
#[derive(Debug, Clone)]
pub struct WsLayer {
    binding: WsBinding,
}

impl WsLayer {
    pub(crate) const fn new(binding: WsBinding) -> Self {
        Self { binding }
    }
}

impl<S> Layer<S> for WsLayer {
    type Service = WsService<S>;

    fn layer(&self, inner: S) -> WsService<S> {
        WsService { binding: self.binding.clone(), inner }
    }
}

/// The answer to a request for a path of ours, which cannot fail.
type Answered<E> = Map<BoxFuture<'static, Response<Body>>, fn(Response<Body>) -> Result<Response<Body>, E>>;

/// The service of [`WsLayer`].
#[derive(Clone)]
pub struct WsService<S> {
    binding: WsBinding,
    inner: S,
}

impl<S, B> Service<Request<B>> for WsService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<Answered<S::Error>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.binding.try_upgrade(request) {
            Ok(answer) => Either::Left(answer.map(Ok as fn(_) -> _)),
            Err(request) => Either::Right(self.inner.call(request)),
        }
    }
}

impl<S> fmt::Debug for WsService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WsService").field("binding", &self.binding).finish_non_exhaustive()
    }
}
