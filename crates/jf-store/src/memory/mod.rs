//! The complete store in memory.

mod ended;
mod entry;
mod keys;
mod order;
mod schedules;
mod shard;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::poll_fn;
use std::hash::BuildHasher;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use async_trait::async_trait;
use foldhash::fast::RandomState;
use jf_core::dsl::{DefinitionName, Kind, Version};
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jf_core::{Epoch, IdempotencyKey, JourneyId, ScheduleId};
use jiff::Timestamp;

use self::ended::Ended;
use self::keys::StartKeys;
use self::schedules::Schedules;
use self::shard::Shard;
use crate::{
    Claim, Commit, DefinitionSource, DueRun, DueSchedule, EventPage, KeyRecord, KeyScope, ListKey, NewRun,
    OutboxEntry, Retention, Revision, RunFilter, RunIndex, ScheduleChange, Store, StoreError, StoreErrorKind,
    StoredRun, StoredSchedule, Swept,
};

const SHARDS: usize = 16;

/// Runs that may go on at the same time, unless told otherwise.
const LIVE_RUNS: usize = 1_000_000;

/// Runs that are looked at under one lock of a shard while a list is put together.
const LIST_CHUNK: usize = 512;

/// Keeps everything in this process: a full store for tests, development, and journeys that need not survive a restart.
///
/// It holds snapshots and events as they are, without encoding them (decision record 0007). Runs are spread over shards by their id; a commit
/// takes the lock of one shard for about a microsecond and nothing waits for anything else; one with an outbox takes those of all runs it
/// speaks of. Ended runs beyond
/// [`Retention::memory_runs`] are removed as further runs end (ENG-104). Those that have not ended are never removed; how many there may be
/// is bounded too, see [`MemoryStore::with_live_runs`].
///
/// Its logs do not survive the process: each store has an epoch of its own (ENG-108). Several engines may share one store in
/// turn; the latest claim wins.
pub struct MemoryStore {
    epoch: Epoch,
    retention: Retention,
    claims: AtomicU64,
    /// Runs that have not ended.
    live: AtomicUsize,
    most_live: usize,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    // Locks are taken in this order: keys of starts, schedules, shards by their number.
    start_keys: Mutex<StartKeys>,
    schedules: Mutex<Schedules>,
    ended: Mutex<Ended>,
    definitions: Mutex<HashMap<(Kind, DefinitionName, Version), DefinitionSource>>,
}

impl MemoryStore {
    /// An empty store with the retention of the specification.
    #[must_use]
    pub fn new() -> Self {
        Self::with_retention(Retention::default())
    }

    /// An empty store that forgets as told.
    #[must_use]
    pub fn with_retention(retention: Retention) -> Self {
        Self {
            epoch: Epoch::random(),
            retention,
            claims: AtomicU64::new(0),
            live: AtomicUsize::new(0),
            most_live: LIVE_RUNS,
            hasher: RandomState::default(),
            shards: std::array::from_fn(|_| Mutex::default()),
            start_keys: Mutex::default(),
            schedules: Mutex::default(),
            ended: Mutex::default(),
            definitions: Mutex::default(),
        }
    }

    /// Lets so many runs go on at the same time: 1 000 000 unless told otherwise. A commit that would begin a further one is refused as
    /// [`StoreErrorKind::Full`] (sentence 28 of the contract).
    ///
    /// Whoever may start runs could fill the memory with ones that wait for ever; a durable store has the disk for them.
    #[must_use]
    pub const fn with_live_runs(mut self, runs: usize) -> Self {
        self.most_live = runs;
        self
    }

    /// How many runs it holds that have not ended.
    #[must_use]
    pub fn live_runs(&self) -> usize {
        self.live.load(Ordering::Acquire)
    }

