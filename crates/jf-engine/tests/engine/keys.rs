//! Caller keys (ENG-050 to ENG-058).

use http::Method;
use jf_core::{
    Caller, Cancel, Engine, EngineErrorKind, JourneyId, ListQuery, Phase, StartReply, StartRequest, Started,
    StepRef, StepTarget, SubmitStep,
};
use serde_json::{Value, json};
use std::num::NonZeroU32;
use std::time::Duration;

use crate::support::{
    APPROVAL, Bench, Setup, as_outcome, as_status, breathe, caller, if_seq, journey, key, kind, soon, step,
};

const ASKING: &str = "start: ask\nstates:\n  ask: { type: task, task: { kind: 'desk:v1' }, next: done }\n  done: { type: succeed, outputVar: answer }";

fn start(name: &str, input: Value, by: &str) -> StartRequest {
    StartRequest::new(name, input).unwrap().with_key(key(by))
}

async fn started(bench: &Bench, request: StartRequest) -> Started {
    soon(bench.engine.start(request, &caller())).await.unwrap()
}

async fn runs(bench: &Bench) -> usize {
    let query = ListQuery::new(NonZeroU32::new(100).unwrap());
    bench.engine.list(query, &caller()).await.unwrap().items.len()
}

#[tokio::test]
async fn eng_050_a_start_with_a_key_creates_one_run() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let first = started(&bench, start("approval", json!({ "a": 1, "b": 2 }), "k")).await;
    assert!(!first.replayed);
    let second = started(&bench, start("approval", json!({ "b": 2, "a": 1 }), "k")).await;
    assert!(second.replayed, "ENG-053");
    assert_eq!((&second.journey_id, &second.at), (&first.journey_id, &first.at));
    let id = first.journey_id.clone();
    assert_eq!(as_status(first.settled().await.unwrap()), as_status(second.settled().await.unwrap()));
    assert_eq!(runs(&bench).await, 1);

    bench.submitted(step(&id, "wait", json!({ "ok": true }))).await.unwrap();
    let third = started(&bench, start("approval", json!({ "a": 1, "b": 2 }), "k")).await;
    assert_eq!((third.replayed, third.at.seq), (true, 3), "IDEM-7: the present document");
    assert_eq!(as_outcome(third.settled().await.unwrap()).document.phase, Phase::Succeeded);
    let other = started(&bench, start("approval", json!({ "a": 1, "b": 2 }), "l")).await;
    assert_ne!(other.journey_id, id);
}

#[tokio::test]
async fn eng_053_another_request_with_the_key_is_refused() {
    let bench = Bench::new(&[journey("approval", APPROVAL), journey("other", APPROVAL)]).await;
    let first = started(&bench, start("approval", json!({ "a": 1 }), "k")).await;
    let changed = bench.engine.start(start("approval", json!({ "a": 2 }), "k"), &caller()).await;
    assert_eq!(kind(changed), EngineErrorKind::IdempotencyMismatch);
    let elsewhere = started(&bench, start("other", json!({ "a": 2 }), "k")).await;
    assert_ne!(elsewhere.journey_id, first.journey_id, "the scope is the definition");
    let caller = Caller::request("http", Method::POST, "/").principal("alice").build();
    let hers = bench.engine.start(start("approval", json!({ "a": 3 }), "k"), &caller).await.unwrap();
    assert!(!hers.replayed, "and the principal");
}

#[tokio::test]
async fn eng_052_a_refused_start_leaves_its_key_free() {
    let spec = format!("input: {{ schema: {{ type: object, required: [a] }} }}\n{APPROVAL}");
    let bench = Bench::new(&[journey("strict", &spec)]).await;
    let refused = bench.engine.start(start("strict", json!({}), "k"), &caller()).await;
    assert_eq!(kind(refused), EngineErrorKind::InvalidInput);
    assert!(!started(&bench, start("strict", json!({ "a": 1 }), "k")).await.replayed, "IDEM-6");
}

#[tokio::test]
async fn eng_053_a_repeat_attaches_to_a_start_that_is_being_answered() {
    let bench = Bench::new(&[journey("asking", ASKING)]).await;
    let first = started(&bench, start("asking", json!({}), "k")).await;
    let job = bench.desk.next().await;
    let second = started(&bench, start("asking", json!({}), "k")).await;
    assert!(second.replayed);
    // The first caller has gone, which changes nothing.
    drop(first);
    let reply = tokio::spawn(second.settled());
    breathe().await;
    assert!(!reply.is_finished());
    job.done(json!("once"));
    assert_eq!(as_outcome(soon(reply).await.unwrap().unwrap()).document.output, json!("once"));
    assert!(bench.desk.is_empty().await);
}

