//! Early submissions (ENG-059).

use jf_core::{At, Engine, EngineError, EngineErrorKind, JourneyId, JourneyStatus, SubmitStep};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::support::{Bench, Setup, breathe, caller, if_seq, journey, key, kind, soon, step};

/// A task whose answer a callback may overtake, then a loop over a wait and a task.
const CALLBACK: &str = "\
start: call
states:
  call: { type: task, task: { kind: 'desk:v1' }, next: callback }
  callback: { type: webhook, webhook: { input: { schema: {} } }, next: again }
  again: { type: task, task: { kind: 'desk:v1' }, next: choose }
  choose:
    type: choice
    choices: [{ when: { predicate: { lang: tiny, expr: '{\"$eq\": [\"=context.answer\", \"end\"]}' } }, next: done }]
    default: callback
  done: { type: succeed, outputVar: payload }
";

type Submitting = JoinHandle<Result<Box<At<JourneyStatus>>, EngineError>>;

fn submitting(bench: &Bench, request: SubmitStep) -> Submitting {
    let engine = bench.engine.clone();
    tokio::spawn(async move { engine.submit_step(request, &caller()).await?.settled().await })
}

async fn calling(bench: &Bench) -> (JourneyId, crate::support::Job) {
    let started = bench.start("callback", json!({})).await;
    (started.journey_id, bench.desk.next().await)
}

#[tokio::test]
async fn eng_059_a_callback_that_overtakes_its_call_is_held() {
    let bench = Bench::new(&[journey("callback", CALLBACK)]).await;
    let (id, job) = calling(&bench).await;
    let early = submitting(&bench, step(&id, "callback", json!("first")));
    breathe().await;
    assert!(!early.is_finished());
    assert_eq!(bench.status(&id).await.at.seq, 1, "nothing is stored meanwhile");
    job.done(json!(1));
    let job = bench.desk.next().await;
    assert_eq!(job.context.evaluation.context()["payload"], "first");
    job.done(json!("end"));
    assert_eq!(soon(early).await.unwrap().unwrap().document.current_state, *"done");
    assert_eq!(bench.outcome(&id).await.output, json!("first"));
}

/// Also ENG-101: the next engine is asked before it has taken up what the first one left in motion.
#[tokio::test]
async fn eng_059_a_submission_right_after_a_restart_is_held_too() {
    let definitions = [journey("callback", CALLBACK)];
    let before = Bench::new(&definitions).await;
    let (id, _lost) = calling(&before).await;
    let mut setup = Setup::new(&definitions).store(before.store.clone());
    setup.clock = before.clock.clone();
    let after = setup.build().await;
    let submission = step(&id, "callback", json!("first")).with_key(key("early"));
    // Polled before anything else has its turn in this runtime.
    let early = after.submit(submission);
    let (taken, ()) =
        soon(async { futures::join!(early, async { after.desk.next().await.done(json!(1)) }) }).await;
    assert_eq!(taken.unwrap().step.unwrap().to_string(), "callback");
    after.desk.next().await.done(json!("end"));
    assert_eq!(after.until_ended(&id).await.output, json!("first"));
    assert!(after.desk.is_empty().await, "each task once");
}

#[tokio::test]
async fn eng_059_it_is_not_held_for_long() {
    let bench = Bench::new(&[journey("callback", CALLBACK)]).await;
    let (id, _job) = calling(&bench).await;
    let early = submitting(&bench, step(&id, "callback", json!(1)));
    bench.pass(4).await;
    assert!(!early.is_finished());
    bench.pass(1).await;
    assert_eq!(kind(soon(early).await.unwrap()), EngineErrorKind::StepNotActive);
}

#[tokio::test]
async fn eng_059_it_is_answered_when_no_flow_is_in_motion() {
    let bench = Bench::new(&[journey("callback", CALLBACK)]).await;
    let (id, job) = calling(&bench).await;
    let early = submitting(&bench, step(&id, "callback", json!(1)));
    breathe().await;
    job.fail("BROKEN");
    assert_eq!(kind(soon(early).await.unwrap()), EngineErrorKind::StepNotActive);
}

