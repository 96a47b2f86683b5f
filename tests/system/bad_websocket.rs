//! Bad input over WebSocket, to the real server: each gets its frame or its close code, and other connections notice nothing.

use http::Method;
use jf_testkit::{ClientError, Handshake, WebSocketClient};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::binary::Serving;
use crate::support::downstream::Downstream;
use crate::support::{journeys, urn};

const PATH: &str = "/ws/journeys/review";
const UNKNOWN: &str = "AAAAAAAAAAAAAAAAAAAAAA";

async fn serving() -> Serving {
    Serving::start(&journeys(), None).await
}

fn start() -> Value {
    json!({ "type": "review.start", "payload": { "orderId": "A-17", "amount": 1 }, "subscribe": false })
}

async fn assert_alive(what: &str, client: &mut WebSocketClient) {
    let pong =
        client.request(json!({ "type": "ping" })).await.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(pong["type"], "pong", "{what}");
}

/// Sends a text and gives the Problem it is refused with.
async fn refused(what: &str, client: &mut WebSocketClient, text: String) -> Value {
    client.send_message(Message::text(text)).await.unwrap();
    let mut frame = client.frame().await.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(
        (&frame["type"], &frame["effect"], &frame["retryable"]),
        (&json!("error"), &json!("none"), &json!(false)),
        "{what}: {frame}"
    );
    assert!(frame.get("id").is_none(), "{what}: {frame}");
    frame["problem"].take()
}

