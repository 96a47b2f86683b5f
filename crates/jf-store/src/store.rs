//! The persistence interface.

use std::fmt;
use std::num::NonZeroUsize;

use async_trait::async_trait;
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jf_core::{Epoch, IdempotencyKey, JourneyId, ScheduleId};
use jiff::Timestamp;

use crate::{
    Claim, Commit, DefinitionSource, DueRun, DueSchedule, EventPage, KeyRecord, KeyScope, ListKey, Revision,
    RunFilter, RunIndex, ScheduleChange, StoreError, StoredRun, StoredSchedule, Swept,
};

/// Where an engine keeps its runs.
///
/// # Contract
///
/// Committing:
///
/// 1. [`commit`](Self::commit) makes everything in the [`Commit`] visible to every later read at once, or changes nothing and
///    fails. After it returned `Ok` the change is as durable as the store is (ENG-100).
/// 2. A commit without `expected` creates the run at [`Revision::FIRST`]; it fails with `Exists` when there is such a run.
/// 3. A commit with `expected` succeeds only at exactly that revision and returns the next one; otherwise, or when there is no such
///    run, it fails with `StaleRevision`. Of any number of concurrent commits with one expected revision exactly one succeeds.
/// 4. A commit whose claim is not the latest one fails with `LostClaim` (ENG-102).
/// 5. A commit that uses a caller key that is in use fails with `KeyTaken` (ENG-050). A record no longer kept at the time of the
///    commit does not count.
/// 6. Events must continue the log without a hole and end at the head of the index; creation time, definition and tags never change;
///    attributes are only added, after those that are there (ENG-124); a final phase never changes; a key of a run counts in that run
///    and names it. A commit that breaks this fails with `Invalid`; see [`Commit::check`].
/// 7. Dropping the future of a commit leaves open whether it happens; it never happens in part.
///
/// Reading:
///
/// 8. [`load`](Self::load) and [`locate`](Self::locate) give what the last commit of the run left, or `None`. `locate` does not
///    touch the snapshot.
/// 9. [`events`](Self::events) gives the events after a number as they were committed, in order and without a hole, as far as they are kept;
///    head and phase are of the same moment.
/// 10. [`due`](Self::due) gives the runs whose due time has come, earliest first, each once. Asked for one run until the end of time, it
///     tells when something is due next; both are cheap however many runs there are.
/// 11. [`in_motion`](Self::in_motion) gives the runs with work pending in the order of their ids.
/// 12. [`list`](Self::list) gives runs in the order of [`ListKey`]. Paging by the key of the last one is stable: a run that was there all
///     the time is given exactly once, whatever is created or removed meanwhile.
/// 13. [`key`](Self::key) gives the record of a caller key that is in use at a time. Records go with their run.
/// 14. [`epoch`](Self::epoch) is constant as long as no log may have lost or re-issued numbers (ENG-108).
///
/// Forgetting, by the [`Retention`](crate::Retention) the store was made with:
///
/// 15. The last [`events`](crate::Retention::events) of a run are kept while it runs and for
///     [`events_after_end`](crate::Retention::events_after_end) from its end; the last event is kept with the run (ENG-109).
/// 16. [`sweep`](Self::sweep) removes runs that ended [`ended_runs`](crate::Retention::ended_runs) ago or earlier, with their log and
///     keys. Runs that have not ended are never removed (ENG-104).
/// 17. A store that is not durable may remove ended runs beyond [`memory_runs`](crate::Retention::memory_runs) at any time, oldest end
///     first.
///
/// Definitions (ENG-117):
///
/// 18. [`definition`](Self::definition) gives the source that [`keep_definition`](Self::keep_definition) kept last for exactly that kind,
///     name and version, or `None`. To keep one takes the latest claim, as a commit does.
/// 19. A source is kept as long as there are runs or schedules of it, and as long as no later claim was made than the one it was kept by. Beyond that
///     [`sweep`](Self::sweep) may remove it.
///
/// Beyond the run of a commit:
///
/// 20. What a commit has in its outbox is a part of it in the sense of sentence 1. An entry that contradicts itself or another one makes
///     the commit fail with `Invalid`; see [`Commit::check_outbox`].
/// 21. `Create` creates another run, of which sentences 2 and 8 to 16 hold as of any other.
/// 22. `Wake` makes [`in_motion`](Self::in_motion) give another run until the next commit of that run. Its revision stays; a run that is
///     not there or has ended is left alone.
/// 23. `Schedule` adds, changes or removes a schedule. One that is added stands at [`Revision::FIRST`], and is refused when its id is in
///     use or, if it is to be the only one, when there is one of its identity; each change makes its revision the next one and is refused
///     at any other than the expected one; its identity never changes. What is refused fails with `StaleSchedule`. Of any number of
///     concurrent commits that want to add the only schedule of an identity, or expect one revision, exactly one succeeds.
///
/// Schedules:
///
/// 24. [`schedule`](Self::schedule) gives what the last change left, or `None`; [`newest_schedule`](Self::newest_schedule) the one of an
///     identity that was added last.
/// 25. [`due_schedules`](Self::due_schedules) gives the schedules whose due time has come as [`due`](Self::due) does with runs.
/// 26. [`scheduled_versions`](Self::scheduled_versions) gives each definition version that has schedules once;
///     [`schedules_of`](Self::schedules_of) those of one version that are suspended, or that are not, in the order of their ids.
/// 27. [`change_schedule`](Self::change_schedule) changes a schedule without a run, with the latest claim, as sentence 23 says.
///
/// Bounds:
///
/// 28. A store that is not durable may refuse a commit that creates its run with `Full` when it holds as many runs that have not ended as it
///     was told to. What a commit has in its outbox is never refused for that: the end of a run must not wait for that of another.
///
/// Reads see commits of one run in order; commits of different runs need not be seen in any order. No method blocks its thread on
/// I/O: what has to wait waits as a future.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Whether what is committed survives the process.
    fn is_durable(&self) -> bool;

    /// The identity of all logs in this store (ENG-108).
    ///
    /// # Errors
    /// Unavailable, Corrupt.
    async fn epoch(&self) -> Result<Epoch, StoreError>;

    /// Claims the store for one engine process and ends every earlier claim (ENG-102).
    ///
    /// # Errors
    /// Unavailable.
    async fn claim(&self) -> Result<Claim, StoreError>;

    /// Makes one change of one run happen: the only way to write.
    ///
    /// # Errors
    /// StaleRevision, Exists, StaleSchedule, KeyTaken, LostClaim, Invalid, Unavailable, Full: nothing happened. FateUnknown: load the run
    /// anew.
    async fn commit(&self, commit: Commit) -> Result<Revision, StoreError>;

    /// A run as last committed.
    ///
    /// # Errors
    /// Unavailable, Corrupt.
    async fn load(&self, run: &JourneyId) -> Result<Option<StoredRun>, StoreError>;

    /// The index of a run, without reading what it is.
    ///
    /// # Errors
    /// Unavailable, Corrupt.
    async fn locate(&self, run: &JourneyId) -> Result<Option<RunIndex>, StoreError>;

    /// At most `limit` events after number `after`; `None` when there is no such run.
    ///
    /// # Errors
    /// Unavailable, Corrupt.
    async fn events(
        &self,
        run: &JourneyId,
        after: u64,
        limit: NonZeroUsize,
    ) -> Result<Option<EventPage>, StoreError>;

    /// At most `limit` runs with a due time at or before `until`.
    ///
    /// # Errors
    /// Unavailable.
    async fn due(&self, until: Timestamp, limit: NonZeroUsize) -> Result<Vec<DueRun>, StoreError>;

    /// At most `limit` runs with work pending whose ids come after `after`.
    ///
    /// # Errors
    /// Unavailable.
    async fn in_motion(
        &self,
        after: Option<&JourneyId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<JourneyId>, StoreError>;

    /// At most `limit` runs that match, from just after `after` on.
    ///
    /// # Errors
    /// Unavailable, Corrupt.
    async fn list(
        &self,
        filter: &RunFilter,
        after: Option<&ListKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<StoredRun>, StoreError>;

    /// What is remembered of a caller key at `now`.
    ///
    /// # Errors
    /// Unavailable, Corrupt.
    async fn key(
        &self,
        scope: &KeyScope,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError>;

    /// Removes what need not be kept at `now`, at most about `limit` things; call it again while it removes something.
    ///
    /// # Errors
    /// Unavailable.
    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<Swept, StoreError>;

    /// Keeps the source of a definition version, in place of one that was kept before.
    ///
    /// # Errors
    /// LostClaim, Unavailable: nothing happened. FateUnknown.
    async fn keep_definition(
        &self,
        claim: Claim,
        identity: &DefinitionIdentity,
        source: DefinitionSource,
    ) -> Result<(), StoreError>;

    /// The source of a definition version.
    ///
    /// # Errors
    /// Unavailable, Corrupt.
    async fn definition(&self, identity: &DefinitionIdentity)
    -> Result<Option<DefinitionSource>, StoreError>;

    /// A schedule as last changed.
    ///
    /// # Errors
    /// Unavailable, Corrupt.
    async fn schedule(&self, id: &ScheduleId) -> Result<Option<StoredSchedule>, StoreError>;

    /// The schedule of an identity that was added last.
    ///
    /// # Errors
    /// Unavailable, Corrupt.
    async fn newest_schedule(
        &self,
        identity: &ScheduleIdentity,
    ) -> Result<Option<StoredSchedule>, StoreError>;

    /// At most `limit` schedules with a due time at or before `until`.
    ///
    /// # Errors
    /// Unavailable.
    async fn due_schedules(
        &self,
        until: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<DueSchedule>, StoreError>;

    /// The definition versions that have schedules.
    ///
    /// # Errors
    /// Unavailable, Corrupt.
    async fn scheduled_versions(&self) -> Result<Vec<DefinitionIdentity>, StoreError>;

    /// At most `limit` schedules of a version whose ids come after `after`: those that are suspended, or those that are not.
    ///
    /// # Errors
    /// Unavailable.
    async fn schedules_of(
        &self,
        definition: &DefinitionIdentity,
        suspended: bool,
        after: Option<&ScheduleId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ScheduleId>, StoreError>;

    /// Changes a schedule without a run.
    ///
    /// # Errors
    /// StaleSchedule, LostClaim, Unavailable: nothing happened. FateUnknown.
    async fn change_schedule(&self, claim: Claim, change: ScheduleChange) -> Result<(), StoreError>;
}
