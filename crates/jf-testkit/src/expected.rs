//! What is expected of a JSON value: itself, or something it must be like.

mod bindings;
mod diff;

use std::fmt;

use jf_core::dsl::Span;
use regex::Regex;
use serde_json::Value;

pub use bindings::Bindings;
pub(crate) use diff::{Comparison, short};
pub use diff::{DiffKind, DiffLine};

use crate::matching::same_scalar;

/// An expectation of a value. Objects are matched as subsets, lists item by item, scalars by JSON equality (`1` equals `1.0`).
#[derive(Debug, Clone)]
pub struct Expected {
    kind: ExpectedKind,
    span: Span,
}

/// What is expected.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ExpectedKind {
    /// This scalar; in a text, `$name` stands for what was captured.
    Scalar(Value),
    /// An object with at least these members, or with these and no others.
    Object {
        /// The members.
        members: Vec<(String, Expected)>,
        /// Whether there must be no others.
        exact: bool,
    },
    /// A list with these items.
    Array(Vec<Expected>),
    /// A list with these items in any order.
    Unordered(Vec<Expected>),
    /// Any value.
    Any,
    /// No member.
    Absent,
    /// Any text.
    AnyText,
    /// Any number.
    AnyNumber,
    /// A text in which this is found.
    Matches(Regex),
    /// Any value, remembered under a name.
    Capture(String),
}

impl Expected {
    /// An expectation that stands at some bytes of a file.
    #[must_use]
    pub const fn new(kind: ExpectedKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// That there is no value.
    pub(crate) const fn absent() -> Self {
        Self::new(ExpectedKind::Absent, Span::new(0, 0))
    }

    /// What is expected.
    #[must_use]
    pub const fn kind(&self) -> &ExpectedKind {
        &self.kind
    }

    /// Where it stands.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Whether a value is as expected; `None` stands for a member that is not there. What is captured goes into `bindings`, also by
    /// the parts that fit when another part does not.
    pub fn matches(&self, actual: Option<&Value>, bindings: &mut Bindings) -> bool {
        let Some(actual) = actual else { return matches!(self.kind, ExpectedKind::Absent) };
        match (&self.kind, actual) {
            (ExpectedKind::Absent, _) => false,
            (ExpectedKind::Any, _)
            | (ExpectedKind::AnyText, Value::String(_))
            | (ExpectedKind::AnyNumber, Value::Number(_)) => true,
            (ExpectedKind::Capture(name), value) => {
                bindings.bind(name, value.clone());
                true
            }
            (ExpectedKind::Matches(regex), Value::String(text)) => regex.is_match(text),
            (ExpectedKind::Object { members, exact }, Value::Object(actual)) => {
                (!exact || actual.keys().all(|name| members.iter().any(|(expected, _)| expected == name)))
                    && members.iter().all(|(name, expected)| expected.matches(actual.get(name), bindings))
            }
            (ExpectedKind::Array(items), Value::Array(actual)) => {
                items.len() == actual.len()
                    && items.iter().zip(actual).all(|(item, actual)| item.matches(Some(actual), bindings))
            }
            (ExpectedKind::Unordered(items), Value::Array(actual)) => {
                items.len() == actual.len() && {
                    let pairs = pair_up(items, actual, bindings);
                    pairs.iter().all(Option::is_some) && {
                        for (item, at) in items.iter().zip(pairs) {
                            // Once more, for the captures of the pairs that were found.
                            item.matches(at.map(|at| &actual[at]), bindings);
                        }
                        true
                    }
                }
            }
            (ExpectedKind::Scalar(Value::String(text)), actual) => {
                same_scalar(&bindings.insert(text), actual)
            }
            (ExpectedKind::Scalar(expected), actual) => same_scalar(expected, actual),
            _ => false,
        }
    }
}

/// The position of an item for every expectation, no item twice, as many as possible.
fn pair_up(expected: &[Expected], actual: &[Value], bindings: &Bindings) -> Vec<Option<usize>> {
    let fits: Vec<Vec<bool>> = expected
        .iter()
        .map(|expected| {
            actual.iter().map(|value| expected.matches(Some(value), &mut bindings.clone())).collect()
        })
        .collect();
    let mut taken: Vec<Option<usize>> = vec![None; actual.len()];
    for at in 0..expected.len() {
        place(at, &fits, &mut taken, &mut vec![false; actual.len()]);
    }
    (0..expected.len()).map(|at| taken.iter().position(|by| *by == Some(at))).collect()
}

/// Finds an item for one expectation; others give theirs away if they have another one.
fn place(at: usize, fits: &[Vec<bool>], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for item in 0..taken.len() {
        if !fits[at][item] || std::mem::replace(&mut seen[item], true) {
            continue;
        }
        if taken[item].is_none_or(|other| place(other, fits, taken, seen)) {
            taken[item] = Some(at);
            return true;
        }
    }
    false
}

/// A plain value, matched as a subset.
impl From<Value> for Expected {
    fn from(value: Value) -> Self {
        let kind = match value {
            Value::Object(members) => ExpectedKind::Object {
                members: members.into_iter().map(|(name, value)| (name, value.into())).collect(),
                exact: false,
            },
            Value::Array(items) => ExpectedKind::Array(items.into_iter().map(Self::from).collect()),
            scalar => ExpectedKind::Scalar(scalar),
        };
        Self::new(kind, Span::default())
    }
}

impl From<&str> for Expected {
    fn from(text: &str) -> Self {
        Value::from(text).into()
    }
}

impl From<String> for Expected {
    fn from(text: String) -> Self {
        Value::from(text).into()
    }
}

/// As it is written in a scenario, on one line.
impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, items: &[Self]| {
            f.write_str("[")?;
            for (at, item) in items.iter().enumerate() {
                let separator = if at == 0 { "" } else { ", " };
                write!(f, "{separator}{item}")?;
            }
            f.write_str("]")
        };
        match &self.kind {
            ExpectedKind::Scalar(value) => write!(f, "{value}"),
            ExpectedKind::Object { members, exact } => {
                f.write_str(if *exact { "!exact {" } else { "{" })?;
                for (at, (name, value)) in members.iter().enumerate() {
                    let separator = if at == 0 { " " } else { ", " };
                    write!(f, "{separator}{}: {value}", Value::from(name.as_str()))?;
                }
                f.write_str(if members.is_empty() { "}" } else { " }" })
            }
            ExpectedKind::Array(items) => list(f, items),
            ExpectedKind::Unordered(items) => {
                f.write_str("!unordered ")?;
                list(f, items)
            }
            ExpectedKind::Any => f.write_str("!any"),
            ExpectedKind::Absent => f.write_str("!absent"),
            ExpectedKind::AnyText => f.write_str("!string"),
            ExpectedKind::AnyNumber => f.write_str("!number"),
            ExpectedKind::Matches(regex) => write!(f, "!matches {}", Value::from(regex.as_str())),
            ExpectedKind::Capture(name) => write!(f, "!capture {name}"),
        }
    }
}

#[cfg(test)]
mod tests;
