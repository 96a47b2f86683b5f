//! Cancellation (ENG-055 to ENG-057).

use jf_core::{Cancel, Engine, EngineErrorKind, Phase};
use jiff::SignedDuration;
use serde_json::json;

use crate::support::{APPROVAL, Bench, Setup, breathe, caller, if_seq, journey, kind, soon};

#[tokio::test]
async fn eng_055_a_cancelled_run_has_failed() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    let status = bench.cancel(&id).await.unwrap();
    assert_eq!((status.document.phase, status.document.active_steps.len()), (Phase::Failed, 0));
    let error = bench.outcome(&id).await.error.unwrap();
    assert_eq!((error.code.as_str(), error.reason.as_str()), ("JOURNEY_CANCELLED", "Cancelled by user"));
    bench.pass(120).await;
    assert_eq!(bench.events(&id).await.len(), 3, "its time-out has vanished");
}

#[tokio::test]
async fn eng_055_results_of_calls_in_flight_are_discarded() {
    let spec = "start: ask\nstates:\n  ask: { type: task, task: { kind: 'desk:v1' }, next: done }\n  done: { type: succeed }";
    let bench = Bench::new(&[journey("asking", spec)]).await;
    let started = bench.start("asking", json!({})).await;
    let id = started.journey_id.clone();
    let reply = tokio::spawn(started.settled());
    let job = bench.desk.next().await;
    bench.cancel(&id).await.unwrap();
    breathe().await;
    assert!(job.is_abandoned());
    let outcome = crate::support::as_outcome(soon(reply).await.unwrap().unwrap());
    assert_eq!(outcome.document.error.unwrap().code, "JOURNEY_CANCELLED");
    assert_eq!(bench.engine.active_runs(), 0);
}

#[tokio::test]
async fn eng_056_cancelling_an_ended_run_changes_nothing() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    let first = bench.cancel(&id).await.unwrap();
    assert_eq!(bench.cancel(&id).await.unwrap(), first);
    let stale = Cancel::new(id.clone()).with_if_head(if_seq(1));
    let again = bench.engine.cancel(stale, &caller()).await.unwrap().settled().await.unwrap();
    assert_eq!(again, first, "ENG-054: ifSeq is ignored there");
}

#[tokio::test]
async fn eng_056_some_runs_cannot_be_cancelled() {
    let spec = format!("lifecycle: {{ cancellable: false }}\n{APPROVAL}");
    let bench = Bench::new(&[journey("fixed", &spec)]).await;
    let id = bench.parked("fixed", json!({})).await;
    assert_eq!(kind(bench.cancel(&id).await), EngineErrorKind::NotCancellable);
    assert_eq!(bench.status(&id).await.document.phase, Phase::Running);
}

#[tokio::test]
async fn eng_054_a_cancellation_may_have_a_precondition() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    let who = caller();
    let cancel = |seq| bench.engine.cancel(Cancel::new(id.clone()).with_if_head(if_seq(seq)), &who);
    assert_eq!(kind(cancel(1).await), EngineErrorKind::SeqMismatch);
    assert!(cancel(2).await.is_ok());
}

/// ENG-062: cancellations are seen in the middle of pure states.
#[tokio::test]
async fn eng_055_a_loop_of_pure_states_can_be_cancelled() {
    let spec = "\
start: wait
states:
  wait: { type: wait, wait: { input: { schema: {} } }, next: spin }
  spin:
    type: choice
    choices: [{ when: { predicate: { lang: tiny, expr: 'true' } }, next: spin }]
    default: done
  done: { type: succeed }
";
    let setup = Setup::new(&[journey("spinning", spec)])
        .config(|config| config.limits.transitions_per_segment = u32::MAX);
    let bench = setup.build().await;
    let id = bench.parked("spinning", json!({})).await;
    let engine = bench.engine.clone();
    let request = crate::support::step(&id, "wait", json!(1));
    let submission =
        tokio::spawn(async move { engine.submit_step(request, &caller()).await?.settled().await });
    breathe().await;
    assert!(!submission.is_finished());
    let cancelled = bench.cancel(&id).await.unwrap();
    assert_eq!(cancelled.document.phase, Phase::Failed);
    // One commit holds both: the submission was accepted, the cancellation ended the run.
    let status = soon(submission).await.unwrap().unwrap();
    assert_eq!(status, cancelled);
    bench.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(bench.events(&id).await.len(), 3, "creation, wait, outcome");
}
