//! Running tasks, of runs and of Api calls alike.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use http::HeaderMap;
use jf_core::spi::{DefinitionIdentity, Notification, TaskContext, TaskError, TaskOutput, TaskWrite};
use jf_core::{Caller, JourneyId};
use jf_machine::{TaskFailure, TaskOrder};

use crate::load::Work;
use crate::shared::Shared;

/// What a task sees of its run and of the request behind it (TSK-005, TSK-008).
pub(crate) struct Outset {
    pub(crate) definition: DefinitionIdentity,
    pub(crate) journey_id: JourneyId,
    pub(crate) caller: Option<Caller>,
    pub(crate) passthrough: Arc<HeaderMap>,
}

/// How a task ended.
pub(crate) struct Done {
    pub(crate) result: Result<Vec<TaskWrite>, TaskFailure>,
    pub(crate) notification: Option<Notification>,
}

/// Runs a task as soon as there is a slot for it. Waiting counts against the deadline of the run (TSK-012); a task whose time is up is
/// not begun (ENG-061) and never ends: the deadline ends the run and drops it.
///
/// A task that panics has failed like any other.
pub(crate) async fn run(shared: &Shared, order: TaskOrder, outset: Outset) -> Done {
    // The semaphore is never closed.
    let _slot = shared.tasks.acquire().await;
    let budget = order.budget(shared.clock.now());
    if budget.is_some_and(|left| left.is_zero()) {
        std::future::pending::<()>().await;
    }
    let state = order.state.clone();
    let id = outset.journey_id.clone();
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
    let task = order.task;
    match AssertUnwindSafe(async move { task.execute(context).await }).catch_unwind().await {
        Ok(Ok(TaskOutput { writes, notification, .. })) => Done { result: Ok(writes), notification },
        Ok(Err(error)) => {
            log_failure(&id, state.as_str(), &error);
            Done { result: Err(error.into()), notification: None }
        }
        Err(_) => {
            tracing::error!(run = %id, %state, kind = %order.kind, "a task panicked");
            Done { result: Err(TaskFailure::internal()), notification: None }
        }
    }
}

fn log_failure(run: &JourneyId, state: &str, error: &TaskError) {
    // The Problem may hold what an author put there; its type is a name.
    tracing::debug!(%run, state, problem = %error.problem().problem_type, "a task failed");
}

/// Does a job that no run waits for (TSK-050), at most once and within bounds: when too many go on it is dropped (TSK-051).
pub(crate) fn in_background(shared: &Arc<Shared>, run: &JourneyId, job: Notification) {
    let Ok(slot) = Arc::clone(&shared.background).try_acquire_owned() else {
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
