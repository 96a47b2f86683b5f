//! Limits of rate and number (LIM-4, FLOW-5).

use std::time::Duration;

use jf_binding_ws::WsConfig;
use jf_core::ByteBudget;

use crate::wire::{Client, configured, shop};

/// FLOW-8, HB-1, DRAIN-4: what the protocol names as defaults are the defaults. Those of `welcome.limits` are LIM-6's.
#[test]
fn flow_6_defaults_are_those_of_the_protocol() {
    let config = WsConfig::default();
    assert_eq!(config.reply_backlog_bytes.get(), 4 << 20);
    assert_eq!(config.write_timeout, Duration::from_secs(10));
    assert_eq!(config.status_min_interval, Duration::from_millis(50));
    assert_eq!(
        (config.heartbeat.interval, config.heartbeat.timeout),
        (Duration::from_secs(25), Duration::from_secs(10))
    );
    assert_eq!(config.drain_window, Duration::from_secs(20));
    assert_eq!(config.limits.max_payload_depth.get(), 128, "LIM-2");
}

#[tokio::test(start_paused = true)]
async fn lim_4_beyond_burst_and_rate_requests_are_refused_with_a_time() {
    let (engine, binding) = shop();
    engine.run("order");
    let mut client = Client::of(&binding).await;
    for _ in 0..100 {
        client.send(r#"{"type":"ping"}"#);
        client.expect(r#"{"type":"pong"}"#).await;
    }
    client.send(r#"{"type":"decide","id":"1","journeyId":"run-1","payload":1}"#);
    // A hundred virtual milliseconds may have passed; the bucket refills while the client looks.
    let mut refused = None;
    for _ in 0..40 {
        let frame = client.frame().await;
        if frame["type"] == "error" {
            refused = Some(frame);
            break;
        }
        client.send(r#"{"type":"ping","id":"1"}"#);
    }
    let error = refused.expect("a refusal");
    assert_eq!(error["problem"]["type"], "urn:journeyforge:error:rate-limited");
    assert_eq!(
        (&error["id"], &error["effect"], &error["retryable"]),
        (&"1".into(), &"none".into(), &true.into())
    );
    let wait = error["retryAfterMs"].as_u64().unwrap();
    tokio::time::sleep(Duration::from_millis(wait)).await;
    client.send(r#"{"type":"ping"}"#);
    client.expect(r#"{"type":"pong"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn lim_4_abuse_closes() {
    let (_engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    for _ in 0..12 * 200 {
        client.send(r#"{"type":"pong"}"#);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    client.closed(4429, "rate-abuse").await;
}

#[tokio::test(start_paused = true)]
async fn flow_5_more_requests_than_may_be_in_flight_are_refused_one_by_one() {
    let (engine, binding) = shop();
    engine.run("order");
    let mut client = Client::of(&binding).await;
    engine.hold();
    for _ in 0..32 {
        client.send(r#"{"type":"placeOrder","payload":{},"subscribe":false}"#);
    }
    client.quiet().await;
    client.send(r#"{"type":"getStatus","id":"33","journeyId":"run-1"}"#);
    assert_eq!(client.refused("too-many-in-flight").await["id"], "33");
    client.send(r#"{"type":"placeOrder","payload":{}}"#);
    client.refused("too-many-in-flight").await;
    client.send(r#"{"type":"ping","id":"p"}"#);
    client.expect(r#"{"type":"pong","id":"p"}"#).await;
    engine.let_go(32);
    for _ in 0..32 {
        client.expect(r#"{"type":"status","subscribed":false}"#).await;
    }
    client.send(r#"{"type":"getStatus","id":"33","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"status","id":"33"}"#).await;
}

/// What waits for its turn waits, whatever it asks for.
#[tokio::test(start_paused = true)]
async fn flow_5_an_unsubscribe_that_has_to_wait_is_in_flight_like_any_other() {
    let (engine, binding) = configured(|config| config.limits.max_in_flight = 3.try_into().unwrap());
    engine.run("order");
    let mut client = Client::of(&binding).await;
    engine.slow_locates([1000]);
    client.send(r#"{"type":"subscribe","id":"s","journeyId":"run-1","replay":"none"}"#);
    for id in 1..=4 {
        client.send(&format!(r#"{{"type":"unsubscribe","id":"{id}","journeyId":"run-1"}}"#));
    }
    for id in ["3", "4"] {
        assert_eq!(client.refused("too-many-in-flight").await["id"], id);
    }
    client.send(r#"{"type":"unsubscribe","id":"5","journeyId":"run-2"}"#);
    client.expect(r#"{"type":"unsubscribed","id":"5"}"#).await;
    assert_eq!(client.frame_within(Duration::from_secs(2)).await.unwrap()["id"], "s");
    for id in ["1", "2"] {
        client.expect(&format!(r#"{{"type":"unsubscribed","id":"{id}"}}"#)).await;
    }
}

/// HTTP-026, for frames: what counts is what a payload becomes, and two bytes of a list become a whole value.
#[tokio::test(start_paused = true)]
async fn http_026_a_payload_counts_with_what_becomes_of_it() {
    let budget = ByteBudget::new(200_000);
    let (engine, binding) = configured(|config| config.payload_budget = budget.clone());
    let mut client = Client::of(&binding).await;
    let order = |id: &str, items: usize| {
        let list = vec!["0"; items].join(",");
        format!(r#"{{"type":"placeOrder","id":"{id}","payload":{{"list":[{list}]}},"subscribe":false}}"#)
    };
    client.send(&order("1", 50_000));
    let refused = client.refused("unavailable").await;
    assert_eq!((&refused["id"], &refused["effect"]), (&"1".into(), &"none".into()));
    assert!(budget.share().grow(200_000).is_ok(), "and it is all given back");
    client
        .send(&format!(r#"{{"type":"placeOrder","id":"2","payload":{{"note":"{}"}}}}"#, "x".repeat(150_000)));
    client.expect(r#"{"type":"status","id":"2"}"#).await;
    // Many small ones are as much as a large one.
    engine.hold();
    for id in 0..20 {
        client.send(&order(&format!("s{id}"), 1_000));
    }
    client.refused("unavailable").await;
}

/// HTTP-026, for frames: payloads that are not answered yet have so much memory, whoever sends them.
#[tokio::test(start_paused = true)]
async fn http_026_payloads_of_all_connections_have_one_budget() {
    let budget = ByteBudget::new(8_000);
    let (engine, binding) = configured(|config| config.payload_budget = budget.clone());
    engine.run("order");
    engine.hold();
    let (mut one, mut other) = (Client::of(&binding).await, Client::of(&binding).await);
    let order = |id: &str| {
        format!(
            r#"{{"type":"placeOrder","id":"{id}","payload":{{"note":"{}"}},"subscribe":false}}"#,
            "x".repeat(5_000)
        )
    };
    one.send(&order("1"));
    one.quiet().await;
    other.send(&order("2"));
    let refused = other.refused("unavailable").await;
    assert_eq!(
        (&refused["id"], &refused["effect"], &refused["retryable"]),
        (&"2".into(), &"none".into(), &true.into())
    );
    other.send(r#"{"type":"ping"}"#);
    other.expect(r#"{"type":"pong"}"#).await;
    engine.let_go(1);
    one.expect(r#"{"type":"status","id":"1"}"#).await;
    engine.let_go(1);
    other.send(&order("3"));
    other.expect(r#"{"type":"status","id":"3"}"#).await;
    // What goes away in the middle gives back what it had.
    engine.hold();
    one.send(&order("4"));
    one.quiet().await;
    drop(one);
    other.quiet().await;
    assert!(budget.share().grow(8_000).is_ok());
}
