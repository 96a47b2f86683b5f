//! The captured handshake: the inbound request of everything that happens on the connection (WS-023, AUTH-1).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use http::header::{
    AUTHORIZATION, CONNECTION, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, Method};
use jf_core::{Caller, PeerCertificates, Principal};

use crate::authenticator::Identity;

/// The binding tag of this crate (WS-024 leaves its projections to a later version).
const TRANSPORT: &str = "websocket";

/// Headers that belong to one hop.
const HOP_BY_HOP: [HeaderName; 7] =
    [CONNECTION, UPGRADE, TE, TRAILER, TRANSFER_ENCODING, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION];

/// What the engine may see of a handshake. A credential from the offer takes the place of the header.
pub(crate) fn capture(parts: &mut Parts, authorization: Option<HeaderValue>) -> Caller {
    let mut headers = std::mem::take(&mut parts.headers);
    strip(&mut headers);
    let mut headers = owned(&headers);
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization);
    }
    let mut builder = Caller::request(TRANSPORT, Method::GET, parts.uri.path()).headers(headers);
    if let Some(query) = parts.uri.query() {
        builder = builder.query(form_urlencoded::parse(query.as_bytes()).into_owned().collect());
    }
    if let Some(address) = address(parts) {
        builder = builder.remote_address(address);
    }
    if let Some(certificates) = parts.extensions.get::<PeerCertificates>() {
        builder = builder.peer_certificates(certificates.chain().to_vec());
    }
    let identity = parts.extensions.get::<Identity>().map(Identity::principal);
    if let Some(principal) = identity.unwrap_or_else(|| parts.extensions.get::<Principal>()) {
        builder = builder.principal(Arc::clone(principal.id()));
    }
    // One trace for a whole connection would mislead: each message brings its own (WS-024).
    builder.build_untraced()
}

/// Takes out what belongs to one hop, and what the handshake itself has used up.
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    for name in ["key", "version", "extensions", "protocol"] {
        headers.remove(format!("sec-websocket-{name}"));
    }
}

/// A copy that stands alone. The headers of a request share the read buffer of the HTTP server, which would live as long as
/// the connection: four times as much as everything else it needs.
fn owned(headers: &HeaderMap) -> HeaderMap {
    let mut copy = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let parsed = HeaderName::from_bytes(name.as_str().as_bytes());
        let (Ok(name), Ok(mut text)) = (parsed, HeaderValue::from_bytes(value.as_bytes())) else { continue };
        text.set_sensitive(value.is_sensitive());
        copy.append(name, text);
    }
    copy
}

/// Where the connection comes from, when the server tells.
pub(crate) fn address(parts: &Parts) -> Option<SocketAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address)
}

#[cfg(test)]
mod tests {
    use super::capture;
    use axum::extract::ConnectInfo;
    use bytes::Bytes;
    use http::{HeaderValue, Request};
    use jf_core::{PeerCertificates, Principal};
    use std::net::SocketAddr;

    #[test]
    fn auth_1_the_handshake_is_captured_without_what_belongs_to_the_hop() {
        let address: SocketAddr = "192.0.2.1:4711".parse().unwrap();
        let request = Request::get("/ws/journeys/order?tenant=a%20b")
            .header("connection", "Upgrade, X-Hop")
            .header("upgrade", "websocket")
            .header("x-hop", "1")
            .header("keep-alive", "timeout=5")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-protocol", "base64url.bearer.journeyforge.czNjcjN0, journeyforge.v1")
            .header("cookie", "session=1")
            .header("x-user", "u-1")
            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            .extension(ConnectInfo(address))
            .extension(PeerCertificates::new([Bytes::from_static(b"leaf")]))
            .extension(Principal::new("p-1"))
            .body(())
            .unwrap();
        let (mut parts, ()) = request.into_parts();
        let caller = capture(&mut parts, Some(HeaderValue::from_static("Bearer s3cr3t")));
        let mut names: Vec<_> = caller.headers().keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["authorization", "cookie", "traceparent", "x-user"]);
        assert_eq!(caller.query_parameter("tenant"), Some("a b"));
        assert_eq!(caller.transport(), "websocket");
        assert!(caller.is_request());
        assert_eq!((caller.remote_address(), caller.principal()), (Some(address), Some("p-1")));
        assert_eq!(caller.peer_certificates().len(), 1);
        assert!(caller.trace().is_none(), "WS-024");
    }
}
