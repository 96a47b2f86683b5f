//! The event log and its wake-up.

use futures::StreamExt;
use jf_core::{Cursor, EngineErrorKind, EventKind, GapReason, Head, HeadSignal, Replay};

use super::world::{EngineHost, World, assert_refused, in_time, next};

/// Sentence 3: events are numbered from 1 without a hole, and the outcome is the last one (ENG-106).
pub async fn events_are_numbered_without_a_hole(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let id = world.waiting().await.document.journey_id;
    world.approve(&id).await.expect("the step waits");
    let outcome = world.ended(&id).await;
    let log = world.log(&id).await;
    for (event, number) in log.iter().zip(1..) {
        assert_eq!(event.at, Head::new(outcome.at.epoch.clone(), number));
    }
    let outcomes: Vec<bool> = log.iter().map(|event| event.document.kind() == EventKind::Outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome).count(), 1, "{log:?}");
    assert_eq!(outcomes.last(), Some(&true), "{log:?}");
    assert_eq!(log.len() as u64, outcome.at.seq);
}

/// `events` gives what follows a cursor, at most as many as asked for, and says whether there are more (ENG-132).
pub async fn events_come_in_pages(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let id = world.waiting().await.document.journey_id;
    world.approve(&id).await.expect("the step waits");
    let whole = {
        world.ended(&id).await;
        world.log(&id).await
    };
    let one = 1.try_into().expect("not 0");
    let mut cursor = Cursor::beginning();
    for (number, expected) in whole.iter().enumerate() {
        let page = world.engine.events(&id, cursor, one, &world.caller).await.expect("the run is there");
        let Replay::Events { items, head, more, ended } = page else { panic!("{page:?}") };
        assert_eq!(items.as_slice(), std::slice::from_ref(expected));
        assert_eq!((head.seq, more, ended), (whole.len() as u64, number + 1 < whole.len(), true));
        cursor = expected.at.clone().into();
    }
    let page = world.engine.events(&id, cursor, one, &world.caller).await.expect("the run is there");
    assert!(matches!(&page, Replay::Events { items, more: false, .. } if items.is_empty()), "{page:?}");
}

/// A cursor beyond the head or of another log is answered with `Gone`, never with a partial replay (ENG-132, SUB-7).
pub async fn a_cursor_outside_the_log_is_told(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let waiting = world.waiting().await;
    let foreign = Head::new(jf_core::Epoch::parse("another").expect("an epoch"), 1);
    let farthest = Head::new(waiting.at.epoch.clone(), u64::MAX);
    for cursor in [next(&waiting.at), farthest, foreign] {
        let all = 100.try_into().expect("not 0");
        let id = &waiting.document.journey_id;
        let replay =
            world.engine.events(id, cursor.into(), all, &world.caller).await.expect("the run is there");
        let Replay::Gone { head, reason, ended, .. } = replay else { panic!("{replay:?}") };
        assert_eq!((head, reason, ended), (waiting.at.clone(), GapReason::Epoch, false));
    }
}

/// A watch tells the present head at once, and later ones without being asked (ENG-132, SUB-5).
pub async fn a_watcher_learns_the_head(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let waiting = world.waiting().await;
    let id = &waiting.document.journey_id;
    let mut watch = world.engine.watch(id).await.expect("the run is there");
    assert_eq!(in_time(watch.next()).await, Some(HeadSignal::Moved(waiting.at.seq)));
    world.approve(id).await.expect("the step waits");
    let head = world.ended(id).await.at.seq;
    loop {
        match in_time(watch.next()).await {
            Some(HeadSignal::Moved(seq) | HeadSignal::Ended(seq)) if seq == head => break,
            Some(HeadSignal::Moved(seq)) => assert!(seq < head),
            other => panic!("{other:?} before {head}"),
        }
    }
    let mut late = world.engine.watch(id).await.expect("the run is there");
    let told = in_time(late.next()).await;
    assert!(matches!(told, Some(HeadSignal::Moved(seq) | HeadSignal::Ended(seq)) if seq == head), "{told:?}");
    let unknown = world.engine.watch(&jf_core::JourneyId::random()).await;
    assert_refused(unknown, EngineErrorKind::NotFound);
}
