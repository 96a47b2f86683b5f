//! The parts of a value that live on the heap, with their shape and what they hold.

use std::rc::Rc;

use indexmap::IndexMap;
use jf_core::spi::EvalErrorKind;

use super::Val;
use crate::limits::meter::{self, Held, Trip};
use crate::limits::{VALUE_BYTES, VALUE_DEPTH};

/// The members of an object, in order.
pub(crate) type Members = IndexMap<Rc<str>, Val>;

/// Bytes of a node beside its contents: the header and the hand-out of the allocator.
const NODE_BYTES: usize = 64;
const ITEM_BYTES: usize = size_of::<Val>();
/// An entry of a map: key, value, hash and index.
const MEMBER_BYTES: usize = 64;

/// A string.
#[derive(Debug)]
pub(crate) struct Text {
    text: String,
    /// For messages of errors: the kind of the error.
    kind: Option<EvalErrorKind>,
    held: Held,
}

impl Text {
    pub(crate) fn new(text: String, kind: Option<EvalErrorKind>) -> Self {
        if text.len() > VALUE_BYTES {
            meter::trip(Trip::Memory);
        }
        // A bound that is passed here shows at the next step.
        let _ = meter::spend_bytes(text.len());
        let held = Held::new(NODE_BYTES + text.capacity());
        Self { text, kind, held }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) const fn kind(&self) -> Option<EvalErrorKind> {
        self.kind
    }

    /// Appends, or refuses.
    pub(crate) fn push_str(&mut self, tail: &str) -> Result<(), Trip> {
        within(self.text.len() + tail.len(), 0)?;
        self.text.push_str(tail);
        self.held.resize(NODE_BYTES + self.text.capacity());
        self.kind = None;
        Ok(())
    }
}

impl Clone for Text {
    fn clone(&self) -> Self {
        Self::new(self.text.clone(), self.kind)
    }
}

/// Size and depth of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) size: usize,
    pub(crate) depth: u32,
}

impl Shape {
    const EMPTY: Self = Self { size: 2, depth: 1 };

    fn add(&mut self, extra: usize, part: &Val) {
        self.size = self.size.saturating_add(extra + 1).saturating_add(part.size());
        self.depth = self.depth.max(part.depth() + 1);
    }

    fn remove(&mut self, extra: usize, part: &Val) {
        self.size = self.size.saturating_sub(extra + 1 + part.size());
    }

    fn check(self) -> Result<(), Trip> {
        within(self.size, self.depth)
    }
}

/// Holds a value to its bounds.
pub(crate) fn within(size: usize, depth: u32) -> Result<(), Trip> {
    if size > VALUE_BYTES || depth > VALUE_DEPTH {
        meter::trip(Trip::Memory);
    }
    meter::tripped().map_or(Ok(()), Err)
}

/// An array.
#[derive(Debug)]
pub(crate) struct Array {
    items: Vec<Val>,
    shape: Shape,
    held: Held,
}

impl Array {
    /// An array of these items. The shape counts them, which is the work of one step for each few.
    pub(crate) fn new(items: Vec<Val>) -> Result<Self, Trip> {
        let mut shape = Shape::EMPTY;
        items.iter().for_each(|item| shape.add(0, item));
        let mut array = Self { items, shape, held: Held::new(0) };
        array.settle()?;
        Ok(array)
    }

    pub(crate) fn items(&self) -> &[Val] {
        &self.items
    }

    pub(crate) fn into_items(self) -> Vec<Val> {
        self.items
    }

    pub(crate) const fn shape(&self) -> Shape {
        self.shape
    }

    /// Appends, or refuses.
    pub(crate) fn extend(&mut self, more: &[Val]) -> Result<(), Trip> {
        more.iter().for_each(|item| self.shape.add(0, item));
        self.shape.check()?;
        self.items.extend_from_slice(more);
        self.settle()
    }

    /// Takes an item out, leaving `null`.
    pub(crate) fn take(&mut self, index: usize) -> Val {
        let old = std::mem::take(&mut self.items[index]);
        self.shape.remove(0, &old);
        self.shape.add(0, &Val::Null);
        old
    }

    /// Puts an item in the place of another, or removes it. Depth only grows: it is a bound, not a measure.
    pub(crate) fn put(&mut self, index: usize, new: Option<Val>) -> Result<(), Trip> {
        let old = match new {
            Some(new) => {
                self.shape.add(0, &new);
                std::mem::replace(&mut self.items[index], new)
            }
            None => {
                meter::spend_bytes(ITEM_BYTES * self.items.len())?;
                self.items.remove(index)
            }
        };
        self.shape.remove(0, &old);
        self.shape.check()
    }

