//! How a value differs from what is expected.

use jf_core::dsl::{JsonPath, Span};
use serde_json::Value;

use super::{Bindings, Expected, ExpectedKind, pair_up};

/// What a line of a difference shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffKind {
    /// What there is, as expected or not spoken of.
    Same,
    /// What is expected and not there.
    Expected,
    /// What is there instead.
    Actual,
}

/// One line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiffLine {
    /// What it shows.
    pub kind: DiffKind,
    /// Its text, indented.
    pub text: String,
}

impl DiffLine {
    pub(crate) fn new(kind: DiffKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// One place at which a value is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// Where it is in the value.
    pub(crate) path: JsonPath,
    /// Where it is expected.
    pub(crate) span: Span,
    /// What is the matter.
    pub(crate) message: String,
}

/// A value beside what is expected of it.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) lines: Vec<DiffLine>,
    pub(crate) mismatches: Vec<Mismatch>,
}

/// Values are shown up to this length on one line.
const LONGEST: usize = 160;

impl Comparison {
    /// Compares; the value is one that does not match.
    pub(crate) fn of(expected: &Expected, actual: Option<&Value>, bindings: &Bindings) -> Self {
        let mut comparison = Self::default();
        let at = At { label: String::new(), depth: 0, path: JsonPath::root() };
        comparison.compare(expected, actual, bindings, &at);
        comparison
    }

    fn compare(&mut self, expected: &Expected, actual: Option<&Value>, bindings: &Bindings, at: &At) {
        if expected.matches(actual, &mut bindings.clone()) {
            if let Some(actual) = actual {
                self.same(at, actual);
            }
            return;
        }
        match (&expected.kind, actual) {
            (ExpectedKind::Object { members, exact }, Some(Value::Object(actual))) => {
                self.line(DiffKind::Same, at, "{");
                for (name, value) in actual {
                    let inner = at.member(name);
                    match members.iter().find(|(expected, _)| expected == name) {
                        Some((_, expected)) => self.compare(expected, Some(value), bindings, &inner),
                        None if *exact => {
                            self.line(DiffKind::Actual, &inner, &short(value));
                            let message =
                                format!("`{name}` is there, and nothing but what is listed should be");
                            self.mismatch(&inner, expected.span, message);
                        }
                        None => self.same(&inner, value),
                    }
                }
                for (name, expected) in members.iter().filter(|(name, _)| !actual.contains_key(name)) {
                    self.compare(expected, None, bindings, &at.member(name));
                }
                self.line(DiffKind::Same, &at.unlabelled(), "}");
            }
            (ExpectedKind::Array(items), Some(Value::Array(actual))) => {
                self.line(DiffKind::Same, at, "[");
                for (index, value) in actual.iter().enumerate() {
                    let inner = at.item(index);
                    match items.get(index) {
                        Some(item) => self.compare(item, Some(value), bindings, &inner),
                        None => self.line(DiffKind::Actual, &inner, &short(value)),
                    }
                }
                for (index, item) in items.iter().enumerate().skip(actual.len()) {
                    self.line(DiffKind::Expected, &at.item(index), &shown(item, bindings));
                }
                self.line(DiffKind::Same, &at.unlabelled(), "]");
                self.counts(items.len(), actual.len(), at, expected.span);
            }
            (ExpectedKind::Unordered(items), Some(Value::Array(actual))) => {
                let pairs = pair_up(items, actual, bindings);
                self.line(DiffKind::Same, at, "[");
                for (item, _) in items.iter().zip(&pairs).filter(|(_, pair)| pair.is_none()) {
                    self.line(DiffKind::Expected, &at.item(0), &shown(item, bindings));
                }
                for (index, value) in actual.iter().enumerate() {
                    let kind = if pairs.contains(&Some(index)) { DiffKind::Same } else { DiffKind::Actual };
                    self.line(kind, &at.item(index), &short(value));
                }
                self.line(DiffKind::Same, &at.unlabelled(), "]");
                let missing = items.iter().zip(&pairs).find(|(_, pair)| pair.is_none());
                if let Some((item, _)) = missing {
                    self.mismatch(at, item.span, "no item is like this one".to_owned());
                } else {
                    self.counts(items.len(), actual.len(), at, expected.span);
                }
            }
            (ExpectedKind::Absent, Some(actual)) => {
                self.line(DiffKind::Actual, at, &short(actual));
                self.mismatch(at, expected.span, format!("it is there: {}", short(actual)));
            }
            (_, Some(actual)) => {
                self.line(DiffKind::Expected, at, &shown(expected, bindings));
                self.line(DiffKind::Actual, at, &short(actual));
                self.mismatch(at, expected.span, format!("it is {}", short(actual)));
            }
            (_, None) => {
                self.line(DiffKind::Expected, at, &shown(expected, bindings));
                self.mismatch(at, expected.span, "it is not there".to_owned());
            }
        }
    }

    fn counts(&mut self, expected: usize, actual: usize, at: &At, span: Span) {
        if expected != actual {
            self.mismatch(at, span, format!("{expected} expected, and there are {actual}"));
        }
    }

    fn same(&mut self, at: &At, value: &Value) {
        self.line(DiffKind::Same, at, &short(value));
    }

    fn line(&mut self, kind: DiffKind, at: &At, text: &str) {
        self.lines.push(DiffLine { kind, text: format!("{}{}{text}", "  ".repeat(at.depth), at.label) });
    }

    fn mismatch(&mut self, at: &At, span: Span, message: String) {
        self.mismatches.push(Mismatch { path: at.path.clone(), span, message });
    }
}

/// A place in the value.
struct At {
    label: String,
    depth: usize,
    path: JsonPath,
}

impl At {
    fn member(&self, name: &str) -> Self {
        let label = format!("{}: ", Value::from(name));
        Self { label, depth: self.depth + 1, path: self.path.clone().member(name) }
    }

    fn item(&self, index: usize) -> Self {
        Self { label: String::new(), depth: self.depth + 1, path: self.path.clone().index(index) }
    }

    fn unlabelled(&self) -> Self {
        Self { label: String::new(), depth: self.depth, path: self.path.clone() }
    }
}

/// An expectation as it is after insertion.
fn shown(expected: &Expected, bindings: &Bindings) -> String {
    match &expected.kind {
        ExpectedKind::Scalar(Value::String(text)) => short(&bindings.insert(text)),
        _ => cut(&expected.to_string()),
    }
}

/// A value on one line, cut when it is long.
pub(crate) fn short(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
