//! Values as text (DEF-202).

use std::borrow::Cow;
use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// A value where the language turns it into a string: attributes, cache keys, insertions (DEF-202).
///
/// Strings stay as they are; everything else becomes compact JSON with key order kept, in which a double without
/// fraction and below 2^53 is written as an integer (`5`, not `5.0`).
///
/// ```
/// use jf_dsl::value_to_text;
/// use serde_json::json;
///
/// assert_eq!(value_to_text(&json!("as is")), "as is");
/// assert_eq!(value_to_text(&json!({ "b": [5.0, 0.5], "a": null })), r#"{"b":[5,0.5],"a":null}"#);
/// ```
#[must_use]
pub fn value_to_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Null => Cow::Borrowed("null"),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            let mut out = Vec::with_capacity(64);
            let written = value.serialize(&mut Serializer::with_formatter(&mut out, WholeNumbers));
            debug_assert!(written.is_ok(), "a JSON value is always serialisable into memory");
            Cow::Owned(String::from_utf8(out).expect("the JSON writer emits UTF-8"))
        }
    }
}

struct WholeNumbers;

impl Formatter for WholeNumbers {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        const LIMIT: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() < LIMIT {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
            let whole = value as i64;
            CompactFormatter.write_i64(writer, whole)
        } else {
            CompactFormatter.write_f64(writer, value)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::value_to_text;

    #[test]
    fn def_202_values_as_text() {
        let cases: [(Value, &str); 10] = [
            (json!("x\"y"), "x\"y"),
            (json!(null), "null"),
            (json!(true), "true"),
            (json!(5.0), "5"),
            (json!(-0.0), "0"),
            (json!(0.5), "0.5"),
            (json!(u64::MAX), "18446744073709551615"),
            (json!(9_007_199_254_740_992.0), "9007199254740992.0"),
            (json!([1.0, "a"]), r#"[1,"a"]"#),
            (json!({ "z": 1, "a": { "b": -3.0 } }), r#"{"z":1,"a":{"b":-3}}"#),
        ];
        for (value, text) in cases {
            assert_eq!(value_to_text(&value), text, "{value:?}");
        }
    }
}
