//! Who asks: from the parts of a request to the [`Caller`] the engine sees, and what a layer in front may add.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use http::Uri;
use http::request::Parts;
use jf_core::{Caller, PeerCertificates, Principal};

/// The binding tag of this crate: projections are declared under `spec.bindings.http`.
const TRANSPORT: &str = "http";

/// Turns a request into its caller; takes the headers along.
pub(crate) fn caller(parts: &mut Parts, uri: &Uri) -> Caller {
    let mut builder = Caller::request(TRANSPORT, parts.method.clone(), uri.path())
        .headers(std::mem::take(&mut parts.headers));
    if let Some(query) = uri.query() {
        builder = builder.query(form_urlencoded::parse(query.as_bytes()).into_owned().collect());
    }
    if let Some(ConnectInfo(address)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
        builder = builder.remote_address(*address);
    }
    if let Some(certificates) = parts.extensions.get::<PeerCertificates>() {
        builder = builder.peer_certificates(certificates.chain().to_vec());
    }
    if let Some(principal) = parts.extensions.get::<Principal>() {
        builder = builder.principal(Arc::clone(principal.id()));
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::caller;
    use axum::extract::ConnectInfo;
    use bytes::Bytes;
    use http::{Request, Uri};
    use jf_core::{PeerCertificates, Principal};
    use std::net::SocketAddr;

    #[test]
    fn eng_011_http_016_http_032_the_caller_is_everything_the_transport_knows() {
        let address: SocketAddr = "192.0.2.1:4711".parse().unwrap();
        let request = Request::post("/api/v1/journeys/a%2Db/start?x=1&y=a%20b+c&x=2&z")
            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            .extension(ConnectInfo(address))
            .extension(PeerCertificates::new([Bytes::from_static(b"leaf")]))
            .extension(Principal::new("p-1"))
            .body(())
            .unwrap();
        let (mut parts, ()) = request.into_parts();
        let uri: Uri = std::mem::take(&mut parts.uri);
        let caller = caller(&mut parts, &uri);
        assert_eq!(caller.transport(), "http");
        assert_eq!(caller.method(), "POST");
        assert_eq!(caller.path(), "/api/v1/journeys/a%2Db/start");
        let pairs: Vec<_> = caller.query().iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("x", "1"), ("y", "a b c"), ("x", "2"), ("z", "")]);
        assert_eq!(caller.query_parameter("x"), Some("1"), "HTTP-032");
        assert_eq!(caller.peer_certificates(), [Bytes::from_static(b"leaf")]);
        assert_eq!(caller.remote_address(), Some(address));
        assert_eq!(caller.principal(), Some("p-1"));
        assert!(caller.trace().is_some(), "HTTP-016");
        assert!(parts.headers.is_empty(), "the headers are moved, not copied");
    }
}
