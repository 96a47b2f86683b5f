//! The store.

use std::collections::HashSet;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jf_core::{Epoch, IdempotencyKey, JourneyId, ScheduleId};
use jf_store::{
    Claim, Commit, DefinitionSource, DueRun, DueSchedule, EventPage, KeyRecord, KeyScope, ListKey, Revision,
    RunFilter, RunIndex, ScheduleChange, Store, StoreError, StoredRun, StoredSchedule, Swept,
};
use jiff::Timestamp;

use crate::config::SqliteConfig;
use crate::definitions::{self, Definitions};
use crate::error::OpenError;
use crate::fresh::{FreshRun, FreshRuns};
use crate::open::{self, Opened};
use crate::reader::{Reader, Readers};
use crate::schedules;
use crate::writer::{Encoded, EncodedChange, Job, Writer};

/// Keeps everything in one SQLite file: what is committed survives the process and, unless told otherwise, the loss of power.
///
/// One thread writes and shares each wait for the disk among all commits that are there; some threads read. No call blocks the thread
/// it is made on. Dropping the store waits until what was sent is written, and gives the file back.
///
/// The file belongs to one process at a time (ENG-102): opening it a second time is refused. Programs that only read it, such as a
/// backup, do not get in the way.
pub struct SqliteStore {
    path: PathBuf,
    epoch: Epoch,
    fresh: Arc<FreshRuns>,
    /// Events of a run that are kept.
    kept_events: usize,
    // Readers end before the writer, who gives the file back.
    readers: Readers,
    writer: Writer,
}

impl SqliteStore {
    /// Opens a file, or makes it. Blocks its thread: on a file that was left in good order for some milliseconds.
    ///
    /// # Errors
    /// When the file cannot be used, with the reason. Nothing takes its place.
    pub fn open(config: &SqliteConfig) -> Result<Self, OpenError> {
        Self::assemble(open::open(config)?, config)
    }

    fn assemble(opened: Opened, config: &SqliteConfig) -> Result<Self, OpenError> {
        let Opened { path, ownership, writer, journal, epoch } = opened;
        let definitions = Arc::new(Definitions::default());
        let helper = open::open_helper(&path, config)?;
        let mut readers = Vec::new();
        for _ in 0..config.readers.max(1) {
            let connection = open::open_reader(&path, config.cache_kib / 8)?;
            readers.push(Reader { connection, definitions: Arc::clone(&definitions) });
        }
        let failed = |error| OpenError::io(&path, error);
        let fresh = Arc::new(FreshRuns::default());
        let shared = (definitions, Arc::clone(&fresh));
        let writer = Writer::start((writer, helper), journal, shared, config, ownership).map_err(failed)?;
        let readers = Readers::start(readers, config.queue).map_err(failed)?;
        Ok(Self { path, epoch, fresh, kept_events: config.retention.events, readers, writer })
    }

    /// Waits until the tables say everything that was committed when this was called.
    async fn settled(&self) -> Result<(), StoreError> {
        if self.fresh.is_empty() && !self.fresh.is_behind() {
            return Ok(());
        }
        self.writer.perform(Job::Settle).await
    }

