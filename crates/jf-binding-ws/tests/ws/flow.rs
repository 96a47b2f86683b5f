//! Flow control (§12): slow readers, conflation, pace, credit.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use jf_binding_ws::{Drain, WsBinding};
use jf_core::{Caller, JourneyId};
use serde_json::Value;
use tokio_tungstenite::WebSocketStream;
use tungstenite::Message;
use tungstenite::protocol::Role;

use crate::engine::ScriptedEngine;
use crate::wire::{Client, configured, shop};

/// A subscriber that has stopped reading, and a push that waits for it.
async fn stuck(engine: &ScriptedEngine, binding: &WsBinding) -> (JourneyId, Client) {
    let run = engine.run("order");
    let mut client = Client::of(binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","after":1}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.window(0);
    engine.commit(&run);
    (run, client)
}

#[tokio::test(start_paused = true)]
async fn flow_1_a_reader_that_pauses_gets_the_newest_status_and_the_count_of_the_rest() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","after":1}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.window(1);
    for _ in 0..1000 {
        engine.commit(&run);
        tokio::task::yield_now().await;
    }
    client.open_window();
    let (mut seen, mut frames) = (1, 0);
    while let Some(frame) = client.frame_within(Duration::from_millis(1)).await {
        let seq = frame["seq"].as_u64().unwrap();
        assert_eq!(
            seq,
            seen + 1 + frame["skipped"].as_u64().unwrap_or(0),
            "FLOW-2: skipped + delivered = log"
        );
        seen = seq;
        frames += 1;
    }
    assert_eq!(seen, 1001);
    assert!(frames <= 8, "{frames} frames for a reader that did not read");
}

