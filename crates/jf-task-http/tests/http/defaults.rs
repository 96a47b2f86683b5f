//! Headers that the engine adds of its own accord: the trace of a task, and the name of its activation.

use std::sync::Arc;

use http::HeaderMap;
use jf_core::TraceContext;
use jf_core::spi::TaskContext;
use jf_task_http::ConnectorConfig;
use serde_json::{Value, json};

use crate::rig::Rig;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn traced(rig: &Rig) -> TaskContext {
    let mut context = rig.task_context(json!({}));
    context.trace = TraceContext::parse(PARENT, Some("a=1"));
    context
}

async fn sent(rig: &Rig, config: &Value, context: TaskContext) -> HeaderMap {
    rig.prepare(config).execute(context).await.unwrap();
    rig.http.sent().pop().expect("a request was sent").headers
}

/// The lowest rank of TSK-035: what the engine says of itself.
#[tokio::test]
async fn tsk_035_requests_carry_the_trace_of_their_task() {
    let rig = Rig::new();
    let call = json!({ "method": "GET", "url": "https://h/", "resultVar": "api" });
    let headers = sent(&rig, &call, traced(&rig)).await;
    assert_eq!(headers["traceparent"], PARENT);
    assert_eq!(headers["tracestate"], "a=1");
    let mut untraced = traced(&rig);
    untraced.trace = None;
    assert!(!sent(&rig, &call, untraced).await.contains_key("traceparent"));

    let mut own = call.clone();
    own["headers"] = json!({ "Traceparent": "mine" });
    let headers = sent(&rig, &own, traced(&rig)).await;
    assert_eq!(headers["traceparent"], "mine");
    assert!(!headers.contains_key("tracestate"), "one does not go without the other");
    let mut passed = traced(&rig);
    passed.passthrough =
        Arc::new(HeaderMap::from_iter([("traceparent".parse().unwrap(), "theirs".parse().unwrap())]));
    assert_eq!(sent(&rig, &call, passed).await["traceparent"], "theirs");

    let notify = json!({ "method": "POST", "url": "https://h/", "mode": "notify" });
    let output = rig.prepare(&notify).execute(traced(&rig)).await.unwrap();
    output.notification.unwrap().into_future().await;
    assert_eq!(rig.http.sent().pop().unwrap().headers["traceparent"], PARENT);
}

/// ENG-101: others can know a repeated request.
#[tokio::test]
async fn eng_101_unsafe_requests_name_their_activation_when_the_platform_wants_it() {
    let config = serde_json::from_value(json!({ "idempotencyHeader": "Idempotency-Key" })).unwrap();
    let rig = Rig::with("  platform: {config: {base: {type: string}}}", &config);
    let call = |method: &str| json!({ "method": method, "url": "https://h/", "resultVar": "api" });
    for method in ["POST", "PUT", "DELETE"] {
        let headers = sent(&rig, &call(method), rig.task_context(json!({}))).await;
        assert_eq!(headers["idempotency-key"], "activation", "{method}");
    }
    let get = sent(&rig, &call("GET"), rig.task_context(json!({}))).await;
    assert!(!get.contains_key("idempotency-key"));
    let mut own = call("POST");
    own["headers"] = json!({ "idempotency-key": "order-17" });
    assert_eq!(sent(&rig, &own, rig.task_context(json!({}))).await["idempotency-key"], "order-17");
    let plain = Rig::new();
    assert!(
        !sent(&plain, &call("POST"), plain.task_context(json!({}))).await.contains_key("idempotency-key")
    );
    let bad: Result<ConnectorConfig, _> = serde_json::from_value(json!({ "idempotencyHeader": "a b" }));
    assert!(bad.is_err());
}
