//! Numbers of JSON texts, also where the parser gives them with any precision.

use std::fmt;
use std::sync::LazyLock;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Number, Value};

/// The only member of a number, where [`NUMBERS_ARE_MAPS`].
pub(crate) const NUMBER: &str = "$serde_json::private::Number";

/// Whether some crate of this program has turned on `serde_json`'s feature `arbitrary_precision`. Its parser then gives numbers as
/// objects with their text.
pub(crate) static NUMBERS_ARE_MAPS: LazyLock<bool> = LazyLock::new(|| {
    struct Kind;

    impl<'de> Visitor<'de> for Kind {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }

        fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
            Ok(false)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
            members.next_entry::<IgnoredAny, IgnoredAny>().map(|_| true)
        }
    }

    // Not a whole one: of those it gives the small ones as ever.
    serde_json::Deserializer::from_str("0.5").deserialize_any(Kind).unwrap_or(false)
});

/// Whether it is the text of a number, and not one that somebody has given this name.
pub(crate) fn is_numeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) && text.parse::<f64>().is_ok()
}

/// A number like those that are read without that feature: no digit more is kept.
pub(crate) fn number<E: serde::de::Error>(text: &str) -> Result<Value, E> {
    let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
    let number = whole.ok().filter(|_| text != "-0").or_else(|| Number::from_f64(text.parse().ok()?));
    number.map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{is_numeric, number};
    use crate::read_json;

    #[test]
    fn http_012_numbers_are_the_same_whatever_the_parser_gives_them_as() {
        for text in ["0", "-0", "-1", "18446744073709551615", "18446744073709551616", "1.5", "-2e3", "1E400"]
        {
            let read = serde_json::from_str::<Value>(text).ok();
            let from_text = number::<serde_json::Error>(text).ok();
            assert_eq!(from_text, read, "{text}");
            assert_eq!(
                from_text.map(|value| value.to_string()),
                read.map(|value| value.to_string()),
                "{text}"
            );
        }
        assert!(is_numeric("1E400") && !["", "inf", "no", "1 ", "--1"].into_iter().any(is_numeric));
        let named = r#"{"$serde_json::private::Number":"1"}"#;
        let read = read_json(named, 2, 0, &mut |_| Ok(())).unwrap();
        assert_eq!(read.to_string(), named, "without the feature it is an object like others");
    }
}
