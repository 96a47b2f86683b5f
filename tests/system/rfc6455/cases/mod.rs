//! The list of cases: what a client sends once the connection is open, and what the server owes it.

mod closing;
mod control;
mod data;
mod headers;
mod text;

use super::wire::{Out, TEXT};

/// What is said before a text and after it in a message that asks for its echo.
const BEFORE: &str = r#"{"type":"echo","subscribe":false,"payload":{"text":""#;
const AFTER: &str = r#""}}"#;

/// Cases about one matter.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) cases: Vec<Case>,
}

/// One conversation.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// Where RFC 6455 speaks of it.
    pub(super) section: &'static str,
    pub(super) what: String,
    pub(super) frames: Vec<Out>,
    pub(super) echoes: Vec<String>,
    /// Slugs of refused messages.
    pub(super) errors: Vec<String>,
    pub(super) pongs: Vec<Vec<u8>>,
    pub(super) end: End,
}

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The connection is as good as new.
    Open,
    /// The server answers the client's close with this code, or with none.
    Confirmed(Option<u16>),
    /// The server closes with this code.
    Refused(u16),
}

pub(super) fn groups() -> Vec<Group> {
    let group = |title, cases| Group { title, cases };
    vec![
        group("Messages of all sizes", data::sizes()),
        group("Pings and pongs", control::pings()),
        group("Reserved bits", headers::reserved_bits()),
        group("Reserved opcodes", headers::reserved_opcodes()),
        group("Masks and lengths", headers::masks_and_lengths()),
        group("Fragments", data::fragments()),
        group("Fragments that do not fit", data::wrong_fragments()),
        group("Text that is UTF-8", text::valid()),
        group("Text that is not UTF-8", text::invalid()),
        group("Closing", closing::handshakes()),
        group("Close codes", closing::codes()),
        group("Limits", data::limits()),
    ]
}

fn case(section: &'static str, what: impl Into<String>) -> Case {
    let (frames, echoes, errors, pongs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Case { section, what: what.into(), frames, echoes, errors, pongs, end: End::Open }
}

impl Case {
    fn send(mut self, frames: impl IntoIterator<Item = Out>) -> Self {
        self.frames.extend(frames);
        self
    }

    /// A message of one frame that is echoed.
    fn said(self, text: &str) -> Self {
        self.send([Out::new(TEXT, message(text))]).echo(text)
    }

    fn echo(mut self, text: &str) -> Self {
        self.echoes.push(text.to_owned());
        self
    }

    fn error(mut self, slug: &str) -> Self {
        self.errors.push(slug.to_owned());
        self
    }

    fn pong(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.pongs.push(payload.into());
        self
    }

    fn confirmed(mut self, code: impl Into<Option<u16>>) -> Self {
        self.end = End::Confirmed(code.into());
        self
    }

    fn refused(mut self, code: u16) -> Self {
        self.end = End::Refused(code);
        self
    }

    /// What the server does, in words.
    pub(super) fn owed(&self) -> String {
        let counted = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(one.to_owned()),
            _ => Some(format!("{count} {many}")),
        };
        let end = match self.end {
            End::Open => None,
            End::Confirmed(Some(code)) => Some(format!("confirms {code}")),
            End::Confirmed(None) => Some("confirms without a code".to_owned()),
            End::Refused(code) => return format!("closes with {code}"),
        };
        let parts = [
            counted(self.pongs.len(), "pong", "pongs"),
            counted(self.echoes.len(), "echo", "echoes"),
            counted(self.errors.len(), "`error` frame", "`error` frames"),
            end,
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
    }
}

/// A message that asks for the echo of a text.
fn message(text: &str) -> Vec<u8> {
    raw_message(text.as_bytes())
}

/// The same with any bytes as text.
fn raw_message(text: &[u8]) -> Vec<u8> {
    [BEFORE.as_bytes(), text, AFTER.as_bytes()].concat()
}

/// A text whose message has so many bytes.
fn text_for(bytes: usize) -> String {
    "x".repeat(bytes - BEFORE.len() - AFTER.len())
}

/// A message in parts: all but the last go on.
fn parts<P: AsRef<[u8]>>(parts: &[P]) -> Vec<Out> {
    let count = parts.len();
    let frames = parts.iter().enumerate().map(|(index, part)| {
        let frame = Out::new(if index == 0 { TEXT } else { 0 }, part.as_ref());
        if index + 1 < count { frame.goes_on() } else { frame }
    });
    frames.collect()
}
