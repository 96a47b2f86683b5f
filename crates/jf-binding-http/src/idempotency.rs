//! The caller key of a command (HTTP-015).

use http::HeaderMap;
use jf_core::{EngineError, EngineErrorKind, IdempotencyKey};

const HEADER: &str = "idempotency-key";

/// The key of the request, without one pair of enclosing double quotes.
///
/// # Errors
/// IdempotencyKeyInvalid when there is a key that cannot be one, or more than one.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, EngineError> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let invalid = |detail: &str| EngineError::new(EngineErrorKind::IdempotencyKeyInvalid).with_detail(detail);
    if values.next().is_some() {
        return Err(invalid("send one Idempotency-Key"));
    }
    let text = value.to_str().unwrap_or_default();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    IdempotencyKey::parse(bare).map(Some).map_err(|_| {
        invalid("an Idempotency-Key has 16 to 255 visible ASCII characters, with or without double quotes")
    })
}

#[cfg(test)]
mod tests {
    use super::key;
    use http::{HeaderMap, HeaderName, HeaderValue};
    use jf_core::EngineErrorKind;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers
                .append(HeaderName::from_static("idempotency-key"), HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn http_015_the_quoted_and_the_bare_form_name_the_same_key() {
        assert!(key(&HeaderMap::new()).unwrap().is_none());
        for value in [&b"0123456789abcdef"[..], b"\"0123456789abcdef\""] {
            assert_eq!(key(&headers(&[value])).unwrap().unwrap().as_str(), "0123456789abcdef");
        }
        assert_eq!(
            key(&headers(&[b"\"\"0123456789abcd\"\""])).unwrap().unwrap().as_str(),
            "\"0123456789abcd\""
        );
        assert_eq!(key(&headers(&[b"\"0123456789abcde"])).unwrap().unwrap().as_str(), "\"0123456789abcde");
    }

    #[test]
    fn http_015_anything_else_is_refused() {
        let long = [b'x'; 256];
        for values in [
            &[&b""[..]][..],
            &[b"\""],
            &[b"\"\""],
            &[b"0123456789abcde"],
            &[b"\"0123456789abcde\""],
            &[b"0123456789 abcdef"],
            &[b"0123456789abcd\xc3\xa9"],
            &[&long],
            &[b"0123456789abcdef", b"0123456789abcdef"],
        ] {
            let error = key(&headers(values)).unwrap_err();
            assert_eq!(error.kind(), EngineErrorKind::IdempotencyKeyInvalid);
        }
    }
}
