//! The way out: every outbound HTTP request of every plugin goes through one connector (TSK-009).

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// An outbound request. Its `Debug` form shows method and host only.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpExchange {
    /// The method.
    pub method: Method,
    /// Absolute `http(s)` URL.
    pub url: String,
    /// All headers but those of the transport.
    pub headers: HeaderMap,
    /// The body, if any.
    pub body: Option<Bytes>,
    /// From connect to last body byte (TSK-055).
    pub timeout: Duration,
    /// Beyond this the answer is [`HttpFailureKind::TooLarge`] (TSK-044).
    pub max_response_bytes: usize,
}

impl HttpExchange {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>, timeout: Duration, max_response_bytes: usize) -> Self {
        Self { method, url: url.into(), headers: HeaderMap::new(), body: None, timeout, max_response_bytes }
    }
}

impl fmt::Debug for HttpExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host =
            self.url.split('/').nth(2).map(|authority| authority.rsplit('@').next().unwrap_or_default());
        f.debug_struct("HttpExchange")
            .field("method", &self.method)
            .field("host", &host)
            .finish_non_exhaustive()
    }
}

/// A response, whatever its status. Its `Debug` form shows the status only.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpReceived {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl HttpReceived {
    /// A response.
    #[must_use]
    pub const fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body }
    }
}

impl fmt::Debug for HttpReceived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpReceived").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Why there is no response (TSK-041).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpFailureKind {
    /// The time-out passed.
    Timeout,
    /// Name resolution, connection, TLS or protocol trouble.
    Network,
    /// The body is longer than allowed.
    TooLarge,
    /// An egress rule refuses the target.
    Blocked,
}

impl HttpFailureKind {
    /// The spelling in results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "TIMEOUT",
            Self::Network => "NETWORK",
            Self::TooLarge => "BODY_TOO_LARGE",
            Self::Blocked => "BLOCKED",
        }
    }
}

/// No response. The message names no header, body or credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HttpFailure {
    kind: HttpFailureKind,
    message: String,
}

impl HttpFailure {
    /// A failure with a sentence that may be shown to authors.
    #[must_use]
    pub fn new(kind: HttpFailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> HttpFailureKind {
        self.kind
    }

    /// The sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Carries outbound requests, applies rewrite and egress rules, never follows redirects and never retries (TSK-038).
#[async_trait]
pub trait HttpConnector: fmt::Debug + Send + Sync + 'static {
    /// One attempt. Dropping the future abandons it.
    ///
    /// # Errors
    /// When there is no complete response within the limits.
    async fn send(&self, request: HttpExchange) -> Result<HttpReceived, HttpFailure>;
}
