//! Paths and what types mean on them (§6, MUX-1, MUX-2).

use std::sync::Arc;

use jf_binding_ws::{WsBinding, WsConfig};
use jf_core::Engine;

use crate::engine::ScriptedEngine;
use crate::journeys::{ORDER, catalog, journey, shop as journeys};
use crate::wire::{Client, configured, shop};

/// The same step in a branch, where its type covers it, and in a subjourney, where none does.
const CHECKS: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: checks, version: 1.0.0 }
spec:
  bindings:
    websocket: { start: { messageType: begin }, steps: { check: { messageType: decide } } }
  start: both
  states:
    both:
      type: parallel
      parallel:
        branches:
          - { name: a, start: check, states: { check: { type: wait, wait: { channel: manual, input: { schema: {} } }, next: end }, end: { type: succeed } } }
          - { name: b, start: end, states: { end: { type: succeed } } }
        join: { strategy: allOf }
      next: child
    child: { type: subjourney, subjourney: { ref: sub }, next: done }
    done: { type: succeed }
  subjourneys:
    sub:
      start: check
      states:
        check: { type: wait, wait: { channel: manual, input: { schema: {} } }, next: end }
        end: { type: succeed }
";

#[tokio::test(start_paused = true)]
async fn rt_4_equal_start_types_are_told_apart_by_the_name() {
    let (engine, binding) = shop();
    let mut client = Client::at(&binding, "/ws/shop").await;
    client.send(r#"{"type":"begin","id":"1","payload":{}}"#);
    let error = client.refused("journey-name-required").await;
    assert_eq!(error["problem"]["journeys"], serde_json::json!(["claim", "refund"]));
    client.send(r#"{"type":"begin","id":"1","journeyName":"order","payload":{}}"#);
    client.refused("not-found").await;
    client.send(r#"{"type":"begin","id":"1","journeyName":"refund","payload":{}}"#);
    client.expect(r#"{"type":"status","payload":{"journeyName":"refund"}}"#).await;
    assert_eq!(engine.calls(), ["start refund {}"]);
    let mut client = Client::of(&binding).await;
    client.send(r#"{"type":"placeOrder","journeyName":"refund","payload":{}}"#);
    client.refused("not-found").await;
    client.send(r#"{"type":"placeOrder","journeyName":"order","payload":{}}"#);
    client.expect(r#"{"type":"status"}"#).await;
}

/// Also WS-032, WS-034.
#[tokio::test(start_paused = true)]
async fn rt_6_an_address_is_covered_as_a_whole() {
    let engine = ScriptedEngine::new(catalog(&[CHECKS]));
    let binding = WsBinding::new(Arc::clone(&engine) as Arc<dyn Engine>, WsConfig::default()).unwrap();
    let run = engine.run("checks");
    let mut client = Client::at(&binding, "/ws/journeys/checks").await;
    let submit =
        |step: &str| format!(r#"{{"type":"decide","journeyId":"{run}","stepId":"{step}","payload":1}}"#);
    for step in [
        "child~check",
        "nowhere~x~check",
        "both~a",
        "both~b~check",
        "both~a~check~check",
        "both~a~other",
        "other",
        "no step",
    ] {
        client.send(&submit(step));
        let error = client.refused("step-type-mismatch").await;
        assert_eq!(error["problem"]["status"], 400, "{step}");
    }
    assert_eq!(engine.calls(), Vec::<String>::new(), "what cannot be is not asked for");
    for step in ["both~a~check", "check"] {
        client.send(&submit(step));
        client.refused("step-not-active").await;
    }
}

#[tokio::test(start_paused = true)]
async fn mux_1_runs_of_several_definitions_share_a_connection() {
    let (_engine, binding) = shop();
    let mut client = Client::at(&binding, "/ws/shop").await;
    for name in ["claim", "refund", "claim"] {
        client.send(&format!(r#"{{"type":"begin","journeyName":"{name}","payload":{{}}}}"#));
        client.expect(r#"{"type":"status","subscribed":true}"#).await;
    }
    for run in ["run-2", "run-3", "run-1"] {
        client.send(&format!(r#"{{"type":"decide","id":"s","journeyId":"{run}","payload":1}}"#));
        client.expect(&format!(r#"{{"type":"status","id":"s","journeyId":"{run}"}}"#)).await;
        client.expect(&format!(r#"{{"type":"outcome","journeyId":"{run}"}}"#)).await;
        client.expect(r#"{"type":"unsubscribed"}"#).await;
    }
}

#[tokio::test(start_paused = true)]
async fn mux_2_the_shared_endpoint_serves_what_has_no_subprotocol_of_its_own() {
    let (engine, binding) = configured(|config| config.shared_endpoint = Some("/ws/journeys".to_owned()));
    let mut client = Client::silent(&binding, "/ws/journeys");
    let welcome = client.expect(r#"{"type":"welcome"}"#).await;
    let names: Vec<_> = welcome["journeys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|journey| journey["journeyName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["claim", "order", "refund", "report"]);
    client.send(r#"{"type":"placeOrder","payload":{}}"#);
    client.expect(r#"{"type":"status","journeyId":"run-1"}"#).await;
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"type":"status","stepId":"approve"}"#).await;
    let private = engine.run("private");
    client.send(&format!(r#"{{"type":"getStatus","journeyId":"{private}"}}"#));
    client.refused("not-found").await;
}

#[tokio::test(start_paused = true)]
async fn mux_2_a_type_with_two_meanings_on_the_shared_endpoint_stops_start_up() {
    let other = journey("other", "1.0.0", "", "{ start: { messageType: decide }, steps: {} }");
    let engine = ScriptedEngine::new(catalog(&[ORDER, &other]));
    let mut config = WsConfig::default();
    assert!(WsBinding::new(Arc::clone(&engine) as Arc<dyn Engine>, config.clone()).is_ok());
    config.shared_endpoint = Some("/ws/journeys".to_owned());
    config.heartbeat.timeout = config.heartbeat.interval;
    let error = WsBinding::new(engine, config).unwrap_err();
    assert_eq!(error.problems.len(), 2, "everything at once: {error}");
    assert!(error.to_string().contains("`decide`"), "{error}");
}

/// Also RT-4.
#[tokio::test(start_paused = true)]
async fn mux_2_a_journey_that_names_the_shared_endpoint_itself_is_there_once() {
    let own = journey(
        "visit",
        "1.0.0",
        "",
        "{ endpoint: { path: /ws/all }, start: { messageType: visit }, steps: { approve: { messageType: agree } } }",
    );
    let engine = ScriptedEngine::new(catalog(&[ORDER, &own]));
    let mut config = WsConfig::default();
    config.shared_endpoint = Some("/ws/all".to_owned());
    let binding = WsBinding::new(Arc::clone(&engine) as Arc<dyn Engine>, config).unwrap();
    let mut client = Client::silent(&binding, "/ws/all");
    let welcome = client.expect(r#"{"type":"welcome"}"#).await;
    let names: Vec<_> =
        welcome["journeys"].as_array().unwrap().iter().map(|one| &one["journeyName"]).collect();
    assert_eq!(names, ["order", "visit"]);
    client.send(r#"{"type":"visit","payload":{}}"#);
    client.expect(r#"{"type":"status","payload":{"journeyName":"visit"}}"#).await;
    client.send(r#"{"type":"placeOrder","payload":{}}"#);
    client.expect(r#"{"type":"status","payload":{"journeyName":"order"}}"#).await;
}

/// Also MUX-2.
#[tokio::test(start_paused = true)]
async fn sp_5_a_subprotocol_of_its_own_on_the_shared_endpoint_stops_start_up() {
    let own = |protocol: &str| {
        let endpoint = format!("endpoint: {{ path: /ws/all{protocol} }}");
        journey(
            "visit",
            "1.0.0",
            "",
            &format!("{{ {endpoint}, start: {{ messageType: visit }}, steps: {{}} }}"),
        )
    };
    let (plain, named) = (own(""), own(", subprotocol: shop.v2"));
    let mut config = WsConfig::default();
    config.shared_endpoint = Some("/ws/all".to_owned());
    let engine = ScriptedEngine::new(catalog(&[ORDER, &named]));
    let error = WsBinding::new(engine, config.clone()).unwrap_err();
    assert_eq!(error.problems.len(), 1, "{error}");
    assert!(error.to_string().contains("`visit`"), "{error}");

    // What is deployed later cannot stop the server any more: it stays out of the way of the others.
    let engine = ScriptedEngine::new(catalog(&[ORDER, &plain]));
    let binding = WsBinding::new(Arc::clone(&engine) as Arc<dyn Engine>, config).unwrap();
    engine.deploy(catalog(&[ORDER, &named]));
    let mut client = Client::at(&binding, "/ws/all").await;
    client.send(r#"{"type":"visit","payload":{}}"#);
    client.refused("unknown-type").await;
    client.send(r#"{"type":"placeOrder","payload":{}}"#);
    client.expect(r#"{"type":"status"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn rt_11_a_deployment_reaches_open_connections_and_runs_keep_their_version() {
    let first = journey(
        "visit",
        "1.0.0",
        "",
        "{ start: { messageType: old }, steps: { approve: { messageType: decide } } }",
    );
    let second = journey(
        "visit",
        "2.0.0",
        "",
        "{ start: { messageType: new }, steps: { approve: { messageType: agree } } }",
    );
    let engine = ScriptedEngine::new(catalog(&[&first]));
    let binding = WsBinding::new(Arc::clone(&engine) as Arc<dyn Engine>, WsConfig::default()).unwrap();
    let mut client = Client::at(&binding, "/ws/journeys/visit").await;
    client.send(r#"{"type":"old","payload":{}}"#);
    client.expect(r#"{"type":"status","journeyId":"run-1"}"#).await;
    client.send(r#"{"type":"new","payload":{}}"#);
    client.refused("unknown-type").await;

    engine.deploy(catalog(&[&first, &second]));
    client.send(r#"{"type":"old","payload":{}}"#);
    client.refused("unknown-type").await;
    client.send(r#"{"type":"new","payload":{}}"#);
    client.expect(r#"{"type":"status","journeyId":"run-2"}"#).await;
    client.send(r#"{"type":"agree","journeyId":"run-1","payload":1}"#);
    client.refused("type-not-for-journey").await;
    client.send(r#"{"type":"decide","journeyId":"run-1","payload":1}"#);
    client.expect(r#"{"type":"status","journeyId":"run-1","stepId":"approve"}"#).await;
    client.expect(r#"{"type":"outcome","journeyId":"run-1"}"#).await;
    client.expect(r#"{"type":"unsubscribed"}"#).await;

    engine.deploy(catalog(&[&second]));
    client.send(r#"{"type":"getStatus","journeyId":"run-1"}"#);
    client.refused("not-found").await;
    engine.deploy(catalog(&[]));
    client.send(r#"{"type":"new","payload":{}}"#);
    client.refused("unknown-type").await;
    assert!(!binding.handles("/ws/journeys/visit"));
}

#[tokio::test(start_paused = true)]
async fn ws_005_paths_are_those_of_the_definitions() {
    let engine = ScriptedEngine::new(journeys());
    let binding = WsBinding::new(engine, WsConfig::default()).unwrap();
    for path in ["/ws/journeys/order", "/ws/shop", "/ws/journeys/private", "/ws/journeys/orde%72"] {
        assert!(binding.handles(path), "{path}");
    }
    for path in [
        "/",
        "/ws/journeys",
        "/ws/journeys/claim",
        "/ws/journeys/order/",
        "/api/v1/journeys",
        "/ws/journeys/%ff",
    ] {
        assert!(!binding.handles(path), "{path}");
    }
}
