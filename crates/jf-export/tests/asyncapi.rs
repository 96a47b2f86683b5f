//! AsyncAPI documents of definitions, as their readers take them (WS-030 to WS-040).

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use jf_dsl::{Catalog, Loaded, SourceFile, StaticCapabilities, load};
use jf_export::{AsyncApi, asyncapi, asyncapi_of_catalog};
use serde_json::{Value, json};

fn journey(name: &str, version: &str, spec: &str) -> Loaded {
    let text = format!(
        "apiVersion: v1\nkind: Journey\nmetadata: {{ name: {name}, version: {version} }}\nspec:\n{spec}"
    );
    load(&SourceFile::new(name, text), &StaticCapabilities::full())
        .unwrap_or_else(|faults| panic!("{name}: {faults}"))
}

fn approval(start: &str, endpoint: &str) -> String {
    format!(
        "
  start: approve
  lifecycle: {{ startMode: async }}
  input: {{ schema: {{ type: object, required: [orderId], properties: {{ orderId: {{ type: string }} }} }} }}
  output: {{ schema: {{ type: object, required: [approved] }} }}
  bindings: {{ websocket: {{ {endpoint}start: {{ messageType: {start} }}, steps: {{ approve: {{ messageType: decide }}, confirm: {{ messageType: decide }} }} }} }}
  states:
    approve: {{ type: wait, wait: {{ input: {{ schema: {{ type: object, required: [decision] }} }} }}, next: confirm }}
    confirm: {{ type: wait, wait: {{ input: {{ schema: {{ type: boolean }} }} }}, next: done }}
    done: {{ type: succeed }}
"
    )
}

/// The value that a reference of the document leads to.
fn found<'d>(document: &'d Value, reference: &Value) -> &'d Value {
    let pointer = reference["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    document.pointer(pointer.unwrap_or_else(|| panic!("{reference} is no reference"))).unwrap()
}

/// The schema of the payload of a frame, by the key of its message in the channel.
fn payload<'d>(document: &'d Value, channel: &str, message: &str) -> &'d Value {
    let message = found(document, &document["channels"][channel]["messages"][message]);
    &found(document, &message["payload"])["properties"]["payload"]
}

/// Every reference leads somewhere.
fn is_sound(document: &Value) {
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                if members.get("$ref").is_some_and(Value::is_string) {
                    found(document, value);
                }
                open.extend(members.values());
            }
            _ => {}
        }
    }
}

