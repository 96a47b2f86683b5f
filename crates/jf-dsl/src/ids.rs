//! Names and ids of the language as distinct types.
//!
//! Each is an immutable string that is held in place when it is short, as most are, so that cloning one is copying it: a count of references that
//! all threads change would cost more. Comparing is comparing text. Parsing enforces the form the specification gives the name, so a value of the type is
//! always well formed.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

use crate::text::described_as_text;

/// The text does not have the form of the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}: {reason}")]
pub struct InvalidName {
    what: &'static str,
    reason: &'static str,
}

impl InvalidName {
    /// What the text should have been, like `state id`.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Why it is not.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $check:path, $schema:tt;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(SmolStr);

        impl $name {
            /// Reads the name.
            ///
            /// # Errors
            ///
            /// When the text does not have the form described at the type.
            pub fn parse(text: impl AsRef<str>) -> Result<Self, InvalidName> {
                let text = text.as_ref();
                match $check(text) {
                    Ok(()) => Ok(Self(SmolStr::new(text))),
                    Err(reason) => Err(InvalidName { what: $what, reason }),
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::parse(text)
            }
        }

        impl From<$name> for Arc<str> {
            fn from(name: $name) -> Arc<str> {
                name.0.into()
            }
        }

        described_as_text!($name, $what, $schema);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = SmolStr::deserialize(deserializer)?;
                Self::parse(text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

names! {
    /// The name of a definition, `metadata.name` (DEF-023): lower-case letters, digits and inner hyphens, at most 63
    /// characters. Journeys and Apis have separate name spaces (DEF-027).
    DefinitionName, "definition name", definition_name, { "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63 };

    /// The id of a state within its scope (DEF-033): 1–128 characters, no control character, whitespace, `/`, `?`,
    /// `#`, `%` or `~`, and neither `.` nor `..`.
    StateId, "state id", graph_id, { "pattern": GRAPH_ID, "maxLength": 128 };

    /// The name of a branch of a `parallel` state (DEF-033, STA-101): the form of a [`StateId`], and not `_outcome`.
    BranchName, "branch name", branch_name, { "pattern": BRANCH_NAME, "maxLength": 128 };

    /// The id of a local subjourney, a key of `spec.subjourneys` (DEF-040).
    SubjourneyId, "subjourney id", graph_id, { "pattern": GRAPH_ID, "maxLength": 128 };

    /// The name of an entry of the API catalogue, a key of `spec.apis` (DEF-065): an identifier.
    ApiName, "api name", ident, { "pattern": IDENT };

    /// The name of a variable in the context, as in `resultVar` and `outputVar` (STA-006): an identifier.
    VarName, "variable name", ident, { "pattern": IDENT };

    /// A key of `spec.platform.config` (DEF-080): an identifier.
    ConfigKey, "platform configuration key", ident, { "pattern": IDENT };

    /// The id of a named mapper, a key of `spec.mappers` (DEF-125): any non-empty text.
    MapperId, "mapper id", non_empty, { "minLength": 1 };

    /// The id of a named outcome, a key of `spec.outcomes` (DEF-150): any non-empty text.
    OutcomeId, "outcome id", non_empty, { "minLength": 1 };

    /// The id of a policy, a key of `definitions` under `spec.policies` or of the platform (DEF-130): any non-empty text.
    PolicyId, "policy id", non_empty, { "minLength": 1 };

    /// The id of an error normaliser, a key of `spec.errors.normalisers` (DEF-171): any non-empty text.
    NormaliserId, "normaliser id", non_empty, { "minLength": 1 };

    /// A reference to a secret of the platform (DEF-141): `secret://` and one or more of `[A-Za-z0-9._~/-]`. The secret
    /// itself is never part of a definition.
    SecretRef, "secret reference", secret_ref, { "pattern": "^secret://[A-Za-z0-9._~/-]+$" };

    /// The hosts of a cookie jar (DEF-155): a host name for that host, or with a leading dot for all hosts that end like
    /// it.
    CookieDomain, "cookie domain", cookie_domain, {
        "pattern": "^\\.?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$"
    };

    /// A logical channel of the queue binding (BND-010, BND-013): any non-empty text.
    Channel, "channel", non_empty, { "minLength": 1 };

    /// The name of a gRPC service (BND-001): identifiers joined by dots.
    GrpcService, "gRPC service name", dotted_ident, {
        "pattern": "^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$"
    };

    /// The name of a gRPC method (BND-001): an identifier.
    GrpcMethod, "gRPC method name", ident, { "pattern": IDENT };

    /// The name of a metadata attribute (DEF-107): any non-empty text.
    AttributeName, "attribute name", non_empty, { "minLength": 1 };

    /// The id of an expression engine, the `lang` of an expression (EXP-002): any non-empty text.
    Lang, "expression language", non_empty, { "minLength": 1 };

    /// An application message type of the WebSocket binding (WS-008, WS-013): non-empty, does not start with `$` and
    /// is no client frame type of the protocol.
    MessageType, "message type", message_type, { "pattern": MESSAGE_TYPE };
}

/// The forms of names as regular expressions, for editors; the functions below are what counts.
const IDENT: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
const GRAPH_ID: &str = "^(?!\\.{1,2}$)[^\\u0000-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000/?#%~]+$";
const BRANCH_NAME: &str = "^(?!(?:\\.{1,2}|_outcome)$)[^\\u0000-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000/?#%~]+$";
const MESSAGE_TYPE: &str =
    "^(?!(?:cancel|getStatus|getOutcome|subscribe|unsubscribe|hello|auth|ping|pong|credit)$)[^$]";

/// Whether the text is an `ident` of the specification: `[A-Za-z_][A-Za-z0-9_]*`.
#[must_use]
pub fn is_ident(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The frame types that a client of `journeyforge.v1` may send; no application may use them (WS-013, RT-2).
pub const RESERVED_CLIENT_TYPES: [&str; 10] = [
    "cancel",
    "getStatus",
    "getOutcome",
    "subscribe",
    "unsubscribe",
    "hello",
    "auth",
    "ping",
    "pong",
    "credit",
];

fn ident(text: &str) -> Result<(), &'static str> {
    if is_ident(text) { Ok(()) } else { Err("expected letters, digits and `_`, not starting with a digit") }
}

fn non_empty(text: &str) -> Result<(), &'static str> {
    if text.is_empty() { Err("it is empty") } else { Ok(()) }
}

fn dotted_ident(text: &str) -> Result<(), &'static str> {
    if text.split('.').all(is_ident) { Ok(()) } else { Err("expected identifiers joined by dots") }
}

fn secret_ref(text: &str) -> Result<(), &'static str> {
    let name = text.strip_prefix("secret://").unwrap_or_default();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._~/-".contains(&b);
    if !name.is_empty() && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err("expected `secret://` and a name of letters, digits and `._~/-`")
    }
}

