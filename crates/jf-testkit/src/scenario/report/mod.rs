//! What came of scenarios, and the forms in which it is told.

mod json;
mod junit;
mod text;

use std::time::Duration;

use jf_core::dsl::{Diagnostic, Diagnostics, SourceFile};

pub use json::to_json;
pub use junit::to_junit;
pub use text::to_text;

use super::{Scenario, Variant};
pub use crate::expected::{DiffKind, DiffLine};

/// What came of one scenario in one variant.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The name of the file.
    pub file: String,
    /// What the scenario shows; `None` when its file cannot be read.
    pub scenario: Option<String>,
    /// The rules it holds.
    pub covers: Vec<String>,
    /// The variant; `None` when the scenario was not run in any.
    pub variant: Option<Variant>,
    /// What came of it.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// What came of a scenario.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Verdict {
    /// Everything was as expected.
    Passed,
    /// Something was not.
    Failed(Box<Failure>),
    /// It needs something that is not installed, or does not apply.
    Skipped(String),
    /// The scenario, its definitions or its configuration have errors.
    Invalid(Diagnostics),
    /// The system could not be run.
    Broken(String),
}

/// What was not as expected.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// What is wrong, at its place in the scenario.
    pub diagnostic: Diagnostic,
    /// The number of the step, from 1.
    pub step: usize,
    /// The action of the step.
    pub action: &'static str,
    /// What came, beside what is expected.
    pub diff: Vec<DiffLine>,
    /// The states that the runs of the scenario have taken.
    pub trails: Vec<Trail>,
}

/// The states that a run has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trail {
    /// The name of the run in the scenario.
    pub name: String,
    /// Its journey.
    pub journey: String,
    /// The states in order; with the phase once it has ended.
    pub states: Vec<String>,
}

impl Failure {
    pub(super) const fn new(
        diagnostic: Diagnostic,
        step: usize,
        action: &'static str,
        diff: Vec<DiffLine>,
        trails: Vec<Trail>,
    ) -> Self {
        Self { diagnostic, step, action, diff, trails }
    }
}

impl Trail {
    pub(super) const fn new(name: String, journey: String, states: Vec<String>) -> Self {
        Self { name, journey, states }
    }
}

impl Report {
    pub(super) fn new(
        scenario: &Scenario,
        variant: Option<Variant>,
        verdict: Verdict,
        took: Duration,
    ) -> Self {
        Self {
            file: scenario.source().name().to_owned(),
            scenario: Some(scenario.name().to_owned()),
            covers: scenario.covers().to_vec(),
            variant,
            verdict,
            took,
        }
    }

    /// A file that cannot be read as a scenario.
    pub(super) fn unread(source: &SourceFile, faults: Diagnostics) -> Self {
        Self {
            file: source.name().to_owned(),
            scenario: None,
            covers: Vec::new(),
            variant: None,
            verdict: Verdict::Invalid(faults),
            took: Duration::ZERO,
        }
    }

    /// The scenario with its variant, on one line.
    #[must_use]
    pub fn title(&self) -> String {
        let name = self.scenario.as_deref().unwrap_or("(not a scenario)");
        match &self.variant {
            Some(variant) => format!("{name} [{variant}]"),
            None => name.to_owned(),
        }
    }
}

/// How many reports have which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    pub(super) unrunnable: usize,
}

impl Counts {
    pub(super) fn of(reports: &[Report]) -> Self {
        let mut counts = Self::default();
        for report in reports {
            *match report.verdict {
                Verdict::Passed => &mut counts.passed,
                Verdict::Failed(_) => &mut counts.failed,
                Verdict::Skipped(_) => &mut counts.skipped,
                Verdict::Invalid(_) | Verdict::Broken(_) => &mut counts.unrunnable,
            } += 1;
        }
        counts
    }
}
