//! The form of frames is written down three times: in the schema of the protocol's page (§5), in what decodes them, and in the AsyncAPI document that users get.
//! Here all three judge the same frames, and the document judges what the server answers.

use std::collections::HashMap;

use jf_export::{AsyncApi, asyncapi_of_catalog};
use jf_testkit::transcript::{Line, Received};
use jsonschema::{Draft, Validator};
use serde_json::{Deserializer, Value, json};
use tungstenite::Message;

use crate::memory::{Memory, Settings};
use crate::runtime;

const PATH: &str = "/ws/journeys/order";
const CHANNEL: &str = "ws-journeys-order";

/// Every client frame with everything it can have.
fn frames() -> Vec<Value> {
    let subscription = json!({ "events": ["status", "outcome"], "conflate": false });
    let trace = json!({ "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "a=b" });
    let cursor = json!({ "journeyId": "nobody", "after": 4, "epoch": "e1", "events": ["outcome"], "conflate": true, "replay": "all" });
    let mut subscribe = cursor.clone();
    subscribe["type"] = "subscribe".into();
    subscribe["id"] = "1".into();
    vec![
        json!({ "type": "placeOrder", "id": "1", "journeyName": "order", "payload": { "orderId": "A-17" }, "key": "0123456789abcdef",
            "subscribe": subscription, "trace": trace, "ack": true }),
        json!({ "type": "decide", "id": "1", "journeyId": "nobody", "stepId": "approve", "payload": { "decision": "approve" },
            "key": "0123456789abcdef", "ifSeq": 2, "epoch": "e1", "subscribe": subscription, "trace": trace, "ack": false }),
        json!({ "type": "cancel", "id": "1", "journeyId": "nobody", "payload": null, "key": "0123456789abcdef", "ifSeq": 2, "epoch": "e1",
            "subscribe": subscription, "trace": trace }),
        json!({ "type": "getStatus", "id": "1", "journeyId": "nobody" }),
        json!({ "type": "getOutcome", "id": "1", "journeyId": "nobody" }),
        subscribe,
        json!({ "type": "unsubscribe", "id": "1", "journeyId": "nobody" }),
        json!({ "type": "hello", "id": "1", "client": "tests/1", "features": ["bookmark", "later"], "heartbeat": "control", "autoSubscribe": false,
            "auth": { "scheme": "bearer", "token": "t" }, "resume": [cursor] }),
        json!({ "type": "auth", "id": "1", "scheme": "bearer", "token": "t" }),
        json!({ "type": "credit", "n": 16 }),
        json!({ "type": "ping", "id": "1" }),
        json!({ "type": "pong", "id": "1" }),
    ]
}

/// Values that members are given: good for some, bad for others, many of them at an edge.
fn values() -> Vec<Value> {
    let texts = [
        "",
        "x",
        "a b",
        "a\n",
        "é",
        "A-z.0_~:",
        "order",
        "decide",
        "getStatus",
        "welcome",
        "$next",
        "true",
        "bearer",
    ];
    let words = ["all", "latest", "none", "control", "message", "status", "outcome"];
    let lengths = [15, 16, 32, 33, 64, 65, 128, 129, 255, 256];
    let lists = [
        json!([]),
        json!(["status"]),
        json!(["status", "status"]),
        json!(["later"]),
        json!([1]),
        json!([{}]),
        json!([[]]),
    ];
    let objects = [
        json!({}),
        json!({ "x-note": 1 }),
        json!({ "events": ["status"] }),
        json!({ "journeyId": "nobody" }),
    ];
    let numbers = [
        json!(-1),
        json!(0),
        json!(1),
        json!(2.0),
        json!(1.5),
        json!(1_000_000),
        json!(1_000_001),
        json!((1_u64 << 53) - 1),
        json!(1_u64 << 53),
        json!(u64::MAX),
        json!(1e300),
    ];
    let mut all = vec![Value::Null, true.into(), false.into()];
    all.extend(texts.iter().chain(&words).map(|text| json!(text)));
    all.extend(lengths.map(|length| json!("x".repeat(length))));
    all.push(json!("é".repeat(128)));
    all.extend(lists);
    all.extend(objects);
    all.extend(numbers);
    all
}

/// The places in a frame: members of objects and items of lists, at any depth. What is inside a payload is no matter of the form.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        let place = format!("{at}/{name}");
        found.push(place.clone());
        if name != "payload" {
            places(value, &place, found);
        }
    }
}

