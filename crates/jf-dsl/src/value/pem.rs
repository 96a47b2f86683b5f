//! Certificates in PEM (TSK-140): whether a text holds some, as far as their encoding tells.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The tag of an ASN.1 sequence, which a certificate is.
const SEQUENCE: u8 = 0x30;

/// The text does not hold certificates in PEM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPem {
    #[error("the text holds no `{BEGIN}`")]
    NoCertificate,
    #[error("the text holds a private key, which belongs into a secret")]
    PrivateKey,
    #[error("a certificate has no `{END}`")]
    NotClosed,
    #[error("a certificate is not base64 between its first and last line")]
    Encoding,
    #[error("what is encoded is no certificate")]
    NoDer,
}

/// Checks that a text holds at least one certificate, each complete. Text around them is allowed (RFC 7468).
pub(crate) fn check_certificates(text: &str) -> Result<(), InvalidPem> {
    if text.contains("PRIVATE KEY-----") {
        return Err(InvalidPem::PrivateKey);
    }
    let mut certificates = text.split(BEGIN).skip(1).peekable();
    if certificates.peek().is_none() {
        return Err(InvalidPem::NoCertificate);
    }
    for certificate in certificates {
        let (body, _) = certificate.split_once(END).ok_or(InvalidPem::NotClosed)?;
        let body: String = body.split_ascii_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| InvalidPem::Encoding)?;
        check_der(&der)?;
    }
    Ok(())
}

/// A certificate is one sequence that holds three: what is signed, how, and the signature.
fn check_der(der: &[u8]) -> Result<(), InvalidPem> {
    let (content, rest) = element(der, SEQUENCE).ok_or(InvalidPem::NoDer)?;
    let (_, after_signed) = element(content, SEQUENCE).ok_or(InvalidPem::NoDer)?;
    let (_, signature) = element(after_signed, SEQUENCE).ok_or(InvalidPem::NoDer)?;
    const BIT_STRING: u8 = 0x03;
    let (_, nothing) = element(signature, BIT_STRING).ok_or(InvalidPem::NoDer)?;
    if rest.is_empty() && nothing.is_empty() { Ok(()) } else { Err(InvalidPem::NoDer) }
}

/// The content of an element of the tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [found, first, rest @ ..] = bytes else { return None };
    if *found != tag {
        return None;
    }
    let (length, rest) = match *first {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let octets = usize::from(long & 0x7f);
            if !(1..=4).contains(&octets) {
                return None;
            }
            let (length, rest) = rest.split_at_checked(octets)?;
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::{InvalidPem, check_certificates};

    /// The frame of a certificate: three empty parts.
    const FRAME: [u8; 8] = [0x30, 0x06, 0x30, 0x00, 0x30, 0x00, 0x03, 0x00];

    fn pem(der: &[u8]) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
    }

    #[test]
    fn tsk_140_texts_hold_whole_certificates() {
        let good = pem(&FRAME);
        assert_eq!(check_certificates(&good), Ok(()));
        assert_eq!(check_certificates(&format!("subject: x\n{good}{good}")), Ok(()));
        let cases = [
            (String::new(), InvalidPem::NoCertificate),
            ("MIIB".to_owned(), InvalidPem::NoCertificate),
            (good.replace("END", "FIN"), InvalidPem::NotClosed),
            (good.replace("MAYw", "M*Yw"), InvalidPem::Encoding),
            (pem(b"no certificate"), InvalidPem::NoDer),
            (pem(&FRAME[..7]), InvalidPem::NoDer),
            (good.replace("CERTIFICATE", "PRIVATE KEY"), InvalidPem::PrivateKey),
        ];
        for (text, expected) in cases {
            assert_eq!(check_certificates(&text), Err(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn checking_a_pem_never_panics(der in prop::collection::vec(any::<u8>(), 0..40), text in any::<String>()) {
            let _ = check_certificates(&pem(&der));
            let _ = check_certificates(&text);
        }
    }
}
