//! WebSocket step round trips against a bare tokio-tungstenite server that reads and writes frames of the same sizes.

use std::net::SocketAddr;

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config, client_async_with_config};
use tungstenite::Message;
use tungstenite::protocol::WebSocketConfig;

use crate::load::{Rounds, Work};
use crate::report::Report;
use crate::{Effort, system};

/// A connection of a client.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A connection that sends one frame and waits for its reply, over and over.
pub(crate) struct RoundTrip {
    socket: Socket,
    frame: String,
    run: String,
}

impl RoundTrip {
    /// The run that is stepped.
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    /// Sends the frame; gives the reply.
    pub(crate) async fn exchange(&mut self) -> String {
        exchange(&mut self.socket, &self.frame).await
    }
}

impl Work for RoundTrip {
    async fn once(&mut self) -> usize {
        let reply = self.exchange().await;
        assert!(reply.starts_with(r#"{"type":"status""#), "unexpected reply: {reply}");
        1
    }
}

pub(crate) fn measure(clients: &[usize], effort: Effort, report: &mut Report) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be built");
    runtime.block_on(async {
        let ours = listen().await;
        let router = system::full_router().await;
        tokio::spawn(async move { axum::serve(ours.0, router).await });
        let reply = submitter(ours.1).await.exchange().await;
        let reference = listen().await;
        tokio::spawn(echo(reference.0, reply));
        for &count in clients {
            let (mut mine, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..count {
                let submitter = submitter(ours.1).await;
                let socket = connect(reference.1, "/").await;
                let (frame, run) = (submitter.frame.clone(), submitter.run.clone());
                theirs.push(RoundTrip { socket, frame, run });
                mine.push(submitter);
            }
            let rounds = Rounds::take(effort.rounds, effort.time, mine, theirs).await;
            report.ratio(format!("WebSocket step round trip, {count} connections"), &rounds, 0.50);
        }
    });
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    (listener, address)
}

fn small_buffers() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0)
}

/// Opens a connection.
pub(crate) async fn connect(address: SocketAddr, path: &str) -> Socket {
    let stream = TcpStream::connect(address).await.expect("the server accepts connections");
    upgrade(address, stream, path).await
}

/// Makes a connection one of WebSocket.
pub(crate) async fn upgrade(address: SocketAddr, stream: TcpStream, path: &str) -> Socket {
    stream.set_nodelay(true).expect("loopback sockets take options");
    let url = format!("ws://{address}{path}");
    client_async_with_config(url, stream, Some(small_buffers())).await.expect("the handshake succeeds").0
}

async fn exchange(socket: &mut Socket, frame: &str) -> String {
    socket.send(Message::text(frame)).await.expect("the connection is open");
    loop {
        match socket.next().await.expect("the connection is open").expect("frames are readable") {
            Message::Text(text) => return text.as_str().to_owned(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("unexpected message: {other:?}"),
        }
    }
}

/// A connection with a run of its own that waits, and waits again after each submission.
pub(crate) async fn submitter(address: SocketAddr) -> RoundTrip {
    let mut socket = connect(address, "/ws/journeys/loop").await;
    let welcome = socket.next().await.expect("a welcome").expect("a readable welcome");
    assert!(welcome.to_text().is_ok_and(|text| text.contains("welcome")));
    let started = exchange(&mut socket, r#"{"type":"loop.start","payload":{},"subscribe":false}"#).await;
    let started: Value = serde_json::from_str(&started).expect("replies are JSON");
    let run = started["journeyId"].as_str().expect("a started run has an id").to_owned();
    let frame = format!(
        r#"{{"type":"loop.step","id":"1","journeyId":"{run}","payload":{{"decision":"again","comment":"fine"}}}}"#
    );
    RoundTrip { socket, frame, run }
}

/// Answers every text frame with `reply`. No journey, no state.
async fn echo(listener: TcpListener, reply: String) {
    loop {
        let (stream, _) = listener.accept().await.expect("the listener is open");
        stream.set_nodelay(true).expect("loopback sockets take options");
        let reply = reply.clone();
        tokio::spawn(async move {
            let Ok(mut socket) = accept_async_with_config(stream, Some(small_buffers())).await else {
                return;
            };
            while let Some(Ok(message)) = socket.next().await {
                if message.is_text() && socket.send(Message::text(reply.as_str())).await.is_err() {
                    return;
                }
            }
        });
    }
}
