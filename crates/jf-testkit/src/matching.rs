//! Whether a value is at least what was expected.

use serde_json::Value;

/// Whether every member that `expected` lists is there with a matching value. Arrays match element by element and have the same
/// length; numbers match by value, so that `1` matches `1.0`.
///
/// ```
/// use serde_json::json;
///
/// let actual = json!({ "phase": "RUNNING", "amount": 1.0, "steps": [{ "id": "a", "type": "wait" }] });
/// assert!(jf_testkit::is_subset(&json!({ "amount": 1, "steps": [{ "id": "a" }] }), &actual));
/// assert!(!jf_testkit::is_subset(&json!({ "steps": [] }), &actual));
/// ```
#[must_use]
pub fn is_subset(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => expected
            .iter()
            .all(|(name, value)| actual.get(name).is_some_and(|actual| is_subset(value, actual))),
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len() && expected.iter().zip(actual).all(|(e, a)| is_subset(e, a))
        }
        _ => same_scalar(expected, actual),
    }
}

/// Equality of scalars: numbers by value, anything else as it is.
pub(crate) fn same_scalar(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Number(expected), Value::Number(actual)) => {
            expected == actual
                || (!(is_exact(expected) && is_exact(actual)) && expected.as_f64() == actual.as_f64())
        }
        _ => expected == actual,
    }
}

fn is_exact(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64()
}

/// Whether `text` is `pattern`, in which `*` stands for any text without `/`.
pub(crate) fn matches_url(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.split('/'), text.split('/'));
    loop {
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some(pattern), Some(text)) if matches_segment(pattern, text) => {}
            _ => return false,
        }
    }
}

fn matches_segment(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{is_subset, matches_url};
    use serde_json::json;

    #[test]
    fn members_may_be_missing_from_the_expectation_only() {
        assert!(is_subset(&json!({}), &json!({ "a": 1 })));
        assert!(!is_subset(&json!({ "a": 1 }), &json!({})));
        assert!(!is_subset(&json!({ "a": null }), &json!({})));
        assert!(!is_subset(&json!([1]), &json!([1, 2])));
        assert!(is_subset(&json!(2), &json!(2.0)));
        assert!(!is_subset(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992_u64)));
    }

    #[test]
    fn a_star_stays_within_its_segment() {
        assert!(matches_url("https://x.example/a/*/c", "https://x.example/a/b/c"));
        assert!(!matches_url("https://x.example/a/*", "https://x.example/a/b/c"));
        assert!(matches_url("https://x.example/v*-*.json", "https://x.example/v1-2-3.json"));
        assert!(!matches_url("https://x.example/a", "https://x.example/ab"));
        assert!(!matches_url("https://x.example/*b", "https://x.example/abc"));
    }
}
