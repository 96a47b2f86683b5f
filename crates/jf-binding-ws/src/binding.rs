//! The binding as an embedder sees it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use futures::future::BoxFuture;
use futures::{FutureExt, Sink, Stream};
use http::{Request, Response};
use jf_core::{Caller, Engine};
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncWrite};
use tungstenite::{Error, Message};

use crate::audience::Audiences;
use crate::config::{ConfigError, WsConfig};
use crate::handshake::{self, Census, Client};
use crate::layer::WsLayer;
use crate::origin::Origins;
use crate::routing::{Endpoint, Routes};
use crate::session::{Session, Traffic};
use crate::socket;

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) config: WsConfig,
    pub(crate) routes: Routes,
    pub(crate) origins: Origins,
    pub(crate) census: Census,
    pub(crate) names: Names,
    pub(crate) audiences: Audiences,
}

/// Names of connections for logs: a prefix of this binding and a number. They grant nothing.
#[derive(Debug)]
pub(crate) struct Names {
    prefix: u32,
    next: AtomicU64,
}

impl Names {
    fn new() -> Self {
        Self { prefix: getrandom::u32().unwrap_or_default(), next: AtomicU64::new(1) }
    }

    pub(crate) fn next(&self) -> String {
        format!("c-{:x}-{:x}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// The `journeyforge.v1` protocol over an engine. Cheap to clone; clones share caps and settings.
///
/// Which paths exist is asked of the engine's catalogue at every request, so a deployment needs no new router.
#[derive(Clone)]
pub struct WsBinding(Arc<Shared>);

impl WsBinding {
    /// A binding for what `engine` has deployed.
    ///
    /// # Errors
    /// Everything that is wrong with the settings, at once; a message type that would mean two things on the shared endpoint.
    pub fn new(engine: Arc<dyn Engine>, config: WsConfig) -> Result<Self, ConfigError> {
        let origins = config.check();
        let routes = Routes::new(Arc::clone(&engine), config.shared_endpoint.clone());
        match (origins, routes) {
            (Ok(origins), Ok(routes)) => {
                let census = Census::new(config.caps);
                Ok(Self(Arc::new(Shared {
                    engine,
                    config,
                    routes,
                    origins,
                    census,
                    names: Names::new(),
                    audiences: Audiences::default(),
                })))
            }
            (origins, routes) => {
                let mut problems = origins.err().map(|error| error.problems).unwrap_or_default();
                problems.extend(routes.err().unwrap_or_default());
                Err(ConfigError { problems })
            }
        }
    }

    /// Puts the binding in front of a router: requests for WebSocket paths are answered here, all others by `inner`.
    ///
    /// Two routers with a fallback each cannot be merged, and WebSocket paths are only known at request time; a layer needs
    /// neither.
    pub fn attach(&self, inner: Router) -> Router {
        inner.layer(self.layer())
    }

    /// The same as a `tower` layer, for services that are no `axum::Router`.
    #[must_use]
    pub fn layer(&self) -> WsLayer {
        WsLayer::new(self.clone())
    }

    /// Whether a path is served by this binding now.
    #[must_use]
    pub fn handles(&self, path: &str) -> bool {
        self.endpoint(path).is_some()
    }

    /// Answers a request for a WebSocket path: with 101 and a conversation in a task of its own, or with the Problem document of
    /// HS-1. Must be called inside a tokio runtime, in a server that supports upgrades (`axum::serve` does; with `hyper`
    /// use `serve_connection_with_upgrades` or `with_upgrades`). HTTP/1.1 only: HTTP/2 has no extended CONNECT here.
    ///
    /// Request extensions it reads: `ConnectInfo<SocketAddr>` of axum, [`jf_core::Principal`] or [`Identity`](crate::Identity), and
    /// [`jf_core::PeerCertificates`]. The future is ready at once unless an [`Authenticator`](crate::Authenticator) has to be asked;
    /// dropping it refuses the client.
    ///
    /// # Errors
    /// Gives the request back when its path is none of ours.
    #[expect(clippy::result_large_err, reason = "the error is the request itself, handed on")]
    pub fn try_upgrade<B>(
        &self,
        request: Request<B>,
    ) -> Result<BoxFuture<'static, Response<Body>>, Request<B>> {
        let path = request.uri().path();
        let Some((path, endpoint)) = self.endpoint(path) else { return Err(request) };
        let (parts, _) = request.into_parts();
        Ok(handshake::answer(Arc::clone(&self.0), path, endpoint, parts).boxed())
    }

    /// A conversation over a connection from elsewhere: a server of another kind, or a channel in a test. `caller` stands for the
    /// handshake; build it with [`jf_core::CallerBuilder::build_untraced`]. `None` when the path is none of ours.
    ///
    /// The future ends when the connection has ended, and needs a tokio runtime with time. Dropping it releases everything and
    /// changes no run (WS-025). The sink must say when it is full, since it is the only back-pressure there is.
    pub fn converse<T>(
        &self,
        path: &str,
        caller: Caller,
        wire: T,
    ) -> Option<impl Future<Output = ()> + use<T>>
    where
        T: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
    {
        let (path, _) = self.endpoint(path)?;
        let client = Client::of(caller);
        let session = Session::new(Arc::clone(&self.0), &path, client, wire, Arc::new(Traffic::default()));
        Some(async move {
            session.await;
        })
    }

    /// The same over anything that bytes go through, without a handshake: a pipe, a Unix socket, one end of `tokio::io::duplex`. Frames
    /// are read and written here, within the limits of the configuration; the other end is a client as soon as it begins to send them.
    ///
    /// ```
    /// use jf_binding_ws::WsBinding;
    /// use jf_core::Caller;
    /// use tokio::io::{AsyncRead, AsyncWrite};
    ///
    /// async fn talk<T: AsyncRead + AsyncWrite + Unpin>(binding: &WsBinding, pipe: T) {
    ///     if let Some(talk) = binding.converse_over("/ws/orders", Caller::internal("pipe"), pipe) {
    ///         talk.await;
    ///     }
    /// }
    /// # let _ = talk::<tokio::io::DuplexStream>;
    /// ```
    pub fn converse_over<T>(
        &self,
        path: &str,
        caller: Caller,
        connection: T,
    ) -> Option<impl Future<Output = ()> + use<T>>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let (path, _) = self.endpoint(path)?;
        Some(socket::hold(connection, Arc::clone(&self.0), path, Client::of(caller), None))
    }

    /// The endpoint of a request path, which is percent-decoded once if nothing has its literal form (HTTP-004).
    fn endpoint(&self, path: &str) -> Option<(String, Arc<Endpoint>)> {
        if let Some(endpoint) = self.0.routes.at(path) {
            return Some((path.to_owned(), endpoint));
        }
        let decoded = percent_decode_str(path).decode_utf8().ok().filter(|decoded| decoded != path)?;
        self.0.routes.at(&decoded).map(|endpoint| (decoded.into_owned(), endpoint))
    }
}

impl fmt::Debug for WsBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WsBinding").field("drain", &self.0.config.drain).finish_non_exhaustive()
    }
}

/// Serves WebSocket and `inner` on one port; see [`WsBinding::attach`].
///
/// # Errors
/// Those of [`WsBinding::new`].
pub fn attach(inner: Router, engine: Arc<dyn Engine>, config: WsConfig) -> Result<Router, ConfigError> {
    Ok(WsBinding::new(engine, config)?.attach(inner))
}
