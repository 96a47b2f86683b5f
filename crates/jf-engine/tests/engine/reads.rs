//! Reads, and what they may see (ENG-009, ENG-100, ENG-105).

use std::sync::Arc;

use futures::FutureExt;
use jf_core::{
    CallApi, Engine, EngineErrorKind, Phase, Replaying, StartReply, StartRequest, SubscribeOptions,
    Subscription,
};
use jf_dsl::DefinitionName;
use jf_store::StoredSnapshot;
use serde_json::json;

use crate::support::{
    APPROVAL, Bench, Setup, api, breathe, caller, caller_with, faulty_store, journey, kind, soon, step,
};

const ASKING: &str = "\
start: ask
states:
  ask: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed, outputVar: answer }
";

#[tokio::test]
async fn eng_009_a_status_is_there_in_every_phase_and_an_outcome_after_the_end() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    for ok in [true, false] {
        let id = bench.parked("approval", json!({})).await;
        assert_eq!(bench.status(&id).await.document.phase, Phase::Running);
        assert_eq!(kind(bench.engine.get_outcome(&id, &caller()).await), EngineErrorKind::NotTerminal);
        if ok {
            bench.submitted(step(&id, "wait", json!({ "ok": true }))).await.unwrap();
        } else {
            bench.cancel(&id).await.unwrap();
        }
        let expected = if ok { Phase::Succeeded } else { Phase::Failed };
        assert_eq!(bench.status(&id).await.document.phase, expected);
        let outcome = bench.engine.get_outcome(&id, &caller()).await.unwrap();
        assert_eq!(outcome.document.phase, expected);
        assert_eq!(outcome.at, bench.status(&id).await.at);
        assert!(bench.engine.take_cookies(&id, &caller()).await.unwrap().is_empty());
    }
    let nobody = jf_core::JourneyId::random();
    assert_eq!(kind(bench.engine.get_status(&nobody, &caller()).await), EngineErrorKind::NotFound);
    assert_eq!(kind(bench.engine.get_outcome(&nobody, &caller()).await), EngineErrorKind::NotFound);
    assert_eq!(kind(bench.engine.take_cookies(&nobody, &caller()).await), EngineErrorKind::NotFound);
    assert_eq!(kind(bench.engine.locate(&nobody).await), EngineErrorKind::NotFound);
}

#[tokio::test]
async fn eng_023_the_answer_to_an_asynchronous_start_has_four_members() {
    let spec = format!("lifecycle: {{ startMode: async }}\n{APPROVAL}");
    let bench = Bench::new(&[journey("approval", &spec)]).await;
    let StartReply::Started(response) = bench.run("approval", json!({})).await else {
        panic!("it is asynchronous")
    };
    let value = serde_json::to_value(&response.document).unwrap();
    let members: Vec<_> = value.as_object().unwrap().keys().collect();
    assert_eq!(members, ["journeyId", "journeyName", "statusUrl", "_links"]);
    assert_eq!(value["statusUrl"], value["_links"]["self"]["href"]);
}

#[tokio::test]
async fn eng_100_nothing_is_visible_and_nothing_begins_before_the_commit() {
    let bench = Setup::new(&[journey("asking", ASKING)]).store(faulty_store()).build().await;
    let who = caller();
    let mut starting = bench.engine.start(StartRequest::new("asking", json!({})).unwrap(), &who);
    assert!((&mut starting).now_or_never().is_none(), "the commit takes its time");
    let everything = jf_core::ListQuery::new(std::num::NonZeroU32::MIN);
    assert!(bench.engine.list(everything, &who).await.unwrap().items.is_empty());
    assert!(bench.desk.is_empty().await, "the task waits for the commit");
    let id = starting.await.unwrap().journey_id;
    assert_eq!(bench.status(&id).await.at.seq, 1);
    bench.desk.next().await.done(json!(1));
    bench.until_ended(&id).await;
}

#[tokio::test]
async fn eng_103_calls_of_apis_are_not_taken_up_again() {
    let definitions = [api("asking", ASKING)];
    let bench = Bench::new(&definitions).await;
    let engine = bench.engine.clone();
    let call = CallApi::new(DefinitionName::parse("asking").unwrap(), json!({}));
    let calling = tokio::spawn(async move { engine.call_api(call, &caller()).await });
    let job = bench.desk.next().await;
    let after = Setup::new(&definitions).store(bench.store.clone()).build().await;
    breathe().await;
    assert!(after.desk.is_empty().await);
    // The store does not know of it, so losing the claim does not matter to it either.
    job.done(json!("here"));
    assert_eq!(soon(calling).await.unwrap().unwrap().body, json!("here"));
}

/// AUTH-2 too.
#[tokio::test]
async fn eng_105_requests_and_payloads_of_parked_runs_are_not_kept() {
    let spec = "\
bindings: { http: { start: { headersPassthrough: [{ from: X-Secret, to: X-Secret }] } } }
start: wait
states:
  wait: { type: wait, wait: { input: { schema: {} } }, next: again }
  again: { type: wait, wait: { input: { schema: {} } }, next: done }
  done: { type: succeed }
";
    let bench = Bench::new(&[journey("secret", spec)]).await;
    let who = caller_with(&[("x-secret", "s3cr3t-header"), ("authorization", "s3cr3t-token")]);
    let request = StartRequest::new("secret", json!({ "kept": "context" })).unwrap();
    let started = bench.engine.start(request, &who).await.unwrap();
    let id = started.journey_id.clone();
    bench.submitted(step(&id, "wait", json!("s3cr3t-payload"))).await.unwrap();
    let stored = bench.store.load(&id).await.unwrap().unwrap();
    let bytes = match stored.snapshot {
        StoredSnapshot::Live(snapshot) => snapshot.encode().unwrap(),
        StoredSnapshot::Encoded(bytes) => bytes.to_vec(),
    };
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("context") && !text.contains("s3cr3t"), "{text}");
}

#[tokio::test]
async fn eng_134_subscribers_that_do_not_read_delay_nobody() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    let mut idle = Vec::new();
    for _ in 0..100 {
        let options = SubscribeOptions::from(Replaying::Latest);
        let engine: Arc<dyn Engine> = bench.engine.clone();
        idle.push(Subscription::open(engine, id.clone(), options, &caller()).await.unwrap());
    }
    bench.submitted(step(&id, "wait", json!({ "ok": true }))).await.unwrap();
    assert_eq!(bench.outcome(&id).await.phase, Phase::Succeeded);
    assert_eq!(bench.engine.active_runs(), 0);
}
