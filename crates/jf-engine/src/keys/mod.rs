//! Caller keys: one effect per key (ENG-050 to ENG-058).
//!
//! The record of a key is part of the commit that applies its command. A command with a key is decided in the turn of its run, a
//! start in the turn of its key, so a repeat is looked up only when the first one is durable or gone; what the first caller still
//! waits for is found among the waiters of the run.

mod canonical;
mod fingerprint;
mod starts;

pub(crate) use fingerprint::KeyUse;
pub(crate) use starts::{StartKeys, StartTurn};
