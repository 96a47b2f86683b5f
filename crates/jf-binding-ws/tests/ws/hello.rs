//! `hello`: what it changes, and where it may stand (§3).

use crate::wire::{Client, configured, shop};

#[tokio::test(start_paused = true)]
async fn hello_is_answered_with_the_settings_in_force() {
    let (_engine, binding) = shop();
    let mut client = Client::silent(&binding, "/ws/journeys/order");
    let welcome = client.expect(r#"{"type":"welcome","heartbeat":{"mode":"control","intervalMs":25000,"timeoutMs":10000},"auth":{"required":false}}"#).await;
    assert_eq!(
        welcome["features"],
        serde_json::json!(["actions", "bookmark", "credit", "auth"]),
        "only what works"
    );
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
    client.send(r#"{"type":"hello","id":"late"}"#);
    client.expect(r#"{"type":"error","id":"late","effect":"none","problem":{"detail":"`hello` comes once, and is the first request of a connection"}}"#).await;
    client.closed(4400, "protocol-violation").await;
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"getStatus","journeyId":"run-9"}"#);
    client.refused("not-found").await;
    client.send(r#"{"type":"hello","id":"late"}"#);
    client.expect(r#"{"type":"error","id":"late","effect":"none","problem":{"detail":"`hello` comes once, and is the first request of a connection"}}"#).await;
    client.closed(4400, "protocol-violation").await;
}

#[tokio::test(start_paused = true)]
async fn a_hello_that_is_refused_may_be_corrected() {
    let (_engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"hello","heartbeat":"loud"}"#);
    client.refused("invalid-input").await;
    client.send(r#"{"type":"hello","auth":{"scheme":"basic","token":"t"}}"#);
    client.refused("invalid-input").await;
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

#[tokio::test(start_paused = true)]
async fn sub_9_what_comes_behind_hello_overtakes_none_of_its_entries() {
    let (engine, binding) = shop();
    let runs: Vec<_> = (0..30).map(|_| engine.run("order")).collect();
    let entries: Vec<_> =
        runs.iter().map(|run| format!(r#"{{"journeyId":"{run}","replay":"none"}}"#)).collect();
    let mut client = Client::of(&binding).await;
    engine.slow_locates([10; 30]);
    client.send(&format!(r#"{{"type":"hello","resume":[{}]}}"#, entries.join(",")));
    client.expect(r#"{"type":"welcome"}"#).await;
    // Both runs are among the last of the list, which wait.
    client.send(r#"{"type":"unsubscribe","id":"u","journeyId":"run-29"}"#);
    client.send(r#"{"type":"subscribe","id":"s","journeyId":"run-30","events":["outcome"],"replay":"none"}"#);
    let mut told = Vec::new();
    while let Some(frame) = client.frame_within(std::time::Duration::from_millis(100)).await {
        told.push(format!(
            "{} {} {}",
            frame["type"].as_str().unwrap(),
            frame["journeyId"].as_str().unwrap(),
            frame["id"].as_str().unwrap_or("-")
        ));
    }
    let of = |run: &str| told.iter().filter(|line| line.contains(run)).cloned().collect::<Vec<_>>();
    assert_eq!(of("run-29"), ["subscribed run-29 -", "unsubscribed run-29 u"], "{told:?}");
    assert_eq!(of("run-30"), ["subscribed run-30 -", "subscribed run-30 s"]);
    assert!(!engine.is_watched(&runs[28]));
    engine.commit(&runs[29]);
    client.quiet().await;
    engine.finish(&runs[29]);
    client.expect(r#"{"type":"outcome","journeyId":"run-30"}"#).await;
}

/// LIM-5 too: one frame must not ask for more than a connection may have, not even of one and the same run.
#[tokio::test(start_paused = true)]
async fn sub_9_entries_beyond_the_limit_are_refused_though_they_name_one_run() {
    let (engine, binding) = configured(|config| config.limits.max_subscriptions = 20);
    let run = engine.run("order");
    let entry = format!(r#"{{"journeyId":"{run}","replay":"none"}}"#);
    let list = vec![entry; 3000].join(",");
    let mut client = Client::of(&binding).await;
    client.send(&format!(r#"{{"type":"hello","resume":[{list}]}}"#));
    client.expect(r#"{"type":"welcome"}"#).await;
    client.send(r#"{"type":"unsubscribe","id":"u","journeyId":"run-1"}"#);
    let (mut subscribed, mut refused, mut unsubscribed) = (0, 0, 0);
    while let Some(frame) = client.frame_within(std::time::Duration::from_millis(1)).await {
        subscribed += u32::from(frame["type"] == "subscribed");
        refused += u32::from(frame["problem"]["type"] == "urn:journeyforge:error:subscription-limit");
        unsubscribed += u32::from(frame["id"] == "u");
        assert_eq!(frame.get("journeyId"), Some(&"run-1".into()), "{frame}");
    }
    assert_eq!((subscribed, refused, unsubscribed), (20, 2980, 1));
    assert!(!engine.is_watched(&run));
}

/// A list waits in memory, too.
#[tokio::test(start_paused = true)]
async fn sub_9_a_list_counts_among_the_payloads() {
    let budget = jf_core::ByteBudget::new(2000);
    let (engine, binding) = configured(|config| config.payload_budget = budget);
    let entry = format!(r#"{{"journeyId":"{}"}}"#, engine.run("order"));
    let mut client = Client::of(&binding).await;
    client.send(&format!(r#"{{"type":"hello","id":"h","resume":[{}]}}"#, vec![entry; 400].join(",")));
    assert_eq!(client.refused("unavailable").await["id"], "h");
}

/// HTTP-026: and so do the entries that are read from it.
#[tokio::test(start_paused = true)]
async fn sub_9_a_list_counts_with_what_becomes_of_it() {
    let budget = jf_core::ByteBudget::new(100_000);
    let (_engine, binding) = configured(|config| config.payload_budget = budget);
    let mut client = Client::of(&binding).await;
    let list = vec![r#"{"journeyId":"r"}"#; 3000].join(",");
    client.send(&format!(r#"{{"type":"hello","id":"h","resume":[{list}]}}"#));
    assert_eq!(client.refused("unavailable").await["id"], "h");
}

/// An entry that is refused at once gives its place up in its turn, and not before.
#[tokio::test(start_paused = true)]
async fn sub_9_a_refused_entry_lets_nobody_overtake_the_one_before_it() {
    let (engine, binding) = configured(|config| config.limits.max_subscriptions = 9);
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    engine.slow_locates([50, 10, 10, 10, 10, 10, 10, 10]);
    let others = (0..7).map(|_| engine.run("order")).collect::<Vec<_>>();
    let runs = [&run].into_iter().chain(&others).chain([&run]);
    let entries: Vec<_> = runs.map(|run| format!(r#"{{"journeyId":"{run}","replay":"none"}}"#)).collect();
    client.send(&format!(r#"{{"type":"hello","resume":[{}]}}"#, entries.join(",")));
    client.expect(r#"{"type":"welcome"}"#).await;
    // Takes the place that was left for the last entry.
    client.send(r#"{"type":"placeOrder","id":"p","payload":{}}"#);
    client.send(r#"{"type":"unsubscribe","id":"u","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"status","id":"p","subscribed":true}"#).await;
    let mut kinds = Vec::new();
    while let Some(frame) = client.frame_within(std::time::Duration::from_millis(100)).await {
        if frame["journeyId"] == run.as_str() {
            kinds.push(frame["type"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(kinds, ["subscribed", "error", "unsubscribed"]);
    assert!(!engine.is_watched(&run));
}

/// SUB-3: a subscription that a command asks for takes its place too.
#[tokio::test(start_paused = true)]
async fn sub_3_the_subscription_of_a_command_comes_behind_those_before_it() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    engine.slow_locates([10]);
    client.send(r#"{"type":"subscribe","id":"s","journeyId":"run-1","events":["outcome"],"replay":"none"}"#);
    client.send(r#"{"type":"decide","id":"d","journeyId":"run-1","payload":1,"subscribe":true}"#);
    let frame = client.frame_within(std::time::Duration::from_millis(100)).await.unwrap();
    assert_eq!(frame["id"], "s");
    client.expect(r#"{"id":"d","subscribed":true}"#).await;
    engine.commit(&run);
    client.expect(r#"{"type":"status","seq":3}"#).await;
}

/// SEQ-5: also where `hello` and a command arrive together.
#[tokio::test(start_paused = true)]
async fn seq_5_a_reply_behind_hello_is_not_told_again_by_its_entry() {
    for (pause, others) in [([0, 0], 0), ([0, 20], 0), ([20, 0], 0), ([20, 20], 30)] {
        let (engine, binding) = shop();
        let run = engine.run("order");
        let mut client = Client::of(&binding).await;
        engine.slow_locates(pause);
        // The entry may have to wait for others.
        let mut entries: Vec<_> = (0..others).map(|n| format!(r#"{{"journeyId":"nobody-{n}"}}"#)).collect();
        entries.push(r#"{"journeyId":"run-1","after":1,"conflate":false}"#.to_owned());
        client.send(&format!(r#"{{"type":"hello","resume":[{}]}}"#, entries.join(",")));
        client.send(r#"{"type":"decide","id":"d","journeyId":"run-1","payload":1}"#);
        let mut told = 1;
        while let Some(frame) = client.frame_within(std::time::Duration::from_millis(30)).await {
            if frame["type"] == "status" {
                let is_push = frame.get("id").is_none();
                assert!(!is_push || frame["seq"].as_u64().unwrap() > told, "{pause:?} {frame}");
                told = frame["seq"].as_u64().unwrap();
            }
        }
        assert_eq!(told, 2);
        engine.commit(&run);
        client.expect(r#"{"type":"status","seq":3}"#).await;
    }
}

/// SEQ-5: a reply that waits for its subscription may be overtaken, and what overtakes it is not told again either.
#[tokio::test(start_paused = true)]
async fn seq_5_what_overtakes_a_reply_is_left_out_of_its_subscription() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    engine.slow_reads([50]);
    let wish = r#""subscribe":{"conflate":false}"#;
    client.send(&format!(r#"{{"type":"decide","id":"1","journeyId":"run-1","payload":1,{wish}}}"#));
    client.send(r#"{"type":"decide","id":"2","journeyId":"run-1","payload":2}"#);
    client.expect(r#"{"type":"status","id":"2","seq":3}"#).await;
    let first = client.frame_within(std::time::Duration::from_millis(100)).await.unwrap();
    assert_eq!((&first["id"], &first["seq"], &first["subscribed"]), (&"1".into(), &2.into(), &true.into()));
    while let Some(frame) = client.frame_within(std::time::Duration::from_millis(100)).await {
        assert_eq!(frame["type"], "bookmark", "{frame}");
    }
    engine.commit(&run);
    client.expect(r#"{"type":"status","seq":4}"#).await;
}

/// SEQ-5: where two subscriptions to one run wait, the reply is left out of both.
#[tokio::test(start_paused = true)]
async fn seq_5_a_reply_behind_hello_is_told_again_by_none_of_two_entries() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    // The command is begun before the entries are.
    engine.slow_locates([0, 20, 20]);
    let entry = r#"{"journeyId":"run-1","after":1,"conflate":false}"#;
    client.send(&format!(r#"{{"type":"hello","resume":[{entry},{entry}]}}"#));
    client.send(r#"{"type":"decide","id":"d","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"type":"welcome"}"#).await;
    client.expect(r#"{"type":"status","id":"d","seq":2}"#).await;
    while let Some(frame) = client.frame_within(std::time::Duration::from_millis(50)).await {
        assert_ne!(frame["type"], "status", "{frame}");
    }
    engine.commit(&run);
    client.expect(r#"{"type":"status","seq":3}"#).await;
}

/// SEQ-5: what counts is the newest that was told, and not the last.
#[tokio::test(start_paused = true)]
async fn seq_5_an_older_reply_behind_a_newer_one_tells_nothing_again() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    engine.slow_locates([20]);
    client.send(r#"{"type":"subscribe","id":"s","journeyId":"run-1","after":1,"conflate":false}"#);
    engine.hold();
    client.send(r#"{"type":"decide","id":"d","journeyId":"run-1","payload":1}"#);
    client.quiet().await;
    engine.commit(&run);
    client.send(r#"{"type":"getStatus","id":"g","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"status","id":"g","seq":3}"#).await;
    engine.let_go(1);
    client.expect(r#"{"type":"status","id":"d","seq":2}"#).await;
    while let Some(frame) = client.frame_within(std::time::Duration::from_millis(50)).await {
        assert_ne!(frame["type"], "status", "{frame}");
    }
    engine.commit(&run);
    client.expect(r#"{"type":"status","seq":4}"#).await;
}

/// SUB-3: what is asked for behind a reply is told again, though another subscription waits for which it counts.
#[tokio::test(start_paused = true)]
async fn seq_5_what_is_asked_for_behind_a_reply_is_told_again() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    engine.slow_locates([20]);
    let subscribe = r#"{"type":"subscribe","journeyId":"run-1","after":1,"conflate":false}"#;
    client.send(subscribe);
    client.quiet().await;
    engine.commit(&run);
    client.send(r#"{"type":"getStatus","id":"g","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"status","id":"g","seq":2}"#).await;
    client.send(subscribe);
    let mut told = 0;
    while let Some(frame) = client.frame_within(std::time::Duration::from_millis(50)).await {
        told += u32::from(frame["type"] == "status");
    }
    assert_eq!(told, 1);
}
