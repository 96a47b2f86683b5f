//! The plain cases of operations, on JSON as it is. Numbers are those of the interpreter.

use std::borrow::Cow;
use std::cmp::Ordering;

use jaq_core::ops::{Cmp, Math};
use serde_json::Value;

use super::room::Room;
use crate::convert::{number_from_jq, number_to_jq};
use crate::value::Num;

/// Everything but `null` and `false`.
pub(super) const fn is_truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

/// Compares values of which one has no parts at least.
pub(super) fn compare(op: Cmp, left: &Value, right: &Value) -> Option<bool> {
    let order = match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) => number_to_jq(left).cmp(&number_to_jq(right)),
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => return None,
        (left, right) => rank(left).cmp(&rank(right)),
    };
    Some(op.run(&order, &Ordering::Equal))
}

/// The order of types.
const fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// Arithmetic on numbers, and what `+` does to others.
pub(super) fn calculate<'a>(
    op: Math,
    left: Cow<'a, Value>,
    right: Cow<'a, Value>,
    room: &mut Room,
) -> Option<Cow<'a, Value>> {
    match (op, &*left, &*right) {
        (_, Value::Number(left), Value::Number(right)) => {
            let (left, right) = (number_to_jq(left), number_to_jq(right));
            let result = match op {
                Math::Add => left.add(right),
                Math::Sub => left.subtract(right),
                Math::Mul => left.multiply(right),
                Math::Div => left.divide(right)?,
                Math::Rem => left.remainder(right)?,
            };
            number(result).map(Cow::Owned)
        }
        (Math::Add, Value::Null, _) => Some(right),
        (Math::Add, _, Value::Null) => Some(left),
        (Math::Add, Value::String(_), Value::String(_)) => {
            let mut text = String::new();
            append(&mut text, &left, room)?;
            append(&mut text, &right, room)?;
            Some(Cow::Owned(Value::String(text)))
        }
        (Math::Add, Value::Object(_), Value::Object(_)) => {
            let (mut sum, more) = (room.own(left)?, room.own(right)?);
            if let (Value::Object(sum), Value::Object(more)) = (&mut sum, more) {
                sum.extend(more);
            }
            Some(Cow::Owned(sum))
        }
        (Math::Add, Value::Array(_), Value::Array(_)) => {
            let (mut sum, more) = (room.own(left)?, room.own(right)?);
            if let (Value::Array(sum), Value::Array(more)) = (&mut sum, more) {
                sum.extend(more);
            }
            Some(Cow::Owned(sum))
        }
        _ => None,
    }
}

pub(super) fn negate(value: &Value) -> Option<Value> {
    match value {
        Value::Number(value) => number(number_to_jq(value).negate()),
        _ => None,
    }
}

/// Appends a value without parts as a string with insertions shows it.
pub(super) fn append(text: &mut String, value: &Value, room: &mut Room) -> Option<()> {
    let shown = match value {
        Value::String(part) => part,
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(number) => &number_to_jq(number).to_string(),
        Value::Array(_) | Value::Object(_) => return None,
    };
    room.take_text(shown)?;
    text.push_str(shown);
    Some(())
}

/// A number that JSON can say.
fn number(value: Num) -> Option<Value> {
    number_from_jq(value).map(Value::Number)
}
