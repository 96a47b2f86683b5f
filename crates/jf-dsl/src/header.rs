//! HTTP header names (DEF-188).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::text::written_as_text;

/// The name of an HTTP header: a token, compared without regard to case (DEF-188). It keeps the spelling of the
/// definition.
#[derive(Clone)]
pub struct HeaderName(Arc<str>);

/// The text is not an HTTP token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an HTTP header name")]
pub struct InvalidHeaderName;

impl HeaderName {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// When the text is not an HTTP token.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, InvalidHeaderName> {
        let text = text.into();
        if is_token(&text) { Ok(Self(text)) } else { Err(InvalidHeaderName) }
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the text is a token as HTTP and WebSocket subprotocols use them (RFC 9110, RFC 6455).
#[must_use]
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

written_as_text!(HeaderName, "header name", { "pattern": TOKEN });

/// The form of a token as a regular expression, for editors.
pub(crate) const TOKEN: &str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for HeaderName {}

impl PartialEq<str> for HeaderName {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl Hash for HeaderName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::HeaderName;

    #[test]
    fn def_188_names_are_tokens_and_ignore_case() {
        let names: HashSet<HeaderName> =
            ["X-User", "x-user"].iter().map(|n| HeaderName::parse(*n).unwrap()).collect();
        assert_eq!(names.len(), 1);
        for bad in ["", "a b", "a:b", "ä", "a\n"] {
            assert!(HeaderName::parse(bad).is_err(), "{bad}");
        }
    }
}
