//! What can happen to a run.

use std::fmt;
use std::sync::Arc;

use jf_core::spi::{CookieChange, TaskError, TaskErrorKind, TaskWrite};
use jf_core::{Caller, EngineErrorKind, HeadCondition, Problem, StepTarget};
use serde_json::Value;

use crate::{ActivationId, Schedule, ScheduleOrder};

/// One input of a run; see [`apply`](crate::apply).
///
/// Results and firings whose activation is gone are dropped without effect. Its `Debug` form shows no payloads.
#[derive(Clone)]
#[non_exhaustive]
pub enum Input {
    /// The creation of the run: the first input of every run, given once. It begins [`SegmentId::FIRST`](crate::SegmentId::FIRST).
    Begin,
    /// A task has ended.
    TaskFinished {
        /// The activation that [`TaskOrder`](crate::TaskOrder) named.
        activation: ActivationId,
        /// What it gave, or how it failed.
        result: Result<TaskReturn, TaskFailure>,
    },
    /// It was looked up which schedule there is of an identity.
    ScheduleChecked {
        /// The order as it was given.
        order: Box<ScheduleOrder>,
        /// The newest schedule of its identity; `None` when there is none, or none was looked for.
        existing: Option<Box<Schedule>>,
    },
    /// Somebody submits input to a step. May be refused.
    StepSubmitted(Submission),
    /// A `timer` state is due.
    TimerFired {
        /// Its activation.
        activation: ActivationId,
    },
    /// A `wait` or `webhook` state has waited long enough.
    WaitTimedOut {
        /// Its activation.
        activation: ActivationId,
    },
    /// The deadline of the run has come (ENG-062).
    DeadlineReached,
    /// Somebody cancels the run. May be refused; has no effect on a run that has ended (ENG-056).
    CancelRequested {
        /// Accepted heads (ENG-054).
        if_head: Option<Vec<HeadCondition>>,
        /// `traceparent` of the request (HTTP-016).
        traceparent: Option<Arc<str>>,
    },
    /// The compensation is durable (ENG-096). Without effect unless the run has asked for one.
    CompensationStarted,
    /// The compensation has ended (ENG-092). Without effect unless the run waits for it.
    CompensationEnded,
    /// The cookies that the ended run still owed its client were handed out (HTTP-060). Without effect on a run that owes none.
    CookiesTaken,
    /// Goes on after [`Effect::Continue`](crate::Effect::Continue). Ends a run that cannot go on because its definition was replaced
    /// by one without the states it stands at, as development mode allows (DEF-029). Without effect otherwise.
    Resume,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin => f.write_str("Begin"),
            Self::TaskFinished { activation, result } => {
                let result = result.as_ref().map(|returned| returned.writes.len());
                let result = result.map_err(|failure| &failure.problem.problem_type);
                f.debug_struct("TaskFinished")
                    .field("activation", activation)
                    .field("result", &result)
                    .finish()
            }
            Self::ScheduleChecked { order, existing } => f
                .debug_struct("ScheduleChecked")
                .field("order", order)
                .field("existing", &existing.as_ref().map(|existing| existing.id()))
                .finish(),
            Self::StepSubmitted(submission) => submission.fmt(f),
            Self::TimerFired { activation } => {
                f.debug_struct("TimerFired").field("activation", activation).finish()
            }
            Self::WaitTimedOut { activation } => {
                f.debug_struct("WaitTimedOut").field("activation", activation).finish()
            }
            Self::DeadlineReached => f.write_str("DeadlineReached"),
            Self::CancelRequested { if_head, traceparent } => f
                .debug_struct("CancelRequested")
                .field("if_head", if_head)
                .field("traceparent", traceparent)
                .finish(),
            Self::CompensationStarted => f.write_str("CompensationStarted"),
            Self::CompensationEnded => f.write_str("CompensationEnded"),
            Self::CookiesTaken => f.write_str("CookiesTaken"),
            Self::Resume => f.write_str("Resume"),
        }
    }
}

/// Input for a step (ENG-040 ff.). Checked in the order of HTTP-023: step, precondition, payload.
#[derive(Clone)]
#[non_exhaustive]
pub struct Submission {
    /// Which step is meant.
    pub target: StepTarget,
    /// The payload itself (ENG-043).
    pub payload: Value,
    /// Who submits; the projections of its binding are applied (HTTP-034).
    pub caller: Caller,
    /// Accepted heads (ENG-054): `None` is no precondition, an empty list never holds.
    pub if_head: Option<Vec<HeadCondition>>,
}

impl Submission {
    /// Submits `payload` without precondition.
    #[must_use]
    pub const fn new(target: StepTarget, payload: Value, caller: Caller) -> Self {
        Self { target, payload, caller, if_head: None }
    }

    /// With a precondition.
    #[must_use]
    pub fn with_if_head(mut self, if_head: Option<Vec<HeadCondition>>) -> Self {
        self.if_head = if_head;
        self
    }
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepSubmitted")
            .field("target", &self.target)
            .field("if_head", &self.if_head)
            .finish_non_exhaustive()
    }
}

/// What a task gave back (TSK-006).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskReturn {
    /// Writes to the context of its scope, all or none (STA-008).
    pub writes: Vec<TaskWrite>,
    /// Changes to the cookie jar of the run (TSK-070), made if the writes can be.
    pub cookies: Vec<CookieChange>,
}

impl From<Vec<TaskWrite>> for TaskReturn {
    fn from(writes: Vec<TaskWrite>) -> Self {
        Self { writes, cookies: Vec::new() }
    }
}

/// How a task failed (STA-022), without the cause that only logs may show.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskFailure {
    /// Reported by the task, or a fault of it.
    pub kind: TaskErrorKind,
    /// The Problem.
    pub problem: Problem,
}

impl TaskFailure {
    /// What a task that panicked or broke its contract counts as (TSK-006).
    #[must_use]
    pub fn internal() -> Self {
        Self { kind: TaskErrorKind::Fault, problem: Problem::of(EngineErrorKind::Internal) }
    }
}

impl From<TaskError> for TaskFailure {
    fn from(error: TaskError) -> Self {
        Self { kind: error.kind(), problem: error.into_problem() }
    }
}
