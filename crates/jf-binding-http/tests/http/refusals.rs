//! Requests the binding refuses by itself: exact status, type and words, and an engine that never hears of them.

use axum::body::Body;
use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use http::Request;
use jf_binding_http::HttpConfig;

use crate::fake::{RUN, Script};
use crate::support::{configured, post, scripted, send, with};

struct Wrong {
    what: &'static str,
    uri: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    status: u16,
    slug: &'static str,
    detail: &'static str,
}

const START: &str = "/api/v1/journeys/order/start";
const STEP: &str = "/api/v1/journeys/k1/steps/approve";
const CANCEL: &str = "/api/v1/journeys/k1/steps/cancel";
const KEY: &str = "an Idempotency-Key has 16 to 255 visible ASCII characters, with or without double quotes";
const TYPE: &str = "send the body as application/json or a type that ends in +json, in UTF-8";
const TAGS: &str = "If-Match takes entity tags in double quotes, as the ETag header gave them";

const fn wrong(
    what: &'static str,
    uri: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    (status, slug, detail): (u16, &'static str, &'static str),
) -> Wrong {
    Wrong { what, uri, headers, body, status, slug, detail }
}

const WRONG: &[Wrong] = &[
    wrong(
        "HTTP-010 a form",
        START,
        &[("content-type", "application/x-www-form-urlencoded")],
        b"a=1",
        (415, "unsupported-media-type", TYPE),
    ),
    wrong(
        "HTTP-010 text",
        STEP,
        &[("content-type", "text/plain")],
        b"{}",
        (415, "unsupported-media-type", TYPE),
    ),
    wrong(
        "HTTP-010 an empty form",
        START,
        &[("content-type", "application/x-www-form-urlencoded")],
        b"",
        (415, "unsupported-media-type", TYPE),
    ),
    wrong(
        "HTTP-010 not UTF-8",
        START,
        &[],
        b"{\"a\":\n\"\xc3\x28\"}",
        (400, "invalid-input", "the body is not valid UTF-8: unexpected byte at line 2, column 2"),
    ),
    wrong(
        "HTTP-010 UTF-16",
        STEP,
        &[],
        b"\xff\xfe{\0}\0",
        (400, "invalid-input", "the body is not valid UTF-8: unexpected byte at line 1, column 1"),
    ),
    wrong(
        "HTTP-011 a step without payload",
        STEP,
        &[],
        b"",
        (400, "invalid-input", "a step takes its payload as body: send a JSON value"),
    ),
    wrong(
        "HTTP-012 cut JSON",
        START,
        &[],
        b"{\"a\":",
        (400, "invalid-input", "the body is not valid JSON: EOF while parsing a value at line 1, column 5"),
    ),
    wrong(
        "HTTP-012 no JSON",
        STEP,
        &[],
        b"approve",
        (400, "invalid-input", "the body is not valid JSON: expected value at line 1, column 1"),
    ),
    wrong(
        "HTTP-012 two values",
        STEP,
        &[],
        b"{}{}",
        (400, "invalid-input", "the body is not valid JSON: trailing characters at line 1, column 3"),
    ),
    wrong(
        "HTTP-012 blank",
        START,
        &[],
        b" \n",
        (400, "invalid-input", "the body is not valid JSON: EOF while parsing a value at line 2, column 1"),
    ),
    wrong(
        "HTTP-015 a short key",
        START,
        &[("idempotency-key", "abc")],
        b"{}",
        (400, "idempotency-key-invalid", KEY),
    ),
    wrong(
        "HTTP-015 an empty key",
        STEP,
        &[("idempotency-key", "")],
        b"{}",
        (400, "idempotency-key-invalid", KEY),
    ),
    wrong(
        "HTTP-015 a key with a space",
        CANCEL,
        &[("idempotency-key", "0123456789 abcdef")],
        b"",
        (400, "idempotency-key-invalid", KEY),
    ),
    wrong(
        "HTTP-015 two keys",
        START,
        &[("idempotency-key", "0123456789abcdef"), ("idempotency-key", "fedcba9876543210")],
        b"{}",
        (400, "idempotency-key-invalid", "send one Idempotency-Key"),
    ),
    wrong("HTTP-018 a bare tag", STEP, &[("if-match", "e1.7")], b"{}", (400, "invalid-input", TAGS)),
    wrong(
        "HTTP-018 a star in a list",
        CANCEL,
        &[("if-match", "*, \"e1.7\"")],
        b"",
        (400, "invalid-input", TAGS),
    ),
];

#[tokio::test]
async fn http_023_what_needs_no_run_is_refused_before_the_engine_is_asked() {
    let (app, engine) = scripted(Script::default());
    for wrong in WRONG {
        let mut request = Request::post(wrong.uri);
        for (name, value) in wrong.headers {
            request = request.header(*name, *value);
        }
        let answer = send(&app, request.body(Body::from(wrong.body)).unwrap()).await;
        println!("{}", wrong.what);
        answer.assert_problem(wrong.status, wrong.slug);
        assert_eq!(answer.detail(), wrong.detail, "{}", wrong.what);
        assert!(engine.calls().is_empty(), "{}", wrong.what);
    }
}

