//! The order of values: by type, then within the type.

use std::cmp::Ordering;

use super::{Object, Val};
use crate::limits::meter;

impl PartialEq for Val {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(l), Self::Bool(r)) => l == r,
            (Self::Num(l), Self::Num(r)) => l == r,
            (Self::Str(l), Self::Str(r)) => l.as_str() == r.as_str(),
            (Self::Arr(l), Self::Arr(r)) => count(self, other) && l.items() == r.items(),
            (Self::Obj(l), Self::Obj(r)) => count(self, other) && l.members() == r.members(),
            _ => false,
        }
    }
}

impl Eq for Val {}

impl PartialOrd for Val {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Val {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(l), Self::Bool(r)) => l.cmp(r),
            (Self::Num(l), Self::Num(r)) => l.cmp(r),
            (Self::Str(l), Self::Str(r)) => l.as_str().cmp(r.as_str()),
            (Self::Arr(l), Self::Arr(r)) => {
                count(self, other);
                l.items().cmp(r.items())
            }
            (Self::Obj(l), Self::Obj(r)) => {
                count(self, other);
                compare_objects(l, r)
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl Val {
    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Num(_) => 2,
            Self::Str(_) => 3,
            Self::Arr(_) => 4,
            Self::Obj(_) => 5,
        }
    }
}

/// Counts the work of comparing. Parts count again for themselves: too many steps only mean a look at the clock too many.
fn count(l: &Val, r: &Val) -> bool {
    // Comparing cannot fail; a bound that is passed here shows at the next step.
    let _ = meter::spend_bytes(l.size().min(r.size()));
    true
}

/// By the sorted keys first, then by the values in the order of the keys.
fn compare_objects(l: &Object, r: &Object) -> Ordering {
    let sorted = |object: &Object| {
        let mut members: Vec<_> =
            object.members().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        members.sort_by(|(l, _), (r, _)| l.cmp(r));
        members
    };
    let (l, r) = (sorted(l), sorted(r));
    let keys = l.iter().map(|(key, _)| key).cmp(r.iter().map(|(key, _)| key));
    keys.then_with(|| l.iter().map(|(_, value)| value).cmp(r.iter().map(|(_, value)| value)))
}
