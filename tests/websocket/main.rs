//! The WebSocket protocol over the real engine on virtual time, in memory and over sockets.
//!
//! [`memory`] is a whole system without sockets: engine, store and both bindings on the clock of a paused runtime, which moves when nobody has
//! anything left to do. [`socket`] is the same behind a port. [`transcripts`] runs the files of `transcripts/` against both (`tests/system` runs
//! those that can be against the real server), [`faults`] cuts conversations off wherever they can be cut, [`schema`] compares what is written
//! down about the form of frames.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod faults;
mod memory;
mod restart;
mod schema;
mod socket;
mod transcripts;

use tokio::runtime::{Builder, Runtime};

/// One whose clock moves when nobody has anything left to do.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}
