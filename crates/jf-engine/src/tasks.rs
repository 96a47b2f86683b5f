//! Running tasks, of runs and of Api calls alike.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use http::HeaderMap;
use jf_core::spi::{DefinitionIdentity, Notification, TaskContext, TaskErrorKind, TaskOutput};
use jf_core::{Caller, JourneyId, TraceContext};
use jf_machine::{TaskFailure, TaskOrder, TaskReturn};
use tracing::{Instrument, Span};

use crate::load::Work;
use crate::plugin_logs;
use crate::shared::Shared;
use crate::telemetry::millis;

/// What a task sees of its run and of the request behind it (TSK-005, TSK-008).
pub(crate) struct Outset {
    pub(crate) definition: DefinitionIdentity,
    pub(crate) journey_id: JourneyId,
    pub(crate) caller: Option<Caller>,
    pub(crate) passthrough: Arc<HeaderMap>,
    /// What requests of the task name as their origin.
    pub(crate) trace: TraceContext,
    pub(crate) span: Span,
    pub(crate) slot: Slot,
}

/// What a task needs to begin (TSK-012).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A slot of its own among all tasks.
    PerTask,
    /// None: whoever runs it has one that covers all its tasks.
    Covered,
}

/// How a task ended.
pub(crate) struct Done {
    pub(crate) result: Result<TaskReturn, TaskFailure>,
    pub(crate) notification: Option<Notification>,
    /// Without the wait for a slot.
    pub(crate) took: Duration,
}

/// Runs a task as soon as there is a slot for it. Waiting counts against the deadline of the run (TSK-012); a task whose time is up is
/// not begun (ENG-061) and never ends: the deadline ends the run and drops it.
///
/// A task that panics has failed like any other.
pub(crate) async fn run(shared: &Shared, order: TaskOrder, outset: Outset) -> Done {
    let _slot = match outset.slot {
        // The semaphore is never closed.
        Slot::PerTask => shared.tasks.acquire().await.ok(),
        Slot::Covered => None,
    };
    let budget = order.budget(shared.clock.now());
    if budget.is_some_and(|left| left.is_zero()) {
        std::future::pending::<()>().await;
    }
    let begun = Instant::now();
    let state = order.state.clone();
    let (span, kind) = (outset.span, order.kind);
    let id = outset.journey_id.clone();
    let telemetry = plugin_logs::handle(
        &shared.config.plugin_logs,
        &shared.metrics,
        &outset.definition,
        &id,
        &state,
        &kind,
        &span,
    );
    let mut context = TaskContext::new(
        outset.definition,
        outset.journey_id,
        order.state,
        order.attempt,
        order.evaluation,
        shared.connectors.clone(),
    );
    context.budget = budget;
    context.caller = outset.caller;
    context.passthrough = outset.passthrough;
    context.cookies = order.cookies;
    context.trace = Some(outset.trace);
    context.telemetry = telemetry;
    let task = order.task;
    let work = async move { task.execute(context).await }.instrument(span.clone());
    let ended = AssertUnwindSafe(work).catch_unwind().await;
    let took = begun.elapsed();
    let (outcome, result, notification) = match ended {
        Ok(Ok(TaskOutput { writes, cookies, notification, .. })) => {
            ("ok", Ok(TaskReturn { writes, cookies }), notification)
        }
        Ok(Err(error)) => {
            let outcome = if error.kind() == TaskErrorKind::Reported { "problem" } else { "fault" };
            (outcome, Err(TaskFailure::from(error)), None)
        }
        Err(_) => {
            tracing::error!(run = %id, %state, task = %kind, "a task panicked");
            ("panic", Err(TaskFailure::internal()), None)
        }
    };
    span.record("duration_ms", millis(took));
    if let Err(failure) = &result {
        span.record("error_code", &*failure.problem.problem_type);
    }
    shared.metrics.task_ended(&kind, outcome, took);
    Done { result, notification, took }
}

/// Does a job that no run waits for (TSK-050), at most once and within bounds: when too many go on it is dropped (TSK-051).
pub(crate) fn in_background(shared: &Arc<Shared>, run: &JourneyId, job: Notification) {
    let Ok(slot) = Arc::clone(&shared.background).try_acquire_owned() else {
        shared.metrics.notification_dropped();
        tracing::warn!(%run, "a notification was dropped: too many are on their way");
        return;
    };
    let permit = shared.load.enter(Work::Background);
    let run = run.clone();
    shared.runtime.spawn(async move {
        if AssertUnwindSafe(job.into_future()).catch_unwind().await.is_err() {
            tracing::error!(%run, "a notification panicked");
        }
        drop((slot, permit));
    });
}
