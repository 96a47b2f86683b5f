//! Which request becomes which operation (HTTP-001 to HTTP-006), and with what in hand.

use axum::Router;
use axum::body::Body;
use axum::routing::get as route_get;
use http::{Method, Request};
use jf_binding_http::HttpConfig;
use jf_core::{StepRef, StepTarget};
use serde_json::json;

use crate::fake::{Call, FakeEngine, RUN, Script};
use crate::support::{configured, get, post, scripted, send, with};

fn path(below: &str) -> String {
    format!("/api/v1/journeys/{below}")
}

#[tokio::test]
async fn http_001_every_operation_has_its_address() {
    let (app, engine) = scripted(Script::default());
    let asked = |engine: &FakeEngine| match engine.calls().first() {
        Some(Call::Start(request, _)) => format!("start {}", request.journey),
        Some(Call::Submit(request, _)) => format!("submit {} {:?}", request.journey_id, request.target),
        Some(Call::Cancel(request, _)) => format!("cancel {}", request.journey_id),
        Some(Call::Status(id, _)) => format!("status {id}"),
        Some(Call::Outcome(id, _)) => format!("outcome {id}"),
        Some(Call::List(..)) => "list".to_owned(),
        other => format!("{other:?}"),
    };
    for (request, operation) in [
        (post(&path("order/start"), "{}"), "start order".to_owned()),
        (get("/api/v1/journeys"), "list".to_owned()),
        (get(&path(RUN)), format!("status {RUN}")),
        (get(&path(&format!("{RUN}/result"))), format!("outcome {RUN}")),
        (post(&path(&format!("{RUN}/steps/approve")), "1"), format!("submit {RUN} Any(Id(\"approve\"))")),
        (post(&path(&format!("{RUN}/steps/cancel")), ""), format!("cancel {RUN}")),
    ] {
        let answer = send(&app, request).await;
        assert!(answer.status.is_success(), "{answer:?}");
        assert_eq!(asked(&engine), operation);
    }
}

#[tokio::test]
async fn http_004_steps_are_named_by_id_by_address_or_by_what_cannot_be_one() {
    let (app, engine) = scripted(Script::default());
    for (segment, target) in [
        ("approve", StepRef::parse("approve").unwrap()),
        ("gr%C3%B6%C3%9Fe", StepRef::parse("größe").unwrap()),
        ("race~callback~waitForKyc", StepRef::Address("race~callback~waitForKyc".into())),
        ("race%7Ea%7Ewait", StepRef::Address("race~a~wait".into())),
        // Nothing is called that; the engine says so in its own order of checks (HTTP-023).
        ("a%20b", StepRef::Address("a b".into())),
        ("a%2Fb", StepRef::Address("a/b".into())),
        ("~", StepRef::Address("~".into())),
    ] {
        send(&app, post(&path(&format!("{RUN}/steps/{segment}")), "{}")).await;
        let Call::Submit(request, _) = engine.call() else { panic!("no submission") };
        assert_eq!(request.target, StepTarget::Any(target), "{segment}");
    }
}

#[tokio::test]
async fn http_003_known_paths_with_another_method_are_405_with_allow() {
    let (app, engine) = scripted(Script::default());
    for (below, allow) in [
        ("", "GET, HEAD"),
        ("/k1", "GET, HEAD"),
        ("/k1/result", "GET, HEAD"),
        ("/order/start", "POST"),
        ("/k1/steps/approve", "POST"),
        ("/k1/steps/cancel", "POST"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            if allow.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let uri = format!("/api/v1/journeys{below}");
            let answer =
                send(&app, Request::builder().method(method).uri(uri).body(Body::empty()).unwrap()).await;
            assert_eq!(answer.header("allow"), Some(allow), "{method} {below}");
            if method == "HEAD" {
                assert_eq!((answer.status.as_u16(), answer.body.len()), (405, 0));
            } else {
                answer.assert_problem(405, "method-not-allowed");
            }
        }
    }
    assert!(engine.calls().is_empty());
}

#[tokio::test]
async fn http_003_head_answers_like_get_without_the_body() {
    let (app, _) = scripted(Script::default());
    for uri in ["/api/v1/journeys".to_owned(), path(RUN), path(&format!("{RUN}/result"))] {
        let full = send(&app, get(&uri)).await;
        let head = send(&app, Request::head(&uri).body(Body::empty()).unwrap()).await;
        assert_eq!((head.status, &head.headers), (full.status, &full.headers), "{uri}");
        assert!(head.body.is_empty() && !full.body.is_empty());
    }
}

