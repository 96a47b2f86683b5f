//! Values in and out of the interpreter. Both directions keep the order of keys (EXP-008) and 64-bit integers (DEF-006).

use jaq_json::{Map, Num, Val};
use jf_core::spi::{EvalError, EvalErrorKind};
use serde_json::{Number, Value};

use crate::error::eval_error;

pub(crate) fn to_jq(value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(b) => Val::Bool(*b),
        Value::Number(n) => Val::Num(number_to_jq(n)),
        Value::String(s) => Val::utf8_str(s.clone()),
        Value::Array(items) => items.iter().map(to_jq).collect(),
        Value::Object(members) => Val::obj(
            members.iter().map(|(key, value)| (Val::utf8_str(key.clone()), to_jq(value))).collect::<Map>(),
        ),
    }
}

fn number_to_jq(number: &Number) -> Num {
    if let Some(n) = number.as_i64() {
        Num::from_integral(n)
    } else if let Some(n) = number.as_u64() {
        Num::from_integral(n)
    } else {
        Num::Float(number.as_f64().unwrap_or(f64::NAN))
    }
}

pub(crate) fn from_jq(value: &Val) -> Result<Value, EvalError> {
    let mismatch = || eval_error(EvalErrorKind::TypeMismatch);
    Ok(match value {
        Val::Null => Value::Null,
        Val::Bool(b) => Value::Bool(*b),
        Val::Num(n) => Value::Number(number_from_jq(n).ok_or_else(mismatch)?),
        Val::TStr(s) => Value::String(String::from_utf8_lossy(s).into_owned()),
        Val::BStr(_) => return Err(mismatch()),
        Val::Arr(items) => Value::Array(items.iter().map(from_jq).collect::<Result<_, _>>()?),
        Val::Obj(members) => Value::Object(
            members
                .iter()
                .map(|(key, value)| match key {
                    Val::TStr(key) => Ok((String::from_utf8_lossy(key).into_owned(), from_jq(value)?)),
                    _ => Err(mismatch()),
                })
                .collect::<Result<_, _>>()?,
        ),
    })
}

fn number_from_jq(number: &Num) -> Option<Number> {
    match number {
        Num::Int(n) => Some(Number::from(*n)),
        Num::Float(n) => Number::from_f64(*n),
        Num::BigInt(n) => {
            let text = n.to_string();
            text.parse::<u64>().ok().map(Number::from).or_else(|| Number::from_f64(text.parse().ok()?))
        }
        Num::Dec(n) => Number::from_f64(n.parse().ok()?),
    }
}
