//! Who may list the runs of everybody (HTTP-080): the hook for the authentication of a platform.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jf_core::{Caller, EngineError};

/// Decides who is an operator. Asked for each `GET /journeys` in [`ListMode::Operator`](crate::ListMode::Operator), before anything of the
/// request is read; runs are read by their ids and need no operator.
///
/// A function of the caller is one; implement the trait where the answer takes a call to somebody else.
///
/// ```
/// use std::sync::Arc;
///
/// use jf_binding_http::HttpConfig;
/// use jf_core::{Caller, EngineError, EngineErrorKind};
///
/// // A layer in front has authenticated the caller; here it is judged.
/// let operators = |caller: &Caller| match caller.principal() {
///     Some("ops@example.com") => Ok(()),
///     Some(_) => Err(EngineError::new(EngineErrorKind::Forbidden)),
///     None => Err(EngineError::new(EngineErrorKind::Unauthenticated)),
/// };
/// let config = HttpConfig::default().with_operators(Arc::new(operators));
/// ```
#[async_trait]
pub trait Operators: Send + Sync + 'static {
    /// Lets a caller list, or tells why not. Dropped when the caller goes away.
    ///
    /// # Errors
    /// `Unauthenticated` is answered 401 with the challenge of [`HttpConfig::with_challenge`](crate::HttpConfig::with_challenge),
    /// `Forbidden` 403, `NotFound` 404 as if there were no listing, `Unavailable` 503 when it cannot be told now; others by their kind.
    async fn admit(&self, caller: &Caller) -> Result<(), EngineError>;
}

#[async_trait]
impl<F> Operators for F
where
    F: Fn(&Caller) -> Result<(), EngineError> + Send + Sync + 'static,
{
    async fn admit(&self, caller: &Caller) -> Result<(), EngineError> {
        self(caller)
    }
}

/// The operators of a configuration; everybody without.
#[derive(Clone, Default)]
pub(crate) struct Admission(pub(crate) Option<Arc<dyn Operators>>);

impl Admission {
    /// As [`Operators::admit`].
    pub(crate) async fn admit(&self, caller: &Caller) -> Result<(), EngineError> {
        match &self.0 {
            Some(operators) => operators.admit(caller).await,
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Operators" } else { "everybody" })
    }
}
