//! What an input made of a run, and what there is to do now.

use std::fmt;
use std::sync::Arc;

use jf_core::spi::{CookieJar, Evaluation, PreparedTask};
use jf_core::{LogDocument, ScheduleId, StepRef};
use jf_dsl::{StateId, TaskKind};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{ActivationId, CompensationOrder, Fact, Schedule, ScheduleOrder, SegmentId, TimerId};

/// Everything one [`apply`](crate::apply) asks for, in order.
///
/// An engine first commits the run together with the log entries and timers, then performs the rest.
#[derive(Debug, Default)]
pub struct Effects {
    pub(crate) list: Vec<Effect>,
    pub(crate) accepted: Option<Accepted>,
    pub(crate) changed: bool,
}

impl Effects {
    /// The effects in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Effect> {
        self.list.iter()
    }

    /// Whether the run differs from before; if not, there is nothing to commit.
    #[must_use]
    pub const fn changed(&self) -> bool {
        self.changed
    }

    /// What an accepted submission was resolved to.
    #[must_use]
    pub const fn accepted(&self) -> Option<&Accepted> {
        self.accepted.as_ref()
    }

    /// Whether there is more to evaluate: nothing is committed and no reply given before [`Input::Resume`](crate::Input::Resume)
    /// was applied, as often as it takes.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        matches!(self.list.last(), Some(Effect::Continue))
    }

    /// Adds what a later `apply` of the same commit asks for; that one has answered a request to continue.
    pub fn append(&mut self, mut later: Self) {
        if self.is_unfinished() {
            self.list.pop();
        }
        if self.list.is_empty() {
            self.list = later.list;
        } else {
            self.list.append(&mut later.list);
        }
        self.accepted = later.accepted.or(self.accepted.take());
        self.changed |= later.changed;
    }
}

impl IntoIterator for Effects {
    type Item = Effect;
    type IntoIter = std::vec::IntoIter<Effect>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Effects {
    type Item = &'a Effect;
    type IntoIter = std::slice::Iter<'a, Effect>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One thing to do, or to tell.
#[derive(Debug)]
#[non_exhaustive]
pub enum Effect {
    /// Add an entry to the log of the run, in the commit (ENG-106).
    Emit(LogEntry),
    /// Keep a timer, in the commit; replaces one of the same id.
    ArmTimer {
        /// Which.
        timer: TimerId,
        /// When it is due, never after the deadline of the run (ENG-061).
        due: Timestamp,
    },
    /// Forget a timer, in the commit.
    DisarmTimer {
        /// Which.
        timer: TimerId,
    },
    /// Run a task after the commit and feed [`Input::TaskFinished`](crate::Input::TaskFinished).
    RunTask(Box<TaskOrder>),
    /// Drop a running task; its result no longer counts (TSK-013).
    AbandonTask {
        /// Its activation.
        activation: ActivationId,
    },
    /// Create the compensation of the run, in the commit (ENG-096): begin it, and feed
    /// [`Input::CompensationStarted`](crate::Input::CompensationStarted) before the run is committed. It is asked for again until the run
    /// was told of it. When it has ended, feed [`Input::CompensationEnded`](crate::Input::CompensationEnded).
    StartCompensation(Box<CompensationOrder>),
    /// Find the newest schedule of [`ScheduleOrder::identity`] after the commit and feed
    /// [`Input::ScheduleChecked`](crate::Input::ScheduleChecked). What that makes of the run holds only as long as nothing has changed
    /// what was found.
    CheckSchedule(Box<ScheduleOrder>),
    /// Keep a schedule, in the commit (TSK-105).
    PutSchedule {
        /// The schedule.
        schedule: Box<Schedule>,
        /// What becomes of others.
        mode: PutMode,
    },
    /// A scheduled run has ended: tell its schedule, in the commit ([`Schedule::run_ended`]).
    ScheduledRunEnded {
        /// The schedule, which may have gone or changed meanwhile.
        schedule: ScheduleId,
        /// What the next run begins with.
        context: Arc<Value>,
    },
    /// Something for telemetry, to be reported once the commit is done (ENG-130).
    Report(Fact),
    /// The run has ended; nothing will happen to it any more.
    Finish,
    /// The bound on evaluations is reached: look at clock and cancellations, then apply [`Input::Resume`](crate::Input::Resume).
    /// Always the last effect.
    Continue,
}

/// What becomes of other schedules of the identity when one is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutMode {
    /// It takes the place of the one that was found.
    Replace,
    /// There must be none.
    Only,
    /// They stay.
    Another,
}

/// An accepted submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The step, as replies name it: its state id, or its address when the id was active more than once (RT-7).
    pub step: StepRef,
    /// The step and no other: its address, which is its id at the top level (ENG-040).
    pub address: StepRef,
    /// The id of the state, by which projections are chosen (HTTP-035).
    pub state: StateId,
    /// The segment it began: the reply is due when that has stopped (ENG-047).
    pub segment: SegmentId,
}

/// An entry of the log (ENG-106), without the `_links` that are added on reading.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// Its number; the first one is 1.
    pub seq: u64,
    /// Its time, never before that of the entry before it; `updatedAt` of a status.
    pub at: Timestamp,
    /// What it says.
    pub document: LogDocument,
}

/// A task to run. Its `Debug` form shows no context.
#[derive(Clone)]
#[non_exhaustive]
pub struct TaskOrder {
    /// Names the result; part of the run, hence the same when the order is repeated after a crash.
    pub activation: ActivationId,
    /// The same for the outside world: unique over all runs.
    pub attempt: Arc<str>,
    /// The state.
    pub state: StateId,
    /// The kind of task.
    pub kind: TaskKind,
    /// What to run.
    pub task: Arc<dyn PreparedTask>,
    /// Context, platform and time at entry.
    pub evaluation: Evaluation,
    /// The cookie jar of the run; `None` while there is nothing in it.
    pub cookies: Option<Arc<CookieJar>>,
    /// By which the engine finds the inbound request and the pass-through headers.
    pub segment: SegmentId,
    /// When the run's time is up.
    pub deadline: Option<Timestamp>,
}

impl TaskOrder {
    /// What is left of the run's budget at `now`; `None` without a deadline (TSK-055).
    #[must_use]
    pub fn budget(&self, now: Timestamp) -> Option<std::time::Duration> {
        let left = self.deadline?.duration_since(now).max(SignedDuration::ZERO);
        Some(left.unsigned_abs())
    }
}

impl fmt::Debug for TaskOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskOrder")
            .field("activation", &self.activation)
            .field("state", &self.state)
            .field("kind", &self.kind)
            .field("segment", &self.segment)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