fn replies(document: &Value, operation: &str) -> Vec<String> {
    let replies = document["operations"][operation]["reply"]["messages"].as_array().unwrap();
    let last = |reply: &Value| reply["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    replies.iter().map(last).collect()
}

/// AA-1 too.
#[test]
fn ws_030_a_path_is_a_channel_with_the_types_of_its_definition() {
    let loaded = journey(
        "order-approval",
        "1.0.0",
        &approval("apply", "endpoint: { path: /ws/orders, subprotocol: orders.v1 }, "),
    );
    let options = AsyncApi::default().with_server("wss://api.example.org/flows/");
    let document = asyncapi(&loaded.definition, &options);
    is_sound(&document);
    assert_eq!(document["asyncapi"], "3.0.0");
    assert_eq!(
        document["servers"]["default"],
        json!({ "host": "api.example.org", "protocol": "wss", "pathname": "/flows" })
    );
    let channel = &document["channels"]["ws-orders"];
    assert_eq!(channel["address"], "/ws/orders");
    let headers = &channel["bindings"]["ws"]["headers"];
    assert_eq!(headers["properties"]["Sec-WebSocket-Protocol"]["const"], "orders.v1", "WS-021");
    assert_eq!(headers["required"], json!(["Sec-WebSocket-Protocol"]));

    assert_eq!(channel["bindings"]["ws"]["method"], "GET", "AA-1");
    for (_, reference) in channel["messages"].as_object().unwrap() {
        let message = found(&document, reference);
        let correlation = found(&document, &message["correlationId"]);
        assert_eq!(correlation["location"], "$message.payload#/id", "AA-1");
        let frame = found(&document, &message["payload"]);
        assert_eq!(frame["properties"]["type"], json!({ "const": message["name"] }), "AA-1: {message}");
    }

    let input = payload(&document, "ws-orders", "apply");
    assert_eq!(found(&document, input)["required"], json!(["orderId"]), "WS-031");
    let steps = payload(&document, "ws-orders", "decide")["anyOf"].as_array().unwrap();
    let types: Vec<_> = steps.iter().map(|one| &found(&document, one)["type"]).collect();
    assert_eq!(types, ["object", "boolean"], "WS-011: both steps share the type");
    let outcome = found(&document, payload(&document, "ws-orders", "outcome"));
    assert_eq!(outcome["allOf"][1]["properties"]["journeyName"]["const"], "order-approval");
    assert_eq!(replies(&document, "ws-orders.apply"), ["accepted", "started", "error"], "OP-2");
    assert_eq!(replies(&document, "ws-orders.decide"), ["accepted", "status", "error"]);
    assert_eq!(document["operations"]["ws-orders.decide"]["action"], "receive");
    assert_eq!(document["operations"]["ws-orders.push"]["action"], "send");
    assert!(document["operations"]["ws-orders.credit"].get("reply").is_none());
}

#[test]
fn rt_4_journeys_that_share_a_start_type_are_told_apart_by_name() {
    let shared = "endpoint: { path: /ws/all }, ";
    let catalog = Catalog::new(vec![
        journey("order-approval", "1.0.0", &approval("old", shared)),
        journey("order-approval", "2.0.0", &approval("apply", shared)),
        journey("leave-approval", "1.0.0", &approval("apply", shared)),
        journey("elsewhere", "1.0.0", &approval("apply", "")),
    ])
    .unwrap();
    let document = asyncapi_of_catalog(&catalog, &AsyncApi::default());
    is_sound(&document);
    let channels: Vec<_> =
        document["channels"].as_object().unwrap().values().map(|one| &one["address"]).collect();
    assert_eq!(channels.len(), 2);
    assert!(
        channels.contains(&&json!("/ws/all")) && channels.contains(&&json!("/ws/journeys/elsewhere")),
        "WS-005"
    );
    let messages = &document["channels"]["ws-all"]["messages"];
    assert!(messages["old"].is_null(), "RT-4: starts are those of serving versions");
    let start = found(&document, &found(&document, &messages["apply"])["payload"]);
    assert_eq!(start["required"], json!(["type", "journeyName", "payload"]));
    let mut names: Vec<_> = start["properties"]["journeyName"]["enum"].as_array().unwrap().clone();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, ["leave-approval", "order-approval"]);
    let outcomes = payload(&document, "ws-all", "outcome")["anyOf"].as_array().unwrap();
    assert_eq!(outcomes.len(), 3, "RT-11: outcomes of every version");
}

