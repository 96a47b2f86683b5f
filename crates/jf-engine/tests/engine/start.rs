//! Starting runs (ENG-002 to ENG-007).

use jf_core::{Engine, EngineErrorKind, Phase, StartReply, StartRequest};
use serde_json::json;

use crate::support::{APPROVAL, Bench, Setup, as_outcome, as_status, breathe, caller, journey, kind, soon};

const PURE: &str = "\
start: compute
states:
  compute:
    type: transform
    transform: { mapper: { lang: tiny, expr: '{\"k\": \"=context.k\"}' }, target: { kind: var }, resultVar: seen }
    next: decide
  decide:
    type: choice
    choices: [{ when: { predicate: { lang: tiny, expr: '{\"$eq\": [\"=context.k\", 7]}' } }, next: good }]
    default: bad
  good: { type: succeed, outputVar: seen }
  bad: { type: fail, errorCode: BAD, reason: not seven }
";

const ASKING: &str = "\
start: ask
states:
  ask: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed, outputVar: answer }
";

#[tokio::test]
async fn eng_006_a_synchronous_start_answers_with_the_outcome() {
    let bench = Bench::new(&[journey("pure", PURE)]).await;
    let outcome = as_outcome(bench.run("pure", json!({ "k": 7 })).await);
    assert_eq!(outcome.document.phase, Phase::Succeeded);
    assert_eq!(outcome.document.output, json!({ "k": 7 }));
    assert_eq!(outcome.at.seq, 2, "creation and outcome");
    let failed = as_outcome(bench.run("pure", json!({ "k": 8 })).await).document;
    assert_eq!((failed.phase, failed.error.unwrap().code.as_str()), (Phase::Failed, "BAD"));
}

#[tokio::test]
async fn eng_006_a_run_of_pure_states_leaves_nothing_active() {
    let bench = Bench::new(&[journey("pure", PURE)]).await;
    for k in 0..10 {
        bench.run("pure", json!({ "k": k })).await;
    }
    assert_eq!(bench.engine.active_runs(), 0);
}

#[tokio::test]
async fn eng_006_a_synchronous_start_answers_with_the_status_when_the_run_has_settled() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let started = bench.start("approval", json!({})).await;
    let id = started.journey_id.clone();
    assert_eq!(started.at.seq, 2, "creation and the wait");
    let status = as_status(started.settled().await.unwrap());
    assert_eq!(status.document.current_state, *"wait");
    assert_eq!(status, bench.status(&id).await);
    assert_eq!(bench.engine.active_runs(), 0, "a parked run is in the store and nowhere else");
}

/// ENG-007
#[tokio::test]
async fn eng_007_a_timer_settles_a_start_too() {
    let spec = "start: nap\nstates:\n  nap: { type: timer, timer: { duration: PT1H }, next: done }\n  done: { type: succeed }";
    let bench = Bench::new(&[journey("napping", spec)]).await;
    let status = as_status(bench.run("napping", json!({})).await);
    assert_eq!(status.document.current_state, *"nap");
}

#[tokio::test]
async fn eng_005_an_asynchronous_start_answers_once_the_run_is_durable() {
    let spec = format!("lifecycle: {{ startMode: async }}\n{ASKING}");
    let bench = Bench::new(&[journey("asking", &spec)]).await;
    let started = bench.start("asking", json!({})).await;
    let id = started.journey_id.clone();
    let StartReply::Started(response) = started.settled().await.unwrap() else {
        panic!("it is asynchronous")
    };
    assert_eq!(response.at.seq, 1, "HTTP-019");
    assert_eq!(response.document.journey_id, id);
    assert_eq!(bench.status(&id).await.document.phase, Phase::Running);
    bench.desk.next().await.done(json!("yes"));
    assert_eq!(bench.until_ended(&id).await.output, json!("yes"));
}