#[tokio::test]
async fn eng_053_after_the_first_answer_a_repeat_waits_for_nothing() {
    let bench = Bench::new(&[journey("asking", ASKING)]).await;
    let reply = tokio::spawn(started(&bench, start("asking", json!({}), "k")).await.settled());
    let _job = bench.desk.next().await;
    bench.pass(30).await;
    assert!(matches!(soon(reply).await.unwrap().unwrap(), StartReply::Status(_)));
    let repeat = started(&bench, start("asking", json!({}), "k")).await;
    assert_eq!(as_status(soon(repeat.settled()).await.unwrap()).document.phase, Phase::Running);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idem_5_inv_3_of_many_concurrent_starts_one_creates() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    for round in 0..50 {
        let name = format!("k{round}");
        let starts = (0..8).map(|_| {
            let (engine, request) = (bench.engine.clone(), start("approval", json!({}), &name));
            tokio::spawn(async move { engine.start(request, &caller()).await.unwrap() })
        });
        let mut ids: Vec<JourneyId> = Vec::new();
        let mut fresh = 0;
        for start in starts.collect::<Vec<_>>() {
            let started = soon(start).await.unwrap();
            fresh += usize::from(!started.replayed);
            ids.push(started.journey_id);
        }
        ids.dedup();
        assert_eq!((fresh, ids.len()), (1, 1));
    }
}

#[tokio::test]
async fn eng_052_start_keys_are_kept_for_a_day() {
    let bench =
        Bench::new(&[journey("approval", &APPROVAL.replace("timeoutSec: 60", "timeoutSec: 999999"))]).await;
    let first = started(&bench, start("approval", json!({}), "k")).await;
    bench.pass(24 * 60 * 60 - 1).await;
    assert!(started(&bench, start("approval", json!({}), "k")).await.replayed);
    bench.pass(1).await;
    let again = started(&bench, start("approval", json!({}), "k")).await;
    assert!(!again.replayed);
    assert_ne!(again.journey_id, first.journey_id);
}

const LOOP: &str = "\
start: wait
states:
  wait: { type: wait, wait: { input: { schema: {} }, response: { outputVar: note } }, next: keep }
  keep:
    type: transform
    transform: { mapper: { lang: tiny, expr: '{\"last\": \"=payload\"}' }, target: { kind: var }, resultVar: note }
    next: wait
";

#[tokio::test]
async fn eng_050_a_submission_with_a_key_is_applied_once() {
    let bench = Bench::new(&[journey("loop", LOOP)]).await;
    let id = bench.parked("loop", json!({})).await;
    let request = |payload: u64, by: &str| step(&id, "wait", json!(payload)).with_key(key(by));
    let first = bench.submit(request(1, "k")).await.unwrap();
    assert_eq!((first.replayed, first.at.seq), (false, 3));
    let repeat = bench.submit(request(1, "k")).await.unwrap();
    assert_eq!((repeat.replayed, repeat.at.seq), (true, 3));
    assert_eq!(repeat.step.as_ref().unwrap().to_string(), "wait");
    let (first, repeat) = (first.settled().await.unwrap(), repeat.settled().await.unwrap());
    assert_eq!(first, repeat, "ENG-048: with the block of the step");
    assert_eq!(first.document.projection["last"], 1);
    assert_eq!(kind(bench.submit(request(2, "k")).await), EngineErrorKind::IdempotencyMismatch);
    assert!(!bench.submit(request(2, "l")).await.unwrap().replayed);
    assert!(!bench.submit(step(&id, "wait", json!(1))).await.unwrap().replayed, "IDEM-1");
}

#[tokio::test]
async fn eng_058_a_repeat_may_leave_the_step_out_and_may_not_change_the_precondition() {
    let bench = Bench::new(&[journey("loop", LOOP)]).await;
    let id = bench.parked("loop", json!({})).await;
    let ids = [jf_dsl::StateId::parse("wait").unwrap()];
    let covered = StepTarget::Covered { given: None, ids: ids.into() };
    let first = SubmitStep::new(id.clone(), covered, json!(1)).with_key(key("k")).with_if_head(if_seq(2));
    assert!(!bench.submit(first).await.unwrap().replayed);
    let named = step(&id, "wait", json!(1)).with_key(key("k")).with_if_head(if_seq(2));
    assert!(bench.submit(named.clone()).await.unwrap().replayed, "the key comes before the precondition");
    assert_eq!(kind(bench.submit(named.with_if_head(if_seq(3))).await), EngineErrorKind::IdempotencyMismatch);
    let elsewhere = SubmitStep::new(id, StepTarget::Any(StepRef::parse("keep").unwrap()), json!(1));
    let elsewhere = elsewhere.with_key(key("k")).with_if_head(if_seq(2));
    assert_eq!(kind(bench.submit(elsewhere).await), EngineErrorKind::IdempotencyMismatch, "another target");
}

