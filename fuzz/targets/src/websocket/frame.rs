//! One text message of a client: envelope and members (ERR-1, ERR-2, ERR-6, ORD-2, LIM-2).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use futures::{Sink, Stream};
use jf_core::{Caller, exact_json};
use jf_export::{AsyncApi, asyncapi_of_catalog};
use jsonschema::{Draft, Validator};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Value, json};
use tungstenite::{Error, Message};

use super::{BINDING, PATH, Talk, engine};
use crate::seeds;

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    seeds::lines("frame")
}

/// The server's end of a connection; both sides are in the hands of the target.
#[derive(Clone, Default)]
struct Wire {
    incoming: Rc<RefCell<VecDeque<Message>>>,
    outgoing: Rc<RefCell<Vec<Message>>>,
}

impl Stream for Wire {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.incoming.borrow_mut().pop_front().map_or(Poll::Pending, |message| Poll::Ready(Some(Ok(message))))
    }
}

impl Sink<Message> for Wire {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.outgoing.borrow_mut().push(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}

/// What the server answers to the messages, `welcome` not counted.
fn answers(messages: &[&str]) -> Vec<Value> {
    let wire = Wire::default();
    wire.incoming.borrow_mut().extend(messages.iter().map(|text| Message::text(*text)));
    let conversation = BINDING.converse(PATH, Caller::internal("fuzzer"), wire.clone());
    let talk = Talk::new(conversation.expect("the path is served"));
    assert!(!talk.go_on(), "one message ends no connection");
    let sent = wire.outgoing.take();
    let frames = sent.into_iter().map(|message| match message {
        Message::Text(text) => exact_json::from_str(&text).expect("frames are JSON"),
        other => panic!("{other:?}"),
    });
    let mut frames: Vec<Value> = frames.collect();
    assert_eq!(frames.remove(0)["type"], "welcome");
    frames
}

/// A message as a JSON object, if it is one, and whether no member of it occurs twice.
fn object(text: &str) -> Option<(Value, bool)> {
    let value: Value = exact_json::from_str(text).ok()?;
    let members = serde_json::from_str::<Members>(text).ok()?.0;
    let is_distinct = value.as_object().is_some_and(|object| object.len() == members);
    Some((value, is_distinct))
}

/// How many members an object has, equal ones counted.
struct Members(usize);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Count;
        impl<'de> Visitor<'de> for Count {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members, A::Error> {
                let mut count = 0;
                while members.next_entry::<String, IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Members(count))
            }
        }
        deserializer.deserialize_map(Count)
    }
}

/// What users are told of the form of frames.
static DOCUMENT: LazyLock<Validator> = LazyLock::new(|| {
    let document = asyncapi_of_catalog(&engine::empty().catalog(), &AsyncApi::default());
    let components = &document["components"];
    let messages = components["messages"].as_object().expect("there are messages");
    let of_clients = |name: &str| {
        name.starts_with("client.")
            || ["placeOrder", "decide"].iter().any(|own| name.ends_with(&format!(".{own}")))
    };
    let sent = messages.iter().filter(|(name, _)| of_clients(name));
    let payloads: Vec<&Value> = sent.map(|(_, message)| &message["payload"]).collect();
    assert_eq!(payloads.len(), 12, "{:?}", messages.keys());
    let schema = json!({ "anyOf": payloads, "components": components });
    let options = jsonschema::options().with_draft(Draft::Draft7).offline().should_validate_formats(false);
    options.build(&schema).expect("the document is good")
});

/// Whether an answer says that the frame itself is no good, whatever it asks for.
fn is_refusal_of_form(answer: &Value) -> bool {
    let problem = &answer["problem"];
    let slug = problem["type"].as_str().and_then(|slug| slug.strip_prefix("urn:journeyforge:error:"));
    match slug {
        Some("malformed-frame" | "unknown-type" | "unknown-member" | "idempotency-key-invalid") => true,
        Some("invalid-input") => problem.get("member").is_some(),
        _ => false,
    }
}

/// A message gets the answers it has to, which bear its `id`; it is refused for its form where the document of the binding refuses it, and nowhere else; and
/// the connection goes on.
pub(crate) fn frame(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut answers = answers(&[text, r#"{"type":"ping","id":"the-end"}"#]);
    // It overtakes what was answered before it.
    let end = answers.iter().position(|answer| *answer == json!({ "type": "pong", "id": "the-end" }));
    answers.remove(end.expect("the connection goes on"));

    let malformed = |answers: &[Value]| {
        let [only] = answers else { panic!("{answers:?}") };
        assert_eq!(only["problem"]["type"], "urn:journeyforge:error:malformed-frame");
        assert_eq!((&only["effect"], &only["retryable"]), (&"none".into(), &false.into()));
    };
    let Some((frame, is_distinct)) = object(text) else {
        // What is JSON all the same, but no value that can be held here, is for others to judge.
        if serde_json::from_str::<IgnoredAny>(text).is_err() || !text.trim_start().starts_with('{') {
            malformed(&answers);
        }
        return;
    };
    let kind = frame["type"].as_str().unwrap_or_default();
    let id = frame.get("id").map(|id| id.as_str().filter(|id| is_id(id)));
    if !is_distinct || kind.is_empty() || id == Some(None) {
        return malformed(&answers);
    }
    let refused = answers.iter().any(is_refusal_of_form);
    match (kind, refused) {
        ("pong" | "credit", false) => assert_eq!(answers, [Value::Null; 0]),
        ("hello", false) => {
            let entries = frame["resume"].as_array().map_or(0, Vec::len);
            assert!(answers.len() == 1 + entries || frame.get("auth").is_some(), "{answers:?}");
        }
        _ => assert_eq!(answers.len(), 1, "{answers:?}"),
    }
    if let Some(answer) = answers.first() {
        assert_eq!(answer.get("id").and_then(Value::as_str), id.flatten(), "{answer}");
    }
    // What the payload of a start has to be is for the engine to say; and there is one journey.
    let is_start = kind == "placeOrder";
    if is_start
        && (!frame["payload"].is_object()
            || frame["journeyName"].as_str().is_some_and(|name| name != "order"))
    {
        return;
    }
    // A schema does not see what occurs twice in a list to resume or in a wish.
    let detail = answers.first().and_then(|answer| answer["problem"]["detail"].as_str());
    if detail.is_some_and(|detail| detail.ends_with("occurs more than once")) {
        return;
    }
    assert_eq!(DOCUMENT.is_valid(&frame), !refused, "the document and the server differ: {answers:?}");
}

fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~:-".contains(&b))
}
