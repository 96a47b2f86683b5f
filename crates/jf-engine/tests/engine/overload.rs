//! Bounds (ENG-010, HTTP-026, TSK-012).

use futures::FutureExt;
use jf_core::{EngineErrorKind, Phase};
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
