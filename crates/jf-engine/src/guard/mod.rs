//! Who may read a run: the read guard at work (ENG-110 to ENG-116).
//!
//! A guard is a run in memory on a copy of what was read. It is evaluated outside of the turns of its run, so that nobody who asks
//! can hold the run up; see the decision record `docs/adr/0013-read-guard.md`.

mod decisions;
mod silence;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use jf_core::{Caller, EngineError, EngineErrorKind, JourneyId, run_fault};
use jf_machine::{Diagnostic, Fact, Verdict};
use jf_store::Revision;
use jiff::Timestamp;

pub(crate) use self::decisions::Decisions;
use self::silence::GRAIN;
pub(crate) use self::silence::Silence;
use crate::clock::after;
use crate::deployment::Deployed;
use crate::load::crowded;
use crate::memory_run::MemoryRun;
use crate::metrics::Refusal;
use crate::shared::Shared;
use crate::snapshot::RunSnapshot;
use crate::telemetry::Report;

/// A run as it was read.
#[derive(Debug, Clone)]
pub(crate) struct ReadRun {
    pub(crate) snapshot: Arc<RunSnapshot>,
    pub(crate) revision: Revision,
    pub(crate) deployed: Arc<Deployed>,
}

/// A guard that failed by an error, for logs.
#[derive(Debug, thiserror::Error)]
#[error("the read guard failed: {0}")]
struct GuardFailed(String);

impl Shared {
    /// The run as last committed, if the caller may see it. Absence and denial are the same error (ENG-113).
    pub(crate) async fn read_for(
        self: &Arc<Self>,
        id: &JourneyId,
        caller: &Caller,
    ) -> Result<ReadRun, EngineError> {
        let read = self.read(id).await?;
        self.judge(&read, caller).await?;
        Ok(read)
    }

    /// The same result, of something that was asked at `begun`: a refusal that must not tell whether there is a run is given when all of
    /// them are (ENG-113). Whatever else is given at once.
    ///
    /// As long as no guard can be asked nobody is told that there is no run: a guarded one could not be refused like that.
    pub(crate) async fn without_a_hint<T>(
        &self,
        begun: Timestamp,
        result: Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        if let Err(error) = &result
            && error.kind() == EngineErrorKind::NotFound
        {
            // A guard that failed was asked, and those who wait for it to recover have to be told (ENG-115).
            if self.silence.is_kept() && self.guards.available_permits() == 0 && !error.is_guard_fault() {
                return Err(self.undecided());
            }
            let hold = self.silence.hold(begun);
            if !hold.is_zero() {
                self.keep_silent_until(after(begun, hold)).await;
            }
        }
        result
    }

    /// Waits until a moment has passed by the [grain](GRAIN) of timers, to much less than that. A timer ends whole milliseconds after it
    /// was begun, so it would tell how long something took before; what is left is for a clock of the system.
    async fn keep_silent_until(&self, moment: Timestamp) {
        self.clock.sleep_until(moment).await;
        let late = Duration::try_from(self.clock.now().duration_since(moment)).unwrap_or_default();
        let rest = GRAIN.saturating_sub(late);
        if rest.is_zero() {
            return;
        }
        // By a moment, since the thread may have to be waited for.
        let end = Instant::now() + rest;
        let Some(place) = self.silence.sleeper() else {
            // Where so many are refused at once, nobody can tell such a time.
            return self.clock.sleep_until(after(moment, GRAIN)).await;
        };
        let sleep = move || {
            std::thread::sleep(end.saturating_duration_since(Instant::now()));
            drop(place);
        };
        // Lost with its runtime, at worst.
        let _ = self.runtime.spawn_blocking(sleep).await;
    }

    /// A read that no guard can be asked about now.
    fn undecided(&self) -> EngineError {
        self.metrics.refused(Refusal::Admission);
        crowded("too many reads are being decided; try again")
    }

    /// Whether the caller may see the run as it was read; NotFound if not.
    pub(crate) async fn judge(self: &Arc<Self>, read: &ReadRun, caller: &Caller) -> Result<(), EngineError> {
        if !read.deployed.program.guards_reads() {
            return Ok(());
        }
        // Boxed: most definitions have no guard, and their reads should not carry its future along.
        Box::pin(Arc::clone(self).evaluate(read.clone(), caller.clone())).await
    }

    /// Runs the guard, or recalls what it has decided.
    pub(crate) async fn evaluate(self: Arc<Self>, read: ReadRun, caller: Caller) -> Result<(), EngineError> {
        let now = self.clock.now();
        let run = &read.snapshot.0;
        let question = self.decisions.question(run.journey_id(), read.revision, &caller);
        if question.as_ref().is_some_and(|question| self.decisions.allows(question, now)) {
            return Ok(());
        }
        let Ok(slot) = self.guards.try_acquire() else {
            return Err(self.undecided());
        };
        let guard = run.read_guard(&read.deployed.program, &caller, &self.env(&read.deployed, now));
        let failed = || Verdict::Failed { code: run_fault::INTERNAL.to_owned() };
        let verdict = match guard {
            Some(guard) => {
                let mut guard = MemoryRun::guard(&self, &read.deployed, guard, &caller);
                // A panic denies like every error.
                let ended = AssertUnwindSafe(guard.drive()).catch_unwind().await;
                ended.map_or_else(|_| failed(), |()| guard.run.verdict())
            }
            None => failed(),
        };
        drop(slot);
        if verdict != Verdict::Allowed {
            let ended = self.clock.now();
            let took = Duration::try_from(ended.duration_since(now)).unwrap_or_default();
            self.silence.denied(took, ended);
        }
        match verdict {
            Verdict::Allowed => {
                if let Some(question) = question {
                    self.decisions.allowed(question, now);
                }
                Ok(())
            }
            Verdict::Denied => Err(EngineError::not_found()),
            Verdict::Failed { code } => {
                let fact = Fact::Diagnostic(Diagnostic::GuardFailed { code: code.clone() });
                Report { deployed: &read.deployed, run, now, took: None, metrics: &self.metrics }.fact(&fact);
                Err(EngineError::guard_fault(GuardFailed(code)))
            }
        }
    }

    /// A refused precondition tells the head to those who may read it (ENG-054).
    pub(crate) async fn tell_head(
        self: &Arc<Self>,
        refused: EngineError,
        id: &JourneyId,
        caller: &Caller,
    ) -> EngineError {
        if refused.kind() != EngineErrorKind::SeqMismatch {
            return refused;
        }
        match self.read_for(id, caller).await {
            Ok(read) => refused.with("head", self.head(read.snapshot.0.seq()).to_string()),
            Err(_) => refused,
        }
    }
}
