//! Limits of rate and number (LIM-4, FLOW-5).

use std::time::Duration;

use crate::wire::{Client, shop};

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
