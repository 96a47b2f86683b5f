//! Plain scalars under the YAML 1.2 core schema (DEF-003, DEF-006).

use serde_json::Number;

use super::NodeValue;

/// What a plain scalar stands for.
pub(super) enum Plain {
    /// A value, a string when no other form fits.
    Value(NodeValue),
    /// A number without a finite value: `.nan`, `.inf`, or beyond the doubles (DEF-006).
    NotFinite,
}

/// Resolves a plain scalar.
pub(super) fn resolve(text: &str) -> Plain {
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => NodeValue::Null,
        "true" | "True" | "TRUE" => NodeValue::Bool(true),
        "false" | "False" | "FALSE" => NodeValue::Bool(false),
        _ if is_special_float(text) => return Plain::NotFinite,
        _ => match number(text) {
            Some(Some(number)) => NodeValue::Number(number),
            Some(None) => return Plain::NotFinite,
            None => NodeValue::String(text.into()),
        },
    };
    Plain::Value(value)
}

/// Whether an unquoted word is text, and not a number, a boolean or null.
pub(crate) fn plain_string(text: &str) -> bool {
    matches!(resolve(text), Plain::Value(NodeValue::String(_)))
}

fn is_special_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// A number: `None` when the text has no number's form, `Some(None)` when it has no finite value.
fn number(text: &str) -> Option<Option<Number>> {
    // Most plain scalars are words; look at one byte before anything else.
    if !matches!(text.as_bytes().first(), Some(b'0'..=b'9' | b'+' | b'-' | b'.')) {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let form = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            return form.then(|| in_radix(digits, radix));
        }
    }
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Some(integer(unsigned, negative));
    }
    is_float(unsigned).then(|| finite(unsigned, negative))
}

fn integer(digits: &str, negative: bool) -> Option<Number> {
    match digits.parse::<u64>() {
        Ok(value) if !negative => Some(value.into()),
        Ok(value) if value <= i64::MIN.unsigned_abs() => Some(0_i64.wrapping_sub_unsigned(value).into()),
        _ => finite(digits, negative),
    }
}

fn in_radix(digits: &str, radix: u32) -> Option<Number> {
    match u64::from_str_radix(digits, radix) {
        Ok(value) => Some(value.into()),
        Err(_) => {
            let digits = digits.chars().filter_map(|c| c.to_digit(radix));
            Number::from_f64(digits.fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit)))
        }
    }
}

fn finite(digits: &str, negative: bool) -> Option<Number> {
    let value: f64 = digits.parse().ok()?;
    Number::from_f64(if negative { -value } else { value })
}

/// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            (whole.is_empty() || digits(whole))
                && (fraction.is_empty() || digits(fraction))
                && mantissa.len() > 1
        }
        None => digits(mantissa),
    };
    mantissa_ok && exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{NodeValue, Plain, resolve};
    use crate::source::Span;
    use crate::tree::Node;

    fn value(text: &str) -> Option<Value> {
        match resolve(text) {
            Plain::Value(value) => Some(Node { span: Span::default(), value }.to_value()),
            Plain::NotFinite => None,
        }
    }

    #[test]
    fn def_003_core_schema_forms() {
        for null in ["", "~", "null", "Null", "NULL"] {
            assert!(matches!(resolve(null), Plain::Value(NodeValue::Null)), "{null}");
        }
        let cases = [
            ("True", json!(true)),
            ("FALSE", json!(false)),
            ("12", json!(12)),
            ("+12", json!(12)),
            ("-0", json!(0)),
            ("012", json!(12)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            (".5", json!(0.5)),
            ("5.", json!(5.0)),
            ("-1.5e3", json!(-1500.0)),
            ("+1E-2", json!(0.01)),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn def_003_everything_else_stays_a_string() {
        let strings = [
            "yes",
            "no",
            "on",
            "off",
            "y",
            "2026-01-01",
            "12:30",
            "1_000",
            "0b1",
            "0x",
            "0o8",
            "-0x1",
            "+",
            "-",
            ".",
            "1e",
            "e5",
            ".e5",
            "1.2.3",
            "tRUE",
            "nUll",
            "--1",
            "+.nan",
            "inf",
        ];
        for text in strings {
            assert_eq!(value(text), Some(json!(text)), "{text}");
        }
    }

    #[test]
    fn def_006_integers_are_exact_in_64_bits() {
        assert_eq!(value("18446744073709551615"), Some(json!(u64::MAX)));
        assert_eq!(value("-9223372036854775808"), Some(json!(i64::MIN)));
        assert_eq!(value("18446744073709551616"), Some(json!(18_446_744_073_709_551_616.0)));
        assert_eq!(value("-9223372036854775809"), Some(json!(-9_223_372_036_854_775_809.0)));
        assert_eq!(value("0x10000000000000000"), Some(json!(18_446_744_073_709_551_616.0)));
    }

    #[test]
    fn def_006_numbers_without_a_finite_value() {
        for text in [".nan", ".NaN", ".inf", "-.INF", "+.Inf", "1e999", "-1e999"] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
