//! Documents.

use std::sync::Arc;

use jf_core::{Cancel, Cursor, EngineErrorKind, Event, JourneyId, Phase};
use serde_json::json;

use super::world::{APPROVAL, EngineHost, STEP, STUBBORN, World, assert_refused};

/// Sentence 5: documents at one number are equal, by whatever operation they are read (ENG-106).
pub async fn reads_at_one_head_are_equal(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let waiting = world.waiting().await;
    let id = &waiting.document.journey_id;
    assert_eq!(
        world.status(id).await,
        waiting,
        "the journey has no response block, so reply and read are equal"
    );
    let log = world.log(id).await;
    let last = log.last().expect("the creation is an event");
    assert_eq!(last.at, waiting.at);
    assert_eq!(last.document, Event::Status(waiting.document.clone()));

    let replied = world.approve(id).await.expect("the step waits");
    let outcome = world.ended(id).await;
    let status = world.status(id).await;
    assert_eq!(status.at, outcome.at);
    assert_eq!(*replied, status);
    assert_eq!((status.document.phase, outcome.document.phase), (Phase::Succeeded, Phase::Succeeded));
    let log = world.log(id).await;
    let last = log.last().expect("the outcome is an event");
    assert_eq!((&last.at, &last.document), (&outcome.at, &Event::Outcome(outcome.document)));
}

/// `get_outcome` is a Conflict while the run goes on (ENG-009); the status names what waits (ENG-031).
pub async fn an_outcome_is_there_after_the_end_only(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let waiting = world.waiting().await;
    let id = &waiting.document.journey_id;
    assert_refused(world.engine.get_outcome(id, &world.caller).await, EngineErrorKind::NotTerminal);
    let steps: Vec<&str> = waiting.document.active_steps.iter().map(|step| step.step_id.as_str()).collect();
    assert_eq!(steps, [STEP]);
    assert_eq!(waiting.document.current_state, STEP);
    world.approve(id).await.expect("the step waits");
    let outcome = world.ended(id).await;
    assert_eq!(outcome.document.journey_id, *id);
    assert_eq!(outcome.document.journey_name, APPROVAL);
    assert_eq!(outcome, world.ended(id).await, "an outcome never changes (ENG-020)");
}

/// Sentence 6: an unknown run is the one NotFound on every operation (ENG-113, HTTP-076).
pub async fn absence_looks_alike_everywhere(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let (engine, caller) = (&world.engine, &world.caller);
    world.waiting().await;
    let id = JourneyId::random();
    let one = 1.try_into().expect("not 0");
    let refusals = [
        engine.locate(&id).await.map(drop),
        engine.get_status(&id, caller).await.map(drop),
        engine.get_outcome(&id, caller).await.map(drop),
        engine.events(&id, Cursor::beginning(), one, caller).await.map(drop),
        engine.watch(&id).await.map(drop),
        engine.take_cookies(&id, caller).await.map(drop),
        world.approve(&id).await.map(drop),
        world.cancel(Cancel::new(id.clone())).await.map(drop),
    ];
    for refusal in refusals {
        let error = assert_refused(refusal, EngineErrorKind::NotFound);
        let text = serde_json::to_string(error.problem()).expect("serialises");
        assert_eq!(text, r#"{"type":"urn:journeyforge:error:not-found","title":"Not Found","status":404}"#);
        assert!(!error.is_guard_fault() && !error.is_replayed());
    }
}

/// Sentence 8: documents carry `_links`, unless the definition turns them off (HTTP-050 to HTTP-053).
pub async fn documents_carry_links_unless_turned_off(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let status = world.waiting().await.document;
    let id = status.journey_id;
    let links = status.links.expect("links are on");
    for (relation, method, tail) in [
        ("self", "GET", format!("/api/v1/journeys/{id}")),
        ("result", "GET", format!("/api/v1/journeys/{id}/result")),
        (STEP, "POST", format!("/api/v1/journeys/{id}/steps/{STEP}")),
        ("cancel", "POST", format!("/api/v1/journeys/{id}/steps/cancel")),
    ] {
        let link = links.get(relation).unwrap_or_else(|| panic!("no link {relation}"));
        assert!(link.method == method && link.href.ends_with(&tail), "{relation}: {link:?}");
    }
    world.approve(&id).await.expect("the step waits");
    let ended = world.status(&id).await.document.links.expect("links are on");
    assert!(!ended.contains_key(STEP) && !ended.contains_key("cancel"), "{ended:?}");
    let outcome = world.ended(&id).await.document.links.expect("links are on");
    assert!(
        outcome.get("self").is_some_and(|link| link.href.ends_with(&format!("/api/v1/journeys/{id}/result")))
    );

    assert_eq!(world.begun(STUBBORN, json!({})).await.document.links, None);
}

/// `catalog` is the same snapshot as long as nothing is deployed, and runs are located in it.
pub async fn the_catalog_is_one_snapshot(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let catalog = world.engine.catalog();
    assert!(Arc::ptr_eq(&catalog, &world.engine.catalog()));
    let deployed = &catalog.journey(APPROVAL).expect("it was deployed").definition;
    let id = world.waiting().await.document.journey_id;
    let located = world.engine.locate(&id).await.expect("the run is there");
    assert_eq!((located.name(), located.version()), (deployed.name(), deployed.version()));
}
