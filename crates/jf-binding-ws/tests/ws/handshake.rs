//! Handshakes and whole conversations over real sockets (§15), on one port with an HTTP router.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use futures::{SinkExt, StreamExt};
use http::{Request, Response};
use jf_binding_ws::{Drain, OnMismatch, WsConfig};
use jf_core::{Engine, Principal};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::{WebSocketStream, client_async};
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Bytes, Message};

use crate::engine::ScriptedEngine;
use crate::journeys;

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A server on a free port.
pub(crate) struct Server {
    address: SocketAddr,
    pub(crate) engine: Arc<ScriptedEngine>,
    pub(crate) drain: Drain,
}

impl Server {
    pub(crate) async fn start(change: impl FnOnce(&mut WsConfig)) -> Self {
        Self::start_with(change, |router| router).await
    }

    /// `outer` wraps the finished router.
    pub(crate) async fn start_with(
        change: impl FnOnce(&mut WsConfig),
        outer: impl FnOnce(Router) -> Router,
    ) -> Self {
        let engine = ScriptedEngine::new(journeys::shop());
        let mut config = WsConfig::default();
        change(&mut config);
        let drain = config.drain.clone();
        let inner = Router::new().route("/hello", get(|| async { "hello" }));
        let app = jf_binding_ws::attach(inner, Arc::clone(&engine) as Arc<dyn Engine>, config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = outer(app).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { address, engine, drain }
    }

    fn request(&self, path: &str, headers: &[(&'static str, &str)]) -> Request<()> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    }

    pub(crate) async fn connect(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(Socket, Response<Option<Vec<u8>>>), Response<Option<Vec<u8>>>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        match client_async(self.request(path, headers), stream).await {
            Ok(connected) => Ok(connected),
            Err(tungstenite::Error::Http(response)) => Err(*response),
            Err(other) => panic!("{other:?}"),
        }
    }

    /// Connects to the path of `order` and takes the `welcome`.
    async fn open(&self) -> Socket {
        let (mut socket, _) = self.connect("/ws/journeys/order", &[]).await.unwrap();
        assert_eq!(frame(&mut socket).await["type"], "welcome");
        socket
    }

    async fn raw(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        // Until the body is there; the connection may stay open.
        while !String::from_utf8_lossy(&answer).contains("\r\n\r\n{") {
            let read = timeout(Duration::from_secs(5), stream.read(&mut buffer)).await.unwrap().unwrap();
            answer.extend_from_slice(&buffer[..read]);
            if read == 0 {
                break;
            }
        }
        let answer = String::from_utf8(answer).unwrap();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }
}

async fn next(socket: &mut Socket) -> Message {
    timeout(Duration::from_secs(5), socket.next()).await.expect("in time").expect("a message").unwrap()
}

pub(crate) async fn frame(socket: &mut Socket) -> Value {
    match next(socket).await {
        Message::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn send(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).await.unwrap();
}

/// Reads until the close frame; its code and name.
pub(crate) async fn close_of(socket: &mut Socket) -> (u16, String) {
    loop {
        if let Message::Close(Some(close)) = next(socket).await {
            return (close.code.into(), close.reason.to_string());
        }
    }
}

pub(crate) fn slug(response: &Response<Option<Vec<u8>>>) -> (u16, String) {
    let body: Value = serde_json::from_slice(response.body().as_deref().unwrap()).unwrap();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(body["status"], response.status().as_u16());
    let slug = body["type"].as_str().unwrap().strip_prefix("urn:journeyforge:error:").unwrap();
    (response.status().as_u16(), slug.to_owned())
}

#[tokio::test]
async fn a_whole_conversation_beside_an_http_route_on_one_port() {
    let server = Server::start(|_| ()).await;
    let (mut socket, response) = server
        .connect("/ws/journeys/order?tenant=t1", &[("sec-websocket-protocol", "journeyforge.v1")])
        .await
        .unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "journeyforge.v1");
    assert!(response.headers().get("sec-websocket-extensions").is_none(), "CMP-1");
    assert_eq!(frame(&mut socket).await["protocol"], "journeyforge.v1");
    send(&mut socket, r#"{"type":"placeOrder","id":"1","payload":{"orderId":"A-17"}}"#).await;
    let reply = frame(&mut socket).await;
    assert_eq!((&reply["type"], &reply["id"]), (&json!("status"), &json!("1")));
    let caller = server.engine.last_caller();
    assert_eq!(caller.query_parameter("tenant"), Some("t1"), "AUTH-1");
    assert!(caller.remote_address().unwrap().ip().is_loopback());
    let run = reply["journeyId"].as_str().unwrap();
    for step in ["decide", "decide", "sign"] {
        send(&mut socket, &format!(r#"{{"type":"{step}","id":"2","journeyId":"{run}","payload":1}}"#)).await;
        assert_eq!(frame(&mut socket).await["id"], "2");
    }
    assert_eq!(frame(&mut socket).await["type"], "outcome");
    assert_eq!(frame(&mut socket).await["type"], "unsubscribed");
    socket.send(Message::Ping(Bytes::from_static(b"are you there"))).await.unwrap();
    assert_eq!(next(&mut socket).await, Message::Pong(Bytes::from_static(b"are you there")));
    socket.close(None).await.unwrap();
    let (status, answer) = server.raw("GET /hello HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert_eq!((status, answer.ends_with("hello")), (200, true), "{answer}");
}

#[tokio::test]
async fn hs_1_refusals_are_problem_documents_and_other_paths_go_to_the_router() {
    let server = Server::start(|_| ()).await;
    let plain = "host: x\r\n\r\n";
    let upgrade = "host: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n";
    for (request, expected, slug) in [
        (format!("GET /ws/journeys/order HTTP/1.1\r\n{plain}"), 426, "upgrade-required"),
        (
            format!("POST /ws/journeys/order HTTP/1.1\r\ncontent-length: 0\r\n{plain}"),
            426,
            "upgrade-required",
        ),
        (
            format!("GET /ws/journeys/order HTTP/1.1\r\n{upgrade}sec-websocket-key: short\r\n\r\n"),
            400,
            "invalid-input",
        ),
        (
            format!("GET /ws/journeys/order HTTP/1.1\r\n{}\r\n", upgrade.replace("13", "8")),
            426,
            "upgrade-required",
        ),
    ] {
        let (status, answer) = server.raw(&request).await;
        assert_eq!(status, expected, "{answer}");
        assert!(answer.contains(&format!("urn:journeyforge:error:{slug}")), "{answer}");
        assert!(status != 426 || answer.contains("sec-websocket-version: 13"), "{answer}");
    }
    let unknown = server.connect("/ws/journeys/unknown", &[]).await.unwrap_err();
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn hs_1_the_order_of_checks() {
    let server = Server::start(|config| config.caps.connections = 1).await;
    let bad_everything = [("origin", "https://evil.test"), ("sec-websocket-protocol", "other")];
    let held = server.open().await;
    let refused = server.connect("/ws/journeys/order", &bad_everything).await.unwrap_err();
    assert_eq!(slug(&refused), (403, "forbidden".to_owned()));
    let full = server.connect("/ws/journeys/order", &bad_everything[1..]).await.unwrap_err();
    assert_eq!(slug(&full), (429, "rate-limited".to_owned()));
    assert!(full.headers().contains_key("retry-after"));
    drop(held);
    server.drain.begin();
    let draining = server.connect("/ws/journeys/order", &bad_everything[1..]).await.unwrap_err();
    assert_eq!(slug(&draining), (503, "draining".to_owned()));
    assert_eq!(draining.headers()["retry-after"], "20");
}

#[tokio::test]
async fn lim_4_places_are_given_back() {
    let server = Server::start(|config| config.caps.per_address = 1).await;
    let mut held = server.open().await;
    assert_eq!(server.connect("/ws/journeys/order", &[]).await.unwrap_err().status(), 429);
    held.close(None).await.unwrap();
    while held.next().await.is_some() {}
    // The place is free once the server's task has ended, which the client cannot see.
    let again = timeout(Duration::from_secs(5), async {
        loop {
            match server.connect("/ws/journeys/order", &[]).await {
                Ok(connected) => return connected,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    });
    again.await.expect("a place");
}

#[tokio::test]
async fn sp_1_a_mismatch_is_refused_or_told_with_a_close_code() {
    let server = Server::start(|_| ()).await;
    let path = "/ws/journeys/private";
    for offer in [&[][..], &[("sec-websocket-protocol", "journeyforge.v1")]] {
        assert_eq!(
            slug(&server.connect(path, offer).await.unwrap_err()),
            (400, "subprotocol-required".to_owned())
        );
    }
    let (mut socket, response) =
        server.connect(path, &[("sec-websocket-protocol", "shop.v2")]).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "shop.v2");
    assert_eq!(frame(&mut socket).await["protocol"], "journeyforge.v1", "SP-4: the grammar");

    let server = Server::start(|config| config.on_mismatch = OnMismatch::Close).await;
    let offer = [("sec-websocket-protocol", "journeyforge.v1")];
    let (mut socket, response) = server.connect(path, &offer).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "journeyforge.v1", "or browsers hide the code");
    assert_eq!(close_of(&mut socket).await, (4406, "subprotocol".to_owned()));
}

#[tokio::test]
async fn org_1_own_and_listed_origins_may_connect() {
    let server = Server::start(|config| {
        config.listener = Some("127.0.0.1:8080".parse().unwrap());
        config.allowed_origins.push("https://shop.example".to_owned());
    })
    .await;
    for origin in ["http://localhost:8080", "https://shop.example"] {
        assert!(server.connect("/ws/journeys/order", &[("origin", origin)]).await.is_ok(), "{origin}");
    }
    for origin in ["http://localhost:8081", "https://shop.example.evil.test", "null"] {
        assert!(server.connect("/ws/journeys/order", &[("origin", origin)]).await.is_err(), "{origin}");
    }
}

#[tokio::test]
async fn auth_1_a_layer_in_front_tells_who_connects() {
    let server = Server::start_with(
        |config| {
            config.caps.per_principal = 1;
            config.subprotocol_token = true;
        },
        |router| {
            router.layer(axum::middleware::map_request(|mut request: axum::extract::Request| async move {
                request.extensions_mut().insert(Principal::new("p-1"));
                request
            }))
        },
    )
    .await;
    let carrier = "base64url.bearer.journeyforge.czNjcjN0, journeyforge.v1";
    let (mut socket, response) =
        server.connect("/ws/journeys/order", &[("sec-websocket-protocol", carrier)]).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "journeyforge.v1", "SP-6: never echoed");
    frame(&mut socket).await;
    send(&mut socket, r#"{"type":"placeOrder","payload":{}}"#).await;
    frame(&mut socket).await;
    let caller = server.engine.last_caller();
    assert_eq!(caller.principal(), Some("p-1"));
    assert_eq!(caller.headers()["authorization"], "Bearer s3cr3t");
    assert!(!caller.headers().contains_key("sec-websocket-protocol"), "SP-7");
    assert_eq!(server.connect("/ws/journeys/order", &[]).await.unwrap_err().status(), 429, "per principal");
}

#[tokio::test]
async fn enc_1_faults_of_framing_are_told_before_the_connection_goes() {
    let server = Server::start(|_| ()).await;
    let limit = (1 << 20) + (64 << 10);
    let pad =
        |bytes: usize| Message::text(format!(r#"{{"type":"ping","x-pad":"{}"}}"#, "x".repeat(bytes - 26)));
    let mut socket = server.open().await;
    socket.send(pad(limit)).await.unwrap();
    assert_eq!(frame(&mut socket).await["type"], "pong", "LIM-1: exactly the limit");
    // The rest of a message that is too big is still on its way when the close is sent.
    for bytes in [limit + 1, limit + 200_000] {
        let mut socket = server.open().await;
        let _ = socket.send(pad(bytes)).await;
        assert_eq!(close_of(&mut socket).await, (1009, "framing".to_owned()));
    }
    let mut socket = server.open().await;
    socket.send(Message::Binary(Bytes::from_static(b"{}"))).await.unwrap();
    assert_eq!(close_of(&mut socket).await, (1003, "framing".to_owned()));
    let mut socket = server.open().await;
    let bytes = Bytes::from_static(b"\xff\xfe");
    socket.send(Message::Frame(Frame::message(bytes, OpCode::Data(Data::Text), true))).await.unwrap();
    assert_eq!(close_of(&mut socket).await, (1007, "framing".to_owned()));
}

#[tokio::test]
async fn enc_2_fragments_with_control_frames_between() {
    let server = Server::start(|_| ()).await;
    let mut socket = server.open().await;
    let text = r#"{"type":"ping","id":"in-many-parts"}"#;
    let parts: Vec<_> = text.as_bytes().chunks(1).collect();
    assert!(parts.len() < 64);
    for (index, part) in parts.iter().enumerate() {
        let code = OpCode::Data(if index == 0 { Data::Text } else { Data::Continue });
        let frame = Frame::message(Bytes::copy_from_slice(part), code, index + 1 == parts.len());
        socket.send(Message::Frame(frame)).await.unwrap();
        if index == 5 {
            socket.send(Message::Ping(Bytes::new())).await.unwrap();
        }
    }
    assert!(matches!(next(&mut socket).await, Message::Pong(_)));
    assert_eq!(frame(&mut socket).await, json!({"type":"pong","id":"in-many-parts"}));
}

#[tokio::test]
async fn enc_2_a_large_document_arrives_whole() {
    let server = Server::start(|_| ()).await;
    let run = server.engine.run("order");
    server.engine.pad(3_000_000);
    let mut socket = server.open().await;
    send(&mut socket, &format!(r#"{{"type":"getStatus","journeyId":"{run}"}}"#)).await;
    assert_eq!(frame(&mut socket).await["payload"]["tags"][0].as_str().unwrap().len(), 3_000_000);
}

#[tokio::test]
async fn flow_6_a_client_that_does_not_read_is_let_go_of() {
    let server = Server::start(|config| config.write_timeout = Duration::from_millis(200)).await;
    let run = server.engine.run("order");
    server.engine.pad(7_000_000);
    let mut socket = server.open().await;
    for _ in 0..4 {
        send(&mut socket, &format!(r#"{{"type":"getStatus","journeyId":"{run}"}}"#)).await;
    }
    server.drain.begin();
    timeout(Duration::from_secs(8), server.drain.closed()).await.expect("long before the drain window ends");
}

#[tokio::test]
async fn drain_closed_waits_for_connections_and_they_get_1012() {
    let server = Server::start(|config| config.drain_window = Duration::from_millis(200)).await;
    let mut sockets = [server.open().await, server.open().await];
    assert_eq!(server.drain.open_connections(), 2);
    server.drain.begin();
    for socket in &mut sockets {
        assert_eq!(frame(socket).await["type"], "goaway");
        assert_eq!(close_of(socket).await, (1012, "restart".to_owned()));
    }
    drop(sockets);
    timeout(Duration::from_secs(5), server.drain.closed()).await.expect("all gone");
    assert_eq!(server.drain.open_connections(), 0);
}
