//! Whatever a client sends: no panic, one reply per frame, and the connection stays.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::wire::{Client, configured};

/// Texts that are more or less like frames.
fn frames() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("hello"),
        Just("auth"),
        Just("getStatus"),
        Just("getOutcome"),
        Just("subscribe"),
        Just("unsubscribe"),
        Just("cancel"),
        Just("credit"),
        Just("ping"),
        Just("pong"),
        Just("placeOrder"),
        Just("decide"),
        Just("sign"),
        Just("status"),
        Just(""),
    ];
    let name = prop_oneof![
        Just("id"),
        Just("journeyId"),
        Just("journeyName"),
        Just("stepId"),
        Just("payload"),
        Just("key"),
        Just("ifSeq"),
        Just("epoch"),
        Just("subscribe"),
        Just("ack"),
        Just("trace"),
        Just("after"),
        Just("events"),
        Just("conflate"),
        Just("replay"),
        Just("n"),
        Just("scheme"),
        Just("token"),
        Just("resume"),
        Just("x-a"),
        Just("other"),
    ];
    let value = prop_oneof![
        Just(json!("run-1")),
        Just(json!("run-9")),
        Just(json!(true)),
        Just(json!(0)),
        Just(json!(3)),
        Just(json!(null)),
        Just(json!({})),
        Just(json!([])),
        Just(json!({"events":["status"]})),
        Just(json!(["outcome"])),
        Just(json!("approve")),
        Just(json!("0123456789abcdef")),
        Just(json!("all")),
        Just(json!("e1")),
        Just(json!([{"journeyId":"run-1"}])),
        ".{0,12}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
    ];
    let members = prop::collection::vec((name, value), 0..6);
    let frame = (word, members).prop_map(|(word, members)| {
        let mut frame = serde_json::Map::new();
        frame.insert("type".to_owned(), word.into());
        frame.extend(members.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Value::Object(frame).to_string()
    });
    let cut = (frame.clone(), 0.0_f64..1.0).prop_map(|(text, part)| {
        text.chars().take((text.chars().count() as f64 * part) as usize).collect::<String>()
    });
    prop_oneof![6 => frame, 1 => cut, 1 => ".{0,40}", 1 => "[\\[\\]{}\",:0-9a-z ]{0,30}"]
}

