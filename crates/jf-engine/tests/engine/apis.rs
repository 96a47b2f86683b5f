//! Calls of Apis (ENG-008, ENG-103, HTTP-066 to HTTP-073).

use jf_core::{ApiReply, CallApi, Engine, EngineErrorKind, ListQuery, Problem};
use jf_dsl::DefinitionName;
use serde_json::{Value, json};
use std::num::NonZeroU32;

use crate::support::{Bench, api, breathe, caller, caller_with, kind, soon};

const ECHO: &str = "\
input: { schema: { type: object, required: [q], properties: { q: { type: string } } } }
start: done
states:
  done: { type: succeed, outputVar: q }
";

const ASKING: &str = "\
execution: { maxDurationSec: 20, onTimeout: { errorCode: TOO_SLOW, reason: no time left } }
bindings: { http: { start: { headersPassthrough: [{ from: X-Trace, to: X-Trace }] } } }
start: ask
states:
  ask: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed, outputVar: answer }
";

fn call(name: &str, body: Value) -> CallApi {
    CallApi::new(DefinitionName::parse(name).unwrap(), body)
}

async fn reply(bench: &Bench, request: CallApi) -> ApiReply {
    soon(bench.engine.call_api(request, &caller())).await.unwrap()
}

#[tokio::test]
async fn eng_008_a_call_runs_to_its_end_and_leaves_nothing() {
    let bench = Bench::new(&[api("echo", ECHO)]).await;
    let answer = reply(&bench, call("echo", json!({ "q": "hello" }))).await;
    assert_eq!(answer, ApiReply::new(200, json!("hello")));
    let page = bench.engine.list(ListQuery::new(NonZeroU32::MIN), &caller()).await.unwrap();
    assert!(page.items.is_empty());
    let unknown = bench.engine.call_api(call("nothing", json!({})), &caller()).await;
    assert_eq!(kind(unknown), EngineErrorKind::NotFound);
}

#[tokio::test]
async fn http_073_faults_of_the_input_come_in_the_envelope() {
    let bench = Bench::new(&[api("echo", ECHO)]).await;
    let invalid = reply(&bench, call("echo", json!({ "q": 1 }))).await;
    assert_eq!((invalid.status, invalid.is_problem), (400, true));
    assert_eq!(invalid.body["type"], "urn:journeyforge:error:invalid-input");
    assert_eq!(invalid.body["errors"].as_array().unwrap().len(), 1);
    let name = DefinitionName::parse("echo").unwrap();
    let refused = CallApi::refused(name, Problem::of(EngineErrorKind::TooLarge));
    assert_eq!(reply(&bench, refused).await.status, 413);
}

#[tokio::test]
async fn http_071_a_caller_that_goes_away_does_not_stop_the_call() {
    let bench = Bench::new(&[api("asking", ASKING)]).await;
    let engine = bench.engine.clone();
    let calling = tokio::spawn(async move { engine.call_api(call("asking", json!({})), &caller()).await });
    let job = bench.desk.next().await;
    calling.abort();
    breathe().await;
    assert!(!job.is_abandoned());
    job.done(json!(1));
    bench.engine.drain(std::time::Duration::ZERO).await;
    let report = soon(bench.engine.drain(std::time::Duration::from_secs(5))).await;
    assert_eq!(report.in_motion, 0, "it ran to its end");
}

#[tokio::test]
async fn http_071_the_deadline_answers_504() {
    let bench = Bench::new(&[api("asking", ASKING)]).await;
    let engine = bench.engine.clone();
    let calling = tokio::spawn(async move { engine.call_api(call("asking", json!({})), &caller()).await });
    let job = bench.desk.next().await;
    bench.pass(20).await;
    let answer = soon(calling).await.unwrap().unwrap();
    assert_eq!((answer.status, &answer.body["type"]), (504, &json!("TOO_SLOW")));
    assert!(job.is_abandoned());
}

#[tokio::test]
async fn tsk_008_tasks_of_a_call_see_its_request() {
    let bench = Bench::new(&[api("asking", ASKING)]).await;
    let engine = bench.engine.clone();
    let calling = tokio::spawn(async move {
        let who = caller_with(&[("x-trace", "t-1")]);
        engine.call_api(call("asking", json!({})), &who).await
    });
    let job = bench.desk.next().await;
    assert_eq!(job.context.caller.as_ref().unwrap().path(), "/test");
    job.done(json!("answer"));
    assert_eq!(soon(calling).await.unwrap().unwrap().body, json!("answer"));
}
