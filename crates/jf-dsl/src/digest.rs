//! Digests of bodies as parsed (DEF-029).

use std::fmt;

use sha2::{Digest, Sha256};

use crate::tree::{Node, NodeValue};

/// Identifies a body as parsed: equal for documents that differ in comments and layout alone, different when a value
/// or the order of keys differs (DEF-029). Stable across processes and versions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BodyDigest([u8; 32]);

impl BodyDigest {
    pub(crate) fn of(root: &Node) -> Self {
        let mut hasher = Sha256::new();
        feed(&mut hasher, root);
        Self(hasher.finalize().into())
    }

    /// A digest that was kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Every value is a tag, and what has a length says it first, so that no two documents give the same bytes.
fn feed(hasher: &mut Sha256, node: &Node) {
    let length = |hasher: &mut Sha256, tag: &[u8], length: usize| {
        hasher.update(tag);
        hasher.update((length as u64).to_be_bytes());
    };
    match &node.value {
        NodeValue::Broken | NodeValue::Null => hasher.update(b"n"),
        NodeValue::Bool(value) => hasher.update(if *value { b"t" } else { b"f" }),
        NodeValue::Number(number) => {
            let text = number.to_string();
            length(hasher, b"d", text.len());
            hasher.update(text);
        }
        NodeValue::String(text) => {
            length(hasher, b"s", text.len());
            hasher.update(text.as_bytes());
        }
        NodeValue::Array(items) => {
            length(hasher, b"a", items.len());
            items.iter().for_each(|item| feed(hasher, item));
        }
        NodeValue::Object(members) => {
            length(hasher, b"o", members.len());
            for member in members {
                length(hasher, b"k", member.key.len());
                hasher.update(member.key.as_bytes());
                feed(hasher, &member.value);
            }
        }
        // No definition has any.
        NodeValue::Tagged(tagged) => feed(hasher, &tagged.value),
    }
}

impl fmt::Display for BodyDigest {
    /// Lower-case hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BodyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
