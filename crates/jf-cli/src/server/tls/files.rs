//! Certificates and keys in PEM files, and everything that can be wrong with them before the first client comes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{self, InconsistentKeys, RootCertStore, ServerConfig};
use x509_parser::parse_x509_certificate;

use crate::definitions::reason;

/// Where the certificates of a server are, all of them PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, followed by those between it and an authority that clients know.
    pub certificate: PathBuf,
    /// Its private key, not encrypted.
    pub key: PathBuf,
    /// The authorities whose clients are known, and whether every client has to be; without it none is asked for a certificate.
    pub clients: Option<(PathBuf, ClientAuth)>,
    /// Whether HTTP/2 is offered beside HTTP/1.1.
    pub http2: bool,
}

/// Whether clients have to show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// They may. One that is shown has to be valid all the same.
    Optional,
    /// They have to.
    Required,
}

/// Why there is no TLS. Nothing of what a file holds is repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {}", file.display(), reason(error))]
    Read {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// A file has nothing of what it is for.
    #[error("`{}` holds no {what} in PEM form", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// What it is for.
        what: &'static str,
    },
    /// A key that would need a password.
    #[error("the private key in `{}` is encrypted; there is nobody to ask for the password", file.display())]
    Encrypted {
        /// The file.
        file: PathBuf,
    },
    /// What a file holds cannot be understood.
    #[error("the {what} in `{}` cannot be read: it is damaged or of an unknown kind", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What it is for.
        what: &'static str,
    },
    /// Certificate and key are not of one pair.
    #[error("the private key in `{}` does not belong to the first certificate in `{}`", key.display(), certificate.display())]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// A certificate is too old.
    #[error("certificate {number} in `{}` has expired on {when}", file.display())]
    Expired {
        /// The file.
        file: PathBuf,
        /// Which certificate of it, from 1.
        number: usize,
        /// Since when.
        when: Timestamp,
    },
    /// A certificate is not valid yet.
    #[error("certificate {number} in `{}` is not valid before {when}", file.display())]
    TooEarly {
        /// The file.
        file: PathBuf,
        /// Which certificate of it, from 1.
        number: usize,
        /// From when on.
        when: Timestamp,
    },
    /// TLS itself has something against them.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

impl TlsFiles {
    /// The settings that the files come to, and when the first of the server's certificates expires.
    pub(super) fn read(&self, now: Timestamp) -> Result<(ServerConfig, Timestamp), TlsError> {
        let chain = certificates(&self.certificate)?;
        let expires = check_validity(&self.certificate, &chain, now)?;
        let key = private_key(&self.key)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(setup)?;
        let builder = match &self.clients {
            Some((file, auth)) => builder.with_client_cert_verifier(verifier(file, *auth, provider, now)?),
            None => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(chain, key).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Mismatch { certificate: self.certificate.clone(), key: self.key.clone() }
            }
            rustls::Error::InvalidCertificate(_) => {
                TlsError::Damaged { file: self.certificate.clone(), what: CERTIFICATE }
            }
            rustls::Error::General(_) => TlsError::Damaged { file: self.key.clone(), what: KEY },
            error => setup(error),
        })?;
        Ok((config, expires))
    }
}

const CERTIFICATE: &str = "certificate";
const KEY: &str = "private key";

fn setup(error: impl std::fmt::Display) -> TlsError {
    TlsError::Setup(error.to_string())
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|error| TlsError::Read { file: file.to_path_buf(), error })
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let damaged = || TlsError::Damaged { file: file.to_path_buf(), what: CERTIFICATE };
    let text = read(file)?;
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(|_| damaged())?;
    if chain.is_empty() {
        return Err(TlsError::Missing { file: file.to_path_buf(), what: CERTIFICATE });
    }
    Ok(chain)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = read(file)?;
    let mut keys = PrivateKeyDer::pem_slice_iter(&text);
    match keys.next() {
        Some(Ok(key)) => Ok(key),
        Some(Err(_)) => Err(TlsError::Damaged { file: file.to_path_buf(), what: KEY }),
        None if is_encrypted(&text) => Err(TlsError::Encrypted { file: file.to_path_buf() }),
        None => Err(TlsError::Missing { file: file.to_path_buf(), what: KEY }),
    }
}

fn is_encrypted(text: &[u8]) -> bool {
    const MARK: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
    text.windows(MARK.len()).any(|part| part == MARK)
}

/// When the first of the certificates expires, if all of them are valid now. Clients would find out; they would tell nobody here.
fn check_validity(file: &Path, chain: &[CertificateDer<'_>], now: Timestamp) -> Result<Timestamp, TlsError> {
    let mut first = Timestamp::MAX;
    for (index, der) in chain.iter().enumerate() {
        let damaged = || TlsError::Damaged { file: file.to_path_buf(), what: CERTIFICATE };
        let (_, certificate) = parse_x509_certificate(der).map_err(|_| damaged())?;
        let validity = certificate.validity();
        let time = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        let (from, until) = (time(validity.not_before.timestamp()), time(validity.not_after.timestamp()));
        let number = index + 1;
        if now > until {
            return Err(TlsError::Expired { file: file.to_path_buf(), number, when: until });
        }
        if now < from {
            return Err(TlsError::TooEarly { file: file.to_path_buf(), number, when: from });
        }
        first = first.min(until);
    }
    Ok(first)
}

fn verifier(
    file: &Path,
    auth: ClientAuth,
    provider: Arc<CryptoProvider>,
    now: Timestamp,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let authorities = certificates(file)?;
    // Verification does not ask whether an authority itself is still valid.
    check_validity(file, &authorities, now)?;
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        let damaged = |_| TlsError::Damaged { file: file.to_path_buf(), what: CERTIFICATE };
        roots.add(authority).map_err(damaged)?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = match auth {
        ClientAuth::Optional => builder.allow_unauthenticated(),
        ClientAuth::Required => builder,
    };
    builder.build().map_err(setup)
}

#[cfg(test)]
mod tests;
