//! The HTTP side of RFC 6455: is this a WebSocket handshake, and what answers it.

use axum::body::Body;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, PAD};
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version};
use jf_core::{EngineError, EngineErrorKind};
use tungstenite::handshake::derive_accept_key;

use crate::problem::refusal;

/// What is left over in the last letter of a nonce is no concern of ours.
const NONCE: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, PAD.with_decode_allow_trailing_bits(true));

/// Checks that a request asks for a WebSocket of version 13 and gives its key.
///
/// # Errors
/// The response that refuses it: 426 `upgrade-required`, or 400 for a key that is missing or of the wrong form.
pub(crate) fn key(
    method: &Method,
    version: Version,
    headers: &HeaderMap,
) -> Result<HeaderValue, Box<Response<Body>>> {
    let is_upgrade = *method == Method::GET
        && version == Version::HTTP_11
        && has_token(headers, CONNECTION, "upgrade")
        && has_token(headers, UPGRADE, "websocket");
    let is_13 = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    if !is_upgrade || !is_13 {
        let detail =
            "this path speaks WebSocket only: GET with `Upgrade: websocket` and version 13 over HTTP/1.1";
        let mut response = refusal(EngineError::new(EngineErrorKind::UpgradeRequired).with_detail(detail));
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return Err(Box::new(response));
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    match (keys.next(), keys.next()) {
        // 16 bytes in base64 (RFC 6455, 4.1)
        (Some(key), None) if NONCE.decode(key.as_bytes()).is_ok_and(|nonce| nonce.len() == 16) => {
            Ok(key.clone())
        }
        _ => {
            let detail = "`Sec-WebSocket-Key` must be 16 bytes in base64, given once";
            Err(Box::new(refusal(EngineError::invalid_input(detail))))
        }
    }
}

/// The answer that switches protocols.
pub(crate) fn switching(key: &HeaderValue, protocol: Option<&str>) -> Response<Body> {
    let accept = derive_accept_key(key.as_bytes());
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept.try_into().expect("base64 is a header value"));
    if let Some(protocol) = protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol.try_into().expect("it came in a header"));
    }
    response
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name);
    let texts = values.iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|value| value.split(',')).any(|entry| entry.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::key;
    use http::{Request, StatusCode, Version};

    fn check(request: http::request::Builder) -> Result<(), StatusCode> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        key(&parts.method, parts.version, &parts.headers).map(|_| ()).map_err(|response| response.status())
    }

    fn handshake() -> http::request::Builder {
        Request::get("/ws")
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "WebSocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    #[test]
    fn hs_1_what_is_no_upgrade_is_426() {
        assert_eq!(check(handshake()), Ok(()));
        let upgrade_required = Err(StatusCode::UPGRADE_REQUIRED);
        assert_eq!(check(Request::get("/ws")), upgrade_required);
        assert_eq!(check(handshake().method("POST")), upgrade_required);
        assert_eq!(check(handshake().version(Version::HTTP_10)), upgrade_required);
        let old = Request::get("/ws").header("connection", "upgrade").header("upgrade", "websocket");
        assert_eq!(check(old.header("sec-websocket-version", "8")), upgrade_required);
    }

    #[test]
    fn hs_1_a_key_is_16_bytes_once() {
        let bad = Err(StatusCode::BAD_REQUEST);
        assert_eq!(check(handshake().header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")), bad);
        let short = || {
            Request::get("/ws")
                .header("connection", "upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
        };
        for wrong in
            ["", "eA==", "dGhlIHNhbXBsZSBub25j", "d*hlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZSE="]
        {
            assert_eq!(check(short().header("sec-websocket-key", wrong)), bad, "{wrong}");
        }
        assert_eq!(check(short().header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZR==")), Ok(()));
    }
}
