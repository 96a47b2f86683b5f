//! The complete store in memory.

mod ended;
mod entry;
mod keys;
mod shard;

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use async_trait::async_trait;
use jf_core::dsl::{DefinitionName, Kind, Version};
use jf_core::spi::DefinitionIdentity;
use jf_core::{Epoch, IdempotencyKey, JourneyId};
use jiff::Timestamp;

use self::ended::Ended;
use self::keys::StartKeys;
use self::shard::Shard;
use crate::{
    Claim, Commit, DefinitionSource, DueRun, EventPage, KeyRecord, KeyScope, ListKey, Retention, Revision,
    RunFilter, RunIndex, Store, StoreError, StoreErrorKind, StoredRun, Swept,
};

const SHARDS: usize = 16;

/// Runs that are looked at under one lock of a shard while a list is put together.
const LIST_CHUNK: usize = 512;

/// Keeps everything in this process: a full store for tests, development, and journeys that need not survive a restart.
///
/// It holds snapshots and events as they are, without encoding them (decision record 0007). Runs are spread over shards by their id; a commit
/// takes the lock of one shard for about a microsecond and nothing waits for anything else. Ended runs beyond
/// [`Retention::memory_runs`] are removed as further runs end (ENG-104).
///
/// Its logs do not survive the process: each store has an epoch of its own (ENG-108). Several engines may share one store in
/// turn; the latest claim wins.
pub struct MemoryStore {
    epoch: Epoch,
    retention: Retention,
    claims: AtomicU64,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    start_keys: Mutex<StartKeys>,
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
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
            start_keys: Mutex::default(),
            ended: Mutex::default(),
            definitions: Mutex::default(),
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
        let hash = self.hasher.hash_one(run.as_str());
        lock(&self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or(0)])
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
        if starts {
            return self.apply_with_start_keys(commit);
        }
        let mut shard = self.shard(&commit.run);
        self.check_claim(commit.claim)?;
        shard.commit(commit, &self.retention)
    }

    /// Start keys are held across runs, so their lock is taken around that of the shard.
    fn apply_with_start_keys(&self, commit: Commit) -> Result<Revision, StoreError> {
        let mut start_keys = lock(&self.start_keys);
        start_keys.check(&commit.keys, commit.at)?;
        let keys = commit.keys.clone();
        let revision = {
            let mut shard = self.shard(&commit.run);
            self.check_claim(commit.claim)?;
            shard.commit(commit, &self.retention)?
        };
        start_keys.insert(keys);
        Ok(revision)
    }

    /// Removes a run with everything that belongs to it, unless it is not there or has not ended.
    fn remove(&self, run: &JourneyId) -> bool {
        let Some(entry) = self.shard(run).remove_ended(run) else { return false };
        if !entry.start_keys.is_empty() {
            lock(&self.start_keys).remove(&entry.start_keys, run);
        }
        true
    }

    fn evict(&self) {
        while let Some(run) = { lock(&self.ended).pop_beyond(self.retention.memory_runs) } {
            self.remove(&run);
        }
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
        let ends = commit.index.phase.is_final().then(|| (commit.at, commit.run.clone()));
        let was_there = commit.expected.is_some();
        let revision = self.apply(commit)?;
        if let Some((at, run)) = ends {
            // A later commit of an ended run finds its end on record already.
            if !was_there || self.shard(&run).mark_end_recorded(&run) {
                lock(&self.ended).push(at, run);
                self.evict();
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
}

fn version(identity: &DefinitionIdentity) -> (Kind, DefinitionName, Version) {
    (identity.kind, identity.name.clone(), identity.version.clone())
}
