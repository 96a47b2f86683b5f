//! Secrets by reference (DEF-141). Resolved values never reach contexts, documents, events or logs (DEF-142).

use std::fmt;

use async_trait::async_trait;

/// A resolved secret. Its `Debug` form shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a resolved value.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A secret that cannot be had; the state fails with `secret-unavailable` (TSK-065).
///
/// The cause goes to logs only; it must name no value.
#[derive(Debug, thiserror::Error)]
#[error("secret {reference} is not available")]
pub struct SecretError {
    reference: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl SecretError {
    /// There is no value for `reference`.
    #[must_use]
    pub fn new(reference: impl Into<String>) -> Self {
        Self { reference: reference.into(), source: None }
    }

    /// Keeps the cause for logs.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The reference, which is not itself secret.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }
}

/// Turns `secret://…` references into values.
#[async_trait]
pub trait SecretResolver: fmt::Debug + Send + Sync + 'static {
    /// The value behind `reference`.
    ///
    /// # Errors
    /// When it is unknown or cannot be fetched.
    async fn resolve(&self, reference: &str) -> Result<Secret, SecretError>;
}

/// Knows no secrets; the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

#[async_trait]
impl SecretResolver for NoSecrets {
    async fn resolve(&self, reference: &str) -> Result<Secret, SecretError> {
        Err(SecretError::new(reference))
    }
}
