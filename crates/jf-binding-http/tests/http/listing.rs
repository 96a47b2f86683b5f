//! Parameters and modes of the listing (HTTP-080 to HTTP-083).

use std::num::NonZeroU32;
use std::sync::Arc;

use jf_binding_http::{HttpConfig, ListMode};
use jf_core::{Caller, EngineError, EngineErrorKind, ListQuery, Phase, Principal};

use crate::fake::{Call, FakeEngine, Script};
use crate::support::{configured, get, scripted, send};

fn asked(engine: &FakeEngine) -> ListQuery {
    let Call::List(query, _) = engine.call() else { panic!("no listing") };
    query
}

#[tokio::test]
async fn http_081_all_parameters_reach_the_engine_decoded() {
    let (app, engine) = scripted(Script::default());
    let uri = "/api/v1/journeys?journeyName=order&phase=FAILED&tag=a&subjectId=s%201&tenantId=t+1&orderId=o&paymentIntentId=p\
               &crmCaseId=c&tag=b&pageSize=200&pageToken=x%2Fy&includeCompensation=true";
    assert_eq!(send(&app, get(uri)).await.status, 200);
    let query = asked(&engine);
    assert_eq!(query.journey.unwrap(), "order");
    assert_eq!(query.phase, Some(Phase::Failed));
    assert_eq!(query.tags, ["a", "b"]);
    let attributes: Vec<_> = query.attributes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(
        attributes,
        [
            ("subjectId", "s 1"),
            ("tenantId", "t 1"),
            ("orderId", "o"),
            ("paymentIntentId", "p"),
            ("crmCaseId", "c")
        ]
    );
    assert_eq!(query.page_size.get(), 200);
    assert_eq!(query.page_token.as_deref(), Some("x/y"));
    assert!(query.include_compensation);
}

#[tokio::test]
async fn http_081_defaults() {
    let (app, engine) = scripted(Script::default());
    for uri in ["/api/v1/journeys", "/api/v1/journeys?", "/api/v1/journeys?includeCompensation=false"] {
        send(&app, get(uri)).await;
        let query = asked(&engine);
        assert_eq!(query.page_size.get(), 50);
        assert!(query.journey.is_none() && query.phase.is_none() && query.tags.is_empty());
        assert!(query.attributes.is_empty() && query.page_token.is_none() && !query.include_compensation);
    }
    let size = |n| NonZeroU32::new(n).unwrap();
    let (app, engine) =
        configured(Script::default(), HttpConfig::default().with_page_sizes(size(5), size(7)));
    send(&app, get("/api/v1/journeys")).await;
    assert_eq!(asked(&engine).page_size.get(), 5);
    send(&app, get("/api/v1/journeys?pageSize=8")).await.assert_problem(400, "invalid-input");
}

#[tokio::test]
async fn http_081_unknown_and_invalid_parameters_are_400() {
    let (app, engine) = scripted(Script::default());
    for (query, detail) in [
        ("journeyname=order", "there is no parameter `journeyname` here"),
        ("x%0A%22=1", "there is no parameter `x\\n\\\"` here"),
        ("=1", "there is no parameter `` here"),
        ("journeyName=Order", "the parameter journeyName takes a journey name"),
        ("journeyName=", "the parameter journeyName takes a journey name"),
        ("phase=running", "the parameter phase takes RUNNING, SUCCEEDED or FAILED"),
        ("pageSize=0", "the parameter pageSize takes a number from 1 to 200"),
        ("pageSize=201", "the parameter pageSize takes a number from 1 to 200"),
        ("pageSize=%2B5", "the parameter pageSize takes a number from 1 to 200"),
        ("pageSize=-1", "the parameter pageSize takes a number from 1 to 200"),
        ("pageSize=ten", "the parameter pageSize takes a number from 1 to 200"),
        ("includeCompensation=yes", "the parameter includeCompensation takes true or false"),
        ("includeCompensation", "the parameter includeCompensation takes true or false"),
        ("phase=FAILED&phase=FAILED", "the parameter `phase` is given more than once"),
        ("orderId=a&tag=x&orderId=b", "the parameter `orderId` is given more than once"),
    ] {
        let answer = send(&app, get(&format!("/api/v1/journeys?{query}"))).await;
        answer.assert_problem(400, "invalid-input");
        assert_eq!(answer.detail(), detail, "{query}");
    }
    let long =
        send(&app, get(&format!("/api/v1/journeys?{}=1", "ü".repeat(1000).replace('ü', "%C3%BC")))).await;
    assert!(long.detail().len() < 200);
    assert!(engine.calls().is_empty());
}