    /// Takes a place for a run that goes on.
    fn take_place(&self) -> Result<Place<'_>, StoreError> {
        let within = |live: usize| (live < self.most_live).then_some(live + 1);
        match self.live.fetch_update(Ordering::AcqRel, Ordering::Acquire, within) {
            Ok(_) => Ok(Place { live: &self.live }),
            Err(live) => Err(StoreError::new(StoreErrorKind::Full).with("runs", live)),
        }
    }

    /// How many runs it holds, ended ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Whether it holds no runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, run: &JourneyId) -> MutexGuard<'_, Shard> {
        lock(&self.shards[self.number(run)])
    }

    /// The number of the shard that a run is in.
    fn number(&self, run: &JourneyId) -> usize {
        let hash = self.hasher.hash_one(run.as_str());
        usize::try_from(hash % SHARDS as u64).unwrap_or(0)
    }

    fn check_claim(&self, claim: Claim) -> Result<(), StoreError> {
        let latest = self.claims.load(Ordering::Acquire);
        if claim.get() == latest {
            return Ok(());
        }
        Err(StoreError::new(StoreErrorKind::LostClaim).with("claim", claim.get()).with("latest", latest))
    }

    /// The commit proper. The claim is read again under the lock of the shard: a claim that is lost meanwhile is lost for every
    /// commit that follows a load by its new owner.
    fn apply(&self, commit: Commit) -> Result<Revision, StoreError> {
        let starts = commit.keys.iter().any(|new| matches!(new.scope, KeyScope::Start { .. }));
        if starts || !commit.outbox.is_empty() {
            return self.apply_widely(commit, starts);
        }
        let mut shard = self.shard(&commit.run);
        self.check_claim(commit.claim)?;
        shard.commit(commit, &self.retention)
    }

    /// A commit that concerns more than its run: everything is locked, then checked, then written.
    fn apply_widely(&self, mut commit: Commit, starts: bool) -> Result<Revision, StoreError> {
        commit.check_outbox()?;
        let (claim, at) = (commit.claim, commit.at);
        let outbox = Outbox::of(&mut commit);
        // Start keys are held across runs, so their lock is taken around those of the shards.
        let mut start_keys = starts.then(|| lock(&self.start_keys));
        let mut schedules = (!outbox.schedules.is_empty()).then(|| lock(&self.schedules));
        let numbers = outbox.runs().chain([&commit.run]).map(|run| (self.number(run), ()));
        let numbers: BTreeMap<usize, ()> = numbers.collect();
        let locked = numbers.into_keys().map(|number| (number, lock(&self.shards[number])));
        let mut shards: BTreeMap<usize, MutexGuard<'_, Shard>> = locked.collect();
        if let Some(start_keys) = &start_keys {
            start_keys.check(&commit.keys, at)?;
        }
        self.check_claim(claim)?;
        if let Some(schedules) = &schedules {
            outbox.schedules.iter().try_for_each(|change| schedules.check(change))?;
        }
        for new in &outbox.created {
            if self.among(&mut shards, &new.run).locate(&new.run).is_some() {
                return Err(StoreError::new(StoreErrorKind::Exists).with("run", &new.run));
            }
        }
        let keys = if starts { commit.keys.clone() } else { Vec::new() };
        let run = commit.run.clone();
        let revision = self.among(&mut shards, &run).commit(commit, &self.retention)?;
        for new in outbox.created {
            let run = new.run.clone();
            // A run that is not there, with a log that was checked: it is never refused.
            self.among(&mut shards, &run).commit(new.into_commit(claim, at), &self.retention)?;
        }
        for run in &outbox.woken {
            self.among(&mut shards, run).wake(run);
        }
        if let Some(schedules) = &mut schedules {
            outbox.schedules.into_iter().for_each(|change| schedules.apply(change));
        }
        if let Some(start_keys) = &mut start_keys {
            start_keys.insert(keys);
        }
        Ok(revision)
    }

    /// The shard of a run among those that are locked.
    fn among<'a>(
        &self,
        shards: &'a mut BTreeMap<usize, MutexGuard<'_, Shard>>,
        run: &JourneyId,
    ) -> &'a mut Shard {
        shards.get_mut(&self.number(run)).expect("the shards of all runs of the commit are locked")
    }

    /// Removes a run with everything that belongs to it, unless it is not there or has not ended.
    fn remove(&self, run: &JourneyId) -> bool {
        let Some(entry) = self.shard(run).remove_ended(run) else { return false };
        if !entry.start_keys.is_empty() {
            lock(&self.start_keys).remove(&entry.start_keys, run);
        }
        true
    }

    /// Notes that a run has ended, and removes the one that is too many now (ENG-104).
    fn record_end(&self, at: Timestamp, run: JourneyId) {
        let beyond = lock(&self.ended).push(at, run, self.retention.memory_runs);
        if let Some(run) = beyond {
            self.remove(&run);
        }
    }
}

