//! A connection in memory.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use futures::{Sink, Stream};
use jf_binding_ws::WsBinding;
use jf_core::Caller;
use jf_testkit::transcript::{Line, Received};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Error, Message};

/// What is between client and server.
#[derive(Default)]
struct Pipe {
    to_client: VecDeque<Message>,
    to_server: VecDeque<Message>,
    client: Option<Waker>,
    server: Option<Waker>,
    /// The client does not read.
    stalled: bool,
    /// The client does not answer pings of RFC 6455.
    muted: bool,
    /// The server has let go of the connection.
    over: bool,
    /// The client is gone without a word; what the server still writes is lost.
    lost: bool,
}

fn ring(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// The server's end.
struct Wire(Arc<Mutex<Pipe>>);

impl Stream for Wire {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut pipe = self.0.lock().unwrap();
        if let Some(message) = pipe.to_server.pop_front() {
            return Poll::Ready(Some(Ok(message)));
        }
        if pipe.lost {
            return Poll::Ready(None);
        }
        pipe.server = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Sink<Message> for Wire {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut pipe = self.0.lock().unwrap();
        if pipe.stalled && !pipe.lost {
            pipe.server = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        let mut pipe = self.0.lock().unwrap();
        if pipe.lost {
            return Ok(());
        }
        match &message {
            Message::Ping(data) if !pipe.muted => {
                let pong = Message::Pong(data.clone());
                pipe.to_server.push_back(pong);
                ring(&mut pipe.server);
            }
            Message::Close(_) => {
                pipe.to_server.push_back(Message::Close(None));
                ring(&mut pipe.server);
            }
            _ => {}
        }
        pipe.to_client.push_back(message);
        ring(&mut pipe.client);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let mut pipe = self.0.lock().unwrap();
        pipe.over = true;
        ring(&mut pipe.client);
    }
}

/// What a client sees next.
#[derive(Debug)]
enum Seen {
    Frame(Value),
    Ping,
    Close(Option<u16>, String),
    Over,
}

/// The client's end. Dropping it loses the connection.
pub(crate) struct MemoryLine {
    pipe: Arc<Mutex<Pipe>>,
    parts: Vec<u8>,
    task: JoinHandle<()>,
}

/// How long a client waits, in virtual time: longer than pushes of one run are kept apart, and refused reads made to last.
const PATIENCE: Duration = Duration::from_millis(300);

impl MemoryLine {
    pub(crate) fn open(binding: &WsBinding, path: &str, caller: Caller) -> Self {
        let pipe = Arc::<Mutex<Pipe>>::default();
        let conversation = binding.converse(path, caller, Wire(Arc::clone(&pipe))).unwrap();
        Self { pipe, parts: Vec::new(), task: tokio::spawn(conversation) }
    }

    /// Sends a message; a connection that is lost takes it to nowhere.
    pub(crate) fn put(&self, message: Message) {
        let mut pipe = self.pipe.lock().unwrap();
        if !pipe.lost {
            pipe.to_server.push_back(message);
        }
        ring(&mut pipe.server);
    }

    /// The next frame.
    pub(crate) async fn frame(&mut self) -> Value {
        match self.next(PATIENCE).await {
            Some(Seen::Frame(frame)) => frame,
            other => panic!("{other:?}"),
        }
    }

    /// What comes next, if something does within the time.
    async fn next(&mut self, time: Duration) -> Option<Seen> {
        loop {
            match timeout(time, message(&self.pipe)).await.ok()? {
                None => return Some(Seen::Over),
                Some(Message::Text(text)) => return Some(Seen::Frame(serde_json::from_str(&text).unwrap())),
                Some(Message::Frame(frame)) => {
                    assert_eq!(frame.header().opcode == OpCode::Data(Data::Text), self.parts.is_empty());
                    self.parts.extend_from_slice(frame.payload());
                    if frame.header().is_final {
                        let text = std::mem::take(&mut self.parts);
                        return Some(Seen::Frame(serde_json::from_slice(&text).unwrap()));
                    }
                }
                Some(Message::Ping(_)) => return Some(Seen::Ping),
                Some(Message::Close(frame)) => {
                    let (code, name) =
                        frame.map(|frame| (u16::from(frame.code), frame.reason.to_string())).unzip();
                    return Some(Seen::Close(code, name.unwrap_or_default()));
                }
                Some(Message::Pong(_)) => {}
                Some(Message::Binary(_)) => panic!("a binary message"),
            }
        }
    }
}

/// The next message, or `None` at the end.
async fn message(pipe: &Mutex<Pipe>) -> Option<Message> {
    std::future::poll_fn(|cx| {
        let mut pipe = pipe.lock().unwrap();
        match pipe.to_client.pop_front() {
            Some(message) => Poll::Ready(Some(message)),
            None if pipe.over || pipe.lost => Poll::Ready(None),
            None => {
                pipe.client = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    })
    .await
}

impl Drop for MemoryLine {
    fn drop(&mut self) {
        {
            let mut pipe = self.pipe.lock().unwrap();
            pipe.lost = true;
            ring(&mut pipe.server);
        }
        // A panic of the session is one of the test.
        assert!(
            !self.task.is_finished() || std::thread::panicking() || !is_panic(&mut self.task),
            "the session panicked"
        );
    }
}

fn is_panic(task: &mut JoinHandle<()>) -> bool {
    use futures::FutureExt;
    task.now_or_never().is_some_and(|ended| ended.is_err_and(|error| error.is_panic()))
}

#[async_trait]
impl Line for MemoryLine {
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
        self.put(Message::Close(None));
        let mut pipe = self.pipe.lock().unwrap();
        // The library below answers; nothing of ours is written any more.
        pipe.to_client.push_back(Message::Close(Some(tungstenite::protocol::CloseFrame {
            code: 1000.into(),
            reason: "".into(),
        })));
    }

    async fn receive(&mut self) -> Received {
        match self.next(PATIENCE).await {
            Some(Seen::Frame(frame)) => Received::Frame(frame),
            Some(Seen::Ping) => Received::Ping,
            Some(Seen::Close(code, name)) => Received::Closed { code, name },
            Some(Seen::Over) => Received::Closed { code: None, name: String::new() },
            None => Received::Silence,
        }
    }

    async fn settle(&mut self) {
        tokio::time::sleep(PATIENCE).await;
    }

    fn stall(&mut self, stalled: bool) {
        let mut pipe = self.pipe.lock().unwrap();
        pipe.stalled = stalled;
        ring(&mut pipe.server);
    }

    fn mute(&mut self) {
        self.pipe.lock().unwrap().muted = true;
    }
}
