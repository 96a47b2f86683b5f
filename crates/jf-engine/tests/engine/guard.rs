//! Who may read a run (ENG-051, ENG-053, ENG-054, ENG-057, ENG-110 to ENG-116).

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jf_core::{
    At, Caller, Cancel, Cursor, Delivery, Engine, EngineError, EngineErrorKind, JourneyId, ListQuery, Phase,
    Replay, Replaying, StartReply, StartRequest, SubscribeOptions, Subscription,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{
    APPROVAL, Bench, Recorder, Setup, breathe, caller, caller_with, if_seq, journey, key, kind, soon, step,
};

/// Reads are decided by the test.
const ASKING: &str = "\
subjourneys:
  guard: { start: judge, states: { judge: { type: task, task: { kind: 'desk:v1' }, next: done }, done: { type: succeed, outputVar: answer } } }
access: { read: { guardRef: guard } }
";

/// Reads are decided by the context: by its member `open`, which each submission sets anew.
const OPEN: &str = "\
subjourneys:
  guard:
    start: judge
    states:
      judge: { type: transform, transform: { mapper: { lang: tiny, expr: '{\"allowed\": \"=context.open\"}' }, target: { kind: var }, resultVar: verdict }, next: done }
      done: { type: succeed, outputVar: verdict }
access: { read: { guardRef: guard } }
start: wait
states:
  wait: { type: wait, wait: { input: { schema: {} } }, next: note }
  note: { type: transform, transform: { mapper: { lang: tiny, expr: '\"=payload\"' }, target: { kind: var }, resultVar: open }, next: wait }
";

fn asking(spec: &str) -> String {
    journey("guarded", &format!("{ASKING}{spec}"))
}

fn who(name: &'static str) -> Caller {
    caller_with(&[("authorization", name)])
}

/// Lets the guard that is asked now decide.
async fn decide(bench: &Bench, allowed: bool) {
    bench.desk.next().await.done(json!({ "allowed": allowed }));
}

/// A command or read, with the guard that it asks.
async fn judged<T>(bench: &Bench, allowed: bool, what: impl Future<Output = T>) -> T {
    let (result, ()) = soon(async { tokio::join!(what, decide(bench, allowed)) }).await;
    result
}

async fn subscribe(bench: &Bench, id: &JourneyId, caller: &Caller) -> Result<Subscription, EngineError> {
    let engine: Arc<dyn Engine> = bench.engine.clone();
    let options = SubscribeOptions::from(Replaying::Nothing).with_conflate(false);
    Subscription::open(engine, id.clone(), options, caller).await.map(|(subscription, _)| subscription)
}

#[tokio::test]
async fn eng_110_every_read_asks_the_guard_with_its_own_request() {
    let bench = Bench::new(&[asking(APPROVAL)]).await;
    let id = bench.parked("guarded", json!({ "owner": "ann" })).await;
    assert!(bench.desk.is_empty().await, "ENG-051: the first answer is not guarded");
    let reading = bench.engine.clone();
    let (run, ann) = (id.clone(), who("ann"));
    let read = tokio::spawn(async move { reading.get_status(&run, &ann).await });
    let job = bench.desk.next().await;
    assert_eq!(job.context.evaluation.context(), &json!({ "owner": "ann" }));
    assert_eq!(
        job.context.caller.as_ref().and_then(|caller| caller.header("authorization")).as_deref(),
        Some("ann")
    );
    assert!(job.context.passthrough.is_empty());
    assert_eq!(job.context.budget, Some(Duration::from_secs(5)), "ENG-112");
    job.done(json!({ "allowed": true }));
    assert_eq!(soon(read).await.unwrap().unwrap().document.phase, Phase::Running);

    let bob = who("bob");
    let read = NonZeroU32::MIN;
    let kinds = [
        kind(judged(&bench, false, bench.engine.get_status(&id, &bob)).await),
        kind(judged(&bench, false, bench.engine.get_outcome(&id, &bob)).await),
        kind(judged(&bench, false, bench.engine.events(&id, Cursor::beginning(), read, &bob)).await),
        kind(judged(&bench, false, bench.engine.cancel(Cancel::new(id.clone()), &bob)).await),
    ];
    assert_eq!(kinds, [EngineErrorKind::NotFound; 4], "ENG-113: before the Conflict of a missing outcome");
    assert_eq!(
        kind(judged(&bench, true, bench.engine.get_outcome(&id, &bob)).await),
        EngineErrorKind::NotTerminal
    );
    let events = judged(
        &bench,
        true,
        bench.engine.events(&id, Cursor::beginning(), NonZeroU32::new(9).unwrap(), &bob),
    );
    let Replay::Events { items, .. } = events.await.unwrap() else { panic!("all are kept") };
    assert_eq!(items.len(), 2, "ENG-116: events pulled together share one decision");
    assert!(bench.desk.is_empty().await);
    assert_eq!(bench.engine.active_runs(), 0, "a read does not make a run active");
}

#[tokio::test]
async fn eng_113_denial_looks_like_absence() {
    let bench = Bench::new(&[journey("open", OPEN)]).await;
    let id = bench.parked("open", json!({ "open": false })).await;
    let (engine, nobody, me) = (&bench.engine, JourneyId::random(), caller());
    let limit = NonZeroU32::MIN;
    for (denied, absent) in [
        (
            engine.get_status(&id, &me).await.map(drop).unwrap_err(),
            engine.get_status(&nobody, &me).await.map(drop).unwrap_err(),
        ),
        (
            engine.get_outcome(&id, &me).await.map(drop).unwrap_err(),
            engine.get_outcome(&nobody, &me).await.map(drop).unwrap_err(),
        ),
        (
            engine.events(&id, Cursor::beginning(), limit, &me).await.map(drop).unwrap_err(),
            engine.events(&nobody, Cursor::beginning(), limit, &me).await.map(drop).unwrap_err(),
        ),
        (
            engine.cancel(Cancel::new(id.clone()), &me).await.map(drop).unwrap_err(),
            engine.cancel(Cancel::new(nobody.clone()), &me).await.map(drop).unwrap_err(),
        ),
    ] {
        assert_eq!(denied.problem(), absent.problem());
        assert_eq!(denied.to_string(), absent.to_string());
        assert_eq!(
            (denied.retry_after(), denied.is_replayed()),
            (absent.retry_after(), absent.is_replayed())
        );
        assert!(!denied.is_guard_fault(), "ENG-115: a decision");
    }
    let page = engine.list(ListQuery::new(NonZeroU32::new(10).unwrap()), &me).await.unwrap();
    assert_eq!(page.items.len(), 1, "ENG-114: lists are for operators");
}

#[tokio::test]
async fn eng_112_errors_deny_and_are_marked_for_subscribers() {
    let bench = Bench::new(&[asking(APPROVAL)]).await;
    let id = bench.parked("guarded", json!({})).await;
    let me = caller();
    let (recorder, _guard) = Recorder::begin();
    for output in [json!({ "allowed": "yes" }), json!(null), json!(true), json!({})] {
        let read = bench.engine.get_status(&id, &me);
        let (read, ()) = tokio::join!(read, async { bench.desk.next().await.done(output) });
        let error = read.unwrap_err();
        assert_eq!(error.kind(), EngineErrorKind::NotFound);
        assert!(error.is_guard_fault(), "ENG-115");
        assert_eq!(error.problem(), EngineError::not_found().problem());
    }
    let told = recorder.events();
    let names: Vec<_> = told.iter().filter_map(|told| told.fields.get("diagnostic")).collect();
    assert_eq!(names, ["GuardFailed"; 4], "each is told");
    assert_eq!(told.len(), 4, "and nothing else");
    assert!(told.iter().all(|told| told.fields["seq"] == "2"), "ENG-131: with the head that was read");
    let read = bench.engine.get_status(&id, &me);
    let (read, ()) = tokio::join!(read, async { bench.desk.next().await.fail("NOBODY") });
    assert!(!read.unwrap_err().is_guard_fault(), "a Problem that a task reports is a decision");

    let panics = asking(APPROVAL).replace("kind: 'desk:v1' }", "kind: 'desk:v1', does: panic }");
    let bench = Bench::new(&[panics]).await;
    let id = bench.parked("guarded", json!({})).await;
    assert!(bench.engine.get_status(&id, &me).await.unwrap_err().is_guard_fault());
    let panics = journey("open", &OPEN.replace("'{\"allowed\": \"=context.open\"}'", "'\"panic\"'"));
    let bench = Bench::new(&[panics]).await;
    let id = bench.parked("open", json!({})).await;
    assert!(bench.engine.get_status(&id, &me).await.unwrap_err().is_guard_fault());
}

#[tokio::test]
async fn eng_112_a_guard_that_takes_too_long_denies() {
    let bench = Setup::new(&[asking(APPROVAL)])
        .config(|config| config.limits.guard_evaluation = Duration::from_secs(2))
        .build()
        .await;
    let id = bench.parked("guarded", json!({})).await;
    let me = caller();
    let mut read = Box::pin(bench.engine.get_status(&id, &me));
    assert!((&mut read).now_or_never().is_none());
    let job = bench.desk.next().await;
    bench.pass(1).await;
    assert!((&mut read).now_or_never().is_none());
    bench.pass(1).await;
    let error = soon(read).await.unwrap_err();
    assert!(error.kind() == EngineErrorKind::NotFound && error.is_guard_fault());
    assert!(job.is_abandoned(), "its call is dropped");
}

#[tokio::test]
async fn eng_114_each_delivery_is_judged_by_the_state_it_tells() {
    let bench = Bench::new(&[journey("open", OPEN)]).await;
    let id = bench.parked("open", json!({ "open": true })).await;
    let mut subscription = subscribe(&bench, &id, &caller()).await.unwrap();
    bench.submitted(step(&id, "wait", json!(true))).await.unwrap();
    let delivery = soon(subscription.next(&caller())).await.unwrap();
    assert!(matches!(delivery, Delivery::Status { .. }), "{delivery:?}");
    // Roles move: what follows is not for this caller any more, from the very next event on.
    bench.submitted(step(&id, "wait", json!(false))).await.unwrap();
    let delivery = soon(subscription.next(&caller())).await.unwrap();
    assert_eq!(delivery, Delivery::Gone);
    assert_eq!(
        subscribe(&bench, &id, &caller()).await.map(drop).unwrap_err().kind(),
        EngineErrorKind::NotFound
    );
}

#[tokio::test]
async fn eng_115_a_failing_guard_withholds_and_three_failures_end() {
    let bench = Bench::new(&[asking(APPROVAL)]).await;
    let id = bench.parked("guarded", json!({})).await;
    let me = caller();
    let mut subscription = judged(&bench, true, subscribe(&bench, &id, &me)).await.unwrap();
    bench.submitted(step(&id, "wait", json!({ "ok": true }))).await.unwrap();
    let broken = json!("no verdict");
    let mut pauses = Vec::new();
    for _ in 0..2 {
        let next = subscription.next(&me);
        let (delivery, ()) = tokio::join!(next, async { bench.desk.next().await.done(broken.clone()) });
        let Delivery::Withheld { pause } = delivery.unwrap() else { panic!("it is tried again") };
        pauses.push(pause);
    }
    assert!(pauses[0] < pauses[1], "with back-off");
    let next = subscription.next(&me);
    let (delivery, ()) = tokio::join!(next, async { bench.desk.next().await.done(broken) });
    assert_eq!(delivery.unwrap(), Delivery::Gone);
}

#[tokio::test]
async fn eng_115_a_guard_that_recovers_loses_nothing() {
    let bench = Bench::new(&[asking(APPROVAL)]).await;
    let id = bench.parked("guarded", json!({})).await;
    let me = caller();
    let mut subscription = judged(&bench, true, subscribe(&bench, &id, &me)).await.unwrap();
    bench.submitted(step(&id, "wait", json!({ "ok": true }))).await.unwrap();
    let (delivery, ()) =
        tokio::join!(subscription.next(&me), async { bench.desk.next().await.done(json!(1)) });
    assert!(matches!(delivery.unwrap(), Delivery::Withheld { .. }));
    let delivery = judged(&bench, true, subscription.next(&me)).await.unwrap();
    assert!(matches!(delivery, Delivery::Outcome { .. }), "{delivery:?}");
    assert_eq!(subscription.next(&me).await.unwrap(), Delivery::Completed);
}

#[tokio::test]
async fn eng_053_a_repeated_start_is_a_read() {
    let bench = Bench::new(&[journey("open", OPEN)]).await;
    let request = |open: bool| StartRequest::new("open", json!({ "open": open })).unwrap();
    let first = bench.engine.start(request(false).with_key(key("no")), &caller()).await.unwrap();
    assert!(!first.replayed);
    let id = first.journey_id.clone();
    assert!(matches!(first.settled().await.unwrap(), StartReply::Status(_)), "ENG-051");
    let again = bench.engine.start(request(false).with_key(key("no")), &caller()).await.unwrap();
    assert!(again.replayed);
    assert_eq!((again.at.seq, &again.journey_id), (1, &id), "it tells nothing of what has happened since");
    let StartReply::Started(At { at, document }) = again.settled().await.unwrap() else {
        panic!("only what everybody may know")
    };
    assert_eq!((at.seq, document.journey_id), (1, id));

    let _ = bench.engine.start(request(true).with_key(key("yes")), &caller()).await.unwrap();
    let again = bench.engine.start(request(true).with_key(key("yes")), &caller()).await.unwrap();
    assert!(again.replayed && again.at.seq == 2);
    assert!(matches!(again.settled().await.unwrap(), StartReply::Status(_)));
    let other = bench.engine.start(request(false).with_key(key("yes")), &caller()).await;
    assert_eq!(kind(other), EngineErrorKind::IdempotencyMismatch, "which needs no guard");
}

/// ENG-053: who attaches to a start that is still being answered gets the same answer, if the run may be read when it comes.
#[tokio::test]
async fn eng_053_an_attached_repeat_is_judged_when_it_is_answered() {
    let spec = "start: ask\nstates:\n  ask: { type: task, task: { kind: 'desk:v1' }, next: done }\n  done: { type: succeed }\n";
    let guard = OPEN.split("start: wait").next().unwrap();
    for (open, seen) in [(true, true), (false, false)] {
        let bench = Bench::new(&[journey(
            "open",
            &format!("{guard}{spec}").replace("context.open", "context.answer"),
        )])
        .await;
        let request = || StartRequest::new("open", json!({ "answer": true })).unwrap().with_key(key("k"));
        let first = bench.engine.start(request(), &caller()).await.unwrap();
        let job = bench.desk.next().await;
        let again = bench.engine.start(request(), &caller()).await.unwrap();
        assert!(again.replayed);
        let (first, again) = (tokio::spawn(first.settled()), tokio::spawn(again.settled()));
        breathe().await;
        assert!(!again.is_finished());
        job.done(json!(open));
        assert!(matches!(soon(first).await.unwrap().unwrap(), StartReply::Outcome { .. }));
        let again = soon(again).await.unwrap().unwrap();
        assert_eq!(matches!(again, StartReply::Outcome { .. }), seen, "{again:?}");
        assert_eq!(matches!(again, StartReply::Started(_)), !seen);
    }
}

#[tokio::test]
async fn eng_053_a_repeated_command_is_hidden_and_still_told_to_be_applied() {
    let bench = Bench::new(&[journey("open", OPEN)]).await;
    let id = bench.parked("open", json!({ "open": true })).await;
    let submit = || step(&id, "wait", json!(false)).with_key(key("s"));
    let first = bench.submit(submit()).await.unwrap();
    assert!(!first.replayed);
    assert_eq!(first.settled().await.unwrap().document.phase, Phase::Running, "ENG-051");
    let again = bench.submit(submit()).await.unwrap_err();
    assert!(again.kind() == EngineErrorKind::NotFound && again.is_replayed());

    bench.submitted(step(&id, "wait", json!(true))).await.unwrap();
    assert!(bench.submit(submit()).await.unwrap().replayed, "judged by the state of now");
    let cancel = || Cancel::new(id.clone()).with_key(key("c"));
    assert!(!bench.engine.cancel(cancel(), &caller()).await.unwrap().replayed);
    assert!(bench.engine.cancel(cancel(), &caller()).await.unwrap().replayed);
}

#[tokio::test]
async fn eng_054_a_failed_precondition_tells_the_head_to_readers_alone() {
    let bench = Bench::new(&[journey("open", OPEN)]).await;
    for open in [true, false] {
        let id = bench.parked("open", json!({ "open": open })).await;
        let refused = bench.submit(step(&id, "wait", json!(1)).with_if_head(if_seq(7))).await.unwrap_err();
        assert_eq!(refused.kind(), EngineErrorKind::SeqMismatch);
        let head = refused.problem().extensions.get("head").and_then(Value::as_str).map(str::to_owned);
        let epoch = bench.store.epoch().await.unwrap();
        assert_eq!(head, open.then(|| format!("{epoch}.2")));
    }
}

#[tokio::test]
async fn eng_057_a_cancellation_is_judged_before_it_has_an_effect() {
    let bench = Bench::new(&[asking(&format!("lifecycle: {{ cancellable: false }}\n{APPROVAL}"))]).await;
    let id = bench.parked("guarded", json!({})).await;
    let me = caller();
    let denied = judged(&bench, false, bench.engine.cancel(Cancel::new(id.clone()), &me)).await;
    assert_eq!(kind(denied), EngineErrorKind::NotFound, "HTTP-023: before not-cancellable");
    let allowed = judged(&bench, true, bench.engine.cancel(Cancel::new(id.clone()), &me)).await;
    assert_eq!(kind(allowed), EngineErrorKind::NotCancellable);

    let bench = Bench::new(&[asking(APPROVAL)]).await;
    let id = bench.parked("guarded", json!({})).await;
    let denied = judged(&bench, false, bench.engine.cancel(Cancel::new(id.clone()), &me)).await;
    assert_eq!(kind(denied), EngineErrorKind::NotFound);
    let read = judged(&bench, true, bench.engine.get_status(&id, &me)).await.unwrap();
    assert_eq!((read.at.seq, read.document.phase), (2, Phase::Running), "nothing has happened");
    let cancelled = judged(&bench, true, bench.engine.cancel(Cancel::new(id.clone()), &me)).await.unwrap();
    assert_eq!(cancelled.settled().await.unwrap().document.phase, Phase::Failed);
    let again = judged(&bench, false, bench.engine.cancel(Cancel::new(id.clone()), &me)).await;
    assert_eq!(kind(again), EngineErrorKind::NotFound, "an ended run too");
}

/// Also ORD-1: what the same caller asks for next waits for its cancellation, and nothing else does.
#[tokio::test]
async fn eng_057_while_a_cancellation_is_judged_the_run_goes_on_for_others() {
    let spec = "start: wait\nstates:\n  wait: { type: wait, wait: { input: { schema: {} } }, next: wait }";
    for allowed in [true, false] {
        let bench = Bench::new(&[asking(spec)]).await;
        let id = bench.parked("guarded", json!({})).await;
        let one = who("one");
        let engine = bench.engine.clone();
        let mut cancel = Box::pin(engine.cancel(Cancel::new(id.clone()), &one));
        assert!((&mut cancel).now_or_never().is_none());
        let mut behind = Box::pin(engine.submit_step(step(&id, "wait", json!(1)), &one));
        assert!((&mut behind).now_or_never().is_none());
        bench.submitted(step(&id, "wait", json!(2))).await.expect("another caller waits for nobody");
        assert!((&mut behind).now_or_never().is_none());
        decide(&bench, allowed).await;
        assert_eq!(soon(cancel).await.is_ok(), allowed);
        let behind = soon(behind).await;
        if allowed {
            assert_eq!(kind(behind), EngineErrorKind::StepNotActive, "it came after the cancellation");
        } else {
            assert!(behind.is_ok());
        }
        assert_eq!(bench.engine.active_runs(), 0);
    }
}

/// A credential that comes in between changes who asks, and not the place of what was asked for.
#[tokio::test]
async fn ord_1_what_a_connection_asks_for_with_another_credential_waits_for_its_cancellation() {
    let bench = Bench::new(&[asking(APPROVAL)]).await;
    let id = bench.parked("guarded", json!({})).await;
    let one = who("one");
    let renewed = one.with_credential(http::HeaderValue::from_static("Bearer new"), Some("one".into()));
    let mut cancel = Box::pin(bench.engine.cancel(Cancel::new(id.clone()), &one));
    assert!((&mut cancel).now_or_never().is_none());
    let mut behind = Box::pin(bench.engine.submit_step(step(&id, "wait", json!({ "ok": true })), &renewed));
    assert!((&mut behind).now_or_never().is_none());
    decide(&bench, true).await;
    assert!(soon(cancel).await.is_ok());
    assert_eq!(kind(soon(behind).await), EngineErrorKind::StepNotActive, "it came after the cancellation");
}

/// A turn that breaks off loses what it had to judge. The verdict comes all the same, and is none on what others have asked for since.
#[tokio::test]
async fn eng_057_a_verdict_that_nobody_waits_for_decides_nothing_else() {
    let spec = "start: wait
states:
  wait: { type: wait, wait: { input: { schema: {} } }, next: boom }
  boom: { type: transform, transform: { mapper: { lang: tiny, expr: '\"panic\"' }, target: { kind: var }, resultVar: x }, next: wait }
";
    let bench = Bench::new(&[asking(spec)]).await;
    let id = bench.parked("guarded", json!({})).await;
    let (ann, bob) = (who("ann"), who("bob"));
    let mut lost = Box::pin(bench.engine.cancel(Cancel::new(id.clone()), &ann));
    assert!((&mut lost).now_or_never().is_none());
    let judging_ann = bench.desk.next().await;
    assert_eq!(kind(bench.submit(step(&id, "wait", json!(1))).await), EngineErrorKind::Internal);
    assert_eq!(kind(soon(lost).await), EngineErrorKind::Internal);
    let mut cancel = Box::pin(bench.engine.cancel(Cancel::new(id.clone()), &bob));
    assert!((&mut cancel).now_or_never().is_none());
    judging_ann.done(json!({ "allowed": true }));
    breathe().await;
    assert!((&mut cancel).now_or_never().is_none(), "it was Ann who is allowed to");
    decide(&bench, false).await;
    assert_eq!(kind(soon(cancel).await), EngineErrorKind::NotFound);
}

/// ACC-2 too.
#[tokio::test]
async fn eng_116_a_decision_is_reused_for_the_same_request_and_state() {
    let bench = Setup::new(&[asking(APPROVAL)])
        .config(|config| config.guard_reuse = Duration::from_secs(5))
        .build()
        .await;
    let id = bench.parked("guarded", json!({})).await;
    let (ann, bob) = (who("ann"), who("bob"));
    judged(&bench, true, bench.engine.get_status(&id, &ann)).await.unwrap();
    bench.engine.get_status(&id, &ann).await.unwrap();
    assert!(bench.desk.is_empty().await);
    assert_eq!(
        kind(judged(&bench, false, bench.engine.get_status(&id, &bob)).await),
        EngineErrorKind::NotFound
    );
    assert_eq!(
        kind(judged(&bench, false, bench.engine.get_status(&id, &bob)).await),
        EngineErrorKind::NotFound,
        "denials are judged anew"
    );
    bench.pass(5).await;
    judged(&bench, true, bench.engine.get_status(&id, &ann)).await.unwrap();
    bench.submitted(step(&id, "wait", json!({ "ok": true }))).await.unwrap();
    judged(&bench, true, bench.engine.get_status(&id, &ann)).await.unwrap();
}

#[tokio::test]
async fn http_026_beyond_the_bound_guarded_reads_are_unavailable() {
    let bench = Setup::new(&[asking(APPROVAL), journey("open", APPROVAL)])
        .config(|config| (config.concurrent_guards, config.concurrent_tasks) = (1, 1))
        .build()
        .await;
    let (id, open) = (bench.parked("guarded", json!({})).await, bench.parked("open", json!({})).await);
    let me = caller();
    let mut first = Box::pin(bench.engine.get_status(&id, &me));
    assert!((&mut first).now_or_never().is_none());
    let refused = bench.engine.get_status(&id, &me).await.unwrap_err();
    assert_eq!(refused.kind(), EngineErrorKind::Unavailable, "overload is no denial");
    assert!(refused.retry_after().is_some());
    assert!(bench.engine.get_status(&open, &me).await.is_ok(), "no guard, no bound");
    let nobody = JourneyId::random();
    let absent = bench.engine.get_status(&nobody, &me).await.unwrap_err();
    assert_eq!(absent.problem(), refused.problem(), "ENG-113: an absent run is no exception");
    assert_eq!(absent.retry_after(), refused.retry_after());
    for kind in [
        kind(bench.engine.get_outcome(&nobody, &me).await),
        kind(bench.engine.events(&nobody, Cursor::beginning(), NonZeroU32::MIN, &me).await),
        kind(bench.engine.cancel(Cancel::new(nobody.clone()), &me).await),
    ] {
        assert_eq!(kind, EngineErrorKind::Unavailable);
    }
    drop(first);
    assert!(bench.desk.next().await.is_abandoned(), "nobody waits for it");
    judged(&bench, true, bench.engine.get_status(&id, &me)).await.unwrap();
    assert_eq!(kind(bench.engine.get_status(&nobody, &me).await), EngineErrorKind::NotFound);
}

#[tokio::test]
async fn eng_094_a_compensation_is_read_through_the_same_guard() {
    let compensation = "compensation: { start: undo, mode: async, states: { undo: { type: succeed } } }\n";
    let bench = Bench::new(&[asking(&format!("{compensation}{APPROVAL}"))]).await;
    let id = bench.parked("guarded", json!({})).await;
    let me = caller();
    let cancelled = judged(&bench, true, bench.engine.cancel(Cancel::new(id.clone()), &me)).await.unwrap();
    let links = cancelled.settled().await.unwrap().document.links.unwrap();
    let compensation =
        JourneyId::parse(links.get("compensation").unwrap().href.rsplit('/').next().unwrap()).unwrap();
    breathe().await;
    assert_eq!(
        kind(judged(&bench, false, bench.engine.get_status(&compensation, &me)).await),
        EngineErrorKind::NotFound
    );
    let read = judged(&bench, true, bench.engine.get_status(&compensation, &me)).await.unwrap();
    assert_eq!(read.document.phase, Phase::Succeeded);
}

/// Whoever may not see a run learns nothing from the time it takes to say so, over any operation.
#[tokio::test]
async fn eng_113_an_absent_run_is_refused_as_late_as_a_denied_one() {
    let millis = SignedDuration::from_millis;
    let bench = Bench::new(&[asking(APPROVAL)]).await;
    let (id, bob) = (bench.parked("guarded", json!({})).await, who("bob"));
    // A guard that thinks for 20 ms: refusals are given after 64 from now on, which is beyond twice that.
    let thinking = {
        let (engine, id, bob) = (bench.engine.clone(), id.clone(), bob.clone());
        tokio::spawn(async move { engine.get_status(&id, &bob).await })
    };
    let job = bench.desk.next().await;
    bench.clock.advance(millis(20));
    job.done(json!({ "allowed": false }));
    breathe().await;
    assert!(!thinking.is_finished(), "it would take as long as its guard");
    bench.clock.advance(millis(44));
    assert_eq!(kind(soon(thinking).await.unwrap()), EngineErrorKind::NotFound);

    let nobody = JourneyId::random();
    let located = bench.engine.locate(&nobody).now_or_never().expect("it tells of denied runs, too");
    assert_eq!(kind(located), EngineErrorKind::NotFound);
    for asked in [&id, &nobody] {
        let all: Vec<_> = (0..4)
            .map(|operation| {
                let (engine, asked, bob) = (bench.engine.clone(), asked.clone(), bob.clone());
                tokio::spawn(async move {
                    match operation {
                        0 => kind(engine.get_status(&asked, &bob).await),
                        1 => kind(engine.get_outcome(&asked, &bob).await),
                        2 => kind(engine.events(&asked, Cursor::beginning(), NonZeroU32::MIN, &bob).await),
                        _ => kind(engine.cancel(Cancel::new(asked), &bob).await),
                    }
                })
            })
            .collect();
        if *asked == id {
            for _ in 0..4 {
                decide(&bench, false).await;
            }
        }
        breathe().await;
        bench.clock.advance(millis(63));
        breathe().await;
        assert!(all.iter().all(|refused| !refused.is_finished()), "not a moment earlier");
        bench.clock.advance(millis(1));
        for refused in all {
            assert_eq!(soon(refused).await.unwrap(), EngineErrorKind::NotFound, "and not a moment later");
        }
    }
    assert_eq!(
        kind(judged(&bench, true, bench.engine.get_outcome(&id, &bob)).await),
        EngineErrorKind::NotTerminal
    );
}
