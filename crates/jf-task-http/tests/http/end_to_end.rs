//! The task on the real connector, against a server on loopback.

use std::sync::Arc;

use jf_task_http::{ConnectorConfig, ReqwestConnector};
use serde_json::{Value, json};

use crate::rig::Rig;
use crate::stub::Stub;

async fn run(stub: &Stub, path: &str, members: Value) -> Value {
    let origin = format!("http://{}", stub.address);
    let config: ConnectorConfig = serde_json::from_value(
        json!({ "rewrite": [{ "from": "https://api.example.com", "to": origin }], "maxResponseBytes": 64 }),
    )
    .unwrap();
    let rig = Rig::with("", &config);
    let mut task =
        json!({ "method": "POST", "url": format!("https://api.example.com{path}"), "resultVar": "api" });
    for (name, value) in members.as_object().unwrap() {
        task[name] = value.clone();
    }
    let http = Arc::new(ReqwestConnector::new(&config).unwrap());
    let context = rig.task_context_on(json!({ "id": "a/b" }), http);
    rig.prepare(&task).execute(context).await.unwrap().writes.remove(0).value
}

#[tokio::test]
async fn tsk_040_a_call_over_the_wire() {
    let stub = Stub::start().await;
    let members = json!({ "params": { "query": { "q": "${context.id}" } }, "headers": { "X-Id": "${context.id}" }, "body": { "n": 1 } });
    let result = run(&stub, "/items/${context.id}", members).await;
    assert_eq!(
        (&result["status"], &result["ok"], &result["body"]),
        (&json!(200), &json!(true), &json!("hello"))
    );
    assert_eq!(result["headers"]["Content-Type"], "text/plain; charset=utf-8");
    let seen = stub.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/items/a%2Fb?q=a%2Fb"));
    assert_eq!(
        (seen.body.as_ref(), &seen.headers["x-id"], &seen.headers["accept"]),
        (br#"{"n":1}"#.as_slice(), &"a/b".parse().unwrap(), &"application/json".parse().unwrap())
    );
    assert_eq!(seen.headers["content-type"], "application/json");
}

#[tokio::test]
async fn tsk_042_repeated_headers_over_the_wire() {
    let stub = Stub::start().await;
    let result = run(&stub, "/repeated", json!({})).await;
    assert_eq!((&result["status"], &result["headers"]["X-Many"]), (&json!(201), &json!("1, 2")));
}

#[tokio::test]
async fn tsk_044_a_large_body_over_the_wire() {
    let stub = Stub::start().await;
    let result = run(&stub, "/endless", json!({})).await;
    let expected = json!({
        "ok": false,
        "headers": {},
        "body": null,
        "error": { "type": "BODY_TOO_LARGE", "message": "the response body is longer than 64 bytes" },
    });
    assert_eq!(result, expected);
}

#[tokio::test(start_paused = true)]
async fn tsk_055_a_slow_server_over_the_wire() {
    let stub = Stub::start().await;
    for path in ["/silent", "/stalls"] {
        let result = run(&stub, path, json!({ "timeoutMs": 60_000 })).await;
        let expected = json!({ "type": "TIMEOUT", "message": "no complete response within 60000 ms" });
        assert_eq!((&result["ok"], &result["error"]), (&json!(false), &expected), "{path}");
    }
}