#[tokio::test]
async fn http_083_self_service_shows_callers_their_own_runs() {
    let (app, engine) =
        configured(Script::default(), HttpConfig::default().with_list_mode(ListMode::SelfService));
    let answer = send(&app, get("/api/v1/journeys?subjectId=me")).await;
    answer.assert_problem(401, "unauthenticated");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    assert!(engine.calls().is_empty());
    for (principal, subject) in
        [(Principal::new("issuer|4711").with_subject("4711"), "4711"), (Principal::new("4711"), "4711")]
    {
        let mut request = get("/api/v1/journeys?subjectId=other&phase=FAILED");
        request.extensions_mut().insert(principal);
        assert_eq!(send(&app, request).await.status, 200);
        let query = asked(&engine);
        assert_eq!(query.attributes.len(), 1);
        assert_eq!(query.attributes["subjectId"], subject);
        assert_eq!(query.phase, Some(Phase::Failed));
    }
}

/// Also HTTP-025: what the platform says comes before the engine, and before anything that is wrong with the request.
#[tokio::test]
async fn http_080_operators_are_who_the_platform_lets_in() {
    let operators = |caller: &Caller| {
        let refused = |kind| Err(EngineError::new(kind));
        match caller.principal() {
            Some("ops") => Ok(()),
            Some("hidden") => refused(EngineErrorKind::NotFound),
            Some("later") => refused(EngineErrorKind::Unavailable),
            Some(_) => refused(EngineErrorKind::Forbidden),
            None => refused(EngineErrorKind::Unauthenticated),
        }
    };
    let config =
        HttpConfig::default().with_challenge("Basic".parse().unwrap()).with_operators(Arc::new(operators));
    let (app, engine) = configured(Script::default(), config.clone());
    let ask = async |who: Option<&'static str>, path: &str| {
        let mut request = get(path);
        request.extensions_mut().extend(
            who.map(|who| {
                let mut extensions = http::Extensions::new();
                extensions.insert(Principal::new(who));
                extensions
            })
            .unwrap_or_default(),
        );
        send(&app, request).await
    };
    for (who, status, slug) in [
        (None, 401, "unauthenticated"),
        (Some("mia"), 403, "forbidden"),
        (Some("hidden"), 404, "not-found"),
        (Some("later"), 503, "unavailable"),
    ] {
        for path in ["/api/v1/journeys", "/api/v1/journeys?pageSize=0"] {
            let answer = ask(who, path).await;
            answer.assert_problem(status, slug);
            assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Basic"));
            assert_eq!(answer.header("retry-after").is_some(), status == 503);
        }
    }
    assert!(engine.calls().is_empty());
    assert_eq!(ask(Some("ops"), "/api/v1/journeys").await.status, 200);
    ask(Some("ops"), "/api/v1/journeys?pageSize=0").await.assert_problem(400, "invalid-input");
    assert_eq!(
        send(&app, get(&format!("/api/v1/journeys/{}", crate::fake::RUN))).await.status,
        200,
        "a run is no list"
    );

    let off = configured(Script::default(), config.with_list_mode(ListMode::Off)).0;
    send(&off, get("/api/v1/journeys")).await.assert_problem(404, "not-found");
}