/// Whether a well-formed text is one that may be answered by silence, by several frames, or by a close.
fn exempt(text: &str) -> bool {
    let kind =
        serde_json::from_str::<Value>(text).ok().and_then(|frame| frame["type"].as_str().map(str::to_owned));
    matches!(kind.as_deref(), Some("hello" | "credit" | "pong"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// ERR-1, ERR-2, ORD-2.
    #[test]
    fn err_2_every_frame_gets_one_reply_and_the_connection_survives(texts in prop::collection::vec(frames(), 1..15)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (engine, binding) = configured(|_| ());
            engine.run("order");
            let mut client = Client::of(&binding).await;
            for (round, text) in texts.iter().enumerate() {
                if exempt(text) {
                    continue;
                }
                client.send(text);
                // A ping with an id of its own marks the end of what the frame has caused at once.
                let (mut replies, mut pushes) = (Vec::new(), 0);
                while let Some(frame) = client.frame_within(Duration::from_secs(6)).await {
                    let push = matches!(frame["type"].as_str(), Some("status" | "outcome" | "gap" | "bookmark"))
                        && frame.get("id").is_none()
                        && frame.get("subscribed").is_none()
                        && (frame.get("snapshot").is_some() || pushed(text));
                    let end = frame["type"] == "unsubscribed" && frame["reason"] != "requested";
                    if push || end {
                        pushes += 1;
                    } else {
                        replies.push(frame);
                    }
                }
                // The answer to a command without id may look like a push.
                let hidden = replies.is_empty() && pushes > 0 && pushed(text) && !has_id(text);
                assert!(replies.len() == 1 || hidden, "{text} -> {replies:?}");
                let marker = format!("after-{round}");
                client.send(&format!(r#"{{"type":"ping","id":"{marker}"}}"#));
                let pong = client.frame().await;
                assert_eq!(pong, json!({"type":"pong","id":marker}));
            }
            client.gone().await;
        });
    }

    /// ORD-2, ORD-4: with any number of requests in flight, whose replies are let go whenever, each gets one terminal reply and nothing after it.
    #[test]
    fn err_2_requests_in_flight_get_one_terminal_reply_each(
        script in prop::collection::vec((0_usize..REQUESTS.len(), any::<bool>(), 0_usize..4), 1..25),
        locates in prop::collection::vec(0_u64..30, 0..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (engine, binding) = configured(|_| ());
            engine.run("order");
            engine.hold();
            engine.slow_locates(locates);
            let mut client = Client::of(&binding).await;
            let mut asked = BTreeMap::new();
            for (round, (request, ack, happens)) in script.into_iter().enumerate() {
                let (kind, members) = REQUESTS[request];
                let can_ack = matches!(kind, "placeOrder" | "decide" | "sign");
                let ack = if ack && can_ack { r#","ack":true"# } else { "" };
                let id = format!("r-{round}");
                client.send(&format!(r#"{{"type":"{kind}","id":"{id}"{members}{ack}}}"#));
                asked.insert(id, Asked { acks: usize::from(!ack.is_empty()), answered: false });
                match happens {
                    0 => engine.let_go(1),
                    1 => tokio::time::sleep(Duration::from_millis(7)).await,
                    2 => note(&mut asked, client.frame_within(Duration::from_millis(1)).await.as_ref()),
                    _ => {}
                }
            }
            engine.let_go(1000);
            while let Some(frame) = client.frame_within(Duration::from_secs(6)).await {
                note(&mut asked, Some(&frame));
            }
            for (id, asked) in asked {
                assert!(asked.answered, "nothing answers {id}");
            }
            client.gone().await;
        });
    }

    /// FLOW-2, SEQ-5, WS-042: whatever is read when, pushes of one run rise strictly and nothing is lost.
    #[test]
    fn ws_042_pushes_are_in_order_and_complete(
        conflate: bool,
        script in prop::collection::vec((0_usize..4, 0_usize..5, any::<bool>()), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (engine, binding) = configured(|_| ());
            let run = engine.run("order");
            let mut client = Client::of(&binding).await;
            client.send(&format!(r#"{{"type":"subscribe","journeyId":"run-1","after":1,"conflate":{conflate}}}"#));
            client.expect(r#"{"type":"subscribed"}"#).await;
            client.window(2);
            let (mut seen, mut ended) = (1, false);
            let mut check = |frame: Value| {
                let kind = frame["type"].as_str().unwrap().to_owned();
                if kind == "unsubscribed" {
                    ended = true;
                    return;
                }
                let seq = frame["seq"].as_u64().unwrap();
                if frame.get("id").is_some() {
                    // Only an outcome delivers the outcome.
                    let told = if frame["payload"]["phase"] == "RUNNING" { seq } else { seq - 1 };
                    assert!(told >= seen, "{frame}");
                    seen = told;
                } else {
                    let skipped = frame["skipped"].as_u64().unwrap_or(0);
                    assert_eq!(seq, seen + 1 + skipped, "{frame}");
                    assert!(conflate || skipped == 0);
                    seen = seq;
                }
            };
            for (round, (commits, reads, ask)) in script.into_iter().enumerate() {
                (0..commits).for_each(|_| engine.commit(&run));
                if ask {
                    client.send(&format!(r#"{{"type":"getStatus","id":"{round}","journeyId":"run-1"}}"#));
                }
                for _ in 0..reads {
                    if let Some(frame) = client.frame_within(Duration::from_millis(1)).await {
                        check(frame);
                    }
                }
            }
            engine.finish(&run);
            client.open_window();
            while let Some(frame) = client.frame_within(Duration::from_millis(1)).await {
                check(frame);
            }
            assert_eq!((seen, ended), (engine.head(&run), true));
            client.gone().await;
        });
    }
}

/// Types of requests, with members that go with them.
const REQUESTS: [(&str, &str); 12] = [
    ("placeOrder", r#","payload":{}"#),
    ("placeOrder", r#","payload":[],"subscribe":false"#),
    ("decide", r#","journeyId":"run-1","payload":1"#),
    ("sign", r#","journeyId":"run-1","payload":1,"subscribe":true"#),
    ("cancel", r#","journeyId":"run-1""#),
    ("getStatus", r#","journeyId":"run-1""#),
    ("getStatus", r#","journeyId":"run-9""#),
    ("getOutcome", r#","journeyId":"run-1""#),
    ("subscribe", r#","journeyId":"run-1","after":0,"conflate":false"#),
    ("unsubscribe", r#","journeyId":"run-1""#),
    ("ping", ""),
    ("unheard", ""),
];

/// A request that was sent.
struct Asked {
    /// How often it may be acknowledged.
    acks: usize,
    answered: bool,
}

/// Notes what a frame is the answer to.
fn note(asked: &mut BTreeMap<String, Asked>, frame: Option<&Value>) {
    let Some(frame) = frame.filter(|frame| frame.get("id").is_some()) else { return };
    let request =
        asked.get_mut(frame["id"].as_str().unwrap()).unwrap_or_else(|| panic!("nobody asked: {frame}"));
    assert!(!request.answered, "after the terminal reply: {frame}");
    if frame["type"] == "accepted" {
        assert!(request.acks > 0, "one too many: {frame}");
        request.acks -= 1;
    } else {
        request.answered = true;
    }
}

/// Whether the answer to the frame names it.
fn has_id(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|frame| frame.get("id").is_some())
}

/// Whether the frame itself can set off pushes beside its reply.
fn pushed(text: &str) -> bool {
    ["placeOrder", "decide", "sign", "cancel", "subscribe"].iter().any(|kind| text.contains(kind))
}
