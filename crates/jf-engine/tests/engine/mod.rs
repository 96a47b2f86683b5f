//! The engine as a whole, in virtual time, on whatever store the program around it has.

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
mod restarts;
mod schedules;
mod start;
mod steps;
pub(crate) mod support;
mod tasks;
mod timers;
mod traces;
mod trouble;