    /// Makes the array that long with `null`.
    pub(crate) fn fill(&mut self, len: usize) -> Result<(), Trip> {
        let more = len.saturating_sub(self.items.len());
        within(more.saturating_mul(Val::Null.size()), 0)?;
        self.extend(&vec![Val::Null; more])
    }

    /// Counts what is held and the work of making it.
    fn settle(&mut self) -> Result<(), Trip> {
        self.held.resize(NODE_BYTES + ITEM_BYTES * self.items.capacity());
        meter::spend_bytes(ITEM_BYTES * self.items.len())?;
        self.shape.check()
    }
}

impl Clone for Array {
    fn clone(&self) -> Self {
        let mut array = Self { items: self.items.clone(), shape: self.shape, held: Held::new(0) };
        // A bound that is passed here ends the evaluation at the next tick.
        let _ = array.settle();
        array
    }
}

/// An object.
#[derive(Debug)]
pub(crate) struct Object {
    members: Members,
    key_bytes: usize,
    shape: Shape,
    held: Held,
}

impl Object {
    /// An object of these members.
    pub(crate) fn new(members: Members) -> Result<Self, Trip> {
        let mut shape = Shape::EMPTY;
        members.iter().for_each(|(key, value)| shape.add(key_size(key), value));
        let key_bytes = members.keys().map(|key| key.len()).sum();
        let mut object = Self { members, key_bytes, shape, held: Held::new(0) };
        object.settle()?;
        Ok(object)
    }

    pub(crate) const fn members(&self) -> &Members {
        &self.members
    }

    pub(crate) fn into_members(self) -> Members {
        self.members
    }

    pub(crate) const fn shape(&self) -> Shape {
        self.shape
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Val> {
        self.members.get(key)
    }

    /// Takes the value of a member out, leaving `null`; `null` when there is no such member.
    pub(crate) fn take(&mut self, key: &str) -> Val {
        match self.members.get_mut(key) {
            Some(value) => {
                let old = std::mem::take(value);
                self.shape.remove(0, &old);
                self.shape.add(0, &Val::Null);
                old
            }
            None => Val::Null,
        }
    }

    /// Sets or removes a member. The others keep their order (EXP-008).
    pub(crate) fn put(&mut self, key: &str, new: Option<Val>) -> Result<(), Trip> {
        match new {
            Some(new) => {
                self.shape.add(key_size(key), &new);
                match self.members.get_mut(key) {
                    Some(value) => {
                        let old = std::mem::replace(value, new);
                        self.shape.remove(key_size(key), &old);
                    }
                    None => {
                        self.members.insert(key.into(), new);
                        self.key_bytes += key.len();
                        self.settle_memory();
                    }
                }
            }
            None => {
                meter::spend_bytes(MEMBER_BYTES * self.members.len())?;
                if let Some(old) = self.members.shift_remove(key) {
                    self.key_bytes -= key.len();
                    self.shape.remove(key_size(key), &old);
                }
            }
        }
        self.shape.check()
    }

    /// Adds members, the new values taking the place of the old.
    pub(crate) fn extend(&mut self, more: &Members) -> Result<(), Trip> {
        for (key, value) in more {
            self.shape.add(key_size(key), value);
            match self.members.insert(Rc::clone(key), value.clone()) {
                Some(old) => self.shape.remove(key_size(key), &old),
                None => self.key_bytes += key.len(),
            }
        }
        meter::spend_bytes(MEMBER_BYTES * more.len())?;
        self.settle_memory();
        self.shape.check()
    }

    fn settle(&mut self) -> Result<(), Trip> {
        self.settle_memory();
        meter::spend_bytes(MEMBER_BYTES * self.members.len())?;
        self.shape.check()
    }

    fn settle_memory(&mut self) {
        self.held.resize(NODE_BYTES + MEMBER_BYTES * self.members.capacity() + self.key_bytes);
    }
}

impl Clone for Object {
    fn clone(&self) -> Self {
        let (members, key_bytes, shape) = (self.members.clone(), self.key_bytes, self.shape);
        let mut object = Self { members, key_bytes, shape, held: Held::new(0) };
        // As for arrays.
        let _ = object.settle();
        object
    }
}

fn key_size(key: &str) -> usize {
    key.len() + 3
}
