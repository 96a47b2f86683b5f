//! `errorMapping` (TSK-045, TSK-047).

use jf_core::run_fault;
use jf_core::spi::{HttpFailure, HttpFailureKind, TaskWrite, WriteTarget};
use jf_task_http::ConnectorConfig;
use serde_json::{Value, json};

use crate::rig::Rig;

fn call(expr: &str, members: Value) -> Value {
    let mut mapping = json!({ "mapper": { "lang": "pick", "expr": expr } });
    for (name, value) in members.as_object().unwrap() {
        mapping[name] = value.clone();
    }
    json!({ "method": "GET", "url": "https://api.example.com/x", "resultVar": "api", "errorMapping": mapping })
}

/// The second write, after that of the result.
async fn mapped(rig: &Rig, config: &Value) -> TaskWrite {
    rig.http.respond(422, r#"{"code":7}"#);
    let mut output = rig.run(config, json!({ "own": 1, "payload": "request" })).await.unwrap();
    assert_eq!(output.writes.len(), 2);
    assert_eq!(
        (&output.writes[0].target, &output.writes[0].value["status"]),
        (&WriteTarget::Var("api".into()), &json!(422))
    );
    output.writes.pop().unwrap()
}

#[tokio::test]
async fn tsk_045_it_runs_only_when_the_call_is_not_ok() {
    let rig = Rig::new();
    rig.http.respond(200, "{}");
    let output = rig.run(&call("fail", json!({})), json!({})).await.unwrap();
    assert_eq!(output.writes.len(), 1);
    rig.http.respond(200, "not json");
    assert_eq!(
        rig.run(&call("fail", json!({})), json!({})).await.unwrap().writes.len(),
        1,
        "BODY_PARSE leaves ok alone"
    );
    rig.http.answer(Err(HttpFailure::new(HttpFailureKind::Timeout, "late")));
    let output = rig.run(&call("payload.error", json!({})), json!({})).await.unwrap();
    assert_eq!(output.writes[1].value, json!({ "type": "TIMEOUT", "message": "late" }));
}

#[tokio::test]
async fn exp_011_the_mapper_sees_the_result_as_payload_and_in_the_context() {
    let write = mapped(&Rig::new(), &call("all", json!({}))).await;
    let result = &write.value["payload"];
    assert_eq!((&result["status"], &result["body"]), (&json!(422), &json!({ "code": 7 })));
    let expected = json!({ "own": 1, "payload": "request", "api": result });
    assert_eq!((&write.value["context"], &write.value["error"]), (&expected, &Value::Null));
    assert_eq!(write.value["platform"]["config"]["base"], "https://base.example/v1");
}

#[tokio::test]
async fn sta_051_targets() {
    let rig = Rig::new();
    let write = mapped(&rig, &call("payload.body", json!({}))).await;
    assert_eq!(write, TaskWrite { target: WriteTarget::Context, value: json!({ "code": 7 }) });
    let write =
        mapped(&rig, &call("payload.body", json!({ "target": { "kind": "context", "path": "a.b" } }))).await;
    assert_eq!(write.target, WriteTarget::Path("a.b".parse().unwrap()));
    let write = mapped(
        &rig,
        &call("payload.body.code", json!({ "target": { "kind": "var" }, "resultVar": "problem" })),
    )
    .await;
    assert_eq!(write, TaskWrite { target: WriteTarget::Var("problem".into()), value: json!(7) });
}

#[tokio::test]
async fn exp_070_a_named_mapper_will_do() {
    let rig = Rig::with("  mappers: {m: {lang: pick, expr: payload.body}}", &ConnectorConfig::default());
    let write = mapped(&rig, &call("", json!({ "mapper": null, "mapperRef": "m" }))).await;
    assert_eq!(write.value, json!({ "code": 7 }));
}

#[tokio::test]
async fn sta_054_the_context_takes_objects_only() {
    let rig = Rig::new();
    for members in [json!({}), json!({ "target": { "path": "a" } })] {
        rig.http.respond(500, "{}");
        let error = rig.run(&call("payload.status", members), json!({})).await.unwrap_err();
        assert_eq!(error.problem().problem_type, run_fault::TRANSFORM_RESULT);
    }
}

#[tokio::test]
async fn tsk_047_a_failing_mapper_fails_the_state_and_writes_nothing() {
    let rig = Rig::new();
    rig.http.respond(500, "{}");
    let error = rig.run(&call("fail", json!({})), json!({})).await.unwrap_err();
    assert_eq!(
        error.problem().problem_type,
        "https://journeyforge.dev/problem/expressions/pick/runtime-error"
    );
}

fn normalised(expr: &str) -> (Rig, Value) {
    let spec = format!("  errors: {{normalisers: {{n: {{mapper: {{lang: pick, expr: '{expr}'}}}}}}}}");
    let rig = Rig::with(&spec, &ConnectorConfig::default());
    let members =
        json!({ "mapper": null, "normaliserRef": "n", "target": { "kind": "var" }, "resultVar": "problem" });
    (rig, call("", members))
}

#[tokio::test]
async fn tsk_046_a_normaliser_behaves_like_its_mapper_and_gives_a_problem() {
    let (rig, config) = normalised(r#"={"type": "urn:x:declined", "status": 409}"#);
    let write = mapped(&rig, &config).await;
    let problem = json!({ "type": "urn:x:declined", "status": 409 });
    assert_eq!(write, TaskWrite { target: WriteTarget::Var("problem".into()), value: problem });
}

#[tokio::test]
async fn tsk_046_what_has_no_type_is_no_problem() {
    for result in [r#"={"title": "x"}"#, r#"={"type": 7}"#, r#"="urn:x:declined""#, "=null"] {
        let (rig, config) = normalised(result);
        rig.http.respond(500, "{}");
        let error = rig.run(&config, json!({})).await.unwrap_err();
        assert_eq!(error.problem().problem_type, run_fault::TRANSFORM_RESULT, "{result}");
    }
}

#[tokio::test]
async fn exp_011_a_normaliser_sees_the_result_as_payload_and_as_error() {
    let (rig, config) = normalised("error.body");
    rig.http.respond(422, r#"{"type":"urn:x:theirs"}"#);
    let output = rig.run(&config, json!({})).await.unwrap();
    assert_eq!(output.writes[1].value, json!({ "type": "urn:x:theirs" }));
    let (rig, config) = normalised("payload.body");
    rig.http.respond(422, r#"{"type":"urn:x:theirs"}"#);
    let output = rig.run(&config, json!({})).await.unwrap();
    assert_eq!(output.writes[1].value, json!({ "type": "urn:x:theirs" }));
}
