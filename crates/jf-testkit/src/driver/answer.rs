//! Answers that can be compared across transports.

use http::HeaderMap;
use jf_core::{EventKind, Head};
use serde_json::{Value, json};

use super::Run;

/// What came back; the kinds are those of `result` in scenarios.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Answer {
    /// An asynchronous start was admitted.
    Started(Seen),
    /// Where the run stands.
    Status(Seen),
    /// How the run ended.
    Outcome(Seen),
    /// A page of runs.
    Page(Value),
    /// An Api answered.
    Response(ApiAnswer),
    /// A part of the log.
    Events(Vec<LoggedEvent>),
    /// The request was refused, with this Problem.
    Error(Value),
}

/// A document with its place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The document.
    pub document: Value,
    /// The head at which it was true.
    pub head: Head,
    /// The command was a repetition (ENG-053).
    pub replayed: bool,
    /// The headers, where the transport has any.
    pub headers: Option<HeaderMap>,
}

/// The answer of an Api.
#[derive(Debug, Clone)]
pub struct ApiAnswer {
    /// The status.
    pub status: u16,
    /// The headers, where the transport has any.
    pub headers: Option<HeaderMap>,
    /// The body; `null` when there is none.
    pub body: Value,
}

/// One event of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedEvent {
    /// Its kind.
    pub kind: EventKind,
    /// Its number and the log it belongs to.
    pub at: Head,
    /// The document as of its number.
    pub document: Value,
}

impl Answer {
    /// The document with its place, if the answer is one about a run.
    #[must_use]
    pub fn seen(&self) -> Option<&Seen> {
        match self {
            Self::Started(seen) | Self::Status(seen) | Self::Outcome(seen) => Some(seen),
            _ => None,
        }
    }

    /// The Problem, if the request was refused.
    #[must_use]
    pub fn problem(&self) -> Option<&Value> {
        match self {
            Self::Error(problem) => Some(problem),
            _ => None,
        }
    }

    /// The kind as scenarios spell it.
    #[must_use]
    pub const fn result(&self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Status(_) => "status",
            Self::Outcome(_) => "outcome",
            Self::Page(_) => "page",
            Self::Response(_) => "response",
            Self::Events(_) => "events",
            Self::Error(_) => "error",
        }
    }

    /// The run a start has made.
    #[must_use]
    pub fn run(&self) -> Option<Run> {
        let document = &self.seen()?.document;
        Some(Run::new(document["journeyName"].as_str()?, document["journeyId"].as_str()?))
    }

    /// What must be equal on every transport: kind, document and number, with the id of the run, times and the identity of the
    /// log masked (OP-8, ENG-106).
    #[must_use]
    pub fn comparable(&self) -> Value {
        let mut value = match self {
            Self::Started(seen) | Self::Status(seen) | Self::Outcome(seen) => {
                json!({ "document": seen.document, "seq": seen.head.seq, "replayed": seen.replayed })
            }
            Self::Page(page) => json!({ "document": page }),
            Self::Response(answer) => json!({ "status": answer.status, "body": answer.body }),
            Self::Events(events) => events
                .iter()
                .map(|event| json!({ "kind": event.kind.as_str(), "seq": event.at.seq, "document": event.document }))
                .collect(),
            Self::Error(problem) => json!({ "problem": problem }),
        };
        let mut ids = Vec::new();
        collect_ids(&value, &mut ids);
        mask(&mut value, &ids);
        match value {
            Value::Object(mut members) => {
                members.insert("result".to_owned(), json!(self.result()));
                Value::Object(members)
            }
            list => json!({ "result": self.result(), "events": list }),
        }
    }
}

fn collect_ids(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(id)) = members.get("journeyId")
                && !ids.contains(id)
            {
                ids.push(id.clone());
            }
            members.values().for_each(|member| collect_ids(member, ids));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_ids(item, ids)),
        _ => {}
    }
}

/// Ids become the order in which they appear, times become a word, and what names a head keeps its number only.
fn mask(value: &mut Value, ids: &[String]) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), &mut *member) {
                    ("updatedAt" | "dueAt", Value::String(text)) => "<time>".clone_into(text),
                    ("head", Value::String(text)) => {
                        if let Ok(head) = text.parse::<Head>() {
                            *text = format!("<epoch>.{}", head.seq);
                        }
                    }
                    _ => mask(member, ids),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, ids)),
        Value::String(text) => {
            for (number, id) in ids.iter().enumerate() {
                if text.contains(id.as_str()) {
                    *text = text.replace(id.as_str(), &format!("<run {number}>"));
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Seen};
    use jf_core::Head;
    use serde_json::json;

    #[test]
    fn op_8_only_what_must_differ_is_masked() {
        let answer = |id: &str, head: &str, time: &str| {
            let head: Head = head.parse().unwrap();
            let document = json!({
                "journeyId": id, "journeyName": "loan", "updatedAt": time,
                "_links": { "self": { "href": format!("/api/v1/journeys/{id}") } },
            });
            Answer::Status(Seen { document, head, replayed: false, headers: None })
        };
        let one = answer("a1", "e1.4", "2026-01-01T00:00:00.000Z");
        assert_eq!(one.comparable(), answer("b2", "e2.4", "2027-01-01T00:00:00.000Z").comparable());
        assert_ne!(one.comparable(), answer("b2", "e2.5", "2026-01-01T00:00:00.000Z").comparable());
        assert_eq!(one.run().unwrap().id, "a1");
        let text = one.comparable().to_string();
        assert!(text.contains("/api/v1/journeys/<run 0>") && !text.contains("a1"), "{text}");
    }
}
