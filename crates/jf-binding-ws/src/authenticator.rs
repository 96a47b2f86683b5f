//! Credentials that the platform judges itself (AUTH-4 to AUTH-6), for embedders.

use std::fmt;

use async_trait::async_trait;
use jf_core::{Caller, Principal};
use jiff::Timestamp;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Says who shows a bearer token. One for all connections; see [`WsConfig::authenticator`](crate::WsConfig::authenticator).
///
/// It is asked about the token of a handshake (a header or the token carrier of SP-6) unless a layer in front has said already who the client
/// is, and about those of `hello` and `auth` frames. Requests of the connection that arrive behind the token wait for the
/// answer, so that they are judged with the new credential. After five seconds the answer counts as [`AuthenticationError::Unavailable`]
/// and the future is dropped, which must be safe at any point. So does a panic.
///
/// ```
/// use async_trait::async_trait;
/// use jf_binding_ws::{AuthenticationError, Authenticator, Identity};
/// use jf_core::{Caller, Principal};
///
/// /// Knows one client.
/// #[derive(Debug)]
/// struct OneClient;
///
/// #[async_trait]
/// impl Authenticator for OneClient {
///     async fn authenticate(&self, token: &str, _: &Caller) -> Result<Identity, AuthenticationError> {
///         match token {
///             "s3cr3t" => Ok(Identity::new(Principal::new("client-1"))),
///             _ => Err(AuthenticationError::Rejected),
///         }
///     }
/// }
/// # let mut config = jf_binding_ws::WsConfig::default();
/// config.authenticator = Some(std::sync::Arc::new(OneClient));
/// ```
#[async_trait]
pub trait Authenticator: fmt::Debug + Send + Sync + 'static {
    /// Judges a token. `connection` is the captured handshake, with the credential that counted so far.
    ///
    /// # Errors
    /// [`Rejected`](AuthenticationError::Rejected) for what is wrong with the token, and for nothing else: clients throw away a credential
    /// that was rejected (AUTH-6).
    async fn authenticate(&self, token: &str, connection: &Caller) -> Result<Identity, AuthenticationError>;
}

/// Why nobody is authenticated. Deliberately without text: what is wrong with a token is nobody's business but its issuer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticationError {
    /// The token is not good, or not any more.
    #[error("the token is not accepted")]
    Rejected,
    /// The token cannot be judged now.
    #[error("the token cannot be judged now")]
    Unavailable,
}

/// Who a client is, and for how long that is believed.
///
/// Also a request extension, for layers in front that know more than a [`Principal`]: an expiry or a revocation. Without an authenticator
/// frames bring no other credential then, since nobody could tell whether it is as good.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    principal: Option<Principal>,
    expires_at: Option<Timestamp>,
    revocation: Option<Revocation>,
}

impl Identity {
    /// A client whose credential does not expire.
    #[must_use]
    pub fn new(principal: Principal) -> Self {
        Self { principal: Some(principal), ..Self::default() }
    }

    /// A client whose token is good, but names nobody.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// The credential is good until then (AUTH-4).
    #[must_use]
    pub fn with_expiry(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// The credential ends when this switch is turned. That of a layer in front is for the whole connection: it ends it also when a frame
    /// has brought another credential since.
    #[must_use]
    pub fn with_revocation(mut self, revocation: Revocation) -> Self {
        self.revocation = Some(revocation);
        self
    }

    /// The client, if the credential names one.
    #[must_use]
    pub const fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// When the credential ends.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    pub(crate) const fn revocation(&self) -> Option<&Revocation> {
        self.revocation.as_ref()
    }

    /// Whether it says nothing at all.
    pub(crate) const fn is_blank(&self) -> bool {
        self.principal.is_none() && self.expires_at.is_none() && self.revocation.is_none()
    }

    /// Whether the credential has expired or was revoked.
    pub(crate) fn is_over(&self) -> bool {
        self.expires_at.is_some_and(|at| at <= Timestamp::now())
            || self.revocation.as_ref().is_some_and(Revocation::is_revoked)
    }
}

/// Ends credentials before their time: every connection that rests on one is closed with 4401 at once (AUTH-4). Clones are one switch;
/// an authenticator keeps one per credential or per client, as it sees fit.
#[derive(Clone, Default)]
pub struct Revocation(CancellationToken);

impl Revocation {
    /// A switch that is not turned.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Turns it. There is no way back.
    pub fn revoke(&self) {
        self.0.cancel();
    }

    /// Whether it is turned.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until it is turned.
    pub(crate) fn revoked(&self) -> WaitForCancellationFutureOwned {
        self.0.clone().cancelled_owned()
    }
}

impl fmt::Debug for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Revocation").field(&self.is_revoked()).finish()
    }
}