/// A place for a run that goes on; given back unless the run has it.
struct Place<'a> {
    live: &'a AtomicUsize,
}

impl Place<'_> {
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An outbox by what is done with it.
struct Outbox {
    created: Vec<NewRun>,
    woken: Vec<JourneyId>,
    schedules: Vec<ScheduleChange>,
}

impl Outbox {
    /// Takes the outbox out of a commit.
    fn of(commit: &mut Commit) -> Self {
        let mut outbox = Self { created: Vec::new(), woken: Vec::new(), schedules: Vec::new() };
        for entry in std::mem::take(&mut commit.outbox) {
            match entry {
                OutboxEntry::Create(new) => outbox.created.push(*new),
                OutboxEntry::Wake(run) => outbox.woken.push(run),
                OutboxEntry::Schedule(change) => outbox.schedules.push(change),
            }
        }
        outbox
    }

    fn runs(&self) -> impl Iterator<Item = &JourneyId> {
        self.created.iter().map(|new| &new.run).chain(&self.woken)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("epoch", &self.epoch)
            .field("runs", &self.len())
            .finish_non_exhaustive()
    }
}

// Every change is checked before the first write and the writes cannot fail, so a poisoned lock guards a whole state.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets others have the thread, in any runtime.
async fn give_way() {
    let mut gave_way = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut gave_way, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[async_trait]
impl Store for MemoryStore {
    fn is_durable(&self) -> bool {
        false
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        Ok(self.epoch.clone())
    }

    async fn claim(&self) -> Result<Claim, StoreError> {
        Ok(Claim::new(self.claims.fetch_add(1, Ordering::AcqRel) + 1))
    }

    async fn commit(&self, commit: Commit) -> Result<Revision, StoreError> {
        let at = commit.at;
        let ends = commit.index.phase.is_final().then(|| commit.run.clone());
        let was_there = commit.expected.is_some();
        let (mut born_ended, mut born_alive) = (Vec::new(), 0);
        for entry in &commit.outbox {
            match entry {
                OutboxEntry::Create(new) if new.index.phase.is_final() => born_ended.push(new.run.clone()),
                OutboxEntry::Create(_) => born_alive += 1,
                _ => {}
            }
        }
        let place = if was_there || ends.is_some() { None } else { Some(self.take_place()?) };
        let revision = self.apply(commit)?;
        place.into_iter().for_each(Place::keep);
        self.live.fetch_add(born_alive, Ordering::AcqRel);
        for run in born_ended {
            self.record_end(at, run);
        }
        if let Some(run) = ends {
            // A later commit of an ended run finds its end on record already.
            let has_ended = was_there && self.shard(&run).mark_end_recorded(&run);
            if has_ended {
                self.live.fetch_sub(1, Ordering::AcqRel);
            }
            if has_ended || !was_there {
                self.record_end(at, run);
            }
        }
        Ok(revision)
    }

    async fn load(&self, run: &JourneyId) -> Result<Option<StoredRun>, StoreError> {
        Ok(self.shard(run).load(run))
    }

    async fn locate(&self, run: &JourneyId) -> Result<Option<RunIndex>, StoreError> {
        Ok(self.shard(run).locate(run))
    }

    async fn events(
        &self,
        run: &JourneyId,
        after: u64,
        limit: NonZeroUsize,
    ) -> Result<Option<EventPage>, StoreError> {
        Ok(self.shard(run).events(run, after, limit.get()))
    }

    async fn due(&self, until: Timestamp, limit: NonZeroUsize) -> Result<Vec<DueRun>, StoreError> {
        let mut found: Vec<DueRun> = Vec::new();
        for shard in &self.shards {
            found.extend(lock(shard).due(until).take(limit.get()).cloned());
        }
        found.sort_unstable();
        found.truncate(limit.get());
        Ok(found)
    }

    async fn in_motion(
        &self,
        after: Option<&JourneyId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<JourneyId>, StoreError> {
        let mut found: Vec<JourneyId> = Vec::new();
        for shard in &self.shards {
            found.extend(lock(shard).in_motion(after).take(limit.get()).cloned());
        }
        found.sort_unstable();
        found.truncate(limit.get());
        Ok(found)
    }

    async fn list(
        &self,
        filter: &RunFilter,
        after: Option<&ListKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<StoredRun>, StoreError> {
        let mut page: Vec<(ListKey, StoredRun)> = Vec::new();
        for shard in &self.shards {
            // A full page bounds the search in the shards that follow.
            let bound =
                (page.len() >= limit.get()).then(|| page.last().map(|(key, _)| key.clone())).flatten();
            let mut position = after.cloned();
            let mut wanted = limit.get();
            while wanted > 0 {
                let chunk = lock(shard).list(filter, position.as_ref(), bound.as_ref(), wanted, LIST_CHUNK);
                wanted -= chunk.found.len();
                page.extend(chunk.found);
                match chunk.next {
                    Some(next) => position = Some(next),
                    None => break,
                }
                // A filter that hardly anything matches looks at all runs, and is not the only one to need the thread.
                give_way().await;
            }
            page.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            page.truncate(limit.get());
        }
        Ok(page.into_iter().map(|(_, run)| run).collect())
    }

    async fn key(
        &self,
        scope: &KeyScope,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let record = match scope {
            KeyScope::Start { .. } => lock(&self.start_keys).get(scope, key),
            KeyScope::Run(run) => self.shard(run).key(run, key),
        };
        Ok(record.filter(|record| record.is_kept(now)))
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        let (runs, logs) = lock(&self.ended).pop_expired(now, &self.retention, limit.get());
        swept.runs = runs.into_iter().filter(|run| self.remove(run)).collect();
        swept.logs = logs.iter().filter(|run| self.shard(run).cut_log(run)).count();
        swept.keys = lock(&self.start_keys).pop_expired(now, limit.get());
        Ok(swept)
    }

    async fn keep_definition(
        &self,
        claim: Claim,
        identity: &DefinitionIdentity,
        source: DefinitionSource,
    ) -> Result<(), StoreError> {
        self.check_claim(claim)?;
        lock(&self.definitions).insert(version(identity), source);
        Ok(())
    }

    async fn definition(
        &self,
        identity: &DefinitionIdentity,
    ) -> Result<Option<DefinitionSource>, StoreError> {
        Ok(lock(&self.definitions).get(&version(identity)).cloned())
    }

    async fn schedule(&self, id: &ScheduleId) -> Result<Option<StoredSchedule>, StoreError> {
        Ok(lock(&self.schedules).get(id))
    }

    async fn newest_schedule(
        &self,
        identity: &ScheduleIdentity,
    ) -> Result<Option<StoredSchedule>, StoreError> {
        Ok(lock(&self.schedules).newest(identity))
    }

    async fn due_schedules(
        &self,
        until: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<DueSchedule>, StoreError> {
        Ok(lock(&self.schedules).due(until).take(limit.get()).cloned().collect())
    }

    async fn scheduled_versions(&self) -> Result<Vec<DefinitionIdentity>, StoreError> {
        Ok(lock(&self.schedules).versions())
    }

    async fn schedules_of(
        &self,
        definition: &DefinitionIdentity,
        suspended: bool,
        after: Option<&ScheduleId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ScheduleId>, StoreError> {
        let schedules = lock(&self.schedules);
        Ok(schedules.of(definition, suspended, after).take(limit.get()).cloned().collect())
    }

    async fn change_schedule(&self, claim: Claim, change: ScheduleChange) -> Result<(), StoreError> {
        let mut schedules = lock(&self.schedules);
        self.check_claim(claim)?;
        schedules.check(&change)?;
        schedules.apply(change);
        Ok(())
    }
}

fn version(identity: &DefinitionIdentity) -> (Kind, DefinitionName, Version) {
    (identity.kind, identity.name.clone(), identity.version.clone())
}
