//! Changing parts of a value: in place when nobody else sees it, else on a copy of the level that changes.

use std::rc::Rc;

use jaq_core::Exn;
use jaq_core::path::Opt;
use jaq_core::val::Range;
use jf_core::spi::EvalErrorKind;

use super::index::{position_in, span_of};
use super::{Array, Error, Members, Num, Object, Val, fault, mismatch};
use crate::limits::meter;

type ValX<'a> = jaq_core::ValX<'a, Val>;

impl Val {
    /// `.[] |= f`. Of an array all results of `f` are kept, of an object the first; without a result the member goes.
    pub(super) fn update_all<'a, I: Iterator<Item = ValX<'a>>>(
        self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a> {
        match self {
            Self::Arr(array) => {
                let items = unwrap_or_clone(array, Array::into_items, |array| array.items().to_vec());
                items
                    .into_iter()
                    .flat_map(|item| match meter::tick() {
                        Ok(()) => Updated::Results(f(item)),
                        Err(trip) => Updated::Tripped(Some(Exn::from(Error::from(trip)))),
                    })
                    .collect()
            }
            Self::Obj(object) => {
                let members =
                    unwrap_or_clone(object, Object::into_members, |object| object.members().clone());
                let mut updated = Members::with_capacity(members.len());
                for (key, value) in members {
                    meter::tick().map_err(Error::from)?;
                    if let Some(value) = f(value).next().transpose()? {
                        updated.insert(key, value);
                    }
                }
                Ok(Self::object(updated))
            }
            other => opt.fail(other, |other| other.not_iterable().into()),
        }
    }

    /// `.[index] |= f` with the first result; without one the member goes. `null` becomes what the index asks for.
    pub(super) fn update_at<'a, I: Iterator<Item = ValX<'a>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a> {
        match (self, index) {
            (this @ (Self::Arr(_) | Self::Null), Self::Obj(bounds)) => {
                this.update_slice(bounds.get("start")..bounds.get("end"), opt, f)
            }
            (Self::Obj(mut object), Self::Str(key)) => {
                let target = Rc::make_mut(&mut object);
                let new = f(target.take(key.as_str())).next().transpose()?;
                target.put(key.as_str(), new).map_err(Error::from)?;
                Ok(Self::Obj(object))
            }
            (Self::Null, Self::Str(_)) => {
                Self::empty_object()?.update_at(index, opt, f).map(Self::unless_empty)
            }
            (Self::Arr(mut array), Self::Num(position)) => {
                let position = match slot_for(*position, array.items().len()) {
                    Ok(position) => position,
                    Err(error) => return opt.fail(Self::Arr(array), |_| error.into()),
                };
                let target = Rc::make_mut(&mut array);
                let old = if position < target.items().len() { target.take(position) } else { Self::Null };
                let new = f(old).next().transpose()?;
                if new.is_some() || position < target.items().len() {
                    target.fill(position.saturating_add(1)).map_err(Error::from)?;
                    target.put(position, new).map_err(Error::from)?;
                }
                Ok(Self::Arr(array))
            }
            (Self::Null, Self::Num(_)) => {
                Self::empty_array()?.update_at(index, opt, f).map(Self::unless_empty)
            }
            (this, _) => opt.fail(this, |this| this.not_indexable(index).into()),
        }
    }

    /// `.[start:end] |= f` with the first result, which must be an array; without one the items go.
    pub(super) fn update_slice<'a, I: Iterator<Item = ValX<'a>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a> {
        let array = match self {
            Self::Arr(array) => array,
            Self::Null => return Self::empty_array()?.update_slice(range, opt, f).map(Self::unless_empty),
            other => {
                return opt.fail(other, |other| {
                    mismatch(format!("cannot update slices of {}", other.type_name())).into()
                });
            }
        };
        let span = match span_of(range, array.items().len()) {
            Ok(span) => span,
            Err(error) => return opt.fail(Self::Arr(array), |_| error.into()),
        };
        let part = Self::array(array.items()[span.clone()].to_vec());
        let new = match f(part).next().transpose()? {
            None => Vec::new(),
            Some(Self::Arr(new)) => unwrap_or_clone(new, Array::into_items, |new| new.items().to_vec()),
            Some(other) => {
                let message = format!("a slice can be set to an array only, not to {}", other.type_name());
                return Err(mismatch(message).into());
            }
        };
        let mut items = unwrap_or_clone(array, Array::into_items, |array| array.items().to_vec());
        items.splice(span, new);
        Ok(Self::array(items))
    }

    /// What `null` becomes. Once a bound was passed it must not be `null` again, which would go on for ever.
    fn empty_array() -> Result<Self, Error> {
        Ok(Self::Arr(Rc::new(Array::new(Vec::new())?)))
    }

    fn empty_object() -> Result<Self, Error> {
        Ok(Self::Obj(Rc::new(Object::new(Members::default())?)))
    }

    /// What `null` became; without any part, it stays `null`.
    fn unless_empty(self) -> Self {
        match &self {
            Self::Arr(array) if array.items().is_empty() => Self::Null,
            Self::Obj(object) if object.members().is_empty() => Self::Null,
            _ => self,
        }
    }
}

/// The item to write: beyond the end is allowed, before the start is not.
fn slot_for(index: Num, len: usize) -> Result<usize, Error> {
    let out_of_bounds = || fault(EvalErrorKind::IndexOutOfBounds, "out of bounds negative array index");
    match index.truncated() {
        Some(i) if i >= 0 => Ok(usize::try_from(i).unwrap_or(usize::MAX)),
        Some(_) => position_in(index, len).ok_or_else(out_of_bounds),
        None => Err(mismatch("cannot index array with nan")),
    }
}

fn unwrap_or_clone<T, U>(shared: Rc<T>, unwrap: impl FnOnce(T) -> U, copy: impl FnOnce(&T) -> U) -> U {
    Rc::try_unwrap(shared).map_or_else(|shared| copy(&shared), unwrap)
}

/// The results of updating one item.
enum Updated<'a, I> {
    Results(I),
    Tripped(Option<Exn<'a, Val>>),
}

impl<'a, I: Iterator<Item = ValX<'a>>> Iterator for Updated<'a, I> {
    type Item = ValX<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Results(results) => results.next(),
            Self::Tripped(error) => error.take().map(Err),
        }
    }
}
