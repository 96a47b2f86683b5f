//! Time-outs, timers and deadlines (ENG-060 to ENG-073).

use std::sync::Arc;

use jf_core::spi::Clock;
use jf_core::{EngineErrorKind, Phase};
use jiff::SignedDuration;
use serde_json::json;

use crate::support::{APPROVAL, Bench, Setup, as_outcome, foreign_run, journey, kind, soon, step, version};

#[tokio::test]
async fn sta_069_a_wait_times_out_by_itself() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    bench.pass(59).await;
    assert_eq!(bench.status(&id).await.document.phase, Phase::Running);
    bench.pass(1).await;
    let outcome = bench.until_ended(&id).await;
    assert_eq!(outcome.error.unwrap().code, "LATE");
    assert_eq!(bench.events(&id).await.len(), 3);
}

#[tokio::test]
async fn eng_070_a_timer_fires_once_and_not_early() {
    let spec = "\
start: nap
states:
  nap: { type: timer, timer: { duration: PT10S }, next: ask }
  ask: { type: task, task: { kind: 'desk:v1' }, next: nap2 }
  nap2: { type: timer, timer: { duration: PT10S }, next: done }
  done: { type: succeed }
";
    let bench = Bench::new(&[journey("naps", spec)]).await;
    let id = bench.parked("naps", json!({})).await;
    bench.pass(9).await;
    assert!(bench.desk.is_empty().await);
    bench.pass(1).await;
    let job = bench.desk.next().await;
    bench.pass(100).await;
    assert!(bench.desk.is_empty().await);
    job.done(json!(1));
    bench.until(&id, |status| status.current_state == *"nap2").await;
    bench.pass(10).await;
    assert_eq!(bench.until_ended(&id).await.phase, Phase::Succeeded);
    assert_eq!(bench.clock.sleepers(), 1, "nothing but the sweeper waits for anything");
}

/// Many runs that cannot be gone on with, as those of a version that does not fit what is installed any more: they have been due for longer
/// than anything else, and nothing can be done with them.
#[tokio::test]
async fn eng_072_runs_that_cannot_be_gone_on_with_keep_nobody_from_their_timers() {
    let spec = "\
start: nap
states:
  nap: { type: timer, timer: { duration: PT10S }, next: done }
  done: { type: succeed }
";
    let setup = Setup::new(&[journey("naps", spec)]);
    let (store, created) = (Arc::clone(&setup.store), setup.clock.now());
    let claim = store.claim().await.unwrap();
    for _ in 0..600 {
        foreign_run(&*store, claim, &version("naps", 1), created).await;
    }
    let bench = setup.build().await;
    for _ in 0..3 {
        bench.pass(60).await;
        let id = bench.parked("naps", json!({})).await;
        bench.pass(10).await;
        let ended = futures::FutureExt::now_or_never(bench.until_ended(&id));
        assert_eq!(ended.expect("its time has come").phase, Phase::Succeeded);
    }
}

#[tokio::test]
async fn eng_072_an_earlier_due_time_wakes_the_scheduler() {
    let nap = |duration: &str| {
        format!(
            "start: nap\nstates:\n  nap: {{ type: timer, timer: {{ duration: {duration} }}, next: done }}\n  done: {{ type: succeed }}"
        )
    };
    let bench = Bench::new(&[journey("long", &nap("P1D")), journey("short", &nap("PT5S"))]).await;
    let long = bench.parked("long", json!({})).await;
    crate::support::breathe().await;
    let short = bench.parked("short", json!({})).await;
    bench.pass(5).await;
    assert_eq!(bench.until_ended(&short).await.phase, Phase::Succeeded);
    assert_eq!(bench.status(&long).await.document.phase, Phase::Running);
    bench.pass(24 * 60 * 60).await;
    assert_eq!(bench.until_ended(&long).await.phase, Phase::Succeeded);
}

#[tokio::test]
async fn eng_073_a_late_submission_finds_the_time_out_applied() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    // The scheduler gets no chance between the passing of time and the submission.
    bench.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(
        kind(bench.submit(step(&id, "wait", json!({ "ok": true }))).await),
        EngineErrorKind::StepNotActive
    );
    assert_eq!(bench.outcome(&id).await.error.unwrap().code, "LATE");
}

