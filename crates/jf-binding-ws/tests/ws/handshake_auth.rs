//! Platform authentication at the handshake (HS-1, AUTH-4 to AUTH-6), over real sockets.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Extension;
use futures::FutureExt;
use jf_binding_ws::{AuthenticationError, Authenticator, Identity, InBandAuth, Revocation, WsConfig};
use jf_core::{Caller, Principal};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::auth::Desk;
use crate::handshake::{Server, close_of, frame, send, slug};

const PATH: &str = "/ws/journeys/order";

fn judged(config: &mut WsConfig) {
    config.authenticator = Some(Arc::new(Desk::default()));
}

/// WS-022 too.
#[tokio::test]
async fn hs_1_the_token_of_a_handshake_is_judged() {
    let server = Server::start(|config| {
        judged(config);
        config.subprotocol_token = true;
    })
    .await;
    let refused = server.connect(PATH, &[("authorization", "Bearer stranger")]).await.unwrap_err();
    assert_eq!(slug(&refused), (401, "unauthenticated".to_owned()));
    assert_eq!(refused.headers()["www-authenticate"], "Bearer error=\"invalid_token\"");
    let trouble = server.connect(PATH, &[("authorization", "bearer trouble")]).await.unwrap_err();
    assert_eq!(slug(&trouble), (503, "unavailable".to_owned()), "AUTH-6");
    // mia, as the carrier of SP-6 writes her.
    let carried = "base64url.bearer.journeyforge.bWlh, journeyforge.v1";
    for headers in [&[("authorization", "Bearer mia")], &[("sec-websocket-protocol", carried)]] {
        let (mut socket, _) = server.connect(PATH, headers).await.unwrap();
        frame(&mut socket).await;
        send(&mut socket, r#"{"type":"placeOrder","payload":{}}"#).await;
        frame(&mut socket).await;
        let caller = server.engine.last_caller();
        assert_eq!(
            (caller.principal(), caller.header("authorization").as_deref()),
            (Some("mia"), Some("Bearer mia"))
        );
    }
    let (mut socket, _) = server.connect(PATH, &[("authorization", "Basic bWlhOg==")]).await.unwrap();
    assert_eq!(frame(&mut socket).await["type"], "welcome", "other schemes are none of ours");
}

#[tokio::test]
async fn hs_1_authentication_comes_behind_the_origin_and_before_the_subprotocol() {
    let server = Server::start(judged).await;
    let bad = [("authorization", "Bearer stranger"), ("sec-websocket-protocol", "other")];
    let foreign = [bad[0], bad[1], ("origin", "https://evil.test")];
    assert_eq!(slug(&server.connect(PATH, &foreign).await.unwrap_err()).0, 403);
    assert_eq!(slug(&server.connect(PATH, &bad).await.unwrap_err()).0, 401);
    let other = [("authorization", "Bearer mia"), bad[1]];
    assert_eq!(slug(&server.connect(PATH, &other).await.unwrap_err()).0, 400);
}

#[tokio::test]
async fn hs_1_drain_and_caps_come_behind_the_origin_and_before_authentication() {
    let stranger = [("authorization", "Bearer stranger")];
    let foreign = [stranger[0], ("origin", "https://evil.test")];
    let full = Server::start(|config| {
        judged(config);
        config.caps.connections = 1;
    })
    .await;
    let held = full.connect(PATH, &[("authorization", "Bearer mia")]).await.unwrap();
    let refused = full.connect(PATH, &stranger).await.unwrap_err();
    assert_eq!(slug(&refused), (429, "rate-limited".to_owned()));
    assert_eq!(slug(&full.connect(PATH, &foreign).await.unwrap_err()).0, 403);
    drop(held);

    let stopping = Server::start(judged).await;
    stopping.drain.begin();
    let refused = stopping.connect(PATH, &stranger).await.unwrap_err();
    assert_eq!(slug(&refused), (503, "draining".to_owned()));
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(slug(&stopping.connect(PATH, &foreign).await.unwrap_err()).0, 403);
}

#[tokio::test]
async fn auth_4_the_token_of_a_handshake_expires_too() {
    let server = Server::start(judged).await;
    let (mut socket, _) = server.connect(PATH, &[("authorization", "Bearer mia.1")]).await.unwrap();
    assert_eq!(frame(&mut socket).await["type"], "welcome");
    assert_eq!(frame(&mut socket).await["type"], "authExpiring");
    assert_eq!(close_of(&mut socket).await, (4401, "unauthenticated".to_owned()));
    let past = server.connect(PATH, &[("authorization", "Bearer mia.0")]).await.unwrap_err();
    assert_eq!(slug(&past).0, 401);
}

/// Those whom the authenticator finds count like those a layer in front knows.
#[tokio::test]
async fn lim_4_a_principal_counts_however_it_is_found() {
    let server = Server::start(|config| {
        judged(config);
        config.caps.per_principal = 1;
    })
    .await;
    let connect = async |token| server.connect(PATH, &[("authorization", token)]).await;
    let held = connect("Bearer mia").await.unwrap();
    let refused = connect("Bearer mia").await.unwrap_err();
    assert_eq!(slug(&refused), (429, "rate-limited".to_owned()));
    assert!(refused.headers().contains_key("retry-after"));
    connect("Bearer tom").await.unwrap();
    drop(held);
}

/// Lets a test say when it has made up its mind.
#[derive(Debug, Default)]
struct Slow {
    asked: Notify,
    verdict: Notify,
}

#[async_trait]
impl Authenticator for Slow {
    async fn authenticate(&self, _: &str, _: &Caller) -> Result<Identity, AuthenticationError> {
        self.asked.notify_one();
        self.verdict.notified().await;
        Ok(Identity::anonymous())
    }
}

#[tokio::test]
async fn drain_1_a_drain_that_begins_while_a_token_is_judged_refuses_and_is_waited_for() {
    let slow = Arc::new(Slow::default());
    let server = Server::start(|config| config.authenticator = Some(Arc::clone(&slow) as _)).await;
    let drained = async {
        slow.asked.notified().await;
        server.drain.begin();
        assert!(server.drain.closed().now_or_never().is_none(), "somebody is at the door");
        slow.verdict.notify_one();
        server.drain.closed().await;
    };
    let (answer, ()) = tokio::join!(server.connect(PATH, &[("authorization", "Bearer mia")]), drained);
    assert_eq!(slug(&answer.unwrap_err()), (503, "draining".to_owned()));
}

/// AUTH-5 too: a token that nobody judges must not take the place of a credential that ends.
#[tokio::test]
async fn auth_4_without_an_authenticator_frames_replace_nothing_that_a_layer_has_said() {
    let in_a_second = || Timestamp::now() + SignedDuration::from_secs(1);
    let revocation = Revocation::new();
    for (identity, revoked) in [
        (Identity::anonymous().with_expiry(in_a_second()), None),
        (Identity::anonymous().with_revocation(revocation.clone()), Some(&revocation)),
    ] {
        let server = Server::start_with(|_| (), |router| router.layer(Extension(identity))).await;
        let (mut socket, _) = server.connect(PATH, &[]).await.unwrap();
        let welcome = frame(&mut socket).await;
        assert!(!welcome["features"].as_array().unwrap().contains(&"auth".into()), "{welcome}");
        send(&mut socket, r#"{"type":"auth","id":"a","scheme":"bearer","token":"any"}"#).await;
        let refused = loop {
            match frame(&mut socket).await {
                warning if warning["type"] == "authExpiring" => {}
                answer => break answer,
            }
        };
        assert_eq!(refused["problem"]["type"], "urn:journeyforge:error:unsupported", "{refused}");
        revoked.into_iter().for_each(Revocation::revoke);
        assert_eq!(close_of(&mut socket).await, (4401, "unauthenticated".to_owned()));
    }
    let server = Server::start_with(|_| (), |router| router.layer(Extension(Identity::anonymous()))).await;
    let (mut socket, _) = server.connect(PATH, &[]).await.unwrap();
    let welcome = frame(&mut socket).await;
    assert!(welcome["features"].as_array().unwrap().contains(&"auth".into()), "it has said nothing");
}

/// A layer has spoken for the connection, and a token for itself.
#[tokio::test]
async fn auth_4_the_switch_of_a_layer_counts_whatever_token_a_frame_has_brought() {
    let revocation = Revocation::new();
    let identity = Identity::new(Principal::new("mia")).with_revocation(revocation.clone());
    let server = Server::start_with(judged, |router| router.layer(Extension(identity))).await;
    let (mut socket, _) = server.connect(PATH, &[]).await.unwrap();
    frame(&mut socket).await;
    send(&mut socket, r#"{"type":"auth","scheme":"bearer","token":"mia"}"#).await;
    assert_eq!(frame(&mut socket).await["type"], "authenticated");
    revocation.revoke();
    assert_eq!(close_of(&mut socket).await, (4401, "unauthenticated".to_owned()));
}

/// AUTH-5: the switch of a token goes with the token.
#[tokio::test]
async fn auth_4_the_switch_of_a_token_counts_no_longer_than_the_token() {
    let desk = Arc::new(Desk::default());
    let server = Server::start(|config| config.authenticator = Some(Arc::clone(&desk) as _)).await;
    let (mut socket, _) = server.connect(PATH, &[("authorization", "Bearer mia")]).await.unwrap();
    frame(&mut socket).await;
    send(&mut socket, r#"{"type":"auth","scheme":"bearer","token":"plain"}"#).await;
    assert_eq!(frame(&mut socket).await["type"], "authenticated");
    desk.revocation().revoke();
    send(&mut socket, r#"{"type":"ping"}"#).await;
    assert_eq!(frame(&mut socket).await["type"], "pong");
}

/// IDLE-2 too: who is known by the handshake need not say it again.
#[tokio::test]
async fn auth_4_a_layer_in_front_may_know_when_a_credential_ends() {
    let revocation = Revocation::new();
    let identity = Identity::new(Principal::new("mia"))
        .with_expiry(Timestamp::now() + SignedDuration::from_hours(1))
        .with_revocation(revocation.clone());
    let required = |config: &mut WsConfig| {
        judged(config);
        config.in_band_auth = InBandAuth::Required;
    };
    let server = Server::start_with(required, |router| router.layer(Extension(identity))).await;
    let (mut socket, _) = server.connect(PATH, &[("authorization", "Bearer stranger")]).await.unwrap();
    assert_eq!(frame(&mut socket).await["auth"]["required"], false);
    send(&mut socket, r#"{"type":"placeOrder","payload":{}}"#).await;
    assert_eq!(frame(&mut socket).await["type"], "status");
    assert_eq!(server.engine.last_caller().principal(), Some("mia"));
    revocation.revoke();
    assert_eq!(close_of(&mut socket).await, (4401, "unauthenticated".to_owned()));
}
