//! A platform that judges tokens, as transcripts know it.

use async_trait::async_trait;
use jf_binding_ws::{AuthenticationError, Authenticator, Identity};
use jf_core::{Caller, Principal};
use jiff::{SignedDuration, Timestamp};

/// Tokens are `NAME.SECONDS`; `stranger` is rejected, `trouble` cannot be judged.
#[derive(Debug)]
pub(super) struct Desk;

#[async_trait]
impl Authenticator for Desk {
    async fn authenticate(&self, token: &str, _: &Caller) -> Result<Identity, AuthenticationError> {
        let (name, seconds) = token.split_once('.').unwrap_or((token, ""));
        match name {
            "stranger" => Err(AuthenticationError::Rejected),
            "trouble" => Err(AuthenticationError::Unavailable),
            name => {
                let identity = Identity::new(Principal::new(name));
                Ok(match seconds.parse() {
                    Ok(seconds) => {
                        identity.with_expiry(Timestamp::now() + SignedDuration::from_secs(seconds))
                    }
                    Err(_) => identity,
                })
            }
        }
    }
}
