//! How values are written into the file.

pub(crate) mod event;
pub(crate) mod journal;
mod varint;

use indexmap::IndexMap;
use jf_core::Phase;
use jf_core::dsl::Kind;
use jf_store::{StoreError, Tags};
use jiff::Timestamp;

use crate::error::corrupt;

/// A time as nanoseconds since 1970. What lies outside 1677 to 2262 stands at the border: such a due time has come, or never comes.
pub(crate) fn nanos(time: Timestamp) -> i64 {
    let nanos = time.as_nanosecond();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

/// The time of [`nanos`].
pub(crate) fn time(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::MAX)
}

pub(crate) const fn phase_code(phase: Phase) -> u8 {
    match phase {
        Phase::Running => 0,
        Phase::Succeeded => 1,
        Phase::Failed => 2,
    }
}

pub(crate) fn phase(code: u8) -> Result<Phase, StoreError> {
    match code {
        0 => Ok(Phase::Running),
        1 => Ok(Phase::Succeeded),
        2 => Ok(Phase::Failed),
        _ => Err(corrupt("phase")),
    }
}

pub(crate) const fn kind_code(kind: Kind) -> u8 {
    match kind {
        Kind::Journey => 0,
        Kind::Api => 1,
    }
}

pub(crate) fn kind(code: u8) -> Result<Kind, StoreError> {
    match code {
        0 => Ok(Kind::Journey),
        1 => Ok(Kind::Api),
        _ => Err(corrupt("kind")),
    }
}

/// A count of commits or events as SQLite has it; it never comes near the end.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The number of [`int`].
pub(crate) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Tags as JSON; nothing for none.
pub(crate) fn tags_text(tags: &[String]) -> Option<String> {
    (!tags.is_empty()).then(|| serde_json::to_string(tags).unwrap_or_default())
}

pub(crate) fn tags(text: Option<&str>) -> Result<Tags, StoreError> {
    let Some(text) = text else { return Ok(Tags::default()) };
    serde_json::from_str::<Vec<String>>(text).map(Tags::from).map_err(|_| corrupt("tags"))
}

/// Attributes as a JSON object in their order; nothing for none.
pub(crate) fn attributes_text(attributes: &IndexMap<String, String>) -> Option<String> {
    (!attributes.is_empty()).then(|| serde_json::to_string(attributes).unwrap_or_default())
}

pub(crate) fn attributes(text: Option<&str>) -> Result<Option<IndexMap<String, String>>, StoreError> {
    let Some(text) = text else { return Ok(None) };
    serde_json::from_str::<IndexMap<_, _>>(text).map(Some).map_err(|_| corrupt("attributes"))
}
