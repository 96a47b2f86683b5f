//! Start, step, cancel and the reads (§7, §8, §11).

use std::time::Duration;

use jf_binding_ws::RequireStepId;
use jf_core::{EngineError, EngineErrorKind};

use crate::wire::{Client, configured, shop};

#[tokio::test(start_paused = true)]
async fn the_smallest_useful_client() {
    let (_engine, binding) = shop();
    let mut client = Client::silent(&binding, "/ws/journeys/order");
    let welcome = client.expect(r#"{"type":"welcome","protocol":"journeyforge.v1","revision":1}"#).await;
    assert_eq!(
        welcome["journeys"],
        serde_json::json!([{"journeyName":"order","start":"placeOrder","startMode":"sync","cancellable":true,
            "steps":{"approve":"decide","docs":"decide","sign":"sign"}}])
    );
    client.send(r#"{"type":"placeOrder","payload":{"orderId":"A-17"}}"#);
    let status = client
        .expect(r#"{"type":"status","journeyId":"run-1","seq":1,"epoch":"e1","subscribed":true}"#)
        .await;
    assert!(status.get("id").is_none(), "a request without id has a reply without id: {status}");
    client.send(r#"{"type":"decide","id":"2","journeyId":"run-1","payload":{"decision":"approve"}}"#);
    let reply = client.expect(r#"{"type":"status","id":"2","stepId":"approve","seq":2,"epoch":"e1"}"#).await;
    assert_eq!(reply["payload"]["projected"], true, "OP-4: the submitter's projection");
    assert!(reply.get("subscribed").is_none(), "SUB-2: a step does not say so unasked");
    client.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn op_2_replies_of_starts_by_mode_and_progress() {
    let (engine, binding) = shop();
    let mut client = Client::at(&binding, "/ws/journeys/report").await;
    client.send(r#"{"type":"makeReport","id":"1","payload":{}}"#);
    client.expect(r#"{"type":"started","id":"1","journeyId":"run-1","seq":1,"subscribed":true}"#).await;
    let mut client = Client::of(&binding).await;
    engine.end_at_once();
    client.send(r#"{"type":"placeOrder","id":"2","payload":{}}"#);
    let outcome = client.expect(r#"{"type":"outcome","id":"2","seq":2,"subscribed":false}"#).await;
    assert_eq!(outcome["payload"]["phase"], "SUCCEEDED");
    client.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn op_1_the_payload_of_a_start_is_judged_by_the_engine() {
    let (engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"placeOrder","id":"1","payload":[1]}"#);
    let error = client.refused("invalid-input").await;
    assert_eq!(
        (&error["id"], &error["effect"], &error["retryable"]),
        (&"1".into(), &"none".into(), &false.into())
    );
    assert_eq!(engine.calls(), ["start order [1]"]);
}

#[tokio::test(start_paused = true)]
async fn op_3_a_late_reply_blocks_nothing_and_an_acknowledgement_comes_at_once() {
    let (engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    let other = engine.run("order");
    engine.hold();
    client.send(r#"{"type":"placeOrder","id":"slow","payload":{},"ack":true}"#);
    client.expect(r#"{"type":"accepted","id":"slow","journeyId":"run-2","seq":1,"epoch":"e1"}"#).await;
    client.send(&format!(r#"{{"type":"getStatus","id":"quick","journeyId":"{other}"}}"#));
    client.expect(r#"{"type":"status","id":"quick"}"#).await;
    client.send(r#"{"type":"decide","id":"step","journeyId":"run-1","payload":1,"ack":true}"#);
    client.expect(r#"{"type":"accepted","id":"step","journeyId":"run-1","seq":2}"#).await;
    client.quiet().await;
    engine.let_go(2);
    let first = client.frame().await;
    let second = client.frame().await;
    let mut ids = [first["id"].as_str(), second["id"].as_str()];
    ids.sort_unstable();
    assert_eq!(ids, [Some("slow"), Some("step")]);
    client.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn ord_4_the_acknowledgement_precedes_the_reply_of_an_instant_run() {
    let (engine, binding) = shop();
    engine.end_at_once();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"placeOrder","id":"1","payload":{},"ack":true}"#);
    client.expect(r#"{"type":"accepted","id":"1","seq":1}"#).await;
    client.expect(r#"{"type":"outcome","id":"1","seq":2}"#).await;
    let mut client = Client::at(&binding, "/ws/journeys/report").await;
    client.send(r#"{"type":"makeReport","id":"2","payload":{},"ack":true}"#);
    client.expect(r#"{"type":"accepted","id":"2"}"#).await;
    client.expect(r#"{"type":"started","id":"2","subscribed":true}"#).await;
    client.expect(r#"{"type":"outcome","seq":2}"#).await;
    client.expect(r#"{"type":"unsubscribed"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn ord_3_the_reply_precedes_the_first_push_however_fast_the_run_is() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.window(0);
    for id in 0..20 {
        let frame = format!(r#"{{"type":"subscribe","id":"{id}","journeyId":"run-1","after":1}}"#);
        client.send(&frame);
        engine.commit(&run);
        client.quiet().await;
    }
    client.open_window();
    let mut established = false;
    while let Some(frame) = client.frame_within(std::time::Duration::from_millis(1)).await {
        established |= frame["type"] == "subscribed";
        assert!(established, "{frame}");
    }
}

#[tokio::test(start_paused = true)]
async fn op_3_a_replay_is_flagged_and_not_acknowledged() {
    let (engine, binding) = shop();
    engine.replay();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"placeOrder","id":"1","payload":{},"ack":true,"key":"0123456789abcdef"}"#);
    client.expect(r#"{"type":"status","id":"1","replayed":true}"#).await;
    client.send(
        r#"{"type":"decide","id":"2","journeyId":"run-1","payload":1,"ack":true,"key":"0123456789abcdef"}"#,
    );
    client.expect(r#"{"type":"status","id":"2","replayed":true}"#).await;
    engine.refuse([EngineError::not_found().replayed()]);
    client.send(r#"{"type":"decide","id":"3","journeyId":"run-1","payload":1,"key":"0123456789abcdef"}"#);
    assert_eq!(client.refused("not-found").await["replayed"], true);
}

/// SEQ-6 too: another run waits for none of them.
#[tokio::test(start_paused = true)]
async fn ord_1_commands_of_one_run_keep_their_order_whatever_the_look_ups_take() {
    let (engine, binding) = shop();
    let (a, b) = (engine.run("order"), engine.run("order"));
    let mut client = Client::of(&binding).await;
    engine.slow_locates([50, 0, 0]);
    client.send(&format!(r#"{{"type":"decide","id":"a1","journeyId":"{a}","payload":"first"}}"#));
    client.send(&format!(r#"{{"type":"decide","id":"a2","journeyId":"{a}","payload":"second"}}"#));
    client.send(&format!(r#"{{"type":"cancel","id":"a3","journeyId":"{a}"}}"#));
    client.send(&format!(r#"{{"type":"decide","id":"b1","journeyId":"{b}","payload":"other"}}"#));
    client.expect(r#"{"id":"b1"}"#).await;
    for id in ["a1", "a2", "a3"] {
        let frame = client.frame_within(Duration::from_millis(60)).await.expect("a reply");
        assert_eq!((&frame["id"], &frame["type"]), (&id.into(), &"status".into()));
    }
    let calls = engine.calls();
    assert_eq!(
        calls,
        ["submit run-2 \"other\"", "submit run-1 \"first\"", "submit run-1 \"second\"", "cancel run-1"]
    );
}

#[tokio::test(start_paused = true)]
async fn ord_1_a_submission_that_is_held_delays_none_behind_it() {
    let (engine, binding) = shop();
    engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"sign","id":"early","journeyId":"run-1","payload":"early"}"#);
    client.send(r#"{"type":"decide","id":"1","journeyId":"run-1","payload":1}"#);
    client.send(r#"{"type":"decide","id":"2","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"id":"1","stepId":"approve"}"#).await;
    client.expect(r#"{"id":"2","stepId":"docs"}"#).await;
    let held = client.frame_within(Duration::from_secs(6)).await.unwrap();
    assert_eq!((&held["id"], &held["stepId"]), (&"early".into(), &"sign".into()));
    assert_eq!(engine.calls()[0], "submit run-1 \"early\"");
}

#[tokio::test(start_paused = true)]
async fn rt_6_the_step_is_named_or_follows_from_the_type() {
    let (engine, binding) = shop();
    engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"decide","journeyId":"run-1","stepId":"sign","payload":1}"#);
    client.refused("step-type-mismatch").await;
    client.send(r#"{"type":"decide","journeyId":"run-1","stepId":"no such~step","payload":1}"#);
    client.refused("step-type-mismatch").await;
    client.send(r#"{"type":"decide","journeyId":"run-1","stepId":"docs","payload":1}"#);
    client.refused("step-not-active").await;
    client.send(r#"{"type":"decide","journeyId":"run-1","stepId":"approve","payload":1}"#);
    client.expect(r#"{"type":"status","stepId":"approve"}"#).await;
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"type":"status","stepId":"docs"}"#).await;
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    client.refused("step-not-active").await;
}

#[tokio::test(start_paused = true)]
async fn rt_8_a_shared_type_can_be_made_to_name_its_step() {
    let (engine, binding) = configured(|config| config.require_step_id = RequireStepId::Shared);
    engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    assert_eq!(client.refused("invalid-input").await["problem"]["member"], "stepId");
    client.send(r#"{"type":"decide","journeyId":"run-1","stepId":"approve","payload":1}"#);
    client.expect(r#"{"type":"status"}"#).await;
    client.send(r#"{"type":"sign","journeyId":"run-1","payload":1}"#);
    client.refused("step-not-active").await;
}

#[tokio::test(start_paused = true)]
async fn op_10_actions_are_what_this_path_can_do() {
    let (engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"placeOrder","payload":{}}"#);
    let status = client.frame().await;
    let both = serde_json::json!([{"type":"decide","stepId":"approve"},{"type":"cancel"}]);
    assert_eq!(status["actions"], both);
    engine.finish(&jf_core::JourneyId::parse("run-1").unwrap());
    client.expect(r#"{"type":"outcome"}"#).await;
    client.expect(r#"{"type":"unsubscribed"}"#).await;
    client.send(r#"{"type":"getStatus","journeyId":"run-1"}"#);
    assert_eq!(client.frame().await["actions"], serde_json::json!([]), "an ended run has none");
    let report = engine.run("report");
    let mut client = Client::at(&binding, "/ws/journeys/report").await;
    client.send(&format!(r#"{{"type":"getStatus","journeyId":"{report}"}}"#));
    assert!(client.frame().await.get("actions").is_none(), "OP-9: the switch of links");
}

#[tokio::test(start_paused = true)]
async fn op_5_a_refused_payload_leaves_the_step_active() {
    let (engine, binding) = shop();
    engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"decide","id":"1","journeyId":"run-1","payload":{"invalid":1}}"#);
    let error = client.refused("invalid-input").await;
    assert_eq!(error["problem"]["errors"][0]["pointer"], "/invalid", "ERR-3");
    assert_eq!(error["journeyId"], "run-1", "ERR-1");
    client.send(r#"{"type":"decide","id":"1","journeyId":"run-1","payload":{"ok":1}}"#);
    client.expect(r#"{"type":"status","id":"1","stepId":"approve"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn idem_9_a_precondition_is_handed_to_the_engine() {
    let (engine, binding) = shop();
    engine.run("order");
    let mut client = Client::of(&binding).await;
    for condition in [r#""ifSeq":2"#, r#""ifSeq":1,"epoch":"e0""#] {
        client.send(&format!(r#"{{"type":"decide","journeyId":"run-1","payload":1,{condition}}}"#));
        let error = client.refused("seq-mismatch").await;
        assert_eq!((&error["problem"]["status"], &error["problem"]["head"]), (&412.into(), &1.into()));
    }
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1,"ifSeq":1,"epoch":"e1"}"#);
    client.expect(r#"{"type":"status","seq":2}"#).await;
}

#[tokio::test(start_paused = true)]
async fn rt_10_cancel_answers_with_the_status() {
    let (engine, binding) = shop();
    let (order, report) = (engine.run("order"), engine.run("report"));
    let mut client = Client::of(&binding).await;
    for _ in 0..2 {
        client.send(&format!(r#"{{"type":"cancel","id":"c","journeyId":"{order}"}}"#));
        let status = client.expect(r#"{"type":"status","id":"c","seq":2}"#).await;
        assert!(status.get("stepId").is_none());
        assert_eq!(status["payload"]["phase"], "FAILED");
    }
    let mut client = Client::at(&binding, "/ws/journeys/report").await;
    client.send(&format!(r#"{{"type":"cancel","journeyId":"{report}"}}"#));
    client.refused("not-cancellable").await;
}

#[tokio::test(start_paused = true)]
async fn op_6_an_outcome_exists_at_the_end_only() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"getOutcome","id":"1","journeyId":"run-1"}"#);
    client.refused("not-terminal").await;
    engine.finish(&run);
    client.send(r#"{"type":"getOutcome","id":"2","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"outcome","id":"2","seq":2,"epoch":"e1"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn idem_10_effect_and_retryability_of_every_class() {
    let (engine, binding) = shop();
    engine.run("order");
    let mut client = Client::of(&binding).await;
    for (kind, keyed, effect, retryable) in [
        (EngineErrorKind::Internal, false, "unknown", false),
        (EngineErrorKind::Internal, true, "unknown", true),
        (EngineErrorKind::Unavailable, false, "none", true),
        (EngineErrorKind::IdempotencyMismatch, true, "none", false),
        (EngineErrorKind::StepAmbiguous, false, "none", false),
    ] {
        engine.refuse([EngineError::new(kind).with_retry_after(Duration::from_secs(2))]);
        let key = if keyed { r#","key":"0123456789abcdef""# } else { "" };
        client.send(&format!(r#"{{"type":"decide","journeyId":"run-1","payload":1{key}}}"#));
        let error = client.refused(kind.slug()).await;
        assert_eq!((&error["effect"], &error["retryable"]), (&effect.into(), &retryable.into()), "{error}");
        assert_eq!(error["retryAfterMs"], 2000);
    }
}

#[tokio::test(start_paused = true)]
async fn ws_024_the_trace_comes_with_the_message() {
    let (engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    client.send(&format!(r#"{{"type":"placeOrder","payload":{{}},"trace":{{"traceparent":"{parent}"}}}}"#));
    client.expect(r#"{"type":"status"}"#).await;
    assert_eq!(&**engine.last_caller().trace().unwrap().traceparent(), parent);
    for trace in [r#"{"traceparent":"nonsense"}"#, "{}"] {
        client.send(&format!(r#"{{"type":"placeOrder","payload":{{}},"trace":{trace}}}"#));
        client.expect(r#"{"type":"status"}"#).await;
        assert!(engine.last_caller().trace().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn ws_025_closing_the_connection_changes_no_run() {
    let (engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    engine.hold();
    client.send(r#"{"type":"placeOrder","payload":{}}"#);
    client.quiet().await;
    client.gone().await;
    let run = jf_core::JourneyId::parse("run-1").unwrap();
    assert_eq!((engine.head(&run), engine.is_watched(&run)), (1, false));
    engine.let_go(1);
    let mut again = Client::of(&binding).await;
    again.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    again.expect(r#"{"type":"status","seq":2}"#).await;
}
