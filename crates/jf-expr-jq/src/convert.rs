//! Values in and out of the interpreter. Both directions keep the order of keys (EXP-008) and 64-bit integers (DEF-006).

use std::rc::Rc;

use jf_core::spi::{EvalError, EvalErrorKind};
use serde_json::{Map, Number, Value};

use crate::error::eval_error;
use crate::limits::meter;
use crate::value::{Members, Num, Val};

/// A value of the interpreter. Beyond the bounds it is `null` in part, and the evaluation fails.
pub(crate) fn to_jq(value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(value) => Val::Bool(*value),
        Value::Number(number) => Val::Num(number_to_jq(number)),
        Value::String(text) => Val::str(text.as_str()),
        _ if meter::tick().is_err() => Val::Null,
        Value::Array(items) => items.iter().map(to_jq).collect(),
        Value::Object(members) => {
            let mut converted = Members::with_capacity(members.len());
            converted.extend(members.iter().map(|(key, value)| (Rc::from(key.as_str()), to_jq(value))));
            Val::object(converted)
        }
    }
}

/// A number of the interpreter.
pub(crate) fn number_to_jq(number: &Number) -> Num {
    match (number.as_i64(), number.as_u64()) {
        (Some(value), _) => Num::Int(value),
        (None, Some(value)) => Num::Big(value),
        (None, None) => Num::Float(number.as_f64().unwrap_or(f64::NAN)),
    }
}

/// The result of an evaluation. What JSON cannot say is a type mismatch (EXP-022).
pub(crate) fn from_jq(value: &Val) -> Result<Value, EvalError> {
    Ok(match value {
        Val::Null => Value::Null,
        Val::Bool(value) => Value::Bool(*value),
        Val::Num(number) => {
            Value::Number(number_from_jq(*number).ok_or_else(|| eval_error(EvalErrorKind::TypeMismatch))?)
        }
        Val::Str(text) => Value::String(text.as_str().to_owned()),
        Val::Arr(array) => Value::Array(array.items().iter().map(from_jq).collect::<Result<_, _>>()?),
        Val::Obj(object) => {
            let members = object.members();
            let mut converted = Map::with_capacity(members.len());
            for (key, value) in members {
                converted.insert(key.to_string(), from_jq(value)?);
            }
            Value::Object(converted)
        }
    })
}

/// A number as JSON; `None` for those that it cannot say.
pub(crate) fn number_from_jq(number: Num) -> Option<Number> {
    match number {
        Num::Int(value) => Some(value.into()),
        Num::Big(value) => Some(value.into()),
        Num::Float(value) => Number::from_f64(value),
    }
}
