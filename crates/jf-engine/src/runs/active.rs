//! The map of active runs and their mailboxes.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hashbrown::HashTable;
use jf_core::{EngineError, JourneyId};

use super::cell::Cell;
use super::message::{CancelRun, Message};
use super::turn::Turn;
use crate::shared::Shared;

const SHARDS: usize = 16;

/// All active runs of an engine.
pub(crate) struct ActiveRuns {
    // Clients can have ids of their making here, if for as long as they ask for them: the hash is one that they cannot aim at. It takes
    // its time, so that it is made once for all that is done with an active run.
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

type Shard = HashTable<Entry>;

/// The place of a run, which may have become inactive.
struct Entry {
    id: JourneyId,
    hash: u64,
    run: Weak<ActiveRun>,
}

impl ActiveRuns {
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// How many runs are active.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn leave(&self, run: &ActiveRun) {
        let mut shard = self.shard(run.hash);
        // Somebody may have entered anew since the last reference went.
        let gone = |entry: &Entry| entry.id == run.id && entry.run.strong_count() == 0;
        if let Ok(entry) = shard.find_entry(run.hash, gone) {
            drop(entry.remove());
        }
    }

    /// The tables use the bits at both ends of a hash, so that shards go by others.
    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        lock(&self.shards[usize::try_from((hash >> 32) % SHARDS as u64).unwrap_or(0)])
    }
}

impl Shared {
    /// The active run of that id, which need not exist in the store.
    pub(crate) fn enter(self: &Arc<Self>, id: &JourneyId) -> Arc<ActiveRun> {
        let hash = self.runs.hasher.hash_one(id.as_str());
        let mut shard = self.runs.shard(hash);
        let entry = shard.find_mut(hash, |entry| entry.id == *id);
        if let Some(active) = entry.as_ref().and_then(|entry| entry.run.upgrade()) {
            return active;
        }
        let active = Arc::new(ActiveRun {
            id: id.clone(),
            hash,
            shared: Arc::clone(self),
            mailbox: Mutex::new(Mailbox { queue: VecDeque::new(), busy: false, cell: None }),
        });
        let run = Arc::downgrade(&active);
        match entry {
            // Its last reference has gone, and it has not left yet.
            Some(entry) => entry.run = run,
            None => {
                shard.insert_unique(hash, Entry { id: id.clone(), hash, run }, |entry| entry.hash);
            }
        }
        active
    }
}

impl fmt::Debug for ActiveRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActiveRuns").field("len", &self.len()).finish()
    }
}

/// A run that something is happening to.
pub(crate) struct ActiveRun {
    id: JourneyId,
    hash: u64,
    /// The one reference to the engine of all turns of this run, since all threads wait for each other to count references. There is no
    /// circle: the map of active runs, which is part of it, holds them weakly.
    shared: Arc<Shared>,
    mailbox: Mutex<Mailbox>,
}

struct Mailbox {
    queue: VecDeque<Message>,
    /// Somebody has the turn.
    busy: bool,
    /// What is kept from one turn to the next.
    cell: Option<Box<Cell>>,
}

impl ActiveRun {
    pub(crate) const fn id(&self) -> &JourneyId {
        &self.id
    }

    pub(super) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Leaves a message. Whoever gets a turn must drive it.
    #[must_use = "a turn that is not driven leaves its messages unread"]
    pub(crate) fn post(self: &Arc<Self>, message: Message) -> Option<Turn> {
        self.put(lock(&self.mailbox), message)
    }

    /// Leaves a command, unless too many wait for this run already. What the run itself has to take note of is never refused.
    pub(crate) fn post_command(self: &Arc<Self>, message: Message) -> Result<Option<Turn>, EngineError> {
        let mailbox = lock(&self.mailbox);
        if mailbox.queue.len() >= self.shared.config.commands_per_run {
            return Err(self.shared.refuse_crowd());
        }
        Ok(self.put(mailbox, message))
    }

    fn put(self: &Arc<Self>, mut mailbox: MutexGuard<'_, Mailbox>, message: Message) -> Option<Turn> {
        mailbox.queue.push_back(message);
        if std::mem::replace(&mut mailbox.busy, true) {
            return None;
        }
        let cell = mailbox.cell.take().unwrap_or_default();
        Some(Turn::new(Arc::clone(self), cell))
    }

    /// The next message, or the end of the turn, to which the cell must be given back at once.
    pub(super) fn next(&self, cell: &mut Option<Box<Cell>>) -> Option<Message> {
        let mut mailbox = lock(&self.mailbox);
        let message = mailbox.queue.pop_front();
        if message.is_none() {
            mailbox.busy = false;
            mailbox.cell = cell.take();
        }
        message
    }

    /// The first cancellation that waits and needs no read to be decided. It may overtake what waits before it when the run is busy
    /// with pure states.
    pub(super) fn next_cancel(&self) -> Option<Box<CancelRun>> {
        let mut mailbox = lock(&self.mailbox);
        let keyless = |message: &Message| matches!(message, Message::Cancel(cancel) if cancel.key.is_none());
        let at = mailbox.queue.iter().position(keyless)?;
        match mailbox.queue.remove(at) {
            Some(Message::Cancel(cancel)) => Some(cancel),
            _ => None,
        }
    }

    /// Ends a turn that broke off: what it knew is dropped, and so are the messages that wait, whose senders learn of it.
    pub(super) fn abandon(&self) {
        let mut mailbox = lock(&self.mailbox);
        mailbox.busy = false;
        let dropped = std::mem::take(&mut mailbox.queue);
        drop(mailbox);
        drop(dropped);
    }
}

impl Drop for ActiveRun {
    fn drop(&mut self) {
        self.shared.runs.leave(self);
    }
}

impl fmt::Debug for ActiveRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActiveRun({})", self.id)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The critical sections cannot be left half done, so a poisoned lock guards a whole state.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jf_core::JourneyId;
    use jf_dsl::Catalog;

    use crate::EmbeddedEngine;

    async fn engine() -> EmbeddedEngine {
        let nothing = Catalog::new(Vec::new()).expect("no definitions disagree");
        EmbeddedEngine::builder(nothing).build().await.expect("nothing is missing")
    }

    #[tokio::test]
    async fn a_run_is_active_while_somebody_holds_it() {
        let engine = engine().await;
        let (shared, id) = (&engine.shared, JourneyId::random());
        let first = shared.enter(&id);
        assert!(Arc::ptr_eq(&first, &shared.enter(&id)));
        assert_eq!(shared.runs.len(), 1);
        drop(first);
        assert_eq!(shared.runs.len(), 0);
        let again = shared.enter(&id);
        assert_eq!(shared.runs.len(), 1);
        drop(again);
    }

    #[tokio::test]
    async fn an_engine_is_gone_with_its_last_active_run() {
        let engine = engine().await;
        let held = engine.shared.enter(&JourneyId::random());
        let shared = Arc::downgrade(&engine.shared);
        drop(engine);
        // Its tasks notice at their next turn.
        while shared.strong_count() > 1 {
            tokio::task::yield_now().await;
        }
        drop(held);
        assert!(shared.upgrade().is_none());
    }

    #[tokio::test]
    async fn leaving_late_does_not_remove_the_one_who_came_since() {
        let engine = engine().await;
        let (shared, id) = (&engine.shared, JourneyId::random());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        let held = shared.enter(&id);
                        assert!(Arc::ptr_eq(&held, &shared.enter(&id)));
                    }
                });
            }
        });
        assert_eq!(shared.runs.len(), 0);
    }
}
