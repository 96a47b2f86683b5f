//! Bytes to a JSON value in one pass, nesting bounded.
//!
//! The recursion limit of `serde_json` is off here: it is fixed at one level less than HTTP-013 allows. Containers are counted
//! by the visitor instead, so the bound is exact and configurable, and input that breaks it costs no more stack than input
//! that just meets it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, error::Category};

/// Reads one JSON value with at most `depth` containers inside each other. Of repeated members the last counts (HTTP-012).
///
/// # Errors
/// A sentence for the caller with the place of the fault; it never repeats the input.
pub(crate) fn parse(body: &[u8], depth: usize) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let at = Place::of(&body[..error.valid_up_to()]);
        format!("the body is not valid UTF-8: unexpected byte at {at}")
    })?;
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let nested = Nested { left: depth };
    let read = nested.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    read.map_err(|error| explain(text, depth, &error))
}

fn explain(text: &str, depth: usize, error: &serde_json::Error) -> String {
    if error.classify() == Category::Data {
        let at = Place::of(&text.as_bytes()[..beyond(text, depth)]);
        return format!("the body is nested deeper than {depth} levels at {at}");
    }
    let at = Place::reported(text, error);
    let message = error.to_string();
    let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
    format!("the body is not valid JSON: {reason} at {at}")
}

/// Where the first container beyond `depth` opens, in a text that is valid up to there.
fn beyond(text: &str, depth: usize) -> usize {
    let (mut open, mut quoted, mut escaped) = (0_usize, false, false);
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted && open == depth => return offset,
            b'[' | b'{' if !quoted => open += 1,
            b']' | b'}' if !quoted => open = open.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

/// Line and column from 1, columns in characters.
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// The place just after `before`.
    fn of(before: &[u8]) -> Self {
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        let line = 1 + before[..start].iter().filter(|b| **b == b'\n').count();
        Self { line, column: 1 + characters(&before[start..]) }
    }

    /// The place an error names, whose column counts bytes up to and including the one at fault.
    fn reported(text: &str, error: &serde_json::Error) -> Self {
        let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
        let upto = error.column().min(line.len());
        Self { line: error.line().max(1), column: characters(&line.as_bytes()[..upto]).max(1) }
    }
}

fn characters(utf8: &[u8]) -> usize {
    utf8.iter().filter(|b| !(0x80..0xc0).contains(*b)).count()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Reads a value that may hold `left` more containers inside each other.
#[derive(Clone, Copy)]
struct Nested {
    left: usize,
}

impl Nested {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        self.left.checked_sub(1).map(|left| Self { left }).ok_or_else(|| E::custom("nested too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
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
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner::<A::Error>()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            object.insert(name, members.next_value_seed(inner)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::{Value, json};

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn http_013_exactly_the_allowed_nesting_passes() {
        assert!(parse(nested(128).as_bytes(), 128).is_ok());
        let detail = parse(nested(129).as_bytes(), 128).unwrap_err();
        assert_eq!(detail, "the body is nested deeper than 128 levels at line 1, column 129");
        let mixed = format!("{}1{}", r#"{"a":["#.repeat(64), "]}".repeat(64));
        assert!(parse(mixed.as_bytes(), 128).is_ok());
        assert!(parse(mixed.as_bytes(), 127).is_err());
        let strings = br#"[["]\"["], {"\\": [[[1]]]}]"#;
        assert!(parse(strings, 5).is_ok());
        assert_eq!(
            parse(strings, 4).unwrap_err(),
            "the body is nested deeper than 4 levels at line 1, column 21"
        );
        assert!(parse(b"[]", 0).is_err());
        assert!(parse(b"1", 0).is_ok());
    }

    #[test]
    fn http_013_nesting_far_beyond_the_limit_costs_no_stack() {
        for body in [nested(10_000), "[".repeat(1_000_000), r#"{"a":"#.repeat(10_000)] {
            assert!(parse(body.as_bytes(), 128).is_err());
        }
    }

    #[test]
    fn http_012_of_repeated_members_the_last_counts() {
        let value = parse(br#"{"a":1,"b":2,"a":{"c":3}}"#, 128).unwrap();
        assert_eq!(value, json!({ "a": { "c": 3 }, "b": 2 }));
    }

    #[test]
    fn http_012_values_are_read_as_serde_json_reads_them() {
        for text in [
            "null",
            "true",
            "-0",
            "18446744073709551615",
            "-9223372036854775808",
            "1.5e3",
            "123456789012345678901234567890",
            r#""\u00e9\n\ud83d\ude00""#,
            r#" {"z":[],"a":{},"":[{"x":null}]} "#,
        ] {
            assert_eq!(
                parse(text.as_bytes(), 128).unwrap(),
                serde_json::from_str::<Value>(text).unwrap(),
                "{text}"
            );
        }
    }

    #[test]
    fn http_012_faults_are_told_with_their_place() {
        let detail = |body: &[u8]| parse(body, 128).unwrap_err();
        assert_eq!(detail(b"{\"a\":1,}"), "the body is not valid JSON: trailing comma at line 1, column 8");
        assert_eq!(
            detail("{\n  \"größe\": x}".as_bytes()),
            "the body is not valid JSON: expected value at line 2, column 12"
        );
        assert_eq!(
            detail(b"{\"a\":1"),
            "the body is not valid JSON: EOF while parsing an object at line 1, column 6"
        );
        assert_eq!(detail(b"1 2"), "the body is not valid JSON: trailing characters at line 1, column 3");
        assert_eq!(detail(b" "), "the body is not valid JSON: EOF while parsing a value at line 1, column 1");
        assert!(detail(br#""\ud800""#).starts_with("the body is not valid JSON: "));
        assert!(detail(b"1e999").starts_with("the body is not valid JSON: number out of range"));
    }

    #[test]
    fn http_010_bytes_that_are_not_utf_8_are_told_with_their_place() {
        let detail = parse(b"{\n \"\xc3\xa9\": \"\xff\"}", 128).unwrap_err();
        assert_eq!(detail, "the body is not valid UTF-8: unexpected byte at line 2, column 8");
        let detail = parse(b"\xff", 128).unwrap_err();
        assert_eq!(detail, "the body is not valid UTF-8: unexpected byte at line 1, column 1");
    }
}
