//! JSON text to a value in one pass, its nesting bounded and its memory counted.
//!
//! The recursion limit of `serde_json` is off here: it is fixed at one level less than HTTP-013 allows. Containers are counted
//! by the visitor instead, so the bound is exact and configurable, and input that breaks it costs no more stack than input
//! that just meets it.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::EngineError;
use crate::json_number::{NUMBER, NUMBERS_ARE_MAPS, is_numeric, number};

/// Why a text was not read.
#[derive(Debug, thiserror::Error)]
pub enum JsonFault {
    /// It is not JSON, or nested too deep; the latter is an error of the category *data*.
    #[error("the text is not readable")]
    Text(#[source] serde_json::Error),
    /// The value takes more memory than there is; the word of who was asked.
    #[error("there is no room for the value")]
    NoRoom(#[source] EngineError),
}

/// Reads one JSON value with at most `depth` containers inside each other. Of repeated members the last counts (HTTP-012).
///
/// A value can take many times as much memory as its text: two bytes of a list are a whole item. So `take` is asked for the bytes that
/// the value takes beside its texts, as it comes into being: in parts of at least 64 KiB, and at the end for the rest, which may be nothing.
/// `weight` counts from the beginning, for what takes memory already. Reading ends with the first refusal.
///
/// ```
/// use jf_core::{ByteBudget, JsonFault, read_json};
///
/// let mut share = ByteBudget::new(100_000).share();
/// let list = format!("[{}0]", "0,".repeat(9_999));
/// let read = read_json(&list, 128, list.len(), &mut |bytes| share.grow(bytes));
/// assert!(matches!(read, Err(JsonFault::NoRoom(_))), "20 kB of text are more than 100 kB of items");
/// ```
///
/// # Errors
/// [`JsonFault`]. A text that is refused before its end may not be JSON at all.
pub fn read_json(
    text: &str,
    depth: usize,
    weight: usize,
    take: &mut dyn FnMut(usize) -> Result<(), EngineError>,
) -> Result<Value, JsonFault> {
    let scale = Scale { take: RefCell::new(take), pending: Cell::new(weight), refusal: Cell::new(None) };
    if weight >= Scale::PART {
        scale.ask().map_err(JsonFault::NoRoom)?;
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let read = Nested { left: depth, room: &scale }.deserialize(&mut reader);
    let read = read.and_then(|value| reader.end().map(|()| value));
    if let Some(refusal) = scale.refusal.take() {
        return Err(JsonFault::NoRoom(refusal));
    }
    let value = read.map_err(JsonFault::Text)?;
    scale.ask().map_err(JsonFault::NoRoom)?;
    Ok(value)
}

/// Counts what a value takes beside its texts, and asks for many bytes at once.
struct Scale<'t> {
    take: RefCell<&'t mut dyn FnMut(usize) -> Result<(), EngineError>>,
    pending: Cell<usize>,
    refusal: Cell<Option<EngineError>>,
}

impl Scale<'_> {
    /// What is asked for at once.
    const PART: usize = 64 * 1024;

    /// Asks for what was not asked for yet.
    fn ask(&self) -> Result<(), EngineError> {
        (self.take.borrow_mut())(self.pending.take())
    }
}

/// Where a value is to find room.
pub(crate) trait Room: Copy {
    /// Whether there is room for so many bytes more.
    fn has_room(self, bytes: usize) -> bool;
}

impl Room for &Scale<'_> {
    #[inline]
    fn has_room(self, bytes: usize) -> bool {
        let pending = self.pending.get() + bytes;
        self.pending.set(pending);
        pending < Scale::PART || self.ask().map_err(|refusal| self.refusal.set(Some(refusal))).is_ok()
    }
}

/// There is room for everything.
#[derive(Clone, Copy)]
pub(crate) struct Unbounded;

impl Room for Unbounded {
    #[inline]
    fn has_room(self, _: usize) -> bool {
        true
    }
}

/// Reads a value that may hold `left` more containers inside each other.
#[derive(Clone, Copy)]
pub(crate) struct Nested<R> {
    pub(crate) left: usize,
    pub(crate) room: R,
}

