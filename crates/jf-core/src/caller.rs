//! Everything a transport knows about who asks.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};

/// W3C trace context of a request; only `traceparent` is ever kept with a run (HTTP-016, ENG-105).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// A valid `traceparent` value.
    pub traceparent: Arc<str>,
    /// The opaque `tracestate` value.
    pub tracestate: Option<Arc<str>>,
}

impl TraceContext {
    /// Takes a `traceparent` if it has the W3C form (version `00`–`fe`, ids not all zero), else nothing: a broken one is as
    /// good as none and must never fail a request.
    #[must_use]
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, len: usize| {
            text.len() == len && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let not_zero = |text: &str| text.bytes().any(|b| b != b'0');
        let shape = hex(version, 2) && version != "ff" && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
        let tail = version != "00" || parts.next().is_none();
        (shape && tail && not_zero(trace) && not_zero(parent))
            .then(|| Self { traceparent: traceparent.into(), tracestate: tracestate.map(Into::into) })
    }
}

/// The inbound request as the engine may see it (ENG-011, TSK-008): metadata of the transport, never its objects.
///
/// Cheap to clone. An engine holds a clone for the segment the request causes and persists nothing of it but the
/// `traceparent`. Its `Debug` form shows no header, query or certificate values (TSK-010).
#[derive(Clone)]
pub struct Caller {
    inbound: Arc<Inbound>,
    trace: Option<TraceContext>,
}

#[derive(Default)]
struct Inbound {
    transport: &'static str,
    is_request: bool,
    method: Method,
    path: String,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    peer_certificates: Vec<Bytes>,
    remote_address: Option<SocketAddr>,
    principal: Option<Arc<str>>,
}

impl Caller {
    /// A caller that is no inbound request: a command line, a queue, a test. `transport` is the binding tag.
    #[must_use]
    pub fn internal(transport: &'static str) -> Self {
        Self { inbound: Arc::new(Inbound { transport, ..Inbound::default() }), trace: None }
    }

    /// Begins the description of an inbound request over the binding `transport` (`http`, `websocket`, …).
    pub fn request(transport: &'static str, method: Method, path: impl Into<String>) -> CallerBuilder {
        CallerBuilder {
            inbound: Inbound { transport, is_request: true, method, path: path.into(), ..Inbound::default() },
        }
    }

    /// The same caller with the trace context of one message (WS-024).
    #[must_use]
    pub fn with_trace(&self, trace: Option<TraceContext>) -> Self {
        Self { inbound: Arc::clone(&self.inbound), trace }
    }

    /// The tag of the binding that carried the request; projections are declared under `spec.bindings.<tag>`.
    #[must_use]
    pub fn transport(&self) -> &'static str {
        self.inbound.transport
    }

    /// Whether there is an inbound request in the sense of TSK-008.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.inbound.is_request
    }

    /// Method of the request.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.inbound.method
    }

    /// Path of the request, as received.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.inbound.path
    }

    /// All headers of the request.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.inbound.headers
    }

    /// A header as HTTP-032 reads it: names ignore case, repeated lines are joined with `, ` (`Cookie` with `; `). Bytes that
    /// are not UTF-8 are replaced.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let mut values =
            self.inbound.headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes()));
        let mut text = values.next()?.into_owned();
        let separator = if name.eq_ignore_ascii_case("cookie") { "; " } else { ", " };
        for value in values {
            text.push_str(separator);
            text.push_str(&value);
        }
        Some(text)
    }

    /// Query parameters in order, decoded.
    #[must_use]
    pub fn query(&self) -> &[(String, String)] {
        &self.inbound.query
    }

    /// The first parameter of that name (HTTP-032).
    #[must_use]
    pub fn query_parameter(&self, name: &str) -> Option<&str> {
        self.inbound.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The client's certificate chain, leaf first, DER encoded.
    #[must_use]
    pub fn peer_certificates(&self) -> &[Bytes] {
        &self.inbound.peer_certificates
    }

    /// Where the connection comes from.
    #[must_use]
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.inbound.remote_address
    }

    /// The authenticated identity, when the platform knows one (ENG-050).
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        self.inbound.principal.as_deref()
    }

    /// Trace context of this request.
    #[must_use]
    pub fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("transport", &self.inbound.transport)
            .field("headers", &self.inbound.headers.len())
            .field("query", &self.inbound.query.len())
            .field("peer_certificates", &self.inbound.peer_certificates.len())
            .field("authenticated", &self.inbound.principal.is_some())
            .finish_non_exhaustive()
    }
}

/// Describes an inbound request; see [`Caller::request`].
#[must_use]
pub struct CallerBuilder {
    inbound: Inbound,
}

impl CallerBuilder {
    /// All headers.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.inbound.headers = headers;
        self
    }

    /// Decoded query parameters in order.
    pub fn query(mut self, query: Vec<(String, String)>) -> Self {
        self.inbound.query = query;
        self
    }

    /// The client's certificate chain, leaf first, DER encoded.
    pub fn peer_certificates(mut self, chain: Vec<Bytes>) -> Self {
        self.inbound.peer_certificates = chain;
        self
    }

    /// Where the connection comes from.
    pub fn remote_address(mut self, address: SocketAddr) -> Self {
        self.inbound.remote_address = Some(address);
        self
    }

    /// The identity the platform has authenticated.
    pub fn principal(mut self, principal: impl Into<Arc<str>>) -> Self {
        self.inbound.principal = Some(principal.into());
        self
    }

    /// The caller, with the trace context found in its headers (HTTP-016).
    #[must_use]
    pub fn build(self) -> Caller {
        let text = |name: &str| self.inbound.headers.get(name).and_then(|value| value.to_str().ok());
        let trace = text("traceparent").and_then(|parent| TraceContext::parse(parent, text("tracestate")));
        Caller { inbound: Arc::new(self.inbound), trace }
    }

    /// The caller without the trace context of its headers, for transports that carry one per message (WS-024).
    #[must_use]
    pub fn build_untraced(self) -> Caller {
        Caller { inbound: Arc::new(self.inbound), trace: None }
    }
}

impl fmt::Debug for CallerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallerBuilder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Caller, TraceContext};
    use http::{HeaderMap, HeaderName, HeaderValue, Method};

    fn caller(headers: &[(&'static str, &'static str)]) -> Caller {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Caller::request("http", Method::POST, "/x").headers(map).build()
    }

    #[test]
    fn http_032_repeated_headers_are_joined() {
        let caller = caller(&[("x-a", "1"), ("x-a", "2"), ("cookie", "a=1"), ("cookie", "b=2")]);
        assert_eq!(caller.header("X-A").as_deref(), Some("1, 2"));
        assert_eq!(caller.header("Cookie").as_deref(), Some("a=1; b=2"));
        assert_eq!(caller.header("absent"), None);
    }

    #[test]
    fn http_016_only_valid_traceparents_count() {
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(TraceContext::parse(valid, None).is_some());
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        ] {
            assert!(TraceContext::parse(bad, None).is_none(), "{bad}");
        }
        assert!(caller(&[("traceparent", valid)]).trace().is_some());
    }

    #[test]
    fn tsk_010_debug_shows_no_values() {
        let text = format!("{:?}", caller(&[("authorization", "Bearer s3cr3t")]));
        assert!(!text.contains("s3cr3t") && !text.contains("authorization"), "{text}");
    }
}
