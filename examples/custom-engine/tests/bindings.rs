//! The toy engine behind both bindings.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::net::SocketAddr;
use std::sync::Arc;

use custom_engine::{Desk, app, catalog};
use jf_binding_http::HttpConfig;
use jf_binding_ws::WsConfig;
use jf_core::Engine;
use jf_testkit::{
    CancelRun, Driver, EngineDriver, Handshake, HttpDriver, Run, Start, Submit, WebSocketClient,
    WebSocketDriver,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

async fn serve() -> (Arc<dyn Engine>, SocketAddr) {
    let engine: Arc<dyn Engine> = Arc::new(Desk::new(Arc::new(catalog().unwrap())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app(Arc::clone(&engine), HttpConfig::default(), WsConfig::default()).unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    (engine, address)
}

/// What a client sees when it asks, gets an answer, and asks on.
async fn converse(driver: &dyn Driver) -> Vec<Value> {
    let started = driver.start(Start::new("ticket", json!({ "question": "Is it open?" }))).await.unwrap();
    let run = started.run().unwrap();
    let plain = &jf_testkit::Request::PLAIN;
    let answers = [
        started,
        driver.start(Start::new("ticket", json!({}))).await.unwrap(),
        driver.outcome(&run, plain).await.unwrap(),
        driver.submit(Submit::new(&run, "answer", json!({ "text": 6 }))).await.unwrap(),
        driver.submit(Submit::new(&run, "answer", json!({ "text": "Until six." }))).await.unwrap(),
        driver.submit(Submit::new(&run, "answer", json!({ "text": "Until six." }))).await.unwrap(),
        driver.status(&run, plain).await.unwrap(),
        driver.outcome(&run, plain).await.unwrap(),
        driver.cancel(CancelRun::new(&run)).await.unwrap(),
        driver.status(&Run::new("ticket", "unknown"), plain).await.unwrap(),
    ];
    answers.iter().map(jf_testkit::Answer::comparable).collect()
}

/// OP-8: the same documents over the trait, over HTTP and over WebSocket.
#[tokio::test]
async fn op_8_the_bindings_show_what_the_engine_says() {
    let (engine, address) = serve().await;
    let direct = converse(&EngineDriver::new(Arc::clone(&engine))).await;
    let results: Vec<&str> = direct.iter().map(|answer| answer["result"].as_str().unwrap()).collect();
    assert_eq!(
        results,
        ["status", "error", "error", "error", "status", "error", "status", "outcome", "status", "error"]
    );
    assert_eq!(direct[7]["document"]["output"], json!({ "text": "Until six." }));
    assert_eq!(converse(&HttpDriver::new(address, catalog().unwrap())).await, direct);
    assert_eq!(converse(&WebSocketDriver::new(address, catalog().unwrap())).await, direct);
}

/// WS-040: a start subscribes its connection; the outcome is the last push.
#[tokio::test]
async fn ws_040_the_starter_is_told_the_outcome() {
    let (_, address) = serve().await;
    let mut asking =
        WebSocketClient::connect(address, "/ws/journeys/ticket", &Handshake::default()).await.unwrap();
    let started =
        asking.request(json!({ "type": "ask", "payload": { "question": "Is it open?" } })).await.unwrap();
    assert_eq!((&started["type"], &started["subscribed"]), (&json!("status"), &json!(true)));
    let mut answering =
        WebSocketClient::connect(address, "/ws/journeys/ticket", &Handshake::default()).await.unwrap();
    let frame =
        json!({ "type": "answer", "journeyId": started["journeyId"], "payload": { "text": "Until six." } });
    assert_eq!(answering.request(frame).await.unwrap()["payload"]["phase"], "SUCCEEDED");
    let pushed = asking.frame_where(|frame| frame["type"] == "outcome").await.unwrap();
    assert_eq!((&pushed["seq"], &pushed["payload"]["output"]["text"]), (&json!(2), &json!("Until six.")));
    let done = asking.frame().await.unwrap();
    assert_eq!((&done["type"], &done["reason"]), (&json!("unsubscribed"), &json!("completed")));
}
