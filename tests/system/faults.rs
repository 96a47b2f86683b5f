//! Conversations with the real server that are cut off by the network, a sample of what `tests/websocket` does everywhere in memory: the client comes back,
//! resumes where it was, and repeats what was not answered under the same key.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use jf_testkit::{ClientError, Handshake, WebSocketClient};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, copy};
use tokio::net::{TcpListener, TcpStream};

use crate::support::binary::Serving;
use crate::support::root;

/// So many bytes still arrive, from client to server and back.
type Cut = (u64, u64);

/// A line to the server that breaks.
struct Proxy {
    address: SocketAddr,
    target: Arc<Mutex<SocketAddr>>,
    cuts: Arc<Mutex<VecDeque<Cut>>>,
}

impl Proxy {
    async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            target: Arc::new(Mutex::new(target)),
            cuts: Arc::default(),
        };
        let (target, cuts) = (Arc::clone(&proxy.target), Arc::clone(&proxy.cuts));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, cut) = (*target.lock().unwrap(), cuts.lock().unwrap().pop_front());
                tokio::spawn(join(client, target, cut.unwrap_or((u64::MAX, u64::MAX))));
            }
        });
        proxy
    }
}

/// Passes bytes on, until there have been enough of them one way or the other.
async fn join(client: TcpStream, target: SocketAddr, (up, down): Cut) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
    }
    let ((from_client, mut to_client), (from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let (mut from_client, mut from_server) = (from_client.take(up), from_server.take(down));
    tokio::select! {
        _ = copy(&mut from_client, &mut to_server) => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}

const COMMANDS: [(&str, &str, &str); 4] = [
    ("placeOrder", "", r#"{"orderId":"A-17"}"#),
    ("decide", "approve", r#"{"decision":"approve"}"#),
    ("decide", "docs", r#"{"page":1}"#),
    ("sign", "sign", r#"{"by":"mia"}"#),
];

/// The client algorithm (§19), as short as it can be.
struct Client {
    name: String,
    run: Value,
    epoch: Value,
    cursor: u64,
    answered: usize,
    applied: Vec<u64>,
    outcome: Option<Value>,
    /// What happened, for whoever has to find out why.
    story: Vec<String>,
}

impl Client {
    fn new(name: String) -> Self {
        Self {
            name,
            run: Value::Null,
            epoch: Value::Null,
            cursor: 0,
            answered: 0,
            applied: Vec::new(),
            outcome: None,
            story: Vec::new(),
        }
    }

    fn is_done(&self) -> bool {
        self.answered == COMMANDS.len() && self.outcome.is_some()
    }

    async fn converse(&mut self, server: SocketAddr) -> Result<(), ClientError> {
        let mut socket =
            WebSocketClient::connect(server, "/ws/journeys/order", &Handshake::default()).await?;
        if !self.run.is_null() {
            let entry = json!({ "journeyId": self.run, "epoch": self.epoch, "after": self.cursor, "conflate": false });
            self.story.push(format!("resumes with {entry}"));
            socket.send(&json!({ "type": "hello", "resume": [entry] })).await?;
        }
        let mut sent = self.answered;
        while !self.is_done() {
            if sent == self.answered && sent < COMMANDS.len() {
                self.story.push(format!("sends {sent}"));
                socket.send(&self.command(sent)).await?;
                sent += 1;
            }
            let frame = socket.frame().await?;
            self.take(&frame);
        }
        Ok(())
    }

    fn command(&self, number: usize) -> Value {
        let (kind, step, payload) = COMMANDS[number];
        let payload: Value = serde_json::from_str(payload).unwrap();
        let key = format!("{}-command-{number}", self.name);
        let mut frame = json!({ "type": kind, "id": number.to_string(), "key": key, "payload": payload });
        if number == 0 {
            frame["subscribe"] = json!({ "conflate": false });
        } else {
            frame["journeyId"] = self.run.clone();
            frame["stepId"] = step.into();
        }
        frame
    }

    fn take(&mut self, frame: &Value) {
        let told = |name: &str| frame.get(name).map(Value::to_string).unwrap_or_default();
        self.story.push(["type", "id", "seq", "after", "head", "replayed"].map(told).join(" "));
        let is_reply = frame.get("id").is_some();
        match frame["type"].as_str() {
            Some("status") => {}
            Some("outcome") => {
                assert!(self.outcome.is_none(), "told twice: {frame}");
                self.outcome = Some(frame["payload"]["output"].clone());
            }
            Some("error") => panic!("{frame} after {:#?}", self.story),
            _ => return,
        }
        if is_reply {
            self.answered += 1;
            self.run = frame["journeyId"].clone();
        }
        if let Some(epoch) = frame.get("epoch") {
            self.epoch = epoch.clone();
        }
        let told = frame["seq"].as_u64().unwrap();
        let ended = frame["type"] == "status" && frame["payload"]["phase"] != "RUNNING";
        let told = if ended { told - 1 } else { told };
        if told > self.cursor {
            assert!(
                is_reply || told == self.cursor + 1,
                "something is missing before {frame} after {:#?}",
                self.story
            );
            let first = if self.cursor == 0 { told } else { self.cursor + 1 };
            self.applied.extend(first..=told);
            self.cursor = told;
        } else {
            assert!(is_reply, "told twice: {frame} after {:#?}", self.story);
        }
    }
}

async fn start(store: &str) -> Serving {
    let config = format!("store: \"sqlite:{store}\"\nwebsocket.statusMinIntervalMs: 0\n");
    Serving::start(&root().join("tests/websocket/journeys"), Some(&config)).await
}

/// IDEM-1, INV-7, WS-044 too.
#[tokio::test(flavor = "multi_thread")]
async fn idem_2_sub_4_a_line_that_breaks_anywhere_costs_nothing() {
    let files = tempfile::tempdir().unwrap();
    let store = files.path().join("runs.db").display().to_string();
    let mut server = start(&store).await;
    let proxy = Proxy::start(server.address()).await;
    // The handshake takes some hundred bytes; a whole conversation some thousand.
    let ups = (0..1400).step_by(67).map(|up| (up, u64::MAX));
    let downs = (0..8000).step_by(293).map(|down| (u64::MAX, down));
    for (number, cut) in ups.chain(downs).enumerate() {
        // Now and then the server ends with the line.
        let restarts = number % 8 == 7;
        proxy.cuts.lock().unwrap().extend([cut, (cut.0.saturating_mul(2), cut.1.saturating_mul(2))]);
        let mut client = Client::new(format!("conversation-{number}"));
        while !client.is_done() {
            let broken = client.converse(proxy.address).await;
            assert!(
                broken.is_ok() || !matches!(broken, Err(ClientError::Protocol(_) | ClientError::Silence)),
                "{broken:?}"
            );
            if restarts && broken.is_err() {
                server.kill().await;
                server = start(&store).await;
                *proxy.target.lock().unwrap() = server.address();
            }
        }
        proxy.cuts.lock().unwrap().clear();
        assert_eq!(client.outcome, Some(json!({ "orderId": "A-17", "signed": true })), "{cut:?}");
        let whole: Vec<u64> = (client.applied[0]..=5).collect();
        assert_eq!(client.applied, whole, "{cut:?}");
    }
    let runs = server
        .http()
        .send(http::Method::GET, "/api/v1/journeys?pageSize=200", None)
        .await
        .unwrap()
        .json()
        .unwrap();
    let count = runs["items"].as_array().unwrap().len();
    assert_eq!(count, 1400_usize.div_ceil(67) + 8000_usize.div_ceil(293), "one start, one run");
}
