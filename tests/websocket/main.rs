//! The WebSocket protocol over the real engine, in memory and on virtual time.
//!
//! [`memory`] is a whole system without sockets: engine, store and both bindings on the clock of a paused runtime, which moves when nobody has
//! anything left to do. [`transcripts`] runs the files of `transcripts/` against it (`tests/system` runs the same files against the real
//! server), [`faults`] cuts conversations off wherever they can be cut.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod faults;
mod memory;
mod transcripts;
