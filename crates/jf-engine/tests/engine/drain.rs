//! Draining (ENG-006, HTTP-026).

use jf_core::{CallApi, Cancel, Engine, EngineError, EngineErrorKind, Phase};
use jf_dsl::DefinitionName;
use serde_json::json;
use std::time::Duration;

use crate::support::{APPROVAL, Bench, api, breathe, caller, journey, kind, soon, step};

const ASKING: &str = "start: ask\nstates:\n  ask: { type: task, task: { kind: 'desk:v1' }, next: done }\n  done: { type: succeed, outputVar: answer }";

#[tokio::test]
async fn http_026_a_draining_engine_takes_no_commands_and_answers_reads() {
    let bench = Bench::new(&[journey("approval", APPROVAL), api("quote", ASKING)]).await;
    let id = bench.parked("approval", json!({})).await;
    let report = soon(bench.engine.drain(Duration::from_secs(5))).await;
    assert_eq!(report.in_motion, 0);
    let refusals = [
        bench.try_start("approval", json!({})).await.unwrap_err(),
        bench.submit(step(&id, "wait", json!({ "ok": true }))).await.unwrap_err(),
        bench.engine.cancel(Cancel::new(id.clone()), &caller()).await.unwrap_err(),
        bench
            .engine
            .call_api(CallApi::new(DefinitionName::parse("quote").unwrap(), json!({})), &caller())
            .await
            .unwrap_err(),
    ];
    for error in refusals {
        assert_eq!(error.kind(), EngineErrorKind::Draining);
        assert!(error.retry_after().is_some() && error.is_retryable(false));
    }
    assert_eq!(bench.status(&id).await.document.phase, Phase::Running);
    assert_eq!(bench.events(&id).await.len(), 2);
    assert!(bench.engine.watch(&id).await.is_ok());
}

/// HTTP-073: it is this answer that tells the callers of an Api that the node is draining, in the envelope they know.
#[tokio::test]
async fn http_073_a_draining_engine_still_gives_refusals_their_envelope() {
    let bench = Bench::new(&[api("quote", ASKING)]).await;
    soon(bench.engine.drain(Duration::from_secs(5))).await;
    let draining = EngineError::new(EngineErrorKind::Draining).into_problem();
    let refusal = CallApi::refused(DefinitionName::parse("quote").unwrap(), draining);
    let reply = bench.engine.call_api(refusal, &caller()).await.unwrap();
    assert_eq!((reply.status, reply.is_problem), (503, true));
    assert_eq!(reply.body["type"], "urn:journeyforge:error:draining");
}

#[tokio::test]
async fn eng_006_what_is_in_flight_may_finish() {
    let bench = Bench::new(&[journey("asking", ASKING)]).await;
    let started = bench.start("asking", json!({})).await;
    let id = started.journey_id.clone();
    let reply = tokio::spawn(started.settled());
    let job = bench.desk.next().await;
    let engine = bench.engine.clone();
    let draining = tokio::spawn(async move { engine.drain(Duration::from_secs(10)).await });
    breathe().await;
    assert_eq!(kind(bench.try_start("asking", json!({})).await), EngineErrorKind::Draining);
    assert!(!draining.is_finished() && !reply.is_finished());
    job.done(json!(1));
    assert_eq!(soon(draining).await.unwrap().in_motion, 0);
    assert_eq!(crate::support::as_outcome(soon(reply).await.unwrap().unwrap()).document.output, json!(1));
    assert_eq!(bench.status(&id).await.document.phase, Phase::Succeeded);
}

#[tokio::test]
async fn eng_006_open_waits_end_with_the_drain_window() {
    let bench = Bench::new(&[journey("asking", ASKING)]).await;
    let reply = tokio::spawn(bench.start("asking", json!({})).await.settled());
    let _job = bench.desk.next().await;
    let engine = bench.engine.clone();
    let draining = tokio::spawn(async move { engine.drain(Duration::from_secs(10)).await });
    bench.pass(9).await;
    assert!(!reply.is_finished() && !draining.is_finished());
    bench.pass(1).await;
    assert_eq!(soon(draining).await.unwrap().in_motion, 1);
    let status = crate::support::as_status(soon(reply).await.unwrap().unwrap());
    assert_eq!(status.document.phase, Phase::Running);
}

#[tokio::test]
async fn what_falls_due_while_draining_is_left_for_the_next_node() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    soon(bench.engine.drain(Duration::ZERO)).await;
    bench.pass(60).await;
    assert_eq!(bench.status(&id).await.document.phase, Phase::Running);
}
