//! The forms in which proxies tell a certificate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Certificates of one chain that are taken; chains in use have two or three.
const MOST: usize = 16;

/// The header in which a proxy tells the certificate of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateHeader {
    name: HeaderName,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// The leaf as a byte sequence; the rest, in the same form, in another header.
    Rfc9440 { chain: HeaderName },
    /// PEM, percent-encoded as a whole; the leaf first.
    Pem,
}

/// What stands in the header is no certificate. Its content is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the header `{0}` of the proxy holds no certificate")]
pub(super) struct NoCertificate(HeaderName);

impl CertificateHeader {
    /// DER in base64 between colons, as RFC 9440 has it in `Client-Cert`; the rest of the chain in a header of the same name with `-Chain`
    /// behind it.
    #[must_use]
    pub fn rfc9440(name: HeaderName) -> Self {
        // Too long a name has no such header, and no proxy that sends it.
        let chain = HeaderName::try_from(format!("{name}-chain")).unwrap_or_else(|_| name.clone());
        Self { name, form: Form::Rfc9440 { chain } }
    }

    /// Percent-encoded PEM in a header of that name, as `$ssl_client_escaped_cert` of nginx and application load balancers have it;
    /// further certificates of the chain may follow the first.
    #[must_use]
    pub const fn pem(name: HeaderName) -> Self {
        Self { name, form: Form::Pem }
    }

    /// The chain that the header tells, leaf first; `None` without the header, or when it is empty.
    pub(super) fn read(&self, headers: &HeaderMap) -> Result<Option<Vec<Bytes>>, NoCertificate> {
        let fault = |name: &HeaderName| NoCertificate(name.clone());
        let mut lines = headers.get_all(&self.name).iter();
        let value = match (lines.next(), lines.next()) {
            (None, _) => return Ok(None),
            (Some(value), None) if value.is_empty() => return Ok(None),
            (Some(value), None) => value.as_bytes(),
            // Whichever is the proxy's, the other one is not.
            (Some(_), Some(_)) => return Err(fault(&self.name)),
        };
        let chain = match &self.form {
            Form::Rfc9440 { chain } => {
                let leaf = byte_sequence(value).ok_or_else(|| fault(&self.name))?;
                let mut certificates = vec![leaf];
                for line in headers.get_all(chain) {
                    for item in line.as_bytes().split(|byte| *byte == b',') {
                        certificates.push(byte_sequence(item).ok_or_else(|| fault(chain))?);
                    }
                }
                certificates
            }
            Form::Pem => {
                let text: Vec<u8> = percent_decode(value).collect();
                CertificateDer::pem_slice_iter(&text)
                    .map(|der| der.map(|der| Bytes::copy_from_slice(&der)))
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|_| fault(&self.name))?
            }
        };
        let is_plausible = (1..=MOST).contains(&chain.len()) && chain.iter().all(|der| der.starts_with(b"0"));
        if is_plausible { Ok(Some(chain)) } else { Err(fault(&self.name)) }
    }

    /// Takes everything of it out of a request.
    pub(super) fn remove(&self, headers: &mut HeaderMap) {
        headers.remove(&self.name);
        if let Form::Rfc9440 { chain } = &self.form {
            headers.remove(chain);
        }
    }
}

/// A byte sequence of RFC 8941: base64 between colons.
fn byte_sequence(item: &[u8]) -> Option<Bytes> {
    let encoded = item.trim_ascii().strip_prefix(b":")?.strip_suffix(b":")?;
    STANDARD.decode(encoded).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::CertificateHeader;
    use bytes::Bytes;
    use http::{HeaderMap, HeaderName, HeaderValue};

    const PEM: &str = "-----BEGIN%20CERTIFICATE-----%0AMAMC+/8=%0A-----END%20CERTIFICATE-----%0A";

    fn read(header: &CertificateHeader, lines: &[(&'static str, &str)]) -> Option<Option<Vec<Bytes>>> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        header.read(&headers).ok()
    }

    #[test]
    fn tsk_144_certificates_as_rfc_9440_has_them() {
        let header = CertificateHeader::rfc9440(HeaderName::from_static("client-cert"));
        let der = |bytes: &'static [u8]| Bytes::from_static(bytes);
        assert_eq!(read(&header, &[]), Some(None));
        assert_eq!(read(&header, &[("client-cert", "")]), Some(None));
        assert_eq!(read(&header, &[("client-cert-chain", ":MAA=:")]), Some(None), "a chain of nobody");
        assert_eq!(
            read(&header, &[("client-cert", ":MAMC+/8=:")]),
            Some(Some(vec![der(b"0\x03\x02\xfb\xff")]))
        );
        let chain = [
            ("client-cert", ":MAA=:"),
            ("client-cert-chain", ":MAE=:, :MAI=:"),
            ("client-cert-chain", ":MAM=:"),
        ];
        assert_eq!(
            read(&header, &chain),
            Some(Some(vec![der(b"0\0"), der(b"0\x01"), der(b"0\x02"), der(b"0\x03")]))
        );
        for bad in [
            &[("client-cert", "MAA=")][..],
            &[("client-cert", ":MAA=")],
            &[("client-cert", "::")],
            &[("client-cert", ":MA A=:")],
            &[("client-cert", ":MAA=:, :MAA=:")],
            &[("client-cert", ":AAAA:")],
            &[("client-cert", ":MAA=:"), ("client-cert", ":MAA=:")],
            &[("client-cert", ":MAA=:"), ("client-cert-chain", "x")],
            &[("client-cert", PEM)],
        ] {
            assert_eq!(read(&header, bad), None, "{bad:?}");
        }
        let long = vec![":MAA=:"; super::MOST].join(",");
        assert_eq!(read(&header, &[("client-cert", ":MAA=:"), ("client-cert-chain", &long)]), None);
    }

    #[test]
    fn tsk_144_certificates_as_percent_encoded_pem() {
        let header = CertificateHeader::pem(HeaderName::from_static("x-client-cert"));
        let leaf = Bytes::from_static(b"0\x03\x02\xfb\xff");
        assert_eq!(
            read(&header, &[("x-client-cert", PEM)]),
            Some(Some(vec![leaf.clone()])),
            "a plus is no space"
        );
        assert_eq!(read(&header, &[("x-client-cert", &PEM.repeat(2))]), Some(Some(vec![leaf.clone(), leaf])));
        assert_eq!(read(&header, &[("client-cert", ":MAA=:")]), Some(None));
        let cut = &PEM[..PEM.len() - 8];
        for bad in ["x", "-----BEGIN%20CERTIFICATE-----", cut, ":MAA=:"] {
            assert_eq!(read(&header, &[("x-client-cert", bad)]), None, "{bad}");
        }
    }
}
