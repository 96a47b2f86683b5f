//! Subscriptions (§9, §10) and sequence numbers (SEQ-5).

use std::time::Duration;

use jf_core::EngineError;
use serde_json::json;
use tokio::time::Instant;

use crate::wire::{Client, configured, shop};

#[tokio::test(start_paused = true)]
async fn sub_1_a_start_subscribes_and_every_change_is_pushed_once() {
    let (engine, binding) = shop();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"placeOrder","id":"1","payload":{}}"#);
    client.expect(r#"{"id":"1","subscribed":true,"seq":1}"#).await;
    let run = jf_core::JourneyId::parse("run-1").unwrap();
    engine.commit(&run);
    let push = client.expect(r#"{"type":"status","journeyId":"run-1","seq":2}"#).await;
    assert!(
        push.get("id").is_none() && push.get("epoch").is_none() && push.get("skipped").is_none(),
        "{push}"
    );
    assert_eq!(push["actions"][0]["stepId"], "approve");
    engine.finish(&run);
    client.expect(r#"{"type":"outcome","journeyId":"run-1","seq":3}"#).await;
    client.expect(r#"{"type":"unsubscribed","journeyId":"run-1","reason":"completed"}"#).await;
    client.quiet().await;
    assert!(!engine.is_watched(&run), "SUB-10: the slot is free");
}

#[tokio::test(start_paused = true)]
async fn sub_2_steps_subscribe_when_asked_and_reads_never() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"getStatus","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"status"}"#).await;
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"type":"status"}"#).await;
    assert!(!engine.is_watched(&run));
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1,"subscribe":{"events":["outcome"]}}"#);
    client.expect(r#"{"type":"status","subscribed":true,"seq":3}"#).await;
    engine.commit(&run);
    client.quiet().await;
    engine.finish(&run);
    let outcome = client.expect(r#"{"type":"outcome","seq":5}"#).await;
    assert!(outcome.get("skipped").is_none(), "FLOW-2: not where the filter excludes statuses");
    client.expect(r#"{"type":"unsubscribed","reason":"completed"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn sub_2_a_cancellation_subscribes_when_asked() {
    let (engine, binding) = shop();
    engine.run("order");
    let asked = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"cancel","id":"1","journeyId":"run-1"}"#);
    let reply = client.expect(r#"{"type":"status","id":"1","seq":2}"#).await;
    assert!(reply.get("subscribed").is_none(), "{reply}");
    client.quiet().await;
    client.send(r#"{"type":"cancel","id":"2","journeyId":"run-2","subscribe":true}"#);
    client.expect(r#"{"type":"status","id":"2","seq":2,"subscribed":true}"#).await;
    client.expect(r#"{"type":"outcome","journeyId":"run-2","seq":2}"#).await;
    client.expect(r#"{"type":"unsubscribed","journeyId":"run-2","reason":"completed"}"#).await;
    client.quiet().await;
    assert!(!engine.is_watched(&asked));
}

#[tokio::test(start_paused = true)]
async fn seq_5_the_last_step_answers_with_a_status_and_the_outcome_still_comes() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","after":1}"#);
    client.expect(r#"{"type":"subscribed","after":1,"head":1,"recovered":true}"#).await;
    for seq in 2..=3 {
        client.send(r#"{"type":"decide","id":"s","journeyId":"run-1","payload":1}"#);
        client.expect(&format!(r#"{{"type":"status","id":"s","seq":{seq}}}"#)).await;
        client.quiet().await;
    }
    client.send(r#"{"type":"sign","id":"s","journeyId":"run-1","payload":1}"#);
    let reply = client.expect(r#"{"type":"status","id":"s","seq":4}"#).await;
    assert_eq!(reply["payload"]["phase"], "SUCCEEDED");
    let outcome = client.expect(r#"{"type":"outcome","seq":4}"#).await;
    assert!(outcome["payload"].get("projected").is_none(), "OP-4: never in pushes");
    client.expect(r#"{"type":"unsubscribed","reason":"completed"}"#).await;
    client.quiet().await;
    assert!(!engine.is_watched(&run));
}

#[tokio::test(start_paused = true)]
async fn seq_5_the_reply_to_get_outcome_delivers_the_outcome() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#);
    client.expect(r#"{"type":"subscribed","after":1}"#).await;
    engine.finish(&run);
    client.send(r#"{"type":"getOutcome","id":"o","journeyId":"run-1"}"#);
    let mut kinds = Vec::new();
    while let Some(frame) = client.frame_within(Duration::from_millis(1)).await {
        kinds.push(frame["type"].as_str().unwrap().to_owned());
    }
    // The push may have been first; then the reply follows. It is never told twice as a push.
    assert!(
        kinds == ["outcome", "unsubscribed"] || kinds == ["outcome", "unsubscribed", "outcome"],
        "{kinds:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn sub_3_a_second_subscribe_replaces_filter_and_cursor() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","id":"1","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"subscribed","id":"1"}"#).await;
    client.expect(r#"{"type":"status","seq":1,"snapshot":true}"#).await;
    client.send(r#"{"type":"subscribe","id":"2","journeyId":"run-1","after":0,"events":["outcome"]}"#);
    client.expect(r#"{"type":"subscribed","id":"2","after":0,"head":1}"#).await;
    client.expect(r#"{"type":"bookmark","seq":1}"#).await;
    engine.commit(&run);
    client.quiet().await;
    engine.finish(&run);
    client.expect(r#"{"type":"outcome","seq":3}"#).await;
    client.expect(r#"{"type":"unsubscribed"}"#).await;
    client.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn sub_3_subscribes_and_unsubscribes_of_one_run_keep_their_order() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    engine.slow_locates([20, 0]);
    client.send(r#"{"type":"subscribe","id":"1","journeyId":"run-1","replay":"none"}"#);
    client.send(r#"{"type":"unsubscribe","id":"2","journeyId":"run-1"}"#);
    client.send(r#"{"type":"subscribe","id":"3","journeyId":"run-1","replay":"none"}"#);
    client.send(r#"{"type":"unsubscribe","id":"4","journeyId":"run-1"}"#);
    for (id, kind) in [("1", "subscribed"), ("2", "unsubscribed"), ("3", "subscribed"), ("4", "unsubscribed")]
    {
        let frame = client.frame_within(Duration::from_millis(30)).await.unwrap();
        assert_eq!((&frame["id"], &frame["type"]), (&id.into(), &kind.into()));
    }
    client.quiet().await;
    assert!(!engine.is_watched(&run));
}

#[tokio::test(start_paused = true)]
async fn sub_4_a_cursor_is_continued_and_the_end_of_the_replay_is_marked() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    (0..4).for_each(|_| engine.commit(&run));
    let mut client = Client::of(&binding).await;
    client
        .send(r#"{"type":"subscribe","id":"1","journeyId":"run-1","after":2,"epoch":"e1","conflate":false}"#);
    client.expect(r#"{"type":"subscribed","id":"1","epoch":"e1","after":2,"head":5,"recovered":true}"#).await;
    for seq in 3..=5 {
        client.expect(&format!(r#"{{"type":"status","seq":{seq}}}"#)).await;
    }
    client.expect(r#"{"type":"bookmark","seq":5,"epoch":"e1"}"#).await;
    client.send(r#"{"type":"subscribe","id":"2","journeyId":"run-1","after":0}"#);
    client.expect(r#"{"type":"subscribed","id":"2","recovered":true}"#).await;
    client.expect(r#"{"type":"status","seq":5,"skipped":4}"#).await;
    client.expect(r#"{"type":"bookmark","seq":5}"#).await;
    client.send(r#"{"type":"subscribe","id":"3","journeyId":"run-1","after":5}"#);
    client.expect(r#"{"type":"subscribed","id":"3","recovered":true}"#).await;
    client.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn sub_6_missing_history_is_a_gap_and_a_snapshot() {
    let (engine, binding) = configured(|config| config.limits.max_replay_events = 3.try_into().unwrap());
    let run = engine.run("order");
    (0..8).for_each(|_| engine.commit(&run));
    engine.forget_until(&run, 5);
    let mut client = Client::of(&binding).await;
    for (cursor, from, reason) in [
        (r#""after":2"#, 3, "retention"),
        (r#""after":5,"conflate":false"#, 6, "limit"),
        (r#""after":6,"epoch":"e0""#, 1, "epoch"),
        (r#""after":14"#, 1, "epoch"),
    ] {
        client.send(&format!(r#"{{"type":"subscribe","journeyId":"run-1",{cursor}}}"#));
        client.expect(r#"{"type":"subscribed","recovered":false,"head":9}"#).await;
        client
            .expect(&format!(r#"{{"type":"gap","epoch":"e1","from":{from},"to":9,"reason":"{reason}"}}"#))
            .await;
        client.expect(r#"{"type":"status","seq":9,"snapshot":true}"#).await;
        client.quiet().await;
    }
    engine.new_epoch(&run, "e2");
    engine.commit(&run);
    client.expect(r#"{"type":"gap","epoch":"e2","reason":"epoch"}"#).await;
    let snapshot = client.expect(r#"{"type":"status","seq":10,"snapshot":true}"#).await;
    assert!(snapshot.get("epoch").is_none(), "the gap has told it");
}

#[tokio::test(start_paused = true)]
async fn sub_10_a_late_subscriber_gets_the_outcome() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    engine.finish(&run);
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"subscribed","head":2}"#).await;
    client.expect(r#"{"type":"outcome","seq":2,"snapshot":true}"#).await;
    client.expect(r#"{"type":"unsubscribed","reason":"completed"}"#).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","after":2}"#);
    client.expect(r#"{"type":"subscribed","recovered":true}"#).await;
    client.expect(r#"{"type":"unsubscribed","reason":"completed"}"#).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","after":1,"events":["status"]}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.expect(r#"{"type":"bookmark","seq":2}"#).await;
    client.expect(r#"{"type":"unsubscribed","reason":"completed"}"#).await;
    client.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn sub_11_the_end_of_a_connection_releases_every_subscription() {
    let (engine, binding) = shop();
    let (open, opening) = (engine.run("order"), engine.run("order"));
    let mut client = Client::of(&binding).await;
    client.send(&format!(r#"{{"type":"subscribe","journeyId":"{open}","replay":"none"}}"#));
    client.expect(r#"{"type":"subscribed"}"#).await;
    engine.slow_locates([1000]);
    client.send(&format!(r#"{{"type":"subscribe","journeyId":"{opening}"}}"#));
    client.quiet().await;
    assert!(engine.is_watched(&open));
    client.gone().await;
    assert!(!engine.is_watched(&open) && !engine.is_watched(&opening));
}

#[tokio::test(start_paused = true)]
async fn sub_12_unsubscribing_nothing_is_fine() {
    let (engine, binding) = shop();
    engine.run("order");
    let mut client = Client::of(&binding).await;
    for run in ["run-1", "run-7", "no/such/id"] {
        client.send(&format!(r#"{{"type":"unsubscribe","id":"u","journeyId":"{run}"}}"#));
        let expected =
            format!(r#"{{"type":"unsubscribed","id":"u","journeyId":"{run}","reason":"requested"}}"#);
        client.expect(&expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn lim_5_the_limit_refuses_a_subscribe_but_never_an_effect() {
    let (engine, binding) = configured(|config| config.limits.max_subscriptions = 1);
    let (first, second) = (engine.run("order"), engine.run("order"));
    let mut client = Client::of(&binding).await;
    client.send(&format!(r#"{{"type":"subscribe","journeyId":"{first}","replay":"none"}}"#));
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.send(&format!(r#"{{"type":"subscribe","id":"2","journeyId":"{second}"}}"#));
    assert_eq!(client.refused("subscription-limit").await["retryable"], true);
    client.send(r#"{"type":"placeOrder","payload":{}}"#);
    client.expect(r#"{"type":"status","journeyId":"run-3","subscribed":false}"#).await;
    client.send(&format!(r#"{{"type":"subscribe","journeyId":"{first}","replay":"none"}}"#));
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.send(&format!(r#"{{"type":"unsubscribe","journeyId":"{first}"}}"#));
    client.expect(r#"{"type":"unsubscribed"}"#).await;
    client.send(&format!(r#"{{"type":"subscribe","journeyId":"{second}","replay":"none"}}"#));
    client.expect(r#"{"type":"subscribed"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn acc_3_denial_and_removal_end_a_subscription_alike() {
    let (engine, binding) = shop();
    let (denied, removed) = (engine.run("order"), engine.run("order"));
    let mut client = Client::of(&binding).await;
    for run in [&denied, &removed] {
        client.send(&format!(r#"{{"type":"subscribe","journeyId":"{run}","replay":"none"}}"#));
        client.expect(r#"{"type":"subscribed"}"#).await;
    }
    engine.remove(&removed);
    client.expect(&format!(r#"{{"type":"unsubscribed","journeyId":"{removed}","reason":"gone"}}"#)).await;
    engine.deny();
    engine.commit(&denied);
    client.expect(&format!(r#"{{"type":"unsubscribed","journeyId":"{denied}","reason":"gone"}}"#)).await;
    client.send(&format!(r#"{{"type":"subscribe","journeyId":"{denied}"}}"#));
    client.refused("not-found").await;
}

#[tokio::test(start_paused = true)]
async fn acc_4_the_starter_is_answered_and_not_exempt() {
    let (engine, binding) = shop();
    engine.deny();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"placeOrder","payload":{}}"#);
    client.expect(r#"{"type":"status","subscribed":false}"#).await;
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"type":"status","seq":2}"#).await;
    client.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn acc_5_a_faulty_guard_withholds_and_gives_up_after_three_failures() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    engine.fail_reads((0..2).map(|_| EngineError::guard_fault("broken")));
    engine.commit(&run);
    client.quiet_for(Duration::from_millis(700)).await;
    assert_eq!(client.frame_within(Duration::from_millis(100)).await.unwrap()["seq"], 2);
    engine.fail_reads((0..3).map(|_| EngineError::guard_fault("broken")));
    engine.commit(&run);
    let end = client.frame_within(Duration::from_secs(2)).await.unwrap();
    assert_eq!((&end["type"], &end["reason"]), (&"unsubscribed".into(), &"gone".into()));
}

#[tokio::test(start_paused = true)]
async fn engine_trouble_is_retried_and_nothing_is_lost() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    engine.fail_reads([EngineError::internal("disk"), EngineError::internal("disk")]);
    engine.commit(&run);
    client.quiet_for(Duration::from_millis(2900)).await;
    assert_eq!(client.frame_within(Duration::from_millis(200)).await.unwrap()["seq"], 2);
}

/// SUB-8: at most every minute, and not without something new to tell.
#[tokio::test(start_paused = true)]
async fn sub_8_a_filtered_subscription_gets_bookmarks_when_the_client_knows_them() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"hello","features":["bookmark"]}"#);
    client.expect(r#"{"type":"welcome"}"#).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none","events":["outcome"]}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    let mut last = Instant::now();
    for seq in 2..=4 {
        engine.commit(&run);
        let bookmark = client.frame_within(Duration::from_secs(91)).await.expect("a bookmark");
        let expected = json!({"type":"bookmark","journeyId":"run-1","seq":seq,"epoch":"e1"});
        assert_eq!(bookmark, expected);
        assert!(last.elapsed() >= Duration::from_secs(60), "after {:?}", last.elapsed());
        last = Instant::now();
    }
    client.quiet_for(Duration::from_secs(200)).await;
}

#[tokio::test(start_paused = true)]
async fn sub_8_a_client_that_does_not_know_bookmarks_gets_none_now_and_then() {
    for features in ["[]", r#"["credit","later"]"#] {
        let (engine, binding) = shop();
        let run = engine.run("order");
        let mut client = Client::of(&binding).await;
        client.send(&format!(r#"{{"type":"hello","features":{features}}}"#));
        client.expect(r#"{"type":"welcome"}"#).await;
        client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none","events":["outcome"]}"#);
        client.expect(r#"{"type":"subscribed"}"#).await;
        engine.commit(&run);
        client.quiet_for(Duration::from_secs(200)).await;
    }
}

/// ENG-132: a wake-up may be lost, and then nothing is told later than half a minute.
#[tokio::test(start_paused = true)]
async fn inv_6_what_wakes_nobody_is_told_all_the_same() {
    let bound = Duration::from_millis(30_010);
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    for seq in 2..=4 {
        engine.commit_silently(&run);
        let status = client.frame_within(bound).await.expect("within the bound");
        assert_eq!((&status["type"], &status["seq"]), (&"status".into(), &seq.into()));
    }
    engine.finish_silently(&run);
    let outcome = client.frame_within(bound).await.expect("within the bound");
    assert_eq!((&outcome["type"], &outcome["seq"]), (&"outcome".into(), &5.into()));
}

#[tokio::test(start_paused = true)]
async fn mux_3_connections_are_independent() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut one = Client::of(&binding).await;
    let mut two = Client::of(&binding).await;
    for client in [&mut one, &mut two] {
        client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#);
        client.expect(r#"{"type":"subscribed"}"#).await;
    }
    one.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    one.expect(r#"{"type":"status","seq":2,"payload":{"projected":true}}"#).await;
    let push = two.expect(r#"{"type":"status","seq":2}"#).await;
    assert!(push["payload"].get("projected").is_none(), "OP-4");
    one.send(r#"{"type":"unsubscribe","journeyId":"run-1"}"#);
    one.expect(r#"{"type":"unsubscribed"}"#).await;
    engine.commit(&run);
    one.quiet().await;
    two.expect(r#"{"type":"status","seq":3}"#).await;
}

#[tokio::test(start_paused = true)]
async fn seq_5_what_a_reply_tells_while_a_subscription_is_being_opened_is_not_told_again() {
    let (engine, binding) = shop();
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    engine.slow_locates([20]);
    client.send(r#"{"type":"subscribe","id":"s","journeyId":"run-1","after":1,"conflate":false}"#);
    client.quiet().await;
    client.send(r#"{"type":"decide","id":"d","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"type":"status","id":"d","seq":2}"#).await;
    let subscribed = client.frame_within(Duration::from_millis(30)).await.unwrap();
    assert_eq!(
        (&subscribed["id"], &subscribed["after"], &subscribed["head"]),
        (&"s".into(), &1.into(), &2.into())
    );
    client.expect(r#"{"type":"bookmark","seq":2}"#).await;
    engine.commit(&run);
    client.expect(r#"{"type":"status","seq":3}"#).await;
    // What was told before a subscription was asked for is its own matter.
    client.send(r#"{"type":"subscribe","id":"s","journeyId":"run-1","after":1,"conflate":false}"#);
    client.expect(r#"{"type":"subscribed","id":"s"}"#).await;
    client.expect(r#"{"type":"status","seq":2}"#).await;
    client.expect(r#"{"type":"status","seq":3}"#).await;
}
