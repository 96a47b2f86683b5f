//! The WebSocket binding.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jf_core::dsl::{Catalog, Definition, Loaded};
use jf_core::{Epoch, EventKind, Head};
use serde_json::{Value, json};

use super::{Answer, CancelRun, Driver, DriverError, LoggedEvent, Request, Run, Seen, Start, Submit};
use crate::{ClientError, Handshake, WebSocketClient};

/// Drives a server through its WebSocket binding.
///
/// A request uses an idle connection to its path, or a new one; one with headers or a query gets a connection of its own, since they
/// belong to the handshake (WS-023).
#[derive(Debug, Clone)]
pub struct WebSocketDriver {
    server: SocketAddr,
    catalog: Catalog,
    idle: Arc<Mutex<HashMap<String, Vec<WebSocketClient>>>>,
}

impl WebSocketDriver {
    /// Drives the server at that address, which serves `catalog`: paths and message types stand there.
    #[must_use]
    pub fn new(server: SocketAddr, catalog: Catalog) -> Self {
        Self { server, catalog, idle: Arc::default() }
    }

    fn not_carried(&self, what: impl Into<String>) -> DriverError {
        DriverError::NotCarried { driver: self.name(), what: what.into() }
    }

    /// The definition of a journey that can be reached here. For a name that is not deployed any other one does: what is asked of
    /// its path must be answered as unknown.
    fn reachable(&self, journey: &str) -> Result<&Arc<Loaded>, DriverError> {
        if journey.is_empty() {
            return Err(self.not_carried("a run of which only the id is known"));
        }
        let reachable = |loaded: &&Arc<Loaded>| loaded.definition.websocket_path().is_some();
        let named = self.catalog.journey(journey);
        let found =
            if named.is_some() { named.filter(reachable) } else { self.catalog.iter().find(reachable) };
        found.ok_or_else(|| self.not_carried(format!("the journey {journey}, which has no such binding")))
    }

    async fn request(
        &self,
        definition: &Definition,
        request: &Request,
        frame: Value,
    ) -> Result<Value, DriverError> {
        let path = definition.websocket_path().unwrap_or_default().into_owned();
        let is_plain = *request == Request::PLAIN;
        let idle = is_plain.then(|| self.take_idle(&path)).flatten();
        let mut client = match idle {
            Some(client) => client,
            None => self.connect(definition, &path, request).await?,
        };
        let reply = client.request(frame).await?;
        if is_plain {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).entry(path).or_default().push(client);
        }
        Ok(reply)
    }

    fn take_idle(&self, path: &str) -> Option<WebSocketClient> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = idle.get_mut(path)?;
        std::iter::from_fn(|| clients.pop()).find_map(|mut client| client.is_open().then_some(client))
    }

    async fn connect(
        &self,
        definition: &Definition,
        path: &str,
        request: &Request,
    ) -> Result<WebSocketClient, DriverError> {
        let binding = definition.spec.bindings.websocket.as_ref();
        let private = binding.and_then(|binding| binding.endpoint.subprotocol.as_deref());
        let mut handshake = Handshake::default().with_protocol(private.unwrap_or("journeyforge.v1"));
        handshake.headers.clone_from(&request.headers);
        let path = format!("{path}{}", super::http::query(&request.query));
        Ok(WebSocketClient::connect(self.server, &path, &handshake).await?)
    }

    async fn about_run(&self, kind: &str, run: &Run, request: &Request) -> Result<Answer, DriverError> {
        let loaded = Arc::clone(self.reachable(&run.journey)?);
        let frame = json!({ "type": kind, "journeyId": run.id });
        answer(self.request(&loaded.definition, request, frame).await?)
    }
}