/// LIM-2, ERR-1, ERR-6, RT-1, BAT-1, ENC-3: frames that are none are told so, and the connection stays open.
#[tokio::test]
async fn err_1_frames_that_are_none() {
    let serving = serving().await;
    let mut client = serving.websocket(PATH).await;
    let started = client.request(start()).await.unwrap();
    let run = started["journeyId"].as_str().unwrap().to_owned();
    let step = |extra: Value| {
        let mut frame =
            json!({ "type": "review.draft", "journeyId": run, "payload": { "decision": "approve" } });
        frame.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        frame.to_string()
    };
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let large = "x".repeat(1_060_000);
    for (what, text, slug) in [
        ("nothing", String::new(), "malformed-frame"),
        ("no JSON", "hello".to_owned(), "malformed-frame"),
        ("cut JSON", r#"{"type":"ping""#.to_owned(), "malformed-frame"),
        ("two objects", r#"{"type":"ping"}{"type":"ping"}"#.to_owned(), "malformed-frame"),
        ("a batch", r#"[{"type":"ping"}]"#.to_owned(), "malformed-frame"),
        ("a member twice", r#"{"type":"ping","type":"pong"}"#.to_owned(), "malformed-frame"),
        ("10 000 arrays", deep.clone(), "malformed-frame"),
        ("no type", r#"{"payload":{}}"#.to_owned(), "malformed-frame"),
        ("an id that is none", r#"{"type":"ping","id":7}"#.to_owned(), "malformed-frame"),
        ("an unknown type", r#"{"type":"review.strat","payload":{}}"#.to_owned(), "unknown-type"),
        ("a type of another path", r#"{"type":"slow.start","payload":{}}"#.to_owned(), "unknown-type"),
        ("a type to come", r#"{"type":"$later"}"#.to_owned(), "unknown-type"),
        ("a server type", r#"{"type":"welcome"}"#.to_owned(), "unknown-type"),
        ("an unknown member", step(json!({ "stepID": "draft" })), "unknown-member"),
        ("a number as run", r#"{"type":"getStatus","journeyId":7}"#.to_owned(), "invalid-input"),
        ("no run", r#"{"type":"getStatus"}"#.to_owned(), "invalid-input"),
        ("no payload", json!({ "type": "review.draft", "journeyId": run }).to_string(), "invalid-input"),
        ("a fraction as number", step(json!({ "ifSeq": 1.5 })), "invalid-input"),
        ("too large a number", step(json!({ "ifSeq": 9_007_199_254_740_993_u64 })), "invalid-input"),
        ("an epoch alone", step(json!({ "epoch": "e1" })), "invalid-input"),
        ("a wrong number", step(json!({ "ifSeq": 1 })), "seq-mismatch"),
        ("a short key", step(json!({ "key": "short" })), "idempotency-key-invalid"),
        ("a step the type does not cover", step(json!({ "stepId": "sign" })), "step-type-mismatch"),
        (
            "a step that does not wait",
            json!({ "type": "review.sign", "journeyId": run, "payload": { "by": "x" } }).to_string(),
            "step-not-active",
        ),
        ("an unknown run", step(json!({ "journeyId": UNKNOWN })), "not-found"),
        ("no id of a run", step(json!({ "journeyId": "../.." })), "not-found"),
        (
            "an unknown run to read",
            format!(r#"{{"type":"getOutcome","journeyId":"{UNKNOWN}"}}"#),
            "not-found",
        ),
        (
            "an unknown run to follow",
            format!(r#"{{"type":"subscribe","journeyId":"{UNKNOWN}"}}"#),
            "not-found",
        ),
        (
            "another journey",
            json!({ "type": "review.start", "journeyName": "slow", "payload": {} }).to_string(),
            "not-found",
        ),
        (
            "a payload that is no object",
            r#"{"type":"review.start","payload":[]}"#.to_owned(),
            "invalid-input",
        ),
        (
            "a payload against its schema",
            r#"{"type":"review.start","payload":{"orderId":1}}"#.to_owned(),
            "invalid-input",
        ),
        ("a deep payload", format!(r#"{{"type":"review.start","payload":{deep}}}"#), "invalid-input"),
        ("a large payload", step(json!({ "payload": large })), "too-large"),
        (
            "a contradiction",
            json!({ "type": "subscribe", "journeyId": run, "after": 1, "replay": "none" }).to_string(),
            "invalid-input",
        ),
    ] {
        let problem = refused(what, &mut client, text).await;
        assert_eq!(problem["type"], urn(slug), "{what}: {problem}");
        assert_alive(what, &mut client).await;
    }
    let status = client.request(json!({ "type": "getStatus", "journeyId": run })).await.unwrap();
    assert_eq!(
        (&status["seq"], &status["payload"]["currentState"]),
        (&json!(2), &json!("draft")),
        "nothing has moved it"
    );
}

/// ORD-2: an id in flight is refused without touching the request that has it; after its reply it is free.
#[tokio::test]
async fn ord_2_an_id_is_used_once_at_a_time() {
    let mut downstream = Downstream::holding(r#"{"status":"MADE"}"#).await;
    let rewrite = format!("[{{ from: 'http://slow.example', to: '{}' }}]", downstream.origin());
    let config = format!("connectors: {{ http: {{ rewrite: {rewrite} }} }}\n");
    let serving = Serving::start(&journeys(), Some(&config)).await;
    let mut client = serving.websocket("/ws/journeys/slow").await;
    let start = json!({ "type": "slow.start", "id": "same", "payload": {} });
    client.send(&start).await.unwrap();
    downstream.arrival().await;
    for second in [start.clone(), json!({ "type": "ping", "id": "same" })] {
        let problem = refused("an id in flight", &mut client, second.to_string()).await;
        assert_eq!((&problem["type"], &problem["requestId"]), (&json!(urn("duplicate-id")), &json!("same")));
    }
    downstream.release();
    assert_eq!(client.reply("same").await.unwrap()["payload"]["status"], "MADE");
    client.send(&start).await.unwrap();
    assert_eq!(client.reply("same").await.unwrap()["type"], "outcome");
}

/// ENC-1, LIM-1: what breaks the framing closes the connection with its code, and no other one.
#[tokio::test]
async fn enc_1_broken_framing_closes_its_own_connection() {
    let serving = serving().await;
    let mut bystander = serving.websocket(PATH).await;
    let text = |bytes: &[u8]| Message::Frame(Frame::message(bytes.to_vec(), OpCode::Data(Data::Text), true));
    for (what, message, code) in [
        ("binary", Message::binary(b"{}".to_vec()), 1003),
        ("invalid UTF-8", text(b"{\"type\":\"\xff\xfe\"}"), 1007),
        ("10 MB", Message::text("x".repeat(10_000_000)), 1009),
    ] {
        let mut client = serving.websocket(PATH).await;
        // The server may close while a large message is still on its way.
        let _ = client.send_message(message).await;
        let closed = client.closed().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(closed.code, Some(code), "{what}");
        assert_alive(what, &mut bystander).await;
    }
}

/// ERR-1, §17: nonsense without end is closed with 4400.
#[tokio::test]
async fn err_1_nonsense_without_end_is_closed() {
    let serving = serving().await;
    let mut client = serving.websocket(PATH).await;
    for _ in 0..21 {
        client.send_message(Message::text("nonsense")).await.unwrap();
    }
    let closed = client.closed().await.unwrap();
    assert_eq!((closed.code, closed.reason.as_str()), (Some(4400), "protocol-violation"));
    assert_alive("nonsense elsewhere", &mut serving.websocket(PATH).await).await;
}

/// HS-1, SP-2, ORG-1, WS-020: handshakes that are refused, with a Problem.
#[tokio::test]
async fn hs_1_handshakes_that_are_refused() {
    let serving = serving().await;
    let plain = Handshake::default;
    let own = format!("http://127.0.0.1:{}", serving.address().port());
    for (what, path, handshake, status, slug) in [
        ("an unknown path", "/ws/journeys/none", plain(), 404, "not-found"),
        ("a slash too many", "/ws/journeys/review/", plain(), 404, "not-found"),
        ("another protocol", PATH, plain().with_protocol("chat"), 400, "subprotocol-required"),
        ("another page", PATH, plain().with_header("origin", "https://elsewhere.example"), 403, "forbidden"),
        ("no page", PATH, plain().with_header("origin", "null"), 403, "forbidden"),
    ] {
        match WebSocketClient::connect(serving.address(), path, &handshake).await {
            Err(ClientError::Refused(response)) => {
                assert_eq!(response.status, status, "{what}");
                assert_eq!(response.json().unwrap()["type"], urn(slug), "{what}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
    let response = serving.http().send(Method::GET, PATH, None).await.unwrap();
    assert_eq!(
        (response.status.as_u16(), &response.json().unwrap()["type"]),
        (426, &json!(urn("upgrade-required")))
    );
    let page = plain().with_header("origin", own).with_protocol("chat").with_protocol("journeyforge.v1");
    let client = WebSocketClient::connect(serving.address(), PATH, &page).await.unwrap();
    assert_eq!(client.protocol(), Some("journeyforge.v1"));
    client.close().await.unwrap();
}
