//! The journal: a file beside the database, to which commits go first.

mod file;
mod moment;
mod replay;

#[cfg(test)]
pub(crate) use self::file::Medium;
pub(crate) use self::file::{Append, Journal};
pub(crate) use self::moment::Moment;
pub(crate) use self::replay::{begin_era, in_table, look, replay, replay_table, take_in};
