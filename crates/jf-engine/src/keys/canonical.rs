//! Canonical JSON (RFC 8785) with 64-bit integers in full (ENG-058, DEF-006).

use std::fmt::Write;

use serde_json::{Map, Number, Value};

/// Writes a value in its one canonical form.
pub(super) fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(at, out);
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => write_object(members, out),
    }
}

fn write_object(members: &Map<String, Value>, out: &mut String) {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_unstable_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push('{');
    for (at, (name, value)) in sorted.into_iter().enumerate() {
        separate(at, out);
        write_text(name, out);
        out.push(':');
        write(value, out);
    }
    out.push('}');
}

fn separate(at: usize, out: &mut String) {
    if at > 0 {
        out.push(',');
    }
}

/// The escapes of ECMAScript: the short ones, and four hexadecimal digits for other control characters.
pub(super) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

fn write_number(number: &Number, out: &mut String) {
    let written = match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(number), _, _) => write!(out, "{number}"),
        (None, Some(number), _) => write!(out, "{number}"),
        (None, None, Some(number)) => {
            write_float(number, out);
            Ok(())
        }
        (None, None, None) => write!(out, "{number}"),
    };
    debug_assert!(written.is_ok(), "writing to a string does not fail");
}

/// `Number::toString` of ECMAScript, from the shortest digits that read back as the same number.
fn write_float(number: f64, out: &mut String) {
    if number == 0.0 {
        return out.push('0');
    }
    let text = format!("{:e}", number.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    // The point stands after so many digits.
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let cut = usize::try_from(point.clamp(0, count)).unwrap_or(0);
    if number < 0.0 {
        out.push('-');
    }
    if (1..=21).contains(&point) {
        out.push_str(&digits[..cut]);
        out.push_str(&zeros(point - count));
        if cut < digits.len() {
            out.push('.');
            out.push_str(&digits[cut..]);
        }
    } else if (-5..=0).contains(&point) {
        out.push_str("0.");
        out.push_str(&zeros(-point));
        out.push_str(&digits);
    } else {
        out.push_str(&digits[..1]);
        if digits.len() > 1 {
            out.push('.');
            out.push_str(&digits[1..]);
        }
        let sign = if point > 0 { '+' } else { '-' };
        let _ = write!(out, "e{sign}{}", (point - 1).abs());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};
    use serde_json::{Map, Value, json};

    fn canonical(value: &Value) -> String {
        let mut out = String::new();
        super::write(value, &mut out);
        out
    }

    #[test]
    fn eng_058_members_are_sorted_by_utf_16_units_and_layout_does_not_count() {
        let value = json!({ "b": [1, { "z": null, "a": true }], "a": "x", "\u{fb33}": 1, "\u{1f600}": 2 });
        assert_eq!(
            canonical(&value),
            "{\"a\":\"x\",\"b\":[1,{\"a\":true,\"z\":null}],\"\u{1f600}\":2,\"\u{fb33}\":1}"
        );
    }

    #[test]
    fn eng_058_texts_have_one_spelling() {
        let value = json!("\u{20ac}$\u{f}\u{a}A'\u{42}\u{22}\u{5c}\\\"/\u{7f}");
        assert_eq!(canonical(&value), "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\"");
    }

    #[test]
    fn eng_058_numbers_have_one_spelling_and_integers_are_kept_in_full() {
        for (number, text) in [
            (json!(0.0), "0"),
            (json!(-0.0), "0"),
            (json!(1.0), "1"),
            (json!(-1.5), "-1.5"),
            (json!(4.50), "4.5"),
            (json!(2e-3), "0.002"),
            (json!(0.000_001), "0.000001"),
            (json!(0.000_000_1), "1e-7"),
            (json!(1.5e-9), "1.5e-9"),
            (json!(1e20), "100000000000000000000"),
            (json!(1e21), "1e+21"),
            (json!(1.25e30), "1.25e+30"),
            (json!(333_333_333.333_333_3), "333333333.3333333"),
            (json!(f64::MAX), "1.7976931348623157e+308"),
            (json!(5e-324), "5e-324"),
            (json!(u64::MAX), "18446744073709551615"),
            (json!(i64::MIN), "-9223372036854775808"),
            (json!(9_007_199_254_740_993_i64), "9007199254740993"),
        ] {
            assert_eq!(canonical(&number), text);
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            let members = prop::collection::vec((".{0,4}", inner.clone()), 0..5);
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(Value::from),
                members.prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    fn reversed(value: Value) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(reversed).collect(),
            Value::Object(members) => {
                members.into_iter().rev().map(|(name, of)| (name, reversed(of))).collect::<Map<_, _>>().into()
            }
            other => other,
        }
    }

    proptest! {
        /// ENG-058: one form for one value, and no other value has it.
        #[test]
        fn eng_058_the_form_is_canonical(value in value()) {
            let text = canonical(&value);
            prop_assert_eq!(&canonical(&reversed(value)), &text);
            let back: Value = serde_json::from_str(&text).expect("it is JSON");
            prop_assert_eq!(canonical(&back), text);
        }
    }
}
