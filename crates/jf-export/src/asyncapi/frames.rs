//! The frames of the protocol `journeyforge.v1`, the same on every path; `frames.json` has them.

use serde_json::{Map, Value, json};

/// The frames by who sends them, the schemas they are made of, and the forms of those that depend on definitions.
pub(super) struct Frames(Value);

/// Replies to frames of clients that every path takes.
const REPLIES: [(&str, &[&str]); 10] = [
    ("hello", &["welcome", "error"]),
    ("auth", &["authenticated", "error"]),
    ("getStatus", &["status", "error"]),
    ("getOutcome", &["outcome", "error"]),
    ("subscribe", &["subscribed", "error"]),
    ("unsubscribe", &["unsubscribed", "error"]),
    ("cancel", &["status", "error"]),
    ("credit", &[]),
    ("ping", &["pong", "error"]),
    ("pong", &[]),
];
/// What the server sends without being asked.
pub(super) const PUSHES: [&str; 10] = [
    "welcome",
    "status",
    "outcome",
    "unsubscribed",
    "gap",
    "bookmark",
    "authExpiring",
    "goaway",
    "ping",
    "error",
];

impl Frames {
    pub(super) fn read() -> Self {
        Self(serde_json::from_str(include_str!("frames.json")).expect("the file is JSON, as a test shows"))
    }

    /// The frames that clients send on every path, each with its summary and the frames that answer it.
    pub(super) fn of_clients(&self) -> impl Iterator<Item = (&'static str, &str, &'static [&'static str])> {
        REPLIES.into_iter().map(|(name, replies)| (name, self.summary("client", name), replies))
    }

    /// The frames that servers send, `outcome` excepted, whose document depends on definitions.
    pub(super) fn of_servers(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.0["server"].as_object().into_iter().flatten();
        names.map(|(name, _)| (name.as_str(), self.summary("server", name)))
    }

    /// The form of a frame that depends on definitions: `start`, `step` or `outcome`.
    pub(super) fn template(&self, name: &str) -> Value {
        self.0["templates"][name].clone()
    }

    /// All schemas under their names.
    pub(super) fn schemas(&self) -> Map<String, Value> {
        let entries = |section: &'static str| self.0[section].as_object().into_iter().flatten();
        let parts = entries("parts").map(|(name, schema)| (part(name), schema.clone()));
        let frames = ["client", "server"].into_iter().flat_map(|side| {
            entries(side).map(move |(name, frame)| (frame_of(side, name), frame["schema"].clone()))
        });
        parts.chain(frames).collect()
    }

    fn summary(&self, side: &str, name: &str) -> &str {
        self.0[side][name]["summary"].as_str().unwrap_or_default()
    }
}

fn part(name: &str) -> String {
    format!("frame.{name}")
}

/// The name of the schema of a frame; both sides send `ping` and `pong`.
pub(super) fn frame_of(side: &str, name: &str) -> String {
    format!("{side}.{name}")
}

/// A message whose payload is the schema of the name.
pub(super) fn message(name: &str, summary: &str, schema: &Value) -> Value {
    json!({
        "name": name,
        "title": name,
        "summary": summary,
        "contentType": "application/json",
        "correlationId": { "$ref": "#/components/correlationIds/request" },
        "payload": schema,
    })
}
