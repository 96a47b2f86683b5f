//! The server: an accept loop of our own around an axum router, with every bound a public server needs.
//!
//! HTTP/1.1, WebSocket and, over TLS, HTTP/2 share the port. Per connection there is one task, one timer and the buffers of hyper, which go when a
//! connection is upgraded.

mod activity;
mod answer;
mod body;
mod connection;
mod edge;
mod gate;
mod observed;
mod reader;
mod refuse;
mod stall;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use jf_binding_http::{Hosts, TrustedProxies};
use jf_core::PeerCertificates;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use activity::Protocol;
use connection::Connection;
use edge::Edge;
use gate::{Gate, Permit, Refusal};
use stall::{Leaving, Stall};
use tls::Secured;

pub use tls::{ClientAuth, Tls, TlsError, TlsFiles};

/// How much of what was written may wait in the system before it has begun its way. A reader that takes nothing then stops the writer soon,
/// and holds little memory that no process is charged for.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES: u32 = 16 << 10;

/// The bounds of a [`Server`]; [`Config::server_limits`](crate::Config::server_limits) reads them from a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerLimits {
    /// Open connections, upgraded ones included.
    pub connections: usize,
    /// Open connections from one address.
    pub connections_per_address: usize,
    /// Requests per second from one address; 0 is no limit.
    pub requests_per_second: u32,
    /// Bytes of the headers that reach the router; much larger ones are refused while they are read.
    pub header_bytes: usize,
    /// From the first byte of a request to the end of its headers.
    pub header_timeout: Duration,
    /// How long a body may stand still.
    pub body_timeout: Duration,
    /// How long a body may take in all.
    pub body_deadline: Duration,
    /// How long a connection stays open without a request.
    pub keep_alive: Duration,
    /// From the begin of a TLS connection to the end of its handshake.
    pub handshake_timeout: Duration,
    /// TLS handshakes at the same time, a quarter of them from one address; further connections are closed.
    pub handshakes: usize,
    /// How long an answer may stand still because its reader takes nothing.
    pub write_timeout: Duration,
}

/// Serves a router on a port it has opened.
///
/// A panic of a handler is answered 500 and ends nothing else.
///
/// ```no_run
/// # async fn run() -> std::io::Result<()> {
/// use jf_cli::{Config, Server};
///
/// let config = Config::default();
/// let server = Server::bind(config.listen(), config.server_limits()).await?;
/// let stop = server.stop();
/// let serving = tokio::spawn(server.serve(axum::Router::new()));
/// // … until it is time to go:
/// stop.begin(); // what is in flight is finished, new connections get one answer each
/// stop.finish(std::time::Duration::from_secs(2)).await; // no further connections
/// # serving.await.unwrap();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    limits: ServerLimits,
    edge: Edge,
    tls: Option<Tls>,
    stop: Stop,
}

/// The end of a [`Server`], in two steps. Clones are one and the same.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    begun: CancellationToken,
    finished: CancellationToken,
    connections: TaskTracker,
}

impl Stop {
    /// From now on a connection is closed after the answer it waits for. New connections are still taken, so that probes and
    /// late callers are told what is going on. There is no way back.
    pub fn begin(&self) {
        self.begun.cancel();
    }

    /// Connections that are open now; those that were upgraded count no longer.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.connections.len()
    }

    /// Stops listening and waits until the connections have gone, `grace` at the longest; those left are cut off. Connections that
    /// were upgraded are not waited for: they belong to whoever took them over.
    pub async fn finish(&self, grace: Duration) {
        self.begun.cancel();
        self.finished.cancel();
        self.connections.close();
        // A time-out leaves tasks behind; they end with the runtime.
        let _ = tokio::time::timeout(grace, self.connections.wait()).await;
    }
}

/// Trouble with one connection, not with the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

impl Server {
    /// Opens the port.
    ///
    /// # Errors
    /// When the port is taken, or the address is not one of this machine.
    pub async fn bind(address: SocketAddr, limits: ServerLimits) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, limits, edge: Edge::default(), tls: None, stop: Stop::default() })
    }

    /// Answers to these host names only; to any without it.
    #[must_use]
    pub fn with_hosts(mut self, hosts: Hosts) -> Self {
        self.edge.hosts = hosts;
        self
    }

    /// Speaks TLS, and nothing else.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Believes these proxies what certificate a client has; nobody without it.
    #[must_use]
    pub fn with_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.edge.proxies = Some(proxies);
        self
    }

    /// Where it listens; with the port it was given for port 0.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The way to stop it.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Accepts connections until it is stopped. The future must be polled for as long as the server is to take connections;
    /// those it has taken run in tasks of their own.
    pub async fn serve(self, app: Router) {
        /// How long to wait when the system has no more file descriptors.
        const BREATH: Duration = Duration::from_millis(100);
        let Self { listener, limits, edge, tls, stop } = self;
        let doors = Doors {
            gate: Gate::new(&limits),
            http: connection::builder(&limits),
            edge: Arc::new(edge),
            tls,
            app,
            limits,
            stop,
        };
        let doors = Arc::new(doors);
        loop {
            let accepted = tokio::select! {
                biased;
                () = doors.stop.finished.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => doors.take(stream, peer),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }
}

/// What all connections of a server share.
struct Doors {
    gate: Arc<Gate>,
    http: hyper::server::conn::http1::Builder,
    edge: Arc<Edge>,
    tls: Option<Tls>,
    app: Router,
    limits: ServerLimits,
    stop: Stop,
}

impl Doors {
    fn take(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        // Answers are written whole; waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        // What a client does not take stays with us, where newer news takes its place, instead of piling up in the system.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
        match self.gate.enter(peer.ip()) {
            Ok(permit) => {
                let doors = Arc::clone(self);
                self.stop.connections.spawn(async move { doors.serve(stream, peer, permit).await });
            }
            Err(Refusal { why, permit }) => {
                tracing::debug!(%peer, why = why.as_str(), "connection refused");
                // Without a permit too many are being refused already; dropping the stream closes it. Over TLS an answer would take a
                // handshake, which costs more than the connection.
                if let Some(permit) = permit.filter(|_| self.tls.is_none()) {
                    self.stop.connections.spawn(refuse::connection(stream, why, permit));
                }
            }
        }
    }

    async fn serve(&self, stream: TcpStream, peer: SocketAddr, permit: Permit) {
        let stall = Stall::new();
        let Some(tls) = &self.tls else {
            let stream = Leaving::new(stream, Arc::clone(&stall));
            return self.converse(stream, Protocol::Http1, None, peer, permit, stall).await;
        };
        let secured = tls.accept(stream, Arc::clone(&stall), peer, &permit, &self.limits).await;
        if let Some(Secured { stream, protocol, certificates }) = secured {
            self.converse(stream, protocol, certificates, peer, permit, stall).await;
        }
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        protocol: Protocol,
        certificates: Option<PeerCertificates>,
        peer: SocketAddr,
        permit: Permit,
        stall: Arc<Stall>,
    ) {
        let (limits, edge, begun) = (self.limits, Arc::clone(&self.edge), self.stop.begun.clone());
        let connection =
            Connection { stream, protocol, peer, certificates, permit, stall, limits, edge, begun };
        connection.serve(&self.http, self.app.clone()).await;
    }
}

#[cfg(test)]
mod tests;
