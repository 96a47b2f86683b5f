//! The size of a value as compact JSON.

use std::io::{self, Write};

use serde_json::{Number, Value};

/// The length of the value as compact JSON, in bytes; `None` when it is nested deeper than `depth`.
///
/// The walk never goes deeper than `depth`, so that it cannot exhaust the stack.
pub(crate) fn compact_len(value: &Value, depth: usize) -> Option<usize> {
    match value {
        Value::Null | Value::Bool(true) => Some(4),
        Value::Bool(false) => Some(5),
        Value::Number(number) => Some(number_len(number)),
        Value::String(text) => Some(text_len(text)),
        Value::Array(items) => {
            let depth = depth.checked_sub(1)?;
            let inner = items.iter().try_fold(0, |sum, item| Some(sum + compact_len(item, depth)?))?;
            Some(2 + inner + items.len().saturating_sub(1))
        }
        Value::Object(members) => {
            let depth = depth.checked_sub(1)?;
            let inner = members.iter().try_fold(0, |sum, (name, member)| {
                Some(sum + text_len(name) + 1 + compact_len(member, depth)?)
            })?;
            Some(2 + inner + members.len().saturating_sub(1))
        }
    }
}

/// The length of a member's name with its colon and a comma.
pub(crate) fn name_len(name: &str) -> usize {
    text_len(name) + 2
}

fn text_len(text: &str) -> usize {
    let escapes: usize = text.bytes().map(|byte| usize::from(escape_len(byte))).sum();
    text.len() + escapes + 2
}

/// What escaping adds to a byte.
const fn escape_len(byte: u8) -> u8 {
    match byte {
        b'"' | b'\\' | 0x08 | 0x09 | 0x0a | 0x0c | 0x0d => 1,
        0x00..=0x1f => 5,
        _ => 0,
    }
}

fn number_len(number: &Number) -> usize {
    if let Some(whole) = number.as_u64() {
        return digits(whole);
    }
    if let Some(whole) = number.as_i64() {
        return 1 + digits(whole.unsigned_abs());
    }
    let mut counter = Counter(0);
    // A number is always serialisable, and the counter takes everything.
    let _ = serde_json::to_writer(&mut counter, number);
    counter.0
}

fn digits(whole: u64) -> usize {
    whole.checked_ilog10().map_or(1, |log| log as usize + 1)
}

struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::compact_len;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
            "[\\x00-\\x7f]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((".{0,6}", inner), 0..4)
                    .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn def_203_the_length_is_that_of_compact_json(value in values()) {
            let written = serde_json::to_vec(&value).unwrap();
            prop_assert_eq!(compact_len(&value, 100), Some(written.len()));
        }
    }

    #[test]
    fn def_203_the_walk_ends_at_the_depth_limit() {
        let mut deep = json!(1);
        for _ in 0..10 {
            deep = json!([deep]);
        }
        assert_eq!(compact_len(&deep, 10), Some(21));
        assert_eq!(compact_len(&deep, 9), None);
        assert_eq!(compact_len(&json!({}), 0), None);
        assert_eq!(compact_len(&json!("flat"), 0), Some(6));
    }
}
