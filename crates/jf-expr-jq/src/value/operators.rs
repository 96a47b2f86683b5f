//! Arithmetic and its kin on other values.

use std::collections::BTreeSet;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::rc::Rc;

use super::node::within;
use super::{Num, Object, Val, ValR, mismatch};
use crate::limits::meter;

impl Add for Val {
    type Output = ValR;

    fn add(self, other: Self) -> ValR {
        match (self, other) {
            (Self::Null, other) | (other, Self::Null) => Ok(other),
            (Self::Num(l), Self::Num(r)) => Ok(Self::Num(l.add(r))),
            (Self::Str(mut l), Self::Str(r)) => {
                meter::spend_bytes(r.as_str().len())?;
                if Rc::get_mut(&mut l).is_none() {
                    meter::spend_bytes(l.as_str().len())?;
                }
                Rc::make_mut(&mut l).push_str(r.as_str())?;
                Ok(Self::Str(l))
            }
            (Self::Arr(mut l), Self::Arr(r)) => {
                Rc::make_mut(&mut l).extend(r.items())?;
                Ok(Self::Arr(l))
            }
            (Self::Obj(mut l), Self::Obj(r)) => {
                Rc::make_mut(&mut l).extend(r.members())?;
                Ok(Self::Obj(l))
            }
            (l, r) => Err(mismatch(format!("{} and {} cannot be added", l.type_name(), r.type_name()))),
        }
    }
}

impl Sub for Val {
    type Output = ValR;

    fn sub(self, other: Self) -> ValR {
        match (self, other) {
            (Self::Num(l), Self::Num(r)) => Ok(Self::Num(l.subtract(r))),
            (Self::Arr(l), Self::Arr(r)) => {
                meter::spend_bytes(l.shape().size.saturating_add(r.shape().size))?;
                let remove: BTreeSet<&Self> = r.items().iter().collect();
                Ok(Self::array(l.items().iter().filter(|item| !remove.contains(item)).cloned().collect()))
            }
            (l, r) => Err(mismatch(format!("{} and {} cannot be subtracted", l.type_name(), r.type_name()))),
        }
    }
}

impl Mul for Val {
    type Output = ValR;

    fn mul(self, other: Self) -> ValR {
        match (self, other) {
            (Self::Num(l), Self::Num(r)) => Ok(Self::Num(l.multiply(r))),
            (Self::Str(text), Self::Num(times)) | (Self::Num(times), Self::Str(text)) => {
                repeat(text.as_str(), times)
            }
            (Self::Obj(mut l), Self::Obj(r)) => {
                merge(Rc::make_mut(&mut l), &r)?;
                Ok(Self::Obj(l))
            }
            (l, r) => Err(mismatch(format!("{} and {} cannot be multiplied", l.type_name(), r.type_name()))),
        }
    }
}

impl Div for Val {
    type Output = ValR;

    fn div(self, other: Self) -> ValR {
        match (self, other) {
            (Self::Num(l), Self::Num(r)) => l.divide(r).map(Self::Num).ok_or_else(division_by_zero),
            (Self::Str(text), Self::Str(separator)) => split(text.as_str(), separator.as_str()),
            (l, r) => Err(mismatch(format!("{} and {} cannot be divided", l.type_name(), r.type_name()))),
        }
    }
}

impl Rem for Val {
    type Output = ValR;

    fn rem(self, other: Self) -> ValR {
        match (self, other) {
            (Self::Num(l), Self::Num(r)) => l.remainder(r).map(Self::Num).ok_or_else(division_by_zero),
            (l, r) => Err(mismatch(format!("{} and {} cannot be divided", l.type_name(), r.type_name()))),
        }
    }
}

impl Neg for Val {
    type Output = ValR;

    fn neg(self) -> ValR {
        match self {
            Self::Num(number) => Ok(Self::Num(number.negate())),
            other => Err(mismatch(format!("{} cannot be negated", other.type_name()))),
        }
    }
}

fn division_by_zero() -> super::Error {
    super::fault(jf_core::spi::EvalErrorKind::Function, "the divisor is zero")
}

/// `text * times`: `null` below one time.
fn repeat(text: &str, times: Num) -> ValR {
    if times <= Num::Int(0) {
        return Ok(Val::Null);
    }
    let times = times.truncated().and_then(|times| usize::try_from(times).ok()).unwrap_or(usize::MAX).max(1);
    let bytes = text.len().saturating_mul(times);
    within(bytes, 0)?;
    meter::spend_bytes(bytes)?;
    Ok(Val::str(if text.is_empty() { String::new() } else { text.repeat(times) }))
}

/// `text / separator`; without a separator, the characters.
pub(crate) fn split(text: &str, separator: &str) -> ValR {
    meter::spend_bytes(text.len())?;
    Ok(if text.is_empty() {
        Val::array(Vec::new())
    } else if separator.is_empty() {
        text.chars().map(Val::str).collect()
    } else {
        text.split(separator).map(Val::str).collect()
    })
}

/// Merges objects level by level; the depth of values bounds the recursion.
fn merge(into: &mut Object, from: &Object) -> Result<(), super::Error> {
    for (key, value) in from.members() {
        let merged = match (into.get(key), value) {
            (Some(Val::Obj(_)), Val::Obj(more)) => {
                let Val::Obj(mut inner) = into.take(key) else { continue };
                merge(Rc::make_mut(&mut inner), more)?;
                Val::Obj(inner)
            }
            _ => value.clone(),
        };
        into.put(key, Some(merged))?;
    }
    meter::spend_bytes(from.shape().size)?;
    Ok(())
}
