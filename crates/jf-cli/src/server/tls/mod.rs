//! TLS, ended by the server itself: handshakes within bounds, certificates that can be renewed while it runs.

mod files;

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use jf_core::PeerCertificates;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

pub use files::{ClientAuth, TlsError, TlsFiles};

use super::activity::Protocol;
use super::gate::Permit;
use super::stall::{Leaving, Stall};
use super::{ServerLimits, refuse};

/// The certificates of a server, as its files had them when they were read last. Clones are one and the same.
///
/// Clients of TLS 1.2 and 1.3 are served, over HTTP/1.1 and, unless it is off, HTTP/2, as ALPN has it. Whatever certificate a client shows must
/// be from one of the authorities it is asked for, or the handshake fails.
#[derive(Debug, Clone)]
pub struct Tls {
    files: Arc<TlsFiles>,
    current: Arc<RwLock<Current>>,
}

#[derive(Debug)]
struct Current {
    config: Arc<ServerConfig>,
    expires: jiff::Timestamp,
}

/// A connection after its handshake.
pub(super) struct Secured {
    pub(super) stream: TlsStream<Leaving<TcpStream>>,
    pub(super) protocol: Protocol,
    pub(super) certificates: Option<PeerCertificates>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// When one cannot be read or is not what it should be, when they do not belong together, when a certificate is not valid now.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let current = Self::read(&files)?;
        Ok(Self { files: Arc::new(files), current: Arc::new(RwLock::new(current)) })
    }

    fn read(files: &TlsFiles) -> Result<Current, TlsError> {
        let (mut config, expires) = files.read(jiff::Timestamp::now())?;
        let protocols: &[&[u8]] = if files.http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Current { config: Arc::new(config), expires })
    }

    /// Reads the files again. Connections from now on see what they hold; those that are open stay as they are, and sessions from before are not
    /// resumed.
    ///
    /// # Errors
    /// As [`load`](Self::load); what was read before goes on to hold.
    pub fn reload(&self) -> Result<(), TlsError> {
        let next = Self::read(&self.files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// When the first of the server's certificates expires.
    #[must_use]
    pub fn expires(&self) -> jiff::Timestamp {
        self.current.read().unwrap_or_else(PoisonError::into_inner).expires
    }

    fn acceptor(&self) -> TlsAcceptor {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&current.config))
    }

    /// Shakes hands; `None` when it does not come to that, in time or at all. Who has said nothing yet is just a connection: only with
    /// its first byte it takes one of the places for handshakes.
    pub(super) async fn accept(
        &self,
        stream: TcpStream,
        stall: Arc<Stall>,
        peer: SocketAddr,
        permit: &Permit,
        limits: &ServerLimits,
    ) -> Option<Secured> {
        let shaken = timeout(limits.handshake_timeout, async {
            let mut first = [0];
            if stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase() {
                refuse::plain_text(stream).await;
                return Ok(None);
            }
            let Some(_place) = permit.handshake() else {
                tracing::debug!(%peer, "too many handshakes; connection closed");
                return Ok(None);
            };
            self.acceptor().accept(Leaving::new(stream, stall)).await.map(Some)
        });
        match shaken.await {
            Ok(Ok(stream)) => stream.map(secured),
            Ok(Err(error)) => {
                tracing::debug!(%peer, %error, "no TLS handshake");
                None
            }
            Err(_) => {
                tracing::debug!(%peer, "the TLS handshake took too long");
                None
            }
        }
    }
}

fn secured(stream: TlsStream<Leaving<TcpStream>>) -> Secured {
    let session = stream.get_ref().1;
    let protocol = match session.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    let chain = session.peer_certificates().filter(|chain| !chain.is_empty());
    let certificates =
        chain.map(|chain| PeerCertificates::new(chain.iter().map(|der| Bytes::copy_from_slice(der))));
    Secured { stream, protocol, certificates }
}
