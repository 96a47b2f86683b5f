//! Apis: found in the catalog, answered in the definition's envelope (HTTP-002, HTTP-066 to HTTP-074).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use jf_binding_http::{HttpConfig, router};
use jf_core::{ApiReply, CallInput, EngineError, EngineErrorKind};
use serde_json::json;

use crate::deployed::catalog;
use crate::fake::{Call, FakeEngine, Script};
use crate::support::{Answer, get, post, send, with};

const PRICE: &str = "/api/v1/apis/price";
const ROUTED: &str = "/api/v1/quotes/today";

fn deployed(script: Script) -> (Router, Arc<FakeEngine>) {
    let engine = FakeEngine::with_catalog(script, catalog());
    (router(engine.clone(), HttpConfig::default()), engine)
}

fn called(engine: &FakeEngine) -> (String, CallInput) {
    let Call::Api(request, _) = engine.call() else { panic!("no call of an Api") };
    (request.api.to_string(), request.input)
}

#[tokio::test]
async fn http_001_http_002_an_api_has_one_address() {
    let (app, engine) = deployed(Script::default());
    for (uri, api) in [(PRICE, "price"), (ROUTED, "quote"), ("/api/v1/%71uotes/tod%61y", "quote")] {
        assert_eq!(send(&app, post(uri, "{}")).await.assert_document(200), json!({ "price": 7 }));
        assert_eq!(called(&engine).0, api);
    }
    for uri in [
        "/api/v1/apis/quote",
        "/api/v1/quotes/today/",
        "/api/v1/quotes%2Ftoday",
        "/api/v1/quotes",
        "/quotes/today",
        "/api/v1/apis/order",
    ] {
        send(&app, post(uri, "{}")).await.assert_problem(404, "not-found");
    }
    send(&app, post("/api/v1/journeys/price/start", "{}")).await;
    assert!(matches!(engine.call(), Call::Start(..)), "journeys and Apis have names of their own");
}

#[tokio::test]
async fn http_003_apis_take_post_only() {
    let (app, engine) = deployed(Script::default());
    for uri in [PRICE, ROUTED] {
        let answer = send(&app, get(uri)).await;
        answer.assert_problem(405, "method-not-allowed");
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    assert!(engine.calls().is_empty());
}

#[tokio::test]
async fn http_011_bodies_reach_the_engine_with_the_raw_request() {
    let (app, engine) = deployed(Script::default());
    for (body, input) in [("", json!({})), (r#"{"a":1}"#, json!({ "a": 1 })), ("[1]", json!([1]))] {
        send(&app, with(post(&format!("{PRICE}?q=1"), body), "x-a", "b")).await;
        let Call::Api(request, caller) = engine.call() else { panic!("no call of an Api") };
        assert!(matches!(request.input, CallInput::Body(value) if value == input), "{body}");
        assert_eq!((caller.query_parameter("q"), caller.header("x-a").as_deref()), (Some("1"), Some("b")));
    }
}

#[tokio::test]
async fn http_073_what_the_binding_refuses_goes_through_the_envelope() {
    let (app, engine) = deployed(Script::default());
    let cases = [
        (
            post(PRICE, "{"),
            400,
            "invalid-input",
            "the body is not valid JSON: EOF while parsing an object at line 1, column 1",
        ),
        (
            post(PRICE, "\u{7f}"),
            400,
            "invalid-input",
            "the body is not valid JSON: expected value at line 1, column 1",
        ),
        (post(PRICE, vec![b' '; (1 << 20) + 1]), 413, "too-large", "the body is larger than 1048576 bytes"),
        (
            post(PRICE, "[".repeat(10_000)),
            400,
            "invalid-input",
            "the body is nested deeper than 128 levels at line 1, column 129",
        ),
        (
            Request::post(PRICE).header("content-type", "text/plain").body(Body::from("{}")).unwrap(),
            415,
            "unsupported-media-type",
            "send the body as application/json or a type that ends in +json, in UTF-8",
        ),
    ];
    for (request, status, slug, detail) in cases {
        let answer = send(&app, request).await;
        let kind = format!("urn:journeyforge:error:{slug}");
        assert_eq!(answer.assert_document(status), json!({ "sorry": kind }), "HTTP-074: as application/json");
        let CallInput::Refused(problem) = called(&engine).1 else { panic!("the engine was given a body") };
        assert_eq!((problem.problem_type.as_ref(), problem.status), (kind.as_str(), Some(status)));
        assert_eq!(problem.detail.as_deref(), Some(detail));
    }
}

#[tokio::test]
async fn http_026_http_073_what_keeps_the_engine_from_a_call_does_too() {
    let busy = || EngineError::new(EngineErrorKind::Unavailable).with_retry_after(Duration::from_secs(9));
    let (app, engine) = deployed(Script { busy: Some(Arc::new(busy)), ..Script::default() });
    let answer = send(&app, post(PRICE, "{}")).await;
    assert_eq!(answer.assert_document(503), json!({ "sorry": "urn:journeyforge:error:unavailable" }));
    assert_eq!(answer.header("retry-after"), Some("9"));
    assert_eq!(engine.calls().len(), 2);
}

#[tokio::test]
async fn http_026_an_engine_without_an_envelope_to_give_is_heard_plainly() {
    for kind in EngineErrorKind::ALL.iter().copied() {
        let (app, _) =
            deployed(Script { refusal: Some(Arc::new(move || EngineError::new(kind))), ..Script::default() });
        send(&app, post(PRICE, "{}")).await.assert_problem(kind.status(), kind.slug());
    }
}

fn replying(reply: ApiReply) -> Script {
    Script { api: Some(reply), cookies: vec!["a=1"], ..Script::default() }
}

async fn answer(reply: ApiReply) -> Answer {
    send(&deployed(replying(reply)).0, post(PRICE, "{}")).await
}

#[tokio::test]
async fn http_066_the_status_is_the_engines_and_some_have_no_body() {
    for status in [200, 201, 202, 299, 302, 404, 418, 500, 599] {
        let answer = answer(ApiReply::new(status, json!([status]))).await;
        assert_eq!(answer.assert_document(status), json!([status]));
        assert_eq!(answer.header("set-cookie"), Some("a=1"), "HTTP-060");
        assert_eq!((answer.header("etag"), answer.header("retry-after")), (None, None));
    }
    for status in [204, 205, 304] {
        let answer = answer(ApiReply::new(status, json!({ "never": "seen" }))).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (status, 0));
        assert_eq!(answer.header("content-type"), None);
        assert_eq!(answer.header("content-length"), (status == 205).then_some("0"));
        assert_eq!(
            (answer.header("cache-control"), answer.header("set-cookie")),
            (Some("no-store"), Some("a=1"))
        );
    }
}

#[tokio::test]
async fn http_027_http_073_problem_documents_have_their_media_type() {
    let body = json!({ "type": "urn:x:sold-out", "title": "Sold Out", "status": 409 });
    let answer = answer(ApiReply::problem(409, body.clone())).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, body));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
}

#[tokio::test]
async fn http_026_a_status_that_cannot_end_a_request_is_internal_trouble() {
    for status in [0, 99, 100, 101, 199, 600, 999, 1000, u16::MAX] {
        answer(ApiReply::new(status, json!({}))).await.assert_problem(500, "internal");
    }
}
