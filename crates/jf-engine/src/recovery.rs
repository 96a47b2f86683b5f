//! Going on after a restart (ENG-101): runs with work pending are looked at, all others stay where they are.

use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use jf_core::JourneyId;
use jf_store::{StoreError, StoreErrorKind};
use tokio_util::sync::CancellationToken;

use crate::clock::after;
use crate::load::RETRY_AFTER;
use crate::runs::Message;
use crate::shared::Shared;

const BATCH: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not 0");

/// Takes up every run with work pending, one after the other; their tasks run side by side. What is overdue is the scheduler's matter.
/// Then schedules learn whether their version is still deployed (ENG-086).
pub(crate) async fn run(engine: Weak<Shared>, stop: CancellationToken) {
    let mut after_run: Option<JourneyId> = None;
    loop {
        let Some(shared) = engine.upgrade() else { return };
        if stop.is_cancelled() {
            return;
        }
        match go_on(&shared, &mut after_run, &stop).await {
            Ok(Progress::More) => {}
            Ok(Progress::Done) => return,
            // It is for the one that has it now.
            Err(error) if error.kind() == StoreErrorKind::LostClaim => return,
            Err(error) => {
                tracing::warn!(%error, "what is pending cannot be looked after");
                let later = after(shared.clock.now(), RETRY_AFTER);
                let sleep = shared.clock.sleep_until(later);
                drop(shared);
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = sleep => {}
                }
            }
        }
    }
}

enum Progress {
    More,
    Done,
}

async fn go_on(
    shared: &Arc<Shared>,
    after_run: &mut Option<JourneyId>,
    stop: &CancellationToken,
) -> Result<Progress, StoreError> {
    let runs = shared.store.in_motion(after_run.as_ref(), BATCH).await?;
    let Some(last) = runs.last().cloned() else {
        return shared.review_schedules().await.map(|()| Progress::Done);
    };
    tracing::info!(runs = runs.len(), "taking up runs with work pending");
    for run in &runs {
        tokio::select! {
            () = stop.cancelled() => return Ok(Progress::Done),
            () = shared.load.relieved() => take_up(shared, run).await,
        }
    }
    *after_run = Some(last);
    Ok(Progress::More)
}

async fn take_up(shared: &Arc<Shared>, run: &JourneyId) {
    let active = shared.enter(run);
    if let Some(turn) = active.post(Message::Recover) {
        turn.drive().await;
    }
}
