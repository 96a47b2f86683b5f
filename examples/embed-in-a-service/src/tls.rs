//! TLS for `axum::serve`, with the certificates of clients where the bindings look for them.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use bytes::Bytes;
use jf_core::PeerCertificates;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

/// Handshakes at the same time, and how long one may take.
const HANDSHAKES: usize = 256;
const PATIENCE: Duration = Duration::from_secs(5);

/// The settings of TLS: the certificate and key in two PEM files, and the authorities whose clients may show certificates in a third.
///
/// # Errors
/// When a file cannot be read or is not what it should be.
pub fn config(certificate: &Path, key: &Path, clients: &Path) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut authorities = RootCertStore::empty();
    for authority in CertificateDer::pem_file_iter(clients)? {
        authorities.add(authority?)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(&provider));
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier.allow_unauthenticated().build()?)
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A listener whose connections speak TLS. Handshakes run beside each other: a slow client holds nobody up.
#[derive(Debug)]
pub struct TlsListener {
    tcp: TcpListener,
    config: Arc<ServerConfig>,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl TlsListener {
    /// Ends TLS on the connections of a listener.
    #[must_use]
    pub fn new(tcp: TcpListener, config: Arc<ServerConfig>) -> Self {
        Self { tcp, config, handshakes: JoinSet::new() }
    }

    fn shake_hands(&mut self, stream: TcpStream, peer: SocketAddr) {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        self.handshakes.spawn(async move {
            // Frames are small; held back to be sent together they would wait for each other's acknowledgements.
            stream.set_nodelay(true).ok()?;
            let stream = timeout(PATIENCE, acceptor.accept(stream)).await.ok()?.ok()?;
            Some((stream, peer))
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                accepted = self.tcp.accept(), if self.handshakes.len() < HANDSHAKES => match accepted {
                    Ok((stream, peer)) => self.shake_hands(stream, peer),
                    // The system has no more of something; it may soon.
                    Err(_) => sleep(Duration::from_millis(100)).await,
                },
                Some(shaken) = self.handshakes.join_next() => {
                    if let Ok(Some(connection)) = shaken {
                        return connection;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// Who is at the other end of a connection.
#[derive(Clone)]
struct Client {
    address: SocketAddr,
    certificates: Option<PeerCertificates>,
}

impl Connected<IncomingStream<'_, TlsListener>> for Client {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        let chain = stream.io().get_ref().1.peer_certificates();
        let certificates =
            chain.map(|chain| PeerCertificates::new(chain.iter().map(|der| Bytes::copy_from_slice(der))));
        Self { address: *stream.remote_addr(), certificates }
    }
}

/// Puts what is known of the connection where the bindings look for it.
async fn introduce(mut request: Request, next: Next) -> Response {
    let extensions = request.extensions_mut();
    if let Some(ConnectInfo(client)) = extensions.remove::<ConnectInfo<Client>>() {
        extensions.insert(ConnectInfo(client.address));
        if let Some(certificates) = client.certificates {
            extensions.insert(certificates);
        }
    }
    next.run(request).await
}

/// Serves a router on the listener until `stop`, with all that is known of its clients.
///
/// # Errors
/// As `axum::serve`.
pub async fn serve(
    listener: TlsListener,
    app: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let app = app.layer(from_fn(introduce)).into_make_service_with_connect_info::<Client>();
    axum::serve(listener, app).with_graceful_shutdown(stop).await
}
