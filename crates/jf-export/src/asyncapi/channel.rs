//! One path: its messages, and what answers them (WS-030, RT-1).

use indexmap::IndexMap;
use jf_dsl::{Definition, StartMode, StateId};
use serde_json::{Map, Value, json};

use super::frames::{Frames, PUSHES, frame_of, message};
use crate::names::Names;
use crate::schemas::{Schemas, any_of, reference};

/// A definition at a path, and whether it is the version that serves new runs.
pub(super) type Served<'d> = (&'d Definition, bool);

/// What the document gathers over all paths.
pub(super) struct Gathered<'f> {
    pub(super) frames: &'f Frames,
    pub(super) schemas: Schemas,
    pub(super) messages: Map<String, Value>,
    pub(super) channels: Map<String, Value>,
    pub(super) operations: Map<String, Value>,
}

/// A channel while it is being put together.
struct Channel<'g, 'f> {
    id: String,
    gathered: &'g mut Gathered<'f>,
    messages: Map<String, Value>,
}

/// Adds the channel of a path.
pub(super) fn add(gathered: &mut Gathered<'_>, path: &str, definitions: &[Served<'_>]) {
    let id = free(&gathered.channels, &plain(path));
    let mut channel = Channel { id: id.clone(), gathered, messages: Map::new() };
    channel.frames(definitions);
    channel.starts(definitions);
    channel.steps(definitions);
    let messages = std::mem::take(&mut channel.messages);
    let names: Vec<&str> = definitions.iter().map(|(one, _)| one.metadata.name.as_str()).collect();
    let subprotocol = definitions
        .iter()
        .find_map(|(one, _)| one.spec.bindings.websocket.as_ref()?.endpoint.subprotocol.as_deref());
    let offer = json!({ "type": "string", "const": subprotocol.unwrap_or("journeyforge.v1") });
    let required: &[&str] = if subprotocol.is_some() { &["Sec-WebSocket-Protocol"] } else { &[] };
    let mut listed = names.clone();
    listed.dedup();
    let value = json!({
        "address": path,
        "title": listed.join(", "),
        "description": "One JSON object per text message; `type` tells what it is. The server speaks first.",
        "messages": messages,
        "bindings": { "ws": {
            "method": "GET",
            "headers": { "type": "object", "required": required, "properties": { "Sec-WebSocket-Protocol": offer } },
            "bindingVersion": "0.1.0",
        } },
    });
    gathered.channels.insert(id, value);
}

