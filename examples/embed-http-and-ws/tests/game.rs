//! One game over both bindings of the example, on a real port, and one without any.

use std::time::Duration;

use embed_http_and_ws::{app, engine, serve, talk};
use futures::{SinkExt, StreamExt};
use jf_binding_http::HttpConfig;
use jf_binding_ws::{WsBinding, WsConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

async fn play() -> String {
    let engine = engine().await.expect("the journey is valid");
    let app = app(engine, HttpConfig::default(), WsConfig::default()).expect("the settings are valid");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn post(url: String, body: Value) -> (u16, Value) {
    let request =
        reqwest::Client::new().post(url).header("content-type", "application/json").body(body.to_string());
    let response = request.send().await.expect("the server answers");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a whole answer");
    (status, serde_json::from_str(&text).expect("answers are JSON"))
}

async fn frame<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>) -> Value {
    let message = socket.next().await.expect("the server speaks").expect("a message");
    serde_json::from_str(message.to_text().expect("a text message")).expect("frames are JSON")
}

/// BND-051: a run started over one binding goes on over the other.
#[tokio::test]
async fn bnd_051_a_game_over_both_bindings() {
    let address = play().await;
    let base = format!("http://{address}/api/v1/journeys");

    let (status, started) = post(format!("{base}/guess-the-number/start"), json!({ "secret": 42 })).await;
    assert_eq!(
        (status, &started["currentState"], &started["hint"]),
        (200, &json!("guess"), &json!("go ahead"))
    );
    let run = started["journeyId"].as_str().expect("an id");

    let (status, answer) = post(format!("{base}/{run}/steps/guess"), json!({ "number": 50 })).await;
    assert_eq!((status, &answer["hint"], &answer["guesses"]), (200, &json!("too high"), &json!(1)));

    let url = format!("ws://{address}/ws/journeys/guess-the-number");
    let stream = TcpStream::connect(&address).await.expect("the server listens");
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.expect("the endpoint is there");
    assert_eq!(frame(&mut socket).await["type"], "welcome");
    let guess = json!({ "type": "guess", "id": "1", "journeyId": run, "payload": { "number": 42 }, "subscribe": true });
    socket.send(Message::text(guess.to_string())).await.expect("the server reads");
    let reply = frame(&mut socket).await;
    assert_eq!((&reply["type"], &reply["payload"]["phase"]), (&json!("status"), &json!("SUCCEEDED")));
    let outcome = frame(&mut socket).await;
    assert_eq!(outcome["payload"]["output"], json!({ "guesses": 2, "hint": "right" }));

    let (status, gone) = post(format!("{base}/{run}/steps/guess"), json!({ "number": 42 })).await;
    assert_eq!((status, &gone["type"]), (409, &json!("urn:journeyforge:error:step-not-active")));
}

/// HTTP-105, HTTP-029: an open stream of events is sent away when the end begins, and keeps nobody from ending.
#[tokio::test]
async fn http_105_an_open_stream_of_events_ends_with_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = serve(listener, async { drop(stopped.await) });
    let reading = async {
        let base = format!("http://{address}/api/v1/journeys");
        let (_, started) = post(format!("{base}/guess-the-number/start"), json!({ "secret": 42 })).await;
        let run = started["journeyId"].as_str().expect("an id");
        let mut events = reqwest::get(format!("{base}/{run}/events")).await.expect("the server answers");
        let mut text = String::new();
        while !text.contains("event: status") {
            let chunk = events.chunk().await.expect("the stream goes on").expect("the stream goes on");
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
        stop.send(()).expect("the server runs");
        let mut last = String::new();
        while let Some(chunk) = events.chunk().await.expect("the stream ends in good order") {
            last.push_str(&String::from_utf8_lossy(&chunk));
        }
        assert!(last.starts_with("retry: "), "{last}");
    };
    let both = async { tokio::join!(serving, reading) };
    let (served, ()) = timeout(Duration::from_secs(60), both).await.expect("the stream keeps nobody");
    served.expect("the server has ended in good order");
}

/// WS-025, WS-050: a game over a pipe in memory.
#[tokio::test]
async fn ws_050_a_game_over_a_pipe() {
    let engine = engine().await.expect("the journey is valid");
    let binding = WsBinding::new(engine, WsConfig::default()).expect("the settings are valid");
    let (ours, theirs) = tokio::io::duplex(4096);
    let talking = tokio::spawn(async move { talk(&binding, ours).await });
    let mut socket = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
    assert_eq!(frame(&mut socket).await["type"], "welcome");
    let hide = json!({ "type": "hide", "payload": { "secret": 42 }, "subscribe": false });
    socket.send(Message::text(hide.to_string())).await.expect("the server reads");
    let started = frame(&mut socket).await;
    assert_eq!(started["payload"]["currentState"], "guess");
    let guess = json!({ "type": "guess", "journeyId": started["journeyId"], "payload": { "number": 42 } });
    socket.send(Message::text(guess.to_string())).await.expect("the server reads");
    assert_eq!(frame(&mut socket).await["payload"]["phase"], "SUCCEEDED");
    socket.close(None).await.expect("the server closes, too");
    while socket.next().await.is_some() {}
    talking.await.expect("the conversation ends with the connection");
}

/// What the guide shows is what this example does.
#[test]
fn the_guide_shows_this_example() {
    let guide = include_str!("../../../docs/guide/embedding.md");
    let source = include_str!("../src/lib.rs");
    let blocks: Vec<&str> =
        guide.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for line in blocks.iter().flat_map(|block| block.lines()).map(str::trim).filter(|line| !line.is_empty()) {
        assert!(source.contains(line), "`{line}` is not in src/lib.rs");
    }
}
