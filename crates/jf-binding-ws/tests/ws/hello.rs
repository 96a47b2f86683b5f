//! `hello`: what it changes, and where it may stand (§3).

use crate::wire::{Client, configured, shop};

#[tokio::test(start_paused = true)]
async fn hello_is_answered_with_the_settings_in_force() {
    let (_engine, binding) = shop();
    let mut client = Client::silent(&binding, "/ws/journeys/order");
    let welcome = client.expect(r#"{"type":"welcome","heartbeat":{"mode":"control","intervalMs":25000,"timeoutMs":10000},"auth":{"required":false}}"#).await;
    assert_eq!(welcome["features"], serde_json::json!(["actions", "bookmark", "credit"]), "only what works");
    assert_eq!(welcome["limits"]["maxInFlight"], 32, "LIM-6");
    client.send(r#"{"type":"ping"}"#);
    client.expect(r#"{"type":"pong"}"#).await;
    client.send(
        r#"{"type":"hello","id":"h","heartbeat":"message","features":["credit","later"],"client":"test/1"}"#,
    );
    let again = client.expect(r#"{"type":"welcome","id":"h","heartbeat":{"mode":"message"}}"#).await;
    assert_eq!((&again["connectionId"], &again["limits"]), (&welcome["connectionId"], &welcome["limits"]));
}

/// §1: the server speaks first, also to a client that does not wait for it.
#[tokio::test(start_paused = true)]
async fn flow_4_nothing_overtakes_the_welcome() {
    let (_engine, binding) = shop();
    let mut client = Client::silent(&binding, "/ws/journeys/order");
    client.send(r#"{"type":"ping","id":"1"}"#);
    client.send(r#"{"type":"getStatus","id":"2","journeyId":"run-9"}"#);
    client.expect(r#"{"type":"welcome"}"#).await;
    client.expect(r#"{"type":"pong","id":"1"}"#).await;
    client.expect(r#"{"type":"error","id":"2"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn close_4400_hello_not_first_or_twice() {
    let (_engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"hello"}"#);
    client.expect(r#"{"type":"welcome"}"#).await;
    client.send(r#"{"type":"hello"}"#);
    client.closed(4400, "protocol-violation").await;
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"getStatus","journeyId":"run-9"}"#);
    client.refused("not-found").await;
    client.send(r#"{"type":"hello"}"#);
    client.closed(4400, "protocol-violation").await;
}

#[tokio::test(start_paused = true)]
async fn a_hello_that_is_refused_may_be_corrected() {
    let (_engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"hello","heartbeat":"loud"}"#);
    client.refused("invalid-input").await;
    client.send(r#"{"type":"hello","auth":{"scheme":"bearer","token":"t"}}"#);
    client.refused("unsupported").await;
    client.send(r#"{"type":"hello"}"#);
    client.expect(r#"{"type":"welcome"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn sub_1_auto_subscription_can_be_turned_off() {
    let (engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"hello","autoSubscribe":false}"#);
    client.expect(r#"{"type":"welcome"}"#).await;
    client.send(r#"{"type":"placeOrder","payload":{}}"#);
    client.expect(r#"{"type":"status","subscribed":false}"#).await;
    engine.commit(&jf_core::JourneyId::parse("run-1").unwrap());
    client.quiet().await;
    client.send(r#"{"type":"placeOrder","payload":{},"subscribe":true}"#);
    client.expect(r#"{"type":"status","subscribed":true}"#).await;
}

#[tokio::test(start_paused = true)]
async fn the_list_of_journeys_can_be_switched_off() {
    let (_engine, binding) = configured(|config| config.catalog = false);
    let mut client = Client::silent(&binding, "/ws/journeys/order");
    assert!(client.frame().await.get("journeys").is_none());
}

#[tokio::test(start_paused = true)]
async fn sub_9_resume_is_capped_and_other_requests_get_through() {
    let (engine, binding) = configured(|config| config.limits.max_subscriptions = 20);
    let entries: Vec<_> = (0..300).map(|_| format!(r#"{{"journeyId":"{}"}}"#, engine.run("order"))).collect();
    let mut client = Client::of(&binding).await;
    engine.slow_locates([10; 300]);
    client.send(&format!(r#"{{"type":"hello","resume":[{}]}}"#, entries.join(",")));
    client.expect(r#"{"type":"welcome"}"#).await;
    client.send(r#"{"type":"ping","id":"p"}"#);
    client.expect(r#"{"type":"pong","id":"p"}"#).await;
    let (mut subscribed, mut refused) = (0, 0);
    while let Some(frame) = client.frame_within(std::time::Duration::from_millis(100)).await {
        subscribed += u32::from(frame["type"] == "subscribed");
        refused += u32::from(frame["problem"]["type"] == "urn:journeyforge:error:subscription-limit");
    }
    assert_eq!((subscribed, refused), (20, 280));
}

#[tokio::test(start_paused = true)]
async fn sub_9_resume_equals_that_many_subscribes() {
    let (engine, binding) = shop();
    let runs: Vec<_> = (0..40).map(|_| engine.run("order")).collect();
    engine.commit(&runs[0]);
    engine.commit(&runs[0]);
    let mut client = Client::of(&binding).await;
    let entries: Vec<_> =
        runs.iter().map(|run| format!(r#"{{"journeyId":"{run}","epoch":"e1","after":1}}"#)).collect();
    let entries = [&entries[..], &[r#"{"journeyId":"unknown"}"#.to_owned()]].concat().join(",");
    client.send(&format!(r#"{{"type":"hello","id":"h","resume":[{entries}]}}"#));
    client.expect(r#"{"type":"welcome","id":"h"}"#).await;
    let mut told = Vec::new();
    for _ in 0..43 {
        let frame = client.frame().await;
        assert!(frame.get("id").is_none());
        told.push(format!("{} {}", frame["type"].as_str().unwrap(), frame["journeyId"].as_str().unwrap()));
    }
    client.quiet().await;
    assert_eq!(told.iter().filter(|line| line.starts_with("subscribed")).count(), 40);
    assert!(told.contains(&"error unknown".to_owned()));
    assert!(
        told.contains(&"status run-1".to_owned()) && told.contains(&"bookmark run-1".to_owned()),
        "{told:?}"
    );
}
