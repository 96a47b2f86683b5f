//! A store whose commits meet with what a test wants.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jf_core::{Epoch, IdempotencyKey, JourneyId, ScheduleId};
use jf_store::{
    Claim, Commit, DefinitionSource, DueRun, DueSchedule, EventPage, KeyRecord, KeyScope, ListKey, Revision,
    RunFilter, RunIndex, ScheduleChange, Store, StoreError, StoreErrorKind, StoredRun, StoredSchedule, Swept,
};
use jiff::Timestamp;

/// What happens to a write: a commit, a definition that is kept, a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It holds.
    Holds,
    /// It is made after others that are begun later, if these are not late as well; whether it holds then is for the store to say.
    Late,
    /// It does not hold, and the engine learns that.
    Refused,
    /// It holds, but the engine does not learn of it.
    Unknown,
    /// It does not hold, and the engine does not learn that either.
    Lost,
    /// Neither this one nor any further one holds: as if the process had been killed before it.
    Killed,
    /// This one holds, the engine does not learn of it, and none that follows holds: as if the process had been killed just after it.
    KilledAfter,
}

impl Fate {
    /// Every way a write can go wrong.
    pub const FAULTS: [Self; 5] = [Self::Refused, Self::Unknown, Self::Lost, Self::Killed, Self::KilledAfter];

    /// Whether the process is gone with it, so that only another engine on [`FaultyStore::disk`] can go on.
    #[must_use]
    pub const fn kills(self) -> bool {
        matches!(self, Self::Killed | Self::KilledAfter)
    }

    /// Whether what was to be written is there afterwards.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Holds | Self::Late | Self::Unknown | Self::KilledAfter)
    }
}

/// How often others get their turn before a late write.
const MOMENTS: usize = 64;

/// A store over another one that takes its time over writes, as if it had to wait for a disk, and loses those it is told to.
///
/// A test that wants to know what an engine does when the n-th write goes wrong, for every n, makes as many runs with
/// [`FaultyStore::fail_at`] as [`FaultyStore::writes`] counted in one where all went well:
///
/// ```
/// use std::sync::Arc;
///
/// use jf_store::{MemoryStore, Store, StoreErrorKind};
/// use jf_testkit::{Fate, FaultyStore};
///
/// # futures::executor::block_on(async {
/// let store = FaultyStore::new(Arc::new(MemoryStore::new()));
/// store.fail_at(1, Fate::Killed);
/// store.claim().await.expect("the first write holds");
/// let killed = store.claim().await.expect_err("the second one does not, nor any other");
/// assert_eq!((killed.kind(), store.writes(), store.is_dead()), (StoreErrorKind::LostClaim, 2, true));
/// // The next process finds what was written.
/// let disk = store.disk();
/// assert!(disk.claim().await.is_ok());
/// # });
/// ```
#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    /// Fates of the next writes.
    fates: VecDeque<Fate>,
    /// Reads that are refused from now on.
    reads: usize,
    writes: usize,
    dead: bool,
}

impl FaultyStore {
    /// A store in front of `inner`. Writes hold until it is told otherwise.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, plan: Mutex::default() }
    }

    /// The store behind: what is left when the process was killed.
    #[must_use]
    pub fn disk(&self) -> Arc<dyn Store> {
        Arc::clone(&self.inner)
    }

    /// Appends the fates of the next writes, one each.
    pub fn fail_next(&self, fates: &[Fate]) {
        self.plan().fates.extend(fates);
    }

    /// Lets `after` writes hold beyond those that are planned, and gives the one that follows its fate.
    pub fn fail_at(&self, after: usize, fate: Fate) {
        let fates = &mut self.plan().fates;
        fates.extend(std::iter::repeat_n(Fate::Holds, after));
        fates.push_back(fate);
    }

    /// Refuses the next `count` reads as unavailable.
    pub fn refuse_reads(&self, count: usize) {
        self.plan().reads = count;
    }

    /// How many writes were tried so far, whatever became of them.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.plan().writes
    }

    /// Whether the fate of a write was that of its process: nothing holds any more.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.plan().dead
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self) -> Fate {
        let mut plan = self.plan();
        plan.writes += 1;
        if plan.dead {
            return Fate::Killed;
        }
        let fate = plan.fates.pop_front().unwrap_or(Fate::Holds);
        plan.dead = fate.kills();
        fate
    }

    /// Lets a write meet with its fate.
    async fn write<T>(&self, write: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::task::yield_now().await;
        let fate = self.fate();
        if fate == Fate::Late {
            for _ in 0..MOMENTS {
                tokio::task::yield_now().await;
            }
        }
        let written = if fate.holds() { Some(write.await?) } else { None };
        match (fate, written) {
            (Fate::Holds | Fate::Late, Some(written)) => Ok(written),
            (Fate::Refused, _) => Err(StoreError::new(StoreErrorKind::Unavailable)),
            (Fate::Killed, _) => Err(StoreError::new(StoreErrorKind::LostClaim)),
            _ => Err(StoreError::new(StoreErrorKind::FateUnknown)),
        }
    }

    fn read(&self) -> Result<&dyn Store, StoreError> {
        let mut plan = self.plan();
        match plan.reads.checked_sub(1) {
            None => Ok(&*self.inner),
            Some(left) => {
                plan.reads = left;
                Err(StoreError::new(StoreErrorKind::Unavailable))
            }
        }
    }
}

