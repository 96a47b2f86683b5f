//! Compensation through the engine: a run of its own, begun once whatever happens (ENG-090 to ENG-096).

use jf_core::{ApiReply, CallApi, Cancel, Engine, EngineErrorKind, JourneyId, ListQuery, Phase};
use jf_testkit::Fate;
use serde_json::json;

use crate::support::{
    Bench, Setup, api, as_outcome, as_status, breathe, caller, faulty_store, journey, key, kind, soon,
};

fn failing(mode: &str) -> String {
    format!(
        "\
start: bad
states:
  bad: {{ type: fail, errorCode: NO, reason: because }}
compensation:
  mode: {mode}
  start: undo
  states:
    undo: {{ type: task, task: {{ kind: 'desk:v1' }}, next: note }}
    note: {{ type: transform, transform: {{ mapper: {{ lang: tiny, expr: '\"=outcome.error.code\"' }}, target: {{ kind: var }}, resultVar: code }}, next: end }}
    end: {{ type: succeed, outputVar: code }}
"
    )
}

/// The run that a document links to as its compensation.
fn linked(links: Option<&jf_core::Links>) -> JourneyId {
    let href = links.unwrap().get("compensation").unwrap().href;
    JourneyId::parse(href.rsplit('/').next().unwrap()).unwrap()
}

/// Also ENG-094, HTTP-050.
#[tokio::test]
async fn eng_092_an_asynchronous_compensation_follows_the_outcome() {
    let bench = Bench::new(&[journey("undo", &failing("async"))]).await;
    let outcome = as_outcome(bench.run("undo", json!({})).await).document;
    assert_eq!(outcome.error.unwrap().code, "NO");
    let id = linked(outcome.links.as_ref());
    let status = bench.status(&id).await.document;
    assert_eq!((status.phase, status.current_state.as_str()), (Phase::Running, "undo"));
    assert!(!status.links.unwrap().contains_key("cancel"));
    assert_eq!(kind(bench.cancel(&id).await), EngineErrorKind::NotCancellable);
    let listed =
        bench.engine.list(ListQuery::new(std::num::NonZeroU32::new(10).unwrap()), &caller()).await.unwrap();
    assert!(listed.items.iter().all(|status| status.journey_id != id), "left out of lists");
    soon(bench.desk.next()).await.done(json!(null));
    assert_eq!(bench.until_ended(&id).await.output, json!("NO"), "`outcome` is bound");
    let main = outcome.journey_id;
    let events = bench.events(&main).await;
    let jf_core::Event::Outcome(last) = &events.last().unwrap().document else { panic!("an outcome") };
    assert_eq!(linked(last.links.as_ref()), id, "the log says it as well");
}

/// Also ENG-006, ENG-055.
#[tokio::test]
async fn eng_092_a_synchronous_compensation_comes_before_the_outcome() {
    let bench = Bench::new(&[journey("undo", &failing("sync"))]).await;
    let started = bench.start("undo", json!({})).await;
    let id = started.journey_id.clone();
    let job = soon(bench.desk.next()).await;
    let status = bench.status(&id).await.document;
    assert_eq!((status.phase, status.current_state.as_str()), (Phase::Running, "bad"));
    assert_eq!(bench.cancel(&id).await.unwrap().document.phase, Phase::Running, "unchanged, at once");
    job.fail("urn:broken");
    let outcome = as_outcome(soon(started.settled()).await.unwrap()).document;
    assert_eq!(outcome.error.unwrap().code, "NO", "ENG-093");
    assert_eq!(bench.outcome(&linked(outcome.links.as_ref())).await.error.unwrap().code, "urn:broken");
}

/// Also ENG-047, ENG-053: a cancellation that is followed by a synchronous compensation is answered when that ends, or at the limit.
#[tokio::test]
async fn eng_055_the_answer_to_a_cancellation_waits_for_its_compensation() {
    let spec = failing("sync").replace(
        "start: bad\nstates:",
        "start: ask\nstates:\n  ask: { type: wait, wait: { input: { schema: {} } }, next: bad }",
    );
    let bench = Bench::new(&[journey("undo", &spec)]).await;
    for answered_at_limit in [false, true] {
        let id = bench.parked("undo", json!({})).await;
        let who = caller();
        let cancel = || bench.engine.cancel(Cancel::new(id.clone()).with_key(key("first")), &who);
        let waiting = tokio::spawn(cancel().await.unwrap().settled());
        let job = soon(bench.desk.next()).await;
        let repeated = cancel().await.unwrap();
        assert!(repeated.replayed);
        let repeated = tokio::spawn(repeated.settled());
        let meanwhile = bench.cancel(&id).await.unwrap();
        assert_eq!(meanwhile.document.phase, Phase::Running, "ENG-092: unchanged, at once");
        breathe().await;
        assert!(!waiting.is_finished() && !repeated.is_finished());
        if answered_at_limit {
            bench.pass(31).await;
            assert_eq!(soon(waiting).await.unwrap().unwrap(), meanwhile);
            job.done(json!(null));
            continue;
        }
        job.done(json!(null));
        let status = soon(waiting).await.unwrap().unwrap();
        assert_eq!(status.document.phase, Phase::Failed);
        assert_eq!(soon(repeated).await.unwrap().unwrap(), status, "ENG-053: attached to the first");
        assert_eq!(bench.outcome(&id).await.error.unwrap().code, "JOURNEY_CANCELLED");
    }
}

#[tokio::test]
async fn eng_006_a_start_under_a_long_compensation_is_answered_with_the_status() {
    let bench = Bench::new(&[journey("undo", &failing("sync"))]).await;
    let started = bench.start("undo", json!({})).await;
    let waiting = tokio::spawn(started.settled());
    bench.pass(31).await;
    let status = as_status(soon(waiting).await.unwrap().unwrap()).document;
    assert_eq!(status.phase, Phase::Running);
}

