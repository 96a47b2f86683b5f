//! Bounds (ENG-010, HTTP-026, TSK-012).

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
