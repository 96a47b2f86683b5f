//! Calls of catalogued operations.

use http::Method;
use jf_task_http::ConnectorConfig;
use serde_json::{Value, json};

use crate::rig::Rig;

fn rig() -> Rig {
    Rig::with("  apis: {pets: {openApiRef: pets.openapi.yaml}}", &ConnectorConfig::default())
}

fn call(operation: &str, params: Value) -> Value {
    json!({ "operationRef": format!("pets.{operation}"), "resultVar": "api", "params": params })
}

#[tokio::test]
async fn tsk_032_method_and_url_come_from_the_operation() {
    let rig = rig();
    let path = json!({ "id": "${context.id}", "note": 7 });
    let request = rig.request(&call("readNote", json!({ "path": path })), json!({ "id": "a b/ü" })).await;
    assert_eq!(request.method, Method::GET);
    assert_eq!(request.url, "https://pets.example/v2/pets/a%20b%2F%C3%BC/notes/7");
    let request = rig.request(&call("noteExists", json!({ "path": path })), json!({ "id": 1 })).await;
    assert_eq!(request.method, Method::HEAD);
}

#[tokio::test]
async fn tsk_022_other_methods_are_reached_through_operations() {
    let mut config = call("changeNote", json!({ "path": { "id": 1, "note": 2 } }));
    config["body"] = json!({ "text": "new" });
    let request = rig().request(&config, json!({})).await;
    assert_eq!(request.method, Method::PATCH);
    assert_eq!(request.body.as_deref(), Some(&br#"{"text":"new"}"#[..]));
}

#[tokio::test]
async fn tsk_026_query_parameters_are_added() {
    let request = rig().request(&call("listPets", json!({ "query": { "limit": 5 } })), json!({})).await;
    assert_eq!(request.url, "https://pets.example/v2/pets?limit=5");
}

#[tokio::test]
async fn exp_055_a_path_parameter_cannot_climb() {
    let config = call("readNote", json!({ "path": { "id": "${context.id}", "note": 1 } }));
    let (problem, detail) = rig().fault(&config, json!({ "id": ".." })).await;
    assert_eq!(problem, "urn:journeyforge:error:interpolation");
    assert!(detail.contains("change its path"), "{detail}");
}

#[tokio::test]
async fn exp_054_a_path_parameter_without_a_value_fails_the_state() {
    let config = call("readNote", json!({ "path": { "id": "${context.missing}", "note": 1 } }));
    let (problem, detail) = rig().fault(&config, json!({})).await;
    assert_eq!(problem, "urn:journeyforge:error:interpolation");
    assert!(detail.contains("the path parameter `id`"), "{detail}");
}