#[tokio::test]
async fn eng_045_a_submission_in_time_keeps_the_time_out_away() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    bench.clock.advance(SignedDuration::from_millis(59_999));
    bench.submitted(step(&id, "wait", json!({ "ok": true }))).await.unwrap();
    bench.pass(1_000).await;
    assert_eq!(bench.outcome(&id).await.phase, Phase::Succeeded);
}

const HURRY: &str = "\
execution: { maxDurationSec: 20, onTimeout: { errorCode: TOO_SLOW, reason: no time left } }
start: ask
states:
  ask: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed }
";

#[tokio::test]
async fn eng_062_the_deadline_ends_a_run_and_abandons_its_task() {
    let bench = Bench::new(&[journey("hurry", HURRY)]).await;
    let started = bench.start("hurry", json!({})).await;
    let id = started.journey_id.clone();
    let reply = tokio::spawn(started.settled());
    let job = bench.desk.next().await;
    assert_eq!(job.context.budget, Some(std::time::Duration::from_secs(20)));
    bench.pass(20).await;
    let outcome = as_outcome(soon(reply).await.unwrap().unwrap()).document;
    let error = outcome.error.unwrap();
    assert_eq!((error.code.as_str(), error.reason.as_str()), ("TOO_SLOW", "no time left"));
    assert_eq!(error.problem.unwrap()["status"], 504);
    assert!(job.is_abandoned(), "TSK-013");
    job.done(json!("late"));
    bench.pass(1).await;
    assert_eq!(bench.outcome(&id).await.error.unwrap().code, "TOO_SLOW", "ENG-063: a late result is dropped");
    assert_eq!(bench.engine.active_runs(), 0);
}

#[tokio::test]
async fn eng_061_waits_are_clamped_to_the_deadline() {
    let spec = format!(
        "execution: {{ maxDurationSec: 20, onTimeout: {{ errorCode: TOO_SLOW, reason: no time left }} }}\n{APPROVAL}"
    );
    let bench = Bench::new(&[journey("hurry", &spec)]).await;
    let id = bench.parked("hurry", json!({})).await;
    bench.pass(20).await;
    assert_eq!(bench.until_ended(&id).await.error.unwrap().code, "TOO_SLOW");
}

/// A loop of pure states, which only the bound on evaluations interrupts.
const SPIN: &str = "\
start: spin
states:
  spin:
    type: choice
    choices: [{ when: { predicate: { lang: tiny, expr: 'true' } }, next: spin }]
    default: done
  done: { type: succeed }
";

#[tokio::test]
async fn eng_066_a_loop_of_pure_states_ends_at_the_transition_limit() {
    let bench = Bench::new(&[journey("spinning", SPIN)]).await;
    let outcome = as_outcome(bench.run("spinning", json!({})).await).document;
    assert_eq!(outcome.error.unwrap().code, "urn:journeyforge:error:transition-limit");
}

#[tokio::test]
async fn eng_062_the_deadline_holds_in_loops_of_pure_states() {
    let spec = format!(
        "execution: {{ maxDurationSec: 5, onTimeout: {{ errorCode: TOO_SLOW, reason: no time left }} }}\n{SPIN}"
    );
    let setup = crate::support::Setup::new(&[journey("spinning", &spec)])
        .config(|config| config.limits.transitions_per_segment = u32::MAX);
    let bench = setup.build().await;
    let clock = bench.clock.clone();
    let passing = tokio::spawn(async move {
        crate::support::breathe().await;
        clock.advance(SignedDuration::from_secs(5));
    });
    let outcome = as_outcome(bench.run("spinning", json!({})).await).document;
    assert_eq!(outcome.error.unwrap().code, "TOO_SLOW");
    passing.await.unwrap();
}

#[tokio::test]
async fn many_due_times_at_once_are_all_met() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let mut ids = Vec::new();
    for _ in 0..1_000 {
        ids.push(bench.parked("approval", json!({})).await);
    }
    bench.pass(60).await;
    for id in &ids {
        assert_eq!(bench.until_ended(id).await.phase, Phase::Failed);
        assert_eq!(bench.events(id).await.len(), 3, "ENG-070: at most once");
    }
    crate::support::breathe().await;
    assert_eq!(bench.engine.active_runs(), 0);
}
