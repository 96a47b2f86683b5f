//! Everything a transport knows about who asks.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method};

use crate::TraceContext;

/// The inbound request as the engine may see it (ENG-011, TSK-008): metadata of the transport, never its objects.
///
/// Cheap to clone. An engine holds a clone for the segment the request causes and persists nothing of it but the
/// `traceparent`. Its `Debug` form shows no header, query or certificate values (TSK-010).
#[derive(Clone)]
pub struct Caller {
    inbound: Arc<Inbound>,
    trace: Option<TraceContext>,
}

#[derive(Clone, Default)]
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
    /// What descriptions of one connection have in common, once there are several.
    connection: OnceLock<Arc<()>>,
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

    /// The same caller with another credential in place of its `Authorization` header, and with the identity that the platform takes from
    /// it (AUTH-5). It is another request: no decision that was made for the earlier credential may be used again (ENG-116). It is of the
    /// same connection.
    #[must_use]
    pub fn with_credential(&self, authorization: HeaderValue, principal: Option<Arc<str>>) -> Self {
        self.inbound.connection.get_or_init(Arc::default);
        let mut inbound = Inbound::clone(&self.inbound);
        inbound.headers.insert(AUTHORIZATION, authorization);
        inbound.principal = principal;
        Self { inbound: Arc::new(inbound), trace: self.trace.clone() }
    }

    /// The tag of the binding that carried the request; projections are declared under `spec.bindings.<tag>`.
    #[must_use]
    pub fn transport(&self) -> &'static str {
        self.inbound.transport
    }

    /// Whether both are clones of one description, trace context aside: of one HTTP request, or of one connection.
    #[must_use]
    pub fn is_same_request(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inbound, &other.inbound)
    }

    /// Whether both are of one connection, whatever credential it had: what one asks for comes before or behind what the other does (ORD-1).
    #[must_use]
    pub fn is_same_connection(&self, other: &Self) -> bool {
        let connection = |caller: &Self| caller.inbound.connection.get().map(Arc::as_ptr);
        self.is_same_request(other) || connection(self).is_some_and(|it| connection(other) == Some(it))
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
        let text = String::from_utf8(self.header_bytes(name)?);
        Some(text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The same to the byte, for those who hand it on (HTTP-040).
    #[must_use]
    pub fn header_bytes(&self, name: &str) -> Option<Vec<u8>> {
        let mut lines = self.inbound.headers.get_all(name).iter().map(HeaderValue::as_bytes);
        let mut joined = lines.next()?.to_vec();
        let separator = if name.eq_ignore_ascii_case("cookie") { b"; " } else { b", " };
        for line in lines {
            joined.extend_from_slice(separator);
            joined.extend_from_slice(line);
        }
        Some(joined)
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
        let trace = trace_of(&self.inbound.headers);
        Caller { inbound: Arc::new(self.inbound), trace }
    }

    /// The caller without the trace context of its headers, for transports that carry one per message (WS-024).
    #[must_use]
    pub fn build_untraced(self) -> Caller {
        Caller { inbound: Arc::new(self.inbound), trace: None }
    }
}

/// Of several `traceparent` lines none counts; those of `tracestate` are one list.
fn trace_of(headers: &HeaderMap) -> Option<TraceContext> {
    let mut parents = headers.get_all("traceparent").iter();
    let parent = parents.next()?.to_str().ok()?;
    if parents.next().is_some() {
        return None;
    }
    let states: Result<Vec<&str>, _> =
        headers.get_all("tracestate").iter().map(HeaderValue::to_str).collect();
    TraceContext::parse(parent, states.ok().map(|states| states.join(",")).as_deref())
}

impl fmt::Debug for CallerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallerBuilder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Caller;
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
    fn http_040_the_bytes_of_a_header_are_its_own() {
        let latin = |byte: u8| HeaderValue::from_bytes(&[b'g', byte]).unwrap();
        let headers: HeaderMap =
            [0xfc, 0xe9].into_iter().map(|byte| (HeaderName::from_static("x-a"), latin(byte))).collect();
        let caller = Caller::request("http", Method::POST, "/x").headers(headers).build();
        assert_eq!(caller.header_bytes("X-A").unwrap(), b"g\xfc, g\xe9");
        assert_eq!(caller.header("x-a").unwrap(), "g\u{fffd}, g\u{fffd}", "as text there is no such thing");
        assert_eq!(caller.header_bytes("x-b"), None);
    }

    #[test]
    fn http_016_the_trace_context_is_read_from_the_headers() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let traced = caller(&[("traceparent", parent), ("tracestate", "a=1"), ("tracestate", "b=2")]);
        let trace = traced.trace().expect("the header is valid");
        assert_eq!((&**trace.traceparent(), trace.tracestate().map(|s| &**s)), (parent, Some("a=1,b=2")));
        assert!(caller(&[("traceparent", parent), ("traceparent", parent)]).trace().is_none());
        assert!(caller(&[("tracestate", "a=1")]).trace().is_none());
    }

    #[test]
    fn auth_5_another_credential_makes_another_request() {
        let first = caller(&[("authorization", "Bearer old"), ("cookie", "a=1")]);
        let renewed = first.with_credential(HeaderValue::from_static("Bearer new"), Some("p-1".into()));
        assert_eq!(renewed.header("authorization").as_deref(), Some("Bearer new"));
        assert_eq!((renewed.header("cookie").as_deref(), renewed.principal()), (Some("a=1"), Some("p-1")));
        assert_eq!((first.header("authorization").as_deref(), first.principal()), (Some("Bearer old"), None));
        assert!(!renewed.is_same_request(&first) && renewed.is_same_request(&renewed.clone()));
    }

    #[test]
    fn ord_1_credentials_come_and_go_and_the_connection_stays() {
        let first = caller(&[("authorization", "Bearer old")]);
        let earlier = first.clone();
        let renew = |caller: &Caller| caller.with_credential(HeaderValue::from_static("Bearer new"), None);
        let second = renew(&first);
        let third = renew(&second);
        let of_one = [&first, &earlier, &second, &third];
        for (a, b) in of_one.iter().flat_map(|a| of_one.iter().map(move |b| (a, b))) {
            assert!(a.is_same_connection(b));
        }
        let other = caller(&[("authorization", "Bearer old")]);
        assert!(!other.is_same_connection(&first) && !first.is_same_connection(&other));
        assert!(!renew(&other).is_same_connection(&second));
    }

    #[test]
    fn tsk_010_debug_shows_no_values() {
        let text = format!("{:?}", caller(&[("authorization", "Bearer s3cr3t")]));
        assert!(!text.contains("s3cr3t") && !text.contains("authorization"), "{text}");
    }
}
