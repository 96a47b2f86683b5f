//! Time as a trait, so that tests own it.

use std::fmt;

use futures::future::BoxFuture;
use jiff::Timestamp;

/// A wait for a point in time. Dropping it ends the wait.
pub type Sleep = BoxFuture<'static, ()>;

/// The wall clock of an engine.
///
/// All times an engine computes, compares or shows come from one clock. Implementations may jump forward; an engine copes with
/// small jumps backward by never giving an event an earlier time than the one before it.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The present time.
    fn now(&self) -> Timestamp;

    /// Completes once [`Clock::now`] is at or after `due`; at once when it already is. Must not complete early.
    fn sleep_until(&self, due: Timestamp) -> Sleep;
}