#[tokio::test]
async fn eng_059_several_are_applied_in_the_order_they_came() {
    let bench = Bench::new(&[journey("callback", CALLBACK)]).await;
    let (id, job) = calling(&bench).await;
    let first = submitting(&bench, step(&id, "callback", json!("one")));
    breathe().await;
    let second = submitting(&bench, step(&id, "callback", json!("two")).with_key(key("2")));
    breathe().await;
    job.done(json!("loop"));
    let job = bench.desk.next().await;
    assert_eq!(job.context.evaluation.context()["payload"], "one");
    assert!(!second.is_finished());
    job.done(json!("loop"));
    let job = bench.desk.next().await;
    assert_eq!(job.context.evaluation.context()["payload"], "two");
    job.done(json!("end"));
    assert!(soon(first).await.unwrap().is_ok() && soon(second).await.unwrap().is_ok());
}

#[tokio::test]
async fn eng_059_some_are_never_held() {
    let bench = Bench::new(&[journey("callback", CALLBACK)]).await;
    let (id, job) = calling(&bench).await;
    let conditional = step(&id, "callback", json!(1)).with_if_head(if_seq(1));
    assert_eq!(kind(soon(submitting(&bench, conditional)).await.unwrap()), EngineErrorKind::StepNotActive);
    let unknown = step(&id, "nowhere", json!(1));
    assert_eq!(kind(soon(submitting(&bench, unknown)).await.unwrap()), EngineErrorKind::StepNotActive);

    // A second click must not become the next attempt of the loop, unless a key tells it apart.
    job.done(json!(1));
    bench.until(&id, |status| !status.active_steps.is_empty()).await;
    let click = submitting(&bench, step(&id, "callback", json!("click")));
    let job = bench.desk.next().await;
    let second = soon(submitting(&bench, step(&id, "callback", json!("click")))).await.unwrap();
    assert_eq!(kind(second), EngineErrorKind::StepNotActive);
    let keyed = submitting(&bench, step(&id, "callback", json!("next")).with_key(key("next")));
    breathe().await;
    assert!(!keyed.is_finished());
    job.done(json!("loop"));
    let job = bench.desk.next().await;
    assert_eq!(job.context.evaluation.context()["payload"], "next");
    job.done(json!("end"));
    assert!(soon(click).await.unwrap().is_ok() && soon(keyed).await.unwrap().is_ok());
}

#[tokio::test]
async fn eng_059_holding_can_be_turned_off_and_delays_nobody() {
    let setup = Setup::new(&[journey("callback", CALLBACK)]);
    let bench = setup.config(|config| config.early_submission = std::time::Duration::ZERO).build().await;
    let (id, _job) = calling(&bench).await;
    let refused = soon(submitting(&bench, step(&id, "callback", json!(1)))).await.unwrap();
    assert_eq!(kind(refused), EngineErrorKind::StepNotActive);

    let bench = Bench::new(&[journey("callback", CALLBACK)]).await;
    let (id, _job) = calling(&bench).await;
    let early = submitting(&bench, step(&id, "callback", json!(1)));
    breathe().await;
    assert!(soon(bench.cancel(&id)).await.is_ok(), "a held submission delays no other command");
    assert_eq!(kind(soon(early).await.unwrap()), EngineErrorKind::StepNotActive);
}

#[tokio::test]
async fn eng_053_the_key_of_a_held_submission_is_in_flight() {
    let bench = Bench::new(&[journey("callback", CALLBACK)]).await;
    let (id, job) = calling(&bench).await;
    let request = |payload: &str| step(&id, "callback", json!(payload)).with_key(key("k"));
    let first = submitting(&bench, request("one"));
    breathe().await;
    let repeat = submitting(&bench, request("one"));
    breathe().await;
    let other = soon(submitting(&bench, request("two"))).await.unwrap();
    assert_eq!(kind(other), EngineErrorKind::IdempotencyMismatch);
    job.done(json!(1));
    let job = bench.desk.next().await;
    breathe().await;
    assert!(!first.is_finished() && !repeat.is_finished());
    job.done(json!("end"));
    let first = soon(first).await.unwrap().unwrap();
    assert_eq!(soon(repeat).await.unwrap().unwrap(), first);
    assert!(bench.desk.is_empty().await, "one effect");
    assert_eq!(bench.engine.get_status(&id, &caller()).await.unwrap().at, first.at);
}
