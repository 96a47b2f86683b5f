//! Bad input over HTTP, to the real server: each gets its status and Problem, and the connection lives on.

use futures::{FutureExt, StreamExt};
use jf_core::{HeadSignal, JourneyId};
use jf_store::Retention;
use jf_testkit::{CancelRun, Request, Start, Submit};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::binary::Serving;
use crate::support::raw::{RawAnswer, RawHttp};
use crate::support::system::System;
use crate::support::{in_time, journeys, urn};

const JSON: &str = "application/json";
const UNKNOWN: &str = "/api/v1/journeys/AAAAAAAAAAAAAAAAAAAAAA";

/// What it is, path, media type, body; status and Problem of the answer.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [u8], u16, &'a str);

async fn serving() -> Serving {
    Serving::start(&journeys(), None).await
}

async fn waiting(http: &mut RawHttp) -> String {
    let started = http.post("/api/v1/journeys/review/start", JSON, br#"{"orderId":"A-17","amount":1}"#).await;
    assert_eq!(started.status, 200);
    format!("/api/v1/journeys/{}", started.json()["journeyId"].as_str().unwrap())
}

fn assert_problem(what: &str, answer: &RawAnswer, status: u16, slug: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    let problem = answer.json();
    assert_eq!(
        (&problem["type"], &problem["status"]),
        (&json!(urn(slug)), &json!(status)),
        "{what}: {problem}"
    );
    if status == 404 {
        assert_eq!(
            problem,
            json!({ "type": urn("not-found"), "title": "Not Found", "status": 404 }),
            "{what}"
        );
    }
}

async fn assert_healthy(what: &str, http: &mut RawHttp) {
    let answer = http.get("/livez").await;
    assert_eq!(answer.status, 200, "the connection after {what}");
}

/// HTTP-010 to HTTP-013, HTTP-020, HTTP-022, HTTP-076: bodies that are none, on one connection that stays open.
#[tokio::test]
async fn http_012_bodies_that_are_none() {
    let serving = serving().await;
    let mut http = RawHttp::connect(serving.address()).await;
    let run = waiting(&mut http).await;
    let (start, step) = ("/api/v1/journeys/review/start".to_owned(), format!("{run}/steps/draft"));
    let large = vec![b' '; 10_000_000];
    let deep = [vec![b'['; 10_000], vec![b']'; 10_000]].concat();
    let deep_member = [br#"{"orderId":"A-17","amount":"#.as_slice(), &deep, b"}"].concat();
    let nobody = &format!("{UNKNOWN}/steps/draft");
    let cases: &[Case<'_>] = &[
        ("cut JSON", &start, JSON, b"{\"orderId\":", 400, "invalid-input"),
        ("no JSON", &start, JSON, b"orderId=A-17", 400, "invalid-input"),
        ("two values", &start, JSON, b"{}{}", 400, "invalid-input"),
        ("an array", &start, JSON, b"[1]", 400, "invalid-input"),
        ("a string", &start, JSON, b"\"x\"", 400, "invalid-input"),
        ("null", &start, JSON, b"null", 400, "invalid-input"),
        ("an empty start, which is an empty object", &start, JSON, b"", 400, "invalid-input"),
        ("wrong types", &start, JSON, br#"{"orderId":17,"amount":"1"}"#, 400, "invalid-input"),
        ("invalid UTF-8", &start, JSON, b"{\"orderId\":\"\xff\xfe\",\"amount\":1}", 400, "invalid-input"),
        ("a lone surrogate", &start, JSON, br#"{"orderId":"\ud800","amount":1}"#, 400, "invalid-input"),
        ("an endless number", &start, JSON, br#"{"orderId":"A","amount":1e99999}"#, 400, "invalid-input"),
        ("10 000 arrays", &start, JSON, &deep, 400, "invalid-input"),
        ("10 000 arrays in a member", &start, JSON, &deep_member, 400, "invalid-input"),
        ("10 MB", &start, JSON, &large, 413, "too-large"),
        ("text", &start, "text/plain", b"{}", 415, "unsupported-media-type"),
        ("a form", &start, "application/x-www-form-urlencoded", b"a=1", 415, "unsupported-media-type"),
        ("an empty step", &step, JSON, b"", 400, "invalid-input"),
        ("a cut step", &step, JSON, b"{", 400, "invalid-input"),
        ("a step with invalid UTF-8", &step, JSON, b"\"\xc3\x28\"", 400, "invalid-input"),
        ("a deep step", &step, JSON, &deep, 400, "invalid-input"),
        ("a step of 10 MB", &step, JSON, &large, 413, "too-large"),
        ("a step against its schema", &step, JSON, b"[]", 400, "invalid-input"),
        ("a step of nobody", nobody, JSON, b"{}", 404, "not-found"),
        ("an unknown journey", "/api/v1/journeys/none/start", JSON, b"{}", 404, "not-found"),
        ("an api without JSON", "/api/v1/apis/double", JSON, b"{", 400, "invalid-input"),
        ("an api against its schema", "/api/v1/apis/double", JSON, b"{\"n\":\"x\"}", 400, "invalid-input"),
        ("an api of 10 MB", "/api/v1/apis/double", JSON, &large, 413, "too-large"),
        ("an unknown api", "/api/v1/apis/triple", JSON, b"{}", 404, "not-found"),
    ];
    for (what, path, media, body, status, slug) in cases {
        let answer = http.post(path, media, body).await;
        assert_problem(what, &answer, *status, slug);
        assert_healthy(what, &mut http).await;
    }
    // Nothing of it has moved the run.
    let answer = http.get(&run).await;
    assert_eq!((answer.status, &answer.json()["currentState"]), (200, &json!("draft")));
    assert!(answer.header("etag").unwrap().ends_with(".2\""));
    let accepted = http.post(&step, "application/vnd.example+json", br#"{"decision":"approve"}"#).await;
    assert_eq!(accepted.status, 200);
}

/// HTTP-003, HTTP-004, HTTP-015, HTTP-018, HTTP-081: addresses, methods, headers and parameters that are none.
#[tokio::test]
async fn http_003_requests_that_are_none() {
    let serving = serving().await;
    let mut http = RawHttp::connect(serving.address()).await;
    let run = waiting(&mut http).await;
    let step = format!("{run}/steps/draft");
    let request = |method: &str, path: &str, headers: &str, body: &str| {
        let length = body.len();
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\n\r\n{body}"
        )
    };
    let approve = r#"{"decision":"approve"}"#;
    let large = format!("x-large: {}\r\n", "x".repeat(40 * 1024));
    let long_key = format!("idempotency-key: {}\r\n", "k".repeat(256));
    let slash = format!("{run}/");
    let deep_path = format!("{run}/steps/draft/more");
    let strange_step = format!("{run}/steps/%20%ff");
    for (what, method, path, headers, body, status, slug) in [
        ("an unknown path", "GET", "/api/v1/nothing", "", "", 404, "not-found"),
        ("no path of ours", "GET", "/", "", "", 404, "not-found"),
        ("a slash too many", "GET", &slash, "", "", 404, "not-found"),
        ("a segment too many", "POST", &deep_path, "", approve, 404, "not-found"),
        ("an unknown run", "GET", UNKNOWN, "", "", 404, "not-found"),
        ("no id at all", "GET", "/api/v1/journeys/%00%ff%2e%2e", "", "", 404, "not-found"),
        ("no step at all", "POST", &strange_step, "", approve, 404, "not-found"),
        ("another method", "DELETE", &run, "", "", 405, "method-not-allowed"),
        ("GET of a command", "GET", &step, "", "", 405, "method-not-allowed"),
        ("a short key", "POST", &step, "idempotency-key: short\r\n", approve, 400, "idempotency-key-invalid"),
        ("a long key", "POST", &step, &long_key, approve, 400, "idempotency-key-invalid"),
        ("a weak tag", "POST", &step, "if-match: W/\"e.2\"\r\n", approve, 412, "seq-mismatch"),
        ("a foreign tag", "POST", &step, "if-match: \"abc\"\r\n", approve, 412, "seq-mismatch"),
        ("large headers", "GET", &run, &large, "", 431, "headers-too-large"),
        ("an unknown parameter", "GET", "/api/v1/journeys?color=red", "", "", 400, "invalid-input"),
        ("an unknown phase", "GET", "/api/v1/journeys?phase=running", "", "", 400, "invalid-input"),
        ("too large a page", "GET", "/api/v1/journeys?pageSize=201", "", "", 400, "invalid-input"),
        (
            "a parameter twice",
            "GET",
            "/api/v1/journeys?phase=FAILED&phase=FAILED",
            "",
            "",
            400,
            "invalid-input",
        ),
        ("a made-up token", "GET", "/api/v1/journeys?pageToken=x", "", "", 400, "invalid-input"),
    ] {
        let answer = http.exchange(request(method, path, headers, body).as_bytes()).await;
        assert_problem(what, &answer, status, slug);
        assert_eq!(answer.header("allow").is_some(), status == 405, "{what}");
        assert_healthy(what, &mut http).await;
    }
    let answer = http.get(&run).await;
    assert!(answer.header("etag").unwrap().ends_with(".2\""), "nothing of it has moved the run");
}

/// HTTP-026: what is no HTTP ends its own connection and nothing else.
#[tokio::test]
async fn http_026_noise_ends_its_own_connection_only() {
    let serving = serving().await;
    let mut good = RawHttp::connect(serving.address()).await;
    assert_healthy("the start", &mut good).await;
    for noise in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"HELLO\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
    {
        let answer = RawHttp::connect(serving.address()).await.refused(noise).await;
        assert!(answer.is_none_or(|status| (400..=505).contains(&status)), "{answer:?}");
        assert_healthy("noise elsewhere", &mut good).await;
    }
    serving.terminate().await;
    let (status, _, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

/// ENG-104, HTTP-022, ACC-3: a run that is gone is unknown to every operation over every transport, as if it had never been.
#[tokio::test]
async fn eng_104_a_run_that_is_gone() {
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    let system = System::forgetful(Retention::default().with_ended_runs(day)).await;
    for driver in system.drivers() {
        let start = Start::new("review", json!({ "orderId": "A-17", "amount": 1 }));
        let run = driver.start(start).await.unwrap().run().unwrap();
        driver.submit(Submit::new(&run, "draft", json!({ "decision": "refuse" }))).await.unwrap();
        let id = JourneyId::parse(&run.id).unwrap();
        let mut watch = system.engine.watch(&id).await.unwrap();
        assert!(driver.outcome(&run, &Request::PLAIN).await.unwrap().seen().is_some());

        // The sweeper looks now and then; time goes on until it has found the run.
        in_time("the removal", async {
            while watch.next().now_or_never() != Some(Some(HeadSignal::Removed)) {
                system.clock.advance(SignedDuration::from_hours(1));
                tokio::task::yield_now().await;
            }
        })
        .await;
        let missing: Value = json!({ "type": urn("not-found"), "title": "Not Found", "status": 404 });
        for answer in [
            driver.submit(Submit::new(&run, "draft", json!({ "decision": "approve" }))).await,
            driver.submit(Submit::new(&run, "sign", json!({ "by": "mia" }))).await,
            driver.status(&run, &Request::PLAIN).await,
            driver.outcome(&run, &Request::PLAIN).await,
            driver.cancel(CancelRun::new(&run)).await,
        ] {
            assert_eq!(answer.unwrap().problem(), Some(&missing), "{}", driver.name());
        }
    }
}
