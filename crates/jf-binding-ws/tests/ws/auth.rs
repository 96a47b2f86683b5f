//! Credentials in frames and the end of credentials (§16, IDLE-2).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, Method};
use jf_binding_ws::{
    AuthenticationError, Authenticator, Identity, InBandAuth, OnExpiry, Revocation, WsBinding, WsConfig,
};
use jf_core::{Caller, Principal};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::engine::ScriptedEngine;
use crate::handshake::{Server, close_of, frame};
use crate::wire::{Client, configured};

/// Knows everybody by the first word of a token; the second one says for how many seconds.
#[derive(Debug, Default)]
pub(crate) struct Desk(Revocation);

impl Desk {
    pub(crate) fn revocation(&self) -> &Revocation {
        &self.0
    }
}

#[async_trait]
impl Authenticator for Desk {
    async fn authenticate(&self, token: &str, _: &Caller) -> Result<Identity, AuthenticationError> {
        let mut words = token.split('.');
        let identity = match words.next().unwrap_or_default() {
            "stranger" => return Err(AuthenticationError::Rejected),
            "trouble" => return Err(AuthenticationError::Unavailable),
            "panic" => panic!("of an authenticator"),
            "never" => std::future::pending().await,
            "anonymous" => Identity::anonymous(),
            "slow" => {
                tokio::time::sleep(Duration::from_secs(3)).await;
                Identity::new(Principal::new("mia"))
            }
            "plain" => Identity::new(Principal::new("mia")),
            "late" => {
                tokio::time::sleep(Duration::from_secs(3)).await;
                return Err(AuthenticationError::Rejected);
            }
            who => Identity::new(Principal::new(who)).with_revocation(self.0.clone()),
        };
        Ok(match words.next().and_then(|seconds| seconds.parse().ok()) {
            Some(seconds) => identity.with_expiry(Timestamp::now() + SignedDuration::from_secs(seconds)),
            None => identity,
        })
    }
}

fn guarded(change: impl FnOnce(&mut WsConfig)) -> (Arc<ScriptedEngine>, WsBinding) {
    configured(|config| {
        config.authenticator = Some(Arc::new(Desk::default()));
        change(config);
    })
}