#[tokio::test(start_paused = true)]
async fn flow_2_unconflated_every_event_comes_however_slowly_it_is_read() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","after":1,"conflate":false}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.window(1);
    (0..200).for_each(|_| engine.commit(&run));
    engine.finish(&run);
    for seq in 2..=201 {
        client.expect(&format!(r#"{{"type":"status","seq":{seq}}}"#)).await;
    }
    client.expect(r#"{"type":"outcome","seq":202}"#).await;
    client.expect(r#"{"type":"unsubscribed"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn flow_3_the_outcome_is_never_dropped() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","after":1}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.window(0);
    (0..50).for_each(|_| engine.commit(&run));
    client.quiet().await;
    engine.finish(&run);
    client.quiet().await;
    client.open_window();
    let mut last = 1;
    loop {
        let frame = client.frame().await;
        let seq = frame["seq"].as_u64().unwrap();
        assert_eq!(seq, last + 1 + frame["skipped"].as_u64().unwrap_or(0));
        last = seq;
        if frame["type"] == "outcome" {
            break;
        }
    }
    assert_eq!(last, 52);
    client.expect(r#"{"type":"unsubscribed"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn flow_1_a_push_that_comes_to_nothing_holds_up_none_behind_it() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","conflate":false}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.expect(r#"{"type":"status","seq":1}"#).await;
    engine.slow_reads([2_000]);
    engine.commit(&run);
    client.quiet().await;
    client.send(r#"{"type":"getStatus","id":"1","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"status","id":"1","seq":2}"#).await;
    // Meanwhile the read brings what the reply has told, and nothing is there to be written.
    client.quiet_for(Duration::from_secs(3)).await;
    engine.commit(&run);
    let push = client.frame_within(Duration::from_secs(1)).await.expect("the next status at once");
    assert_eq!((push["type"].as_str(), push["seq"].as_u64()), (Some("status"), Some(3)), "{push}");
}

#[tokio::test(start_paused = true)]
async fn flow_4_replies_overtake_pushes() {
    let (engine, binding) = shop();
    let runs: Vec<_> = (0..10).map(|_| engine.run("order")).collect();
    let mut client = Client::of(&binding).await;
    for run in &runs {
        client.send(&format!(r#"{{"type":"subscribe","journeyId":"{run}","after":1}}"#));
        client.expect(r#"{"type":"subscribed"}"#).await;
    }
    client.window(0);
    runs.iter().for_each(|run| engine.commit(run));
    // The last of those that are pulled at once.
    engine.finish(&runs[3]);
    client.quiet().await;
    client.send(r#"{"type":"getStatus","id":"1","journeyId":"run-2"}"#);
    client.send(r#"{"type":"ping","id":"p"}"#);
    client.quiet().await;
    client.open_window();
    client.expect(r#"{"type":"pong","id":"p"}"#).await;
    client.expect(r#"{"type":"status","id":"1"}"#).await;
    let mut kinds = Vec::new();
    while let Some(frame) = client.frame_within(Duration::from_millis(1)).await {
        kinds.push(frame["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds[0], "outcome", "outcomes before statuses: {kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| *kind == "outcome").count(), 1);
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "status").count(),
        8,
        "run-2 was told by the reply: {kinds:?}"
    );
}

/// Whatever waits to be read: an end is not last because its run was.
#[tokio::test(start_paused = true)]
async fn flow_4_an_end_goes_before_the_statuses_of_others() {
    let (engine, binding) = shop();
    let runs: Vec<_> = (0..30).map(|_| engine.run("order")).collect();
    let mut client = Client::of(&binding).await;
    for run in &runs {
        client.send(&format!(r#"{{"type":"subscribe","journeyId":"{run}","after":1}}"#));
        client.expect(r#"{"type":"subscribed"}"#).await;
    }
    client.window(0);
    runs.iter().for_each(|run| engine.commit(run));
    engine.finish(&runs[28]);
    client.quiet().await;
    engine.finish(&runs[29]);
    client.quiet().await;
    client.open_window();
    let mut ends = Vec::new();
    for nth in 0..30 {
        let frame = client.frame().await;
        match frame["type"].as_str().unwrap() {
            "outcome" => ends.push((nth, frame["journeyId"].as_str().unwrap().to_owned())),
            "unsubscribed" => {}
            other => assert_eq!(other, "status"),
        }
    }
    // The second one has ended behind what was read when the client stopped.
    assert_eq!(ends[0], (0, runs[28].to_string()));
    assert!(ends[1].1 == runs[29].as_str() && ends[1].0 <= 6, "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn flow_6_a_write_without_progress_closes() {
    let (engine, binding) = shop();
    let (run, mut client) = stuck(&engine, &binding).await;
    // The peer still answers probes, which does not help.
    for _ in 0..9 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        client.message(Ok(Message::Pong(tungstenite::Bytes::new())));
    }
    assert!(client.is_open());
    tokio::time::sleep(Duration::from_millis(1100)).await;
    client.open_window();
    client.closed_within(Duration::from_secs(1), 4508, "slow-consumer").await;
    assert!(!engine.is_watched(&run));
}

/// A part that was written counts when it was, and not when somebody looks.
#[tokio::test(start_paused = true)]
async fn flow_6_the_first_part_of_a_frame_earns_no_more_time_than_its_own() {
    let (engine, binding) = shop();
    engine.run("order");
    engine.pad(100_000);
    let (near, far) = tokio::io::duplex(1 << 10);
    let talk = binding.converse_over("/ws/journeys/order", Caller::internal("pipe"), near).unwrap();
    let talk = tokio::spawn(talk);
    let mut socket = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
    socket.send(Message::text(r#"{"type":"getStatus","journeyId":"run-1"}"#)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(10_100)).await;
    let code = loop {
        let message =
            tokio::time::timeout(Duration::from_secs(5), socket.next()).await.expect("it is closed");
        if let Message::Close(frame) = message.unwrap().unwrap() {
            break frame.unwrap().code;
        }
    };
    assert_eq!(u16::from(code), 4508);
    drop(socket);
    talk.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn flow_6_reading_slowly_is_fine() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","after":1,"conflate":false}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.window(1);
    (0..20).for_each(|_| engine.commit(&run));
    for seq in 2..=21 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        client.message(Ok(Message::Pong(tungstenite::Bytes::new())));
        client.expect(&format!(r#"{{"type":"status","seq":{seq}}}"#)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn flow_6_replies_that_nobody_reads_are_bounded() {
    let (_engine, binding) = configured(|config| {
        config.reply_backlog_bytes = 2000.try_into().unwrap();
        config.limits.burst = 10_000.try_into().unwrap();
    });
    let mut client = Client::of(&binding).await;
    client.window(0);
    for _ in 0..300 {
        client.send(r#"{"type":"ping"}"#);
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    client.open_window();
    client.closed_within(Duration::from_secs(1), 4508, "slow-consumer").await;
}

#[tokio::test(start_paused = true)]
async fn flow_6_large_replies_wait_for_each_other_instead_of_piling_up() {
    let (engine, binding) = configured(|config| config.reply_backlog_bytes = 100_000.try_into().unwrap());
    let run = engine.run("order");
    engine.pad(60_000);
    let mut client = Client::of(&binding).await;
    client.window(1);
    for id in 0..20 {
        client.send(&format!(r#"{{"type":"getStatus","id":"{id}","journeyId":"{run}"}}"#));
    }
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        client.expect(r#"{"type":"status"}"#).await;
    }
}

/// A single reply may have any size, also where a small one is before it.
#[tokio::test(start_paused = true)]
async fn flow_6_a_large_reply_behind_a_small_one_waits_like_any_other() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    engine.pad(5 << 20);
    engine.finish(&run);
    engine.pad(0);
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"getStatus","id":"1","journeyId":"run-1"}"#);
    client.send(r#"{"type":"getOutcome","id":"2","journeyId":"run-1"}"#);
    client.send("nonsense");
    client.expect(r#"{"type":"status","id":"1"}"#).await;
    let outcome = client.expect(r#"{"type":"outcome","id":"2"}"#).await;
    assert_eq!(outcome["payload"]["output"]["pad"].as_str().map(str::len), Some(5 << 20));
    client.refused("malformed-frame").await;
    assert!(client.is_open());
}

/// SUB-3 too: nothing of the subscription that was replaced holds up the new one.
#[tokio::test(start_paused = true)]
async fn flow_8_what_a_replaced_subscription_had_to_wait_for_is_nothing_to_the_new_one() {
    let (engine, binding) = configured(|config| config.status_min_interval = Duration::from_millis(50));
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    let subscribe = r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#;
    client.send(subscribe);
    client.expect(r#"{"type":"subscribed"}"#).await;
    // After three failures it is tried again in four seconds.
    engine.fail_reads((0..3).map(|_| jf_core::EngineError::internal("disk")));
    engine.commit(&run);
    client.quiet_for(Duration::from_millis(3500)).await;
    client.send(subscribe);
    client.expect(r#"{"type":"subscribed","head":2}"#).await;
    engine.commit(&run);
    client.expect(r#"{"type":"status","seq":3}"#).await;
    engine.commit(&run);
    let status = client.frame_within(Duration::from_millis(100)).await.expect("at its distance");
    assert_eq!(status["seq"], 4);
}

#[tokio::test(start_paused = true)]
async fn flow_8_conflated_statuses_keep_their_distance() {
    let (engine, binding) = configured(|config| config.status_min_interval = Duration::from_millis(50));
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","after":1}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    engine.commit(&run);
    client.expect(r#"{"type":"status","seq":2}"#).await;
    (0..19).for_each(|_| engine.commit(&run));
    client.quiet_for(Duration::from_millis(40)).await;
    let frame = client.frame_within(Duration::from_millis(20)).await.unwrap();
    assert_eq!((&frame["seq"], &frame["skipped"]), (&21.into(), &18.into()));
}

#[tokio::test(start_paused = true)]
async fn flow_7_credit_bounds_pushes_and_conflation_goes_on() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","after":1}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    engine.commit(&run);
    client.expect(r#"{"type":"status","seq":2}"#).await;
    client.send(r#"{"type":"credit","n":1}"#);
    engine.commit(&run);
    client.expect(r#"{"type":"status","seq":3}"#).await;
    for _ in 0..10 {
        engine.commit(&run);
        client.quiet().await;
    }
    client.send(r#"{"type":"getStatus","id":"free","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"status","id":"free","seq":13}"#).await;
    engine.commit(&run);
    engine.commit(&run);
    client.send(r#"{"type":"credit","n":1}"#);
    client.expect(r#"{"type":"status","seq":15,"skipped":1}"#).await;
    engine.finish(&run);
    client.quiet().await;
    client.send(r#"{"type":"credit","n":5}"#);
    client.expect(r#"{"type":"outcome","seq":16}"#).await;
    client.expect(r#"{"type":"unsubscribed"}"#).await;
}

/// A client with the given subscriptions beside that to `run-1`, which has taken all its credit.
async fn broke(engine: &ScriptedEngine, binding: &WsBinding, subscriptions: &[&str]) -> Client {
    let mut client = Client::of(binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","after":1}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    for subscription in subscriptions {
        client.send(&format!(r#"{{"type":"subscribe",{subscription}}}"#));
        client.expect(r#"{"type":"subscribed"}"#).await;
    }
    client.send(r#"{"type":"credit","n":1}"#);
    engine.commit(&JourneyId::parse("run-1").unwrap());
    client.expect(r#"{"type":"status","journeyId":"run-1","seq":2}"#).await;
    client
}

/// Also ACC-3, SUB-6, SUB-8, SUB-10.
#[tokio::test(start_paused = true)]
async fn flow_7_what_is_no_document_needs_no_credit() {
    let (engine, binding) = shop();
    let runs: Vec<_> = (0..5).map(|_| engine.run("order")).collect();
    let subscriptions = [
        r#""journeyId":"run-2","after":1"#,
        r#""journeyId":"run-3","after":1"#,
        r#""journeyId":"run-4","after":1,"conflate":false"#,
    ];
    let mut client = broke(&engine, &binding, &subscriptions).await;
    engine.remove(&runs[1]);
    client.expect(r#"{"type":"unsubscribed","journeyId":"run-2","reason":"gone"}"#).await;
    engine.finish(&runs[2]);
    client.quiet().await;
    client.send(r#"{"type":"getOutcome","id":"o","journeyId":"run-3"}"#);
    client.expect(r#"{"type":"outcome","id":"o"}"#).await;
    client.expect(r#"{"type":"unsubscribed","journeyId":"run-3","reason":"completed"}"#).await;
    engine.new_epoch(&runs[3], "e2");
    engine.commit(&runs[3]);
    client.expect(r#"{"type":"gap","journeyId":"run-4","from":1,"to":2,"epoch":"e2"}"#).await;
    client.quiet().await;
    client.send(r#"{"type":"subscribe","journeyId":"run-5","after":0,"events":["outcome"]}"#);
    client.expect(r#"{"type":"subscribed","journeyId":"run-5"}"#).await;
    client.expect(r#"{"type":"bookmark","journeyId":"run-5","seq":1}"#).await;

    engine.commit(&runs[3]);
    client.quiet().await;
    client.send(r#"{"type":"credit","n":1}"#);
    client.expect(r#"{"type":"status","journeyId":"run-4","seq":3,"snapshot":true}"#).await;
    engine.deny();
    engine.commit(&runs[0]);
    client.expect(r#"{"type":"unsubscribed","journeyId":"run-1","reason":"gone"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn flow_7_credit_goes_to_ends_then_to_who_waits_longest_and_buys_the_newest() {
    let (engine, binding) = shop();
    let runs: Vec<_> = (0..4).map(|_| engine.run("order")).collect();
    let subscriptions = [
        r#""journeyId":"run-2","after":1"#,
        r#""journeyId":"run-3","after":1"#,
        r#""journeyId":"run-4","after":1"#,
    ];
    let mut client = broke(&engine, &binding, &subscriptions).await;
    for run in [&runs[3], &runs[1], &runs[2], &runs[3], &runs[3]] {
        engine.commit(run);
        client.quiet().await;
    }
    client.send(r#"{"type":"credit","n":2}"#);
    client.expect(r#"{"type":"status","journeyId":"run-4","seq":4,"skipped":2}"#).await;
    client.expect(r#"{"type":"status","journeyId":"run-2","seq":2}"#).await;
    engine.finish(&runs[1]);
    client.quiet().await;
    client.send(r#"{"type":"credit","n":1}"#);
    client.expect(r#"{"type":"outcome","journeyId":"run-2","seq":3}"#).await;
    client.expect(r#"{"type":"unsubscribed","journeyId":"run-2","reason":"completed"}"#).await;
    client.quiet().await;
    client.send(r#"{"type":"credit","n":1}"#);
    client.expect(r#"{"type":"status","journeyId":"run-3","seq":2}"#).await;
    client.quiet().await;
}

/// Also FLOW-8.
#[tokio::test(start_paused = true)]
async fn flow_7_without_credit_a_run_is_not_read_more_often_than_it_would_be_pushed() {
    let (engine, binding) = configured(|config| config.status_min_interval = Duration::from_millis(50));
    let run = engine.run("order");
    let mut client = broke(&engine, &binding, &[]).await;
    let before = engine.reads();
    for _ in 0..1000 {
        engine.commit(&run);
        client.quiet().await;
    }
    let reads = engine.reads() - before;
    assert!((2..=25).contains(&reads), "{reads} reads in a second");
}

#[tokio::test(start_paused = true)]
async fn lim_3_documents_beyond_the_limit_are_named_not_sent() {
    let (engine, binding) = configured(|config| config.limits.max_outbound_bytes = 1000.try_into().unwrap());
    let run = engine.run("order");
    engine.pad(2000);
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","after":1}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.send(r#"{"type":"getStatus","id":"1","journeyId":"run-1"}"#);
    let status = client
        .expect(r#"{"type":"status","id":"1","seq":1,"payloadOmitted":true,"href":"/api/v1/journeys/run-1"}"#)
        .await;
    assert!(status.get("payload").is_none());
    engine.finish(&run);
    client
        .expect(r#"{"type":"outcome","seq":2,"payloadOmitted":true,"href":"/api/v1/journeys/run-1/result"}"#)
        .await;
    client.expect(r#"{"type":"unsubscribed"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn lim_3_a_start_that_is_answered_at_once_is_named_too() {
    let (_engine, binding) = configured(|config| config.limits.max_outbound_bytes = 100.try_into().unwrap());
    let mut client = Client::at(&binding, "/ws/journeys/report").await;
    client.send(r#"{"type":"makeReport","id":"1","payload":{}}"#);
    let started = client
        .expect(r#"{"type":"started","id":"1","journeyId":"run-1","seq":1,"subscribed":true,"payloadOmitted":true,"href":"/api/v1/journeys/run-1"}"#)
        .await;
    assert!(started.get("payload").is_none(), "{started}");
}

#[tokio::test(start_paused = true)]
async fn enc_2_large_documents_come_in_fragments() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    engine.pad(1_000_000);
    let client = Client::of(&binding).await;
    let ask = format!(r#"{{"type":"getStatus","id":"1","journeyId":"{run}"}}"#);
    client.send(&ask);
    let (mut parts, mut text) = (0, Vec::new());
    loop {
        let Some(Message::Frame(part)) = client.within(Duration::from_millis(1)).await else {
            panic!("a fragment")
        };
        assert!(part.payload().len() <= 64 << 10, "{} bytes", part.payload().len());
        text.extend_from_slice(part.payload());
        parts += 1;
        if part.header().is_final {
            break;
        }
    }
    assert_eq!(parts, text.len().div_ceil(64 << 10), "and in no more of them than needed");
    let status: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(status["payload"]["tags"][0].as_str().unwrap().len(), 1_000_000);
    // Only above that size.
    engine.pad(60_000);
    client.send(&ask);
    assert!(matches!(client.within(Duration::from_millis(1)).await, Some(Message::Text(_))));
}

/// The close waits behind what was sent before, for a while.
#[tokio::test(start_paused = true)]
async fn flow_6_a_peer_that_reads_on_learns_why_it_was_closed() {
    for (pause, learns) in [(25, true), (35, false)] {
        let (engine, binding) = shop();
        let (run, mut client) = stuck(&engine, &binding).await;
        tokio::time::sleep(Duration::from_millis(10_100)).await;
        assert!(!engine.is_watched(&run), "nothing is kept for it");
        tokio::time::sleep(Duration::from_secs(pause)).await;
        assert_eq!(client.is_open(), learns);
        client.open_window();
        if learns {
            client.closed_within(Duration::from_secs(1), 4508, "slow-consumer").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn drain_2_a_peer_that_does_not_read_holds_nobody_up() {
    let drain = Drain::new();
    let (engine, binding) = configured(|config| config.drain = drain.clone());
    let (_, client) = stuck(&engine, &binding).await;
    tokio::time::sleep(Duration::from_millis(10_100)).await;
    assert!(client.is_open());
    drain.begin();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!client.is_open());
}
