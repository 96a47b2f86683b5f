//! Refusals of the engine, every kind over every operation.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use jf_binding_http::{HttpConfig, ListMode};
use jf_core::{EngineError, EngineErrorKind, ErrorClass};

use crate::fake::{RUN, Script};
use crate::support::{Answer, configured, get, post, scripted, send};

fn requests() -> Vec<(Request<Body>, &'static str)> {
    let run = |below: &str| format!("/api/v1/journeys/{RUN}{below}");
    vec![
        (post("/api/v1/journeys/order/start", "{}"), "start"),
        (post(&run("/steps/approve"), "{}"), "step"),
        (post(&run("/steps/cancel"), ""), "cancel"),
        (get(&run("")), "status"),
        (get(&run("/result")), "result"),
        (get("/api/v1/journeys"), "list"),
    ]
}

fn refusing(error: impl Fn() -> EngineError + Send + Sync + 'static) -> Script {
    Script { refusal: Some(Arc::new(error)), ..Script::default() }
}

#[tokio::test]
async fn http_026_http_072_every_kind_of_refusal_is_its_problem_on_every_operation() {
    for kind in EngineErrorKind::ALL.iter().copied() {
        let error = move || EngineError::new(kind).with_detail("what went wrong").with("hint", 3);
        let (app, _) = scripted(refusing(error));
        for (request, operation) in requests() {
            let answer = send(&app, request).await;
            answer.assert_problem(kind.status(), kind.slug());
            assert_eq!(answer.body, serde_json::to_vec(error().problem()).unwrap(), "{operation}");
            let later = matches!(kind.class(), ErrorClass::Limited | ErrorClass::Unavailable);
            assert_eq!(answer.header("retry-after"), later.then_some("1"), "{operation} {kind:?}");
            assert_eq!(answer.header("idempotency-replayed"), None);
        }
    }
}

#[tokio::test]
async fn http_026_the_engine_says_when_to_come_back() {
    let (app, _) = scripted(refusing(|| {
        EngineError::new(EngineErrorKind::Draining).with_retry_after(Duration::from_millis(4500))
    }));
    for (request, _) in requests() {
        assert_eq!(send(&app, request).await.header("retry-after"), Some("5"));
    }
}

#[tokio::test]
async fn eng_053_refusals_of_repeated_commands_are_flagged() {
    let (app, _) = scripted(refusing(|| EngineError::not_found().replayed()));
    let answer = send(&app, requests().remove(1).0).await;
    answer.assert_problem(404, "not-found");
    assert_eq!(answer.header("idempotency-replayed"), Some("true"));
    let late = Script {
        replayed: true,
        late_refusal: Some(Arc::new(|| EngineError::internal("lost"))),
        ..Script::default()
    };
    let (app, _) = scripted(late);
    for (request, operation) in requests().into_iter().take(3) {
        let answer = send(&app, request).await;
        answer.assert_problem(500, "internal");
        assert_eq!(answer.header("idempotency-replayed"), Some("true"), "{operation}");
    }
}

#[tokio::test]
async fn eng_142_causes_of_internal_trouble_stay_inside() {
    let (app, _) = scripted(refusing(|| EngineError::internal("/var/lib/secret is gone")));
    for (request, _) in requests() {
        let answer = send(&app, request).await;
        assert_eq!(
            answer.body,
            r#"{"type":"urn:journeyforge:error:internal","title":"Internal Error","status":500}"#
        );
    }
}

#[tokio::test]
async fn http_076_all_that_is_not_there_looks_alike() {
    let mut seen: Vec<(String, Answer)> = Vec::new();
    for error in
        [EngineError::not_found as fn() -> EngineError, || EngineError::guard_fault("the guard broke")]
    {
        let (app, _) = scripted(refusing(error));
        for (request, operation) in requests() {
            seen.push((operation.to_owned(), send(&app, request).await));
        }
    }
    let (app, _) = scripted(Script::default());
    for uri in [
        "/",
        "/api/v1",
        "/api/v1/journeys/",
        "/api/v1/journeys/%FF",
        "/api/v1/journeys/k1/events/7",
        "/api/v1/apis/price",
        "/api/v1/apis/price?x=1",
        "/api/v1/nowhere",
    ] {
        seen.push((format!("GET {uri}"), send(&app, get(uri)).await));
        seen.push((format!("POST {uri}"), send(&app, post(uri, "{")).await));
    }
    for uri in ["/api/v1/journeys/a.b", "/api/v1/journeys/a%2Fb/result"] {
        seen.push((format!("GET {uri}"), send(&app, get(uri)).await));
    }
    let (off, _) = configured(Script::default(), HttpConfig::default().with_list_mode(ListMode::Off));
    seen.push(("GET of a listing that is off".to_owned(), send(&off, get("/api/v1/journeys")).await));
    seen.push(("POST to a listing that is off".to_owned(), send(&off, post("/api/v1/journeys", "")).await));
    let (_, model) = seen[0].clone();
    model.assert_problem(404, "not-found");
    assert_eq!(model.body, r#"{"type":"urn:journeyforge:error:not-found","title":"Not Found","status":404}"#);
    for (what, answer) in seen {
        assert_eq!(answer, model, "{what}");
    }
}

/// The page a client's author reads names every refusal there is over HTTP, with its status.
#[test]
fn eng_140_the_reference_lists_every_problem() {
    let page = include_str!("../../../../docs/reference/http.md");
    let other_bindings = [
        EngineErrorKind::MalformedFrame,
        EngineErrorKind::UnknownType,
        EngineErrorKind::UnknownMember,
        EngineErrorKind::DuplicateId,
        EngineErrorKind::JourneyNameRequired,
        EngineErrorKind::StepTypeMismatch,
        EngineErrorKind::TypeNotForJourney,
        EngineErrorKind::SubprotocolRequired,
        EngineErrorKind::UpgradeRequired,
        EngineErrorKind::TooManyInFlight,
    ];
    for kind in EngineErrorKind::ALL {
        let row = format!("\n| {} | `{}` | ", kind.status(), kind.slug());
        assert_eq!(page.contains(&row), !other_bindings.contains(kind), "{row}");
    }
}
