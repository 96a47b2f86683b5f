//! A connection over a socket, seen from the client.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{SinkExt, StreamExt};
use jf_testkit::transcript::{Line, Received};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::WebSocketStream;
use tungstenite::Message;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

use super::flows::{Counted, Flow};
use super::hand::Hand;

/// More pings, each with the largest payload there is, than the buffers of a [narrow](super::NARROW) connection take pongs.
const FILLING: usize = 400;
const LARGEST: usize = 125;

/// The client's end. It reads all the time, as clients do, whatever is waited for; dropping it loses the connection.
pub(super) struct SocketLine {
    hand: Arc<Hand>,
    flow: Arc<Flow>,
    orders: mpsc::UnboundedSender<Message>,
    reading: watch::Sender<bool>,
    seen: mpsc::UnboundedReceiver<Received>,
    muted: bool,
}

impl SocketLine {
    pub(super) fn new(socket: WebSocketStream<Counted>, hand: Arc<Hand>) -> Self {
        let flow = socket.get_ref().flow();
        let (orders, ordered) = mpsc::unbounded_channel();
        let (reading, reads) = watch::channel(true);
        let (sees, seen) = mpsc::unbounded_channel();
        tokio::spawn(carry(socket, ordered, reads, sees));
        Self { hand, flow, orders, reading, seen, muted: false }
    }

    /// A connection that is over takes nothing, which the next line will show.
    fn put(&self, message: Message) {
        let _ = self.orders.send(message);
    }

    fn read(&self, reads: bool) {
        self.flow.stall(!reads);
        self.reading.send_replace(reads);
    }
}

/// The answer that the server cannot get rid of, once the buffers are full.
fn stuck(kind: &str) -> Value {
    json!({ "type": kind, "id": "stuck" })
}

/// Moves messages until an end has gone. The library answers pings as it reads them.
async fn carry(
    mut socket: WebSocketStream<Counted>,
    mut orders: mpsc::UnboundedReceiver<Message>,
    mut reading: watch::Receiver<bool>,
    seen: mpsc::UnboundedSender<Received>,
) {
    loop {
        let reads = *reading.borrow_and_update();
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(message) => {
                    let _ = socket.send(message).await;
                }
                None => return,
            },
            changed = reading.changed() => if changed.is_err() { return },
            message = socket.next(), if reads => match message {
                Some(Ok(message)) => {
                    if let Some(received) = received(message) {
                        let _ = seen.send(received);
                    }
                }
                Some(Err(_)) | None => return,
            },
        }
    }
}

/// What a transcript is told of a message, if anything.
fn received(message: Message) -> Option<Received> {
    match message {
        Message::Text(text) => match serde_json::from_str(&text) {
            Ok(frame) if frame == stuck("pong") => None,
            Ok(frame) => Some(Received::Frame(frame)),
            Err(error) => Some(Received::Alien(format!("not JSON: {error}"))),
        },
        Message::Ping(_) => Some(Received::Ping),
        Message::Close(frame) => {
            let (code, name) = frame.map(|frame| (u16::from(frame.code), frame.reason.to_string())).unzip();
            Some(Received::Closed { code, name: name.unwrap_or_default() })
        }
        Message::Binary(_) => Some(Received::Alien("a binary message".to_owned())),
        Message::Pong(_) | Message::Frame(_) => None,
    }
}

#[async_trait]
impl Line for SocketLine {
    async fn send(&mut self, text: &str) {
        self.put(Message::text(text));
    }

    async fn send_binary(&mut self, bytes: &[u8]) {
        self.put(Message::binary(bytes.to_vec()));
    }

    async fn send_ping(&mut self) {
        self.put(Message::Ping(tungstenite::Bytes::new()));
    }

    async fn send_close(&mut self) {
        self.put(Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })));
    }

    async fn receive(&mut self) -> Received {
        if self.muted {
            self.read(true);
        }
        let received = match self.hand.wait(self.seen.recv()).await {
            Some(Some(received)) => received,
            Some(None) => Received::Closed { code: None, name: String::new() },
            None => Received::Silence,
        };
        if self.muted {
            self.read(false);
        }
        received
    }

    async fn settle(&mut self) {
        self.hand.settle().await;
    }

    /// A socket takes a lot before it is full, so it is filled: with pongs nobody cares for, and one answer of the protocol that waits behind them.
    fn stall(&mut self, stalled: bool) {
        if stalled {
            for _ in 0..FILLING {
                self.put(Message::Ping(vec![0; LARGEST].into()));
            }
            self.put(Message::text(stuck("ping").to_string()));
        }
        self.read(!stalled);
    }

    /// From now on nothing is read, nor answered, before something is asked for.
    fn mute(&mut self) {
        self.muted = true;
        self.read(false);
    }
}
