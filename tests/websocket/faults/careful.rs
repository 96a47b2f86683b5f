//! The client algorithm of the protocol (§19), with its eyes open.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use http::Method;
use jf_core::Caller;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tungstenite::Message;
use tungstenite::protocol::Role;

use super::cut::{Bytes, Cut, CutIo};
use super::text;
use crate::memory::Memory;

/// Whether commands wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Each is sent when the one before is answered.
    Patient,
    /// All that can be sent are sent.
    Pipelined,
}

/// What a client is going to do and wants to see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) pace: Pace,
    /// Only the newest state is wanted.
    pub(crate) conflate: bool,
    /// Steps after the start, of three.
    pub(crate) steps: usize,
    /// The run is cancelled in the end, unless the steps have ended it.
    pub(crate) cancels: bool,
}

impl Plan {
    /// The whole way, seeing everything.
    pub(crate) const fn whole(pace: Pace) -> Self {
        Self { pace, conflate: false, steps: 3, cancels: false }
    }

    fn commands(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let all = [
            ("placeOrder", "", r#"{"orderId":"A-17"}"#),
            ("decide", "approve", r#"{"decision":"approve"}"#),
            ("decide", "docs", r#"{"page":1}"#),
            ("sign", "sign", r#"{"by":"mia"}"#),
        ];
        let mut commands = all[..=self.steps].to_vec();
        if self.cancels && self.steps < 3 {
            commands.push(("cancel", "", "{}"));
        }
        commands
    }

    /// Whether the run is over when everything is done.
    const fn ends(&self) -> bool {
        self.steps == 3 || self.cancels
    }

    /// The states that the log has to have in the end: the creation is told before the first state is entered.
    pub(crate) fn log(&self) -> Vec<&'static str> {
        let mut states = vec!["approve", "approve", "docs", "sign"];
        states.truncate(2 + self.steps.min(2));
        if self.ends() {
            states.push("end");
        }
        states
    }
}

type Socket = WebSocketStream<CutIo>;

/// A client that keeps a cursor, and its unanswered commands.
pub(crate) struct Careful {
    plan: Plan,
    /// In their order. Each has a key of its own.
    commands: Vec<(&'static str, &'static str, &'static str)>,
    run: Option<String>,
    epoch: String,
    /// Everything up to here was applied.
    cursor: u64,
    /// Commands that were answered.
    answered: Vec<bool>,
    /// The states that were applied, by their numbers.
    applied: Vec<u64>,
    /// The number of the outcome, and how often it was applied.
    outcomes: Vec<u64>,
}

impl Careful {
    pub(crate) fn new(plan: Plan) -> Self {
        let commands = plan.commands();
        Self {
            plan,
            answered: vec![false; commands.len()],
            commands,
            run: None,
            epoch: String::new(),
            cursor: 0,
            applied: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// Everything is answered, and the end was told.
    pub(crate) fn is_done(&self) -> bool {
        self.answered.iter().all(|answered| *answered) && self.outcomes.is_empty() != self.plan.ends()
    }

    pub(crate) fn run(&self) -> &str {
        self.run.as_deref().unwrap()
    }

    /// Nothing was applied twice, and nothing is missing from the first state it knew to the end.
    pub(crate) fn check(&self) {
        assert_eq!(self.outcomes.len(), usize::from(self.plan.ends()), "{:?}", self.outcomes);
        let last = self.plan.log().len() as u64;
        let whole: Vec<u64> = (self.applied[0]..=last).collect();
        assert_eq!([&self.applied[..], &self.outcomes].concat(), whole);
    }

    /// Goes on over a new connection until it breaks or everything is done.
    pub(crate) async fn connect(&mut self, memory: &Memory, cut: Option<Cut>) -> Bytes {
        const PATH: &str = "/ws/journeys/order";
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let caller = Caller::request("websocket", Method::GET, PATH).build_untraced();
        let server = tokio::spawn(memory.binding.converse_over(PATH, caller, theirs).unwrap());
        let (io, bytes) = CutIo::new(ours, cut);
        let mut socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
        // A connection that breaks leaves everything to the next one.
        let _ = self.converse(&mut socket).await;
        drop(socket);
        timeout(Duration::from_secs(60), server).await.expect("the server notices").expect("no panic");
        Bytes::clone(&bytes.lock().unwrap())
    }

    async fn converse(&mut self, socket: &mut Socket) -> Option<()> {
        assert_eq!(frame(socket).await?["type"], "welcome");
        let mut in_flight = 0;
        if let Some(run) = &self.run {
            let entry = json!({ "journeyId": run, "epoch": self.epoch, "after": self.cursor, "conflate": self.plan.conflate });
            send(socket, &json!({ "type": "hello", "id": "hello", "resume": [entry] })).await?;
            assert_eq!(frame(socket).await?["type"], "welcome");
        }
        // What was delivered on this connection, by push.
        let mut pushed = 0;
        while !self.is_done() {
            while let Some(next) = self.next_command(in_flight) {
                send(socket, &self.command(next)).await?;
                in_flight = next + 1;
            }
            let frame = frame(socket).await?;
            self.take(&frame, &mut pushed);
        }
        Some(())
    }

    /// The next command to send on this connection, on which those before `from` were sent or need not be.
    fn next_command(&self, from: usize) -> Option<usize> {
        let next = (from..self.commands.len()).find(|command| !self.answered[*command])?;
        let is_free = match self.plan.pace {
            Pace::Patient => self.answered[..next].iter().all(|answered| *answered),
            Pace::Pipelined => next == 0 || self.run.is_some(),
        };
        is_free.then_some(next)
    }

    fn command(&self, number: usize) -> Value {
        let (kind, step, payload) = self.commands[number];
        let payload: Value = serde_json::from_str(payload).unwrap();
        let mut frame = json!({ "type": kind, "id": format!("c{number}"), "key": format!("command-number-{number}"), "payload": payload });
        match number {
            0 => frame["subscribe"] = json!({ "conflate": self.plan.conflate }),
            _ => frame["journeyId"] = self.run().into(),
        }
        if !step.is_empty() {
            frame["stepId"] = step.into();
        }
        frame
    }

    fn take(&mut self, frame: &Value, pushed: &mut u64) {
        let kind = text(frame, "type");
        if let Some(number) = frame["id"].as_str().and_then(|id| id.strip_prefix('c')) {
            let number: usize = number.parse().unwrap();
            assert!(kind == "status" || (number == 0 && kind == "outcome"), "{frame}");
            assert!(!self.answered[number], "answered twice: {frame}");
            self.answered[number] = true;
            if self.run.is_none() {
                self.run = Some(text(frame, "journeyId"));
            }
        }
        match kind.as_str() {
            "status" | "outcome" => self.apply(frame, &kind, pushed),
            "subscribed" => assert_eq!(frame["recovered"], true, "{frame}"),
            "bookmark" | "unsubscribed" => {}
            other => panic!("{other}: {frame}"),
        }
    }

    /// Applies a state that is news.
    fn apply(&mut self, frame: &Value, kind: &str, pushed: &mut u64) {
        let seq = frame["seq"].as_u64().unwrap();
        let is_push = frame.get("id").is_none();
        if is_push {
            assert!(seq > *pushed, "told twice on one connection (SEQ-5): {frame}");
            assert!(
                self.plan.conflate || frame.get("skipped").is_none(),
                "every single one was asked for: {frame}"
            );
            *pushed = seq;
        }
        if let Some(epoch) = frame["epoch"].as_str() {
            epoch.clone_into(&mut self.epoch);
        }
        let skipped = frame["skipped"].as_u64().unwrap_or(0);
        if kind == "outcome" {
            // What it stands for beside itself was elided in its favour (FLOW-3).
            self.applied.extend(self.cursor + 1..seq);
            assert!(skipped == seq - self.cursor - 1, "something is missing before {frame}");
            self.outcomes.push(seq);
            self.cursor = seq;
            return;
        }
        // A status of an ended run shows what its outcome is going to say; only that delivers it (SEQ-5).
        let ended = frame["payload"]["phase"] != "RUNNING";
        let seq = if ended { seq - 1 } else { seq };
        if seq <= self.cursor {
            assert!(!is_push, "told again, though it was applied before: {frame}");
            return;
        }
        match self.cursor {
            // The first state it knows.
            0 => self.applied.push(seq),
            // A reply tells everything up to its number.
            cursor if !is_push => self.applied.extend(cursor + 1..=seq),
            cursor => {
                assert_eq!(seq, cursor + 1 + skipped, "something is missing before {frame}");
                self.applied.extend(cursor + 1..=seq);
            }
        }
        self.cursor = seq;
    }
}

async fn send(socket: &mut Socket, frame: &Value) -> Option<()> {
    socket.send(Message::text(frame.to_string())).await.ok()
}

/// The next frame; `None` when the connection is gone.
async fn frame(socket: &mut Socket) -> Option<Value> {
    loop {
        let message =
            timeout(Duration::from_secs(20), socket.next()).await.expect("something comes, or the end");
        match message?.ok()? {
            Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}
