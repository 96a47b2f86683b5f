//! A run as bytes, for stores.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Run;

/// The form that [`Run::to_snapshot`] writes. It grows by one with every change that an older interpreter cannot read, and older
/// forms go on to be read: runs outlive the process that wrote them.
const FORMAT: u8 = 1;

/// Bytes that are not a run this interpreter can go on with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A later version of the interpreter has written them.
    #[error("it was stored in format {found} by a later version; this one reads formats up to {known}")]
    Newer {
        /// The format of the bytes.
        found: u8,
        /// The last format that is known here.
        known: u8,
    },
    /// They are no run at all.
    #[error("not the snapshot of a run or schedule")]
    Malformed(#[source] Option<serde_json::Error>),
}

impl Run {
    /// The run as bytes: the number of the format, then compact JSON.
    #[must_use]
    pub fn to_snapshot(&self) -> Vec<u8> {
        write(self)
    }

    /// Reads a run back. Contexts may be nested deeper than bodies, so the usual limit of the parser does not apply; stores hold
    /// what the engine wrote, whose depth is bounded by [`Limits::context_depth`](crate::Limits::context_depth).
    ///
    /// # Errors
    /// When the bytes are not a snapshot, or one of a later format.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, SnapshotError> {
        read(bytes)
    }
}

/// The number of the format, then compact JSON.
pub(crate) fn write(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    bytes.push(FORMAT);
    // Maps have text keys and writing to memory does not fail.
    let written = serde_json::to_writer(&mut bytes, value);
    debug_assert!(written.is_ok(), "what is stored is always serialisable into memory");
    bytes
}

/// What [`write`] has written.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, SnapshotError> {
    let json = match bytes {
        [FORMAT, json @ ..] => json,
        [found, ..] if (FORMAT..b' ').contains(found) => {
            return Err(SnapshotError::Newer { found: *found, known: FORMAT });
        }
        _ => return Err(SnapshotError::Malformed(None)),
    };
    let malformed = |source| SnapshotError::Malformed(Some(source));
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    deserializer.disable_recursion_limit();
    let value = T::deserialize(&mut deserializer).map_err(malformed)?;
    deserializer.end().map_err(malformed)?;
    Ok(value)
}
