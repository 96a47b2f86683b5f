//! Problem documents (RFC 9457) as callers see them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{EngineErrorKind, exact_json};

/// One violation of a schema (ENG-141). Values of the submission are never repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// JSON Pointer into the submitted value.
    pub pointer: String,
    /// The schema keyword that was violated.
    pub keyword: String,
    /// A sentence for people.
    pub detail: String,
}

impl From<jf_dsl::Violation> for Violation {
    fn from(violation: jf_dsl::Violation) -> Self {
        Self { pointer: violation.pointer, keyword: violation.keyword, detail: violation.detail }
    }
}

/// A Problem document. Members without value are left out; extension members follow the standard ones.
///
/// Problems never contain expression text, stack traces, file paths, secrets, or context values an author did not put there
/// (ENG-142); whoever builds one keeps to that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable identifier of the kind of problem.
    #[serde(rename = "type")]
    pub problem_type: Cow<'static, str>,
    /// Short summary of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Cow<'static, str>>,
    /// The HTTP status of the kind, on whatever binding it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong this time and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// All violations of a schema (ENG-141).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Violation>,
    /// Extension members, in the order they were added.
    #[serde(flatten, deserialize_with = "exact_json::read")]
    pub extensions: Map<String, Value>,
}

impl Problem {
    /// A Problem of one of the kinds of ENG-140, with its type, title and status.
    #[must_use]
    pub fn of(kind: EngineErrorKind) -> Self {
        Self {
            problem_type: Cow::Borrowed(kind.urn()),
            title: Some(Cow::Borrowed(kind.title())),
            status: Some(kind.status()),
            detail: None,
            errors: Vec::new(),
            extensions: Map::new(),
        }
    }

    /// A Problem of another type, for run failures and plugins.
    #[must_use]
    pub fn new(problem_type: impl Into<Cow<'static, str>>, title: impl Into<Cow<'static, str>>) -> Self {
        Self {
            problem_type: problem_type.into(),
            title: Some(title.into()),
            status: None,
            detail: None,
            errors: Vec::new(),
            extensions: Map::new(),
        }
    }

    /// Sets the status.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets the detail.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Sets the violations of ENG-141.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<Violation>) -> Self {
        self.errors = errors;
        self
    }

    /// Adds an extension member.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extensions.insert(name.into(), value.into());
        self
    }

    /// The document as a JSON value, for places where a run keeps it as data.
    #[must_use]
    pub fn into_value(self) -> Value {
        let mut object = Map::new();
        object.insert("type".to_owned(), Value::String(self.problem_type.into_owned()));
        if let Some(title) = self.title {
            object.insert("title".to_owned(), Value::String(title.into_owned()));
        }
        if let Some(status) = self.status {
            object.insert("status".to_owned(), Value::from(status));
        }
        if let Some(detail) = self.detail {
            object.insert("detail".to_owned(), Value::String(detail));
        }
        if !self.errors.is_empty() {
            let entry = |v: Violation| {
                let members = [("pointer", v.pointer), ("keyword", v.keyword), ("detail", v.detail)];
                Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), Value::String(v))).collect())
            };
            object.insert("errors".to_owned(), self.errors.into_iter().map(entry).collect());
        }
        object.extend(self.extensions);
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::{Problem, Violation};
    use crate::EngineErrorKind;

    #[test]
    fn eng_141_violations_are_named_as_in_rfc_9457() {
        let violation = Violation {
            pointer: "/decision".into(),
            keyword: "enum".into(),
            detail: "must be one of a, b".into(),
        };
        let problem =
            Problem::of(EngineErrorKind::InvalidInput).with_errors(vec![violation]).with("step", "a");
        let direct = serde_json::to_value(&problem).expect("serialises");
        assert_eq!(direct["errors"][0]["pointer"], "/decision");
        assert_eq!(direct["type"], "urn:journeyforge:error:invalid-input");
        assert_eq!(direct, problem.into_value());
    }
}
