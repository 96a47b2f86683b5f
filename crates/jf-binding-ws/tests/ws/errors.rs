//! Frames that cannot be taken (ERR-1 to ERR-6, ORD-2, LIM-1, LIM-2).

use std::time::Duration;

use jf_binding_ws::WsBinding;
use tokio::time::Instant;
use tungstenite::error::{CapacityError, Error, ProtocolError};
use tungstenite::{Bytes, Message};

use crate::wire::{Client, configured, shop};

#[tokio::test(start_paused = true)]
async fn err_1_bad_frames_among_good_ones_cost_nothing_but_themselves() {
    let (engine, binding) = shop();
    engine.run("order");
    let mut client = Client::of(&binding).await;
    for (frame, slug) in [
        ("", "malformed-frame"),
        ("{", "malformed-frame"),
        ("[]", "malformed-frame"),
        (r#"[{"type":"ping"}]"#, "malformed-frame"),
        (r#"{"type":"ping"}{"type":"ping"}"#, "malformed-frame"),
        ("\u{feff}{\"type\":\"ping\"}", "malformed-frame"),
        (r#"{"type":"ping","type":"ping"}"#, "malformed-frame"),
        (r#"{"payload":{}}"#, "malformed-frame"),
        (r#"{"type":"welcome"}"#, "unknown-type"),
        (r#"{"type":"$next"}"#, "unknown-type"),
        (r#"{"type":"makeReport","payload":{}}"#, "unknown-type"),
        (r#"{"type":"decide","journeyId":"run-1","stepID":"approve","payload":1}"#, "unknown-member"),
        (r#"{"type":"decide","journeyId":"run-1"}"#, "invalid-input"),
        (r#"{"type":"decide","journeyId":"run-1","payload":1,"key":"short"}"#, "idempotency-key-invalid"),
        (r#"{"type":"getStatus","journeyId":"unknown"}"#, "not-found"),
        (r#"{"type":"getStatus","journeyId":"not/an/id"}"#, "not-found"),
        (r#"{"type":"cancel","journeyId":"not/an/id"}"#, "not-found"),
        (r#"{"type":"subscribe","journeyId":"not/an/id"}"#, "not-found"),
        (r#"{"type":"decide","journeyId":"not/an/id","payload":1}"#, "not-found"),
        (r#"{"type":"auth","scheme":"basic","token":"t"}"#, "invalid-input"),
    ] {
        client.send(frame);
        let error = client.refused(slug).await;
        assert_eq!(error["effect"], "none", "{frame}");
        client.send(r#"{"type":"ping","id":"p"}"#);
        client.expect(r#"{"type":"pong","id":"p"}"#).await;
    }
    assert_eq!(engine.calls(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn ord_2_an_id_in_flight_is_refused_without_id_and_the_earlier_request_goes_on() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    engine.hold();
    client.send(r#"{"type":"decide","id":"7","journeyId":"run-1","payload":1}"#);
    for frame in [r#"{"type":"ping","id":"7"}"#, r#"{"type":"nonsense","id":"7"}"#] {
        client.send(frame);
        let error = client.refused("duplicate-id").await;
        assert_eq!((error.get("id"), &error["problem"]["requestId"]), (None, &"7".into()));
    }
    client.send(r#"{"type":"ping","id":"7","id":"7"}"#);
    assert_eq!(client.refused("malformed-frame").await.get("id"), None);
    client.send(r#"{"type":"ping","id":"7","ack":1,"ack":1}"#);
    let error = client.refused("malformed-frame").await;
    assert_eq!((error.get("id"), &error["problem"]["requestId"]), (None, &"7".into()));
    engine.let_go(1);
    client.expect(r#"{"type":"status","id":"7"}"#).await;
    client.send(r#"{"type":"ping","id":"7"}"#);
    client.expect(r#"{"type":"pong","id":"7"}"#).await;
    assert_eq!(engine.head(&run), 2);
}

#[tokio::test(start_paused = true)]
async fn acc_3_unknown_foreign_and_removed_runs_answer_alike() {
    let (engine, binding) = shop();
    let (foreign, removed) = (engine.run("report"), engine.run("order"));
    engine.remove(&removed);
    let mut client = Client::of(&binding).await;
    for frame_type in ["getStatus", "getOutcome", "cancel", "subscribe"] {
        let mut answers = Vec::new();
        for run in ["run-9", "no%run", foreign.as_str(), removed.as_str()] {
            client.send(&format!(r#"{{"type":"{frame_type}","id":"1","journeyId":"{run}"}}"#));
            let error = client.refused("not-found").await.to_string();
            answers.push(error.replace(run, "RUN"));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
    for run in ["run-9", foreign.as_str()] {
        client.send(&format!(r#"{{"type":"decide","journeyId":"{run}","payload":1}}"#));
        client.refused("not-found").await;
    }
    assert_eq!(engine.calls(), Vec::<String>::new(), "RT-5: no probing of other paths");
}

/// Also ENG-113, RT-5.
#[tokio::test(start_paused = true)]
async fn acc_3_runs_that_are_not_there_take_as_long_as_those_that_are_denied() {
    let (engine, binding) = shop();
    let (denied, foreign) = (engine.run("order"), engine.run("report"));
    engine.deny();
    engine.keep_silent(50);
    let takes = async |frame: String| {
        let mut client = Client::of(&binding).await;
        engine.slow_locates([7]);
        let begun = Instant::now();
        client.send(&frame);
        let error = client.frame_within(Duration::from_secs(1)).await.unwrap();
        assert_eq!(error["problem"]["type"], "urn:journeyforge:error:not-found", "{error}");
        begun.elapsed().as_millis()
    };
    for frame_type in ["getStatus", "getOutcome", "cancel", "subscribe"] {
        for run in [denied.as_str(), foreign.as_str(), "nobody"] {
            let frame = format!(r#"{{"type":"{frame_type}","journeyId":"{run}"}}"#);
            assert_eq!(takes(frame).await, 57, "{frame_type} {run}");
        }
    }
    // No guard stands before a submission, so there is nothing to wait for.
    for run in [foreign.as_str(), "nobody"] {
        let frame = format!(r#"{{"type":"decide","journeyId":"{run}","payload":1}}"#);
        assert_eq!(takes(frame).await, 7, "{run}");
    }
}

#[tokio::test(start_paused = true)]
async fn lim_1_a_payload_has_a_limit_of_its_own() {
    let (engine, binding) = configured(|config| config.limits.max_payload_bytes = 64.try_into().unwrap());
    engine.run("order");
    let mut client = Client::of(&binding).await;
    let submit = |bytes: usize| {
        let text = "x".repeat(bytes - 2);
        format!(r#"{{"type":"decide","id":"1","journeyId":"run-1","payload":"{text}"}}"#)
    };
    client.send(&submit(65));
    client.refused("too-large").await;
    client.send(&submit(64));
    client.expect(r#"{"type":"status"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn lim_2_a_payload_that_is_nested_too_deep_is_invalid_input() {
    let (engine, binding) = shop();
    engine.run("order");
    let mut client = Client::of(&binding).await;
    let submit = |levels: usize| {
        let payload = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"type":"decide","id":"1","journeyId":"run-1","payload":{payload}}}"#)
    };
    for levels in [129, 10_000, 500_000] {
        client.send(&submit(levels));
        assert_eq!(client.refused("invalid-input").await["id"], "1");
    }
    client.send(&submit(128));
    client.expect(r#"{"type":"status"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn close_4400_twenty_malformed_frames_a_minute_are_borne() {
    let (_engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    for _ in 0..20 {
        client.send("nonsense");
        client.refused("malformed-frame").await;
    }
    tokio::time::advance(Duration::from_secs(61)).await;
    for _ in 0..20 {
        client.send("nonsense");
        client.refused("malformed-frame").await;
    }
    client.send(r#"{"type":"unheard"}"#);
    client.refused("unknown-type").await;
    client.send("nonsense");
    client.closed(4400, "protocol-violation").await;
}

#[tokio::test(start_paused = true)]
async fn enc_1_framing_faults_close_with_their_codes() {
    let (_engine, binding) = shop();
    let too_long = || Error::Capacity(CapacityError::MessageTooLong { size: 2, max_size: 1 });
    let faults: [(Result<Message, Error>, u16); 4] = [
        (Ok(Message::Binary(Bytes::from_static(b"{}"))), 1003),
        (Err(too_long()), 1009),
        (Err(Error::Utf8("bytes".into())), 1007),
        (Err(Error::Protocol(ProtocolError::NonZeroReservedBits)), 1002),
    ];
    for (fault, code) in faults {
        let mut client = Client::of(&binding).await;
        client.message(fault);
        client.closed(code, "framing").await;
    }
}

/// What the refusal of a frame of this type suggests.
async fn suggestion(binding: &WsBinding, kind: &str) -> Option<String> {
    let mut client = Client::of(binding).await;
    client.send(&format!(r#"{{"type":"{kind}"}}"#));
    let refused = client.refused("unknown-type").await;
    refused["problem"]["detail"].as_str()?.rsplit_once("; ").map(|(_, end)| end.to_owned())
}

/// Also ACC-3: nothing is suggested that the client has not been told of.
#[tokio::test(start_paused = true)]
async fn err_6_a_type_is_suggested_of_those_that_welcome_lists() {
    let (_engine, open) = shop();
    let (_engine, closed) = configured(|config| config.catalog = false);
    for (kind, from_open, from_closed) in [
        ("plceOrder", Some("did you mean `placeOrder`?"), None),
        ("sing", Some("did you mean `sign`?"), Some("did you mean `ping`?")),
        ("getstatus", Some("did you mean `getStatus`?"), Some("did you mean `getStatus`?")),
        ("makeReprt", None, None),
        ("x", None, None),
    ] {
        assert_eq!(suggestion(&open, kind).await.as_deref(), from_open, "{kind}");
        assert_eq!(suggestion(&closed, kind).await.as_deref(), from_closed, "{kind}");
    }
}

/// Also ERR-6; a grant is no request.
#[tokio::test(start_paused = true)]
async fn flow_7_a_credit_with_an_id_is_told_that_it_has_no_reply() {
    let (_engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"credit","id":"q","n":1}"#);
    let refused = client.frame().await;
    assert_eq!(refused["problem"]["detail"], "`credit` takes no `id`: it has no reply");
    assert_eq!(refused["problem"]["members"], serde_json::json!(["id"]), "ERR-6");
}

#[tokio::test(start_paused = true)]
async fn err_6_extensions_are_ignored() {
    let (_engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"ping","id":"1","x-note":{"a":[1]},"x-":null}"#);
    client.expect(r#"{"type":"pong","id":"1"}"#).await;
    client.send(r#"{"type":"pong"}"#);
    client.quiet().await;
}