/// The frame with one thing changed, in every place and way.
fn changed(frame: &Value) -> Vec<Value> {
    let mut all = vec![frame.clone()];
    let mut found = vec![String::new()];
    places(frame, "", &mut found);
    for place in &found {
        let of = |change: &dyn Fn(&mut Value)| {
            let mut other = frame.clone();
            change(other.pointer_mut(place).unwrap());
            other
        };
        if frame.pointer(place).is_some_and(Value::is_object) && !place.ends_with("/payload") {
            all.push(of(&|object| object["stepID"] = 1.into()));
            all.push(of(&|object| object["x-note"] = json!({ "a": 1 })));
        }
        let Some((parent, name)) = place.rsplit_once('/') else { continue };
        let mut without = frame.clone();
        if let Some(Value::Object(members)) = without.pointer_mut(parent) {
            members.remove(name);
            all.push(without);
        }
        if name != "payload" {
            all.extend(values().into_iter().map(|value| of(&|there| *there = value.clone())));
        }
    }
    all
}

fn validator(schema: &Value, draft: Draft) -> Validator {
    jsonschema::options().with_draft(draft).offline().should_validate_formats(false).build(schema).unwrap()
}

/// The page of the protocol.
struct Page {
    schemas: HashMap<String, Validator>,
    examples: Vec<Value>,
}

impl Page {
    fn read() -> Self {
        let page = include_str!("../../docs/spec/websocket-protocol.md");
        let blocks = |section: &str| {
            let section = page.split(section).nth(1).unwrap().split("\n## ").next().unwrap();
            let blocks = section.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap());
            let values = blocks.flat_map(|block| Deserializer::from_str(block).into_iter::<Value>());
            values.collect::<Result<Vec<_>, _>>().unwrap()
        };
        let [schema] = <[Value; 1]>::try_from(blocks("## 5. Schema of client frames")).unwrap();
        let names = schema["$defs"].as_object().unwrap().keys();
        let schemas = names.map(|name| {
            let one = json!({ "$ref": format!("#/$defs/{name}"), "$defs": schema["$defs"] });
            (name.clone(), validator(&one, Draft::Draft202012))
        });
        let schemas = schemas.collect();
        let examples = [blocks("## 3. Client frames"), blocks("## 4. Server frames")].concat();
        Self { schemas, examples }
    }

    /// RT-1: the type tells by what schema a frame is judged.
    fn takes(&self, frame: &Value) -> bool {
        let schema = match frame["type"].as_str() {
            Some("placeOrder" | "startJourney") => "start",
            Some("decide" | "submitStep" | "sign") => "step",
            Some(reserved) if RESERVED.contains(&reserved) => reserved,
            _ => return false,
        };
        self.schemas[schema].is_valid(frame)
    }
}

const RESERVED: [&str; 10] = [
    "hello",
    "auth",
    "getStatus",
    "getOutcome",
    "subscribe",
    "unsubscribe",
    "cancel",
    "credit",
    "ping",
    "pong",
];

/// What the page says in its text alone: `after` goes with `replay: all`, and a token has to fit into a header.
fn is_excluded_in_prose(frame: &Value) -> bool {
    let replays = |object: &Value| {
        object.get("after").is_some() && object.get("replay").is_some_and(|replay| replay != "all")
    };
    let unfit = |object: &Value| {
        object["token"].as_str().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic()))
    };
    let mut objects = vec![frame, &frame["auth"]];
    objects.extend(frame["resume"].as_array().into_iter().flatten());
    objects.into_iter().any(|object| replays(object) || unfit(object))
}

/// The document that users get.
struct Document {
    client: Validator,
    server: HashMap<String, Validator>,
}