fn cookie_domain(text: &str) -> Result<(), &'static str> {
    let host = text.strip_prefix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.contains('*') {
        Err("`*` is not allowed; a leading dot stands for all hosts below")
    } else if host.len() > 253 || !host.split('.').all(label) {
        Err("expected a host name without scheme, port or path")
    } else {
        Ok(())
    }
}

fn definition_name(text: &str) -> Result<(), &'static str> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if text.is_empty() {
        Err("it is empty")
    } else if text.len() > 63 {
        Err("it is longer than 63 characters")
    } else if !text.bytes().all(inner) {
        Err("only lower-case letters, digits and `-` are allowed")
    } else if text.starts_with('-') || text.ends_with('-') {
        Err("it must start and end with a letter or digit")
    } else {
        Ok(())
    }
}

fn graph_id(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        Err("it is empty")
    } else if text.chars().nth(128).is_some() {
        Err("it is longer than 128 characters")
    } else if text == "." || text == ".." {
        Err("`.` and `..` cannot be URL segments")
    } else if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        Err("it contains whitespace or a control character")
    } else if text.contains(['/', '?', '#', '%', '~']) {
        Err("it contains one of `/`, `?`, `#`, `%`, `~`")
    } else {
        Ok(())
    }
}

fn branch_name(text: &str) -> Result<(), &'static str> {
    if text == "_outcome" {
        Err("`_outcome` is the member that holds a branch's outcome")
    } else {
        graph_id(text)
    }
}

fn message_type(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        Err("it is empty")
    } else if text.starts_with('$') {
        Err("types that start with `$` belong to the protocol")
    } else if RESERVED_CLIENT_TYPES.contains(&text) {
        Err("it is a frame type of the protocol")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        BranchName, CookieDomain, DefinitionName, GrpcService, MessageType, SecretRef, StateId, VarName,
    };

    #[test]
    fn def_023_definition_names() {
        for good in ["a", "a1", "order-approval", "9", &"x".repeat(63)] {
            assert!(DefinitionName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "Order", "a_b", "ä", &"x".repeat(64)] {
            assert!(DefinitionName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn def_033_state_ids() {
        for good in
            ["a", "wartet auf".replace(' ', "_").as_str(), "größe", "a.b", &"x".repeat(128), &"ü".repeat(128)]
        {
            assert!(StateId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a b", "a/b", "a~b", "a%b", "a?b", "a#b", "a\u{7}b", &"x".repeat(129)] {
            assert!(StateId::parse(bad).is_err(), "{bad}");
        }
        assert!(BranchName::parse("_outcome").is_err(), "STA-101");
    }

    #[test]
    fn sta_006_variable_names() {
        assert!(VarName::parse("_a1").is_ok());
        for bad in ["", "1a", "a-b", "a.b"] {
            assert!(VarName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ws_013_message_types() {
        assert!(MessageType::parse("order.start").is_ok());
        for bad in ["", "$x", "ping", "getStatus"] {
            assert!(MessageType::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn def_141_secret_references() {
        for good in ["secret://a", "secret://team/api-key_1~x.y"] {
            assert!(SecretRef::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "secret://", "secret:a", "s3cr3t", "secret://a b", "secret://a+b", "Secret://a"] {
            assert!(SecretRef::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn def_155_cookie_domains() {
        for good in ["a", "api.example.com", ".example.com", "10.0.0.1", "x".repeat(63).as_str()] {
            assert!(CookieDomain::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", ".", "..a", "a.", "*.a", "https://a", "a:80", "a/b", "a b", "-a", "a-", &"x".repeat(64)]
        {
            assert!(CookieDomain::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bnd_001_service_names() {
        assert!(GrpcService::parse("journeys.api.PriceApi").is_ok());
        for bad in ["", ".", "a..b", "a.1b", "a-b"] {
            assert!(GrpcService::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_read_and_written_as_plain_text() {
        let id: StateId = serde_json::from_str("\"a\"").unwrap();
        assert_eq!(id, "a");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"a\"");
        assert!(serde_json::from_str::<StateId>("\"a b\"").is_err());
    }
}
