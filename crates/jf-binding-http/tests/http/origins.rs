//! Pages of other origins (HTTP-028).

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use jf_binding_http::{HttpConfig, Origins};
use jf_core::{PeerCertificates, Principal};

use crate::fake::Script;
use crate::support::{configured, get, post, send, with};

const START: &str = "/api/v1/journeys/order/start";
const OWN: &str = "https://api.example";
const SHOP: &str = "https://shop.example";
const EVIL: &str = "https://evil.example";

fn origins() -> Origins {
    Origins::default().with_own([OWN]).unwrap().with_allowed([SHOP]).unwrap()
}

fn config(origins: Origins) -> HttpConfig {
    HttpConfig::default().with_origins(origins)
}

fn preflight(uri: &str, origin: &str) -> Request<Body> {
    let request =
        Request::options(uri).header("origin", origin).header("access-control-request-method", "POST");
    request
        .header("access-control-request-headers", "content-type,idempotency-key")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn http_028_preflights_of_allowed_pages_are_granted_what_they_ask_for() {
    let (app, engine) = configured(Script::default(), config(origins()));
    for (uri, methods) in
        [(START, "POST"), ("/api/v1/journeys", "GET, HEAD"), ("/api/v1/journeys/k1/steps/cancel", "POST")]
    {
        let answer = send(&app, preflight(uri, SHOP)).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
        assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
        assert_eq!(answer.header("access-control-allow-methods"), Some(methods));
        assert_eq!(answer.header("access-control-allow-headers"), Some("content-type,idempotency-key"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(answer.header("content-length"), None);
        let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
        assert_eq!(vary, ["access-control-request-headers", "origin"]);
    }
    let unknown = send(&app, preflight("/api/v1/nowhere", SHOP)).await;
    unknown.assert_problem(404, "not-found");
    for other in [OWN, EVIL] {
        let answer = send(&app, preflight(START, other)).await;
        answer.assert_problem(405, "method-not-allowed");
        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")));
    }
    assert!(engine.calls().is_empty());
}

#[tokio::test]
async fn http_028_allowed_pages_may_read_every_answer() {
    let (app, _) = configured(Script::default(), config(origins()));
    for request in [post(START, "{}"), post(START, "{"), get("/api/v1/nowhere"), get(START)] {
        let answer = send(&app, with(request, "origin", SHOP)).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP), "{}", answer.status);
        assert_eq!(
            answer.header("access-control-expose-headers"),
            Some("etag, location, retry-after, idempotency-replayed")
        );
        assert_eq!(answer.header("vary"), Some("origin"));
    }
    for origin in [Some(EVIL), Some("null"), Some(OWN), None] {
        let request = post(START, "{}");
        let request = origin.map_or_else(|| post(START, "{}"), |origin| with(request, "origin", origin));
        let answer = send(&app, request).await;
        assert_eq!(
            answer.status, 202,
            "requests without ambient identity pass, but no page can read the answer"
        );
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("vary"), Some("origin"));
    }
}

#[tokio::test]
async fn http_028_the_default_says_nothing_about_origins() {
    let (app, _) = configured(Script::default(), HttpConfig::default());
    let answer = send(&app, with(post(START, "{}"), "origin", SHOP)).await;
    assert_eq!(answer.status, 202);
    assert!(
        !answer.headers.keys().any(|name| name.as_str().starts_with("access-control-") || name == "vary")
    );
}

#[tokio::test]
async fn http_028_posts_of_foreign_pages_that_rest_on_ambient_identity_are_403() {
    let (app, engine) = configured(Script::default(), config(origins()));
    let cookie = || with(post(START, "{}"), "cookie", "session=1");
    let certificate = || {
        let mut request = post(START, "{}");
        request.extensions_mut().insert(PeerCertificates::new([Bytes::from_static(b"leaf")]));
        request
    };
    let principal = |principal: Principal| {
        let mut request = cookie();
        request.extensions_mut().insert(principal);
        request
    };
    for origin in [EVIL, "null", "https://shop.example.evil", ""] {
        for request in [cookie(), certificate(), principal(Principal::new("p").ambient())] {
            let answer = send(&app, with(request, "origin", origin)).await;
            answer.assert_problem(403, "forbidden");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    assert!(engine.calls().is_empty());
    for origin in [OWN, SHOP] {
        for request in [cookie(), certificate(), principal(Principal::new("p").ambient())] {
            assert_eq!(send(&app, with(request, "origin", origin)).await.status, 202, "{origin}");
        }
    }
    assert_eq!(
        send(&app, with(principal(Principal::new("p")), "origin", EVIL)).await.status,
        202,
        "a bearer, say"
    );
    assert_eq!(send(&app, cookie()).await.status, 202, "no browser, no origin");
    let read = with(with(get("/api/v1/journeys/k1"), "cookie", "session=1"), "origin", EVIL);
    assert_eq!(send(&app, read).await.status, 200, "a page cannot read the answer");
}

#[tokio::test]
async fn http_028_any_origin_and_ambient_identity() {
    let any = Origins::default().with_allowed(["*"]).unwrap();
    let (app, _) = configured(Script::default(), config(any));
    let answer = send(&app, with(post(START, "{}"), "origin", EVIL)).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("vary"), None);
    let (app, _) = configured(Script::default(), config(origins().with_ambient_identity().unwrap()));
    let answer = send(&app, with(post(START, "{}"), "origin", SHOP)).await;
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
}
