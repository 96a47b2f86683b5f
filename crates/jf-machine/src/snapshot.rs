//! A run as bytes, for stores.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Run;
use crate::compensation::Stage;
use crate::flow::{Flow, Position};

/// The form that [`Run::to_snapshot`] writes. It grows by one with every change that an older interpreter cannot read, and older
/// forms go on to be read: runs outlive the process that wrote them.
const FORMAT: u8 = 1;

/// How deep the JSON of a snapshot may be nested: what is deeper could exhaust the stack of whoever reads it.
pub(crate) const DEEPEST_SNAPSHOT: usize = 512;

/// Scopes that may lie in each other, over all flows on the way. Definitions come nowhere near it (DEF-014).
const DEEPEST_SCOPE: usize = 256;

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

    /// Reads a run back. Whatever the bytes are, nothing panics, here or when the run goes on, and memory is bounded by their number.
    ///
    /// # Errors
    /// When the bytes are not a snapshot, or one of a later format.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let run: Self = read(bytes)?;
        if run.is_sound() { Ok(run) } else { Err(SnapshotError::Malformed(None)) }
    }

    /// Whether it is put together like a run, so that what the interpreter relies on is there.
    fn is_sound(&self) -> bool {
        let owed = self.compensation.as_ref().map(|following| &following.stage);
        let follows = !matches!(owed, Some(Stage::Owed(owed)) if !owed.context.is_object());
        follows && self.flows.is_empty() == self.has_come_to_its_end() && are_a_tree(&self.flows)
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
    let value = parse(json, false).or_else(|error| {
        // The parser has a limit of its own, meant for bodies. Contexts may be deeper, up to another one.
        if is_nested_within(json, DEEPEST_SNAPSHOT) { parse(json, true) } else { Err(error) }
    });
    value.map_err(|source| SnapshotError::Malformed(Some(source)))
}

fn parse<T: DeserializeOwned>(json: &[u8], deep: bool) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    if deep {
        deserializer.disable_recursion_limit();
    }
    let value = T::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Whether brackets outside of texts are never open deeper than that.
fn is_nested_within(json: &[u8], deepest: usize) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    json.iter().all(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth <= deepest
    })
}

/// Whether every flow but the first is a branch of one before it that has split, with all its own branches right behind it.
fn are_a_tree(flows: &[Flow]) -> bool {
    // The flows on the way to the one in hand, each with the scopes down to its innermost one.
    let mut way: Vec<(&Flow, usize)> = Vec::new();
    for flow in flows {
        let outer = match &flow.branch {
            None if way.is_empty() => 0,
            None => return false,
            Some(of) => {
                while way.last().is_some_and(|(above, _)| above.id != of.flow) {
                    way.pop();
                }
                match way.last() {
                    Some((above, scopes)) if above.position == Position::Split => *scopes,
                    _ => return false,
                }
            }
        };
        let scopes = outer + flow.scopes.len();
        let contexts = flow.scopes.iter().map(|scope| &*scope.context);
        if flow.scopes.is_empty() || scopes > DEEPEST_SCOPE || !contexts.into_iter().all(Value::is_object) {
            return false;
        }
        way.push((flow, scopes));
    }
    true
}
