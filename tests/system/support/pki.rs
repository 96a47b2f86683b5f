//! Certificates made for a test: an authority, what it has signed, and somebody else's.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A certificate with its key, both as PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// A folder with `ca.pem`, `server.pem` and `server.key`, and clients that the authority knows or not.
pub(crate) struct Pki {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
    pub(crate) client: Identity,
    pub(crate) stranger: Identity,
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn signed(
    issuer: &CertifiedIssuer<'static, KeyPair>,
    names: &[&str],
    usage: ExtendedKeyUsagePurpose,
) -> Identity {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap().pem();
    Identity { certificate, key: key.serialize_pem() }
}

impl Pki {
    pub(crate) fn new() -> Self {
        let authority_of_ours = authority("tests");
        let client = signed(&authority_of_ours, &["client.example"], ExtendedKeyUsagePurpose::ClientAuth);
        let stranger =
            signed(&authority("strangers"), &["client.example"], ExtendedKeyUsagePurpose::ClientAuth);
        let pki =
            Self { folder: tempfile::tempdir().unwrap(), authority: authority_of_ours, client, stranger };
        pki.write("ca.pem", &pki.authority.pem());
        pki.write("client.pem", &pki.client.certificate);
        pki.write("client.key", &pki.client.key);
        pki.renew();
        pki
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Signs the server a new certificate; gives it.
    pub(crate) fn renew(&self) -> Identity {
        let server =
            signed(&self.authority, &["localhost", "127.0.0.1"], ExtendedKeyUsagePurpose::ServerAuth);
        self.write("server.pem", &server.certificate);
        self.write("server.key", &server.key);
        server
    }

    /// Leaves the server with a file that is none.
    pub(crate) fn damage(&self) {
        self.write("server.pem", "nothing");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn ca(&self) -> String {
        self.authority.pem()
    }

    /// A configuration of TLS, with further members of `http.tls`.
    pub(crate) fn config(&self, more: &str) -> String {
        let path = |name: &str| -> String { Path::display(&self.path(name)).to_string() };
        format!(
            "store: memory\nhttp.tls: {{ certificate: {}, key: {}{more} }}\n",
            path("server.pem"),
            path("server.key")
        )
    }

    /// The same for a server that asks its clients for certificates.
    pub(crate) fn mutual(&self, auth: &str) -> String {
        self.config(&format!(", clientCa: {}, clientAuth: {auth}", self.path("ca.pem").display()))
    }

    /// A browser-like client that knows the authority.
    pub(crate) fn http(&self, identity: Option<&Identity>) -> reqwest::ClientBuilder {
        let ca = reqwest::Certificate::from_pem(self.ca().as_bytes()).unwrap();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([ca]);
        match identity {
            Some(Identity { certificate, key }) => client
                .identity(reqwest::Identity::from_pem(format!("{certificate}{key}").as_bytes()).unwrap()),
            None => client,
        }
    }

    /// A connection that speaks one protocol.
    pub(crate) async fn connect(
        &self,
        server: SocketAddr,
        identity: Option<&Identity>,
        protocol: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        self.connect_over(TcpStream::connect(server).await?, identity, protocol).await
    }

    /// The same over a stream that is there.
    pub(crate) async fn connect_over(
        &self,
        stream: TcpStream,
        identity: Option<&Identity>,
        protocol: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity {
            Some(Identity { certificate, key }) => {
                let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                config.with_client_auth_cert(chain, key).unwrap()
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}
