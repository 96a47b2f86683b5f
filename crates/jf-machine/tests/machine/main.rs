//! What the interpreter must hold, rule by rule, and the properties of every run.
#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

mod api;
mod cancel;
mod choice;
mod compensation;
mod cookies;
mod deadline;
mod development;
mod events;
mod exploration;
mod expressions;
mod guard;
mod limits;
mod linking;
mod outcome;
mod parallel;
mod platform;
mod properties;
mod schedule;
mod snapshot;
mod start;
mod steps;
mod subjourney;
mod support;
mod task;
mod terminal;
mod timer;
mod transform;
mod wait;
