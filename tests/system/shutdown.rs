//! SIGTERM while something is going on.

use http::Method;
use jf_testkit::{ClientError, Handshake, WebSocketClient};
use serde_json::json;

use crate::support::binary::Serving;
use crate::support::downstream::Downstream;
use crate::support::{in_time, journeys, urn};

/// DRAIN-1: who ends the server at a terminal does not wait for clients who have nothing in flight, however long the window is.
#[tokio::test(flavor = "multi_thread")]
async fn drain_1_at_a_terminal_idle_connections_go_within_a_second() {
    let serving = Serving::start(&journeys(), None).await;
    let mut idle = serving.websocket("/ws/journeys/review").await;
    serving.signal("INT").await;
    let goaway = idle.frame_where(|frame| frame["type"] == "goaway").await.unwrap();
    assert_eq!(goaway["reason"], "drain");
    let millis = |name: &str| goaway[name].as_u64().unwrap();
    assert!(millis("graceMs") <= 1000 && millis("reconnectDelayMs") <= 1000, "{goaway}");
    assert_eq!(idle.closed().await.unwrap().code, Some(1012));
    let (status, _, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
}

/// DRAIN-1, DRAIN-2, HTTP-029: what is in flight is answered, what comes later is told to come back, connections are announced their
/// end and closed with 1012, and the process ends with 0.
#[tokio::test(flavor = "multi_thread")]
async fn drain_2_sigterm_while_starts_are_in_flight() {
    let mut downstream = Downstream::holding(r#"{"status":"MADE"}"#).await;
    let config = format!(
        "connectors: {{ http: {{ rewrite: [{{ from: 'http://slow.example', to: '{}' }}] }} }}\nwebsocket: {{ drain: {{ windowMs: 8000 }} }}\n",
        downstream.origin()
    );
    let serving = Serving::start(&journeys(), Some(&config)).await;
    let http = serving.http();
    let mut starter = serving.websocket("/ws/journeys/slow").await;
    let mut idle = serving.websocket("/ws/journeys/review").await;
    let waiting =
        idle.request(json!({ "type": "review.start", "payload": { "orderId": "A-17", "amount": 1 } })).await;
    assert_eq!(waiting.unwrap()["type"], "status");

    let over_http = tokio::spawn({
        let http = http.clone();
        async move { http.send(Method::POST, "/api/v1/journeys/slow/start", Some(&json!({}))).await }
    });
    downstream.arrival().await;
    let over_websocket = starter.begin(json!({ "type": "slow.start", "payload": {} })).await.unwrap();
    downstream.arrival().await;
    assert_eq!(http.send(Method::GET, "/readyz", None).await.unwrap().status, 200);

    serving.terminate().await;
    for client in [&mut starter, &mut idle] {
        let goaway = client.frame_where(|frame| frame["type"] == "goaway").await.unwrap();
        assert_eq!(goaway["reason"], "drain");
        assert!(goaway["reconnectDelayMs"].is_u64() && goaway["graceMs"].is_u64(), "{goaway}");
    }

    // What comes now comes too late, and is told so. It comes on new connections: idle ones were closed.
    assert_eq!(serving.http().send(Method::GET, "/readyz", None).await.unwrap().status, 503);
    assert_eq!(serving.http().send(Method::GET, "/livez", None).await.unwrap().status, 200);
    let late =
        serving.http().send(Method::POST, "/api/v1/journeys/slow/start", Some(&json!({}))).await.unwrap();
    assert_eq!((late.status.as_u16(), &late.json().unwrap()["type"]), (503, &json!(urn("draining"))));
    assert!(late.header("retry-after").is_some());
    let late = starter.request(json!({ "type": "slow.start", "payload": {} })).await.unwrap();
    assert_eq!((&late["effect"], &late["problem"]["type"]), (&json!("none"), &json!(urn("draining"))));
    assert_eq!(starter.request(json!({ "type": "ping" })).await.unwrap()["type"], "pong", "HB-3");
    let handshake =
        WebSocketClient::connect(serving.address(), "/ws/journeys/slow", &Handshake::default()).await;
    match handshake {
        Err(ClientError::Refused(response)) => {
            assert_eq!(response.status, 503);
            assert!(response.header("retry-after").is_some());
        }
        other => panic!("{other:?}"),
    }

    // What was there before is finished.
    assert!(!over_http.is_finished());
    downstream.release();
    let answer = in_time("the answer", over_http).await.unwrap().unwrap();
    assert_eq!((answer.status.as_u16(), &answer.json().unwrap()["status"]), (200, &json!("MADE")));
    let reply = starter.reply(&over_websocket).await.unwrap();
    assert_eq!((&reply["type"], &reply["payload"]["status"]), (&json!("outcome"), &json!("MADE")));
    for client in [&mut starter, &mut idle] {
        let closed = client.closed().await.unwrap();
        assert_eq!((closed.code, closed.reason.as_str()), (Some(1012), "restart"));
    }
    let (status, printed, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(printed, Vec::<String>::new(), "one line on standard output, and no other");
    assert!(!log.contains("panicked"), "{log}");
}

/// ENG-006, DRAIN-2: what does not come to an end within the window is answered with the status, over both bindings, and the process ends all the same.
#[tokio::test(flavor = "multi_thread")]
async fn eng_006_the_window_ends_what_does_not() {
    let mut downstream = Downstream::holding("{}").await;
    let config = format!(
        "connectors: {{ http: {{ rewrite: [{{ from: 'http://slow.example', to: '{}' }}] }} }}\nwebsocket: {{ drain: {{ windowMs: 500 }} }}\n",
        downstream.origin()
    );
    let serving = Serving::start(&journeys(), Some(&config)).await;
    let http = serving.http();
    let start = tokio::spawn(async move {
        http.send(Method::POST, "/api/v1/journeys/slow/start", Some(&json!({}))).await
    });
    downstream.arrival().await;
    let mut starter = serving.websocket("/ws/journeys/slow").await;
    let over_websocket = starter.begin(json!({ "type": "slow.start", "payload": {} })).await.unwrap();
    downstream.arrival().await;
    serving.terminate().await;
    let reply = starter.reply(&over_websocket).await.unwrap();
    assert_eq!(
        (&reply["type"], &reply["payload"]["phase"], &reply["payload"]["currentState"]),
        (&json!("status"), &json!("RUNNING"), &json!("call"))
    );
    let closed = starter.closed().await.unwrap();
    assert_eq!((closed.code, closed.reason.as_str()), (Some(1012), "restart"));
    let answer = in_time("the answer", start).await.unwrap().unwrap();
    let document = answer.json().unwrap();
    assert_eq!(
        (answer.status.as_u16(), &document["phase"], &document["currentState"]),
        (200, &json!("RUNNING"), &json!("call"))
    );
    let (status, _, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
}
