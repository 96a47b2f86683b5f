//! Expectations as they are written: values with matchers as YAML tags.

use jf_core::dsl::{NodeValue, closest};
use regex::Regex;
use serde_json::Value;

use super::faults;
use super::reader::{Place, Reader};
use crate::expected::{Expected, ExpectedKind};

/// The tags that are matchers, with what follows them.
pub(super) const MATCHERS: [(&str, &str); 9] = [
    ("!present", "the member is there, whatever its value, `null` included"),
    ("!absent", "the member is not there"),
    ("!any", "any value; for an item of a list that does not matter"),
    ("!string", "any text"),
    ("!number", "any number"),
    ("!matches \"regex\"", "a text in which the regular expression is found; `^` and `$` tie it to the ends"),
    ("!exact {…}", "an object with these members and no others"),
    ("!unordered […]", "a list with these items in any order, and no others"),
    ("!capture name", "any value, which `$name` inserts in later texts"),
];

impl Reader<'_> {
    /// An expectation.
    pub(super) fn expected(&mut self, place: &Place<'_>) -> Expected {
        let span = place.span;
        let kind = match &place.node.value {
            NodeValue::Array(_) => {
                ExpectedKind::Array(place.items().map(|item| self.expected(&item)).collect())
            }
            NodeValue::Object(_) => {
                ExpectedKind::Object { members: self.expected_members(place), exact: false }
            }
            NodeValue::Tagged(tagged) => {
                let inner = Place { node: &tagged.value, path: place.path.clone(), span };
                self.matcher(&tagged.tag, place, &inner)
            }
            _ => ExpectedKind::Scalar(place.node.to_value()),
        };
        Expected::new(kind, span)
    }

    /// Expectations of texts, by name: of headers, where `7` is the text that it would be sent as.
    pub(super) fn expected_texts(&mut self, place: Option<Place<'_>>, what: &str) -> Vec<(String, Expected)> {
        let Some(place) = place else { return Vec::new() };
        let members = self.mapping(&place, what);
        let expected = members.into_iter().map(|(name, value)| {
            let expected = self.expected(&value);
            let text = match expected.kind() {
                ExpectedKind::Scalar(scalar @ (Value::Number(_) | Value::Bool(_))) => {
                    Some(scalar.to_string())
                }
                _ => None,
            };
            let kind = text.map(|text| ExpectedKind::Scalar(Value::String(text)));
            (name, kind.map_or(expected, |kind| Expected::new(kind, value.span)))
        });
        expected.collect()
    }

    fn expected_members(&mut self, place: &Place<'_>) -> Vec<(String, Expected)> {
        place.members().map(|(name, value)| (name.as_ref().to_owned(), self.expected(&value))).collect()
    }

    fn matcher(&mut self, tag: &str, place: &Place<'_>, inner: &Place<'_>) -> ExpectedKind {
        match tag {
            "!present" | "!absent" | "!any" | "!string" | "!number" => {
                if !inner.is_null() {
                    self.report(&faults::WRONG_VALUE, place, format!("`{tag}` stands alone"));
                }
                match tag {
                    "!absent" => ExpectedKind::Absent,
                    "!string" => ExpectedKind::AnyText,
                    "!number" => ExpectedKind::AnyNumber,
                    _ => ExpectedKind::Any,
                }
            }
            "!matches" => match self.text(inner).map(|text| Regex::new(&text)) {
                Some(Ok(regex)) => ExpectedKind::Matches(regex),
                Some(Err(error)) => {
                    let message = format!("this is no regular expression: {}", last_line(&error.to_string()));
                    self.report(&faults::WRONG_VALUE, place, message);
                    ExpectedKind::Any
                }
                None => ExpectedKind::Any,
            },
            "!exact" => match &inner.node.value {
                NodeValue::Object(_) => {
                    ExpectedKind::Object { members: self.expected_members(inner), exact: true }
                }
                _ => {
                    self.wrong(inner, "after `!exact` stands an object");
                    ExpectedKind::Any
                }
            },
            "!unordered" => match &inner.node.value {
                NodeValue::Array(_) => {
                    ExpectedKind::Unordered(inner.items().map(|item| self.expected(&item)).collect())
                }
                _ => {
                    self.wrong(inner, "after `!unordered` stands a list");
                    ExpectedKind::Any
                }
            },
            "!capture" => match self.text(inner) {
                Some(name) if is_name(&name) => ExpectedKind::Capture(name),
                Some(_) => {
                    self.report(&faults::WRONG_VALUE, place, "a captured name has letters, digits and `_`");
                    ExpectedKind::Any
                }
                None => ExpectedKind::Any,
            },
            _ => {
                let known = MATCHERS.map(|(form, _)| form.split(' ').next().unwrap_or_default());
                let fault =
                    faults::NO_MATCHER.diagnostic(place.path.clone(), format!("`{tag}` is no matcher"));
                let fault = match closest(tag, known) {
                    Some(near) => fault.help(format!("did you mean `{near}`?")).suggestion(near),
                    None => fault.help(format!("there are {}", known.join(", "))),
                };
                self.faults.push(fault.at(self.source, place.span));
                ExpectedKind::Scalar(Value::Null)
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim()
}
