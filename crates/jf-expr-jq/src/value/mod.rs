//! The values that programs compute with.
//!
//! A value type of our own, and not one that exists, for three reasons. Every array and object knows its size and depth, so that the
//! bounds hold for each value from its making on; what it holds is counted while it lives; and values are JSON and nothing else (no
//! byte strings, no keys that are not strings, no integers beyond 64 bits that could not leave the engine again).

mod access;
mod index;
mod node;
mod number;
mod operators;
mod order;
mod print;
#[cfg(test)]
mod tests;
mod update;

use std::rc::Rc;

pub(crate) use index::positions_of;
pub(crate) use node::{Array, Members, Object, Text};
pub(crate) use number::Num;

use jf_core::spi::EvalErrorKind;

use crate::limits::meter::Trip;

/// The error of an operation on values.
pub(crate) type Error = jaq_core::Error<Val>;

/// The result of an operation on values.
pub(crate) type ValR = jaq_core::ValR<Val>;

/// A JSON value. Parts are shared; copying a value copies a pointer.
#[derive(Debug, Clone, Default)]
pub(crate) enum Val {
    /// `null`.
    #[default]
    Null,
    /// `false` or `true`.
    Bool(bool),
    /// A number.
    Num(Num),
    /// A string.
    Str(Rc<Text>),
    /// An array.
    Arr(Rc<Array>),
    /// An object.
    Obj(Rc<Object>),
}

impl Val {
    /// A string.
    pub(crate) fn str(text: impl Into<String>) -> Self {
        Self::Str(Rc::new(Text::new(text.into(), None)))
    }

    /// An array. `null` if it passes a bound: the evaluation fails then, whatever becomes of the value.
    pub(crate) fn array(items: Vec<Self>) -> Self {
        Array::new(items).map_or(Self::Null, |array| Self::Arr(Rc::new(array)))
    }

    /// An object; as for [`array`](Self::array).
    pub(crate) fn object(members: Members) -> Self {
        Object::new(members).map_or(Self::Null, |object| Self::Obj(Rc::new(object)))
    }

    /// The name of the type, as the filter `type` gives it.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Num(_) => "number",
            Self::Str(_) => "string",
            Self::Arr(_) => "array",
            Self::Obj(_) => "object",
        }
    }

    /// The text of a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// Bytes of the value as compact JSON, roughly: never less than a sixth of it.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 5,
            Self::Num(_) => 8,
            Self::Str(text) => text.as_str().len() + 2,
            Self::Arr(array) => array.shape().size,
            Self::Obj(object) => object.shape().size,
        }
    }

    /// Levels of arrays and objects.
    pub(crate) fn depth(&self) -> u32 {
        match self {
            Self::Arr(array) => array.shape().depth,
            Self::Obj(object) => object.shape().depth,
            _ => 0,
        }
    }
}

/// An error of that kind, with the message that `catch` sees.
pub(crate) fn fault(kind: EvalErrorKind, message: impl Into<String>) -> Error {
    Error::new(Val::Str(Rc::new(Text::new(message.into(), Some(kind)))))
}

/// A value of the wrong type.
pub(crate) fn mismatch(message: impl Into<String>) -> Error {
    fault(EvalErrorKind::TypeMismatch, message)
}

/// What an operation that can fail says once a bound was passed. A program may catch it, to no avail.
impl From<Trip> for Error {
    fn from(_: Trip) -> Self {
        Self::new(Val::Null)
    }
}
