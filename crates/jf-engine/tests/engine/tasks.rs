//! Tasks of runs (TSK-005 to TSK-013, TSK-050).

use jf_core::{Engine, Phase, StartRequest};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Bench, Setup, as_outcome, breathe, caller_with, journey, soon, step};

const ASKING: &str = "\
bindings:
  http:
    start: { headersPassthrough: [{ from: X-Trace, to: X-Trace-Out }] }
start: ask
states:
  ask: { type: task, task: { kind: 'desk:v1' }, next: wait }
  wait: { type: wait, wait: { input: { schema: {} } }, next: again }
  again: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed, outputVar: answer }
";

#[tokio::test]
async fn tsk_006_a_plugin_that_panics_fails_its_state() {
    let spec = "start: bad\nstates:\n  bad: { type: task, task: { kind: 'desk:v1', does: panic }, next: done }\n  done: { type: succeed }";
    let bench = Bench::new(&[journey("bad", spec)]).await;
    let outcome = as_outcome(bench.run("bad", json!({})).await).document;
    assert_eq!(outcome.error.unwrap().code, "urn:journeyforge:error:internal");
    let again = as_outcome(bench.run("bad", json!({})).await).document;
    assert_eq!(again.phase, Phase::Failed, "the engine goes on");
}

#[tokio::test]
async fn tsk_007_a_reported_problem_fails_the_run() {
    let bench = Bench::new(&[journey("asking", ASKING)]).await;
    let reply = tokio::spawn(bench.start("asking", json!({})).await.settled());
    bench.desk.next().await.fail("urn:example:broke");
    let outcome = as_outcome(soon(reply).await.unwrap().unwrap()).document;
    assert_eq!(outcome.error.unwrap().code, "urn:example:broke");
}

#[tokio::test]
async fn tsk_008_a_task_sees_the_request_of_its_segment_only() {
    let bench = Bench::new(&[journey("asking", ASKING)]).await;
    let request = StartRequest::new("asking", json!({})).unwrap();
    let caller = caller_with(&[("x-trace", "t-1")]);
    let started = bench.engine.start(request, &caller).await.unwrap();
    let job = bench.desk.next().await;
    assert_eq!(job.context.caller.as_ref().unwrap().header("x-trace").as_deref(), Some("t-1"));
    assert_eq!(job.context.passthrough["x-trace-out"], "t-1", "HTTP-040");
    assert_eq!(&*job.context.attempt, format!("{}.1", started.journey_id));
    job.done(json!(1));
    let id = started.journey_id.clone();
    soon(started.settled()).await.unwrap();

    let _ = bench.submit(step(&id, "wait", json!(1))).await.unwrap();
    let job = bench.desk.next().await;
    assert!(job.context.caller.is_some());
    assert!(job.context.passthrough.is_empty(), "HTTP-041: not after parking");
    job.done(json!(2));
    bench.until_ended(&id).await;
}

#[tokio::test]
async fn tsk_050_a_notification_is_sent_after_the_commit_and_nobody_waits_for_it() {
    let bench = Bench::new(&[journey("asking", ASKING)]).await;
    let started = bench.start("asking", json!({})).await;
    let id = started.journey_id.clone();
    let (engine, seen, gate) =
        (bench.engine.clone(), Arc::new(AtomicUsize::new(0)), Arc::new(tokio::sync::Notify::new()));
    let (witness, hold, run) = (seen.clone(), gate.clone(), id.clone());
    bench.desk.next().await.notify(async move {
        let status = engine.get_status(&run, &caller_with(&[])).await.unwrap();
        witness.store(status.at.seq as usize, Ordering::SeqCst);
        hold.notified().await;
        panic!("TSK-051: its outcome never reaches the run");
    });
    soon(started.settled()).await.unwrap();
    breathe().await;
    assert_eq!(seen.load(Ordering::SeqCst), 2, "the state was committed before");
    gate.notify_one();
    breathe().await;
    assert_eq!(bench.status(&id).await.document.current_state, *"wait");
}

#[tokio::test]
async fn tsk_051_too_many_notifications_are_dropped() {
    let bench =
        Setup::new(&[journey("asking", ASKING)]).config(|config| config.background_jobs = 1).build().await;
    let sent = Arc::new(AtomicUsize::new(0));
    for _ in 0..3 {
        let started = bench.start("asking", json!({})).await;
        let counter = sent.clone();
        bench.desk.next().await.notify(async move {
            counter.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        });
        soon(started.settled()).await.unwrap();
    }
    breathe().await;
    assert_eq!(sent.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn tsk_013_a_notification_of_an_abandoned_task_is_not_sent() {
    let bench = Bench::new(&[journey("asking", ASKING)]).await;
    let started = bench.start("asking", json!({})).await;
    let job = bench.desk.next().await;
    bench.cancel(&started.journey_id).await.unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    job.notify(async move { _ = counter.fetch_add(1, Ordering::SeqCst) });
    breathe().await;
    assert_eq!(sent.load(Ordering::SeqCst), 0);
}
