//! The configuration block `connectors.http`.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use http::HeaderName;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::{Host, Url};

/// How outbound HTTP works in one installation: the block `connectors.http` of the configuration. Every member is optional, an unknown
/// one is an error.
///
/// ```
/// use jf_task_http::ConnectorConfig;
/// use serde_json::json;
///
/// let config: ConnectorConfig = serde_json::from_value(json!({
///     "rewrite": [{ "from": "https://api.example.com", "to": "http://localhost:9000" }],
///     "allowHosts": ["api.example.com", ".partner.example"],
///     "timeoutMs": 5000,
/// }))?;
/// assert!(config.denies_private_networks());
/// assert!(serde_json::from_value::<ConnectorConfig>(json!({ "timeout": 5000 })).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConnectorConfig {
    /// Origins that are replaced by others before a request is sent; the first rule for an origin wins. Targets are exempt from
    /// [`deny_private_networks`](Self::deny_private_networks), so a rule from an origin to itself opens the way to one service inside.
    /// Default: none.
    pub rewrite: Vec<Rewrite>,
    /// The hosts that may be called, before any rewriting. Default: every host. An empty list: none.
    pub allow_hosts: Option<Vec<HostPattern>>,
    /// Whether requests to addresses that are not on the public internet are refused, whatever name they hide behind. Without a value
    /// the program decides; [`ReqwestConnector`](crate::ReqwestConnector) then denies.
    pub deny_private_networks: Option<bool>,
    /// Milliseconds for one attempt of a call whose task and definition name no time-out (DEF-070). Default: 10 000.
    pub timeout_ms: NonZeroU64,
    /// Milliseconds to establish a connection, within the time-out of the attempt. Default: 10 000.
    pub connect_timeout_ms: NonZeroU64,
    /// Bytes of a response body, beyond which a call has the result `BODY_TOO_LARGE` (TSK-044). Default: 10 MiB.
    pub max_response_bytes: NonZeroU64,
    /// Bytes of a request body, beyond which the state fails. Default: 10 MiB.
    pub max_request_bytes: NonZeroU64,
    /// A header that requests of `httpCall:v1` carry beside those of their definition, such as `Idempotency-Key`, with a value that is
    /// the same when the engine repeats the task after a crash and when it repeats an attempt (ENG-101). Requests with `GET` and the other safe
    /// methods carry none. Default: none.
    #[serde(deserialize_with = "header_name")]
    pub idempotency_header: Option<HeaderName>,
    /// Idle connections.
    pub pool: PoolConfig,
}

/// `connectors.http.pool`: how long and how many connections stay open without a request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct PoolConfig {
    /// Idle connections kept per origin; 0 keeps none. Default: 32.
    pub max_idle_per_host: usize,
    /// Milliseconds after which an idle connection is closed. Default: 90 000.
    pub idle_timeout_ms: NonZeroU64,
}

/// One rule of `connectors.http.rewrite`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// The origin of the URL in the definition.
    pub from: Origin,
    /// The origin that is called instead; path and query stay.
    pub to: Origin,
}

/// Scheme, host and port of an `http` or `https` URL, such as `https://api.example.com` or `http://localhost:9000`.
#[derive(Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin {
    secure: bool,
    host: Host<String>,
    port: u16,
}

/// A host name or address, or `.example.com` for every name below `example.com` (but not that name itself). Case does not matter.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HostPattern {
    /// Below this name only, when `below` is set.
    host: Host<String>,
    below: bool,
}

/// The text is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an origin: write scheme, host and optional port only, such as `https://api.example.com`")]
pub struct InvalidOrigin;

/// The text is no host pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a host: write a name such as `api.example.com`, or `.example.com` for all names below it, without scheme, port and `*`"
)]
pub struct InvalidHostPattern;

impl ConnectorConfig {
    /// [`deny_private_networks`](Self::deny_private_networks) with its default.
    #[must_use]
    pub fn denies_private_networks(&self) -> bool {
        self.deny_private_networks.unwrap_or(true)
    }
}

impl Default for ConnectorConfig {
    fn default() -> Self {
        const TEN_SECONDS: NonZeroU64 = NonZeroU64::new(10_000).expect("not zero");
        const TEN_MIB: NonZeroU64 = NonZeroU64::new(10 * 1024 * 1024).expect("not zero");
        Self {
            rewrite: Vec::new(),
            allow_hosts: None,
            deny_private_networks: None,
            timeout_ms: TEN_SECONDS,
            connect_timeout_ms: TEN_SECONDS,
            max_response_bytes: TEN_MIB,
            max_request_bytes: TEN_MIB,
            idempotency_header: None,
            pool: PoolConfig::default(),
        }
    }
}

fn header_name<'de, D: Deserializer<'de>>(input: D) -> Result<Option<HeaderName>, D::Error> {
    let text: Option<String> = Option::deserialize(input)?;
    text.map(|text| text.parse().map_err(|_| D::Error::custom("not the name of a header"))).transpose()
}

