//! A bearer token on its way through the binding: shown to the authenticator and the engine, and to nobody else (SP-7).

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use jf_core::Caller;
use tokio::time::timeout;

use crate::authenticator::{AuthenticationError, Authenticator, Identity};

/// An `Authorization` header with a bearer token. Its `Debug` form does not show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential(HeaderValue);

const SCHEME: &str = "Bearer ";
/// How long an authenticator may take.
const JUDGING_TIME: Duration = Duration::from_secs(5);

impl Credential {
    /// Bytes of a token in a frame. One in a handshake is bounded by what the server takes of headers.
    pub(crate) const MAX_IN_FRAME: usize = 16 << 10;

    /// A token as clients send it apart from a header: visible ASCII, not empty.
    pub(crate) fn of_token(token: &str) -> Option<Self> {
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let mut value = HeaderValue::try_from(format!("{SCHEME}{token}")).ok()?;
        value.set_sensitive(true);
        Some(Self(value))
    }

    /// The same of a frame, bounded, since it is kept for as long as the connection is.
    pub(crate) fn of_frame(token: &str) -> Option<Self> {
        if token.len() <= Self::MAX_IN_FRAME { Self::of_token(token) } else { None }
    }

    /// The one bearer token of a request; another scheme is none of ours.
    pub(crate) fn of_headers(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (value, None) = (values.next()?, values.next()) else { return None };
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case(SCHEME.trim_end()) {
            return None;
        }
        Self::of_token(token.trim_start_matches(' '))
    }

    /// The token alone.
    pub(crate) fn token(&self) -> &str {
        self.0.to_str().ok().and_then(|value| value.strip_prefix(SCHEME)).unwrap_or_default()
    }

    /// Who shows it. Without an authenticator the platform does not know: then it is for the tasks of journeys to judge (WS-022).
    pub(crate) async fn judge(
        &self,
        authenticator: Option<&dyn Authenticator>,
        connection: &Caller,
    ) -> Result<Identity, AuthenticationError> {
        let Some(authenticator) = authenticator else { return Ok(Identity::anonymous()) };
        // One that panics has not said that anything is wrong with the token.
        let judging = async { authenticator.authenticate(self.token(), connection).await };
        let verdict = timeout(JUDGING_TIME, AssertUnwindSafe(judging).catch_unwind()).await;
        let Ok(Ok(verdict)) = verdict else { return Err(AuthenticationError::Unavailable) };
        let identity = verdict?;
        if identity.is_over() { Err(AuthenticationError::Rejected) } else { Ok(identity) }
    }

    /// As a header.
    pub(crate) fn into_header(self) -> HeaderValue {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};

    use super::Credential;

    #[test]
    fn sp_7_a_token_is_readable_and_never_shown() {
        let credential = Credential::of_token("s3cr3t").unwrap();
        assert_eq!(credential.token(), "s3cr3t");
        assert!(!format!("{credential:?}").contains("s3cr3t"));
        assert!(credential.into_header().is_sensitive());
        for bad in ["", "a b", "a\n", "ä"] {
            assert!(Credential::of_token(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn auth_5_a_token_in_a_frame_is_bounded() {
        let token = |bytes: usize| Credential::of_frame(&"t".repeat(bytes));
        assert!(token(16 << 10).is_some());
        assert!(token((16 << 10) + 1).is_none() && token(0).is_none());
    }

    #[test]
    fn auth_5_a_handshake_has_one_bearer_token_or_none() {
        let token = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_static(value));
            }
            Credential::of_headers(&headers).map(|credential| credential.token().to_owned())
        };
        assert_eq!(token(&["bearer  t-1"]).as_deref(), Some("t-1"));
        for none in [&[][..], &["Basic x"], &["Bearer"], &["Bearer "], &["Bearer a", "Bearer b"]] {
            assert_eq!(token(none), None, "{none:?}");
        }
    }
}