    /// The file, by its real name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes so far that commits of runs have shared. With the number of commits it tells how well the waits for the disk are
    /// shared.
    #[must_use]
    pub fn group_commits(&self) -> u64 {
        self.writer.groups()
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn is_durable(&self) -> bool {
        true
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        Ok(self.epoch.clone())
    }

    async fn claim(&self) -> Result<Claim, StoreError> {
        self.writer.perform(Job::Claim).await
    }

    async fn commit(&self, commit: Commit) -> Result<Revision, StoreError> {
        let encoded = Box::new(Encoded::new(commit)?);
        self.writer.perform(|reply| Job::Commit(encoded, reply)).await
    }

    async fn load(&self, run: &JourneyId) -> Result<Option<StoredRun>, StoreError> {
        if let Some(fresh) = self.fresh.get(run) {
            return Ok(Some(fresh.stored(run)));
        }
        let run = run.clone();
        self.readers.read(move |reader| reader.load(&run)).await
    }

    async fn locate(&self, run: &JourneyId) -> Result<Option<RunIndex>, StoreError> {
        if let Some(fresh) = self.fresh.get(run) {
            return Ok(Some(fresh.state.index.clone()));
        }
        let run = run.clone();
        self.readers.read(move |reader| reader.locate(&run)).await
    }

    async fn events(
        &self,
        run: &JourneyId,
        after: u64,
        limit: NonZeroUsize,
    ) -> Result<Option<EventPage>, StoreError> {
        // Before the rows: what is brought to them meanwhile is there.
        let fresh = self.fresh.get(run);
        let kept = self.kept_events;
        if let Some(fresh) = fresh.as_ref().filter(|fresh| fresh.state.standing.is_none()) {
            return Ok(Some(fresh.page(Vec::new(), None, after, limit.get(), kept)));
        }
        let run = run.clone();
        let read = move |reader: &Reader| {
            reader.at_one_moment(|reader| reader.events(&run, fresh.as_deref(), after, limit.get(), kept))
        };
        self.readers.read(read).await
    }

    async fn due(&self, until: Timestamp, limit: NonZeroUsize) -> Result<Vec<DueRun>, StoreError> {
        let fresh = self.fresh.all();
        let in_rows = limit.saturating_add(fresh.len());
        let mut due = self.readers.read(move |reader| reader.due(until, in_rows)).await?;
        if !fresh.is_empty() {
            let known: HashSet<_> = fresh.iter().map(|(run, _)| run).collect();
            due.retain(|due| !known.contains(&due.run));
            let of = |(run, fresh): &(JourneyId, Arc<FreshRun>)| {
                let due = fresh.state.index.due.filter(|due| *due <= until)?;
                Some(DueRun { due, run: run.clone() })
            };
            due.extend(fresh.iter().filter_map(of));
            due.sort_unstable();
        }
        due.truncate(limit.get());
        Ok(due)
    }

    async fn in_motion(
        &self,
        after: Option<&JourneyId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<JourneyId>, StoreError> {
        let fresh = self.fresh.all();
        let (from, in_rows) = (after.cloned(), limit.saturating_add(fresh.len()));
        let mut moving = self.readers.read(move |reader| reader.in_motion(from.as_ref(), in_rows)).await?;
        if !fresh.is_empty() {
            let known: HashSet<_> = fresh.iter().map(|(run, _)| run).collect();
            moving.retain(|run| !known.contains(run));
            let wanted = |(run, fresh): &&(JourneyId, Arc<FreshRun>)| {
                fresh.state.index.in_motion && after.is_none_or(|after| run > after)
            };
            moving.extend(fresh.iter().filter(wanted).map(|(run, _)| run.clone()));
            moving.sort_unstable();
        }
        moving.truncate(limit.get());
        Ok(moving)
    }

    async fn list(
        &self,
        filter: &RunFilter,
        after: Option<&ListKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<StoredRun>, StoreError> {
        let (filter, after) = (filter.clone(), after.cloned());
        let read = move |reader: &Reader| {
            reader.at_one_moment(|reader| reader.list(&filter, after.as_ref(), limit.get()))
        };
        // A list is read from the rows alone, and seldom enough for them to be brought up to date first.
        self.settled().await?;
        let found = self.readers.read(read).await?;
        if self.fresh.is_behind() {
            // It may have seen what other reads do not see yet: no answer before they do.
            self.writer.perform(Job::Settle).await?;
        }
        Ok(found)
    }

    async fn key(
        &self,
        scope: &KeyScope,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let (scope, key) = (scope.clone(), key.clone());
        self.readers.read(move |reader| reader.key(&scope, &key, now)).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<Swept, StoreError> {
        self.writer.perform(|reply| Job::Sweep(now, limit.get(), reply)).await
    }

    async fn keep_definition(
        &self,
        claim: Claim,
        identity: &DefinitionIdentity,
        source: DefinitionSource,
    ) -> Result<(), StoreError> {
        let keep = Box::new((claim, identity.clone(), source));
        self.writer.perform(|reply| Job::Keep(keep, reply)).await
    }

    async fn definition(
        &self,
        identity: &DefinitionIdentity,
    ) -> Result<Option<DefinitionSource>, StoreError> {
        let identity = identity.clone();
        let read = move |reader: &Reader| {
            reader.at_one_moment(|reader| definitions::source(&reader.connection, &identity))
        };
        self.readers.read(read).await
    }

    async fn schedule(&self, id: &ScheduleId) -> Result<Option<StoredSchedule>, StoreError> {
        let id = id.clone();
        let read = move |reader: &Reader| schedules::load(&reader.connection, &reader.definitions, &id);
        self.readers.read(read).await
    }

    async fn newest_schedule(
        &self,
        identity: &ScheduleIdentity,
    ) -> Result<Option<StoredSchedule>, StoreError> {
        let identity = identity.clone();
        self.readers.read(move |reader| schedules::newest(&reader.connection, &identity)).await
    }

    async fn due_schedules(
        &self,
        until: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<DueSchedule>, StoreError> {
        self.readers.read(move |reader| schedules::due(&reader.connection, until, limit.get())).await
    }

    async fn scheduled_versions(&self) -> Result<Vec<DefinitionIdentity>, StoreError> {
        self.readers.read(|reader| schedules::versions(&reader.connection, &reader.definitions)).await
    }

    async fn schedules_of(
        &self,
        definition: &DefinitionIdentity,
        suspended: bool,
        after: Option<&ScheduleId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ScheduleId>, StoreError> {
        let (definition, after) = (definition.clone(), after.cloned());
        let read = move |reader: &Reader| {
            schedules::of(&reader.connection, &definition, suspended, after.as_ref(), limit.get())
        };
        self.readers.read(read).await
    }

    async fn change_schedule(&self, claim: Claim, change: ScheduleChange) -> Result<(), StoreError> {
        let change = Box::new(EncodedChange::new(change)?);
        self.writer.perform(|reply| Job::Schedule(claim, change, reply)).await
    }
}

#[cfg(test)]
mod tests;
