//! Plain expressions, which is what most of a journey's are: reads of the bindings, constants, comparisons, arithmetic, and objects and
//! arrays made of them. They have exactly one result and no loops, so that one walk over a small tree computes it, without the
//! interpreter and mostly without copying what is read.
//!
//! The walk knows the plain cases of each operation only, those that succeed on simple values. Everything else – a wrong type, two arrays
//! compared, more copied than there is room for – it leaves to the interpreter, which evaluates the whole expression then: expressions have
//! no effects, so evaluating twice is evaluating once. What an operation means, and where the bounds are, is therefore told in one place, and
//! here is a shorter way to some of its results.
//!
//! What is read is borrowed. It is copied where it becomes part of a new value, and measured before that: all that one evaluation copies,
//! whatever becomes of it, has to fit into the result it may have.

mod compile;
mod operate;
mod room;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use jaq_core::ops::{Cmp, Math};
use jf_core::spi::Bindings;
use serde_json::{Map, Value};

use crate::environment::Place;

pub(crate) use room::Room;

/// A plain expression.
#[derive(Debug)]
pub(crate) enum Plain {
    Constant(Value),
    /// What is at the place of this number.
    Place(usize),
    Compare(Cmp, Box<[Plain; 2]>),
    Calculate(Math, Box<[Plain; 2]>),
    Negate(Box<Plain>),
    And(Box<[Plain; 2]>),
    Or(Box<[Plain; 2]>),
    Not(Box<Plain>),
    /// The first unless it is `null` or `false`: `a // b`.
    Alternative(Box<[Plain; 2]>),
    /// `if … then … elif … else …`.
    Choice(Box<[(Plain, Plain)]>, Box<Plain>),
    /// A string with insertions.
    Text(Box<[Plain]>),
    Array(Box<[Plain]>),
    Object(Box<[(String, Plain)]>),
}

impl Plain {
    /// The result; `None` where it takes the interpreter to tell.
    pub(crate) fn evaluate<'a>(&'a self, inputs: Inputs<'a>, room: &mut Room) -> Option<Cow<'a, Value>> {
        match self {
            Self::Constant(value) => Some(Cow::Borrowed(value)),
            Self::Place(index) => inputs.read(*index).map(Cow::Borrowed),
            Self::Compare(op, sides) => {
                let (left, right) = (sides[0].evaluate(inputs, room)?, sides[1].evaluate(inputs, room)?);
                bool(operate::compare(*op, &left, &right)?)
            }
            Self::Calculate(op, sides) => {
                let (left, right) = (sides[0].evaluate(inputs, room)?, sides[1].evaluate(inputs, room)?);
                operate::calculate(*op, left, right, room)
            }
            Self::Negate(part) => operate::negate(part.evaluate(inputs, room)?.as_ref()).map(Cow::Owned),
            Self::And(sides) => bool(sides[0].holds(inputs, room)? && sides[1].holds(inputs, room)?),
            Self::Or(sides) => bool(sides[0].holds(inputs, room)? || sides[1].holds(inputs, room)?),
            Self::Not(part) => bool(!part.holds(inputs, room)?),
            Self::Alternative(sides) => {
                let first = sides[0].evaluate(inputs, room)?;
                if operate::is_truthy(&first) { Some(first) } else { sides[1].evaluate(inputs, room) }
            }
            Self::Choice(branches, otherwise) => {
                for (condition, then) in branches {
                    if condition.holds(inputs, room)? {
                        return then.evaluate(inputs, room);
                    }
                }
                otherwise.evaluate(inputs, room)
            }
            Self::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    operate::append(&mut text, part.evaluate(inputs, room)?.as_ref(), room)?;
                }
                Some(Cow::Owned(Value::String(text)))
            }
            Self::Array(items) => room.within(|room| {
                let mut array = Vec::with_capacity(items.len());
                for item in items {
                    let item = item.evaluate(inputs, room)?;
                    array.push(room.own(item)?);
                }
                Some(Cow::Owned(Value::Array(array)))
            }),
            Self::Object(members) => room.within(|room| {
                let mut object = Map::with_capacity(members.len());
                for (key, value) in members {
                    room.take_text(key)?;
                    let value = value.evaluate(inputs, room)?;
                    object.insert(key.clone(), room.own(value)?);
                }
                Some(Cow::Owned(Value::Object(object)))
            }),
        }
    }

    /// Whether the result is neither `null` nor `false`.
    fn holds(&self, inputs: Inputs<'_>, room: &mut Room) -> Option<bool> {
        self.evaluate(inputs, room).map(|value| operate::is_truthy(&value))
    }
}

fn bool(value: bool) -> Option<Cow<'static, Value>> {
    Some(Cow::Owned(Value::Bool(value)))
}

/// What an expression reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) bindings: &'a Bindings<'a>,
    pub(crate) places: &'a [Place],
}

impl<'a> Inputs<'a> {
    /// What is at a place, unless something on the way there has no members.
    fn read(self, index: usize) -> Option<&'a Value> {
        let place = self.places.get(index)?;
        let binding = self.bindings.iter().find(|(name, _)| **name == *place.binding);
        let mut value = binding.map_or(&Value::Null, |(_, value)| value);
        for key in &place.path {
            value = match value {
                Value::Object(members) => members.get(&**key).unwrap_or(&Value::Null),
                Value::Null => &Value::Null,
                _ => return None,
            };
        }
        Some(value)
    }
}
