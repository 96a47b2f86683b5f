//! A store whose commits meet with what a test wants.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jf_core::spi::DefinitionIdentity;
use jf_core::{Epoch, IdempotencyKey, JourneyId};
use jf_store::{
    Claim, Commit, DefinitionSource, DueRun, EventPage, KeyRecord, KeyScope, ListKey, Revision, RunFilter,
    RunIndex, Store, StoreError, StoreErrorKind, StoredRun, Swept,
};
use jiff::Timestamp;

/// What happens to a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It holds.
    Holds,
    /// It does not hold.
    Refused,
    /// It holds, but the engine does not learn of it.
    Unknown,
    /// Neither this one nor any further one holds: as if the process had been killed.
    Killed,
}

/// A store over another one that takes its time over commits, as if it had to wait for a disk, and loses those it is told to.
#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    fates: Mutex<VecDeque<Fate>>,
}

impl FaultyStore {
    /// A store in front of `inner`. Commits hold until [`FaultyStore::fail_next`] says otherwise.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, fates: Mutex::default() }
    }

    /// The store behind: what is left when the process was killed.
    #[must_use]
    pub fn disk(&self) -> Arc<dyn Store> {
        Arc::clone(&self.inner)
    }

    /// Appends the fates of the next commits, one each. Nothing follows [`Fate::Killed`].
    pub fn fail_next(&self, fates: &[Fate]) {
        self.fates().extend(fates);
    }

    fn fates(&self) -> MutexGuard<'_, VecDeque<Fate>> {
        self.fates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self) -> Fate {
        let mut fates = self.fates();
        match fates.front() {
            Some(Fate::Killed) => Fate::Killed,
            _ => fates.pop_front().unwrap_or(Fate::Holds),
        }
    }
}

#[async_trait]
impl Store for FaultyStore {
    fn is_durable(&self) -> bool {
        self.inner.is_durable()
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        self.inner.epoch().await
    }

    async fn claim(&self) -> Result<Claim, StoreError> {
        self.inner.claim().await
    }

    async fn commit(&self, commit: Commit) -> Result<Revision, StoreError> {
        tokio::task::yield_now().await;
        match self.fate() {
            Fate::Holds => self.inner.commit(commit).await,
            Fate::Refused => Err(StoreError::new(StoreErrorKind::Unavailable)),
            Fate::Unknown => {
                self.inner.commit(commit).await?;
                Err(StoreError::new(StoreErrorKind::FateUnknown))
            }
            Fate::Killed => Err(StoreError::new(StoreErrorKind::LostClaim)),
        }
    }

    async fn load(&self, run: &JourneyId) -> Result<Option<StoredRun>, StoreError> {
        self.inner.load(run).await
    }

    async fn locate(&self, run: &JourneyId) -> Result<Option<RunIndex>, StoreError> {
        self.inner.locate(run).await
    }

    async fn events(
        &self,
        run: &JourneyId,
        after: u64,
        limit: NonZeroUsize,
    ) -> Result<Option<EventPage>, StoreError> {
        self.inner.events(run, after, limit).await
    }

    async fn due(&self, until: Timestamp, limit: NonZeroUsize) -> Result<Vec<DueRun>, StoreError> {
        self.inner.due(until, limit).await
    }

    async fn in_motion(
        &self,
        after: Option<&JourneyId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<JourneyId>, StoreError> {
        self.inner.in_motion(after, limit).await
    }

    async fn list(
        &self,
        filter: &RunFilter,
        after: Option<&ListKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<StoredRun>, StoreError> {
        self.inner.list(filter, after, limit).await
    }

    async fn key(
        &self,
        scope: &KeyScope,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        self.inner.key(scope, key, now).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<Swept, StoreError> {
        self.inner.sweep(now, limit).await
    }

    async fn keep_definition(
        &self,
        claim: Claim,
        identity: &DefinitionIdentity,
        source: DefinitionSource,
    ) -> Result<(), StoreError> {
        self.inner.keep_definition(claim, identity, source).await
    }

    async fn definition(
        &self,
        identity: &DefinitionIdentity,
    ) -> Result<Option<DefinitionSource>, StoreError> {
        self.inner.definition(identity).await
    }
}
