//! Runs that something is happening to: one mailbox each, emptied by whoever comes first.
//!
//! # How inputs of one run are ordered
//!
//! A run that something happens to has an [`ActiveRun`](active::ActiveRun) in a sharded map, which holds a mailbox and what is kept
//! between turns. To do something to a run is to [`post`](active::ActiveRun::post) a [`Message`]. If nobody is at work on the run, the
//! poster gets the [`Turn`](turn::Turn) and does the work: it takes messages in order until there are none, and gives the turn back. If somebody
//! is, the message waits there, and the poster for its reply. So the inputs of a run are applied one at a time in the order of their
//! posting, no lock is held while something is awaited, and a run costs a task only while there is something to wait for.
//!
//! The poster drives its turn as far as it needs no waiting; a task takes over what is left ([`perform`](crate::work::perform)). No
//! caller owns a turn across a wait, so none can break it off by going away, or hold others up by not polling.
//!
//! # When a run is in memory
//!
//! The map holds weak references. Callers hold the run while they post and wait; a task in flight holds it until its result is
//! applied. When the last one lets go, the entry goes: a parked run is in the store and nowhere else.

mod active;
mod begin;
mod cancel;
mod cell;
mod commit;
mod compensation;
mod cookies;
mod effects;
mod judge;
mod keyed;
mod message;
mod replies;
mod resolved;
mod schedule;
mod submit;
mod traced;
mod turn;
mod wake;

pub(crate) use active::ActiveRuns;
pub(crate) use message::{Admitted, Begin, BeginScheduled, CancelRun, Message, RepeatStart, Reply, Submit};
pub(crate) use replies::{Settled, StatusReply};
pub(crate) use resolved::ResolvedStep;
