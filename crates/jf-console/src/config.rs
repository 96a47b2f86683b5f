//! What an embedder may set.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jf_binding_http::{Hosts, InvalidDocument};
use jf_binding_ws::WsConfig;
use sha2::{Digest, Sha256};

/// Settings of the console. Begin with `default()`, which suits a loopback address, and change what differs.
///
/// ```
/// use jf_console::{ConsoleConfig, Token};
///
/// let mut config = ConsoleConfig::default();
/// config.token = Some(Token::new("8f14e45fceea167a5a36dedd4bea2543")?);
/// # Ok::<(), jf_console::InvalidToken>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConsoleConfig {
    /// Limits, heartbeat and drain of the socket. What it says of paths, origins, tokens and the catalogue is not used: these are the console's own.
    pub websocket: WsConfig,
    /// The host names it answers to; those of a loopback listener by default, so that no page can have its own name point here.
    pub hosts: Hosts,
    /// What whoever comes must know. Without one it is for whoever reaches the address, which should then be a loopback address.
    pub token: Option<Token>,
    /// The listener speaks TLS.
    pub has_tls: bool,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self { websocket: WsConfig::default(), hosts: Hosts::loopback(), token: None, has_tls: false }
    }
}

/// The secret that opens the console. Its digest is kept, not the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

/// A text that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token has {} to {} visible ASCII characters", Token::LEAST, Token::MOST)]
pub struct InvalidToken;

impl Token {
    /// Characters at least.
    pub const LEAST: usize = 16;
    /// Characters at most.
    pub const MOST: usize = 512;

    /// A token of this text.
    ///
    /// # Errors
    /// When it has too few characters, too many, or others than visible ASCII.
    pub fn new(text: &str) -> Result<Self, InvalidToken> {
        let fits = (Self::LEAST..=Self::MOST).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self::of(text))
        } else {
            Err(InvalidToken)
        }
    }

    /// A random one, with its text.
    pub(crate) fn random() -> Result<(Self, String), getrandom::Error> {
        let mut bytes = [0; 24];
        getrandom::fill(&mut bytes)?;
        let text = URL_SAFE_NO_PAD.encode(bytes);
        Ok((Self::of(&text), text))
    }

    fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Whether the text is the token. Digests are compared, so that the time it takes tells nothing of the text.
    pub(crate) fn is(&self, text: &str) -> bool {
        *self == Self::of(text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// Why there is no console.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidConsole {
    /// The socket refuses its settings.
    #[error(transparent)]
    Socket(#[from] jf_binding_ws::ConfigError),
    /// A part of the page cannot be served.
    #[error(transparent)]
    Page(#[from] InvalidDocument),
    /// The system gives no randomness for sessions.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
}

#[cfg(test)]
mod tests {
    use super::{InvalidToken, Token};

    #[test]
    fn tokens_are_long_and_visible() {
        for bad in ["", "fifteen-letters", "a token with spaces", &"x".repeat(513), "ümlaut-ümlaut-ümlaut"]
        {
            assert_eq!(Token::new(bad), Err(InvalidToken), "{bad}");
        }
        let token = Token::new("sixteen-letters!").unwrap();
        assert!(token.is("sixteen-letters!") && !token.is("sixteen-letters?"));
        assert_eq!(format!("{token:?}"), "Token");
    }

    #[test]
    fn random_tokens_differ() {
        let ((one, text), (other, _)) = (Token::random().unwrap(), Token::random().unwrap());
        assert!(one != other && one.is(&text) && !other.is(&text) && text.len() == 32);
    }
}
