//! Scenarios: tests of journeys against scripted services under a virtual clock.
//!
//! A [`Scenario`] is a file that says what is done and what must come out. [`Runner`] runs it through a system that a [`Host`] builds,
//! over any [`DriverKind`], on any store of the host, and if wanted with a restart after every step. Nothing in it sleeps: the runner
//! knows when a system has come to rest, and moves its clock then (see [`Activity`]).

mod counted;
mod format;
mod host;
mod report;
mod rest;
mod run;
mod secrets;
mod variant;

pub use format::{Key, SCENARIO_RULES, SECTIONS, Scenario, Section, matchers};
pub use host::{Deployment, Host, NotReady, Parts};
pub use report::{DiffKind, DiffLine, Failure, Report, Trail, Verdict, to_json, to_junit, to_text};
pub use rest::{Activity, Busy};
pub use run::Runner;
pub use variant::{DriverKind, Variant};
