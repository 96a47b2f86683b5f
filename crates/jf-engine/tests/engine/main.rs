//! The engine as a whole, in virtual time.

#![expect(clippy::unwrap_used, reason = "tests: most of this are helpers that clippy does not see as tests")]

mod apis;
mod build;
mod cancel;
mod compensation;
mod crash;
mod drain;
mod early;
mod flows;
mod guard;
mod keys;
mod links;
mod list;
mod log;
mod metrics;
mod overload;
mod races;
mod reads;
mod recovery;
mod schedules;
mod start;
mod steps;
mod support;
mod tasks;
mod timers;
mod traces;
mod trouble;
