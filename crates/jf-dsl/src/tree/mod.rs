//! The spanned tree: a document as it was read, every node with the bytes it stands at.
//!
//! This is the only module that knows the parser library. YAML and JSON files go through the same events, so both have
//! positions; [`json`] holds JSON files to the letter of their own grammar first.

mod json;
mod read;
mod refusal;
mod scalar;

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use crate::json_path::{JsonPath, PathStep};
use crate::source::Span;

pub(crate) use read::read_into;
pub use read::{read_tagged_tree, read_tree};
pub(crate) use scalar::plain_string;

/// A node of a document with its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The bytes of the value; a block collection ends with its last item.
    pub span: Span,
    /// The value.
    pub value: NodeValue,
}

/// The value of a [`Node`].
#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue {
    /// Something that cannot be read and was reported, like an alias; whoever meets it stays silent.
    Broken,
    /// `null`, also an empty YAML value.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number (DEF-006).
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// A sequence.
    Array(Vec<Node>),
    /// A mapping in document order (DEF-005), each key once.
    Object(Vec<Member>),
    /// A value with a YAML tag; only [`read_tagged_tree`] gives any, everywhere else a tag is a fault.
    Tagged(Box<Tagged>),
}

/// A value with the YAML tag before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagged {
    /// The tag as it is written, `!` included.
    pub tag: Arc<str>,
    /// The bytes of the tag.
    pub tag_span: Span,
    /// The value; `null` when nothing follows the tag.
    pub value: Node,
}

/// A member of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The key.
    pub key: Arc<str>,
    /// The bytes of the key.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The member of that name, `null` included.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members().iter().find(|member| &*member.key == name)
    }

    /// The members of a mapping in document order; empty for any other value.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        match &self.value {
            NodeValue::Object(members) => members,
            _ => &[],
        }
    }

    /// The items of a sequence; empty for any other value.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.value {
            NodeValue::Array(items) => items,
            _ => &[],
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&Arc<str>> {
        match &self.value {
            NodeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// The type as diagnostics call it: `a string`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match &self.value {
            NodeValue::Broken => "something unreadable",
            NodeValue::Null => "null",
            NodeValue::Bool(_) => "a boolean",
            NodeValue::Number(_) => "a number",
            NodeValue::String(_) => "a string",
            NodeValue::Array(_) => "an array",
            NodeValue::Object(_) => "an object",
            NodeValue::Tagged(_) => "a tagged value",
        }
    }

    /// The value without positions and tags; what could not be read is `null`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.value {
            NodeValue::Broken | NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            NodeValue::Number(value) => Value::Number(value.clone()),
            NodeValue::String(text) => Value::String(text.as_ref().to_owned()),
            NodeValue::Array(items) => items.iter().map(Self::to_value).collect(),
            NodeValue::Object(members) => {
                let entries =
                    members.iter().map(|member| (member.key.as_ref().to_owned(), member.value.to_value()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
            NodeValue::Tagged(tagged) => tagged.value.to_value(),
        }
    }

    /// The node at a path from here, with the bytes of the key that leads to it.
    #[must_use]
    pub fn find(&self, path: &JsonPath) -> Option<(&Self, Option<Span>)> {
        let mut found = (self, None);
        for step in path.steps() {
            found = match step {
                PathStep::Index(index) => (found.0.items().get(*index)?, None),
                PathStep::Member(name) => {
                    let member = found.0.member(name)?;
                    (&member.value, Some(member.key_span))
                }
            };
        }
        Some(found)
    }
}