impl Document {
    fn of(memory: &Memory) -> Self {
        let document = asyncapi_of_catalog(&memory.engine.catalog(), &AsyncApi::default());
        let messages = document["channels"][CHANNEL]["messages"].as_object().unwrap();
        let payload = |key: &str| {
            let message = messages[key]["$ref"].as_str().unwrap().trim_start_matches('#');
            document.pointer(message).unwrap()["payload"].clone()
        };
        let received = document["operations"].as_object().unwrap().iter().filter(|(id, operation)| {
            id.starts_with(&format!("{CHANNEL}.")) && operation["action"] == "receive"
        });
        let key =
            |reference: &Value| reference["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let sent: Vec<String> =
            received.flat_map(|(_, operation)| operation["messages"].as_array().unwrap()).map(key).collect();
        assert_eq!(
            sent.len(),
            RESERVED.len() + 3,
            "the start, two types of steps, and those of the protocol: {sent:?}"
        );
        let components = &document["components"];
        let of =
            |schema: Value| validator(&json!({ "allOf": [schema], "components": components }), Draft::Draft7);
        let client = of(json!({ "anyOf": sent.iter().map(|key| payload(key)).collect::<Vec<_>>() }));
        let others = messages.keys().filter(|key| !sent.contains(key));
        let server = others.map(|key| (key.clone(), of(payload(key))));
        Self { client, server: server.collect() }
    }

    fn assert_sent(&self, frame: &Value) {
        let kind = frame["type"].as_str().unwrap();
        let schema = self.server.get(kind).unwrap_or_else(|| panic!("the document knows no {kind}"));
        if let Err(error) = schema.validate(frame) {
            panic!("{error} at {}: {frame}", error.instance_path());
        }
    }
}

/// Whether the server has nothing against the form of a frame, whatever it thinks of what the frame asks for.
async fn is_taken(memory: &Memory, document: &Document, frame: &Value) -> bool {
    let mut line = memory.client(PATH);
    document.assert_sent(&line.frame().await);
    line.put(Message::text(frame.to_string()));
    let taken = match line.receive().await {
        Received::Frame(reply) => {
            document.assert_sent(&reply);
            let problem = &reply["problem"];
            let slug = problem["type"].as_str().and_then(|slug| slug.rsplit(':').next());
            match slug {
                Some("malformed-frame" | "unknown-type" | "unknown-member" | "idempotency-key-invalid") => {
                    false
                }
                Some("invalid-input") => problem.get("member").is_none(),
                _ => true,
            }
        }
        Received::Silence => true,
        _ => panic!("{frame} has ended the connection"),
    };
    line.send_close().await;
    taken
}

/// ERR-6, §5, AA-1: a frame is refused by all three or by none.
#[test]
fn err_6_page_decoder_and_document_agree_about_every_frame() {
    runtime().block_on(async {
        let memory = Memory::open(Settings::new(&[], false).unwrap()).await;
        let (page, document) = (Page::read(), Document::of(&memory));
        let (mut taken, mut refused) = (0, 0);
        for frame in frames() {
            assert!(page.takes(&frame) && document.client.is_valid(&frame), "{frame}");
            for frame in changed(&frame) {
                let is_good = page.takes(&frame) && !is_excluded_in_prose(&frame);
                assert_eq!(is_taken(&memory, &document, &frame).await, is_good, "the server about {frame}");
                // Which journeys there are, the document knows; the form does not.
                let is_known =
                    frame.get("journeyName").is_none_or(|name| !name.is_string() || name == "order");
                assert_eq!(
                    document.client.is_valid(&frame),
                    is_good && is_known,
                    "the document about {frame}"
                );
                *(if is_good { &mut taken } else { &mut refused }) += 1;
            }
        }
        assert!(taken > 300 && refused > 1500, "{taken} good ones and {refused} bad ones");
    });
}

/// §3, §4: what the page shows is what it says, and what the document says.
#[test]
fn err_6_the_examples_of_the_page_fit() {
    runtime().block_on(async {
        let memory = Memory::open(Settings::new(&[], false).unwrap()).await;
        let (page, document) = (Page::read(), Document::of(&memory));
        let (mut clients, mut servers) = (0, 0);
        for mut example in page.examples.iter().cloned() {
            let kind = example["type"].as_str().unwrap().to_owned();
            // `ping` and `pong` go both ways.
            if page.takes(&example) {
                clients += 1;
                assert!(!is_excluded_in_prose(&example), "{example}");
                assert!(!RESERVED.contains(&&*kind) || document.client.is_valid(&example), "{example}");
            } else {
                servers += 1;
                if kind == "outcome" {
                    // That of a journey which is not deployed here.
                    example.as_object_mut().unwrap().remove("payload");
                }
                document.assert_sent(&example);
            }
        }
        assert!(clients >= 14 && servers >= 14, "{clients} of clients, {servers} of servers");
    });
}
