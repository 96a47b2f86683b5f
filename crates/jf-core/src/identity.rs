//! What a layer in front of a binding may know about the client: request extensions, shared by all bindings on HTTP.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::COOKIE;
use http::request::Parts;

/// The identity a layer in front of a binding has authenticated. A request extension: insert it before the binding is called.
///
/// It becomes [`Caller::principal`](crate::Caller::principal), the scope of start keys (ENG-050).
///
/// ```
/// use jf_core::Principal;
///
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(Principal::new("https://id.example|4711").with_subject("4711"));
/// ```
#[derive(Clone)]
pub struct Principal {
    id: Arc<str>,
    subject: Option<Arc<str>>,
    ambient: bool,
}

impl Principal {
    /// A client known by `id`, which must be unique among all clients and stable between requests.
    #[must_use]
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self { id: id.into(), subject: None, ambient: false }
    }

    /// Names the value of the attribute `subjectId` of the client's own runs, when it is not the id (HTTP-083).
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<Arc<str>>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Says that the identity came by itself, with a cookie or a client certificate, and not with a credential that a page
    /// had to know. What foreign origins may do with it is limited (HTTP-028, ORG-3).
    #[must_use]
    pub fn ambient(mut self) -> Self {
        self.ambient = true;
        self
    }

    /// The id.
    #[must_use]
    pub const fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// The value of `subjectId` of the client's own runs.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.subject.as_deref().unwrap_or(&self.id)
    }

    /// Whether browsers send the identity along by themselves.
    #[must_use]
    pub const fn is_ambient(&self) -> bool {
        self.ambient
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal").field("ambient", &self.ambient).finish_non_exhaustive()
    }
}

/// The verified certificate chain of a connection, leaf first, DER encoded. A request extension, set by whoever ends TLS; it
/// becomes [`Caller::peer_certificates`](crate::Caller::peer_certificates).
#[derive(Clone)]
pub struct PeerCertificates(Arc<[Bytes]>);

impl PeerCertificates {
    /// A chain; leave the extension out when the client showed no certificate.
    #[must_use]
    pub fn new(chain: impl IntoIterator<Item = Bytes>) -> Self {
        Self(chain.into_iter().collect())
    }

    /// The chain, leaf first.
    #[must_use]
    pub fn chain(&self) -> &[Bytes] {
        &self.0
    }
}

impl fmt::Debug for PeerCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PeerCertificates").field(&self.0.len()).finish()
    }
}

/// Whom a bound per address counts: an IPv4 address by itself, also where it is wrapped in an IPv6 one; an IPv6 address by its first 64 bits.
/// Any host has all the addresses below those, so that a bound on single ones would bound nobody (LIM-4).
///
/// ```
/// use jf_core::client_network;
///
/// let network = |text: &str| client_network(text.parse().unwrap()).to_string();
/// assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
/// assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
/// ```
#[must_use]
pub fn client_network(address: IpAddr) -> IpAddr {
    const NETWORK: u128 = !0 << 64;
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
        address => address,
    }
}

/// Whether a request rests on an identity that browsers send along by themselves, which limits what pages of foreign origins may do
/// with it (HTTP-028, ORG-3).
///
/// A layer that authenticates says so with its [`Principal`]. Without its word a cookie or a certificate may be what a journey's own
/// authentication reads, so it counts.
#[must_use]
pub fn rests_on_ambient_identity(request: &Parts) -> bool {
    match request.extensions.get::<Principal>() {
        Some(principal) => principal.is_ambient(),
        None => {
            let certificates = request.extensions.get::<PeerCertificates>();
            request.headers.contains_key(COOKIE)
                || certificates.is_some_and(|chain| !chain.chain().is_empty())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PeerCertificates, Principal, rests_on_ambient_identity};
    use bytes::Bytes;
    use http::Request;

    #[test]
    fn http_028_org_3_the_word_of_the_layer_counts_before_appearances() {
        let ambient = |request: http::request::Builder| {
            rests_on_ambient_identity(&request.body(()).expect("a request").into_parts().0)
        };
        assert!(!ambient(Request::get("/")));
        assert!(ambient(Request::get("/").header("cookie", "a=1")));
        assert!(ambient(Request::get("/").extension(PeerCertificates::new([Bytes::new()]))));
        assert!(!ambient(Request::get("/").extension(PeerCertificates::new([]))));
        assert!(!ambient(Request::get("/").header("cookie", "a=1").extension(Principal::new("p"))));
        assert!(ambient(Request::get("/").extension(Principal::new("p").ambient())));
    }

    #[test]
    fn tsk_010_debug_shows_no_identity() {
        let chain = PeerCertificates::new([Bytes::from_static(b"s3cr3t")]);
        let shown = format!("{:?}{chain:?}", Principal::new("s3cr3t").with_subject("s3cr3t"));
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }

    #[test]
    fn http_083_the_subject_is_the_id_unless_named() {
        assert_eq!(Principal::new("a").subject(), "a");
        assert_eq!(Principal::new("a").with_subject("b").subject(), "b");
        assert!(Principal::new("a").ambient().is_ambient());
    }
}
