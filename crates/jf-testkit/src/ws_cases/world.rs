//! What the cases share: ways to a binding, and short ways to ask it.

use std::fmt;
use std::net::SocketAddr;

use futures::future::BoxFuture;
use jf_core::dsl::Catalog;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::engine_cases::world::catalog;
use crate::{ClientError, Handshake, WebSocketClient};

/// Where the journeys of the suite are.
const PATH: &str = "/ws/journeys/suite-approval";

type Dialled = Result<WebSocketClient, ClientError>;

/// How clients get to a binding.
pub struct Dialer(Box<dyn Fn(String) -> BoxFuture<'static, Dialled> + Send + Sync>);

impl Dialer {
    /// By a handshake with the server at an address.
    #[must_use]
    pub fn port(server: SocketAddr) -> Self {
        Self(Box::new(move |path| {
            Box::pin(async move { WebSocketClient::connect(server, &path, &Handshake::default()).await })
        }))
    }

    /// Without a handshake: `pipe` makes a conversation about a path, and gives the client's end of it.
    pub fn pipe<T>(pipe: impl Fn(String) -> T + Send + Sync + 'static) -> Self
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self(Box::new(move |path| Box::pin(WebSocketClient::begin_over(pipe(path)))))
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").finish_non_exhaustive()
    }
}

/// Puts the WebSocket binding over an engine; implemented by closures.
pub trait WsHost: Send + Sync {
    /// A fresh engine with the journeys of `catalog` behind the binding, for as long as the runtime lives, and the way to it.
    fn serve(&self, catalog: Catalog) -> BoxFuture<'_, Dialer>;
}

impl<F, R> WsHost for F
where
    F: Fn(Catalog) -> R + Send + Sync,
    R: Future<Output = Dialer> + Send + 'static,
{
    fn serve(&self, catalog: Catalog) -> BoxFuture<'_, Dialer> {
        Box::pin(self(catalog))
    }
}

/// A binding over an engine.
pub(super) struct World(Dialer);

impl World {
    pub(super) async fn new(host: &dyn WsHost) -> Self {
        Self(host.serve(catalog()).await)
    }

    pub(super) async fn client(&self) -> Talk {
        Talk((self.0.0)(PATH.to_owned()).await.expect("the server begins with its welcome"))
    }
}

/// One connection; whatever does not come, or comes in another way, is a panic.
pub(super) struct Talk(WebSocketClient);

impl Talk {
    pub(super) fn client(&mut self) -> &mut WebSocketClient {
        &mut self.0
    }

    pub(super) async fn send(&mut self, frame: &Value) {
        self.0.send(frame).await.expect("the connection is open");
    }

    pub(super) async fn frame(&mut self) -> Value {
        self.0.frame().await.expect("a frame")
    }

    /// The reply to a request under an id.
    pub(super) async fn ask(&mut self, frame: Value) -> Value {
        self.0.request(frame).await.expect("a reply")
    }

    /// The next frame of a type; those before it are kept.
    pub(super) async fn next(&mut self, kind: &str) -> Value {
        self.0.frame_where(|frame| frame["type"] == kind).await.expect("a frame")
    }

    /// The next frame of a type, which is the very next frame.
    pub(super) async fn expect(&mut self, kind: &str) -> Value {
        let frame = self.frame().await;
        assert_eq!(frame["type"], kind, "{frame}");
        frame
    }

    /// Nothing has come that was not asked for: a ping is answered at once.
    pub(super) async fn quiet(&mut self) {
        self.send(&json!({ "type": "ping" })).await;
        self.expect("pong").await;
    }

    /// A run that waits; nobody is subscribed to it.
    pub(super) async fn waiting(&mut self) -> (String, Value) {
        let reply = self.ask(ask(false)).await;
        (run_of(&reply), reply)
    }

    /// A run that was approved.
    pub(super) async fn ended(&mut self) -> String {
        let (run, _) = self.waiting().await;
        assert_eq!(self.ask(decide(&run, "approve")).await["payload"]["phase"], "SUCCEEDED");
        run
    }
}

/// The frame that starts a run, subscribed or not.
pub(super) fn ask(subscribe: bool) -> Value {
    json!({ "type": "suite.ask", "payload": { "orderId": "A-17" }, "subscribe": subscribe })
}

pub(super) fn decide(run: &str, decision: &str) -> Value {
    json!({ "type": "suite.decide", "journeyId": run, "payload": { "decision": decision } })
}

pub(super) fn about(kind: &str, run: &str) -> Value {
    json!({ "type": kind, "journeyId": run })
}

pub(super) fn run_of(frame: &Value) -> String {
    frame["journeyId"].as_str().unwrap_or_else(|| panic!("no run in {frame}")).to_owned()
}

pub(super) fn seq_of(frame: &Value) -> u64 {
    frame["seq"].as_u64().unwrap_or_else(|| panic!("no number in {frame}"))
}

/// IDEM-10, ERR-3: a refusal that says what is wrong, and that nothing has happened.
pub(super) fn assert_refused(frame: &Value, slug: &str, what: &str) {
    assert_eq!((&frame["type"], &frame["effect"]), (&json!("error"), &json!("none")), "{what}: {frame}");
    assert_eq!(frame["problem"]["type"], format!("urn:journeyforge:error:{slug}"), "{what}: {frame}");
    assert!(frame["retryable"].is_boolean() && frame["problem"]["status"].is_number(), "{what}: {frame}");
}
