//! What a running program reaches beside its input: the bindings, converted as far as they are read, and the time.

use std::cell::OnceCell;
use std::rc::Rc;

use jaq_core::{DataT, Lut, data::HasLut};
use jf_core::spi::Bindings;
use jiff::Timestamp;
use serde_json::Value;

use crate::convert::to_jq;
use crate::limits::meter::Held;
use crate::value::{Members, Val, ValR};

/// Bytes of a suspended computation, roughly.
const COMPUTATION_BYTES: usize = 512;

/// The kind of data our programs run on.
#[derive(Debug)]
pub(crate) struct Jq;

impl DataT for Jq {
    type V<'a> = Val;
    type Data<'a> = Environment<'a>;
}

/// A place in the bindings that a program reads: `.context.a.b` is `a`, `b` below `context`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) binding: Box<str>,
    pub(crate) path: Box<[Box<str>]>,
}

/// The bindings of one evaluation. Each place is converted when it is read first, and once.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    bindings: &'a Bindings<'a>,
    places: &'a [Place],
    loaded: Box<[OnceCell<Val>]>,
    whole: OnceCell<Val>,
    pub(crate) now: Timestamp,
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(bindings: &'a Bindings<'a>, places: &'a [Place], now: Timestamp) -> Self {
        let loaded = places.iter().map(|_| OnceCell::new()).collect();
        Self { bindings, places, loaded, whole: OnceCell::new(), now }
    }

    /// The input of the program: one object with every binding (EXP-017).
    pub(crate) fn whole(&self) -> Val {
        let convert =
            || self.bindings.iter().map(|(name, value)| (Rc::from(name), to_jq(value))).collect::<Members>();
        self.whole.get_or_init(|| Val::object(convert())).clone()
    }

    /// What is at a place, with the errors that the path would have.
    pub(crate) fn load(&self, index: usize) -> ValR {
        let (Some(place), Some(slot)) = (self.places.get(index), self.loaded.get(index)) else {
            return Ok(Val::Null);
        };
        if let Some(value) = slot.get() {
            return Ok(value.clone());
        }
        let binding = self.bindings.iter().find(|(name, _)| **name == *place.binding);
        let mut value = binding.map_or(&Value::Null, |(_, value)| value);
        for key in &place.path {
            value = match value {
                Value::Object(members) => members.get(&**key).unwrap_or(&Value::Null),
                Value::Null => &Value::Null,
                // Converted for the sake of the error alone.
                other => return to_jq(other).at(&Val::str(&**key)),
            };
        }
        Ok(slot.get_or_init(|| to_jq(value)).clone())
    }
}

/// What every suspended part of a running program holds on to. Copies are counted: they tell how much is suspended.
pub(crate) struct Environment<'a> {
    lut: &'a Lut<Jq>,
    pub(crate) inputs: &'a Inputs<'a>,
    _held: Held,
}

impl<'a> Environment<'a> {
    pub(crate) fn new(lut: &'a Lut<Jq>, inputs: &'a Inputs<'a>) -> Self {
        Self { lut, inputs, _held: Held::new(COMPUTATION_BYTES) }
    }
}

impl Clone for Environment<'_> {
    fn clone(&self) -> Self {
        Self::new(self.lut, self.inputs)
    }
}

impl<'a> HasLut<'a, Jq> for Environment<'a> {
    fn lut(&self) -> &'a Lut<Jq> {
        self.lut
    }
}