impl<R: Room> Nested<R> {
    /// What an item of a list takes.
    const ITEM: usize = size_of::<Value>();
    /// What a member of an object takes: its hash and its place in the index, too.
    const MEMBER: usize = size_of::<Value>() + size_of::<String>() + 2 * size_of::<usize>();

    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1);
        left.map(|left| Self { left, ..self }).ok_or_else(|| E::custom("nested too deep"))
    }

    fn weigh<E: serde::de::Error>(self, bytes: usize) -> Result<(), E> {
        if self.room.has_room(bytes) { Ok(()) } else { Err(E::custom("no room")) }
    }
}

impl<'de, R: Room> DeserializeSeed<'de> for Nested<R> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: Room> Visitor<'de> for Nested<R> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    // Of JSON this and the next never come; documents may be read from other formats.
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            inner.weigh(Self::ITEM)?;
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let mut next = members.next_key::<String>()?;
        if next.as_deref() == Some(NUMBER) && *NUMBERS_ARE_MAPS {
            let value = members.next_value_seed(Self { left: self.left.saturating_sub(1), ..self })?;
            match value.as_str() {
                Some(text) if is_numeric(text) => return number(text),
                _ => object.extend([(NUMBER.to_owned(), value)]),
            }
            next = members.next_key()?;
        }
        let inner = self.inner::<A::Error>()?;
        while let Some(name) = next {
            inner.weigh(Self::MEMBER)?;
            object.insert(name, members.next_value_seed(inner)?);
            next = members.next_key()?;
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{JsonFault, read_json};
    use crate::EngineError;

    fn list(items: usize) -> String {
        format!("[{}0]", "0,".repeat(items - 1))
    }

    #[test]
    fn http_026_a_value_is_asked_for_in_parts_and_the_rest_at_the_end() {
        let asked = |text: &str, weight: usize| {
            let mut parts = Vec::new();
            let read = read_json(text, 8, weight, &mut |bytes| {
                parts.push(bytes);
                Ok(())
            });
            (read.is_ok(), parts)
        };
        assert_eq!(asked("1", 0), (true, vec![0]));
        assert_eq!(asked("1", 7), (true, vec![7]));
        let item = size_of::<Value>();
        assert_eq!(asked(&list(100), 7), (true, vec![100 * item + 7]));
        assert_eq!(asked("1", 1 << 20), (true, vec![1 << 20, 0]), "before anything is read");
        let (read, parts) = asked(&list(10_000), 0);
        assert!(read && parts.len() > 5, "{parts:?}");
        assert_eq!(parts.iter().sum::<usize>(), 10_000 * item);
        assert!(parts[..parts.len() - 1].iter().all(|part| *part >= 64 << 10), "{parts:?}");
        assert_eq!(asked("[1", 7), (false, vec![]), "of no value nothing is left to ask for");
    }

    #[test]
    fn http_026_reading_ends_with_the_first_refusal() {
        let refused = |text: &str, weight: usize, room: usize| {
            let (mut left, mut times) = (room, 0);
            let read = read_json(text, 8, weight, &mut |bytes| {
                times += 1;
                left = left.checked_sub(bytes).ok_or_else(EngineError::not_found)?;
                Ok(())
            });
            (matches!(read, Err(JsonFault::NoRoom(_))), times)
        };
        assert_eq!(refused("1", 7, 7), (false, 1));
        assert_eq!(refused("1", 7, 6), (true, 1));
        assert_eq!(refused(&list(100_000), 0, 100_000), (true, 2), "and nothing is asked for any more");
        assert_eq!(refused("no JSON", 1 << 20, 100_000), (true, 1), "nothing was read at all");
    }

    /// Also those that `serde_json` may take for something of its own.
    #[test]
    fn http_012_members_may_have_any_name() {
        for text in [
            r#"{"$serde_json::private::RawValue":"no JSON"}"#,
            r#"[{"a":{"$serde_json::private::RawValue":"1"}}]"#,
            r#"{"$serde_json::private::Number":"1","b":{"":null}}"#,
        ] {
            assert_eq!(read_json(text, 8, 0, &mut |_| Ok(())).unwrap().to_string(), text);
        }
    }

    #[test]
    fn http_013_exactly_the_allowed_nesting_passes() {
        let read = |text: &str| read_json(text, 2, 0, &mut |_| Ok(()));
        assert_eq!(read(r#"{"a":[1]}"#).unwrap(), json!({ "a": [1] }));
        let Err(JsonFault::Text(fault)) = read("[[[]]]") else { panic!("too deep") };
        assert!(fault.is_data());
        assert!(read(&"[".repeat(1_000_000)).is_err(), "at no cost of stack");
    }
}
