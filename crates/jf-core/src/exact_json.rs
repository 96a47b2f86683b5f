//! Values of documents, read back exactly as they were written: [`read`] for `#[serde(deserialize_with)]`, and whole texts.
//!
//! A plain [`Value`] is not always. As soon as any crate of a program turns on `serde_json`'s feature `raw_value`, which `axum` does by
//! default, an object whose first member is `$serde_json::private::RawValue` is read as the JSON inside of that text, or not at
//! all. Names of members come from outside – customers send them, services answer with them –, and what was stored must be read again.
//! So whatever reads values that are not known uses this module, or [`read_json`](crate::read_json) where it has to be bounded.

use std::sync::Arc;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde_json::{Map, Value};

use crate::json::{Nested, Unbounded};

/// A [`Value`] or the members of an object, by itself, shared, or where there may be something else.
pub trait Exact: Sized {
    /// Reads one; [`read`] says how.
    ///
    /// # Errors
    /// As for [`read`].
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Reads a member of a document. It must be there, unless it has `#[serde(default)]` as well.
///
/// Depth is bounded by the deserializer alone.
///
/// # Errors
/// Those of the deserializer, and when there is no object where one has to be.
///
/// ```
/// use serde_json::{Map, Value};
///
/// #[derive(serde::Deserialize)]
/// struct Stored {
///     #[serde(deserialize_with = "jf_core::exact_json::read")]
///     output: Value,
///     #[serde(flatten, deserialize_with = "jf_core::exact_json::read")]
///     more: Map<String, Value>,
/// }
/// let text = r#"{"output":{"$serde_json::private::RawValue":"no JSON"},"other":1}"#;
/// let stored: Stored = serde_json::from_str(text)?;
/// assert_eq!(stored.output["$serde_json::private::RawValue"], "no JSON");
/// assert_eq!(stored.more["other"], 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn read<'de, D: Deserializer<'de>, T: Exact>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

/// Reads the JSON of one value, nested as deep as `serde_json` reads by default.
///
/// # Errors
/// When it is no JSON, and when it is no object although one is asked for.
pub fn from_slice<T: Exact>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice::<Exactly<T>>(json).map(|Exactly(value)| value)
}

/// The same of a text.
///
/// # Errors
/// As for [`from_slice`].
pub fn from_str<T: Exact>(json: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str::<Exactly<T>>(json).map(|Exactly(value)| value)
}

/// Where [`read`] is wanted inside of another type.
struct Exactly<T>(T);

impl<'de, T: Exact> Deserialize<'de> for Exactly<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

/// Takes every value.
const ANY: Nested<Unbounded> = Nested { left: usize::MAX, room: Unbounded };

impl Exact for Value {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ANY)
    }
}

impl Exact for Map<String, Value> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_map(ANY)? {
            Value::Object(members) => Ok(members),
            _ => Err(D::Error::custom("not an object")),
        }
    }
}

impl<T: Exact> Exact for Arc<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self::new)
    }
}

/// `null` is `None`.
impl<T: Exact> Exact for Option<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<Exactly<T>>::deserialize(deserializer).map(|found| found.map(|Exactly(value)| value))
    }
}

/// `{"Ok": …}` or `{"Err": …}`, as serde has it.
impl<T: Exact, E: DeserializeOwned> Exact for Result<T, E> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Result::<Exactly<T>, E>::deserialize(deserializer).map(|found| found.map(|Exactly(value)| value))
    }
}

#[cfg(test)]
mod tests;