/// Also ENG-053, and ERR-1: what can be asked can be refused.
#[test]
fn op_2_the_replies_to_a_start_are_those_of_its_mode() {
    let of = |mode: &str, name: &str| {
        let spec = approval("apply", "endpoint: { path: /ws/all }, ").replace("startMode: async", mode);
        journey(name, "1.0.0", &spec)
    };
    let (waits, goes) = ("startMode: sync", "startMode: async");
    let guarded = "startMode: sync }
  access: { read: { guardRef: mayRead } }
  subjourneys: { mayRead: { start: look, states: { look: { type: succeed } } }";
    let cases = [
        (vec![of(waits, "one")], vec!["accepted", "outcome", "status", "error"]),
        (vec![of(goes, "one")], vec!["accepted", "started", "error"]),
        (vec![of(guarded, "one")], vec!["accepted", "outcome", "status", "started", "error"]),
        (vec![of(waits, "one"), of(goes, "two")], vec!["accepted", "outcome", "status", "started", "error"]),
    ];
    for (journeys, expected) in cases {
        let document = asyncapi_of_catalog(&Catalog::new(journeys).unwrap(), &AsyncApi::default());
        assert_eq!(replies(&document, "ws-all.apply"), expected);
        for request in
            ["ping", "hello", "auth", "cancel", "subscribe", "unsubscribe", "getStatus", "getOutcome"]
        {
            let replies = replies(&document, &format!("ws-all.{request}"));
            assert!(replies.iter().any(|reply| reply == "error"), "{request}: {replies:?}");
        }
    }
}

/// Also AA-1, SP-5.
#[test]
fn mux_2_the_shared_endpoint_is_a_channel_with_everything_that_has_no_subprotocol_of_its_own() {
    let catalog = Catalog::new(vec![
        journey("order-approval", "1.0.0", &approval("apply", "endpoint: { path: /ws/all }, ")),
        journey("leave-approval", "1.0.0", &approval("ask", "")),
        journey("private", "1.0.0", &approval("begin", "endpoint: { subprotocol: shop.v2 }, ")),
    ])
    .unwrap();
    let document = asyncapi_of_catalog(&catalog, &AsyncApi::default().with_shared_endpoint("/ws/all"));
    is_sound(&document);
    let channels = document["channels"].as_object().unwrap();
    let mut addresses: Vec<_> = channels.values().map(|one| one["address"].as_str().unwrap()).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, ["/ws/all", "/ws/journeys/leave-approval", "/ws/journeys/private"]);
    let messages = &channels["ws-all"]["messages"];
    assert!(messages["apply"].is_object() && messages["ask"].is_object(), "{messages}");
    assert!(messages["begin"].is_null(), "{messages}");
    let headers = &channels["ws-all"]["bindings"]["ws"]["headers"];
    assert_eq!(headers["properties"]["Sec-WebSocket-Protocol"]["const"], "journeyforge.v1");
    let only = Catalog::new(vec![journey(
        "private",
        "1.0.0",
        &approval("begin", "endpoint: { subprotocol: shop.v2 }, "),
    )]);
    let document = asyncapi_of_catalog(&only.unwrap(), &AsyncApi::default().with_shared_endpoint("/ws/all"));
    assert_eq!(document["channels"].as_object().unwrap().len(), 1, "nothing is served there");
}

#[test]
fn ws_032_types_do_not_cover_states_of_subjourneys() {
    let spec = "
  start: ask
  bindings: { websocket: { start: { messageType: begin }, steps: { ask: { messageType: answer } } } }
  states:
    ask: { type: wait, wait: { input: { schema: { type: object } } }, next: child }
    child: { type: subjourney, subjourney: { ref: sub }, next: done }
    done: { type: succeed }
  subjourneys:
    sub:
      start: ask
      states:
        ask: { type: wait, wait: { input: { schema: { type: boolean } } }, next: end }
        end: { type: succeed }
";
    let document = asyncapi(&journey("asking", "1.0.0", spec).definition, &AsyncApi::default());
    is_sound(&document);
    let answer = payload(&document, "ws-journeys-asking", "answer");
    assert_eq!(found(&document, answer)["type"], "object", "{answer}");
}

#[test]
fn ws_003_without_the_binding_there_is_no_channel() {
    let plain = journey("plain", "1.0.0", "  start: done\n  states: { done: { type: succeed } }\n");
    let document = asyncapi(&plain.definition, &AsyncApi::default());
    is_sound(&document);
    assert_eq!((&document["channels"], &document["operations"]), (&json!({}), &json!({})));
}

#[test]
fn ws_013_types_with_any_character_have_names_of_their_own() {
    let spec = "
  start: ask
  bindings: { websocket: { start: { messageType: 'a b/1' }, steps: { ask: { messageType: 'a b 1' } } } }
  states: { ask: { type: wait, wait: { input: { schema: {} } }, next: done }, done: { type: succeed } }
";
    let document = asyncapi(&journey("odd", "1.0.0", spec).definition, &AsyncApi::default());
    is_sound(&document);
    let messages = &document["channels"]["ws-journeys-odd"]["messages"];
    let kinds: Vec<_> =
        ["a-b-1", "a-b-1_2"].iter().map(|key| &found(&document, &messages[*key])["name"]).collect();
    assert_eq!(kinds, ["a b/1", "a b 1"]);
}