fn auth(token: &str) -> String {
    format!(r#"{{"type":"auth","id":"a","scheme":"bearer","token":"{token}"}}"#)
}

fn hello(token: &str) -> String {
    format!(r#"{{"type":"hello","id":"h","auth":{{"scheme":"bearer","token":"{token}"}}}}"#)
}

/// A client that the handshake has made known.
async fn known(binding: &WsBinding, who: &str) -> Client {
    let mut client = Client::calling(binding, "/ws/journeys/order", |caller| caller.principal(who));
    client.expect(r#"{"type":"welcome","auth":{"required":false}}"#).await;
    client
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A client with a credential that ends in five seconds, of which it has been told.
async fn for_five_seconds(binding: &WsBinding) -> Client {
    let mut client = Client::of(binding).await;
    client.send(&auth("mia.5"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.expect(r#"{"type":"authExpiring"}"#).await;
    client
}

/// WS-023 too.
#[tokio::test(start_paused = true)]
async fn auth_5_a_credential_in_a_frame_is_what_the_engine_sees_from_then_on() {
    let (engine, binding) = guarded(|_| ());
    engine.run("order");
    let mut client = Client::silent(&binding, "/ws/journeys/order");
    let welcome = client.frame().await;
    assert!(welcome["features"].as_array().unwrap().contains(&"auth".into()));
    client.send(&auth("mia"));
    client.send(r#"{"type":"decide","id":"1","journeyId":"run-1","payload":1}"#);
    let authenticated = client.expect(r#"{"type":"authenticated","id":"a"}"#).await;
    assert!(authenticated.get("expiresAt").is_none(), "{authenticated}");
    client.expect(r#"{"type":"status","id":"1"}"#).await;
    let caller = engine.last_caller();
    assert_eq!(caller.header("authorization").as_deref(), Some("Bearer mia"));
    assert_eq!(caller.principal(), Some("mia"));
    tokio::time::sleep(seconds(5)).await;
    client.send(&auth("mia.600"));
    client.expect(r#"{"type":"authenticated","id":"a"}"#).await;
    client.send(r#"{"type":"getStatus","id":"2","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"status","id":"2"}"#).await;
    let renewed = engine.last_caller();
    assert_eq!(renewed.header("authorization").as_deref(), Some("Bearer mia.600"));
    assert!(!renewed.is_same_request(&caller), "ENG-116: no decision for the old one counts");
}

/// Whoever shows it is nobody the platform knows, and it stays for as long as the connection does.
#[tokio::test(start_paused = true)]
async fn auth_5_a_token_in_a_frame_has_at_most_sixteen_kibibytes() {
    let (engine, binding) = configured(|_| ());
    engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(&auth(&"t".repeat(1 << 20)));
    let error = client.refused("invalid-input").await;
    assert_eq!((&error["id"], &error["problem"]["member"]), (&"a".into(), &"token".into()), "{error}");
    client.send(&hello(&"t".repeat((16 << 10) + 1)));
    assert_eq!(client.refused("invalid-input").await["problem"]["member"], "auth.token");
    let token = "t".repeat(16 << 10);
    client.send(&auth(&token));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.send(r#"{"type":"getStatus","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"status"}"#).await;
    assert_eq!(engine.last_caller().header("authorization"), Some(format!("Bearer {token}")));
}

#[tokio::test(start_paused = true)]
async fn auth_5_pushes_are_judged_with_the_renewed_credential() {
    let (engine, binding) = guarded(|_| ());
    let run = engine.run("order");
    let mut client = known(&binding, "mia").await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.send(&auth("mia.600"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    engine.commit(&run);
    client.expect(r#"{"type":"status","seq":2}"#).await;
    assert_eq!(engine.last_reader().header("authorization").as_deref(), Some("Bearer mia.600"));
}

#[tokio::test(start_paused = true)]
async fn auth_5_another_principal_is_forbidden_and_the_connection_ends() {
    for other in ["tom", "anonymous"] {
        let (engine, binding) = guarded(|_| ());
        engine.run("order");
        let mut client = known(&binding, "mia").await;
        client.send(&auth(other));
        client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
        let error = client.refused("forbidden").await;
        assert_eq!((&error["id"], &error["effect"]), (&"a".into(), &"none".into()));
        client.closed(4403, "forbidden").await;
        assert_eq!(engine.calls(), Vec::<String>::new(), "nothing is done for {other}");
    }
}

#[tokio::test(start_paused = true)]
async fn auth_5_credentials_come_at_most_every_five_seconds() {
    let (_engine, binding) = guarded(|_| ());
    let mut client = Client::of(&binding).await;
    client.send(&auth("stranger"));
    client.refused("unauthenticated").await;
    client.send(&auth("mia"));
    let error = client.refused("rate-limited").await;
    assert!((4000..=5000).contains(&error["retryAfterMs"].as_u64().unwrap()), "{error}");
    tokio::time::sleep(seconds(5)).await;
    client.send(&auth("mia"));
    client.expect(r#"{"type":"authenticated"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn auth_5_what_arrives_behind_a_credential_waits_for_the_verdict_in_order() {
    let (engine, binding) = guarded(|_| ());
    engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(&auth("slow"));
    client.send(r#"{"type":"decide","id":"1","journeyId":"run-1","payload":"first"}"#);
    client.send(r#"{"type":"decide","id":"2","journeyId":"run-1","payload":"second"}"#);
    client.send(r#"{"type":"getStatus","id":"2","journeyId":"run-1"}"#);
    client.refused("duplicate-id").await;
    client.send(r#"{"type":"ping","id":"p"}"#);
    client.expect(r#"{"type":"pong","id":"p"}"#).await;
    client.quiet_for(seconds(2)).await;
    let authenticated = client.frame_within(seconds(2)).await.unwrap();
    assert_eq!(authenticated["type"], "authenticated");
    client.expect(r#"{"id":"1","type":"status"}"#).await;
    client.expect(r#"{"id":"2","type":"status"}"#).await;
    assert_eq!(engine.calls(), [r#"submit run-1 "first""#, r#"submit run-1 "second""#]);
    assert_eq!(engine.last_caller().principal(), Some("mia"));
    client.send(r#"{"type":"unsubscribe","id":"2","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"unsubscribed","id":"2"}"#).await;
}

/// FLOW-5 too: what waits is bounded.
#[tokio::test(start_paused = true)]
async fn flow_5_requests_that_wait_for_a_verdict_are_in_flight() {
    let (_engine, binding) = guarded(|config| config.limits.max_in_flight = 2.try_into().unwrap());
    let mut client = Client::of(&binding).await;
    client.send(&auth("slow"));
    client.send(r#"{"type":"getStatus","id":"1","journeyId":"run-9"}"#);
    client.send(r#"{"type":"getStatus","id":"2","journeyId":"run-9"}"#);
    client.refused("too-many-in-flight").await;
}

#[tokio::test(start_paused = true)]
async fn auth_4_an_expiry_is_announced_a_minute_before_and_closes() {
    let (engine, binding) = guarded(|_| ());
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(&auth("mia.300"));
    let expires_at = client.expect(r#"{"type":"authenticated"}"#).await["expiresAt"].clone();
    assert!(expires_at.as_str().unwrap().parse::<Timestamp>().is_ok());
    client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.quiet_for(seconds(239)).await;
    let warning = client.frame_within(seconds(2)).await.unwrap();
    assert_eq!((&warning["type"], &warning["expiresAt"]), (&"authExpiring".into(), &expires_at));
    client.quiet_for(seconds(58)).await;
    assert!(client.is_open());
    client.closed_within(seconds(5), 4401, "unauthenticated").await;
    assert!(!engine.is_watched(&run));
}

#[tokio::test(start_paused = true)]
async fn auth_4_a_renewed_credential_is_good_for_its_own_time() {
    let (_engine, binding) = guarded(|_| ());
    let mut client = Client::of(&binding).await;
    client.send(&auth("mia.30"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.expect(r#"{"type":"authExpiring"}"#).await;
    client.quiet_for(seconds(20)).await;
    client.send(&auth("mia.300"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.quiet_for(seconds(238)).await;
    assert_eq!(client.frame_within(seconds(3)).await.unwrap()["type"], "authExpiring");
    client.quiet_for(seconds(57)).await;
    client.closed_within(seconds(5), 4401, "unauthenticated").await;
}

#[tokio::test(start_paused = true)]
async fn auth_4_degraded_the_connection_waits_for_another_credential() {
    let (engine, binding) = guarded(|config| config.on_expiry = OnExpiry::Degrade);
    let run = engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(&auth("mia.10"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.expect(r#"{"type":"authExpiring"}"#).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    let end = client.frame_within(seconds(11)).await.unwrap();
    assert_eq!((&end["type"], &end["reason"]), (&"unsubscribed".into(), &"auth-expired".into()));
    engine.commit(&run);
    client.quiet().await;
    for frame in [
        r#"{"type":"decide","journeyId":"run-1","payload":1}"#,
        r#"{"type":"placeOrder","payload":{}}"#,
        r#"{"type":"cancel","journeyId":"run-1"}"#,
        r#"{"type":"getStatus","journeyId":"run-1"}"#,
        r#"{"type":"subscribe","journeyId":"run-1"}"#,
    ] {
        client.send(frame);
        assert_eq!(client.refused("unauthenticated").await["effect"], "none", "{frame}");
    }
    assert_eq!(engine.calls(), Vec::<String>::new());
    client.send(r#"{"type":"ping"}"#);
    client.expect(r#"{"type":"pong"}"#).await;
    client.send(&auth("tom"));
    client.refused("forbidden").await;
    client.closed(4403, "forbidden").await;

    let mut client = for_five_seconds(&binding).await;
    client.quiet_for(seconds(6)).await;
    client.send(&auth("mia"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"type":"status"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn auth_4_nothing_opened_before_the_expiry_is_kept_after_it() {
    let (engine, binding) = guarded(|config| config.on_expiry = OnExpiry::Degrade);
    let runs: Vec<_> = (0..20).map(|_| engine.run("order")).collect();
    let entries: Vec<_> = runs.iter().map(|run| format!(r#"{{"journeyId":"{run}"}}"#)).collect();
    let mut client = Client::of(&binding).await;
    engine.slow_locates([5000; 20]);
    client.send(&format!(
        r#"{{"type":"hello","auth":{{"scheme":"bearer","token":"mia.2"}},"resume":[{}]}}"#,
        entries.join(",")
    ));
    client.expect(r#"{"type":"welcome"}"#).await;
    client.expect(r#"{"type":"authExpiring"}"#).await;
    for _ in 0..20 {
        let frame = client.frame_within(seconds(6)).await.expect("an answer for each");
        assert_eq!(frame["problem"]["type"], "urn:journeyforge:error:unauthenticated", "{frame}");
    }
    assert!(runs.iter().all(|run| !engine.is_watched(run)));
}

#[tokio::test(start_paused = true)]
async fn auth_4_a_revoked_credential_ends_its_connections_at_once() {
    let desk = Desk::default();
    let revocation = desk.0.clone();
    let (_engine, binding) = configured(|config| config.authenticator = Some(Arc::new(desk)));
    let mut client = Client::of(&binding).await;
    client.send(&auth("mia"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.quiet().await;
    revocation.revoke();
    client.closed(4401, "unauthenticated").await;
}

/// AUTH-3 too: what arrives together with the end of a credential comes too late.
#[tokio::test(start_paused = true)]
async fn auth_4_nothing_is_done_with_a_credential_that_is_over() {
    let desk = Desk::default();
    let revocation = desk.0.clone();
    let (engine, binding) = configured(|config| config.authenticator = Some(Arc::new(desk)));
    engine.run("order");
    let decide = r#"{"type":"decide","id":"d","journeyId":"run-1","payload":1}"#;
    let mut client = Client::of(&binding).await;
    client.send(&auth("mia.300"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.send(decide);
    tokio::time::advance(seconds(301)).await;
    client.closed(4401, "unauthenticated").await;
    assert_eq!(engine.calls(), Vec::<String>::new(), "expired");
    let mut client = Client::of(&binding).await;
    client.send(&auth("mia"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.send(decide);
    revocation.revoke();
    client.closed(4401, "unauthenticated").await;
    assert_eq!(engine.calls(), Vec::<String>::new(), "revoked");
    let mut client = Client::of(&binding).await;
    client.send(&auth("mia"));
    client.refused("unauthenticated").await;
    client.quiet().await;
    assert!(client.is_open(), "it was never accepted");
}

#[tokio::test(start_paused = true)]
async fn auth_4_a_request_that_waited_is_judged_when_it_begins_and_a_read_when_it_is_answered() {
    let (engine, binding) = guarded(|config| {
        config.on_expiry = OnExpiry::Degrade;
        config.reply_backlog_bytes = 8000.try_into().unwrap();
    });
    engine.run("order");
    let mut client = for_five_seconds(&binding).await;
    engine.slow_locates([6000]);
    client.send(r#"{"type":"getStatus","id":"r","journeyId":"run-1"}"#);
    client.window(0);
    for _ in 0..15 {
        client.send("nonsense");
    }
    client.send(r#"{"type":"decide","id":"d","journeyId":"run-1","payload":1}"#);
    tokio::time::sleep(seconds(5)).await;
    client.open_window();
    for _ in 0..15 {
        client.refused("malformed-frame").await;
    }
    assert_eq!(client.refused("unauthenticated").await["id"], "d");
    assert_eq!(engine.calls(), Vec::<String>::new());
    client.quiet_for(Duration::from_millis(900)).await;
    let answer = client.frame_within(seconds(1)).await.unwrap();
    assert_eq!((&answer["id"], &answer["type"]), (&"r".into(), &"error".into()), "{answer}");
}

/// What is held behind `auth` is judged with the credential it brings, and not by the one there was when it arrived.
#[tokio::test(start_paused = true)]
async fn auth_5_what_is_held_behind_a_credential_is_judged_with_it() {
    let (engine, binding) = guarded(|config| {
        config.on_expiry = OnExpiry::Degrade;
        config.reply_backlog_bytes = 8000.try_into().unwrap();
    });
    engine.run("order");
    let mut client = for_five_seconds(&binding).await;
    client.window(0);
    for _ in 0..15 {
        client.send("nonsense");
    }
    client.send(r#"{"type":"getStatus","id":"r","journeyId":"run-1"}"#);
    tokio::time::sleep(seconds(5)).await;
    client.send(&auth("mia.600"));
    client.send(r#"{"type":"decide","id":"d","journeyId":"run-1","payload":1}"#);
    tokio::time::sleep(seconds(1)).await;
    client.open_window();
    for _ in 0..15 {
        client.refused("malformed-frame").await;
    }
    assert_eq!(client.refused("unauthenticated").await["id"], "r");
    client.expect(r#"{"type":"authenticated","id":"a"}"#).await;
    client.expect(r#"{"type":"status","id":"d"}"#).await;
}

/// AUTH-3 too: a request is one to the engine when the engine gets it, and not when it arrives here.
#[tokio::test(start_paused = true)]
async fn auth_4_a_command_that_has_waited_beyond_the_end_of_its_credential_is_not_carried_out() {
    for renewed in [false, true] {
        let (engine, binding) = guarded(|config| config.on_expiry = OnExpiry::Degrade);
        engine.run("order");
        let mut client = Client::of(&binding).await;
        client.send(&auth("mia.5"));
        client.expect(r#"{"type":"authenticated"}"#).await;
        client.expect(r#"{"type":"authExpiring"}"#).await;
        engine.slow_locates([6000]);
        // The first one looks for its run, the others wait for their turn.
        client.send(r#"{"type":"decide","id":"1","journeyId":"run-1","payload":1}"#);
        client.send(r#"{"type":"decide","id":"2","journeyId":"run-1","payload":2}"#);
        client.send(r#"{"type":"cancel","id":"3","journeyId":"run-1"}"#);
        client.quiet_for(Duration::from_millis(5500)).await;
        if renewed {
            client.send(&auth("mia.600"));
            client.expect(r#"{"type":"authenticated"}"#).await;
        }
        client.quiet_for(Duration::from_millis(400)).await;
        for id in ["1", "2", "3"] {
            let answer = client.frame_within(seconds(1)).await.unwrap();
            assert_eq!((&answer["id"], &answer["effect"]), (&id.into(), &"none".into()), "{answer}");
            assert_eq!(answer["problem"]["type"], "urn:journeyforge:error:unauthenticated", "{answer}");
        }
        assert_eq!(engine.calls(), Vec::<String>::new(), "renewed: {renewed}");
        if renewed {
            client.send(r#"{"type":"decide","id":"4","journeyId":"run-1","payload":4}"#);
            client.expect(r#"{"type":"status","id":"4"}"#).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn auth_4_a_credential_that_is_renewed_in_time_stops_nothing_that_waits() {
    let (engine, binding) = guarded(|config| config.on_expiry = OnExpiry::Degrade);
    engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(&auth("mia.10"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.expect(r#"{"type":"authExpiring"}"#).await;
    engine.slow_locates([12_000]);
    client.send(r#"{"type":"decide","id":"1","journeyId":"run-1","payload":1}"#);
    client.quiet_for(seconds(6)).await;
    client.send(&auth("mia.600"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    let answer = client.frame_within(seconds(7)).await.unwrap();
    assert_eq!((&answer["id"], &answer["type"]), (&"1".into(), &"status".into()), "{answer}");
}

/// ENG-053: to repeat a reply is to read, and so is the refusal to.
#[tokio::test(start_paused = true)]
async fn auth_4_no_read_is_told_after_the_end_whatever_came_of_it() {
    let (engine, binding) = guarded(|config| config.on_expiry = OnExpiry::Degrade);
    engine.run("order");
    let mut client = for_five_seconds(&binding).await;
    engine.hold();
    client.send(r#"{"type":"decide","id":"told","journeyId":"run-1","payload":1}"#);
    client.quiet().await;
    engine.replay();
    client.send(r#"{"type":"decide","id":"1","journeyId":"run-1","payload":1,"key":"0123456789abcdef"}"#);
    client.send(r#"{"type":"placeOrder","id":"2","payload":{},"key":"0123456789abcdef"}"#);
    client.quiet().await;
    engine.slow_locates([6000]);
    client.send(r#"{"type":"getOutcome","id":"3","journeyId":"run-1"}"#);
    client.quiet_for(Duration::from_millis(5500)).await;
    engine.let_go(3);
    let mut answers = Vec::new();
    for _ in 0..4 {
        let answer = client.frame_within(seconds(2)).await.unwrap();
        let slug = answer["problem"]["type"].as_str().map(|slug| slug.rsplit(':').next().unwrap().to_owned());
        answers.push((answer["id"].as_str().unwrap().to_owned(), slug));
    }
    answers.sort();
    let refused = || Some("unauthenticated".to_owned());
    let expected = [("1", refused()), ("2", refused()), ("3", refused()), ("told", None)];
    assert_eq!(answers, expected.map(|(id, slug)| (id.to_owned(), slug)));
}

/// AUTH-6 too: how long a verdict takes is no fault of who has asked for it in time.
#[tokio::test(start_paused = true)]
async fn auth_4_a_renewal_that_is_being_judged_keeps_the_connection_until_its_verdict() {
    for (token, told, close) in [
        ("slow.600", "authenticated", None),
        ("late", "unauthenticated", Some((4401, "unauthenticated"))),
        ("never", "unavailable", Some((1013, "try-later"))),
    ] {
        let (engine, binding) = guarded(|_| ());
        let run = engine.run("order");
        let mut client = Client::of(&binding).await;
        client.send(&auth("mia.8"));
        client.expect(r#"{"type":"authenticated"}"#).await;
        client.expect(r#"{"type":"authExpiring"}"#).await;
        client.send(r#"{"type":"subscribe","journeyId":"run-1","replay":"none"}"#);
        client.expect(r#"{"type":"subscribed"}"#).await;
        client.quiet_for(seconds(6)).await;
        client.send(&auth(token));
        client.send(r#"{"type":"getStatus","id":"r","journeyId":"run-1"}"#);
        client.quiet_for(Duration::from_millis(2500)).await;
        engine.commit(&run);
        client.quiet_for(Duration::from_millis(400)).await;
        let verdict = client.frame_within(seconds(3)).await.unwrap();
        let slug = verdict["problem"]["type"].as_str().map(|slug| slug.rsplit(':').next().unwrap());
        assert_eq!(slug.unwrap_or_else(|| verdict["type"].as_str().unwrap()), told, "{verdict}");
        let Some((code, name)) = close else {
            client.expect(r#"{"type":"status","id":"r","seq":2}"#).await;
            engine.commit(&run);
            client.expect(r#"{"type":"status","seq":3}"#).await;
            continue;
        };
        assert_eq!(client.refused("unauthenticated").await["id"], "r");
        let end = client.within(Duration::from_millis(1)).await;
        let Some(tungstenite::Message::Close(Some(end))) = end else { panic!("{token}: {end:?}") };
        assert_eq!((u16::from(end.code), end.reason.as_str()), (code, name), "{token}: no push before it");
    }
}

/// AUTH-6: who could not show another credential has not lost the one he had by a fault of his own.
#[tokio::test(start_paused = true)]
async fn auth_6_an_expiry_behind_trouble_of_the_server_is_no_fault_of_the_client() {
    let (_engine, binding) = guarded(|_| ());
    let mut client = Client::of(&binding).await;
    client.send(&auth("mia.8"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.expect(r#"{"type":"authExpiring"}"#).await;
    client.quiet_for(seconds(6)).await;
    client.send(&auth("trouble"));
    client.refused("unavailable").await;
    client.closed_within(seconds(3), 1013, "try-later").await;
}

/// A connection that could stay, but never get anything again, is closed.
#[tokio::test]
async fn auth_4_without_a_way_to_bring_another_credential_an_expiry_closes() {
    let identity =
        Identity::new(Principal::new("mia")).with_expiry(Timestamp::now() + SignedDuration::from_secs(1));
    let server = Server::start_with(
        |config| config.on_expiry = OnExpiry::Degrade,
        |router| router.layer(axum::Extension(identity)),
    )
    .await;
    let (mut socket, _) = server.connect("/ws/journeys/order", &[]).await.unwrap();
    frame(&mut socket).await;
    assert_eq!(close_of(&mut socket).await, (4401, "unauthenticated".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn auth_5_of_two_credentials_at_once_the_second_is_refused() {
    let (_engine, binding) = guarded(|config| config.reply_backlog_bytes = 8000.try_into().unwrap());
    let mut client = Client::of(&binding).await;
    client.send(&auth("slow"));
    client.quiet().await;
    client.window(0);
    // The verdict is not looked at while so much waits to be written.
    for _ in 0..15 {
        client.send("nonsense");
    }
    tokio::time::sleep(seconds(6)).await;
    client.send(&auth("tom").replace(r#""a""#, r#""b""#));
    tokio::time::sleep(seconds(1)).await;
    client.open_window();
    for _ in 0..15 {
        client.refused("malformed-frame").await;
    }
    assert_eq!(client.refused("rate-limited").await["id"], "b");
    client.expect(r#"{"type":"authenticated","id":"a"}"#).await;
    client.quiet_for(seconds(6)).await;
    assert!(client.is_open());
}

/// A panic has nothing to say about a token, and is a fault of the server wherever else it comes from.
#[tokio::test(start_paused = true)]
async fn auth_6_a_panic_is_a_fault_of_the_server() {
    let (engine, binding) = guarded(|_| ());
    engine.run("order");
    let mut client = known(&binding, "mia").await;
    client.send(&auth("panic"));
    client.refused("unavailable").await;
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"type":"status"}"#).await;
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":"panic"}"#);
    client.closed(1011, "internal").await;
}

#[tokio::test(start_paused = true)]
async fn auth_6_trouble_of_the_server_is_no_fault_of_a_credential() {
    let (engine, binding) = guarded(|_| ());
    engine.run("order");
    let mut client = known(&binding, "mia").await;
    client.send(&auth("trouble"));
    let error = client.refused("unavailable").await;
    assert_eq!((&error["retryable"], &error["effect"]), (&true.into(), &"none".into()));
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"type":"status"}"#).await;
    tokio::time::sleep(seconds(5)).await;
    client.send(&auth("never"));
    client.quiet_for(seconds(4)).await;
    let error = client.frame_within(seconds(2)).await.unwrap();
    assert_eq!(error["problem"]["type"], "urn:journeyforge:error:unavailable", "it may take five seconds");

    let (_engine, binding) = guarded(|config| config.in_band_auth = InBandAuth::Required);
    let mut client = Client::of(&binding).await;
    client.send(&hello("trouble"));
    client.refused("unavailable").await;
    client.closed_within(seconds(11), 1013, "try-later").await;
}

#[tokio::test(start_paused = true)]
async fn idle_2_where_a_credential_is_required_nothing_is_done_before_it() {
    let (engine, binding) = guarded(|config| config.in_band_auth = InBandAuth::Required);
    engine.run("order");
    let mut client = Client::silent(&binding, "/ws/journeys/order");
    let welcome = client.expect(r#"{"type":"welcome","auth":{"required":true}}"#).await;
    assert!(welcome.get("journeys").is_none(), "§4");
    client.send(r#"{"type":"ping","id":"p"}"#);
    client.expect(r#"{"type":"pong","id":"p"}"#).await;
    for frame in [
        r#"{"type":"placeOrder","payload":{}}"#,
        r#"{"type":"getStatus","journeyId":"run-1"}"#,
        r#"{"type":"unsubscribe","journeyId":"run-1"}"#,
        r#"{"type":"auth","scheme":"bearer","token":"mia"}"#,
        r#"{"type":"credit","n":1}"#,
        r#"{"type":"hello"}"#,
    ] {
        client.send(frame);
        client.refused("unauthenticated").await;
    }
    client.send(r#"{"type":"pong"}"#);
    client.quiet().await;
    client.send(&hello("stranger"));
    client.send(r#"{"type":"placeOrder","id":"1","payload":{}}"#);
    client.refused("unauthenticated").await;
    assert_eq!(client.refused("unauthenticated").await["id"], "1");
    tokio::time::sleep(seconds(5)).await;
    client.send(&hello("slow"));
    client.send(r#"{"type":"placeOrder","id":"2","payload":{}}"#);
    client.quiet_for(Duration::from_millis(2900)).await;
    let welcome = client.frame_within(Duration::from_millis(200)).await.unwrap();
    assert_eq!((&welcome["id"], &welcome["auth"]["required"]), (&"h".into(), &false.into()));
    assert_eq!(welcome["journeys"][0]["journeyName"], "order");
    client.expect(r#"{"type":"status","id":"2"}"#).await;
    assert_eq!(engine.calls(), ["start order {}"]);
    client.quiet_for(seconds(20)).await;
    assert!(client.is_open());
}

#[tokio::test(start_paused = true)]
async fn idle_2_a_silent_client_is_closed_after_ten_seconds() {
    let (_engine, binding) = guarded(|config| config.in_band_auth = InBandAuth::Required);
    let mut client = Client::of(&binding).await;
    client.quiet_for(Duration::from_millis(9900)).await;
    client.closed_within(Duration::from_millis(200), 4408, "hello-timeout").await;
    let mut client = known(&binding, "mia").await;
    client.quiet_for(seconds(20)).await;
    assert!(client.is_open(), "the handshake has authenticated it");
}

#[tokio::test(start_paused = true)]
async fn idle_2_a_credential_that_is_no_good_is_as_none() {
    let (_engine, binding) = guarded(|config| config.in_band_auth = InBandAuth::Required);
    let mut client = Client::of(&binding).await;
    tokio::time::sleep(seconds(4)).await;
    client.send(&hello("stranger"));
    client.refused("unauthenticated").await;
    client.quiet_for(Duration::from_millis(5900)).await;
    assert!(client.is_open());
    client.closed_within(Duration::from_millis(200), 4408, "hello-timeout").await;
}

#[tokio::test(start_paused = true)]
async fn idle_2_a_verdict_that_comes_late_is_waited_for() {
    let (_engine, binding) = guarded(|config| config.in_band_auth = InBandAuth::Required);
    let mut client = Client::of(&binding).await;
    tokio::time::sleep(seconds(9)).await;
    client.send(&hello("slow"));
    let welcome = client.frame_within(seconds(4)).await.unwrap();
    assert_eq!(welcome["type"], "welcome");
    assert!(client.is_open());
}

#[tokio::test(start_paused = true)]
async fn idle_2_frames_before_the_credential_are_small() {
    let (_engine, binding) = guarded(|config| config.in_band_auth = InBandAuth::Required);
    let padded = |bytes: usize| {
        let frame = r#"{"type":"ping","x-pad":""}"#;
        frame.replace("\"\"", &format!("\"{}\"", "x".repeat(bytes - frame.len())))
    };
    let mut client = Client::of(&binding).await;
    client.send(&padded(16 << 10));
    client.expect(r#"{"type":"pong"}"#).await;
    client.send(&padded((16 << 10) + 1));
    client.closed(1009, "framing").await;
}

#[tokio::test(start_paused = true)]
async fn auth_5_without_an_authenticator_the_token_is_for_the_journeys_to_judge() {
    let (engine, binding) = configured(|_| ());
    engine.run("order");
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("Bearer old"));
    let mut client = Client::calling(&binding, "/ws/journeys/order", |caller| caller.headers(headers));
    client.expect(r#"{"type":"welcome"}"#).await;
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"type":"status"}"#).await;
    assert_eq!(engine.last_caller().header("authorization").as_deref(), Some("Bearer old"));
    client.send(&auth("new"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"type":"status"}"#).await;
    assert_eq!(engine.last_caller().header("authorization").as_deref(), Some("Bearer new"));
}

#[tokio::test(start_paused = true)]
async fn auth_5_nobody_known_is_replaced_by_a_token_that_nobody_judges() {
    let (_engine, binding) = configured(|_| ());
    for (binding, who) in [(binding, Some("mia")), (configured(|c| c.in_band_auth = InBandAuth::Off).1, None)]
    {
        let mut client = Client::calling(&binding, "/ws/journeys/order", |caller| match who {
            Some(who) => caller.principal(who),
            None => caller,
        });
        let welcome: Value = client.frame().await;
        assert!(!welcome["features"].as_array().unwrap().contains(&"auth".into()));
        client.send(&auth("new"));
        client.refused("unsupported").await;
        client.send(&hello("new"));
        client.refused("invalid-input").await;
        client.closed(4400, "protocol-violation").await;
    }
}

/// AUTH-7: what one connection was allowed counts for no other.
#[tokio::test(start_paused = true)]
async fn auth_7_a_resumed_connection_is_authorised_from_scratch() {
    let (engine, binding) = guarded(|_| ());
    engine.run("order");
    let mut client = Client::of(&binding).await;
    client.send(&auth("mia"));
    client.expect(r#"{"type":"authenticated"}"#).await;
    client.send(r#"{"type":"subscribe","journeyId":"run-1"}"#);
    client.expect(r#"{"type":"subscribed"}"#).await;
    client.expect(r#"{"type":"status"}"#).await;
    client.gone().await;
    engine.deny();
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"hello","resume":[{"journeyId":"run-1","after":1}]}"#);
    client.expect(r#"{"type":"welcome"}"#).await;
    client.refused("not-found").await;
    client.send(r#"{"type":"getStatus","journeyId":"run-1"}"#);
    client.refused("not-found").await;
    assert_eq!(Method::GET, engine.last_reader().method());
    assert_eq!(engine.last_reader().principal(), None);
}
