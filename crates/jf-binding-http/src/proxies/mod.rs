//! Proxies in front that end TLS and tell the client's certificate in a header (TSK-144).

mod certificate;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use ipnet::IpNet;
use jf_core::{EngineError, PeerCertificates};

use crate::problem;

pub use certificate::CertificateHeader;

/// Proxies that are believed when they name the certificate of a client.
///
/// From anybody else the header is removed and means nothing. From a proxy it alone counts: a certificate that the proxy itself has shown,
/// to reach this server, is never taken for that of its clients. In both cases journeys do not see the header.
///
/// ```
/// use jf_binding_http::{CertificateHeader, TrustedProxies};
/// use jf_core::PeerCertificates;
///
/// let proxies = TrustedProxies::new(["10.0.0.0/8", "::1"], CertificateHeader::rfc9440("client-cert".parse()?))?;
/// let mut request = http::Request::get("/").header("client-cert", ":MAA=:").body(())?;
/// proxies.identify(&mut request, Some("10.1.2.3".parse()?))?;
/// assert!(request.extensions().get::<PeerCertificates>().is_some());
/// assert!(!request.headers().contains_key("client-cert"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TrustedProxies {
    networks: Arc<[IpNet]>,
    header: CertificateHeader,
}

/// A text that is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an address such as 10.0.0.7 nor a network such as 10.0.0.0/8")]
pub struct InvalidNetwork(String);

impl TrustedProxies {
    /// Proxies with these addresses or in these networks, and the header they tell the certificate in. They must remove that header
    /// from what clients send.
    ///
    /// # Errors
    /// When a text is neither an address nor a network.
    pub fn new<T: AsRef<str>>(
        networks: impl IntoIterator<Item = T>,
        header: CertificateHeader,
    ) -> Result<Self, InvalidNetwork> {
        let network = |text: T| {
            let text = text.as_ref();
            let address = || text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
            text.parse().or_else(|_| address()).map_err(|_| InvalidNetwork(text.to_owned()))
        };
        Ok(Self { networks: networks.into_iter().map(network).collect::<Result<_, _>>()?, header })
    }

    /// Whether a connection from the address is one of a proxy.
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.networks.iter().any(|network| network.contains(&peer))
    }

    /// Takes the header off a request and, if `peer` is a proxy, puts the certificates it tells in the place of those of the connection
    /// ([`PeerCertificates`]). Without a `peer` nobody is believed.
    ///
    /// # Errors
    /// InvalidInput when a proxy sends something else than certificates.
    pub fn identify<B>(
        &self,
        request: &mut http::Request<B>,
        peer: Option<IpAddr>,
    ) -> Result<(), EngineError> {
        let is_trusted = peer.is_some_and(|peer| self.trusts(peer));
        let told = if is_trusted { self.header.read(request.headers()) } else { Ok(None) };
        self.header.remove(request.headers_mut());
        if is_trusted {
            request.extensions_mut().remove::<PeerCertificates>();
        }
        if let Some(chain) = told.map_err(|fault| EngineError::invalid_input(fault.to_string()))? {
            request.extensions_mut().insert(PeerCertificates::new(chain));
        }
        Ok(())
    }

    /// Does this for every request to a router, of which `ConnectInfo<SocketAddr>` tells the peer.
    pub fn attach(self, inner: Router) -> Router {
        inner.layer(from_fn_with_state(self, identify))
    }
}

async fn identify(State(proxies): State<TrustedProxies>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    match proxies.identify(&mut request, peer) {
        Ok(()) => next.run(request).await,
        Err(error) => problem::answer(error),
    }
}

#[cfg(test)]
mod tests {
    use super::{CertificateHeader, InvalidNetwork, TrustedProxies};
    use bytes::Bytes;
    use http::Request;
    use jf_core::PeerCertificates;

    const PROXY: &str = "10.1.2.3";

    fn header() -> CertificateHeader {
        CertificateHeader::rfc9440(http::HeaderName::from_static("client-cert"))
    }

    fn proxies() -> TrustedProxies {
        TrustedProxies::new(["10.0.0.0/8", "::ffff:192.0.2.7", "2001:db8::/32"], header()).unwrap()
    }

    /// What a request from `peer` over a connection with the certificate `own` comes to be.
    fn identified(
        own: Option<&'static [u8]>,
        lines: &[(&str, &str)],
        peer: Option<&str>,
    ) -> Result<Option<Vec<Bytes>>, String> {
        let mut request = Request::get("/");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        if let Some(own) = own {
            request.extensions_mut().insert(PeerCertificates::new([Bytes::from_static(own)]));
        }
        let judged = proxies().identify(&mut request, peer.map(|peer| peer.parse().unwrap()));
        assert!(request.headers().is_empty(), "journeys do not see the header");
        judged.map_err(|error| error.problem().detail.clone().unwrap())?;
        Ok(request.extensions().get::<PeerCertificates>().map(|chain| chain.chain().to_vec()))
    }

    #[test]
    fn tsk_144_proxies_are_known_by_address_or_network() {
        let proxies = proxies();
        for (peer, is_trusted) in [
            ("10.0.0.1", true),
            ("::ffff:10.0.0.1", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("::ffff:192.0.2.7", true),
            ("192.0.2.8", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
            ("::1", false),
        ] {
            assert_eq!(proxies.trusts(peer.parse().unwrap()), is_trusted, "{peer}");
        }
        for bad in ["", "10.0.0", "10.0.0.0/33", "proxy.example", "*"] {
            let refused = TrustedProxies::new([bad], header()).unwrap_err();
            assert_eq!(refused, InvalidNetwork(bad.to_owned()));
        }
    }

    #[test]
    fn tsk_144_only_a_proxy_is_believed() {
        let leaf = Bytes::from_static(b"0\0");
        let told = [("client-cert", ":MAA=:"), ("client-cert-chain", ":MAA=:")];
        let chain = vec![leaf.clone(), leaf.clone()];
        assert_eq!(identified(None, &told, Some(PROXY)), Ok(Some(chain)));
        for stranger in [Some("192.0.2.1"), None] {
            assert_eq!(identified(None, &told, stranger), Ok(None), "{stranger:?}");
            assert_eq!(identified(Some(b"own"), &told, stranger), Ok(Some(vec![Bytes::from_static(b"own")])));
        }
    }

    #[test]
    fn tsk_144_the_certificate_of_a_proxy_is_not_that_of_its_clients() {
        assert_eq!(identified(Some(b"proxy"), &[], Some(PROXY)), Ok(None));
        let told = [("client-cert", ":MAA=:")];
        assert_eq!(
            identified(Some(b"proxy"), &told, Some(PROXY)),
            Ok(Some(vec![Bytes::from_static(b"0\0")]))
        );
    }

    #[test]
    fn tsk_144_what_a_proxy_cannot_have_meant_is_refused() {
        let refused = identified(Some(b"proxy"), &[("client-cert", "MAA=")], Some(PROXY)).unwrap_err();
        assert_eq!(refused, "the header `client-cert` of the proxy holds no certificate");
        assert!(!refused.contains("MAA="), "TSK-010");
    }
}
