//! Reading parts of a value.

use std::ops::Range as Span;

use jaq_core::val::Range;

use super::{Num, Val, ValR, mismatch};
use crate::limits::meter;

impl Val {
    /// `.[index]`.
    pub(crate) fn at(self, index: &Self) -> ValR {
        match (&self, index) {
            (Self::Obj(object), Self::Str(key)) => Ok(object.get(key.as_str()).cloned().unwrap_or_default()),
            (Self::Arr(array), Self::Num(position)) => {
                let position = position_in(*position, array.items().len());
                Ok(position.map(|i| array.items()[i].clone()).unwrap_or_default())
            }
            (Self::Arr(array), Self::Arr(part)) => positions_of(array.items(), part.items()),
            (Self::Arr(_) | Self::Str(_) | Self::Null, Self::Obj(bounds)) => {
                self.clone().slice(bounds.get("start")..bounds.get("end"))
            }
            (Self::Null, Self::Str(_) | Self::Num(_) | Self::Null) => Ok(Self::Null),
            _ => Err(self.not_indexable(index)),
        }
    }

    /// `.[start:end]`.
    pub(crate) fn slice(self, range: Range<&Self>) -> ValR {
        match &self {
            Self::Null => Ok(Self::Null),
            Self::Arr(array) => {
                let span = span_of(range, array.items().len())?;
                Ok(Self::array(array.items()[span].to_vec()))
            }
            Self::Str(text) => {
                let text = text.as_str();
                meter::spend_bytes(text.len())?;
                let span = span_of(range, text.chars().count())?;
                let byte = |position| text.char_indices().nth(position).map_or(text.len(), |(byte, _)| byte);
                Ok(Self::str(&text[byte(span.start)..byte(span.end)]))
            }
            other => Err(mismatch(format!("cannot slice {}", other.type_name()))),
        }
    }

    /// `has(index)`.
    pub(crate) fn has(&self, index: &Self) -> Result<bool, super::Error> {
        match (self, index) {
            (Self::Obj(object), Self::Str(key)) => Ok(object.get(key.as_str()).is_some()),
            (Self::Arr(array), Self::Num(position)) => {
                Ok(position.truncated().is_some_and(|i| (0..array.items().len() as i128).contains(&i)))
            }
            _ => Err(mismatch(format!(
                "cannot check whether {} has a {} key",
                self.type_name(),
                index.type_name()
            ))),
        }
    }

    pub(super) fn not_indexable(&self, index: &Self) -> super::Error {
        mismatch(match index {
            Self::Str(key) => format!("cannot index {} with {:?}", self.type_name(), key.as_str()),
            _ => format!("cannot index {} with {}", self.type_name(), index.type_name()),
        })
    }
}

/// The item that an index, counted from the end when negative, means. Fractions are cut off.
pub(super) fn position_in(index: Num, len: usize) -> Option<usize> {
    let index = match index {
        Num::Float(n) => n.floor() as i128,
        _ => index.as_integer()?,
    };
    let from_start = if index < 0 { index + len as i128 } else { index };
    usize::try_from(from_start).ok().filter(|i| *i < len)
}

/// The span of a slice, cut to what is there.
pub(super) fn span_of(range: Range<&Val>, len: usize) -> Result<Span<usize>, super::Error> {
    let bound = |bound: Option<&Val>, default: usize, round: fn(f64) -> f64| {
        let bound = match bound {
            None | Some(Val::Null) => return Ok(default),
            Some(Val::Num(Num::Float(n))) => round(*n) as i128,
            Some(Val::Num(n)) => n.as_integer().unwrap_or_default(),
            Some(_) => return Err(mismatch("the bounds of a slice must be numbers")),
        };
        let from_start = if bound < 0 { bound + len as i128 } else { bound };
        Ok(usize::try_from(from_start.max(0)).map_or(len, |bound| bound.min(len)))
    };
    let start = bound(range.start, 0, f64::floor)?;
    let end = bound(range.end, len, f64::ceil)?;
    Ok(start..end.max(start))
}

/// Where `part` begins within `items`.
pub(crate) fn positions_of(items: &[Val], part: &[Val]) -> ValR {
    if part.is_empty() {
        return Ok(Val::Null);
    }
    let mut found = Vec::new();
    for (i, window) in items.windows(part.len()).enumerate() {
        // The first pair decides nearly always.
        if window[0] == part[0] {
            meter::spend_bytes(part.iter().map(Val::size).sum())?;
            if window == part {
                found.push(Val::from(i));
            }
        }
    }
    meter::spend_bytes(items.iter().map(Val::size).sum())?;
    Ok(Val::array(found))
}