impl Default for PoolConfig {
    fn default() -> Self {
        const NINETY_SECONDS: NonZeroU64 = NonZeroU64::new(90_000).expect("not zero");
        Self { max_idle_per_host: 32, idle_timeout_ms: NINETY_SECONDS }
    }
}

impl Origin {
    /// The origin of a URL; `None` unless it is `http(s)` with a host.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = url.host()?.to_owned();
        Some(Self { secure, host: without_final_dot(host), port: url.port_or_known_default()? })
    }

    /// Puts this origin in the place of the URL's.
    pub(crate) fn apply(&self, url: &mut Url) {
        // `http` and `https` URLs take each other's scheme, any host, and any port.
        let scheme = url.set_scheme(self.scheme());
        let host = url.set_host(Some(&self.host.to_string()));
        let port = url.set_port(Some(self.port));
        debug_assert!(
            scheme.is_ok() && host.is_ok() && port.is_ok(),
            "an http(s) URL takes any http(s) origin"
        );
    }

    const fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let url = Url::parse(text).map_err(|_| InvalidOrigin)?;
        let bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if bare { Self::of(&url).ok_or(InvalidOrigin) } else { Err(InvalidOrigin) }
    }
}

impl HostPattern {
    pub(crate) fn matches(&self, host: &Host<&str>) -> bool {
        match (&self.host, host) {
            (Host::Domain(pattern), Host::Domain(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                if self.below {
                    name.strip_suffix(pattern.as_str()).is_some_and(|rest| rest.ends_with('.'))
                } else {
                    name == pattern
                }
            }
            (Host::Ipv4(pattern), Host::Ipv4(address)) => pattern == address,
            (Host::Ipv6(pattern), Host::Ipv6(address)) => pattern == address,
            _ => false,
        }
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHostPattern;

    fn from_str(text: &str) -> Result<Self, InvalidHostPattern> {
        let (name, below) = text.strip_prefix('.').map_or((text, false), |rest| (rest, true));
        if name.is_empty() || name.contains(['*', '/', '@', '?', '#', '%']) || name.starts_with('.') {
            return Err(InvalidHostPattern);
        }
        let host = without_final_dot(Host::parse(name).map_err(|_| InvalidHostPattern)?);
        if below && !matches!(host, Host::Domain(_)) {
            return Err(InvalidHostPattern);
        }
        Ok(Self { host, below })
    }
}

fn without_final_dot(host: Host<String>) -> Host<String> {
    match host {
        Host::Domain(mut name) => {
            if name.ends_with('.') {
                name.pop();
            }
            Host::Domain(name)
        }
        address => address,
    }
}

impl TryFrom<String> for Origin {
    type Error = InvalidOrigin;

    fn try_from(text: String) -> Result<Self, InvalidOrigin> {
        text.parse()
    }
}

impl TryFrom<String> for HostPattern {
    type Error = InvalidHostPattern;

    fn try_from(text: String) -> Result<Self, InvalidHostPattern> {
        text.parse()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme(), self.host, self.port)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.below { "." } else { "" }, self.host)
    }
}

impl fmt::Debug for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ConnectorConfig, HostPattern, Origin};

    fn error(config: Value) -> String {
        serde_json::from_value::<ConnectorConfig>(config).unwrap_err().to_string()
    }

    #[test]
    fn eng_145_the_defaults_are_those_of_the_table() {
        let config: ConnectorConfig = serde_json::from_value(json!({})).unwrap();
        assert_eq!(config, ConnectorConfig::default());
        assert_eq!((config.timeout_ms.get(), config.max_response_bytes.get()), (10_000, 10 * 1024 * 1024));
    }

    #[test]
    fn unknown_and_senseless_members_are_refused() {
        assert!(error(json!({ "timeoutMS": 1 })).contains("unknown field `timeoutMS`"));
        assert!(error(json!({ "pool": { "size": 1 } })).contains("unknown field `size`"));
        assert!(error(json!({ "timeoutMs": 0 })).contains("nonzero"));
        assert!(error(json!({ "rewrite": [{ "from": "https://a" }] })).contains("`to`"));
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        let origin = |text: &str| text.parse::<Origin>().map(|origin| origin.to_string());
        assert_eq!(origin("https://API.example.com").unwrap(), "https://api.example.com:443");
        assert_eq!(origin("http://localhost:9000/").unwrap(), "http://localhost:9000");
        assert_eq!(origin("http://[::1]:80").unwrap(), "http://[::1]:80");
        for bad in [
            "",
            "localhost",
            "localhost:9000",
            "ftp://h",
            "http://h/p",
            "http://h?q",
            "http://h#f",
            "http://u@h",
            "http://",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn host_patterns_are_names_addresses_and_suffixes() {
        for good in ["example.com", ".Example.com", "10.0.0.1", "[::1]", "localhost"] {
            assert!(good.parse::<HostPattern>().is_ok(), "{good}");
        }
        for bad in ["", ".", "..a", "*.example.com", "https://a", "a:80", "a/b", ".10.0.0.1", "a b"] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad}");
        }
        assert_eq!(".Example.com".parse::<HostPattern>().unwrap().to_string(), ".example.com");
    }
}