#[tokio::test]
async fn eng_006_at_the_wait_limit_the_status_is_the_answer_and_the_run_goes_on() {
    let bench = Bench::new(&[journey("asking", ASKING)]).await;
    let started = bench.start("asking", json!({})).await;
    let id = started.journey_id.clone();
    let reply = tokio::spawn(started.settled());
    let job = bench.desk.next().await;
    bench.pass(29).await;
    assert!(!reply.is_finished());
    bench.pass(1).await;
    let status = as_status(soon(reply).await.unwrap().unwrap());
    assert_eq!((status.document.phase, status.at.seq), (Phase::Running, 1));
    job.done(json!(1));
    assert_eq!(bench.until_ended(&id).await.phase, Phase::Succeeded);
}

#[tokio::test]
async fn eng_002_what_is_refused_creates_nothing() {
    let schema = "input: { schema: { type: object, required: [a], properties: { a: { type: integer }, b: { type: string } } } }";
    let bench = Bench::new(&[journey("strict", &format!("{schema}\n{PURE}"))]).await;
    assert_eq!(kind(bench.try_start("nothing", json!({})).await), EngineErrorKind::NotFound);
    assert_eq!(kind(bench.try_start("strict", json!([1])).await), EngineErrorKind::InvalidInput);
    let error = bench.try_start("strict", json!({ "b": 1 })).await.unwrap_err();
    assert_eq!(error.problem().errors.len(), 2, "ENG-044: all violations");
    let page =
        bench.engine.list(jf_core::ListQuery::new(std::num::NonZeroU32::MIN), &caller()).await.unwrap();
    assert!(page.items.is_empty());
    assert_eq!(bench.engine.active_runs(), 0);
}

/// HTTP-071 for Apis; the contract of the trait for all.
#[tokio::test]
async fn a_caller_that_goes_away_stops_nothing() {
    let bench = Bench::new(&[journey("asking", ASKING)]).await;
    let started = bench.start("asking", json!({})).await;
    let id = started.journey_id.clone();
    drop(started);
    bench.desk.next().await.done(json!(1));
    assert_eq!(bench.until_ended(&id).await.phase, Phase::Succeeded);

    let settled = bench.start("asking", json!({})).await;
    let id = settled.journey_id.clone();
    let waiting = tokio::spawn(settled.settled());
    let job = bench.desk.next().await;
    waiting.abort();
    breathe().await;
    job.done(json!(1));
    assert_eq!(bench.until_ended(&id).await.phase, Phase::Succeeded);
}

#[tokio::test]
async fn def_028_new_runs_use_the_serving_version_and_old_ones_keep_theirs() {
    let old = APPROVAL.replace("outputVar: payload", "outputVar: version");
    let old = format!("input: {{ schema: {{ type: object }} }}\n{old}");
    let store: std::sync::Arc<dyn jf_store::Store> = crate::support::store();
    let first = crate::support::definition("Journey", "approval", "1.9.0", &old);
    let second = crate::support::definition("Journey", "approval", "1.10.0", APPROVAL);
    let before = Setup::new(std::slice::from_ref(&first)).store(store.clone()).build().await;
    let id = before.parked("approval", json!({ "version": "old" })).await;
    let after = Setup::new(&[first, second]).store(store).build().await;
    assert_eq!(after.engine.locate(&id).await.unwrap().version().to_string(), "1.9.0");
    after.submitted(crate::support::step(&id, "wait", json!({ "ok": true }))).await.unwrap();
    assert_eq!(after.outcome(&id).await.output, json!("old"));
    let id = after.parked("approval", json!({})).await;
    assert_eq!(after.engine.locate(&id).await.unwrap().version().to_string(), "1.10.0");
}

#[tokio::test]
async fn http_030_projections_of_the_transport_are_applied() {
    let bindings = "bindings: { http: { start: { headersToContext: { X-Tenant: tenant } } } }";
    let spec = format!("{bindings}\nstart: done\nstates:\n  done: {{ type: succeed, outputVar: tenant }}");
    let bench = Bench::new(&[journey("tenant", &spec)]).await;
    let request = StartRequest::new("tenant", json!({ "tenant": "body" })).unwrap();
    let caller = crate::support::caller_with(&[("x-tenant", "acme")]);
    let started = bench.engine.start(request, &caller).await.unwrap();
    assert_eq!(as_outcome(started.settled().await.unwrap()).document.output, json!("acme"));
}
