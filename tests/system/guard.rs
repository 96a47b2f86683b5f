//! Runs that not everybody may read: over HTTP and WebSocket they look like runs that are not there (ENG-113, ACC-3).

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, Method};
use jf_core::JourneyId;
use jf_testkit::{HttpClient, HttpResponse};
use serde_json::{Value, json};

use crate::support::binary::Serving;
use crate::support::raw::RawHttp;
use crate::support::system::System;
use crate::support::{in_time, journeys};

/// Everything a client can see of an answer, but the time it was made.
fn seen(mut response: HttpResponse) -> (u16, HeaderMap, Vec<u8>) {
    response.headers.remove("date");
    (response.status.as_u16(), response.headers, response.body.to_vec())
}

async fn get(http: &HttpClient, path: &str) -> HttpResponse {
    http.send(Method::GET, path, None).await.unwrap()
}

/// A frame as if it were about another run, and an answer to another request.
fn about_nobody(mut frame: Value, run: &str) -> String {
    if let Some(members) = frame.as_object_mut() {
        members.remove("id");
    }
    frame.to_string().replace(run, "somebody")
}

/// Also ENG-051, ENG-053, ENG-057, HTTP-076, ACC-1, ACC-4.
#[tokio::test(flavor = "multi_thread")]
async fn eng_113_over_http_a_denied_run_is_an_unknown_one_to_the_byte() {
    let system = System::start().await;
    let http = system.http();
    let started = http.send(Method::POST, "/api/v1/journeys/casefile/start", Some(&json!({}))).await.unwrap();
    let id = started.json().unwrap()["journeyId"].as_str().unwrap().to_owned();
    let run = format!("/api/v1/journeys/{id}");
    assert_eq!(get(&http, &run).await.status, 200);

    let mut keyed = HeaderMap::new();
    keyed.insert("idempotency-key", HeaderValue::from_static("casefile-sealed-once"));
    let entry = format!("{run}/steps/entry");
    let body = json!({ "seal": true });
    let seal = async || {
        let (headers, body) = (keyed.clone(), body.to_string());
        http.send_bytes(Method::POST, &entry, headers, body.into_bytes().into()).await.unwrap()
    };
    let sealed = seal().await;
    assert_eq!((sealed.status.as_u16(), sealed.header("etag").is_some()), (200, true), "ENG-051");
    let again = seal().await;
    assert_eq!(again.status, 404, "ENG-053: a repetition is a read");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));

    let unknown = format!("/api/v1/journeys/{}", JourneyId::random());
    for (method, path) in [
        (Method::GET, ""),
        (Method::HEAD, ""),
        (Method::GET, "/result"),
        (Method::HEAD, "/result"),
        (Method::POST, "/steps/cancel"),
    ] {
        let denied = http.send(method.clone(), &format!("{run}{path}"), None).await.unwrap();
        let absent = http.send(method.clone(), &format!("{unknown}{path}"), None).await.unwrap();
        assert_eq!(denied.status, 404);
        assert_eq!(seen(denied), seen(absent), "{method} {path}");
    }
    let cached = HeaderMap::from_iter([(http::header::IF_NONE_MATCH, HeaderValue::from_static("*"))]);
    let denied = http.send_bytes(Method::GET, &run, cached, Vec::new().into()).await.unwrap();
    assert_eq!(denied.status, 404, "HTTP-019: no 304 for those who may not read");

    let stale = HeaderMap::from_iter([(http::header::IF_MATCH, HeaderValue::from_static("\"x.99\""))]);
    let refused = http.send_bytes(Method::POST, &entry, stale, "{\"seal\":true}".into()).await.unwrap();
    assert_eq!(refused.status, 412);
    assert_eq!(refused.json().unwrap().get("head"), None, "ENG-054");

    let open = http.send(Method::POST, &entry, Some(&json!({ "seal": false }))).await.unwrap();
    assert_eq!(open.status, 200, "submitting is no read");
    assert_eq!(get(&http, &run).await.status, 200, "judged by the state of now");
    assert_eq!(http.send(Method::POST, &format!("{run}/steps/cancel"), None).await.unwrap().status, 200);
    assert_eq!(get(&http, &format!("{run}/result")).await.status, 200, "by the last context");
}

