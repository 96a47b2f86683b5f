//! What goes wrong.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::world::{World, WsHost, about, assert_refused, run_of};

/// A frame (`{run}` waits, `{ended}` has ended) and the slug it is refused with.
const WRONG: &[(&str, &str)] = &[
    ("", "malformed-frame"),
    ("nonsense", "malformed-frame"),
    ("[]", "malformed-frame"),
    ("{}", "malformed-frame"),
    (r#"{"type":"ping"}{"type":"ping"}"#, "malformed-frame"),
    (r#"{"type":"ping","type":"ping"}"#, "malformed-frame"),
    (r#"{"type":"ping","id":7}"#, "malformed-frame"),
    (r#"{"type":"ping","id":"no good"}"#, "malformed-frame"),
    (r#"{"type":"suite.none","payload":{}}"#, "unknown-type"),
    (r#"{"type":"$later"}"#, "unknown-type"),
    (r#"{"type":"welcome"}"#, "unknown-type"),
    (r#"{"type":"getStatus","journeyId":"{run}","stepID":"x"}"#, "unknown-member"),
    (r#"{"type":"suite.ask"}"#, "invalid-input"),
    (r#"{"type":"suite.ask","payload":[]}"#, "invalid-input"),
    (r#"{"type":"suite.ask","payload":{"orderId":7}}"#, "invalid-input"),
    (r#"{"type":"suite.ask","journeyName":"suite-stubborn","payload":{}}"#, "not-found"),
    (r#"{"type":"suite.ask","key":"short","payload":{"orderId":"A"}}"#, "idempotency-key-invalid"),
    (r#"{"type":"suite.decide","journeyId":"{run}"}"#, "invalid-input"),
    (r#"{"type":"suite.decide","payload":{}}"#, "invalid-input"),
    (r#"{"type":"suite.decide","journeyId":"{run}","payload":{"decision":"later"}}"#, "invalid-input"),
    (r#"{"type":"suite.decide","journeyId":"{run}","stepId":"done","payload":{}}"#, "step-type-mismatch"),
    (r#"{"type":"suite.answer","journeyId":"{run}","payload":{}}"#, "type-not-for-journey"),
    (r#"{"type":"suite.decide","journeyId":"{run}","ifSeq":99,"payload":{}}"#, "seq-mismatch"),
    (r#"{"type":"suite.decide","journeyId":"{run}","epoch":"e1","payload":{}}"#, "invalid-input"),
    (r#"{"type":"suite.decide","journeyId":"{ended}","payload":{"decision":"approve"}}"#, "step-not-active"),
    (r#"{"type":"cancel","journeyId":"{run}","ifSeq":99}"#, "seq-mismatch"),
    (r#"{"type":"getOutcome","journeyId":"{run}"}"#, "not-terminal"),
    (r#"{"type":"getStatus","journeyId":7}"#, "invalid-input"),
    (r#"{"type":"subscribe","journeyId":"{run}","after":1,"replay":"none"}"#, "invalid-input"),
    (r#"{"type":"subscribe","journeyId":"{run}","events":[]}"#, "invalid-input"),
];

/// ERR-1, ERR-6, RT-1 to RT-6, OP-1, OP-5, OP-6: each with its Problem, and the connection stays open.
pub async fn wrong_frames_have_their_problems(host: &dyn WsHost) {
    let world = World::new(host).await;
    let mut client = world.client().await;
    let (run, ended) = (client.waiting().await.0, client.ended().await);
    for (frame, slug) in WRONG {
        let text = frame.replace("{run}", &run).replace("{ended}", &ended);
        client.client().send_message(Message::text(text)).await.expect("the connection is open");
        let refused = client.frame().await;
        assert_refused(&refused, slug, frame);
        assert_eq!(refused.get("id"), None, "{frame}");
        client.quiet().await;
    }
}

/// IDEM-10: and nothing has happened; also where a run cannot be cancelled.
pub async fn refusals_change_nothing(host: &dyn WsHost) {
    let world = World::new(host).await;
    let mut client = world.client().await;
    let (run, before) = client.waiting().await;
    for (frame, _) in WRONG {
        let text = frame.replace("{run}", &run).replace("{ended}", &run);
        // What is refused for a run that has ended is good for one that waits.
        if text.contains("approve") {
            continue;
        }
        client.client().send_message(Message::text(text)).await.expect("the connection is open");
        client.expect("error").await;
    }
    let after = client.ask(about("getStatus", &run)).await;
    assert_eq!((&after["payload"], &after["seq"]), (&before["payload"], &before["seq"]));

    let stubborn = client.ask(json!({ "type": "suite.insist", "payload": {}, "subscribe": false })).await;
    assert_eq!(stubborn.get("actions"), None, "OP-9");
    let run = run_of(&stubborn);
    assert_refused(
        &client.ask(about("cancel", &run)).await,
        "not-cancellable",
        "a run that cannot be cancelled",
    );
}

/// ACC-3, RT-5: on every operation, to the byte.
pub async fn absent_runs_look_alike(host: &dyn WsHost) {
    let world = World::new(host).await;
    let mut client = world.client().await;
    client.waiting().await;
    for kind in ["getStatus", "getOutcome", "subscribe", "cancel", "suite.decide"] {
        let mut seen: Vec<Value> = Vec::new();
        for id in ["A".repeat(22), "B".repeat(22), "no.id".to_owned(), " ".to_owned()] {
            let mut frame = about(kind, &id);
            if kind == "suite.decide" {
                frame["payload"] = json!({ "decision": "approve" });
            }
            client.send(&frame).await;
            let mut refused = client.frame().await;
            assert_refused(&refused, "not-found", kind);
            assert_eq!(refused["journeyId"].take(), json!(id), "ERR-1");
            seen.push(refused);
        }
        assert!(seen.iter().all(|refused| *refused == seen[0]), "{kind}: {seen:?}");
    }
}

/// ENC-1: what is no text closes its own connection, and no other one.
pub async fn broken_framing_closes_its_connection(host: &dyn WsHost) {
    let world = World::new(host).await;
    let (mut breaking, mut other) = (world.client().await, world.client().await);
    breaking.client().send_message(Message::binary(vec![0xff])).await.expect("the connection is open");
    assert_eq!(breaking.client().closed().await.expect("a close").code, Some(1003));
    other.quiet().await;
}
