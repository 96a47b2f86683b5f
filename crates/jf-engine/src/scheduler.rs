//! Due times: loops that are awake only when something falls due (ENG-070 to ENG-073, ENG-080).

use std::collections::{HashMap, HashSet};
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

/// Pause after the store has failed, and before something is attended to again with which nothing could be done; doubled with each
/// further time.
const PAUSE: Duration = Duration::from_secs(1);

/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Things with which nothing could be done that take up no room. They are read again and again with what is due, so there is a bound.
const MOST_TROUBLED: usize = 16_384;

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
        let active = shared.enter(id);
        if let Some(turn) = active.post(Message::Wake(done)) {
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
        let active = shared.enter(&JourneyId::random());
        let begin = Box::new(BeginScheduled { schedule: id.clone(), done });
        if let Some(turn) = active.post(Message::BeginScheduled(begin)) {
            turn.drive().await;
        }
    }
}

/// Attends to what falls due, until `stop`. Holds the engine only while there is something to do.
pub(crate) async fn run<D: Due>(engine: Weak<Shared>, alarm: Arc<Alarm>, stop: CancellationToken) {
    let (done, mut attended) = mpsc::channel(CONCURRENT);
    let mut attention = Attention::<D::Id>::default();
    loop {
        let Some(shared) = engine.upgrade() else { return };
        let (load, clock) = (Arc::clone(&shared.load), Arc::clone(&shared.clock));
        alarm.clear();
        let rest = attend_due::<D>(&shared, &mut attention, &done).await;
        let sleep = match rest {
            Rest::Until(due) => {
                alarm.sleep_until(due);
                clock.sleep_until(due)
            }
            Rest::Told | Rest::Relieved => Box::pin(std::future::pending()),
        };
        drop(shared);
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep => {}
            () = alarm.earlier.notified() => {}
            () = load.relieved(), if rest == Rest::Relieved => {}
            Some((id, outcome)) = attended.recv() => {
                attention.ended(id, outcome, clock.now());
                while let Ok((id, outcome)) = attended.try_recv() {
                    attention.ended(id, outcome, clock.now());
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

/// What came of something that was attended to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It is due no more.
    Done,
    /// Nothing could be done: the store has failed, the clock was set back, or it cannot be read.
    Nothing,
}

/// What is due and known already.
struct Attention<Id> {
    /// Being attended to.
    under_way: HashSet<Id>,
    /// Nothing could be done with these. They wait for another time, and everything else goes before them: a few hundred runs of a version
    /// that does not fit what is installed any more must not keep all others from their timers.
    troubled: HashMap<Id, Trouble>,
}

/// How often nothing could be done, and when to try again.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    times: u32,
    until: Timestamp,
}

impl<Id> Default for Attention<Id> {
    fn default() -> Self {
        Self { under_way: HashSet::new(), troubled: HashMap::new() }
    }
}

impl<Id: Eq + Hash> Attention<Id> {
    /// Enough to find something new among what is due: what is known comes first.
    fn enough(&self) -> NonZeroUsize {
        NonZeroUsize::MIN.saturating_add(self.under_way.len() + self.troubled.len() + BATCH)
    }

    /// Whether it is known already, and needs nothing for the moment.
    fn is_known(&self, id: &Id, now: Timestamp) -> bool {
        self.under_way.contains(id) || self.troubled.get(id).is_some_and(|trouble| trouble.until > now)
    }

    /// What takes up room.
    fn room_taken(&self) -> usize {
        self.under_way.len() + self.troubled.len().saturating_sub(MOST_TROUBLED)
    }

    fn ended(&mut self, id: Id, outcome: Outcome, now: Timestamp) {
        self.under_way.remove(&id);
        match outcome {
            Outcome::Done => drop(self.troubled.remove(&id)),
            Outcome::Nothing => {
                let trouble = self.troubled.entry(id).or_insert(Trouble { times: 0, until: now });
                let pause = PAUSE.saturating_mul(1 << trouble.times.min(16)).min(LONGEST_PAUSE);
                *trouble = Trouble { times: trouble.times.saturating_add(1), until: after(now, pause) };
            }
        }
    }

    /// When something is to be tried again that could not be attended to.
    fn next_trial(&self, now: Timestamp) -> Option<Timestamp> {
        self.troubled.values().map(|trouble| trouble.until).filter(|until| *until > now).min()
    }
}

/// Begins to attend to what is due as far as there is room, and tells when to look again.
async fn attend_due<D: Due>(
    shared: &Arc<Shared>,
    attention: &mut Attention<D::Id>,
    done: &mpsc::Sender<(D::Id, Outcome)>,
) -> Rest {
    loop {
        // What is due while a node stops is left to the next one.
        if shared.draining.load(Ordering::Acquire) {
            return Rest::Told;
        }
        if let Some(rest) = no_room(shared, attention.room_taken()) {
            return rest;
        }
        let now = shared.clock.now();
        let limit = attention.enough();
        let due = match D::read(shared, limit).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "due times cannot be read");
                return Rest::Until(after(now, PAUSE));
            }
        };
        let mut next = None;
        let further = due.len() == limit.get();
        let mut seen = HashSet::new();
        for (due, id) in due {
            if due > now {
                next = Some(due);
                break;
            }
            if !attention.is_known(&id, now) {
                if let Some(rest) = no_room(shared, attention.room_taken()) {
                    return rest;
                }
                attention.under_way.insert(id.clone());
                shared.runtime.spawn(attend::<D>(Arc::clone(shared), id.clone(), done.clone()));
            }
            if !attention.troubled.is_empty() {
                seen.insert(id);
            }
        }
        if next.is_some() || !further {
            // All that is due was seen: what was not is due no more.
            attention.troubled.retain(|id, _| seen.contains(id));
            let next = next.into_iter().chain(attention.next_trial(now)).min();
            return next.map_or(Rest::Told, Rest::Until);
        }
    }
}

/// What to wait for before something further is attended to. What is under way will go on, so it takes up room already.
fn no_room(shared: &Shared, taken: usize) -> Option<Rest> {
    let room = shared.load.room().min(CONCURRENT);
    if taken < room {
        None
    } else if taken == 0 {
        Some(Rest::Relieved)
    } else {
        Some(Rest::Told)
    }
}

async fn attend<D: Due>(shared: Arc<Shared>, id: D::Id, done: mpsc::Sender<(D::Id, Outcome)>) {
    let (applied, outcome) = oneshot::channel();
    D::attend(&shared, &id, applied).await;
    let outcome = if outcome.await.is_ok() { Outcome::Done } else { Outcome::Nothing };
    drop(shared);
    // The scheduler may be gone with its engine.
    let _ = done.send((id, outcome)).await;
}