#[tokio::test]
async fn http_013_bodies_up_to_the_limit_pass_and_longer_ones_are_413() {
    let (app, engine) = scripted(Script::default());
    let body = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert_eq!(send(&app, post(STEP, body(1 << 20))).await.status, 200);
    engine.calls();
    for bytes in [(1 << 20) + 1, 10 << 20] {
        let answer = send(&app, post(STEP, body(bytes))).await;
        answer.assert_problem(413, "too-large");
        assert_eq!(answer.detail(), "the body is larger than 1048576 bytes");
    }
    assert!(engine.calls().is_empty());
}

#[tokio::test]
async fn http_013_an_endless_body_is_read_no_further_than_the_limit() {
    let (app, _) = configured(Script::default(), HttpConfig::default().with_body_bytes(10_000));
    let endless = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 1000])));
    send(&app, post(STEP, Body::from_stream(endless))).await.assert_problem(413, "too-large");
}

#[tokio::test]
async fn http_013_nesting_up_to_the_limit_passes_and_deeper_is_400() {
    let (app, engine) = scripted(Script::default());
    let body = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(send(&app, post(STEP, body(128))).await.status, 200);
    engine.calls();
    for levels in [129, 10_000] {
        let answer = send(&app, post(STEP, body(levels))).await;
        answer.assert_problem(400, "invalid-input");
        assert_eq!(answer.detail(), "the body is nested deeper than 128 levels at line 1, column 129");
    }
    send(&app, post(START, r#"{"a":"#.repeat(100_000))).await.assert_problem(400, "invalid-input");
    assert!(engine.calls().is_empty());
    let (shallow, _) = configured(Script::default(), HttpConfig::default().with_json_depth(1));
    assert_eq!(send(&shallow, post(STEP, "{}")).await.status, 200);
    send(&shallow, post(STEP, "[[]]")).await.assert_problem(400, "invalid-input");
}

#[tokio::test]
async fn http_013_headers_beyond_32_kib_are_431() {
    let (app, engine) = scripted(Script::default());
    let big = |bytes: usize| with(post(START, "{}"), "x-big", &"x".repeat(bytes));
    assert_eq!(send(&app, big(32_000)).await.status, 202);
    engine.calls();
    let answer = send(&app, big(33_000)).await;
    answer.assert_problem(431, "headers-too-large");
    assert_eq!(answer.detail(), "the headers are larger than 32768 bytes");
    let mut many = post(START, "{}");
    for _ in 0..3000 {
        many = with(many, "x-a", "12345");
    }
    send(&app, many).await.assert_problem(431, "headers-too-large");
    assert!(engine.calls().is_empty());
    // The limit is that of the section as sent: name, value and four bytes a line.
    let (exact, _) = configured(Script::default(), HttpConfig::default().with_header_bytes(10));
    let request = |value: &str| Request::post(START).header("x", value).body(Body::empty()).unwrap();
    assert_eq!(send(&exact, request("12345")).await.status, 202);
    send(&exact, request("123456")).await.assert_problem(431, "headers-too-large");
}

#[tokio::test]
async fn http_023_an_impossible_run_is_404_before_its_body_is_looked_at() {
    let (app, engine) = scripted(Script::default());
    for uri in
        ["/api/v1/journeys/a.b/steps/approve", "/api/v1/journeys/Order/start", "/api/v1/journeys/-/start"]
    {
        send(&app, with(post(uri, "{"), "idempotency-key", "x")).await.assert_problem(404, "not-found");
    }
    assert!(engine.calls().is_empty());
    let answer = send(&app, post(&format!("/api/v1/journeys/{RUN}/steps/a%20b"), "{}")).await;
    assert_eq!((answer.status.as_u16(), engine.calls().len()), (200, 1), "steps are the engine's to judge");
}

/// HTTP-026: bodies that are being received take memory, of which there is some for all of them together.
#[tokio::test]
async fn http_026_bodies_in_reception_have_a_common_budget() {
    let config = HttpConfig::default().with_body_bytes(8).with_body_budget(8);
    let (app, _) = configured(Script::default(), config);
    // Six bytes have come, and the client takes its time.
    let slow = futures::stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{\"a\":1")) });
    let slow = Body::from_stream(slow.chain(futures::stream::pending()));
    let mut first = Box::pin(send(&app, post(START, slow)));
    assert!((&mut first).now_or_never().is_none());
    let answer = send(&app, post(START, "{  }")).await;
    answer.assert_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_ne!(send(&app, post(START, "{}")).await.status, 503, "there is room for two bytes");
    drop(first);
    assert_ne!(send(&app, post(START, "{  }")).await.status, 503);
}
