//! The log, wake-ups and subscriptions (ENG-106 to ENG-109, ENG-132, ENG-133).

use futures::{FutureExt, StreamExt};
use jf_core::{
    Cursor, Delivery, Engine, EngineErrorKind, Epoch, Event, GapReason, HeadSignal, JourneyId, Replay,
    Replaying, SubscribeOptions, Subscription,
};
use jf_store::Retention;
use serde_json::json;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{APPROVAL, Bench, Setup, caller, journey, kind, soon, step};

const LOOP: &str =
    "start: wait\nstates:\n  wait: { type: wait, wait: { input: { schema: {} } }, next: wait }";

async fn pull(bench: &Bench, id: &JourneyId, epoch: Option<Epoch>, after: u64, limit: u32) -> Replay {
    let limit = NonZeroU32::new(limit).unwrap();
    bench.engine.events(id, Cursor { epoch, after }, limit, &caller()).await.unwrap()
}

fn seqs(replay: &Replay) -> Vec<u64> {
    match replay {
        Replay::Events { items, .. } => items.iter().map(|event| event.at.seq).collect(),
        gone @ Replay::Gone { .. } => panic!("{gone:?}"),
    }
}

#[tokio::test]
async fn eng_106_the_log_has_no_hole_and_ends_with_the_outcome() {
    let bench = Bench::new(&[journey("loop", LOOP)]).await;
    let id = bench.parked("loop", json!({})).await;
    for round in 0..20 {
        bench.submitted(step(&id, "wait", json!(round))).await.unwrap();
    }
    bench.cancel(&id).await.unwrap();
    let events = bench.events(&id).await;
    assert_eq!(events.iter().map(|event| event.at.seq).collect::<Vec<_>>(), (1..=23).collect::<Vec<_>>());
    let (last, before) = events.split_last().unwrap();
    assert!(before.iter().all(|event| matches!(event.document, Event::Status(_))));
    let Event::Outcome(outcome) = &last.document else { panic!("SEQ-2: the last event is the outcome") };
    assert_eq!(*outcome, bench.outcome(&id).await);
    let replay = pull(&bench, &id, None, 0, 5).await;
    assert_eq!(seqs(&replay), [1, 2, 3, 4, 5]);
    assert!(matches!(replay, Replay::Events { more: true, ended: true, .. }));
    assert_eq!(seqs(&pull(&bench, &id, None, 20, 50).await), [21, 22, 23]);
    assert!(matches!(pull(&bench, &id, None, 23, 5).await, Replay::Events { more: false, .. }));
}

#[tokio::test]
async fn eng_106_statuses_read_at_one_number_are_equal() {
    let bench = Bench::new(&[journey("loop", LOOP)]).await;
    let id = bench.parked("loop", json!({})).await;
    let reply = bench.submitted(step(&id, "wait", json!(1))).await.unwrap();
    let Event::Status(event) = bench.events(&id).await.pop().unwrap().document else { panic!("it goes on") };
    assert_eq!(reply.document, event);
    assert_eq!(bench.status(&id).await.document, event);
}

#[tokio::test]
async fn eng_132_what_is_missing_is_told() {
    let retention = Retention::default().with_events(3);
    let bench = Setup::new(&[journey("loop", LOOP)]).store(crate::store(retention)).build().await;
    let id = bench.parked("loop", json!({})).await;
    for round in 0..5 {
        bench.submitted(step(&id, "wait", json!(round))).await.unwrap();
    }
    let reason = |replay: Replay| match replay {
        Replay::Gone { reason, oldest, head, .. } => (reason, oldest, head.seq),
        events @ Replay::Events { .. } => panic!("{events:?}"),
    };
    assert_eq!(reason(pull(&bench, &id, None, 3, 9).await), (GapReason::Retention, 5, 7));
    assert_eq!(seqs(&pull(&bench, &id, None, 4, 9).await), [5, 6, 7]);
    assert_eq!(reason(pull(&bench, &id, None, 8, 9).await), (GapReason::Epoch, 5, 7), "beyond the head");
    let other = Some(Epoch::parse("other").unwrap());
    assert_eq!(reason(pull(&bench, &id, other, 5, 9).await).0, GapReason::Epoch);
    assert_eq!(
        kind(
            bench.engine.events(&JourneyId::random(), Cursor::beginning(), NonZeroU32::MIN, &caller()).await
        ),
        EngineErrorKind::NotFound
    );
}

#[tokio::test]
async fn eng_132_a_watch_tells_the_head_at_once_and_whenever_it_moves() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    let mut watch = bench.engine.watch(&id).await.unwrap();
    assert_eq!(watch.next().now_or_never(), Some(Some(HeadSignal::Moved(2))));
    assert_eq!(watch.next().now_or_never(), None);
    bench.cancel(&id).await.unwrap();
    assert_eq!(watch.next().now_or_never(), Some(Some(HeadSignal::Ended(3))));
    assert_eq!(kind(bench.engine.watch(&JourneyId::random()).await), EngineErrorKind::NotFound);
    assert_eq!(bench.engine.active_runs(), 0, "watching a parked run does not load it");
}

#[tokio::test]
async fn eng_104_watchers_learn_that_a_run_is_gone() {
    let retention = Retention::default().with_ended_runs(Duration::from_secs(90));
    let bench = Setup::new(&[journey("approval", APPROVAL)]).store(crate::store(retention)).build().await;
    let id = bench.parked("approval", json!({})).await;
    bench.cancel(&id).await.unwrap();
    let mut watch = bench.engine.watch(&id).await.unwrap();
    assert_eq!(watch.next().await, Some(HeadSignal::Ended(3)));
    bench.pass(60).await;
    assert!(bench.engine.get_status(&id, &caller()).await.is_ok());
    bench.pass(60).await;
    assert_eq!(soon(watch.next()).await, Some(HeadSignal::Removed));
    assert_eq!(kind(bench.engine.get_status(&id, &caller()).await), EngineErrorKind::NotFound);
}

#[tokio::test]
async fn eng_133_a_subscriber_gets_each_event_in_order() {
    let bench = Bench::new(&[journey("loop", LOOP)]).await;
    let id = bench.parked("loop", json!({})).await;
    let options = SubscribeOptions::from(Replaying::After(Cursor::beginning())).with_conflate(false);
    let engine: Arc<dyn Engine> = bench.engine.clone();
    let (mut subscription, opened) =
        Subscription::open(engine, id.clone(), options, &caller()).await.unwrap();
    assert!(opened.recovered);
    let mut seen = Vec::new();
    for round in 0..4 {
        bench.submitted(step(&id, "wait", json!(round))).await.unwrap();
    }
    bench.cancel(&id).await.unwrap();
    loop {
        match soon(subscription.next(&caller())).await.unwrap() {
            Delivery::Status { status, skipped: 0, .. } => seen.push(status.at.seq),
            Delivery::Outcome { outcome, .. } => seen.push(outcome.at.seq),
            Delivery::Completed => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
}
