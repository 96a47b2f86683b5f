//! Bounds (ENG-010, HTTP-026, TSK-012).

use std::sync::Arc;

use futures::FutureExt;
use jf_core::{EngineErrorKind, Phase};
use jf_store::MemoryStore;
use serde_json::json;

use crate::support::{APPROVAL, Setup, breathe, journey, soon, step};

const ASKING: &str = "start: ask\nstates:\n  ask: { type: task, task: { kind: 'desk:v1' }, next: done }\n  done: { type: succeed, outputVar: answer }";

#[tokio::test]
async fn http_026_beyond_the_admission_bound_commands_are_unavailable() {
    let definitions = [journey("asking", ASKING), journey("approval", APPROVAL)];
    let bench = Setup::new(&definitions).config(|config| config.admission = 2).build().await;
    let parked = bench.parked("approval", json!({})).await;
    let first = bench.start("asking", json!({})).await;
    let _second = bench.start("asking", json!({})).await;
    for refused in [
        bench.try_start("asking", json!({})).await.unwrap_err(),
        bench.submit(step(&parked, "wait", json!({ "ok": true }))).await.unwrap_err(),
    ] {
        assert_eq!(refused.kind(), EngineErrorKind::Unavailable);
        assert!(refused.retry_after().is_some());
    }
    assert_eq!(bench.status(&parked).await.document.phase, Phase::Running, "reads go on");
    // What falls due is never refused.
    bench.pass(60).await;
    assert_eq!(bench.status(&parked).await.document.phase, Phase::Failed);

    bench.desk.next().await.done(json!(1));
    bench.until_ended(&first.journey_id).await;
    assert!(bench.try_start("asking", json!({})).await.is_ok());
}

/// Runs that wait take memory for as long as they like; a store in memory has so much and no more.
#[tokio::test]
async fn http_026_a_store_in_memory_that_is_full_takes_no_further_runs() {
    let undone = "compensation: { start: undo, mode: async, states: { undo: { type: timer, timer: { duration: PT10S }, next: end }, end: { type: succeed } } }";
    let at_once = "start: done\nstates:\n  done: { type: succeed }";
    let approval = journey("approval", &format!("{undone}\n{APPROVAL}"));
    let store = Arc::new(MemoryStore::new().with_live_runs(2));
    let bench = Setup::new(&[approval, journey("quick", at_once)]).store(store.clone()).build().await;
    let first = bench.parked("approval", json!({})).await;
    bench.parked("approval", json!({})).await;
    for _ in 0..2 {
        let refused = bench.try_start("approval", json!({})).await.unwrap_err();
        assert_eq!(refused.kind(), EngineErrorKind::Unavailable);
        assert!(refused.retry_after().is_some());
    }
    bench.run("quick", json!({})).await;
    // The end of a run needs no room, nor does what undoes it.
    bench.cancel(&first).await.unwrap();
    assert_eq!((store.live_runs(), store.len()), (2, 4));
    assert!(bench.try_start("approval", json!({})).await.is_err());
    bench.pass(10).await;
    assert_eq!(store.live_runs(), 1);
    bench.parked("approval", json!({})).await;
}

