//! The read guard: a subjourney that decides who may see a run (ENG-110 to ENG-112).

use std::sync::Arc;

use jf_core::{Caller, TerminationKind, run_fault};
use serde_json::Value;

use crate::measure::compact_len;
use crate::root::Root;
use crate::{Env, Program, Run, time};

/// What a read guard has made of one read. Everything but [`Verdict::Allowed`] denies it (ENG-112).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The read may proceed.
    Allowed,
    /// It may not: the output says `allowed: false`, or the guard ended in a `fail` state.
    Denied,
    /// The guard failed by an error and not by a decision; deliveries to subscribers are tried again (ENG-115).
    Failed {
        /// What a run that ended so would have as `error.code`.
        code: String,
    },
}

impl Run {
    /// The guard run of one read: the guard subjourney on a copy of the top-level context as it is now, or as it was at the end.
    ///
    /// It is driven like any other run, beginning with [`Input::Begin`](crate::Input::Begin), but nothing of it is committed: it has
    /// no log, tells telemetry only what goes wrong, and its deadline is [`Limits::guard_evaluation`](crate::Limits) from now. Its
    /// tasks see `caller` as inbound request. What it has decided tells [`Run::verdict`].
    ///
    /// `None` when nothing can be judged: the definition has no guard ([`Program::guards_reads`]), or it had none when the run ended
    /// and no context was kept (DEF-029).
    #[must_use]
    pub fn read_guard(&self, program: &Program, caller: &Caller, env: &Env<'_>) -> Option<Self> {
        let start = program.start_of(program.guard?).place();
        let context = self.top_context(env)?;
        let mut guard = Self::at(program, start, self.journey_id.clone(), context, env);
        guard.created_at = self.created_at;
        guard.deadline = env.now.checked_add(env.limits.guard_evaluation).ok().map(time::ceil);
        guard.traceparent = caller.trace().map(|trace| Arc::clone(trace.traceparent()));
        // Telemetry names the head that was read.
        guard.seq = self.seq;
        guard.root = Root::Guard { nonce: env.seed };
        Some(guard)
    }

    /// What a guard run has decided. One that has not ended has failed.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let failed = |code: &str| Verdict::Failed { code: code.to_owned() };
        let Some(end) = self.end.as_ref().filter(|_| self.root.is_guard()) else {
            return failed(run_fault::INTERNAL);
        };
        match (end.termination, end.outcome.output.get("allowed")) {
            (TerminationKind::Success, Some(Value::Bool(true))) => Verdict::Allowed,
            (TerminationKind::Success, Some(Value::Bool(false))) | (TerminationKind::Fail, _) => {
                Verdict::Denied
            }
            _ => failed(end.outcome.error.as_ref().map_or(run_fault::INTERNAL, |error| &error.code)),
        }
    }

    /// The context of the top-level scope with its weight.
    fn top_context(&self, env: &Env<'_>) -> Option<(Arc<Value>, usize)> {
        if let Some(scope) = self.flows.first().and_then(|root| root.scopes.first()) {
            return Some((Arc::clone(&scope.context), scope.weight));
        }
        let end = self.end.as_ref().or(self.ending.as_deref())?;
        let context = Arc::clone(end.context.as_ref()?);
        let weight = compact_len(&context, env.limits.depth()).unwrap_or(usize::MAX);
        Some((context, weight))
    }
}
