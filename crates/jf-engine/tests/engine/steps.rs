//! Submissions (ENG-040 to ENG-049).

use jf_core::{EngineErrorKind, Phase};
use jf_engine::EmbeddedEngine;
use serde_json::json;
use std::sync::Arc;

use crate::support::{APPROVAL, Bench, Recorder, Told, if_seq, journey, kind, soon, step};

#[tokio::test]
async fn eng_045_a_submission_moves_the_run() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    let submitted = bench.submit(step(&id, "wait", json!({ "ok": true }))).await.unwrap();
    assert_eq!(submitted.step.as_ref().unwrap().to_string(), "wait");
    assert_eq!(submitted.at.seq, 3);
    let status = submitted.settled().await.unwrap();
    assert_eq!(status.document.phase, Phase::Succeeded, "ENG-047: a status also when the run has ended");
    assert_eq!(bench.outcome(&id).await.output, json!({ "ok": true }), "ENG-043");
}

#[tokio::test]
async fn eng_044_a_refused_payload_leaves_the_step_active() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    let before = bench.status(&id).await;
    let error = bench.submit(step(&id, "wait", json!({ "ok": "maybe" }))).await.unwrap_err();
    assert_eq!((error.kind(), error.problem().errors.len()), (EngineErrorKind::InvalidInput, 1));
    assert_eq!(bench.status(&id).await, before);
    assert!(bench.submitted(step(&id, "wait", json!({ "ok": true }))).await.is_ok());
}

#[tokio::test]
async fn eng_042_steps_that_do_not_wait_are_all_answered_alike() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    let payload = || json!({ "ok": true });
    assert_eq!(kind(bench.submit(step(&id, "unknown", payload())).await), EngineErrorKind::StepNotActive);
    assert_eq!(kind(bench.submit(step(&id, "done", payload())).await), EngineErrorKind::StepNotActive);
    bench.submitted(step(&id, "wait", payload())).await.unwrap();
    assert_eq!(kind(bench.submit(step(&id, "wait", payload())).await), EngineErrorKind::StepNotActive);
}

#[tokio::test]
async fn http_023_an_unknown_run_comes_first() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let nobody = jf_core::JourneyId::random();
    assert_eq!(kind(bench.submit(step(&nobody, "wait", json!(1))).await), EngineErrorKind::NotFound);
    assert_eq!(kind(bench.cancel(&nobody).await), EngineErrorKind::NotFound);
    assert_eq!(bench.engine.active_runs(), 0);
}

#[tokio::test]
async fn eng_054_a_precondition_is_checked_after_the_step_and_before_the_payload() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    let with = |name: &str, seq| step(&id, name, json!("wrong")).with_if_head(if_seq(seq));
    assert_eq!(kind(bench.submit(with("unknown", 1)).await), EngineErrorKind::StepNotActive);
    let error = bench.submit(with("wait", 1)).await.unwrap_err();
    assert_eq!(error.kind(), EngineErrorKind::SeqMismatch);
    let head = bench.status(&id).await.at.to_string();
    assert_eq!(error.problem().extensions["head"], json!(head));
    assert_eq!(kind(bench.submit(with("wait", 2)).await), EngineErrorKind::InvalidInput);
    let right = step(&id, "wait", json!({ "ok": true })).with_if_head(if_seq(2));
    assert!(bench.submitted(right).await.is_ok());
}

const TWO_STEPS: &str = "\
start: first
states:
  first:
    type: wait
    wait: { input: { schema: {} }, response: { outputVar: note } }
    next: ask
  ask: { type: task, task: { kind: 'desk:v1' }, next: keep }
  keep:
    type: transform
    transform: { mapper: { lang: tiny, expr: '{\"said\": \"=context.answer\", \"phase\": \"mine\"}' }, target: { kind: var }, resultVar: note }
    next: second
  second: { type: wait, wait: { input: { schema: {} } }, next: done }
  done: { type: succeed }
";

#[tokio::test]
async fn eng_047_the_answer_is_given_when_the_flow_has_stopped() {
    let (recorder, _guard) = Recorder::begin();
    let bench = Bench::new(&[journey("two", TWO_STEPS)]).await;
    let id = bench.parked("two", json!({})).await;
    let submitted = bench.submit(step(&id, "first", json!(1))).await.unwrap();
    assert_eq!(submitted.at.seq, 3, "admitted before the task has ended");
    let reply = tokio::spawn(submitted.settled());
    let job = bench.desk.next().await;
    assert_eq!(bench.status(&id).await.document.current_state, *"ask");
    assert!(!reply.is_finished());
    job.done(json!("hello"));
    let status = soon(reply).await.unwrap().unwrap();
    assert_eq!(status.document.current_state, *"second");
    assert_eq!(status.document.projection["said"], "hello", "ENG-048");
    assert!(!status.document.projection.contains_key("phase"), "ENG-029: own members win");
    let skipped = |told: &Told| told.fields.get("diagnostic").is_some_and(|name| name == "ProjectionSkipped");
    assert_eq!(recorder.events().iter().filter(|told| skipped(told)).count(), 1, "ENG-029: and it is told");
    assert!(bench.status(&id).await.document.projection.is_empty(), "reads show no projection");
}

#[tokio::test]
async fn eng_047_at_the_wait_limit_the_status_is_the_answer() {
    let bench = Bench::new(&[journey("two", TWO_STEPS)]).await;
    let id = bench.parked("two", json!({})).await;
    let reply = tokio::spawn(bench.submit(step(&id, "first", json!(1))).await.unwrap().settled());
    let job = bench.desk.next().await;
    bench.pass(30).await;
    assert_eq!(soon(reply).await.unwrap().unwrap().document.current_state, *"ask");
    job.done(json!(1));
    bench.until(&id, |status| status.current_state == *"second").await;
}

/// The contract of the trait: dropping a future neither stops nor undoes anything.
#[tokio::test]
async fn eng_049_a_submission_outlives_its_caller() {
    let bench = Bench::new(&[journey("two", TWO_STEPS)]).await;
    let id = bench.parked("two", json!({})).await;
    drop(bench.submit(step(&id, "first", json!(1))).await.unwrap());
    bench.desk.next().await.done(json!(1));
    bench.until(&id, |status| status.current_state == *"second").await;
}

#[test]
fn the_engine_is_send_and_sync() {
    const fn is<T: Send + Sync + 'static>() {}
    is::<Arc<EmbeddedEngine>>();
}
