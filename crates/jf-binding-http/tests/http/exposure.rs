//! Definitions whose HTTP surface the platform has turned off (HTTP-006).

use std::sync::Arc;

use axum::Router;
use jf_binding_http::{HttpConfig, router};
use jf_core::{EngineError, JourneyId};
use jf_dsl::DefinitionName;
use serde_json::json;

use crate::deployed::catalog;
use crate::fake::{Call, FakeEngine, RUN, Script};
use crate::support::{get, post, send};

fn name(text: &str) -> DefinitionName {
    DefinitionName::parse(text).unwrap()
}

fn app(config: HttpConfig, script: Script) -> (Router, Arc<FakeEngine>) {
    let engine = FakeEngine::with_catalog(script, catalog());
    (router(engine.clone(), config), engine)
}

#[tokio::test]
async fn http_006_a_hidden_journey_and_its_runs_are_not_there() {
    let (app, engine) = app(HttpConfig::default().without_journey(name("order")), Script::default());
    let run = |below: &str| format!("/api/v1/journeys/{RUN}{below}");
    let unknown = send(&app, get("/nowhere")).await;
    for request in [
        post("/api/v1/journeys/order/start", "{}"),
        get(&run("")),
        get(&run("/result")),
        post(&run("/steps/approve"), "{}"),
        post(&run("/steps/cancel"), ""),
    ] {
        assert_eq!(send(&app, request).await, unknown, "HTTP-076");
    }
    let calls = engine.calls();
    assert_eq!(calls.len(), 8);
    // ENG-113: the engine is asked the same about nobody's run, so that the refusal takes as long as any.
    let nobody = |run: &JourneyId| run.as_str() != RUN;
    for (nth, asked) in calls.chunks(2).enumerate() {
        let [Call::Locate(run), operation] = asked else { panic!("{asked:?}") };
        let as_asked = match (nth, operation) {
            (0, Call::Status(run, _)) | (1, Call::Outcome(run, _)) => nobody(run),
            (2, Call::Submit(submission, _)) => nobody(&submission.journey_id),
            (3, Call::Cancel(cancel, _)) => nobody(&cancel.journey_id),
            _ => false,
        };
        assert!(run.as_str() == RUN && as_asked, "{asked:?}");
    }
    let page = send(&app, get("/api/v1/journeys")).await.assert_document(200);
    assert_eq!(page, json!({ "items": [], "nextPageToken": null }));
}

/// Also ENG-113.
#[tokio::test]
async fn http_006_what_is_not_there_is_asked_for_as_what_is_hidden() {
    let unknown = JourneyId::random();
    let (app, engine) = app(HttpConfig::default().without_journey(name("other")), Script::default());
    send(&app, get(&format!("/api/v1/journeys/{unknown}"))).await.assert_problem(404, "not-found");
    let calls = engine.calls();
    assert!(
        matches!(&calls[..], [Call::Locate(one), Call::Status(two, _)] if *one == unknown && *two == unknown)
    );
}

#[tokio::test]
async fn http_006_other_journeys_stay() {
    let (app, engine) = app(HttpConfig::default().without_journey(name("other")), Script::default());
    assert_eq!(send(&app, get(&format!("/api/v1/journeys/{RUN}"))).await.status, 200);
    assert!(matches!(engine.calls().as_slice(), [Call::Locate(_), Call::Status(..)]));
    assert_eq!(send(&app, post("/api/v1/journeys/order/start", "{}")).await.status, 202);
    assert_eq!(send(&app, get("/api/v1/journeys")).await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn http_006_runs_that_cannot_be_located_are_answered_as_the_engine_says() {
    let refusal: Arc<dyn Fn() -> EngineError + Send + Sync> =
        Arc::new(|| EngineError::new(jf_core::EngineErrorKind::Unavailable));
    let script = Script { refusal: Some(refusal), ..Script::default() };
    let (app, _) = app(HttpConfig::default().without_journey(name("other")), script);
    send(&app, get(&format!("/api/v1/journeys/{RUN}"))).await.assert_problem(503, "unavailable");
}

#[tokio::test]
async fn http_006_a_hidden_api_is_not_there() {
    let (app, engine) = app(HttpConfig::default().without_api(name("quote")), Script::default());
    send(&app, post("/api/v1/quotes/today", "{}")).await.assert_problem(404, "not-found");
    send(&app, get("/api/v1/quotes/today")).await.assert_problem(404, "not-found");
    assert!(engine.calls().is_empty());
    assert_eq!(send(&app, post("/api/v1/apis/price", "{}")).await.status, 200);
}