#[async_trait]
impl Store for FaultyStore {
    fn is_durable(&self) -> bool {
        self.inner.is_durable()
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        self.read()?.epoch().await
    }

    async fn claim(&self) -> Result<Claim, StoreError> {
        self.write(self.inner.claim()).await
    }

    async fn commit(&self, commit: Commit) -> Result<Revision, StoreError> {
        self.write(self.inner.commit(commit)).await
    }

    async fn load(&self, run: &JourneyId) -> Result<Option<StoredRun>, StoreError> {
        self.read()?.load(run).await
    }

    async fn locate(&self, run: &JourneyId) -> Result<Option<RunIndex>, StoreError> {
        self.read()?.locate(run).await
    }

    async fn events(
        &self,
        run: &JourneyId,
        after: u64,
        limit: NonZeroUsize,
    ) -> Result<Option<EventPage>, StoreError> {
        self.read()?.events(run, after, limit).await
    }

    async fn due(&self, until: Timestamp, limit: NonZeroUsize) -> Result<Vec<DueRun>, StoreError> {
        self.read()?.due(until, limit).await
    }

    async fn in_motion(
        &self,
        after: Option<&JourneyId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<JourneyId>, StoreError> {
        self.read()?.in_motion(after, limit).await
    }

    async fn list(
        &self,
        filter: &RunFilter,
        after: Option<&ListKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<StoredRun>, StoreError> {
        self.read()?.list(filter, after, limit).await
    }

    async fn key(
        &self,
        scope: &KeyScope,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        self.read()?.key(scope, key, now).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<Swept, StoreError> {
        if self.is_dead() {
            return Err(StoreError::new(StoreErrorKind::LostClaim));
        }
        self.inner.sweep(now, limit).await
    }

    async fn keep_definition(
        &self,
        claim: Claim,
        identity: &DefinitionIdentity,
        source: DefinitionSource,
    ) -> Result<(), StoreError> {
        self.write(self.inner.keep_definition(claim, identity, source)).await
    }

    async fn definition(
        &self,
        identity: &DefinitionIdentity,
    ) -> Result<Option<DefinitionSource>, StoreError> {
        self.read()?.definition(identity).await
    }

    async fn schedule(&self, id: &ScheduleId) -> Result<Option<StoredSchedule>, StoreError> {
        self.read()?.schedule(id).await
    }

    async fn newest_schedule(
        &self,
        identity: &ScheduleIdentity,
    ) -> Result<Option<StoredSchedule>, StoreError> {
        self.read()?.newest_schedule(identity).await
    }

    async fn due_schedules(
        &self,
        until: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<DueSchedule>, StoreError> {
        self.read()?.due_schedules(until, limit).await
    }

    async fn scheduled_versions(&self) -> Result<Vec<DefinitionIdentity>, StoreError> {
        self.read()?.scheduled_versions().await
    }

    async fn schedules_of(
        &self,
        definition: &DefinitionIdentity,
        suspended: bool,
        after: Option<&ScheduleId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ScheduleId>, StoreError> {
        self.read()?.schedules_of(definition, suspended, after, limit).await
    }

    async fn change_schedule(&self, claim: Claim, change: ScheduleChange) -> Result<(), StoreError> {
        self.write(self.inner.change_schedule(claim, change)).await
    }
}
