//! `spec.policies`: how outbound HTTP calls are retried, bounded and authenticated (01 §14).

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::ordered::OrderedMap;
use super::skip::{is_default, is_true};
use crate::ids::{PolicyId, SecretRef};
use crate::text::written_as_text;
use crate::value::file_ref::FileRef;

/// Policies of outbound HTTP calls. [DEF-130]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Policies {
    /// How calls are retried and bounded. [DEF-131]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_resilience: Option<PolicySet<ResiliencePolicy>>,
    /// How calls are authenticated. [DEF-136]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_client_auth: Option<PolicySet<ClientAuth>>,
}

/// Policies of one kind by id. [DEF-130]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct PolicySet<P> {
    /// The policy of tasks that name none; for `httpClientAuth` it is documentation only. [DEF-131, DEF-140]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<PolicyId>,
    /// The policies by id. [DEF-130]
    pub definitions: OrderedMap<PolicyId, P>,
}

impl<P> Default for PolicySet<P> {
    fn default() -> Self {
        Self { default: None, definitions: OrderedMap::default() }
    }
}

/// How a call is retried and bounded. [DEF-132]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ResiliencePolicy {
    /// Attempts in all, the first one included. [DEF-132]
    pub max_attempts: NonZeroU64,
    /// The results that another attempt follows; without any there is none. [DEF-133]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retry_on: Vec<RetryOn>,
    /// The pause between attempts. [DEF-134]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// When calls are refused because too many failed. [DEF-135]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circuit_breaker: Option<CircuitBreaker>,
    /// How many calls may be under way. [DEF-135]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulkhead: Option<Bulkhead>,
}

/// A result that another attempt follows. [DEF-133]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryOn {
    /// `NETWORK_ERROR`: there was no answer.
    NetworkError,
    /// `TIMEOUT`: there was no answer in time.
    Timeout,
    /// `HTTP_5XX`: any status from 500 to 599.
    Http5xx,
    /// `HTTP_` and three digits: this status.
    Status(u16),
}

impl RetryOn {
    /// Reads an entry of `retryOn`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "NETWORK_ERROR" => Some(Self::NetworkError),
            "TIMEOUT" => Some(Self::Timeout),
            "HTTP_5XX" => Some(Self::Http5xx),
            _ => {
                let digits = text.strip_prefix("HTTP_")?;
                let three = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
                digits.parse().ok().filter(|_| three).map(Self::Status)
            }
        }
    }
}

impl fmt::Display for RetryOn {
    /// The entry as written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NetworkError => f.write_str("NETWORK_ERROR"),
            Self::Timeout => f.write_str("TIMEOUT"),
            Self::Http5xx => f.write_str("HTTP_5XX"),
            Self::Status(status) => write!(f, "HTTP_{status:03}"),
        }
    }
}

written_as_text!(RetryOn, "retryOn entry", {
    "pattern": "^(NETWORK_ERROR|TIMEOUT|HTTP_5XX|HTTP_[0-9]{3})$",
    "examples": ["NETWORK_ERROR", "TIMEOUT", "HTTP_5XX", "HTTP_429"]
});

/// The pause between attempts. [DEF-134]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Backoff {
    /// How pauses grow: `fixed` (default) or `exponential`, which doubles them. [DEF-134]
    #[serde(skip_serializing_if = "is_default")]
    pub kind: BackoffKind,
    /// Milliseconds of the first pause, 100 unless given. [DEF-134]
    #[serde(skip_serializing_if = "Backoff::is_default_base")]
    pub base_delay_ms: u64,
    /// Milliseconds of the longest pause, 60000 unless given, which is also the most. [DEF-134]
    #[serde(skip_serializing_if = "Backoff::is_default_most")]
    pub max_delay_ms: u64,
    /// Whether pauses are chosen at random below their length: `none` (default) or `full`. [DEF-134]
    #[serde(skip_serializing_if = "is_default")]
    pub jitter: Jitter,
}

impl Backoff {
    /// `baseDelayMs` unless given.
    pub const DEFAULT_BASE_DELAY_MS: u64 = 100;
    /// `maxDelayMs` unless given, and its ceiling.
    pub const MOST_DELAY_MS: u64 = 60_000;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    const fn is_default_base(value: &u64) -> bool {
        *value == Self::DEFAULT_BASE_DELAY_MS
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    const fn is_default_most(value: &u64) -> bool {
        *value == Self::MOST_DELAY_MS
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            kind: BackoffKind::Fixed,
            base_delay_ms: Self::DEFAULT_BASE_DELAY_MS,
            max_delay_ms: Self::MOST_DELAY_MS,
            jitter: Jitter::None,
        }
    }
}

/// How pauses between attempts grow. [DEF-134]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BackoffKind {
    /// Every pause has the base length.
    #[default]
    Fixed,
    /// Every pause is twice the one before, up to the longest.
    Exponential,
}

/// Whether pauses between attempts are chosen at random. [DEF-134]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Jitter {
    /// Pauses have their length.
    #[default]
    None,
    /// Pauses are anywhere between nothing and their length.
    Full,
}

