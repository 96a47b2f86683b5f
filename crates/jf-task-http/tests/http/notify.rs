//! `mode: notify` (TSK-050, TSK-051).

use std::time::Duration;

use http::HeaderValue;
use jf_core::run_fault;
use jf_core::spi::{HttpFailure, HttpFailureKind};
use serde_json::{Value, json};

use crate::rig::Rig;

fn call(members: Value) -> Value {
    let mut task = json!({
        "mode": "notify",
        "method": "POST",
        "url": "https://audit.example.com/${context.id}",
        "body": { "mapper": { "lang": "pick", "expr": "context" } },
    });
    for (name, value) in members.as_object().unwrap() {
        task[name] = value.clone();
    }
    task
}

#[tokio::test]
async fn tsk_050_the_request_is_built_in_the_state_and_sent_afterwards() {
    let rig = Rig::new();
    let output = rig.run(&call(json!({})), json!({ "id": 7 })).await.unwrap();
    assert!(output.writes.is_empty());
    assert!(rig.http.sent().is_empty(), "nothing is sent before the commit");
    output.notification.unwrap().into_future().await;
    let sent = rig.http.sent().pop().unwrap();
    assert_eq!(
        (sent.url.as_str(), sent.body.as_deref()),
        ("https://audit.example.com/7", Some(br#"{"id":7}"#.as_slice()))
    );
    assert_eq!(rig.plugin.failed_notifications(), 0);
}

#[tokio::test]
async fn tsk_050_what_cannot_be_built_fails_the_state() {
    let rig = Rig::new();
    assert_eq!(rig.fault(&call(json!({})), json!({})).await.0, run_fault::INTERPOLATION);
    let mapper = json!({ "mapper": { "lang": "pick", "expr": "fail" } });
    assert!(
        rig.fault(&call(json!({ "body": mapper })), json!({ "id": 1 })).await.0.contains("expressions/pick")
    );
}

#[tokio::test]
async fn tsk_051_failures_are_counted_and_reach_nobody() {
    let rig = Rig::new();
    let failures = [HttpFailureKind::Timeout, HttpFailureKind::Network, HttpFailureKind::Blocked];
    for kind in failures {
        rig.http.answer(Err(HttpFailure::new(kind, "why")));
    }
    rig.http.respond(500, "{}");
    rig.http.respond(302, "{}");
    rig.http.respond(204, "");
    rig.http.answer(Err(HttpFailure::new(HttpFailureKind::TooLarge, "delivered all the same")));
    for _ in 0..7 {
        let output = rig.run(&call(json!({})), json!({ "id": 7 })).await.unwrap();
        output.notification.unwrap().into_future().await;
    }
    assert_eq!(rig.plugin.failed_notifications(), 5);
}

#[tokio::test]
async fn tsk_051_a_notification_that_is_dropped_is_not_sent() {
    let rig = Rig::new();
    drop(rig.run(&call(json!({})), json!({ "id": 7 })).await.unwrap());
    assert!(rig.http.sent().is_empty());
}

#[tokio::test]
async fn eng_061_its_time_out_is_clamped_like_any_other() {
    let mut rig = Rig::new();
    rig.budget = Some(Duration::from_millis(5));
    let output = rig.run(&call(json!({ "timeoutMs": 100 })), json!({ "id": 7 })).await.unwrap();
    output.notification.unwrap().into_future().await;
    assert_eq!(rig.http.sent()[0].timeout, Duration::from_millis(5));
}

/// The headers of the request that began the segment go along, whoever waits.
#[tokio::test]
async fn http_040_notifications_pass_headers_on() {
    let mut rig = Rig::new();
    rig.passthrough.insert("x-sent", HeaderValue::from_static("t-1"));
    let output = rig.run(&call(json!({})), json!({ "id": 7 })).await.unwrap();
    output.notification.unwrap().into_future().await;
    assert_eq!(rig.http.sent().pop().unwrap().headers["x-sent"], "t-1");
}
