//! Abilities, and the end.

use std::num::NonZeroU32;
use std::time::Duration;

use jf_core::dsl::DefinitionName;
use jf_core::{CallApi, Cancel, EngineErrorKind, ListQuery, StartRequest};
use serde_json::json;

use super::world::{APPROVAL, EngineHost, World, assert_refused};

/// An operation an engine does not offer is `unsupported`, never a pretence (`EngineCapabilities`); one it offers works.
pub async fn what_is_not_offered_is_refused(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let runs = [world.waiting().await.document, world.waiting().await.document];
    assert!(world.engine.capabilities().events, "the suite needs the log");
    let listed = world.engine.list(ListQuery::new(NonZeroU32::MIN), &world.caller).await;
    if world.engine.capabilities().list {
        let first = listed.expect("listing is offered");
        let mut next = ListQuery::new(NonZeroU32::MIN);
        next.page_token.clone_from(&first.next_page_token);
        let second = world.engine.list(next, &world.caller).await.expect("listing is offered");
        assert_eq!((first.items.len(), second.items.len()), (1, 1), "pages have the size that was asked for");
        assert_eq!(second.next_page_token, None, "the last page says that it is");
        // Which comes first depends on whether they were created within one tick of the engine's clock.
        assert!(
            runs.iter().all(|run| first.items.contains(run) || second.items.contains(run)),
            "each is listed once"
        );
    } else {
        assert_refused(listed, EngineErrorKind::Unsupported);
    }
    let api = CallApi::new(DefinitionName::parse("suite-unknown").expect("a name"), json!({}));
    let called = world.engine.call_api(api, &world.caller).await.expect_err("there is no Api");
    assert!(matches!(called.kind(), EngineErrorKind::NotFound | EngineErrorKind::Unsupported), "{called}");
}

/// After a drain commands are `draining`, with a time to come back, and reads go on.
pub async fn a_draining_engine_reads_but_takes_no_commands(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let waiting = world.waiting().await;
    let id = &waiting.document.journey_id;
    for _ in 0..2 {
        let report = world.engine.drain(Duration::from_secs(5)).await;
        assert_eq!(report.in_motion, 0, "a run that waits is not in motion");
    }
    let request = StartRequest::new(APPROVAL, json!({ "orderId": "A-17" })).expect("a name");
    let started = world.engine.start(request, &world.caller).await;
    assert!(assert_refused(started, EngineErrorKind::Draining).is_retryable(false));
    assert_refused(world.approve(id).await, EngineErrorKind::Draining);
    assert_refused(world.cancel(Cancel::new(id.clone())).await, EngineErrorKind::Draining);
    world.assert_unmoved(&waiting).await;
    assert!(!world.log(id).await.is_empty());
}
