//! The probes of load balancers (HTTP-029).

use axum::Router;
use axum::body::Body;
use http::Request;
use jf_binding_http::{Readiness, health_router};

use crate::fake::Script;
use crate::support::{get, scripted, send};

async fn probes(app: &Router) -> (u16, u16) {
    let (live, ready) = (send(app, get("/livez")).await, send(app, get("/readyz")).await);
    assert!(live.body.is_empty() && ready.body.is_empty());
    assert_eq!(ready.header("cache-control"), Some("no-store"));
    (live.status.as_u16(), ready.status.as_u16())
}

#[tokio::test]
async fn http_029_ready_is_told_between_start_and_drain() {
    let readiness = Readiness::starting();
    let app = scripted(Script::default()).0.merge(health_router(readiness.clone()));
    assert_eq!(probes(&app).await, (200, 503));
    readiness.set_ready();
    assert!(readiness.is_ready());
    assert_eq!(probes(&app).await, (200, 200));
    readiness.set_draining();
    assert_eq!(probes(&app).await, (200, 503));
    readiness.set_ready();
    assert_eq!(probes(&app).await, (200, 503), "a drain is for good");
}

#[tokio::test]
async fn http_003_probes_are_read_only() {
    let app = health_router(Readiness::starting());
    for uri in ["/livez", "/readyz"] {
        assert!(send(&app, Request::head(uri).body(Body::empty()).unwrap()).await.body.is_empty());
        let answer = send(&app, Request::post(uri).body(Body::empty()).unwrap()).await;
        answer.assert_problem(405, "method-not-allowed");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    }
}