impl Channel<'_, '_> {
    /// The frames that are the same on every path, and the outcome, whose document is one of the definitions here.
    fn frames(&mut self, definitions: &[Served<'_>]) {
        let frames = self.gathered.frames;
        for (name, summary) in frames.of_servers() {
            let schema = reference(&frame_of("server", name));
            self.shared(&frame_of("server", name), name, summary, &schema);
        }
        let outcomes = definitions.iter().map(|(definition, serves)| {
            self.gathered.schemas.outcome(definition, &Names::of(definition, *serves))
        });
        let outcomes = outcomes.collect();
        let mut outcome = frames.template("outcome");
        outcome["properties"]["payload"] = any_of(outcomes);
        let schema = self.gathered.schemas.add(&format!("{}.outcome", self.id), &outcome);
        self.own("outcome", "outcome", "How the run ended", &schema);
        self.operation("push", "send", "What the server tells by itself", &PUSHES, &[]);
        for (name, summary, replies) in frames.of_clients() {
            let component = frame_of("client", name);
            self.shared(&component, name, summary, &reference(&component));
            let key = key_of_client(name);
            self.operation(name, "receive", summary, &[&key], replies);
        }
    }

    fn starts(&mut self, definitions: &[Served<'_>]) {
        let mut starts: IndexMap<&str, Vec<&Definition>> = IndexMap::new();
        for (definition, _) in definitions.iter().filter(|(_, serves)| *serves) {
            let Some(binding) = &definition.spec.bindings.websocket else { continue };
            starts.entry(binding.start.message_type.as_str()).or_default().push(definition);
        }
        for (kind, started) in starts {
            let mut frame = self.gathered.frames.template("start");
            let names: Vec<&str> = started.iter().map(|one| one.metadata.name.as_str()).collect();
            let payloads = started.iter().map(|one| match one.input_schema() {
                Some(schema) => {
                    let name = Names::of(one, true).component("Input");
                    self.gathered.schemas.of_definition(&name, schema.json())
                }
                None => json!({ "type": "object" }),
            });
            frame["properties"]["payload"] = any_of(payloads.collect());
            frame["properties"]["journeyName"]["enum"] = json!(names);
            frame["properties"]["type"] = json!({ "const": kind });
            if names.len() > 1 {
                frame["required"] = json!(["type", "journeyName", "payload"]);
            }
            let waits = started.iter().any(|one| one.spec.lifecycle.start_mode == StartMode::Sync);
            let replies: &[&str] = match (waits, started.iter().any(|one| tells_creation(one))) {
                (true, false) => &["accepted", "outcome", "status", "error"],
                (true, true) => &["accepted", "outcome", "status", "started", "error"],
                (false, _) => &["accepted", "started", "error"],
            };
            self.application(kind, &format!("Start {}", names.join(" or ")), &frame, replies);
        }
    }

    fn steps(&mut self, definitions: &[Served<'_>]) {
        let mut steps: IndexMap<&str, (Vec<&StateId>, Vec<Value>)> = IndexMap::new();
        for (definition, serves) in definitions {
            let Some(binding) = &definition.spec.bindings.websocket else { continue };
            let names = Names::of(definition, *serves);
            for (id, state) in definition.main_states() {
                let (Some(input), Some(message)) = (state.external_input(), binding.steps.get(id)) else {
                    continue;
                };
                let name = names.component(&format!("{id}.Input"));
                let payload = self.gathered.schemas.of_definition(&name, input.input.schema.json());
                let (ids, payloads) = steps.entry(message.message_type.as_str()).or_default();
                if !ids.contains(&id) {
                    ids.push(id);
                }
                if !payloads.contains(&payload) {
                    payloads.push(payload);
                }
            }
        }
        for (kind, (ids, payloads)) in steps {
            let mut frame = self.gathered.frames.template("step");
            frame["properties"]["type"] = json!({ "const": kind });
            frame["properties"]["payload"] = any_of(payloads);
            let ids: Vec<&str> = ids.into_iter().map(StateId::as_str).collect();
            let summary = format!("Submit {}", ids.join(" or "));
            self.application(kind, &summary, &frame, &["accepted", "status", "error"]);
        }
    }

    /// A message of definitions, with its operation.
    fn application(&mut self, kind: &str, summary: &str, frame: &Value, replies: &[&str]) {
        let key = free(&self.messages, &plain(kind));
        let schema = self.gathered.schemas.add(&format!("{}.{key}", self.id), frame);
        self.own(&key, kind, summary, &schema);
        self.operation(&key, "receive", summary, &[&key], replies);
    }

    /// A message that every path has; one component for all.
    fn shared(&mut self, component: &str, name: &str, summary: &str, schema: &Value) {
        let there = self.gathered.messages.entry(component.to_owned());
        there.or_insert_with(|| message(name, summary, schema));
        let key = if component.starts_with("client.") { key_of_client(name) } else { name.to_owned() };
        self.messages.insert(key, json!({ "$ref": format!("#/components/messages/{component}") }));
    }

    /// A message of this path alone.
    fn own(&mut self, key: &str, name: &str, summary: &str, schema: &Value) {
        let component = free(&self.gathered.messages, &format!("{}.{key}", self.id));
        self.messages.insert(key.to_owned(), json!({ "$ref": format!("#/components/messages/{component}") }));
        self.gathered.messages.insert(component, message(name, summary, schema));
    }

    fn operation(&mut self, name: &str, action: &str, summary: &str, messages: &[&str], replies: &[&str]) {
        let channel = json!({ "$ref": format!("#/channels/{}", self.id) });
        let refer = |keys: &[&str]| -> Vec<Value> {
            keys.iter()
                .map(|key| json!({ "$ref": format!("#/channels/{}/messages/{key}", self.id) }))
                .collect()
        };
        let mut operation =
            json!({ "action": action, "channel": channel, "summary": summary, "messages": refer(messages) });
        if !replies.is_empty() {
            operation["reply"] = json!({ "channel": channel, "messages": refer(replies) });
        }
        let id = free(&self.gathered.operations, &format!("{}.{name}", self.id));
        self.gathered.operations.insert(id, operation);
    }
}

/// Whether a start can be answered by the creation alone: one that waits for nothing, or one that is repeated by somebody who may not read
/// the run (ENG-053).
fn tells_creation(definition: &Definition) -> bool {
    let is_guarded = definition.spec.access.read.as_ref().is_some_and(|read| read.guard_ref.is_some());
    is_guarded || definition.spec.lifecycle.start_mode == StartMode::Async
}

/// The key of a client's frame in its channel, where the server's frames have the plain names.
fn key_of_client(name: &str) -> String {
    match name {
        "ping" | "pong" => format!("client.{name}"),
        name => name.to_owned(),
    }
}

/// A text with the characters that names of components may have.
fn plain(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    text.trim_matches('/').chars().map(|c| if allowed(c) { c } else { '-' }).collect()
}

/// The name, with a number if it is taken.
fn free(taken: &Map<String, Value>, name: &str) -> String {
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
    candidates.find(|candidate| !taken.contains_key(candidate)).unwrap_or_default()
}
