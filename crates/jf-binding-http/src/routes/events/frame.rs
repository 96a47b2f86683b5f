//! The text of server-sent events (HTTP-102 to HTTP-105).

use std::time::Duration;

use bytes::Bytes;
use jf_core::{At, EngineError, EventKind, GapReason};
use serde::Serialize;

/// What keeps connections and intermediaries from taking silence for death.
pub(super) const COMMENT: Bytes = Bytes::from_static(b":\n\n");

/// A document of the log; the JSON is that of the GET, and has no line break.
///
/// # Errors
/// Internal when the document has no JSON form.
pub(super) fn document<T: Serialize>(kind: EventKind, document: &At<T>) -> Result<Bytes, EngineError> {
    let mut text = format!("id: {}\nevent: {}\ndata: ", document.at, kind.as_str()).into_bytes();
    serde_json::to_writer(&mut text, &document.document).map_err(EngineError::internal)?;
    text.extend(b"\n\n");
    Ok(text.into())
}

/// Events that cannot be given one by one. It has no id: a reader that breaks off here has not resumed yet.
pub(super) fn gap(from: u64, to: u64, reason: GapReason) -> Bytes {
    let reason = reason.as_str();
    format!("event: gap\ndata: {{\"from\":{from},\"to\":{to},\"reason\":\"{reason}\"}}\n\n").into()
}

/// When to come back after the stream has ended.
pub(super) fn retry(after: Duration) -> Bytes {
    format!("retry: {}\n\n", after.as_millis()).into()
}