/// When calls are refused because too many failed. [DEF-135]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CircuitBreaker {
    /// Whether it is in use, `true` unless given. [DEF-135]
    #[serde(skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// The share of failures in the window that opens it, above 0 and at most 1; 0.5 unless given. [DEF-135]
    #[serde(skip_serializing_if = "CircuitBreaker::is_default_threshold")]
    pub failure_rate_threshold: f64,
    /// The number of last attempts that are looked at, 20 unless given. [DEF-135]
    #[serde(skip_serializing_if = "CircuitBreaker::is_default_window")]
    pub sliding_window_size: NonZeroU64,
    /// Seconds for which it stays open before one call is tried, 30 unless given. [DEF-135]
    #[serde(skip_serializing_if = "CircuitBreaker::is_default_open")]
    pub open_timeout_sec: NonZeroU64,
}

impl CircuitBreaker {
    const THRESHOLD: f64 = 0.5;
    const WINDOW: NonZeroU64 = NonZeroU64::new(20).expect("20 is not 0");
    const OPEN: NonZeroU64 = NonZeroU64::new(30).expect("30 is not 0");

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    fn is_default_threshold(value: &f64) -> bool {
        value.total_cmp(&Self::THRESHOLD).is_eq()
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    fn is_default_window(value: &NonZeroU64) -> bool {
        *value == Self::WINDOW
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    fn is_default_open(value: &NonZeroU64) -> bool {
        *value == Self::OPEN
    }
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self {
            enabled: true,
            failure_rate_threshold: Self::THRESHOLD,
            sliding_window_size: Self::WINDOW,
            open_timeout_sec: Self::OPEN,
        }
    }
}

/// How many calls may be under way. [DEF-135]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Bulkhead {
    /// Calls at one time, 10 unless given. [DEF-135]
    #[serde(skip_serializing_if = "Bulkhead::is_default_concurrent")]
    pub max_concurrent: NonZeroU64,
    /// Calls that may wait for their turn, 0 unless given. [DEF-135]
    #[serde(skip_serializing_if = "is_default")]
    pub queue_size: u64,
}

impl Bulkhead {
    const CONCURRENT: NonZeroU64 = NonZeroU64::new(10).expect("10 is not 0");

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    fn is_default_concurrent(value: &NonZeroU64) -> bool {
        *value == Self::CONCURRENT
    }
}

impl Default for Bulkhead {
    fn default() -> Self {
        Self { max_concurrent: Self::CONCURRENT, queue_size: 0 }
    }
}

/// How a call is authenticated. Secrets are referred to, never written out. [DEF-136, DEF-141]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum ClientAuth {
    /// A bearer token that does not change. [DEF-137]
    BearerStatic {
        /// The token. [DEF-141]
        token_ref: SecretRef,
    },
    /// A token that is fetched with the client's own credentials. [DEF-138]
    #[serde(rename = "oauth2ClientCredentials")]
    Oauth2ClientCredentials(Oauth2ClientCredentials),
    /// A client certificate. [DEF-137]
    MtlsClient {
        /// The certificate and its key. [DEF-141]
        client_cert_ref: SecretRef,
        /// Whom to trust instead of the platform's authorities. [DEF-137]
        #[serde(skip_serializing_if = "Vec::is_empty")]
        trust_anchors: Vec<TrustAnchor>,
    },
}

/// A token that is fetched with the client's own credentials. [DEF-138]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Oauth2ClientCredentials {
    /// Where tokens are fetched, an absolute `https` URL. [DEF-138]
    pub token_endpoint: Arc<str>,
    /// How the client proves who it is. [DEF-138]
    pub auth: TokenAuth,
    /// Further form fields of the token request; `grant_type` is implied. [DEF-139]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub form: OrderedMap<String, Arc<str>>,
}

/// How a client proves to the token endpoint who it is. [DEF-138]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TokenAuth {
    /// `clientSecretPost`, `clientSecretBasic` or `tlsClientAuth`. [DEF-138]
    pub method: TokenAuthMethod,
    /// The id of the client. [DEF-138]
    pub client_id: Arc<str>,
    /// The secret of the client, with the two secret methods. [DEF-138, DEF-141]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_ref: Option<SecretRef>,
    /// The certificate of the client, with `tlsClientAuth`. [DEF-138, DEF-141]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_cert_ref: Option<SecretRef>,
}

/// How a client proves to the token endpoint who it is. [DEF-138]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TokenAuthMethod {
    /// Id and secret in the form.
    ClientSecretPost,
    /// Id and secret in the `Authorization` header.
    ClientSecretBasic,
    /// A client certificate.
    TlsClientAuth,
}

/// A certificate authority that is trusted. [DEF-137]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TrustAnchor {
    /// A PEM file under the base folder, or a secret. [DEF-141]
    pub pem_ref: PemRef,
}

/// Where a PEM text is found. [DEF-141]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum PemRef {
    /// A file under the base folder.
    File(FileRef),
    /// A secret.
    Secret(SecretRef),
}

#[cfg(test)]
mod tests {
    use super::RetryOn;

    #[test]
    fn def_133_entries_of_retry_on() {
        for text in ["NETWORK_ERROR", "TIMEOUT", "HTTP_5XX", "HTTP_429", "HTTP_503"] {
            assert_eq!(RetryOn::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "HTTP_", "HTTP_42", "HTTP_4XX", "HTTP_4290", "HTTP_+42", "timeout", "429"] {
            assert_eq!(RetryOn::parse(text), None, "{text}");
        }
    }
}
