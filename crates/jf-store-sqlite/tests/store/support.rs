//! What the tests share.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jf_core::{Epoch, IdempotencyKey, JourneyId, ScheduleId};
use jf_store::{
    Claim, Commit, DefinitionSource, DueRun, DueSchedule, EventPage, KeyRecord, KeyScope, ListKey, Revision,
    RunFilter, RunIndex, ScheduleChange, Store, StoreError, StoredRun, StoredSchedule, Swept,
};
use jf_store_sqlite::{SqliteConfig, SqliteStore};
use jiff::Timestamp;

/// A folder that goes with the test.
pub(crate) struct Folder(tempfile::TempDir, AtomicUsize);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap(), AtomicUsize::new(0))
    }

    /// The name of another file each time.
    pub(crate) fn file(&self) -> PathBuf {
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        self.path().join(format!("runs-{number}.db"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A file that is closed and opened anew for each operation.
#[derive(Debug)]
pub(crate) struct Reopening {
    config: SqliteConfig,
    turn: Mutex<()>,
}

impl Reopening {
    pub(crate) fn new(config: SqliteConfig) -> Self {
        Self { config, turn: Mutex::new(()) }
    }

    /// Operations come one after the other, as the file belongs to one store at a time.
    fn with<T>(&self, operation: impl AsyncFnOnce(&SqliteStore) -> T) -> T {
        let _turn = self.turn.lock().unwrap();
        let store = SqliteStore::open(&self.config).unwrap();
        futures::executor::block_on(operation(&store))
    }
}

#[async_trait]
impl Store for Reopening {
    fn is_durable(&self) -> bool {
        true
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        self.with(async |store| store.epoch().await)
    }

    async fn claim(&self) -> Result<Claim, StoreError> {
        self.with(async |store| store.claim().await)
    }

    async fn commit(&self, commit: Commit) -> Result<Revision, StoreError> {
        self.with(async |store| store.commit(commit).await)
    }

    async fn load(&self, run: &JourneyId) -> Result<Option<StoredRun>, StoreError> {
        self.with(async |store| store.load(run).await)
    }

    async fn locate(&self, run: &JourneyId) -> Result<Option<RunIndex>, StoreError> {
        self.with(async |store| store.locate(run).await)
    }

    async fn events(
        &self,
        run: &JourneyId,
        after: u64,
        limit: NonZeroUsize,
    ) -> Result<Option<EventPage>, StoreError> {
        self.with(async |store| store.events(run, after, limit).await)
    }

    async fn due(&self, until: Timestamp, limit: NonZeroUsize) -> Result<Vec<DueRun>, StoreError> {
        self.with(async |store| store.due(until, limit).await)
    }

    async fn in_motion(
        &self,
        after: Option<&JourneyId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<JourneyId>, StoreError> {
        self.with(async |store| store.in_motion(after, limit).await)
    }

    async fn list(
        &self,
        filter: &RunFilter,
        after: Option<&ListKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<StoredRun>, StoreError> {
        self.with(async |store| store.list(filter, after, limit).await)
    }

    async fn key(
        &self,
        scope: &KeyScope,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        self.with(async |store| store.key(scope, key, now).await)
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<Swept, StoreError> {
        self.with(async |store| store.sweep(now, limit).await)
    }

    async fn keep_definition(
        &self,
        claim: Claim,
        identity: &DefinitionIdentity,
        source: DefinitionSource,
    ) -> Result<(), StoreError> {
        self.with(async |store| store.keep_definition(claim, identity, source).await)
    }

    async fn definition(
        &self,
        identity: &DefinitionIdentity,
    ) -> Result<Option<DefinitionSource>, StoreError> {
        self.with(async |store| store.definition(identity).await)
    }

    async fn schedule(&self, id: &ScheduleId) -> Result<Option<StoredSchedule>, StoreError> {
        self.with(async |store| store.schedule(id).await)
    }

    async fn newest_schedule(
        &self,
        identity: &ScheduleIdentity,
    ) -> Result<Option<StoredSchedule>, StoreError> {
        self.with(async |store| store.newest_schedule(identity).await)
    }

    async fn due_schedules(
        &self,
        until: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<DueSchedule>, StoreError> {
        self.with(async |store| store.due_schedules(until, limit).await)
    }

    async fn scheduled_versions(&self) -> Result<Vec<DefinitionIdentity>, StoreError> {
        self.with(async |store| store.scheduled_versions().await)
    }

    async fn schedules_of(
        &self,
        definition: &DefinitionIdentity,
        suspended: bool,
        after: Option<&ScheduleId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ScheduleId>, StoreError> {
        self.with(async |store| store.schedules_of(definition, suspended, after, limit).await)
    }

    async fn change_schedule(&self, claim: Claim, change: ScheduleChange) -> Result<(), StoreError> {
        self.with(async |store| store.change_schedule(claim, change).await)
    }
}
