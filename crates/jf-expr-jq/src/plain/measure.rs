//! How large a value is.

use serde_json::Value;

use crate::limits::{VALUE_BYTES, VALUE_DEPTH};

/// What every byte of a text may become as JSON, the quotes included in the estimate.
const MOST_ESCAPED: usize = 6;

/// Whether a value is certain to be no longer than that as compact JSON, and within the bounds of values. When in doubt it is not.
pub(crate) fn fits_as_value(value: &Value, bytes: usize) -> bool {
    let most = bytes.min(VALUE_BYTES);
    let mut left = most;
    take(value, VALUE_DEPTH, &mut left).is_some()
}

/// Takes off `left` what the value needs at most; `None` when that is more, or when it has more levels.
fn take(value: &Value, levels: u32, left: &mut usize) -> Option<()> {
    let text = |text: &str| text.len() * MOST_ESCAPED + 2;
    let own = match value {
        Value::Null | Value::Bool(_) => 5,
        // The longest double has 24 signs.
        Value::Number(_) => 24,
        Value::String(value) => text(value),
        Value::Array(items) => {
            let levels = levels.checked_sub(1)?;
            items.iter().try_for_each(|item| take(item, levels, left))?;
            2 + items.len()
        }
        Value::Object(members) => {
            let levels = levels.checked_sub(1)?;
            members.values().try_for_each(|value| take(value, levels, left))?;
            2 + members.keys().map(|key| text(key) + 2).sum::<usize>()
        }
    };
    *left = left.checked_sub(own)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::fits_as_value;

    #[test]
    fn exp_045_what_fits_is_never_longer() {
        for value in [
            json!(null),
            json!(false),
            json!(-1.797_693_134_862_315_7e308),
            json!(-5e-324),
            json!(u64::MAX),
            json!("\u{1}\u{1}"),
            json!([]),
            json!([1, [], {}, "é"]),
            json!({ "\u{2}": { "b": [null] }, "": "" }),
        ] {
            let length = value.to_string().len();
            let least = (0..200).find(|bytes| fits_as_value(&value, *bytes)).expect("it is small");
            assert!(least >= length, "{value}: {least} for {length}");
        }
    }

    #[test]
    fn exp_047_what_is_too_deep_does_not_fit() {
        let nested = |levels: usize| (0..levels).fold(Value::Null, |inner, _| json!([inner]));
        assert!(fits_as_value(&nested(256), usize::MAX));
        assert!(!fits_as_value(&nested(257), usize::MAX));
    }
}
