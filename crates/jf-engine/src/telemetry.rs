//! What operators learn of runs (ENG-130, ENG-131): names, codes and numbers, never contents.

use std::time::Duration;

use jf_core::ScheduleId;
use jf_core::spi::DefinitionIdentity;
use jf_machine::{Diagnostic, Fact, Run, ScheduleEvent};
use jiff::Timestamp;

use crate::deployment::Deployed;
use crate::metrics::Metrics;

/// The commit that facts belong to.
#[derive(Clone, Copy)]
pub(crate) struct Report<'a> {
    pub(crate) deployed: &'a Deployed,
    /// As committed.
    pub(crate) run: &'a Run,
    pub(crate) now: Timestamp,
    /// How long the task ran whose end made the commit.
    pub(crate) took: Option<Duration>,
    pub(crate) metrics: &'a Metrics,
}

impl Report<'_> {
    /// Counts a fact, and reports it as a `tracing` event of the target `journeyforge::run`.
    pub(crate) fn fact(&self, fact: &Fact) {
        self.count(fact);
        // Checked first, so that nothing is formatted for nobody.
        if let Fact::Diagnostic(diagnostic) = fact {
            if tracing::enabled!(target: "journeyforge::run", tracing::Level::WARN) {
                self.diagnostic(diagnostic);
            }
        } else if tracing::enabled!(target: "journeyforge::run", tracing::Level::DEBUG) {
            self.event(fact);
        }
    }

    fn count(&self, fact: &Fact) {
        match fact {
            Fact::JourneyStarted => self.metrics.run_started(self.deployed, self.run),
            Fact::JourneyCompleted { .. } | Fact::JourneyFailed { .. } => {
                self.metrics.run_ended(self.deployed, self.run, self.age());
            }
            _ => {}
        }
    }

    fn event(&self, fact: &Fact) {
        let (status, error_code) = match fact {
            Fact::JourneyCompleted { status } => (Some(&**status), None),
            Fact::JourneyFailed { status, code } => (Some(&**status), Some(&**code)),
            Fact::TaskFailed(_, _, code) => (None, Some(&**code)),
            _ => (None, None),
        };
        let took = match fact {
            Fact::JourneyCompleted { .. } | Fact::JourneyFailed { .. } => Some(self.age()),
            Fact::TaskCompleted(..) | Fact::TaskFailed(..) => self.took,
            _ => None,
        };
        let other = match fact {
            Fact::CompensationStarted(run) | Fact::CompensationEnded(run) => Some(run.as_str()),
            _ => None,
        };
        let (schedule, change) = match fact {
            Fact::ScheduleChanged(schedule, event) => (Some(schedule.as_str()), Some(event.name())),
            _ => (None, None),
        };
        tracing::debug!(
            target: "journeyforge::run",
            event = fact.name(),
            run = self.run.journey_id().as_str(),
            kind = %self.definition().kind,
            definition = self.definition().name.as_str(),
            version = %self.definition().version,
            seq = self.run.seq(),
            phase = self.run.phase().as_str(),
            state = fact.state().map(|state| state.as_str()),
            task = fact.task_kind().map(|kind| kind.as_str()),
            duration_ms = took.map(millis),
            status,
            error_code,
            other_run = other,
            schedule,
            change,
        );
    }

    fn diagnostic(&self, diagnostic: &Diagnostic) {
        let (site, lang, code) = match diagnostic {
            Diagnostic::ExpressionFailed { site, lang, code, .. } => {
                (Some(*site), Some(lang.as_str()), Some(&**code))
            }
            Diagnostic::GuardFailed { code } => (None, None, Some(&**code)),
            _ => (None, None, None),
        };
        let placeholder = match diagnostic {
            Diagnostic::PlaceholderUnresolved { placeholder, .. } => Some(&**placeholder),
            _ => None,
        };
        let violations = match diagnostic {
            Diagnostic::OutputSchema { violations } => Some(*violations),
            _ => None,
        };
        let members = match diagnostic {
            Diagnostic::ProjectionSkipped(members) => Some(members.join(" ")),
            _ => None,
        };
        tracing::warn!(
            target: "journeyforge::run",
            event = "Diagnostic",
            diagnostic = diagnostic.name(),
            run = self.run.journey_id().as_str(),
            kind = %self.definition().kind,
            definition = self.definition().name.as_str(),
            version = %self.definition().version,
            seq = self.run.seq(),
            phase = self.run.phase().as_str(),
            state = diagnostic.state().map(|state| state.as_str()),
            site,
            lang,
            error_code = code,
            placeholder,
            violations,
            members,
        );
    }

    fn definition(&self) -> &DefinitionIdentity {
        self.deployed.program.identity()
    }

    /// How long ago the run was created.
    fn age(&self) -> Duration {
        let age = self.now.duration_since(self.run.created_at());
        Duration::try_from(age).unwrap_or_default()
    }
}

/// Tells what became of a schedule without a run (ENG-086).
pub(crate) fn schedule_changed(definition: &DefinitionIdentity, schedule: &ScheduleId, event: ScheduleEvent) {
    tracing::info!(
        target: "journeyforge::run",
        event = "ScheduleChanged",
        kind = %definition.kind,
        definition = definition.name.as_str(),
        version = %definition.version,
        schedule = schedule.as_str(),
        change = event.name(),
    );
}

/// Whole milliseconds, as logs show durations.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
