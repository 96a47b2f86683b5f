//! Killed after the n-th commit, for every n, and started again on what was committed (ENG-100, ENG-101).

use std::collections::HashMap;

use jf_core::{At, EngineErrorKind, Event, JourneyId, Phase};
use jf_testkit::Fate;
use serde_json::{Value, json};

use crate::support::{Bench, Setup, breathe, faulty_store, journey, key, step};

/// Everything a run can wait for, one after the other.
const LONG_WAY: &str = "\
start: first
states:
  first: { type: task, task: { kind: 'desk:v1' }, next: wait }
  wait: { type: wait, wait: { input: { schema: {} } }, next: second }
  second: { type: task, task: { kind: 'desk:v1' }, next: nap }
  nap: { type: timer, timer: { duration: PT10S }, next: hurry }
  hurry:
    type: webhook
    webhook: { input: { schema: {} }, timeoutSec: 5, onTimeout: third }
    next: missed
  missed: { type: fail, errorCode: MISSED, reason: nobody was to come }
  third: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed, outputVar: answer }
";

/// Takes the run as far as it goes, and notes which tasks were run. Tells whether it came to its end.
async fn go(bench: &Bench, id: &JourneyId, tasks: &mut HashMap<String, usize>) -> bool {
    for _ in 0..40 {
        breathe().await;
        while !bench.desk.is_empty().await {
            let job = bench.desk.next().await;
            *tasks.entry(job.context.attempt.to_string()).or_default() += 1;
            let state = job.context.state.to_string();
            job.done(json!(state));
            breathe().await;
        }
        let status = bench.status(id).await.document;
        if status.phase.is_final() {
            return true;
        }
        if status.current_state == *"wait" {
            let submission = step(id, "wait", json!("once")).with_key(key("submission"));
            if let Err(error) = bench.submit(submission).await {
                assert_eq!(error.kind(), EngineErrorKind::Unavailable);
            }
        } else if status.current_state == *"nap" || status.current_state == *"hurry" {
            bench.pass(5).await;
        }
    }
    false
}

/// What a log says beside ids and times.
fn shape(events: &[At<Event>]) -> Vec<(u64, Value)> {
    let document = |event: &Event| match event {
        Event::Status(status) => json!([status.current_state, status.active_steps.len()]),
        Event::Outcome(outcome) => json!([outcome.phase, outcome.output]),
    };
    events.iter().map(|event| (event.at.seq, document(&event.document))).collect()
}

#[tokio::test]
async fn eng_101_a_run_survives_the_loss_of_its_process_at_any_commit() {
    let definitions = [journey("long", LONG_WAY)];
    let whole = Bench::new(&definitions).await;
    let id = whole.start("long", json!({})).await.journey_id;
    assert!(go(&whole, &id, &mut HashMap::new()).await);
    let expected = shape(&whole.events(&id).await);
    assert_eq!(whole.outcome(&id).await.output, json!("third"));

    let mut commits = 1;
    loop {
        let faulty = faulty_store();
        let mut fates = vec![Fate::Holds; commits];
        fates.push(Fate::Killed);
        faulty.fail_next(&fates);
        let before = Setup::new(&definitions).store(faulty.clone()).build().await;
        let id = before.start("long", json!({})).await.journey_id;
        let mut tasks = HashMap::new();
        let finished = go(&before, &id, &mut tasks).await;

        let mut setup = Setup::new(&definitions).store(faulty.disk());
        setup.clock = before.clock.clone();
        let after = setup.build().await;
        assert!(go(&after, &id, &mut tasks).await, "after {commits} commits");
        assert_eq!(shape(&after.events(&id).await), expected, "after {commits} commits");
        assert_eq!(after.status(&id).await.document.phase, Phase::Succeeded);
        assert_eq!(tasks.len(), 3, "each under one name: {tasks:?}");
        assert!(tasks.values().all(|runs| *runs <= 2), "only what was in flight ran again: {tasks:?}");
        assert!(tasks.values().filter(|runs| **runs == 2).count() <= 1, "{tasks:?}");
        if finished {
            assert!(commits > 6, "there is something to lose");
            return;
        }
        commits += 1;
    }
}
