//! The way out: one shared, pooled client behind [`HttpConnector`].

mod address;
mod blocked;
mod egress;
mod failure;
mod resolver;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, COOKIE, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use jf_core::spi::{HttpConnector, HttpExchange, HttpFailure, HttpFailureKind, HttpReceived};
use reqwest::{Body, Client, Request, Response};
use url::Url;

use self::blocked::Blocked;
use self::egress::{Egress, Way};
use self::resolver::PublicResolver;
use crate::config::ConnectorConfig;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("journeyforge/", env!("CARGO_PKG_VERSION")));

/// Carries every outbound HTTP request of an engine.
///
/// - HTTP/1.1 and HTTP/2 (by ALPN), connections are pooled and shared. TLS is rustls with the trust anchors of the system and is always
///   verified (TSK-038); on a machine without any, `https` fails with `NETWORK` and `http` works.
/// - Redirects are results. Nothing is retried, no proxy is taken from the environment, and no cookie is kept.
/// - The time-out runs from connect to the last body byte (TSK-055). The size limit is enforced while the body arrives (TSK-044): at
///   most one chunk beyond it is ever held.
/// - No content coding is asked for (`accept-encoding: identity` unless the caller says otherwise) and none is undone: the limit counts
///   what crosses the wire, the result shows the headers as they were sent, and a small body cannot unfold into a large one.
/// - `rewrite`, `allowHosts` and `denyPrivateNetworks` of [`ConnectorConfig`] apply to every request. Names are resolved once, by the
///   resolver that judges them.
/// - What the rules refuse is told to the log as a warning, for each host once in a minute: the run itself sees `BLOCKED` and no more.
///
/// Cheap to clone and to share. Messages of failures are fixed sentences, without anything of the request.
///
/// # Cancel safety
///
/// Dropping the future of [`send`](HttpConnector::send) abandons the attempt and closes its connection unless the exchange was complete.
#[derive(Clone)]
pub struct ReqwestConnector(Arc<Inner>);

struct Inner {
    egress: Egress,
    blocked: Blocked,
    ruled: Client,
    exempt: Option<Client>,
    has_trust_anchors: bool,
}

/// The client cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be built")]
pub struct ConnectorError(#[source] reqwest::Error);

impl ReqwestConnector {
    /// Builds the client. Needs no runtime; [`send`](HttpConnector::send) needs tokio.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn new(config: &ConnectorConfig) -> Result<Self, ConnectorError> {
        match Inner::build(config, true) {
            Ok(inner) => Ok(Self(Arc::new(inner))),
            // The trust anchors could not be loaded. A system that calls `http` only must still start.
            Err(_) => {
                let inner = Inner::build(config, false).map_err(ConnectorError)?;
                tracing::warn!("no trusted root certificates found on this machine, https calls will fail");
                Ok(Self(Arc::new(inner)))
            }
        }
    }
}

fn client(config: &ConnectorConfig, public_only: bool, system_trust: bool) -> reqwest::Result<Client> {
    let mut builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(Duration::from_millis(config.connect_timeout_ms.get()))
        .pool_idle_timeout(Duration::from_millis(config.pool.idle_timeout_ms.get()))
        .pool_max_idle_per_host(config.pool.max_idle_per_host);
    if public_only {
        builder = builder.dns_resolver(PublicResolver);
    }
    if !system_trust {
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

#[async_trait]
impl HttpConnector for ReqwestConnector {
    async fn send(&self, request: HttpExchange) -> Result<HttpReceived, HttpFailure> {
        let timeout = request.timeout;
        match tokio::time::timeout(timeout, self.0.exchange(request)).await {
            Ok(received) => received,
            Err(_) => Err(failure::timed_out(timeout)),
        }
    }
}

impl Inner {
    fn build(config: &ConnectorConfig, has_trust_anchors: bool) -> reqwest::Result<Self> {
        let egress = Egress::new(config);
        let ruled = client(config, egress.denies_private(), has_trust_anchors)?;
        let exempt =
            if egress.has_exemptions() { Some(client(config, false, has_trust_anchors)?) } else { None };
        Ok(Self { egress, blocked: Blocked::default(), ruled, exempt, has_trust_anchors })
    }

    async fn exchange(&self, mut exchange: HttpExchange) -> Result<HttpReceived, HttpFailure> {
        let target = std::mem::take(&mut exchange.url);
        let outcome = self.send_to(&target, exchange).await;
        if let Err(failure) = &outcome
            && failure.kind() == HttpFailureKind::Blocked
        {
            self.blocked.tell(&target, failure);
        }
        outcome
    }

    async fn send_to(&self, target: &str, exchange: HttpExchange) -> Result<HttpReceived, HttpFailure> {
        let mut url = Url::parse(target).map_err(|_| failure::network("the URL is not valid"))?;
        let client = match self.egress.admit(&mut url)? {
            Way::Ruled => &self.ruled,
            Way::Exempt => self.exempt.as_ref().unwrap_or(&self.ruled),
        };
        if !self.has_trust_anchors && url.scheme() == "https" {
            return Err(failure::network("this machine has no trusted root certificates"));
        }
        let mut request = Request::new(exchange.method, url);
        *request.headers_mut() = with_defaults(exchange.headers);
        *request.body_mut() = exchange.body.map(Body::from);
        let mut response = client.execute(request).await.map_err(|error| failure::classify(&error))?;
        let body = read(&mut response, exchange.max_response_bytes).await?;
        Ok(HttpReceived::new(response.status(), std::mem::take(response.headers_mut()), body))
    }
}

fn with_defaults(mut headers: HeaderMap) -> HeaderMap {
    // Keeps credentials out of the header compression tables of HTTP/2.
    for name in [AUTHORIZATION, COOKIE] {
        if let Some(value) = headers.get_mut(name) {
            value.set_sensitive(true);
        }
    }
    headers.entry(USER_AGENT).or_insert(AGENT);
    headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
    headers
}

/// Collects the body, copying only when it arrives in more than one piece.
async fn read(response: &mut Response, limit: usize) -> Result<Bytes, HttpFailure> {
    const RESERVE: usize = 64 * 1024;
    let announced =
        response.content_length().map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
    if announced > limit {
        return Err(failure::too_large(limit));
    }
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure::classify(&error))? {
        let so_far = if whole.is_empty() { first.len() } else { whole.len() };
        if chunk.len() > limit - so_far {
            return Err(failure::too_large(limit));
        }
        if so_far == 0 {
            first = chunk;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(announced.clamp(so_far + chunk.len(), (so_far + chunk.len()).max(RESERVE)));
            whole.extend_from_slice(&first);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

impl fmt::Debug for ReqwestConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestConnector").field("egress", &self.0.egress).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use http::Method;
    use jf_core::spi::{HttpConnector, HttpExchange};

    use super::{Inner, ReqwestConnector};
    use crate::config::ConnectorConfig;

    #[tokio::test]
    async fn tsk_038_without_trust_anchors_https_is_refused_rather_than_unverified() {
        let inner = Inner::build(&ConnectorConfig::default(), false).unwrap();
        let connector = ReqwestConnector(Arc::new(inner));
        let exchange = HttpExchange::new(Method::GET, "https://8.8.8.8/", Duration::from_secs(1), 1);
        let failure = connector.send(exchange).await.unwrap_err();
        assert_eq!(failure.message(), "this machine has no trusted root certificates");
    }
}