#[tokio::test]
async fn eng_052_a_refused_submission_leaves_its_key_free() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    let request = |payload: Value| step(&id, "wait", payload).with_key(key("k"));
    assert_eq!(kind(bench.submit(request(json!({ "ok": 1 }))).await), EngineErrorKind::InvalidInput);
    assert!(!bench.submit(request(json!({ "ok": true }))).await.unwrap().replayed);
    let after_end = bench.submit(request(json!({ "ok": true }))).await.unwrap();
    assert!(after_end.replayed, "HTTP-023: a known key comes before the step");
    assert_eq!(after_end.settled().await.unwrap().document.phase, Phase::Succeeded);
}

#[tokio::test]
async fn eng_053_a_repeat_attaches_to_a_submission_that_is_being_answered() {
    let spec = "\
start: wait
states:
  wait: { type: wait, wait: { input: { schema: {} } }, next: ask }
  ask: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed }
";
    let bench = Bench::new(&[journey("asking", spec)]).await;
    let id = bench.parked("asking", json!({})).await;
    let request = || step(&id, "wait", json!(1)).with_key(key("k"));
    drop(bench.submit(request()).await.unwrap());
    let job = bench.desk.next().await;
    let repeat = bench.submit(request()).await.unwrap();
    assert!(repeat.replayed);
    let reply = tokio::spawn(repeat.settled());
    breathe().await;
    assert!(!reply.is_finished());
    job.done(json!(1));
    assert_eq!(soon(reply).await.unwrap().unwrap().document.phase, Phase::Succeeded);
}

#[tokio::test]
async fn eng_050_a_cancellation_with_a_key_is_applied_once() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    let cancel = || Cancel::new(id.clone()).with_key(key("k"));
    let first = bench.engine.cancel(cancel(), &caller()).await.unwrap();
    assert!(!first.replayed);
    let repeat = bench.engine.cancel(cancel(), &caller()).await.unwrap();
    assert!(repeat.replayed);
    let submission = step(&id, "wait", json!({})).with_key(key("k"));
    assert_eq!(
        kind(bench.submit(submission).await),
        EngineErrorKind::IdempotencyMismatch,
        "one scope per run"
    );
    let late = bench.engine.cancel(cancel().with_key(key("l")), &caller()).await.unwrap();
    let again = bench.engine.cancel(cancel().with_key(key("l")), &caller()).await.unwrap();
    assert!(!late.replayed && !again.replayed, "without effect a key is not used up");
}

#[tokio::test]
async fn eng_058_projected_query_values_count_and_headers_do_not() {
    let bindings =
        "bindings: { http: { start: { queryToContext: { page: page }, headersToContext: { X-Id: id } } } }";
    let bench = Bench::new(&[journey("paged", &format!("{bindings}\n{APPROVAL}"))]).await;
    let request = |page: &'static str, other: &'static str| {
        let query = [("page", page), ("other", other)];
        let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Caller::request("http", Method::POST, "/").query(query).build()
    };
    let start = || start("paged", json!({}), "k");
    assert!(!bench.engine.start(start(), &request("1", "x")).await.unwrap().replayed);
    assert!(bench.engine.start(start(), &request("1", "y")).await.unwrap().replayed);
    assert_eq!(
        kind(bench.engine.start(start(), &request("2", "x")).await),
        EngineErrorKind::IdempotencyMismatch
    );
}

#[tokio::test]
async fn eng_052_keys_go_with_their_run() {
    let bench = Setup::new(&[journey("approval", APPROVAL)])
        .store(crate::store(jf_store::Retention::default().with_ended_runs(Duration::from_secs(100))))
        .build()
        .await;
    let first = started(&bench, start("approval", json!({}), "k")).await;
    bench.cancel(&first.journey_id).await.unwrap();
    bench.pass(60).await;
    assert!(started(&bench, start("approval", json!({}), "k")).await.replayed);
    bench.pass(60).await;
    assert!(!started(&bench, start("approval", json!({}), "k")).await.replayed, "ENG-104: the run is gone");
}
