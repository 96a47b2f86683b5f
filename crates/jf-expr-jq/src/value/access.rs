//! The value type as the interpreter and its standard filters see it.

use std::borrow::Cow;
use std::rc::Rc;

use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::path::Opt;
use jaq_core::val::Range;
use jf_core::spi::EvalErrorKind;

use super::{Error, Members, Num, Val, ValR, fault, mismatch};
use crate::limits::meter;

type ValX<'a> = jaq_core::ValX<'a, Val>;

impl jaq_core::ValT for Val {
    fn from_num(text: &str) -> ValR {
        Num::parse(text).map(Self::Num).ok_or_else(|| mismatch("not a number"))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(entries: I) -> ValR {
        let mut members = Members::default();
        for (key, value) in entries {
            match &key {
                Self::Str(text) => members.insert(text.as_str().into(), value),
                _ => return Err(mismatch(format!("object keys must be strings, not {}", key.type_name()))),
            };
        }
        Ok(Self::object(members))
    }

    fn key_values(self) -> BoxIter<'static, jaq_core::ValR<(Self, Self), Self>> {
        match self {
            Self::Arr(array) => {
                let len = array.items().len();
                let item = move |i: usize| (Self::from(i), array.items()[i].clone());
                Box::new(Walk { len, next: 0, item })
            }
            Self::Obj(object) => {
                let len = object.members().len();
                let item = move |i: usize| {
                    let (key, value) = object.members().get_index(i).expect("below the length");
                    (Self::str(&**key), value.clone())
                };
                Box::new(Walk { len, next: 0, item })
            }
            other => box_once(Err(other.not_iterable())),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR>> {
        match self {
            Self::Arr(array) => {
                let len = array.items().len();
                Box::new(Walk { len, next: 0, item: move |i: usize| array.items()[i].clone() })
            }
            Self::Obj(object) => {
                let len = object.members().len();
                Box::new(Walk { len, next: 0, item: move |i: usize| object.members()[i].clone() })
            }
            other => box_once(Err(other.not_iterable())),
        }
    }

    fn index(self, index: &Self) -> ValR {
        self.at(index)
    }

    fn range(self, range: Range<&Self>) -> ValR {
        self.slice(range)
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a>>>(self, opt: Opt, f: impl Fn(Self) -> I) -> ValX<'a> {
        self.update_all(opt, f)
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a> {
        self.update_at(index, opt, f)
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a> {
        self.update_slice(range, opt, f)
    }

    fn as_bool(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    fn into_string(self) -> Self {
        match self {
            Self::Str(_) => self,
            other => other.to_json(),
        }
    }
}

impl jaq_std::ValT for Val {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        match self {
            Self::Arr(array) => Ok(match Rc::try_unwrap(array) {
                Ok(array) => array.into_items().into_iter().collect(),
                Err(array) => array.items().iter().cloned().collect(),
            }),
            other => Err(other),
        }
    }

    fn is_int(&self) -> bool {
        matches!(self, Self::Num(Num::Int(_) | Num::Big(_)))
    }

    fn as_isize(&self) -> Option<isize> {
        match self {
            Self::Num(number) => isize::try_from(number.as_integer()?).ok(),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Num(number) => Some(number.as_f64()),
            _ => None,
        }
    }

    fn is_utf8_str(&self) -> bool {
        matches!(self, Self::Str(_))
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        // Who asks will look at all of them; a bound that is passed shows at the next step.
        let bytes = self.as_str()?.as_bytes();
        let _ = meter::spend_bytes(bytes.len());
        Some(bytes)
    }

    fn as_sub_str(&self, sub: &[u8]) -> Self {
        Self::from_utf8_bytes(sub.to_vec())
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        // Strings are Unicode; what is not becomes the replacement character, as everywhere in jq.
        match String::from_utf8_lossy(bytes.as_ref()) {
            Cow::Borrowed(text) => Self::str(text),
            Cow::Owned(text) => Self::str(text),
        }
    }
}

impl Val {
    /// The error of iterating over a value that has no parts.
    pub(super) fn not_iterable(&self) -> Error {
        let kind = match self {
            Self::Null => EvalErrorKind::NullDereference,
            _ => EvalErrorKind::TypeMismatch,
        };
        fault(kind, format!("cannot iterate over {}", self.type_name()))
    }
}

/// The parts of a value one after the other, each a step. Ends with an error where a bound is passed.
struct Walk<F> {
    len: usize,
    next: usize,
    item: F,
}

impl<T, F: Fn(usize) -> T> Iterator for Walk<F> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.len {
            return None;
        }
        if let Err(trip) = meter::tick() {
            self.next = self.len;
            return Some(Err(trip.into()));
        }
        let item = (self.item)(self.next);
        self.next += 1;
        Some(Ok(item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.len - self.next;
        // An error may come instead of all that is left.
        (left.min(1), Some(left))
    }
}

/// Collects until a bound is passed. The evaluation fails then.
impl FromIterator<Self> for Val {
    fn from_iter<I: IntoIterator<Item = Self>>(items: I) -> Self {
        let mut held = meter::Held::new(0);
        let mut collected = Vec::new();
        for item in items {
            if collected.len() == collected.capacity() {
                collected.reserve(1);
                held.resize(collected.capacity() * size_of::<Self>());
                if meter::tripped().is_some() {
                    return Self::Null;
                }
            }
            collected.push(item);
        }
        drop(held);
        Self::array(collected)
    }
}

impl From<bool> for Val {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<isize> for Val {
    fn from(value: isize) -> Self {
        Self::Num(Num::integer(value as i128))
    }
}

impl From<usize> for Val {
    fn from(value: usize) -> Self {
        Self::Num(Num::integer(value as i128))
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Self {
        Self::Num(Num::computed(value))
    }
}

impl From<String> for Val {
    fn from(value: String) -> Self {
        Self::str(value)
    }
}

impl From<Range<Self>> for Val {
    fn from(range: Range<Self>) -> Self {
        let bounds = [("start", range.start), ("end", range.end)];
        Self::object(bounds.into_iter().filter_map(|(key, bound)| Some((key.into(), bound?))).collect())
    }
}