/// Also ENG-114, WS-043, ACC-4, INV-8.
#[tokio::test(flavor = "multi_thread")]
async fn acc_3_over_websocket_denial_looks_like_absence_and_ends_subscriptions() {
    let system = System::start().await;
    let (mut party, mut other) = (system.websocket("casefile").await, system.websocket("casefile").await);
    let started = party.request(json!({ "type": "casefile.start", "payload": {} })).await.unwrap();
    assert_eq!(started["subscribed"], true, "SUB-1");
    let id = started["journeyId"].as_str().unwrap().to_owned();
    let entry =
        |seal: bool| json!({ "type": "casefile.entry", "journeyId": id, "payload": { "seal": seal } });
    // Somebody else moves the run, twice: what seals it is told to nobody.
    assert_eq!(other.request(entry(false)).await.unwrap()["type"], "status");
    let push = in_time("a push", party.frame()).await.unwrap();
    assert_eq!((&push["type"], &push["journeyId"]), (&json!("status"), &json!(id)));
    assert_eq!(other.request(entry(true)).await.unwrap()["type"], "status", "the first reply is not guarded");
    let gone = in_time("the end of the subscription", party.frame()).await.unwrap();
    assert_eq!((&gone["type"], &gone["reason"]), (&json!("unsubscribed"), &json!("gone")));

    let unknown = JourneyId::random().to_string();
    for kind in ["getStatus", "getOutcome", "subscribe", "cancel"] {
        let denied = party.request(json!({ "type": kind, "journeyId": id })).await.unwrap();
        let absent = party.request(json!({ "type": kind, "journeyId": unknown })).await.unwrap();
        assert_eq!(denied["problem"]["status"], 404, "{denied}");
        assert_eq!(about_nobody(denied, &id), about_nobody(absent, &unknown), "{kind}");
    }

    assert_eq!(other.request(entry(false)).await.unwrap()["type"], "status");
    let open = party.request(json!({ "type": "getStatus", "journeyId": id })).await.unwrap();
    assert_eq!((&open["type"], &open["payload"]["phase"]), (&json!("status"), &json!("RUNNING")), "{open}");
}

/// The medians of so many reads each of a sealed run and of runs that are not there, taken in turns on one connection.
async fn medians(http: &mut RawHttp, sealed: &str, reads: usize) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..reads {
        let unknown = format!("/api/v1/journeys/{}", JourneyId::random());
        for (path, times) in [sealed, &unknown].into_iter().zip(&mut times) {
            let begun = Instant::now();
            assert_eq!(http.get(path).await.status, 404);
            times.push(begun.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

async fn sealed(http: &mut RawHttp) -> String {
    let started = http.post("/api/v1/journeys/casefile/start", "application/json", b"{}").await;
    let run = format!("/api/v1/journeys/{}", started.json()["journeyId"].as_str().unwrap());
    let answer = http.post(&format!("{run}/steps/entry"), "application/json", br#"{"seal":true}"#).await;
    assert_eq!(answer.status, 200);
    run
}

/// ADR 0021. What the times are is printed: `cargo nextest run -p jf-tests -E 'test(takes_as_long)' --no-capture`.
#[tokio::test]
async fn eng_113_over_http_a_denied_run_takes_as_long_as_an_unknown_one() {
    let at_once = Serving::start(&journeys(), Some("limits: { denialHold: PT0S }")).await;
    let mut http = RawHttp::connect(at_once.address()).await;
    let run = sealed(&mut http).await;
    let [denied, unknown] = medians(&mut http, &run, 100).await;
    println!("refused at once: denied {denied:?}, unknown {unknown:?}");

    let serving = Serving::start(&journeys(), None).await;
    let mut http = RawHttp::connect(serving.address()).await;
    let run = sealed(&mut http).await;
    // A guard that has never denied has taught nothing yet.
    medians(&mut http, &run, 1).await;
    for round in 1..=8 {
        let [denied, unknown] = medians(&mut http, &run, 60).await;
        println!("refused at one time, round {round}: denied {denied:?}, unknown {unknown:?}");
        assert!(unknown >= Duration::from_millis(1), "an unknown run is held back");
        // A busy machine has some tries.
        if denied.abs_diff(unknown) < unknown / 10 {
            return;
        }
    }
    panic!("the times differ by a tenth and more");
}
