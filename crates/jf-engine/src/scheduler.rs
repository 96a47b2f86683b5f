//! Due times: one loop that is awake only when something falls due (ENG-070 to ENG-073).

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use jf_core::JourneyId;
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::clock::after;
use crate::runs::Message;
use crate::shared::Shared;

/// Runs that are woken at the same time.
const CONCURRENT: usize = 256;

/// Due times that are read at once.
const BATCH: usize = 32;

/// Pause after the store has failed, and before a run is woken again in which nothing could be applied.
const PAUSE: Duration = Duration::from_secs(1);

/// The time the scheduler sleeps until, and the way to wake it for an earlier one.
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

    /// Everything is earlier than this: what is committed from now on wakes the scheduler.
    fn clear(&self) {
        self.set_to.store(i64::MAX, Ordering::Release);
    }

    fn sleep_until(&self, due: Timestamp) {
        self.set_to.store(due.as_millisecond(), Ordering::Release);
    }
}

/// Wakes runs in which something falls due, until `stop`. Holds the engine only while there is something to do.
pub(crate) async fn run(engine: Weak<Shared>, alarm: Arc<Alarm>, stop: CancellationToken) {
    let (done, mut woken) = mpsc::channel(CONCURRENT);
    let mut waking: HashSet<JourneyId> = HashSet::new();
    loop {
        let Some(shared) = engine.upgrade() else { return };
        let load = Arc::clone(&shared.load);
        alarm.clear();
        let rest = wake_due(&shared, &mut waking, &done).await;
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
            Some(run) = woken.recv() => {
                waking.remove(&run);
                while let Ok(run) = woken.try_recv() {
                    waking.remove(&run);
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
    /// When a run was woken, or something falls due earlier than what is known.
    Told,
    /// When less is going on.
    Relieved,
}

/// Wakes what is due as far as there is room, and tells when to look again.
async fn wake_due(
    shared: &Arc<Shared>,
    waking: &mut HashSet<JourneyId>,
    done: &mpsc::Sender<JourneyId>,
) -> Rest {
    loop {
        // What is due while a node stops is left to the next one.
        if shared.draining.is_cancelled() {
            return Rest::Told;
        }
        if let Some(rest) = no_room(shared, waking) {
            return rest;
        }
        let now = shared.clock.now();
        // Runs that are being woken are still due, and come first.
        let limit = NonZeroUsize::MIN.saturating_add(waking.len() + BATCH);
        let due = match shared.store.due(Timestamp::MAX, limit).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "due times cannot be read");
                return Rest::Until(after(now, PAUSE));
            }
        };
        let further = due.len() == limit.get();
        for run in due {
            if waking.contains(&run.run) {
                continue;
            }
            if run.due > now {
                return Rest::Until(run.due);
            }
            if let Some(rest) = no_room(shared, waking) {
                return rest;
            }
            waking.insert(run.run.clone());
            shared.runtime.spawn(wake(Arc::clone(shared), run.run, done.clone()));
        }
        if !further {
            return Rest::Told;
        }
    }
}

/// What to wait for before a further run is woken. Those that are being woken will go on, so they take up room already.
fn no_room(shared: &Shared, waking: &HashSet<JourneyId>) -> Option<Rest> {
    let room = shared.load.room().min(CONCURRENT);
    if waking.len() < room {
        None
    } else if waking.is_empty() {
        Some(Rest::Relieved)
    } else {
        Some(Rest::Told)
    }
}

async fn wake(shared: Arc<Shared>, run: JourneyId, done: mpsc::Sender<JourneyId>) {
    let (applied, outcome) = oneshot::channel();
    {
        let active = shared.runs.enter(&run);
        if let Some(turn) = active.post(&shared, Message::Wake(applied)) {
            turn.drive().await;
        }
    }
    if outcome.await.is_err() {
        // Nothing could be applied: the store has failed, or the clock was set back.
        let later = after(shared.clock.now(), PAUSE);
        shared.clock.sleep_until(later).await;
    }
    drop(shared);
    // The scheduler may be gone with its engine.
    let _ = done.send(run).await;
}
