//! Restarts on one store (ENG-101, ENG-102).

use jf_core::spi::Clock;
use jf_core::{Engine, EngineErrorKind, ListQuery, Phase};
use jf_store::{DefinitionSource, Store};
use serde_json::json;
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::support::{
    APPROVAL, Bench, Recorder, Setup, breathe, caller, definition, foreign_run, journey, kind, step, version,
};

const ASKING: &str = "\
start: ask
states:
  ask: { type: task, task: { kind: 'desk:v1' }, next: wait }
  wait: { type: wait, wait: { input: { schema: {} } }, next: done }
  done: { type: succeed, outputVar: answer }
";

/// An engine on the store of another one, which then has lost its claim, at the time of that one.
async fn restart(bench: &Bench, definitions: &[String]) -> Bench {
    let mut setup = Setup::new(definitions).store(Arc::clone(&bench.store));
    setup.clock = bench.clock.clone();
    setup.build().await
}

#[tokio::test]
async fn eng_101_a_task_in_flight_is_run_again_under_its_name() {
    let definitions = [journey("asking", ASKING)];
    let before = Bench::new(&definitions).await;
    let id = before.start("asking", json!({ "n": 1 })).await.journey_id;
    let lost = before.desk.next().await;
    let after = restart(&before, &definitions).await;
    let again = after.desk.next().await;
    assert_eq!(again.context.attempt, lost.context.attempt);
    assert_eq!(again.context.evaluation.context(), lost.context.evaluation.context());
    assert!(lost.context.caller.is_some());
    assert!(again.context.caller.is_none(), "TSK-008: recovered work sees no inbound request");
    again.done(json!("second"));
    after.until(&id, |status| status.current_state == *"wait").await;

    // ENG-102: the first engine has lost its claim, so its result does not count.
    lost.done(json!("first"));
    breathe().await;
    assert_eq!(after.status(&id).await.at.seq, 2);
    after.submitted(step(&id, "wait", json!(1))).await.unwrap();
    assert_eq!(after.outcome(&id).await.output, json!("second"));
}

#[tokio::test]
async fn eng_102_an_engine_that_lost_its_claim_changes_nothing() {
    let definitions = [journey("approval", APPROVAL)];
    let before = Bench::new(&definitions).await;
    let id = before.parked("approval", json!({})).await;
    let after = restart(&before, &definitions).await;
    let refused = before.submit(step(&id, "wait", json!({ "ok": true }))).await;
    assert_eq!(kind(refused), EngineErrorKind::Unavailable, "ENG-143: no effect");
    assert_eq!(kind(before.try_start("approval", json!({})).await), EngineErrorKind::Unavailable);
    assert_eq!(after.status(&id).await.at.seq, 2);
    after.submitted(step(&id, "wait", json!({ "ok": true }))).await.unwrap();
}

#[tokio::test]
async fn eng_070_what_fell_due_meanwhile_fires_once_after_a_restart() {
    let definitions = [journey("approval", APPROVAL)];
    let before = Bench::new(&definitions).await;
    let id = before.parked("approval", json!({})).await;
    let (store, clock): (Arc<dyn Store>, _) = (Arc::clone(&before.store), before.clock.clone());
    drop(before);
    breathe().await;
    clock.advance(jiff::SignedDuration::from_secs(3_600));
    let mut setup = Setup::new(&definitions).store(store);
    setup.clock = clock;
    let after = setup.build().await;
    assert_eq!(after.until_ended(&id).await.error.unwrap().code, "LATE");
    breathe().await;
    assert_eq!(after.events(&id).await.len(), 3);
}

#[tokio::test]
async fn eng_101_parked_runs_stay_where_they_are() {
    let definitions = [journey("approval", APPROVAL)];
    let before = Bench::new(&definitions).await;
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(before.parked("approval", json!({})).await);
    }
    let after = restart(&before, &definitions).await;
    breathe().await;
    assert_eq!(after.engine.active_runs(), 0);
    let status = after.submitted(step(&ids[7], "wait", json!({ "ok": true }))).await.unwrap();
    assert_eq!(status.document.phase, Phase::Succeeded);
}

