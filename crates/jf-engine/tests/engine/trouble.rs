//! A store that fails (ENG-100, ENG-101, ENG-143), and code that panics.

use jf_core::{EngineErrorKind, Phase};
use jf_testkit::{Fate, FaultyStore};
use serde_json::json;
use std::sync::Arc;

use crate::support::{APPROVAL, Bench, Setup, breathe, faulty_store, journey, kind, step};

const ASKING: &str = "\
start: ask
states:
  ask: { type: task, task: { kind: 'desk:v1' }, next: wait }
  wait:
    type: wait
    wait: { input: { schema: {} }, timeoutSec: 60, onTimeout: late }
    next: done
  late: { type: fail, errorCode: LATE, reason: nobody came }
  done: { type: succeed, outputVar: answer }
";

async fn faulty(spec: &str) -> (Bench, Arc<FaultyStore>) {
    let store = faulty_store();
    let bench = Setup::new(&[journey("asking", spec)]).store(store.clone()).build().await;
    (bench, store)
}

#[tokio::test]
async fn eng_143_a_refused_commit_has_no_effect_and_may_be_repeated() {
    let (bench, store) = faulty(APPROVAL).await;
    store.fail_next(&[Fate::Refused]);
    assert_eq!(kind(bench.try_start("asking", json!({})).await), EngineErrorKind::Unavailable);
    let id = bench.parked("asking", json!({})).await;
    store.fail_next(&[Fate::Refused]);
    let submission = || step(&id, "wait", json!({ "ok": true }));
    assert_eq!(kind(bench.submit(submission()).await), EngineErrorKind::Unavailable);
    assert_eq!(bench.status(&id).await.at.seq, 2);
    assert!(bench.submitted(submission()).await.is_ok());
}

#[tokio::test]
async fn eng_143_a_commit_of_unknown_fate_is_internal() {
    let (bench, store) = faulty(APPROVAL).await;
    let id = bench.parked("asking", json!({})).await;
    store.fail_next(&[Fate::Unknown]);
    let submission = || step(&id, "wait", json!({ "ok": true }));
    let error = bench.submit(submission()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect().as_str()), (EngineErrorKind::Internal, "unknown"));
    assert_eq!(bench.status(&id).await.document.phase, Phase::Succeeded, "this time it did hold");
    assert_eq!(kind(bench.submit(submission()).await), EngineErrorKind::StepNotActive);
}

#[tokio::test]
async fn eng_101_a_task_whose_result_was_lost_runs_again() {
    for fate in [Fate::Refused, Fate::Unknown] {
        let (bench, store) = faulty(ASKING).await;
        let started = bench.start("asking", json!({})).await;
        let id = started.journey_id.clone();
        let reply = tokio::spawn(started.settled());
        let first = bench.desk.next().await;
        let attempt = first.context.attempt.clone();
        store.fail_next(&[fate]);
        first.done(json!("first"));
        bench.pass(1).await;
        if fate == Fate::Refused {
            let second = bench.desk.next().await;
            assert_eq!(second.context.attempt, attempt);
            second.done(json!("second"));
        }
        let status = bench.until(&id, |status| status.current_state == *"wait").await;
        assert_eq!(status.at.seq, 2);
        assert!(bench.desk.is_empty().await);
        // The caller still waits, and has its answer at the limit at the latest.
        bench.pass(30).await;
        assert!(crate::support::soon(reply).await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn eng_070_a_time_out_that_could_not_be_committed_fires_later() {
    let (bench, store) = faulty(APPROVAL).await;
    let id = bench.parked("asking", json!({})).await;
    store.fail_next(&[Fate::Refused; 3]);
    bench.pass(60).await;
    assert_eq!(bench.status(&id).await.document.phase, Phase::Running);
    for _ in 0..10 {
        bench.pass(1).await;
    }
    assert_eq!(bench.until_ended(&id).await.error.unwrap().code, "LATE");
    assert_eq!(bench.events(&id).await.len(), 3);
}

/// A caller that stops polling must not hold up what others wait for, least of all a commit.
#[tokio::test]
async fn a_caller_that_does_not_poll_holds_nobody_up() {
    use futures::FutureExt;
    use jf_core::Engine;

    let (bench, _) = faulty(ASKING).await;
    let id = bench.start("asking", json!({})).await.journey_id;
    bench.desk.next().await.done(json!(1));
    bench.until(&id, |status| status.current_state == *"wait").await;
    let who = crate::support::caller();
    let mut idle = bench.engine.submit_step(step(&id, "wait", json!(1)), &who);
    assert!((&mut idle).now_or_never().is_none(), "the commit takes its time");
    assert_eq!(bench.until_ended(&id).await.phase, Phase::Succeeded);
    assert!(bench.cancel(&id).await.is_ok());
    assert!(idle.await.is_ok());
}

#[tokio::test]
async fn an_expression_engine_that_panics_takes_its_run_out_of_turn_and_nothing_else() {
    let spec = "\
start: wait
states:
  wait: { type: wait, wait: { input: { schema: {} } }, next: bad }
  bad:
    type: transform
    transform: { mapper: { lang: tiny, expr: '\"panic\"' }, target: { kind: var }, resultVar: x }
    next: done
  done: { type: succeed }
";
    let (bench, _) = faulty(spec).await;
    let id = bench.parked("asking", json!({})).await;
    assert_eq!(kind(bench.submit(step(&id, "wait", json!(1))).await), EngineErrorKind::Internal);
    breathe().await;
    assert_eq!(bench.status(&id).await.at.seq, 2, "nothing was committed");
    assert_eq!(
        bench.cancel(&id).await.unwrap().document.phase,
        Phase::Failed,
        "the run can still be reached"
    );
}

/// ORD-1: commands of one caller are applied in the order they are given, replies awaited or not.
#[tokio::test]
async fn ord_1_pipelined_commands_keep_their_order_on_a_slow_store() {
    use futures::FutureExt;
    use jf_core::Engine;

    let spec = "start: wait\nstates:\n  wait: { type: wait, wait: { input: { schema: {} } }, next: wait }";
    let (bench, _) = faulty(spec).await;
    let id = bench.parked("asking", json!({})).await;
    let who = crate::support::caller();
    let mut commands: Vec<_> =
        (0..50).map(|n| bench.engine.submit_step(step(&id, "wait", json!(n)), &who)).collect();
    for command in &mut commands {
        assert!(command.now_or_never().is_none());
    }
    for (n, command) in commands.into_iter().enumerate() {
        assert_eq!(command.await.unwrap().at.seq, n as u64 + 3);
    }
}