#[tokio::test]
async fn tsk_012_tasks_wait_for_a_slot() {
    let bench =
        Setup::new(&[journey("asking", ASKING)]).config(|config| config.concurrent_tasks = 1).build().await;
    let replies: Vec<_> = [bench.start("asking", json!({})).await, bench.start("asking", json!({})).await]
        .map(|started| tokio::spawn(started.settled()))
        .into();
    let job = bench.desk.next().await;
    breathe().await;
    assert!(bench.desk.is_empty().await, "one at a time");
    job.done(json!(1));
    bench.desk.next().await.done(json!(2));
    for reply in replies {
        soon(reply).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn eng_061_a_task_whose_time_is_up_is_not_begun() {
    let deadline =
        "execution: { maxDurationSec: 20, onTimeout: { errorCode: TOO_SLOW, reason: no time left } }";
    let bench = Setup::new(&[journey("asking", &format!("{deadline}\n{ASKING}"))])
        .config(|config| config.concurrent_tasks = 1)
        .build()
        .await;
    let first = bench.start("asking", json!({})).await;
    let second = bench.start("asking", json!({})).await.journey_id;
    let _job = bench.desk.next().await;
    bench.pass(20).await;
    for id in [&first.journey_id, &second] {
        assert_eq!(bench.until_ended(id).await.error.unwrap().code, "TOO_SLOW", "TSK-012");
    }
    assert!(bench.desk.is_empty().await);
}

/// ENG-070, ENG-072: any number may fall due at one time. What there is no room for waits on disk and loses nothing.
#[tokio::test]
async fn eng_070_what_falls_due_goes_on_as_far_as_there_is_room() {
    const NAPPING: &str = "start: nap\nstates:\n  nap: { type: timer, timer: { duration: PT10S }, next: ask }\n  ask: { type: task, task: { kind: 'desk:v1' }, next: done }\n  done: { type: succeed }";
    let bench =
        Setup::new(&[journey("napping", NAPPING)]).config(|config| config.admission = 2).build().await;
    let mut ids = Vec::new();
    for _ in 0..9 {
        ids.push(bench.parked("napping", json!({})).await);
    }
    bench.pass(10).await;
    assert_eq!(bench.engine.active_runs(), 4, "twice the bound");
    for _ in 0..9 {
        bench.desk.next().await.done(json!(1));
        breathe().await;
        assert!(bench.engine.active_runs() <= 4);
    }
    for id in &ids {
        assert_eq!(bench.until_ended(id).await.phase, Phase::Succeeded);
    }
    assert_eq!(bench.engine.active_runs(), 0);
}

/// One run cannot take up all that may be admitted.
#[tokio::test]
async fn http_026_commands_that_wait_for_one_run_are_bounded() {
    let bench = Setup::new(&[journey("approval", APPROVAL)])
        .store(crate::support::faulty_store())
        .config(|config| config.commands_per_run = 2)
        .build()
        .await;
    let (busy, other) =
        (bench.parked("approval", json!({})).await, bench.parked("approval", json!({})).await);
    let submit = |id| Box::pin(bench.submit(step(id, "wait", json!({ "ok": true }))));
    // The first is being committed, two wait behind it.
    let mut waiting = [submit(&busy), submit(&busy), submit(&busy)];
    for submission in &mut waiting {
        assert!(submission.now_or_never().is_none());
    }
    let refused = submit(&busy).await.unwrap_err();
    assert_eq!(refused.kind(), EngineErrorKind::Unavailable);
    assert!(refused.retry_after().is_some());
    assert!(soon(submit(&other)).await.is_ok());
    let [first, second, third] = waiting;
    assert!(soon(first).await.is_ok());
    for late in [second, third] {
        assert_eq!(soon(late).await.unwrap_err().kind(), EngineErrorKind::StepNotActive);
    }
}

#[tokio::test]
async fn eng_059_held_submissions_are_bounded() {
    const CALLING: &str = "start: call\nstates:\n  call: { type: task, task: { kind: 'desk:v1' }, next: callback }\n  callback: { type: webhook, webhook: { input: { schema: {} } }, next: done }\n  done: { type: succeed }";
    let bench =
        Setup::new(&[journey("calling", CALLING)]).config(|config| config.commands_per_run = 1).build().await;
    let id = bench.start("calling", json!({})).await.journey_id;
    let job = bench.desk.next().await;
    let mut held = Box::pin(bench.submit(step(&id, "callback", json!(1))));
    assert!((&mut held).now_or_never().is_none());
    let refused = bench.submit(step(&id, "callback", json!(2))).await.unwrap_err();
    assert_eq!(
        refused.kind(),
        EngineErrorKind::Unavailable,
        "and not `step-not-active`, which would be final"
    );
    job.done(json!(1));
    assert!(soon(held).await.is_ok());
}
