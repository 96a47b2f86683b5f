//! A run as bytes, for stores.

use serde::Deserialize;

use crate::Run;

/// Bytes that are not a run of this version of the interpreter.
#[derive(Debug, thiserror::Error)]
#[error("not the snapshot of a run")]
pub struct SnapshotError {
    #[source]
    source: serde_json::Error,
}

impl Run {
    /// The run as compact JSON. Segments are left out: they belong to requests that do not survive a restart (ENG-105).
    #[must_use]
    pub fn to_snapshot(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        // Maps have text keys and writing to memory does not fail.
        let written = serde_json::to_writer(&mut bytes, self);
        debug_assert!(written.is_ok(), "a run is always serialisable into memory");
        bytes
    }

    /// Reads a run back. Contexts may be nested deeper than bodies, so the usual limit of the parser does not apply; stores hold
    /// what the engine wrote, whose depth is bounded by [`Limits::context_depth`](crate::Limits::context_depth).
    ///
    /// # Errors
    /// When the bytes are not a snapshot.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        deserializer.disable_recursion_limit();
        let run = Self::deserialize(&mut deserializer).map_err(|source| SnapshotError { source })?;
        deserializer.end().map_err(|source| SnapshotError { source })?;
        Ok(run)
    }
}
