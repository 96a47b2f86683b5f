//! How much one evaluation may copy.

use std::borrow::Cow;

use serde_json::{Number, Value};

use crate::limits::{VALUE_BYTES, VALUE_DEPTH};

/// Bytes of compact JSON that are left for what an evaluation copies or makes, and the levels that are left where it stands.
///
/// Nothing is ever given back. What is too much here may still be within the bounds of the interpreter, which is asked then.
#[derive(Debug)]
pub(crate) struct Room {
    bytes: usize,
    levels: u32,
}

impl Room {
    /// Room for a result of that many bytes as compact JSON.
    pub(crate) fn for_result(bytes: usize) -> Self {
        Self { bytes: bytes.min(VALUE_BYTES), levels: VALUE_DEPTH }
    }

    /// What is made by `make` is one level of an array or an object.
    pub(super) fn within<T>(&mut self, make: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.take(CONTAINER)?;
        self.levels = self.levels.checked_sub(1)?;
        let made = make(self);
        self.levels += 1;
        made
    }

    /// A value of one's own. What is borrowed is measured before it is copied; what is not was taken when it was made.
    pub(crate) fn own(&mut self, value: Cow<'_, Value>) -> Option<Value> {
        if let Cow::Borrowed(value) = &value {
            self.take_value(value)?;
        } else {
            // At most a number, and the comma.
            self.take(NUMBER + 1)?;
        }
        Some(value.into_owned())
    }

    /// Takes a text, as JSON writes it, and what separates it from the next.
    pub(super) fn take_text(&mut self, text: &str) -> Option<()> {
        let escaped = |byte: u8| match byte {
            b'"' | b'\\' => 1,
            0..0x20 => 5,
            _ => 0,
        };
        let more: usize = text.bytes().map(escaped).sum();
        self.take(text.len() + more + 4)
    }

    /// Takes a value that is going to be copied.
    fn take_value(&mut self, value: &Value) -> Option<()> {
        match value {
            Value::Null | Value::Bool(_) => self.take(6),
            Value::Number(number) => self.take(length(number) + 1),
            Value::String(text) => self.take_text(text),
            Value::Array(items) => {
                self.within(|room| items.iter().try_for_each(|item| room.take_value(item)))
            }
            Value::Object(members) => self.within(|room| {
                members.iter().try_for_each(|(key, value)| {
                    room.take_text(key)?;
                    room.take_value(value)
                })
            }),
        }
    }

    fn take(&mut self, bytes: usize) -> Option<()> {
        self.bytes = self.bytes.checked_sub(bytes)?;
        Some(())
    }
}

/// The brackets, and the comma behind them.
const CONTAINER: usize = 3;

/// The longest number has 24 signs.
const NUMBER: usize = 24;

/// At least the signs of a number.
fn length(number: &Number) -> usize {
    match (number.as_u64(), number.as_i64()) {
        (Some(value), _) => value.checked_ilog10().map_or(1, |digits| digits as usize + 1),
        (None, Some(value)) => value.unsigned_abs().ilog10() as usize + 2,
        (None, None) => NUMBER,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::Room;

    fn fits(value: &Value, bytes: usize) -> bool {
        Room::for_result(bytes).own(Cow::Borrowed(value)).is_some()
    }

    #[test]
    fn exp_045_what_there_is_room_for_is_never_longer() {
        for value in [
            json!(null),
            json!(false),
            json!(-1.797_693_134_862_315_7e308),
            json!(-5e-324),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(0),
            json!(-10),
            json!("\u{1}\u{1f}\"\\\n\u{7f}é"),
            json!([]),
            json!([1, [], {}, "é"]),
            json!({ "\u{2}": { "b": [null] }, "": "" }),
        ] {
            let length = value.to_string().len();
            let least = (0..300).find(|bytes| fits(&value, *bytes)).expect("it is small");
            assert!(least >= length && least <= 2 * length + 24, "{value}: {least} for {length}");
        }
    }

    #[test]
    fn exp_047_there_is_no_room_for_what_is_too_deep() {
        let nested = |levels: usize| (0..levels).fold(Value::Null, |inner, _| json!([inner]));
        assert!(fits(&nested(256), usize::MAX));
        assert!(!fits(&nested(257), usize::MAX));
    }

    proptest! {
        #[test]
        fn exp_045_texts_are_measured_as_they_are_written(text in ".{0,20}") {
            prop_assert!(fits(&json!(text), text.len() * 6 + 4));
            prop_assert!(!fits(&json!(text), json!(text).to_string().len() - 1));
        }
    }
}