#[async_trait]
impl Driver for WebSocketDriver {
    fn name(&self) -> &'static str {
        "websocket"
    }

    async fn start(&self, start: Start) -> Result<Answer, DriverError> {
        let loaded = Arc::clone(self.reachable(&start.journey)?);
        let definition = &loaded.definition;
        let binding = definition.spec.bindings.websocket.as_ref();
        let kind = binding.map(|binding| binding.start.message_type.to_string()).unwrap_or_default();
        let mut frame = json!({
            "type": kind, "journeyName": start.journey, "payload": start.input, "subscribe": false,
        });
        set(&mut frame, "key", start.key.map(Value::from));
        answer(self.request(definition, &start.request, frame).await?)
    }

    async fn submit(&self, submit: Submit) -> Result<Answer, DriverError> {
        let loaded = Arc::clone(self.reachable(&submit.run.journey)?);
        let definition = &loaded.definition;
        let binding = definition.spec.bindings.websocket.as_ref();
        let types = binding.map(|binding| &binding.steps).into_iter().flatten();
        // An address ends with the id of its state (ENG-040). An id that no type covers is sent with any type.
        let state = submit.step.rsplit('~').next().unwrap_or_default();
        let mut types: Vec<_> = types.collect();
        types.sort_by_key(|(id, _)| id.as_str() != state);
        let Some((_, message)) = types.first() else {
            return Err(self.not_carried(format!("steps of {}", submit.run.journey)));
        };
        let mut frame = json!({
            "type": message.message_type, "journeyId": submit.run.id, "stepId": submit.step, "payload": submit.payload,
        });
        set(&mut frame, "key", submit.key.map(Value::from));
        set_condition(&mut frame, submit.if_head);
        answer(self.request(definition, &submit.request, frame).await?)
    }

    async fn status(&self, run: &Run, request: &Request) -> Result<Answer, DriverError> {
        self.about_run("getStatus", run, request).await
    }

    async fn outcome(&self, run: &Run, request: &Request) -> Result<Answer, DriverError> {
        self.about_run("getOutcome", run, request).await
    }

    async fn cancel(&self, cancel: CancelRun) -> Result<Answer, DriverError> {
        let loaded = Arc::clone(self.reachable(&cancel.run.journey)?);
        let mut frame = json!({ "type": "cancel", "journeyId": cancel.run.id });
        set(&mut frame, "key", cancel.key.map(Value::from));
        set_condition(&mut frame, cancel.if_head);
        answer(self.request(&loaded.definition, &cancel.request, frame).await?)
    }

    async fn list(&self, _parameters: &[(String, String)]) -> Result<Answer, DriverError> {
        Err(self.not_carried("listings"))
    }

    async fn call_api(&self, _api: &str, _input: Value, _request: &Request) -> Result<Answer, DriverError> {
        Err(self.not_carried("Apis"))
    }

    async fn events(&self, run: &Run, after: u64) -> Result<Answer, DriverError> {
        let loaded = Arc::clone(self.reachable(&run.journey)?);
        let path = loaded.definition.websocket_path().unwrap_or_default().into_owned();
        let mut client = self.connect(&loaded.definition, &path, &Request::PLAIN).await?;
        let frame = json!({ "type": "subscribe", "journeyId": run.id, "after": after, "conflate": false });
        let reply = client.request(frame).await?;
        if reply["type"] == "error" {
            return answer(reply);
        }
        if reply["recovered"] != true {
            return Err(unexpected(&reply));
        }
        let epoch = epoch(&reply)?;
        let until = reply["head"].as_u64().ok_or_else(|| unexpected(&reply))?;
        let mut events: Vec<LoggedEvent> = Vec::new();
        while events.last().map_or(after, |event| event.at.seq) < until {
            let frame = client.frame().await?;
            let kind = match frame["type"].as_str() {
                Some("status") => EventKind::Status,
                Some("outcome") => EventKind::Outcome,
                Some("bookmark") => continue,
                _ => return Err(unexpected(&frame)),
            };
            let seq = frame["seq"].as_u64().ok_or_else(|| unexpected(&frame))?;
            let at = Head::new(epoch.clone(), seq);
            events.push(LoggedEvent { kind, at, document: frame["payload"].clone() });
        }
        Ok(Answer::Events(events))
    }
}

fn set(frame: &mut Value, member: &str, value: Option<Value>) {
    if let Some(value) = value {
        frame[member] = value;
    }
}

fn set_condition(frame: &mut Value, head: Option<Head>) {
    if let Some(head) = head {
        frame["ifSeq"] = head.seq.into();
        frame["epoch"] = head.epoch.as_str().into();
    }
}

fn answer(mut reply: Value) -> Result<Answer, DriverError> {
    if reply["type"] == "error" {
        return Ok(Answer::Error(reply["problem"].take()));
    }
    let seq = reply["seq"].as_u64().ok_or_else(|| unexpected(&reply))?;
    let head = Head::new(epoch(&reply)?, seq);
    let seen =
        Seen { document: reply["payload"].take(), head, replayed: reply["replayed"] == true, headers: None };
    match reply["type"].as_str() {
        Some("started") => Ok(Answer::Started(seen)),
        Some("status") => Ok(Answer::Status(seen)),
        Some("outcome") => Ok(Answer::Outcome(seen)),
        _ => Err(unexpected(&reply)),
    }
}

fn epoch(frame: &Value) -> Result<Epoch, DriverError> {
    let text = frame["epoch"].as_str().ok_or_else(|| unexpected(frame))?;
    Epoch::parse(text).map_err(|_| unexpected(frame))
}

fn unexpected(frame: &Value) -> DriverError {
    ClientError::protocol(format!("unexpected frame {frame}")).into()
}
