//! Plain expressions, which is what most of a journey's are: reads of the bindings, constants, comparisons, arithmetic, and objects and
//! arrays made of them. They have exactly one result and no loops, so that one walk over a small tree computes it, without the
//! interpreter and mostly without copying what is read.
//!
//! The walk knows the plain cases of each operation only, those that succeed on simple values. Everything else – a wrong type, a value
//! beyond the bounds, two arrays compared – it leaves to the interpreter, which evaluates the whole expression then: expressions have no
//! effects, so evaluating twice is evaluating once. What an operation means is therefore told in one place, and here is a shorter way to
//! some of its results.

mod compile;
mod measure;
mod operate;

use std::borrow::Cow;

use jaq_core::ops::{Cmp, Math};
use jf_core::spi::Bindings;
use serde_json::{Map, Value};

use crate::environment::Place;

pub(crate) use measure::fits_as_value;

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
    pub(crate) fn evaluate<'a>(
        &'a self,
        bindings: &'a Bindings<'_>,
        places: &[Place],
    ) -> Option<Cow<'a, Value>> {
        let evaluate = |part: &'a Self| part.evaluate(bindings, places);
        let holds = |part: &'a Self| evaluate(part).map(|value| operate::is_truthy(&value));
        let bool = |value: bool| Some(Cow::Owned(Value::Bool(value)));
        match self {
            Self::Constant(value) => Some(Cow::Borrowed(value)),
            Self::Place(index) => read(bindings, places.get(*index)?).map(Cow::Borrowed),
            Self::Compare(op, sides) => {
                let (left, right) = (evaluate(&sides[0])?, evaluate(&sides[1])?);
                bool(operate::compare(*op, &left, &right)?)
            }
            Self::Calculate(op, sides) => {
                let (left, right) = (evaluate(&sides[0])?, evaluate(&sides[1])?);
                operate::calculate(*op, &left, &right).map(Cow::Owned)
            }
            Self::Negate(part) => operate::negate(evaluate(part)?.as_ref()).map(Cow::Owned),
            Self::And(sides) => bool(holds(&sides[0])? && holds(&sides[1])?),
            Self::Or(sides) => bool(holds(&sides[0])? || holds(&sides[1])?),
            Self::Not(part) => bool(!holds(part)?),
            Self::Alternative(sides) => {
                let first = evaluate(&sides[0])?;
                if operate::is_truthy(&first) { Some(first) } else { evaluate(&sides[1]) }
            }
            Self::Choice(branches, otherwise) => {
                for (condition, then) in branches {
                    if holds(condition)? {
                        return evaluate(then);
                    }
                }
                evaluate(otherwise)
            }
            Self::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    operate::append(&mut text, evaluate(part)?.as_ref())?;
                }
                Some(Cow::Owned(Value::String(text)))
            }
            Self::Array(items) => {
                let items = items.iter().map(|item| evaluate(item).map(Cow::into_owned));
                items.collect::<Option<_>>().map(|items| Cow::Owned(Value::Array(items)))
            }
            Self::Object(members) => {
                let mut object = Map::with_capacity(members.len());
                for (key, value) in members {
                    object.insert(key.clone(), evaluate(value)?.into_owned());
                }
                Some(Cow::Owned(Value::Object(object)))
            }
        }
    }
}

/// What is at a place, unless something on the way there has no members.
fn read<'a>(bindings: &'a Bindings<'_>, place: &Place) -> Option<&'a Value> {
    let binding = bindings.iter().find(|(name, _)| **name == *place.binding);
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
