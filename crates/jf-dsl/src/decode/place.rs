//! A node of the tree together with the way that leads to it.

use std::sync::Arc;

use crate::json_path::{JsonPath, PathStep};
use crate::source::Span;
use crate::tree::{Member, Node, NodeValue};

/// A node and its path. Paths live on the stack of the decoder; a [`JsonPath`] is built only when one is needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'t> {
    pub(crate) node: &'t Node,
    key: Option<Span>,
    way: Way<'t>,
}

#[derive(Debug, Clone, Copy)]
enum Way<'t> {
    Root,
    Member(&'t Way<'t>, &'t Arc<str>),
    Index(&'t Way<'t>, usize),
}

impl Way<'_> {
    fn path(&self) -> JsonPath {
        let mut steps = Vec::new();
        let mut way = self;
        loop {
            match way {
                Self::Root => break,
                Self::Member(parent, name) => {
                    steps.push(PathStep::Member(Arc::clone(name)));
                    way = parent;
                }
                Self::Index(parent, index) => {
                    steps.push(PathStep::Index(*index));
                    way = parent;
                }
            }
        }
        steps.reverse();
        JsonPath::from_steps(steps)
    }
}

impl<'t> Place<'t> {
    pub(crate) const fn root(node: &'t Node) -> Self {
        Self { node, key: None, way: Way::Root }
    }

    pub(crate) fn path(&self) -> JsonPath {
        self.way.path()
    }

    /// A member that is there and not `null` (DEF-009).
    pub(crate) fn get<'s>(&'s self, name: &str) -> Option<Place<'s>>
    where
        't: 's,
    {
        let member = self.node.member(name)?;
        if member.value.value == NodeValue::Null { None } else { Some(self.of(member)) }
    }

    /// The place of one of the members.
    pub(crate) const fn of<'s>(&'s self, member: &'s Member) -> Place<'s>
    where
        't: 's,
    {
        Place { node: &member.value, key: Some(member.key_span), way: Way::Member(&self.way, &member.key) }
    }

    /// The members that are not `null`, with their places.
    pub(crate) fn entries<'s>(&'s self) -> impl Iterator<Item = (&'s Arc<str>, Place<'s>)>
    where
        't: 's,
    {
        let members = self.node.members().iter().filter(|member| member.value.value != NodeValue::Null);
        members.map(|member| (&member.key, self.of(member)))
    }

    /// The items with their places.
    pub(crate) fn items<'s>(&'s self) -> impl ExactSizeIterator<Item = Place<'s>>
    where
        't: 's,
    {
        self.node.items().iter().enumerate().map(|(index, node)| Place {
            node,
            key: None,
            way: Way::Index(&self.way, index),
        })
    }

    /// The text, when it is a string.
    pub(crate) fn text(&self) -> Option<&'t Arc<str>> {
        self.node.as_str()
    }

    /// What to do about a value that was meant to be one of another type.
    pub(crate) fn type_help(&self, expected: &str) -> Option<&'static str> {
        let text = || self.text().map(|text| text.trim());
        match (expected, &self.node.value) {
            ("a string", NodeValue::Number(_) | NodeValue::Bool(_)) => {
                Some("put it in quotes to make it text")
            }
            ("a boolean", NodeValue::String(_)) => match text()?.to_ascii_lowercase().as_str() {
                "true" | "false" => Some("remove the quotes"),
                "yes" | "no" | "on" | "off" | "y" | "n" => Some("write `true` or `false`"),
                _ => None,
            },
            ("an integer" | "a number", NodeValue::String(_)) if text()?.parse::<f64>().is_ok() => {
                Some("remove the quotes")
            }
            ("an integer" | "a number", NodeValue::String(_)) => text()?
                .starts_with(|c: char| c.is_ascii_digit() || c == 'P')
                .then_some("write a plain number: the unit is part of the member's name (`Sec`, `Ms`)"),
            _ => None,
        }
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.node.value == NodeValue::Broken
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self.node.value, NodeValue::Object(_))
    }

    /// The bytes to show for a fault of the value: the value itself, or its key when the value is empty or runs over
    /// lines of its own.
    pub(crate) fn span(&self) -> Span {
        let span = self.node.span;
        let collection = matches!(self.node.value, NodeValue::Array(_) | NodeValue::Object(_));
        match self.key {
            Some(key) if collection || span.start >= span.end => key,
            _ if collection => self.anchor(),
            _ => span,
        }
    }

    /// The bytes to show for a fault of the member as such: its key.
    pub(crate) fn anchor(&self) -> Span {
        self.key
            .or_else(|| self.node.members().first().map(|member| member.key_span))
            .unwrap_or(self.node.span)
    }
}
