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
use super::plan::{Command, LOOK, Pace, Plan};
use super::text;
use super::watched::Watched;
use crate::memory::Memory;

type Socket = WebSocketStream<CutIo>;

/// A client that keeps cursors, and its unanswered commands.
pub(crate) struct Careful {
    plan: Plan,
    commands: Vec<Command>,
    runs: Vec<Watched>,
    /// Commands that were told to be durable.
    accepted: Vec<bool>,
    /// Commands that were answered.
    answered: Vec<bool>,
}

impl Careful {
    pub(crate) fn new(plan: Plan) -> Self {
        let commands = plan.commands();
        Self {
            plan,
            runs: (0..plan.runs).map(|_| Watched::default()).collect(),
            accepted: vec![false; commands.len()],
            answered: vec![false; commands.len()],
            commands,
        }
    }

    /// Everything is answered, and the end was told.
    pub(crate) fn is_done(&self) -> bool {
        self.answered.iter().all(|answered| *answered) && self.runs.iter().all(|run| run.is_done(&self.plan))
    }

    /// The ids of the runs.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &str> {
        self.runs.iter().map(|run| run.id.as_deref().unwrap())
    }

    /// How often events were announced as missing.
    pub(crate) fn gaps(&self) -> usize {
        self.runs.iter().map(|run| run.gaps).sum()
    }

    /// Nothing was applied twice, and nothing is missing.
    pub(crate) fn check(&self) {
        self.runs.iter().for_each(|run| run.check(&self.plan));
    }

    /// Goes on over a new connection until it breaks or everything is done.
    pub(crate) async fn connect(&mut self, memory: &Memory, cut: Option<Cut>) -> Bytes {
        let path = self.plan.path();
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let caller = Caller::request("websocket", Method::GET, path.as_str()).build_untraced();
        let server = tokio::spawn(memory.binding.converse_over(&path, caller, theirs).unwrap());
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
        self.runs.iter_mut().for_each(Watched::connected);
        // Where the reply to the start is still to come, that subscribes.
        let known = self.runs.iter().filter(|run| run.cursor > 0 && !run.is_gone);
        let entries: Vec<Value> = known
            .map(|run| json!({ "journeyId": run.id, "epoch": run.epoch, "after": run.cursor, "conflate": self.plan.conflate }))
            .collect();
        if !entries.is_empty() {
            send(socket, &json!({ "type": "hello", "id": "hello", "resume": entries })).await?;
            assert_eq!(frame(socket).await?["type"], "welcome");
        }
        let mut in_flight = 0;
        while !self.is_done() {
            while let Some(next) = self.next_command(in_flight) {
                send(socket, &self.command(next)).await?;
                in_flight = next + 1;
            }
            let frame = frame(socket).await?;
            self.take(&frame);
        }
        Some(())
    }

    /// The next command to send on this connection, on which those before `from` were sent or need not be.
    fn next_command(&self, from: usize) -> Option<usize> {
        let next = (from..self.commands.len()).find(|command| !self.answered[*command])?;
        let is_free = match self.plan.pace {
            _ if self.commands[next].kind == LOOK => {
                self.answered[..self.commands.len() - self.plan.runs].iter().all(|answered| *answered)
            }
            Pace::Patient => self.answered[..next].iter().all(|answered| *answered),
            Pace::Pipelined => self.is_start(next) || self.runs[self.commands[next].run].id.is_some(),
        };
        is_free.then_some(next)
    }

    /// The first ones start the runs.
    const fn is_start(&self, number: usize) -> bool {
        number < self.plan.runs
    }

    fn command(&self, number: usize) -> Value {
        let Command { run, kind, step, payload } = self.commands[number];
        if kind == LOOK {
            return json!({ "type": kind, "id": format!("c{number}"), "journeyId": self.runs[run].id });
        }
        let payload: Value = serde_json::from_str(payload).unwrap();
        let mut frame = json!({ "type": kind, "id": format!("c{number}"), "key": format!("command-number-{number}"), "payload": payload });
        if self.is_start(number) {
            frame["subscribe"] = json!({ "conflate": self.plan.conflate });
        } else {
            frame["journeyId"] = json!(self.runs[run].id);
        }
        if !step.is_empty() {
            frame["stepId"] = step.into();
        }
        if self.plan.acks && kind != "cancel" {
            frame["ack"] = true.into();
        }
        frame
    }

    fn take(&mut self, frame: &Value) {
        let kind = text(frame, "type");
        let number = frame["id"].as_str().and_then(|id| id.strip_prefix('c'));
        if let Some(number) = number.map(|number| number.parse().unwrap()) {
            self.settle(number, frame, &kind);
        }
        if kind == "accepted" {
            return;
        }
        let run = frame["journeyId"].as_str();
        let run = self.runs.iter_mut().find(|known| known.id.as_deref() == run);
        let run = run.unwrap_or_else(|| panic!("of which run? {frame}"));
        match kind.as_str() {
            "status" | "outcome" => run.apply(frame, &self.plan),
            "gap" => run.miss(frame, &self.plan),
            "subscribed" => assert!(frame["recovered"] == true || self.plan.forgets, "{frame}"),
            "unsubscribed" if frame["reason"] == "completed" => {}
            "unsubscribed" | "error" => {
                assert!(self.plan.seals(), "everybody may read it: {frame}");
                run.is_gone = true;
            }
            "bookmark" => {}
            other => panic!("{other}: {frame}"),
        }
    }

    /// A command is answered, or told to be durable.
    fn settle(&mut self, number: usize, frame: &Value, kind: &str) {
        let run = &mut self.runs[self.commands[number].run];
        let id = text(frame, "journeyId");
        assert_eq!(*run.id.get_or_insert_with(|| id.clone()), id, "one start, one run: {frame}");
        assert!(!self.answered[number], "answered twice, or told to be durable behind that: {frame}");
        match kind {
            "accepted" => {
                assert!(self.plan.acks && !self.accepted[number], "told twice: {frame}");
                self.accepted[number] = true;
                return;
            }
            // The repetition of a command that was carried out is a read (ENG-053).
            "error" => {
                let is_look = self.commands[number].kind == LOOK;
                assert!(self.plan.seals() && (is_look || frame["replayed"] == true), "{frame}");
                assert_eq!(frame["problem"]["type"], "urn:journeyforge:error:not-found", "{frame}");
            }
            "outcome" => assert!(self.is_start(number), "{frame}"),
            other => assert!(other == "status" && self.commands[number].kind != LOOK, "{frame}"),
        }
        self.answered[number] = true;
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
