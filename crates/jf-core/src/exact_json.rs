//! Values of documents read back exactly as they were written: functions for `#[serde(deserialize_with)]`.
//!
//! A plain [`Value`] is not always. As soon as any crate of a program turns on `serde_json`'s feature `raw_value`, which is the
//! default of `axum`, an object whose first member is `$serde_json::private::RawValue` is read as the JSON inside of that text, or not at
//! all. Names of members come from outside – customers send them, services answer with them –, and what was stored must be read again.
//! So whatever reads values that are not known uses these functions, or [`read_json`](crate::read_json).

use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Map, Value};

use crate::json::{Nested, Unbounded};

/// A value.
///
/// # Errors
/// Those of the deserializer; every value it gives is taken.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Stored {
///     #[serde(deserialize_with = "jf_core::exact_json::value")]
///     output: serde_json::Value,
/// }
/// let text = r#"{"output":{"$serde_json::private::RawValue":"no JSON"}}"#;
/// let stored: Stored = serde_json::from_str(text)?;
/// assert_eq!(stored.output["$serde_json::private::RawValue"], "no JSON");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Exact::deserialize(deserializer).map(|Exact(value)| value)
}

/// A value that is shared.
///
/// # Errors
/// As for [`value`].
pub fn shared<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Value>, D::Error> {
    value(deserializer).map(Arc::new)
}

/// A value or `null`; add `#[serde(default)]` where it may be absent.
///
/// # Errors
/// As for [`value`].
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Option::<Exact>::deserialize(deserializer).map(|value| value.map(|Exact(value)| value))
}

/// A shared value or `null`; add `#[serde(default)]` where it may be absent.
///
/// # Errors
/// As for [`value`].
pub fn optional_shared<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<Value>>, D::Error> {
    optional(deserializer).map(|value| value.map(Arc::new))
}

/// A value, or what there is in place of it.
///
/// # Errors
/// As for [`value`], and those of reading an `E`.
pub fn result<'de, D: Deserializer<'de>, E: Deserialize<'de>>(
    deserializer: D,
) -> Result<Result<Value, E>, D::Error> {
    Result::<Exact, E>::deserialize(deserializer).map(|result| result.map(|Exact(value)| value))
}

/// The members of an object, also of one that is flattened into another.
///
/// # Errors
/// As for [`value`], and when it is no object.
pub fn members<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    match deserializer.deserialize_map(ANY)? {
        Value::Object(members) => Ok(members),
        _ => Err(D::Error::custom("not an object")),
    }
}

/// Reads the JSON of one value, nested as deep as `serde_json` reads by default.
///
/// # Errors
/// When it is no JSON.
pub fn from_slice(json: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(json).map(|Exact(value)| value)
}

/// The same of a text.
///
/// # Errors
/// When it is no JSON.
pub fn from_str(json: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(json).map(|Exact(value)| value)
}

/// Who has written it has bounded it.
const ANY: Nested<Unbounded> = Nested { left: usize::MAX, room: Unbounded };

/// A value by itself.
struct Exact(Value);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ANY).map(Self)
    }
}
