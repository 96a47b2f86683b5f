//! What a call gives back, and its time-out.

use std::time::Duration;

use jf_core::spi::{HttpFailure, HttpFailureKind, WriteTarget};
use jf_task_http::ConnectorConfig;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::rig::Rig;

fn call(members: Value) -> Value {
    let mut task = json!({ "method": "GET", "url": "https://api.example.com/x", "resultVar": "api" });
    for (name, value) in members.as_object().unwrap() {
        task[name] = value.clone();
    }
    task
}

#[tokio::test]
async fn tsk_040_the_result_is_written_to_the_variable() {
    let rig = Rig::new();
    rig.http.respond(404, r#"{"why":"gone"}"#);
    let output = rig.run(&call(json!({})), json!({ "api": "before" })).await.unwrap();
    assert!(output.notification.is_none());
    let [write] = output.writes.as_slice() else { panic!("one write, not {:?}", output.writes) };
    assert_eq!(write.target, WriteTarget::Var("api".into()));
    let expected = json!({ "status": 404, "ok": false, "headers": { "Content-Type": "application/json" }, "body": { "why": "gone" } });
    assert_eq!(write.value, expected);
}

#[tokio::test]
async fn tsk_041_a_call_without_response_is_a_result_too() {
    let rig = Rig::new();
    rig.http.answer(Err(HttpFailure::new(HttpFailureKind::Network, "the connection was refused")));
    let output = rig.run(&call(json!({})), json!({})).await.unwrap();
    let expected = json!({ "type": "NETWORK", "message": "the connection was refused" });
    assert_eq!((&output.writes[0].value["ok"], &output.writes[0].value["error"]), (&json!(false), &expected));
}

#[tokio::test]
async fn def_070_time_outs_have_an_order() {
    let config: ConnectorConfig =
        serde_json::from_value(json!({ "timeoutMs": 300, "maxResponseBytes": 9 })).unwrap();
    let defaults = "  defaults: {http: {timeoutMs: 200}}";
    for (spec, members, millis) in
        [(defaults, json!({ "timeoutMs": 100 }), 100), (defaults, json!({}), 200), ("", json!({}), 300)]
    {
        let exchange = Rig::with(spec, &config).request(&call(members), json!({})).await;
        assert_eq!((exchange.timeout, exchange.max_response_bytes), (Duration::from_millis(millis), 9));
    }
    assert_eq!(Rig::new().request(&call(json!({})), json!({})).await.timeout, Duration::from_secs(10));
}

#[tokio::test]
async fn tsk_055_the_time_out_is_clamped_to_the_budget() {
    let mut rig = Rig::new();
    for (budget, expected) in [(50, 50), (100, 100), (500, 100)] {
        rig.budget = Some(Duration::from_millis(budget));
        let exchange = rig.request(&call(json!({ "timeoutMs": 100 })), json!({})).await;
        assert_eq!(exchange.timeout, Duration::from_millis(expected));
    }
    assert!(rig.clock.waited_for().is_empty(), "a response in time is given at once");
}

#[tokio::test]
async fn tsk_055_a_spent_budget_gives_no_result_before_the_deadline() {
    let mut rig = Rig::new();
    rig.budget = Some(Duration::from_millis(50));
    rig.http.answer(Err(HttpFailure::new(HttpFailureKind::Timeout, "late")));
    rig.run(&call(json!({})), json!({})).await.unwrap();
    assert_eq!(rig.clock.waited_for(), [Timestamp::from_millisecond(50).unwrap()]);

    // Another failure, or a time-out of the call itself, is a result like any other.
    rig.http.answer(Err(HttpFailure::new(HttpFailureKind::Network, "broken")));
    rig.run(&call(json!({})), json!({})).await.unwrap();
    rig.http.answer(Err(HttpFailure::new(HttpFailureKind::Timeout, "slow")));
    rig.run(&call(json!({ "timeoutMs": 10 })), json!({})).await.unwrap();
    assert_eq!(rig.clock.waited_for().len(), 1);
}

#[tokio::test]
async fn eng_061_without_budget_nothing_is_sent() {
    let mut rig = Rig::new();
    rig.budget = Some(Duration::ZERO);
    let output = rig.run(&call(json!({})), json!({})).await.unwrap();
    assert_eq!(output.writes[0].value["error"]["type"], "TIMEOUT");
    assert!(rig.http.sent().is_empty());
    assert_eq!(rig.clock.waited_for(), [Timestamp::UNIX_EPOCH]);
}

#[tokio::test]
async fn a_prepared_task_runs_any_number_of_times() {
    let rig = Rig::new();
    let task = rig.prepare(&call(json!({ "url": "https://h/${context.n}" })));
    for n in 0..3 {
        task.execute(rig.task_context(json!({ "n": n }))).await.unwrap();
    }
    let urls: Vec<_> = rig.http.sent().into_iter().map(|exchange| exchange.url).collect();
    assert_eq!(urls, ["https://h/0", "https://h/1", "https://h/2"]);
}
