//! Due times: loops that are awake only when something falls due (ENG-070 to ENG-073, ENG-080).

use std::collections::HashSet;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use jf_core::{JourneyId, ScheduleId};
use jf_store::StoreError;
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::clock::after;
use crate::runs::{BeginScheduled, Message};
use crate::shared::Shared;

/// Things that are attended to at the same time.
const CONCURRENT: usize = 256;

/// Due times that are read at once.
const BATCH: usize = 32;

/// Pause after the store has failed, and before something is attended to again with which nothing could be done.
const PAUSE: Duration = Duration::from_secs(1);

/// The time a loop sleeps until, and the way to wake it for an earlier one.
#[derive(Debug)]
pub(crate) struct Alarm {
    /// In milliseconds since the epoch.
    set_to: AtomicI64,
    earlier: Notify,
}

impl Alarm {
    pub(crate) const fn new() -> Self {
        Self { set_to: AtomicI64::new(i64::MAX), earlier: Notify::const_new() }
    }

    /// Something will be due then. Called after the commit that says so.
    pub(crate) fn set(&self, due: Timestamp) {
        if due.as_millisecond() < self.set_to.load(Ordering::Acquire) {
            self.earlier.notify_one();
        }
    }

    /// Everything is earlier than this: what is committed from now on wakes the loop.
    fn clear(&self) {
        self.set_to.store(i64::MAX, Ordering::Release);
    }

    fn sleep_until(&self, due: Timestamp) {
        self.set_to.store(due.as_millisecond(), Ordering::Release);
    }
}

/// Things of one kind that fall due.
pub(crate) trait Due: 'static {
    /// Names one of them.
    type Id: Clone + Eq + Hash + Send + Sync + 'static;

    /// At most `limit` of them with their due times, earliest first.
    fn read(
        shared: &Shared,
        limit: NonZeroUsize,
    ) -> impl Future<Output = Result<Vec<(Timestamp, Self::Id)>, StoreError>> + Send;

    /// Does what is due. `done` is told when it is due no more.
    fn attend(
        shared: &Arc<Shared>,
        id: &Self::Id,
        done: oneshot::Sender<()>,
    ) -> impl Future<Output = ()> + Send;
}

/// Runs with a deadline, a time-out or a timer.
pub(crate) enum DueRuns {}

impl Due for DueRuns {
    type Id = JourneyId;

    async fn read(shared: &Shared, limit: NonZeroUsize) -> Result<Vec<(Timestamp, JourneyId)>, StoreError> {
        let due = shared.store.due(Timestamp::MAX, limit).await?;
        Ok(due.into_iter().map(|run| (run.due, run.run)).collect())
    }

    async fn attend(shared: &Arc<Shared>, id: &JourneyId, done: oneshot::Sender<()>) {
        let active = shared.runs.enter(id);
        if let Some(turn) = active.post(shared, Message::Wake(done)) {
            turn.drive().await;
        }
    }
}

/// Schedules whose next run is to begin.
pub(crate) enum DueSchedules {}

impl Due for DueSchedules {
    type Id = ScheduleId;

    async fn read(shared: &Shared, limit: NonZeroUsize) -> Result<Vec<(Timestamp, ScheduleId)>, StoreError> {
        let due = shared.store.due_schedules(Timestamp::MAX, limit).await?;
        Ok(due.into_iter().map(|schedule| (schedule.due, schedule.schedule)).collect())
    }

    async fn attend(shared: &Arc<Shared>, id: &ScheduleId, done: oneshot::Sender<()>) {
        // The turn is that of the run to be.
        let active = shared.runs.enter(&JourneyId::random());
        let begin = Box::new(BeginScheduled { schedule: id.clone(), done });
        if let Some(turn) = active.post(shared, Message::BeginScheduled(begin)) {
            turn.drive().await;
        }
    }
}

/// Attends to what falls due, until `stop`. Holds the engine only while there is something to do.
pub(crate) async fn run<D: Due>(engine: Weak<Shared>, alarm: Arc<Alarm>, stop: CancellationToken) {
    let (done, mut attended) = mpsc::channel(CONCURRENT);
    let mut under_way: HashSet<D::Id> = HashSet::new();
    loop {
        let Some(shared) = engine.upgrade() else { return };
        let load = Arc::clone(&shared.load);
        alarm.clear();
        let rest = attend_due::<D>(&shared, &mut under_way, &done).await;
        let sleep = match rest {
            Rest::Until(due) => {
                alarm.sleep_until(due);
                shared.clock.sleep_until(due)
            }
            Rest::Told | Rest::Relieved => Box::pin(std::future::pending()),
        };
        drop(shared);
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep => {}
            () = alarm.earlier.notified() => {}
            () = load.relieved(), if rest == Rest::Relieved => {}
            Some(id) = attended.recv() => {
                under_way.remove(&id);
                while let Ok(id) = attended.try_recv() {
                    under_way.remove(&id);
                }
            }
        }
    }
}

/// When to look again for what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Then.
    Until(Timestamp),
    /// When something was attended to, or something falls due earlier than what is known.
    Told,
    /// When less is going on.
    Relieved,
}

/// Begins to attend to what is due as far as there is room, and tells when to look again.
async fn attend_due<D: Due>(
    shared: &Arc<Shared>,
    under_way: &mut HashSet<D::Id>,
    done: &mpsc::Sender<D::Id>,
) -> Rest {
    loop {
        // What is due while a node stops is left to the next one.
        if shared.draining.load(Ordering::Acquire) {
            return Rest::Told;
        }
        if let Some(rest) = no_room(shared, under_way.len()) {
            return rest;
        }
        let now = shared.clock.now();
        // What is being attended to is still due, and comes first.
        let limit = NonZeroUsize::MIN.saturating_add(under_way.len() + BATCH);
        let due = match D::read(shared, limit).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "due times cannot be read");
                return Rest::Until(after(now, PAUSE));
            }
        };
        let further = due.len() == limit.get();
        for (due, id) in due {
            if under_way.contains(&id) {
                continue;
            }
            if due > now {
                return Rest::Until(due);
            }
            if let Some(rest) = no_room(shared, under_way.len()) {
                return rest;
            }
            under_way.insert(id.clone());
            shared.runtime.spawn(attend::<D>(Arc::clone(shared), id, done.clone()));
        }
        if !further {
            return Rest::Told;
        }
    }
}

/// What to wait for before something further is attended to. What is under way will go on, so it takes up room already.
fn no_room(shared: &Shared, under_way: usize) -> Option<Rest> {
    let room = shared.load.room().min(CONCURRENT);
    if under_way < room {
        None
    } else if under_way == 0 {
        Some(Rest::Relieved)
    } else {
        Some(Rest::Told)
    }
}

async fn attend<D: Due>(shared: Arc<Shared>, id: D::Id, done: mpsc::Sender<D::Id>) {
    let (applied, outcome) = oneshot::channel();
    D::attend(&shared, &id, applied).await;
    if outcome.await.is_err() {
        // Nothing could be applied: the store has failed, or the clock was set back.
        let later = after(shared.clock.now(), PAUSE);
        shared.clock.sleep_until(later).await;
    }
    drop(shared);
    // The scheduler may be gone with its engine.
    let _ = done.send(id).await;
}