#[tokio::test]
async fn http_015_http_018_keys_and_preconditions_reach_every_command() {
    let (app, engine) = scripted(Script::default());
    let commands =
        [path("order/start"), path(&format!("{RUN}/steps/approve")), path(&format!("{RUN}/steps/cancel"))];
    for uri in &commands {
        let request = with(post(uri, "{}"), "idempotency-key", "\"0123456789abcdef\"");
        let request = with(request, "if-match", r#""e1.6", "e1.7", W/"e1.8""#);
        assert!(send(&app, request).await.status.is_success());
        let (key, seqs) = match engine.call() {
            Call::Start(request, _) => (request.key, None),
            Call::Submit(request, _) => (request.key, request.if_head),
            Call::Cancel(request, _) => (request.key, request.if_head),
            other => panic!("{other:?}"),
        };
        assert_eq!(key.unwrap().as_str(), "0123456789abcdef");
        if uri != &commands[0] {
            assert_eq!(seqs.unwrap().iter().map(|condition| condition.seq).collect::<Vec<_>>(), [6, 7]);
        }
    }
    for uri in &commands[1..] {
        send(&app, with(post(uri, "{}"), "if-match", "*")).await;
        let (Call::Submit(_, _) | Call::Cancel(_, _)) = engine.call() else { panic!("no command") };
    }
}

#[tokio::test]
async fn http_011_http_017_bodies_arrive_as_they_are() {
    let (app, engine) = scripted(Script::default());
    let input = |engine: &FakeEngine| match engine.call() {
        Call::Start(request, _) => request.input,
        Call::Submit(request, _) => request.payload,
        other => panic!("{other:?}"),
    };
    send(&app, Request::post(path("order/start")).body(Body::empty()).unwrap()).await;
    assert_eq!(input(&engine), json!({}), "an empty body equals {{}}");
    send(&app, post(&path("order/start"), "[1]")).await;
    assert_eq!(input(&engine), json!([1]), "the engine refuses it after the known key (ENG-002)");
    for payload in
        [json!(null), json!(true), json!("x"), json!([1, 2]), json!({ "eventType": "a", "payload": 1 })]
    {
        send(&app, post(&path(&format!("{RUN}/steps/approve")), payload.to_string())).await;
        assert_eq!(input(&engine), payload);
    }
}

#[tokio::test]
async fn http_011_the_body_of_a_cancellation_is_ignored() {
    let (app, engine) = scripted(Script::default());
    for body in ["", "{", "\u{0}", "[1]"] {
        let request =
            Request::post(path(&format!("{RUN}/steps/cancel"))).header("content-type", "text/plain");
        assert_eq!(send(&app, request.body(Body::from(body)).unwrap()).await.status, 200);
        assert!(matches!(engine.call(), Call::Cancel(..)));
    }
}

#[tokio::test]
async fn http_030_the_engine_gets_the_raw_request_for_its_projections() {
    let (app, engine) = scripted(Script::default());
    let request = with(post(&path("order/start?channel=web&channel=app"), "{}"), "x-tenant", "acme");
    send(&app, request).await;
    let Call::Start(_, caller) = engine.call() else { panic!("no start") };
    assert_eq!(caller.transport(), "http");
    assert_eq!((caller.method(), caller.path()), (&Method::POST, "/api/v1/journeys/order/start"));
    assert_eq!(caller.query_parameter("channel"), Some("web"));
    assert_eq!(caller.header("X-Tenant").as_deref(), Some("acme"));
}

#[tokio::test]
async fn eng_011_eng_110_every_operation_sees_the_request_that_asks() {
    let (app, engine) = scripted(Script::default());
    for request in [
        post(&path("order/start"), "{}"),
        post(&path(&format!("{RUN}/steps/approve")), "{}"),
        post(&path(&format!("{RUN}/steps/cancel")), ""),
        get(&path(RUN)),
        get(&path(&format!("{RUN}/result"))),
        get("/api/v1/journeys"),
    ] {
        let uri = request.uri().path().to_owned();
        send(&app, with(request, "authorization", "Bearer x")).await;
        for call in engine.calls() {
            let caller = call.caller().expect("no lookup without need");
            assert!(caller.is_request());
            assert_eq!(
                (caller.path(), caller.header("Authorization").as_deref()),
                (uri.as_str(), Some("Bearer x"))
            );
        }
    }
}

#[tokio::test]
async fn the_router_lives_beside_routes_of_the_embedder() {
    let (api, engine) = scripted(Script::default());
    let app = Router::new().route("/mine", route_get(async || "mine")).merge(api.clone());
    assert_eq!(send(&app, get("/mine")).await.body, "mine");
    assert_eq!(send(&app, get(&path(RUN))).await.status, 200);
    send(&app, get("/elsewhere")).await.assert_problem(404, "not-found");
    let nested = Router::new().nest("/shop", api);
    assert_eq!(send(&nested, get(&format!("/shop/api/v1/journeys/{RUN}"))).await.status, 200);
    assert_eq!(engine.calls().len(), 2);
}

#[tokio::test]
async fn http_006_every_journey_is_reachable_without_the_engine_being_asked_where_it_belongs() {
    let (app, engine) = configured(Script::default(), HttpConfig::default());
    send(&app, get(&path(RUN))).await;
    assert!(matches!(engine.call(), Call::Status(..)));
}
