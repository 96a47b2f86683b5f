//! Heartbeat, idleness, lifetime, drain (§13, §17).

use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use jf_binding_ws::Drain;
use tokio::time::Instant;
use tungstenite::{Bytes, Message};

use crate::wire::{Client, configured, shop};

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test(start_paused = true)]
async fn hb_1_a_peer_that_falls_silent_is_probed_and_closed() {
    let (_engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    let start = Instant::now();
    assert!(matches!(client.within(seconds(26)).await, Some(Message::Ping(_))));
    assert!((25..26).contains(&start.elapsed().as_secs()));
    client.message(Ok(Message::Pong(Bytes::new())));
    assert!(matches!(client.within(seconds(26)).await, Some(Message::Ping(_))), "alive, so asked again");
    client.closed_within(seconds(11), 4504, "liveness-timeout").await;
}

#[tokio::test(start_paused = true)]
async fn hb_2_scripts_see_probes_as_frames_when_they_ask() {
    let (_engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"hello","heartbeat":"message"}"#);
    client.expect(r#"{"type":"welcome"}"#).await;
    for _ in 0..3 {
        let ping = client.frame_within(seconds(26)).await.unwrap();
        assert_eq!(ping, serde_json::json!({"type":"ping"}), "server pings bear no id");
        client.send(r#"{"type":"pong"}"#);
    }
    client.frame_within(seconds(26)).await.unwrap();
    client.closed_within(seconds(11), 4504, "liveness-timeout").await;
}

/// Time passes for a client that is there, and sends nothing that counts.
async fn alive(client: &Client, for_seconds: u64) {
    for _ in 0..for_seconds / 10 {
        tokio::time::sleep(seconds(10)).await;
        client.message(Ok(Message::Pong(Bytes::new())));
    }
}

#[tokio::test(start_paused = true)]
async fn idle_1_a_connection_with_nothing_to_do_is_closed() {
    let (engine, binding) = configured(|config| config.limits.idle_ms = 60_000.try_into().unwrap());
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    alive(&client, 120).await;
    assert!(client.is_open(), "subscriptions keep a connection open");
    engine.finish(&run);
    alive(&client, 50).await;
    assert!(client.is_open(), "the time begins when the last one ends");
    client.closed_within(seconds(12), 4510, "idle").await;
}

#[tokio::test(start_paused = true)]
async fn idle_1_a_request_in_flight_keeps_a_connection_open() {
    let (engine, binding) = configured(|config| config.limits.idle_ms = 30_000.try_into().unwrap());
    let mut client = Client::of(&binding).await;
    engine.hold();
    client.send(r#"{"type":"placeOrder","payload":{},"subscribe":false}"#);
    alive(&client, 100).await;
    engine.let_go(1);
    client.frame_within(seconds(1)).await.expect("the reply");
    client.closed_within(seconds(31), 4510, "idle").await;
}

#[tokio::test(start_paused = true)]
async fn idle_1_an_application_frame_lets_the_time_begin_anew() {
    let (engine, binding) = configured(|config| config.limits.idle_ms = 60_000.try_into().unwrap());
    engine.run("order");
    let mut client = Client::of(&binding).await;
    alive(&client, 50).await;
    client.send(r#"{"type":"getStatus","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"status"}"#).await;
    alive(&client, 50).await;
    assert!(client.is_open());
    client.closed_within(seconds(12), 4510, "idle").await;
}

/// Signs of life are no use.
#[tokio::test(start_paused = true)]
async fn idle_1_pings_and_pongs_keep_no_connection_open() {
    for frame in [r#"{"type":"pong"}"#, r#"{"type":"ping"}"#] {
        let (_engine, binding) = configured(|config| config.limits.idle_ms = 60_000.try_into().unwrap());
        let mut client = Client::of(&binding).await;
        for _ in 0..5 {
            tokio::time::sleep(seconds(10)).await;
            client.send(frame);
        }
        assert!(client.is_open());
        client.closed_within(seconds(11), 4510, "idle").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lifetime_ends_with_goaway_and_restart() {
    let (_engine, binding) = configured(|config| {
        config.limits.max_lifetime_ms = 5000;
        config.drain_window = seconds(2);
    });
    let mut client = Client::of(&binding).await;
    let goaway = client.frame_within(seconds(6)).await.unwrap();
    assert_eq!((&goaway["type"], &goaway["reason"]), (&"goaway".into(), &"lifetime".into()));
    client.closed_within(seconds(3), 1012, "restart").await;
}

#[tokio::test(start_paused = true)]
async fn drain_1_every_connection_gets_a_delay_of_its_own() {
    let drain = Drain::new();
    let (_engine, binding) = configured(|config| config.drain = drain.clone());
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(Client::of(&binding).await);
    }
    drain.begin();
    let (mut delays, mut graces) = (Vec::new(), Vec::new());
    for client in &mut clients {
        let goaway = client.expect(r#"{"type":"goaway","reason":"drain"}"#).await;
        delays.push(goaway["reconnectDelayMs"].as_u64().unwrap());
        graces.push(goaway["graceMs"].as_u64().unwrap());
    }
    assert!(
        delays.iter().all(|delay| *delay < 20_000)
            && graces.iter().all(|grace| (18_000..=20_000).contains(grace))
    );
    for quarter in 0..4 {
        let range = quarter * 5000..(quarter + 1) * 5000;
        let share = delays.iter().filter(|delay| range.contains(*delay)).count();
        assert!((20..=80).contains(&share), "{share} of 200 delays in {range:?}");
    }
    graces.sort_unstable();
    graces.dedup();
    assert!(graces.len() > 50, "DRAIN-2: closes come at times of their own, not at {graces:?}");
    let begun = Instant::now();
    let closes = clients.iter_mut().map(|client| async move {
        client.closed_within(seconds(21), 1012, "restart").await;
        begun.elapsed()
    });
    let closes = join_all(closes).await;
    let (first, last) = (closes.iter().min().unwrap(), closes.iter().max().unwrap());
    assert!(
        *first > seconds(17) && *last <= seconds(20) && *last - *first > seconds(1),
        "{first:?} to {last:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn drain_2_a_shorter_time_is_for_those_with_nothing_in_flight() {
    let drain = Drain::new();
    let (engine, binding) = configured(|config| config.drain = drain.clone());
    let (mut idle, mut waiting) = (Client::of(&binding).await, Client::of(&binding).await);
    engine.hold();
    waiting.send(r#"{"type":"placeOrder","id":"s","payload":{},"subscribe":false}"#);
    waiting.quiet().await;
    drain.begin_within(seconds(1));
    for client in [&mut idle, &mut waiting] {
        let goaway = client.expect(r#"{"type":"goaway","reason":"drain"}"#).await;
        let millis = |name: &str| goaway[name].as_u64().unwrap();
        assert!((900..=1000).contains(&millis("graceMs")) && millis("reconnectDelayMs") < 1000, "{goaway}");
    }
    idle.closed_within(seconds(1), 1012, "restart").await;
    waiting.quiet_for(seconds(15)).await;
    engine.let_go(1);
    waiting.expect(r#"{"type":"status","id":"s"}"#).await;
    waiting.closed_within(seconds(1), 1012, "restart").await;
    drain.closed().await;
    drain.begin_within(seconds(9));
    drain.begin();
    assert!(drain.is_begun());
}

#[tokio::test(start_paused = true)]
async fn drain_2_what_is_in_flight_finishes_and_new_commands_are_refused() {
    let drain = Drain::new();
    let (engine, binding) = configured(|config| config.drain = drain.clone());
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    engine.hold();
    client.send(r#"{"type":"placeOrder","id":"slow","payload":{},"subscribe":false}"#);
    client.quiet().await;
    drain.begin();
    client.expect(r#"{"type":"goaway"}"#).await;
    for frame in [
        r#"{"type":"placeOrder","payload":{}}"#,
        r#"{"type":"decide","journeyId":"run-1","payload":1}"#,
        r#"{"type":"cancel","journeyId":"run-1"}"#,
    ] {
        client.send(frame);
        let error = client.refused("draining").await;
        assert_eq!((&error["effect"], &error["retryable"]), (&"none".into(), &true.into()));
    }
    client.send(r#"{"type":"ping","id":"p"}"#);
    client.expect(r#"{"type":"pong","id":"p"}"#).await;
    client.send(r#"{"type":"getStatus","id":"r","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"status","id":"r"}"#).await;
    engine.commit(&run);
    client.expect(r#"{"type":"status","seq":2}"#).await;
    tokio::time::sleep(seconds(10)).await;
    engine.let_go(1);
    client.expect(r#"{"type":"status","id":"slow"}"#).await;
    client.closed_within(seconds(10), 1012, "restart").await;
}

#[tokio::test(start_paused = true)]
async fn drain_2_a_connection_made_while_draining_is_told_at_once() {
    let drain = Drain::new();
    let (_engine, binding) = configured(|config| config.drain = drain.clone());
    drain.begin();
    let mut client = Client::silent(&binding, "/ws/journeys/order");
    client.expect(r#"{"type":"welcome"}"#).await;
    client.expect(r#"{"type":"goaway"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn drain_closed_waits_for_the_last_connection() {
    let drain = Drain::new();
    assert!(drain.closed().now_or_never().is_none(), "not begun");
    drain.begin();
    drain.begin();
    assert!(drain.is_begun());
    drain.closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_closes_is_let_go() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.message(Ok(Message::Close(None)));
    client.gone().await;
    assert!(!engine.is_watched(&run));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_confirms_a_close_is_left_behind() {
    let (_engine, binding) = shop();
    let client = Client::of(&binding).await;
    client.message(Ok(Message::Binary(Bytes::new())));
    tokio::time::sleep(seconds(3)).await;
    assert!(!client.is_open());
}
