//! The filters that are not written in jq: ours, and those of the interpreter's library that are pure and bounded.

mod control;
mod data;
mod pattern;
mod time;

pub(crate) use control::{INPUT, LOAD, NEST, TICK};

use std::iter::once_with;

use jaq_core::native::Fun;
use jaq_core::{Native, RunPtr};

use crate::environment::Jq;

/// Filters of the library that are not offered.
const LEFT_OUT: [&str; 8] = [
    // Reach out of the process, or end it (EXP-005).
    "env",
    "halt",
    "debug_empty",
    "stderr_empty",
    "localtime",
    "strflocaltime",
    // Take time without bound for a large order.
    "jn",
    "yn",
];

/// Every filter; ours first, since the first of a name is taken. Each group is made when its turn comes.
pub(crate) fn natives() -> impl Iterator<Item = Fun<Jq>> {
    let ours = once_with(control::natives)
        .flatten()
        .chain(once_with(data::natives).flatten())
        .chain(once_with(pattern::natives).flatten())
        .chain(once_with(time::natives).flatten());
    let library = once_with(jaq_core::funs).flatten().chain(once_with(jaq_std::funs).flatten());
    ours.chain(library.filter(|(name, _, _)| !LEFT_OUT.contains(name)))
}

/// A filter that takes `arity` values.
fn filter(name: &'static str, arity: usize, run: RunPtr<Jq>) -> Fun<Jq> {
    (name, jaq_core::native::v(arity), Native::<Jq>::new(run))
}
