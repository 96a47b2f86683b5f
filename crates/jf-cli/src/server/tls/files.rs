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
mod tests {
    use std::path::{Path, PathBuf};

    use jiff::{Timestamp, ToSpan};
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
    use tempfile::TempDir;

    use super::{ClientAuth, TlsFiles};

    struct Folder(TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            let (certificate, key) = pair(2020, 2040);
            folder.write("good.pem", &certificate);
            folder.write("good.key", &key);
            folder
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.0.path().join(name), text).unwrap();
        }

        /// What is told of files with these names, without the folder.
        fn told(&self, certificate: &str, key: &str, authorities: Option<&str>) -> String {
            let path = |name: &str| -> PathBuf { self.0.path().join(name) };
            let clients = authorities.map(|name| (path(name), ClientAuth::Required));
            let files = TlsFiles { certificate: path(certificate), key: path(key), clients, http2: true };
            let now: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
            match files.read(now) {
                Ok((_, expires)) => format!("until {expires}"),
                Err(error) => error.to_string().replace(&*format!("{}/", self.0.path().display()), ""),
            }
        }
    }

    /// A certificate of its own issue for some years, and its key.
    fn pair(from: i32, until: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn authority(until: i32) -> String {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_after = date_time_ymd(until, 1, 1);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn files_that_belong_together_are_taken() {
        let folder = Folder::new();
        folder.write("ca.pem", &(authority(2040) + &authority(2050)));
        for authorities in [None, Some("ca.pem")] {
            assert_eq!(folder.told("good.pem", "good.key", authorities), "until 2040-01-01T00:00:00Z");
        }
        let (leaf, key) = pair(2020, 2035);
        folder.write("chain.pem", &(leaf + &authority(2033)));
        folder.write("chain.key", &key);
        assert_eq!(folder.told("chain.pem", "chain.key", None), "until 2033-01-01T00:00:00Z");
    }

    #[test]
    fn tsk_010_what_is_wrong_is_told_without_what_is_in_it() {
        let folder = Folder::new();
        let (other, key) = pair(2020, 2040);
        folder.write("other.key", &key);
        folder.write("old.pem", &pair(2020, 2025).0);
        folder.write("young.pem", &pair(2031, 2040).0);
        folder.write("chain.pem", &(other + &authority(2025)));
        folder.write("empty.pem", "\n");
        folder.write("cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n");
        folder.write("noise.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        folder.write("cut.key", &key[..key.len() / 2]);
        folder.write("noise.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        folder.write(
            "locked.key",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        );
        folder.write("old-ca.pem", &authority(2025));
        for (certificate, key, authorities, told) in [
            ("none.pem", "good.key", None, "cannot read `none.pem`: there is no such file or folder"),
            ("good.pem", "none.key", None, "cannot read `none.key`: there is no such file or folder"),
            ("empty.pem", "good.key", None, "`empty.pem` holds no certificate in PEM form"),
            ("good.key", "good.key", None, "`good.key` holds no certificate in PEM form"),
            ("good.pem", "good.pem", None, "`good.pem` holds no private key in PEM form"),
            ("good.pem", "empty.pem", None, "`empty.pem` holds no private key in PEM form"),
            (
                "cut.pem",
                "good.key",
                None,
                "the certificate in `cut.pem` cannot be read: it is damaged or of an unknown kind",
            ),
            (
                "noise.pem",
                "good.key",
                None,
                "the certificate in `noise.pem` cannot be read: it is damaged or of an unknown kind",
            ),
            (
                "good.pem",
                "cut.key",
                None,
                "the private key in `cut.key` cannot be read: it is damaged or of an unknown kind",
            ),
            (
                "good.pem",
                "noise.key",
                None,
                "the private key in `noise.key` cannot be read: it is damaged or of an unknown kind",
            ),
            (
                "good.pem",
                "locked.key",
                None,
                "the private key in `locked.key` is encrypted; there is nobody to ask for the password",
            ),
            (
                "good.pem",
                "other.key",
                None,
                "the private key in `other.key` does not belong to the first certificate in `good.pem`",
            ),
            ("old.pem", "good.key", None, "certificate 1 in `old.pem` has expired on 2025-01-01T00:00:00Z"),
            (
                "young.pem",
                "good.key",
                None,
                "certificate 1 in `young.pem` is not valid before 2031-01-01T00:00:00Z",
            ),
            (
                "chain.pem",
                "other.key",
                None,
                "certificate 2 in `chain.pem` has expired on 2025-01-01T00:00:00Z",
            ),
            (
                "good.pem",
                "good.key",
                Some("none.pem"),
                "cannot read `none.pem`: there is no such file or folder",
            ),
            ("good.pem", "good.key", Some("empty.pem"), "`empty.pem` holds no certificate in PEM form"),
            (
                "good.pem",
                "good.key",
                Some("old-ca.pem"),
                "certificate 1 in `old-ca.pem` has expired on 2025-01-01T00:00:00Z",
            ),
        ] {
            assert_eq!(
                folder.told(certificate, key, authorities),
                told,
                "{certificate} {key} {authorities:?}"
            );
        }
    }

    #[test]
    fn what_was_read_holds_until_something_better_is() {
        let folder = Folder::new();
        let path = |name: &str| -> PathBuf { Path::new(folder.0.path()).join(name) };
        let year = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year();
        let write = |until: i16| {
            let (certificate, key) = pair(2020, i32::from(until));
            folder.write("server.pem", &certificate);
            folder.write("server.key", &key);
        };
        write(year + 2);
        let files = TlsFiles {
            certificate: path("server.pem"),
            key: path("server.key"),
            clients: None,
            http2: false,
        };
        let tls = super::super::Tls::load(files).unwrap();
        let first = tls.expires();
        folder.write("server.pem", "");
        assert!(tls.reload().is_err());
        assert_eq!(tls.expires(), first);
        write(year + 3);
        tls.reload().unwrap();
        assert!(tls.expires() > first + (300 * 24).hours());
    }
}