#[tokio::test]
async fn eng_101_many_runs_with_work_pending_are_all_taken_up() {
    let definitions = [journey("asking", ASKING)];
    let before = Setup::new(&definitions).config(|config| config.concurrent_tasks = 10).build().await;
    let mut ids = Vec::new();
    for _ in 0..600 {
        ids.push(before.start("asking", json!({})).await.journey_id);
    }
    let after = restart(&before, &definitions).await;
    for _ in &ids {
        after.desk.next().await.done(json!(1));
    }
    for id in &ids {
        after.until(id, |status| status.current_state == *"wait").await;
    }
    assert!(after.desk.is_empty().await);
}

/// INV-9 too: a restart that loses what was in memory has a store of its own.
#[tokio::test]
async fn eng_108_logs_of_another_store_have_another_epoch() {
    let definitions = [journey("approval", APPROVAL)];
    let one = Bench::new(&definitions).await;
    let same = restart(&one, &definitions).await;
    let other = Setup::new(&definitions).build().await;
    let epoch = async |bench: &Bench| {
        let id = bench.parked("approval", json!({})).await;
        bench.status(&id).await.at.epoch
    };
    let first = epoch(&same).await;
    assert_eq!(first, one.store.epoch().await.unwrap());
    assert_ne!(first, epoch(&other).await);
}

/// ENG-117: the next deployment lacks the version that a run began with, and has another one.
#[tokio::test]
async fn eng_117_a_run_goes_on_when_its_version_is_no_longer_deployed() {
    let before = Bench::new(&[definition("Journey", "approval", "1.0.0", APPROVAL)]).await;
    let id = before.parked("approval", json!({})).await;
    let after = restart(&before, &[definition("Journey", "approval", "2.0.0", ASKING)]).await;
    assert_eq!(after.engine.locate(&id).await.unwrap().version().to_string(), "1.0.0");
    assert_eq!(after.status(&id).await.document.current_state, *"wait");
    let page = after.engine.list(ListQuery::new(NonZeroU32::MIN), &caller()).await.unwrap();
    assert_eq!(page.items.len(), 1);
    after.submitted(step(&id, "wait", json!({ "ok": true }))).await.unwrap();
    assert_eq!(after.outcome(&id).await.phase, Phase::Succeeded);
    // New runs use what is deployed.
    let new = after.start("approval", json!({})).await.journey_id;
    assert_eq!(after.engine.locate(&new).await.unwrap().version().to_string(), "2.0.0");
}

/// DEF-029: runs of a version go on with the body they began with.
#[tokio::test]
async fn def_029_another_body_under_the_version_of_a_run_is_refused() {
    let before = Bench::new(&[journey("approval", APPROVAL)]).await;
    before.parked("approval", json!({})).await;
    let changed =
        Setup::new(&[journey("approval", ASKING)]).store(Arc::clone(&before.store)).try_build().await;
    let error = changed.err().expect("the body differs").to_string();
    assert_eq!(
        error,
        "Journey approval 1.0.0: runs of this version began with another body than `test.journey.yaml` has; give it another `metadata.version`, or turn on development mode (`development: true`)"
    );
    let comment = format!("# a comment is no difference\n{}", journey("approval", APPROVAL));
    restart(&before, &[comment]).await;
}

/// Its runs may be many, and somebody may ask for one of them all the time.
#[tokio::test]
async fn eng_117_a_version_that_does_not_fit_what_is_installed_is_linked_once() {
    let setup = Setup::new(&[journey("approval", APPROVAL)]);
    let (store, created) = (Arc::clone(&setup.store), setup.clock.now());
    let (claim, old) = (store.claim().await.unwrap(), version("loan", 1));
    let source = DefinitionSource::new("loan.journey.yaml", "kind: Journey", [1; 32]);
    store.keep_definition(claim, &old, source).await.unwrap();
    let run = foreign_run(&*store, claim, &old, created).await;
    let bench = setup.build().await;
    let (recorder, _guard) = Recorder::begin();
    for _ in 0..5 {
        assert_eq!(kind(bench.engine.locate(&run).await), EngineErrorKind::Internal);
    }
    let told = recorder.faults();
    let linked = told.iter().filter(|fault| fault.fields["message"].contains("does not fit")).count();
    assert_eq!(linked, 1, "{told:?}");
    assert_eq!(told.len(), 6, "{told:?}");
}
