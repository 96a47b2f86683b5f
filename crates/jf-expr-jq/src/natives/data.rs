//! Filters that depend on how values are made.

use jaq_core::box_iter::box_once;
use jaq_core::native::{Fun, bome, unary};
use jf_core::exact_json;
use jf_core::spi::EvalErrorKind;

use super::filter;
use crate::convert::to_jq;
use crate::environment::Jq;
use crate::limits::meter;
use crate::value::{Error, Num, Val, ValR, fault, mismatch, positions_of};

pub(super) fn natives() -> [Fun<Jq>; 15] {
    [
        filter("type", 0, |cv| box_once(Ok(Val::str(cv.1.type_name())))),
        filter("not", 0, |cv| box_once(Ok(Val::Bool(matches!(cv.1, Val::Null | Val::Bool(false)))))),
        filter("nan", 0, |_| box_once(Ok(Val::Num(Num::Float(f64::NAN))))),
        filter("infinite", 0, |_| box_once(Ok(Val::Num(Num::Float(f64::INFINITY))))),
        filter("isnan", 0, |cv| bome(number(&cv.1).map(|n| Val::Bool(n.as_f64().is_nan())))),
        filter("length", 0, |cv| bome(length(&cv.1))),
        filter("tojson", 0, |cv| box_once(Ok(cv.1.to_json()))),
        filter("fromjson", 0, |cv| bome(from_json(&cv.1))),
        filter("tonumber", 0, |cv| bome(to_number(cv.1))),
        filter("toboolean", 0, |cv| bome(to_boolean(cv.1))),
        filter("implode", 0, |cv| bome(implode(&cv.1))),
        filter("has", 1, |cv| unary(cv, |value, key| value.has(&key).map(Val::Bool))),
        filter("contains", 1, |cv| unary(cv, |value, part| contains(&value, &part).map(Val::Bool))),
        filter("indices", 1, |cv| unary(cv, |value, part| indices(&value, &part))),
        filter("bsearch", 1, |cv| unary(cv, |value, wanted| search(&value, &wanted))),
    ]
}

fn number(value: &Val) -> Result<Num, Error> {
    match value {
        Val::Num(number) => Ok(*number),
        other => Err(mismatch(format!("{} is not a number", other.type_name()))),
    }
}

fn length(value: &Val) -> ValR {
    match value {
        Val::Null => Ok(Val::from(0_usize)),
        Val::Bool(_) => Err(mismatch("boolean has no length")),
        Val::Num(number) if *number < Num::Int(0) => Ok(Val::Num(number.negate())),
        Val::Num(number) => Ok(Val::Num(*number)),
        Val::Str(text) => {
            meter::spend_bytes(text.as_str().len())?;
            Ok(Val::from(text.as_str().chars().count()))
        }
        Val::Arr(array) => Ok(Val::from(array.items().len())),
        Val::Obj(object) => Ok(Val::from(object.members().len())),
    }
}

/// Reads one JSON text, nested at most as deep as request bodies may be.
fn from_json(value: &Val) -> ValR {
    let text = value.as_str().ok_or_else(|| mismatch(format!("{} cannot be parsed", value.type_name())))?;
    // The parsed tree is dropped right after; the text may be far smaller than it.
    let _tree = meter::Held::new(text.len().saturating_mul(16));
    meter::spend_bytes(text.len())?;
    match exact_json::from_str(text) {
        Ok(parsed) => Ok(to_jq(&parsed)),
        Err(_) => Err(fault(EvalErrorKind::Function, "not a JSON text")),
    }
}

fn to_number(value: Val) -> ValR {
    match &value {
        Val::Num(_) => Ok(value),
        Val::Str(text) => Num::parse(text.as_str())
            .map(Val::Num)
            .ok_or_else(|| fault(EvalErrorKind::Function, "string cannot be parsed as a number")),
        other => Err(mismatch(format!("{} cannot be parsed as a number", other.type_name()))),
    }
}

fn to_boolean(value: Val) -> ValR {
    match (&value, value.as_str()) {
        (Val::Bool(_), _) => Ok(value),
        (_, Some("true")) => Ok(Val::Bool(true)),
        (_, Some("false")) => Ok(Val::Bool(false)),
        (Val::Str(_), _) => Err(fault(EvalErrorKind::Function, "string cannot be parsed as a boolean")),
        (other, _) => Err(mismatch(format!("{} cannot be parsed as a boolean", other.type_name()))),
    }
}

/// A string of code points; surrogates and numbers beyond Unicode become the replacement character.
fn implode(value: &Val) -> ValR {
    let Val::Arr(array) = value else {
        return Err(mismatch(format!("{} cannot be imploded", value.type_name())));
    };
    meter::spend_bytes(array.shape().size)?;
    let character = |item: &Val| {
        let code = number(item)?.truncated().and_then(|code| u32::try_from(code).ok());
        Ok(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER))
    };
    array.items().iter().map(character).collect::<Result<String, Error>>().map(Val::str)
}

/// Whether a value contains another: substrings, items and members, level by level.
fn contains(value: &Val, part: &Val) -> Result<bool, Error> {
    meter::tick()?;
    Ok(match (value, part) {
        (Val::Obj(value), Val::Obj(part)) => {
            for (key, part) in part.members() {
                match value.get(key) {
                    Some(value) if contains(value, part)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (Val::Arr(value), Val::Arr(part)) => {
            for part in part.items() {
                let mut found = false;
                for value in value.items() {
                    if value.type_name() == part.type_name() && contains(value, part)? {
                        found = true;
                        break;
                    }
                }
                if !found {
                    return Ok(false);
                }
            }
            true
        }
        (Val::Str(value), Val::Str(part)) => {
            meter::spend_bytes(value.as_str().len())?;
            value.as_str().contains(part.as_str())
        }
        (value, part) if value.type_name() == part.type_name() => value == part,
        (value, part) => {
            let message = format!("{} cannot contain {}", value.type_name(), part.type_name());
            return Err(mismatch(message));
        }
    })
}

/// Where a part begins: in code points within strings, in items within arrays.
fn indices(value: &Val, part: &Val) -> ValR {
    match (value, part) {
        (Val::Null, _) => Ok(Val::Null),
        (Val::Str(text), Val::Str(part)) => {
            let (text, part) = (text.as_str(), part.as_str());
            if part.is_empty() {
                return Ok(Val::Null);
            }
            let (mut found, mut counted, mut position) = (Vec::new(), 0, 0);
            let mut start = 0;
            while let Some(at) = text[start..].find(part) {
                meter::spend_bytes(at + part.len())?;
                let at = start + at;
                position += text[counted..at].chars().count();
                counted = at;
                found.push(Val::from(position));
                // Matches may overlap.
                start = at + text[at..].chars().next().map_or(1, char::len_utf8);
            }
            meter::spend_bytes(text.len())?;
            Ok(Val::array(found))
        }
        (Val::Arr(array), Val::Arr(part)) => positions_of(array.items(), part.items()),
        (Val::Arr(array), item) => positions_of(array.items(), std::slice::from_ref(item)),
        (value, part) => {
            Err(mismatch(format!("{} has no positions of {}", value.type_name(), part.type_name())))
        }
    }
}

/// The position in a sorted array, or `-1 - position` of where it would be.
fn search(value: &Val, wanted: &Val) -> ValR {
    let Val::Arr(array) = value else {
        return Err(mismatch(format!("{} cannot be searched", value.type_name())));
    };
    let position = array.items().binary_search(wanted);
    Ok(match position {
        Ok(at) => Val::from(at),
        Err(at) => Val::from(-1 - at as isize),
    })
}
