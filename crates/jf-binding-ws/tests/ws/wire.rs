//! A connection in memory, and a client that writes transcripts.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::channel::mpsc;
use futures::{Sink, Stream, StreamExt};
use http::Method;
use jf_binding_ws::{WsBinding, WsConfig};
use jf_core::{Caller, CallerBuilder, Engine};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Error, Message};

use crate::engine::ScriptedEngine;
use crate::journeys;

/// What is between server and client.
#[derive(Default)]
struct Pipe {
    messages: VecDeque<Message>,
    /// Messages that may wait unread; `None` is a client that reads everything.
    window: Option<usize>,
    server: Option<Waker>,
    client: Option<Waker>,
    closed: bool,
}

fn ring(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// The server's end.
pub(crate) struct Wire {
    incoming: mpsc::UnboundedReceiver<Result<Message, Error>>,
    pipe: Arc<Mutex<Pipe>>,
}

impl Stream for Wire {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.incoming.poll_next_unpin(cx)
    }
}

impl Wire {
    fn poll_window(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut pipe = self.pipe.lock().unwrap();
        if pipe.window.is_none_or(|window| pipe.messages.len() < window) {
            return Poll::Ready(Ok(()));
        }
        pipe.server = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Sink<Message> for Wire {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_window(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        let mut pipe = self.pipe.lock().unwrap();
        pipe.messages.push_back(message);
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
        let mut pipe = self.pipe.lock().unwrap();
        pipe.closed = true;
        ring(&mut pipe.client);
    }
}

/// The client's end, with its task.
pub(crate) struct Client {
    outgoing: Option<mpsc::UnboundedSender<Result<Message, Error>>>,
    pipe: Arc<Mutex<Pipe>>,
    task: JoinHandle<()>,
}

/// An engine with the usual journeys and a binding over it.
pub(crate) fn shop() -> (Arc<ScriptedEngine>, WsBinding) {
    configured(|_| ())
}

pub(crate) fn configured(change: impl FnOnce(&mut WsConfig)) -> (Arc<ScriptedEngine>, WsBinding) {
    let engine = ScriptedEngine::new(journeys::shop());
    let mut config = WsConfig::default();
    config.status_min_interval = Duration::ZERO;
    change(&mut config);
    let binding = WsBinding::new(Arc::clone(&engine) as Arc<dyn Engine>, config).unwrap();
    (engine, binding)
}

impl Client {
    /// Connects to the path of `order` and takes the `welcome`.
    pub(crate) async fn of(binding: &WsBinding) -> Self {
        Self::at(binding, "/ws/journeys/order").await
    }

    pub(crate) async fn at(binding: &WsBinding, path: &str) -> Self {
        let mut client = Self::silent(binding, path);
        client.expect(r#"{"type":"welcome"}"#).await;
        client
    }

    /// Connects and reads nothing yet.
    pub(crate) fn silent(binding: &WsBinding, path: &str) -> Self {
        Self::calling(binding, path, |caller| caller)
    }

    /// The same with a handshake of one's own.
    pub(crate) fn calling(
        binding: &WsBinding,
        path: &str,
        handshake: impl FnOnce(CallerBuilder) -> CallerBuilder,
    ) -> Self {
        let (outgoing, incoming) = mpsc::unbounded();
        let pipe = Arc::<Mutex<Pipe>>::default();
        let wire = Wire { incoming, pipe: Arc::clone(&pipe) };
        let caller = handshake(Caller::request("websocket", Method::GET, path)).build_untraced();
        let conversation = binding.converse(path, caller, wire).expect("a path of ours");
        let task = tokio::spawn(conversation);
        Self { outgoing: Some(outgoing), pipe, task }
    }

    pub(crate) fn send(&self, text: &str) {
        self.message(Ok(Message::text(text)));
    }

    pub(crate) fn message(&self, message: Result<Message, Error>) {
        // A server that has closed does not listen.
        let _ = self.outgoing.as_ref().expect("not hung up").unbounded_send(message);
    }

    /// From now on at most so many messages may wait unread.
    pub(crate) fn window(&self, messages: usize) {
        self.pipe.lock().unwrap().window = Some(messages);
    }

    /// Reads everything again.
    pub(crate) fn open_window(&self) {
        let mut pipe = self.pipe.lock().unwrap();
        pipe.window = None;
        ring(&mut pipe.server);
    }

    /// The next message, or `None` at the end of the connection.
    async fn next(&self) -> Option<Message> {
        std::future::poll_fn(|cx| {
            let mut pipe = self.pipe.lock().unwrap();
            if let Some(message) = pipe.messages.pop_front() {
                ring(&mut pipe.server);
                return Poll::Ready(Some(message));
            }
            if pipe.closed {
                return Poll::Ready(None);
            }
            pipe.client = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// The next message within the time.
    pub(crate) async fn within(&self, time: Duration) -> Option<Message> {
        timeout(time, self.next()).await.ok().flatten()
    }

    /// The next frame; fragments are put together and probes answered.
    pub(crate) async fn frame(&mut self) -> Value {
        self.frame_within(Duration::from_millis(1)).await.expect("a frame")
    }

    pub(crate) async fn frame_within(&mut self, time: Duration) -> Option<Value> {
        let end = Instant::now() + time;
        let mut parts = Vec::new();
        loop {
            match self.within(end.saturating_duration_since(Instant::now())).await? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Frame(frame) => {
                    let first = frame.header().opcode == OpCode::Data(Data::Text);
                    assert_eq!(first, parts.is_empty());
                    parts.extend_from_slice(frame.payload());
                    if frame.header().is_final {
                        return Some(serde_json::from_slice(&parts).unwrap());
                    }
                }
                Message::Ping(data) => self.message(Ok(Message::Pong(data))),
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next frame has at least these members with these values.
    pub(crate) async fn expect(&mut self, expected: &str) -> Value {
        let expected: Value = serde_json::from_str(expected).unwrap();
        let frame = self.frame_within(Duration::from_millis(1)).await;
        let frame = frame.unwrap_or_else(|| panic!("expected {expected}, got nothing"));
        assert!(covers(&frame, &expected), "expected {expected}\n     got {frame}");
        frame
    }

    /// The next frame is an error with this slug.
    pub(crate) async fn refused(&mut self, slug: &str) -> Value {
        let frame = self.expect(r#"{"type":"error"}"#).await;
        let wanted = format!("urn:journeyforge:error:{slug}");
        assert_eq!(frame["problem"]["type"], wanted.as_str(), "{frame}");
        frame
    }

    /// Nothing comes.
    pub(crate) async fn quiet(&mut self) {
        self.quiet_for(Duration::from_millis(1)).await;
    }

    pub(crate) async fn quiet_for(&mut self, time: Duration) {
        let frame = self.frame_within(time).await;
        assert!(frame.is_none(), "unexpected {frame:?}");
    }

    /// The connection is closed within the time, with this code and name; what comes before is skipped.
    pub(crate) async fn closed_within(&mut self, time: Duration, code: u16, name: &str) {
        let end = Instant::now() + time;
        loop {
            match self.within(end.saturating_duration_since(Instant::now())).await {
                Some(Message::Close(Some(frame))) => {
                    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (code, name));
                    break;
                }
                Some(_) => {}
                None => panic!("not closed with {code}"),
            }
        }
        self.message(Ok(Message::Close(None)));
        self.gone().await;
    }

    pub(crate) async fn closed(&mut self, code: u16, name: &str) {
        self.closed_within(Duration::from_millis(1), code, name).await;
    }

    /// The client goes away.
    pub(crate) fn hang_up(&mut self) {
        self.outgoing = None;
    }

    /// The server's task has ended without a panic.
    pub(crate) async fn gone(&mut self) {
        self.hang_up();
        timeout(Duration::from_secs(5), &mut self.task).await.expect("ends").expect("no panic");
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.task.is_finished()
    }
}

/// Whether every member of `expected` is in `frame`, with an equal value or, for objects, in the same sense.
pub(crate) fn covers(frame: &Value, expected: &Value) -> bool {
    match (frame, expected) {
        (Value::Object(frame), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| frame.get(name).is_some_and(|found| covers(found, value)))
        }
        (frame, expected) => frame == expected,
    }
}