/// The run and its compensation are there with one commit, or neither is.
#[tokio::test]
async fn eng_096_the_end_of_a_run_and_its_compensation_are_one_commit() {
    for mode in ["async", "sync"] {
        let faulty = faulty_store();
        let before = Setup::new(&[journey("undo", &failing(mode))]).store(faulty.clone()).build().await;
        faulty.fail_at(1, Fate::Killed);
        let main = before.start("undo", json!({})).await.journey_id;
        let status = before.status(&main).await.document;
        assert_eq!(status.phase == Phase::Running, mode == "sync");
        let id = linked(status.links.as_ref());
        assert!(faulty.disk().load(&id).await.unwrap().is_some_and(|stored| stored.index.compensation));
    }
}

/// Also ENG-092: one without anything to wait for takes no commit of its own.
#[tokio::test]
async fn eng_096_a_compensation_of_pure_states_ends_with_the_commit_of_its_run() {
    let pure = failing("sync").replace(
        "undo: { type: task, task: { kind: 'desk:v1' }, next: note }",
        "undo: { type: choice, choices: [{ when: {}, next: note }], default: note }",
    );
    let pure = pure.replace(
        "choices: [{ when: {}, next: note }], default: note",
        "choices: [{ when: { predicate: { lang: tiny, expr: 'true' } }, next: note }]",
    );
    let faulty = faulty_store();
    let bench = Setup::new(&[journey("undo", &pure)]).store(faulty.clone()).build().await;
    let before = faulty.writes();
    let outcome = as_outcome(bench.run("undo", json!({})).await).document;
    let id = linked(outcome.links.as_ref());
    assert_eq!(bench.outcome(&id).await.output, json!("NO"));
    assert_eq!(faulty.writes(), before + 1, "one commit");
}

/// Whether the commit held cannot be told, and it did: this very process goes on with what it made.
#[tokio::test]
async fn eng_096_a_compensation_of_a_commit_of_unknown_fate_goes_on() {
    for (mode, unknown) in [("async", 1), ("sync", 1), ("sync", 2), ("sync", 3)] {
        let faulty = faulty_store();
        let spec = failing(mode).replace(
            "start: bad\nstates:\n",
            "start: ask\nstates:\n  ask: { type: task, task: { kind: 'desk:v1', does: asked }, next: bad }\n",
        );
        let bench = Setup::new(&[journey("undo", &spec)]).store(faulty.clone()).build().await;
        faulty.fail_at(unknown, Fate::Unknown);
        let main = bench.start("undo", json!({})).await.journey_id;
        let mut compensated = 0;
        for _ in 0..8 {
            bench.pass(1).await;
            while !bench.desk.is_empty().await {
                bench.desk.next().await.done(json!(null));
                compensated += 1;
            }
        }
        let outcome = bench.until_ended(&main).await;
        assert_eq!(bench.until_ended(&linked(outcome.links.as_ref())).await.output, json!("NO"));
        assert!((1..=2).contains(&compensated), "{mode}, {unknown}: {compensated}");
    }
}

/// Also ENG-096: of an Api, before the answer or beside it.
#[tokio::test]
async fn eng_092_calls_are_compensated() {
    for mode in ["sync", "async"] {
        let bench = Bench::new(&[api("undo", &failing(mode))]).await;
        let engine = bench.engine.clone();
        let call = tokio::spawn(async move {
            engine.call_api(CallApi::new("undo".parse().unwrap(), json!({})), &caller()).await.unwrap()
        });
        let job = soon(bench.desk.next()).await;
        assert!(job.context.caller.is_none(), "it sees no inbound request");
        breathe().await;
        assert_eq!(call.is_finished(), mode == "async");
        job.done(json!(null));
        let ApiReply { status, body, .. } = soon(call).await.unwrap();
        assert_eq!((status, &body["type"]), (500, &json!("NO")));
    }
}

/// Also ENG-047, ENG-053.
#[tokio::test]
async fn eng_055_a_cancellation_is_answered_when_the_compensation_it_calls_for_has_ended() {
    let waiting =
        "start: wait\nstates:\n  wait: { type: wait, wait: { input: { schema: {} } }, next: bad }\n";
    let spec = failing("sync").replacen("start: bad\nstates:\n", waiting, 1);
    for in_time in [true, false] {
        let bench = Bench::new(&[journey("undo", &spec)]).await;
        let id = bench.parked("undo", json!({})).await;
        let cancel = || Cancel::new(id.clone()).with_key(key("c"));
        let first = bench.engine.cancel(cancel(), &caller()).await.unwrap();
        let again = bench.engine.cancel(cancel(), &caller()).await.unwrap();
        assert_eq!((first.replayed, again.replayed), (false, true));
        assert_eq!((first.at.seq, again.at.seq), (3, 3), "admitted: it is durable");
        let answers = [first, again].map(|submitted| tokio::spawn(submitted.settled()));
        let job = soon(bench.desk.next()).await;
        breathe().await;
        assert!(answers.iter().all(|answer| !answer.is_finished()));
        assert_eq!(bench.cancel(&id).await.unwrap().document.phase, Phase::Running, "unchanged, at once");
        if in_time {
            job.done(json!(null));
        } else {
            bench.pass(30).await;
        }
        for answer in answers {
            let status = soon(answer).await.unwrap().unwrap().document;
            assert_eq!(status.phase, if in_time { Phase::Failed } else { Phase::Running });
        }
    }
}
