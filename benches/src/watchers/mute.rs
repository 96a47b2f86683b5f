//! The one that does not read.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpSocket;
use tungstenite::Message;

use super::audience::{seq, text};
use crate::ws::{self, Socket};

/// What certainly does not fit between the server and a client that reads nothing.
pub(super) const FULL: u64 = 64 << 10;
/// Room for what is not read, in the system of the client.
const ROOM: u32 = 8 << 10;

/// A watcher that wants every single event and takes none.
pub(super) struct Mute {
    address: SocketAddr,
    run: String,
    epoch: String,
    after: u64,
    socket: Socket,
    told: BTreeSet<u64>,
}

impl Mute {
    pub(super) async fn watch(address: SocketAddr, run: &str) -> Self {
        let narrow = TcpSocket::new_v4().expect("sockets can be made");
        narrow.set_recv_buffer_size(ROOM).expect("sockets take options");
        let stream = narrow.connect(address).await.expect("the server accepts connections");
        let mut socket = ws::upgrade(address, stream, "/ws/journeys/loop").await;
        let subscribe =
            format!(r#"{{"type":"subscribe","journeyId":"{run}","replay":"none","conflate":false}}"#);
        socket.send(Message::text(subscribe)).await.expect("the connection is open");
        let subscribed = loop {
            let text = text(&mut socket).await;
            if text.starts_with(r#"{"type":"subscribed""#) {
                break serde_json::from_str::<Value>(&text).expect("frames are JSON");
            }
        };
        let after = subscribed["after"].as_u64().expect("a cursor");
        let epoch = subscribed["epoch"].as_str().expect("a log").to_owned();
        Self { address, run: run.to_owned(), epoch, after, socket, told: BTreeSet::new() }
    }

    /// Reads at last, to the end; gives the code of the close, 1006 if there is none.
    pub(super) async fn read_to_close(&mut self) -> u16 {
        while let Some(Ok(message)) = self.socket.next().await {
            match message {
                Message::Text(text) => self.note(&text),
                Message::Close(Some(frame)) => return frame.code.into(),
                _ => {}
            }
        }
        1006
    }

    /// Comes back with what it knows, and reads up to a number.
    pub(super) async fn resume(&mut self, head: u64) {
        self.socket = ws::connect(self.address, "/ws/journeys/loop").await;
        let after = self.told.last().copied().unwrap_or(self.after);
        let hello = format!(
            r#"{{"type":"hello","resume":[{{"journeyId":"{}","epoch":"{}","after":{after},"conflate":false}}]}}"#,
            self.run, self.epoch
        );
        self.socket.send(Message::text(hello)).await.expect("the connection is open");
        while self.told.last().is_none_or(|last| *last < head) {
            let text = text(&mut self.socket).await;
            self.note(&text);
        }
    }

    /// Events up to a number that it was never told, or more than once.
    pub(super) fn missed(&self, head: u64) -> usize {
        let due = usize::try_from(head - self.after).expect("small");
        due.abs_diff(self.told.len())
    }

    fn note(&mut self, text: &str) {
        if text.starts_with(r#"{"type":"status""#) {
            assert!(self.told.insert(seq(text)), "told twice: {text}");
        }
    }
}
