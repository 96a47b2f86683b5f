//! A complete store in maps behind one lock. A database would have a table where this has a map, an index where this has a second
//! map over the same runs, and a transaction where this holds the lock.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jf_core::dsl::{DefinitionName, Kind, Version};
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jf_core::{Epoch, IdempotencyKey, JourneyId, ScheduleId};
use jf_store::{
    Claim, Commit, DefinitionSource, DueRun, DueSchedule, EventPage, KeyRecord, KeyScope, ListKey, LogRecord,
    NewKey, OutboxEntry, Retention, Revision, RunFilter, RunIndex, ScheduleChange, ScheduleChangeKind,
    ScheduleIndex, Snapshot, Store, StoreError, StoreErrorKind, StoredRun, StoredSchedule, StoredSnapshot,
    Swept,
};
use jiff::{SignedDuration, Timestamp};

/// Keeps runs on a shelf: in memory, for as long as somebody holds it.
#[derive(Debug)]
pub struct Shelf {
    retention: Retention,
    /// Its logs are nobody else's (sentence 14).
    epoch: Epoch,
    held: Mutex<Held>,
}

/// Everything there is. Whoever holds the lock sees all of a commit or nothing of it (sentence 1).
#[derive(Debug, Default)]
struct Held {
    claims: u64,
    runs: HashMap<JourneyId, Run>,
    /// The runs in the order of lists (sentence 12).
    in_order: BTreeSet<ListKey>,
    /// Those in which something falls due (sentence 10).
    due: BTreeSet<DueRun>,
    /// Those with work pending (sentence 11).
    in_motion: BTreeSet<JourneyId>,
    keys: HashMap<(KeyScope, IdempotencyKey), KeyRecord>,
    schedules: BTreeMap<ScheduleId, Schedule>,
    /// How many schedules were ever added.
    added: u64,
    definitions: BTreeMap<(Kind, DefinitionName, Version), (u64, DefinitionSource)>,
}

#[derive(Debug)]
struct Run {
    revision: Revision,
    index: RunIndex,
    /// A store that survives its process would keep `snapshot.encode()`.
    snapshot: Arc<dyn Snapshot>,
    /// The last events; none is missing between them.
    log: VecDeque<LogRecord>,
    ended: Option<Timestamp>,
}

#[derive(Debug)]
struct Schedule {
    /// Younger ones have greater numbers (sentence 24).
    number: u64,
    revision: Revision,
    index: ScheduleIndex,
    snapshot: Arc<dyn Snapshot>,
}

impl Shelf {
    /// An empty shelf that forgets as told.
    #[must_use]
    pub fn new(retention: Retention) -> Self {
        Self { retention, epoch: Epoch::random(), held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Sentence 4.
    fn check_claim(&self, claim: Claim) -> Result<(), StoreError> {
        if claim.get() == self.claims {
            return Ok(());
        }
        Err(StoreError::new(StoreErrorKind::LostClaim).with("claim", claim.get()).with("latest", self.claims))
    }

    /// Sentences 1 to 6 and 20 to 23: everything is checked before anything is changed.
    fn commit(&mut self, mut commit: Commit, retention: &Retention) -> Result<Revision, StoreError> {
        self.check_claim(commit.claim)?;
        commit.check_outbox()?;
        for entry in &commit.outbox {
            match entry {
                OutboxEntry::Create(new) if self.runs.contains_key(&new.run) => {
                    return Err(StoreError::new(StoreErrorKind::Exists).with("run", &new.run));
                }
                OutboxEntry::Schedule(change) => self.check_schedule(change)?,
                OutboxEntry::Create(_) | OutboxEntry::Wake(_) => {}
            }
        }
        let refused = |kind| StoreError::new(kind).with("run", &commit.run);
        let before = self.runs.get(&commit.run);
        let revision = match (before, commit.expected) {
            (None, None) => Revision::FIRST,
            (Some(_), None) => return Err(refused(StoreErrorKind::Exists)),
            (Some(run), Some(expected)) if run.revision == expected => expected.next(),
            (_, Some(_)) => return Err(refused(StoreErrorKind::StaleRevision)),
        };
        commit.check(before.map(|run| &run.index))?;
        let in_use = |new: &NewKey| {
            let record = self.keys.get(&(new.scope.clone(), new.key.clone()));
            record.is_some_and(|record| record.is_kept(commit.at))
        };
        if commit.keys.iter().any(in_use) {
            return Err(refused(StoreErrorKind::KeyTaken));
        }

        let (claim, at, outbox) = (commit.claim, commit.at, std::mem::take(&mut commit.outbox));
        let (mut log, mut ended) = (VecDeque::new(), None);
        if let Some(before) = self.take(&commit.run) {
            (log, ended) = (before.log, before.ended);
        }
        log.extend(commit.events);
        // Sentence 15. The last event stays in any case.
        log.drain(..log.len().saturating_sub(retention.events.max(1)));
        if commit.index.phase.is_final() {
            ended = ended.or(Some(commit.at));
        }
        for NewKey { scope, key, record } in commit.keys {
            self.keys.insert((scope, key), record);
        }
        self.put(commit.run, Run { revision, index: commit.index, snapshot: commit.snapshot, log, ended });
        for entry in outbox {
            match entry {
                OutboxEntry::Create(new) => {
                    self.commit(new.into_commit(claim, at), retention)?;
                }
                OutboxEntry::Wake(run) => self.wake(run),
                OutboxEntry::Schedule(change) => self.change_schedule(change),
            }
        }
        Ok(revision)
    }

    /// Sentence 22. The next commit brings an index of its own.
    fn wake(&mut self, id: JourneyId) {
        if let Some(run) = self.runs.get_mut(&id).filter(|run| !run.index.phase.is_final()) {
            run.index.in_motion = true;
            self.in_motion.insert(id);
        }
    }

    /// Sentence 23.
    fn check_schedule(&self, change: &ScheduleChange) -> Result<(), StoreError> {
        let there = self.schedules.get(&change.id);
        let possible = match &change.kind {
            ScheduleChangeKind::Add { index, sole, .. } => {
                there.is_none() && !(*sole && self.newest(&index.identity).is_some())
            }
            ScheduleChangeKind::Replace { expected, index, .. } => there
                .is_some_and(|there| there.revision == *expected && there.index.identity == index.identity),
            ScheduleChangeKind::Remove { expected } => there.is_some_and(|there| there.revision == *expected),
        };
        let stale = || StoreError::new(StoreErrorKind::StaleSchedule).with("schedule", &change.id);
        if possible { Ok(()) } else { Err(stale()) }
    }

    fn change_schedule(&mut self, change: ScheduleChange) {
        match change.kind {
            ScheduleChangeKind::Add { index, snapshot, .. } => {
                self.added += 1;
                let schedule = Schedule { number: self.added, revision: Revision::FIRST, index, snapshot };
                self.schedules.insert(change.id, schedule);
            }
            ScheduleChangeKind::Replace { expected, index, snapshot } => {
                if let Some(schedule) = self.schedules.get_mut(&change.id) {
                    let number = schedule.number;
                    *schedule = Schedule { number, revision: expected.next(), index, snapshot };
                }
            }
            ScheduleChangeKind::Remove { .. } => drop(self.schedules.remove(&change.id)),
        }
    }

    /// Sentence 24. A database would have an index on the identity.
    fn newest(&self, identity: &ScheduleIdentity) -> Option<(&ScheduleId, &Schedule)> {
        let same = self.schedules.iter().filter(|(_, schedule)| schedule.index.identity == *identity);
        same.max_by_key(|(_, schedule)| schedule.number)
    }

    /// Takes a run off the shelf, and out of everything that refers to it but its keys.
    fn take(&mut self, id: &JourneyId) -> Option<Run> {
        let run = self.runs.remove(id)?;
        self.in_order.remove(&ListKey { created: run.index.created, run: id.clone() });
        if let Some(due) = run.index.due {
            self.due.remove(&DueRun { due, run: id.clone() });
        }
        self.in_motion.remove(id);
        Some(run)
    }

    fn put(&mut self, id: JourneyId, run: Run) {
        self.in_order.insert(ListKey { created: run.index.created, run: id.clone() });
        if let Some(due) = run.index.due {
            self.due.insert(DueRun { due, run: id.clone() });
        }
        if run.index.in_motion {
            self.in_motion.insert(id.clone());
        }
        self.runs.insert(id, run);
    }

    /// Sentences 15, 16 and 19. A database would find ended runs by an index on their end.
    fn sweep(&mut self, now: Timestamp, limit: usize, retention: &Retention) -> Swept {
        let mut swept = Swept::default();
        let long_ago = |ended: Option<Timestamp>, length: Duration| {
            let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
            ended.and_then(|ended| ended.checked_add(length).ok()).is_some_and(|until| until <= now)
        };
        let over = self.runs.iter().filter(|(_, run)| long_ago(run.ended, retention.ended_runs));
        swept.runs = over.map(|(id, _)| id.clone()).take(limit).collect();
        for id in &swept.runs {
            self.take(id);
            self.keys.retain(|_, record| record.run != *id);
        }
        for run in self.runs.values_mut() {
            if swept.logs < limit && run.log.len() > 1 && long_ago(run.ended, retention.events_after_end) {
                run.log.drain(..run.log.len() - 1);
                swept.logs += 1;
            }
        }
        let kept = self.keys.len();
        self.keys.retain(|_, record| record.is_kept(now));
        swept.keys = kept - self.keys.len();
        let (claims, runs, schedules) = (self.claims, &self.runs, &self.schedules);
        self.definitions.retain(|name, (kept_by, _)| {
            *kept_by == claims
                || runs.values().any(|run| *name == name_of(&run.index.definition))
                || schedules.values().any(|at| *name == name_of(&at.index.identity.definition))
        });
        swept
    }
}

fn name_of(identity: &DefinitionIdentity) -> (Kind, DefinitionName, Version) {
    (identity.kind, identity.name.clone(), identity.version.clone())
}

fn stored(id: &JourneyId, run: &Run) -> StoredRun {
    let snapshot = StoredSnapshot::Live(Arc::clone(&run.snapshot));
    StoredRun::new(id.clone(), run.revision, run.index.clone(), snapshot)
}

fn stored_schedule(id: &ScheduleId, schedule: &Schedule) -> StoredSchedule {
    let snapshot = StoredSnapshot::Live(Arc::clone(&schedule.snapshot));
    StoredSchedule::new(id.clone(), schedule.revision, schedule.index.clone(), snapshot)
}

#[async_trait]
impl Store for Shelf {
    fn is_durable(&self) -> bool {
        false
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        Ok(self.epoch.clone())
    }

    async fn claim(&self) -> Result<Claim, StoreError> {
        let mut held = self.held();
        held.claims += 1;
        Ok(Claim::new(held.claims))
    }

    async fn commit(&self, commit: Commit) -> Result<Revision, StoreError> {
        self.held().commit(commit, &self.retention)
    }

    async fn load(&self, run: &JourneyId) -> Result<Option<StoredRun>, StoreError> {
        Ok(self.held().runs.get(run).map(|found| stored(run, found)))
    }

    async fn locate(&self, run: &JourneyId) -> Result<Option<RunIndex>, StoreError> {
        Ok(self.held().runs.get(run).map(|found| found.index.clone()))
    }

    async fn events(
        &self,
        run: &JourneyId,
        after: u64,
        limit: NonZeroUsize,
    ) -> Result<Option<EventPage>, StoreError> {
        let held = self.held();
        let Some(Run { index, log, .. }) = held.runs.get(run) else { return Ok(None) };
        let wanted = log.iter().filter(|record| record.seq > after).take(limit.get());
        let oldest = log.front().map_or(index.head + 1, |record| record.seq);
        Ok(Some(EventPage::new(wanted.cloned().collect(), oldest, index.head, index.phase)))
    }

    async fn due(&self, until: Timestamp, limit: NonZeroUsize) -> Result<Vec<DueRun>, StoreError> {
        let held = self.held();
        Ok(held.due.iter().take_while(|run| run.due <= until).take(limit.get()).cloned().collect())
    }

    async fn in_motion(
        &self,
        after: Option<&JourneyId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<JourneyId>, StoreError> {
        let held = self.held();
        let rest = held.in_motion.iter().filter(|run| after.is_none_or(|after| *run > after));
        Ok(rest.take(limit.get()).cloned().collect())
    }

    async fn list(
        &self,
        filter: &RunFilter,
        after: Option<&ListKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<StoredRun>, StoreError> {
        let held = self.held();
        let rest = held.in_order.iter().filter(|key| after.is_none_or(|after| *key > after));
        let runs = rest.filter_map(|key| held.runs.get_key_value(&key.run));
        let wanted = runs.filter(|(_, run)| filter.matches(&run.index)).take(limit.get());
        Ok(wanted.map(|(id, run)| stored(id, run)).collect())
    }

    async fn key(
        &self,
        scope: &KeyScope,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let held = self.held();
        let record = held.keys.get(&(scope.clone(), key.clone()));
        Ok(record.filter(|record| record.is_kept(now)).cloned())
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<Swept, StoreError> {
        Ok(self.held().sweep(now, limit.get(), &self.retention))
    }

    async fn keep_definition(
        &self,
        claim: Claim,
        identity: &DefinitionIdentity,
        source: DefinitionSource,
    ) -> Result<(), StoreError> {
        let mut held = self.held();
        held.check_claim(claim)?;
        held.definitions.insert(name_of(identity), (claim.get(), source));
        Ok(())
    }

    async fn definition(
        &self,
        identity: &DefinitionIdentity,
    ) -> Result<Option<DefinitionSource>, StoreError> {
        Ok(self.held().definitions.get(&name_of(identity)).map(|(_, source)| source.clone()))
    }

    async fn schedule(&self, id: &ScheduleId) -> Result<Option<StoredSchedule>, StoreError> {
        Ok(self.held().schedules.get(id).map(|found| stored_schedule(id, found)))
    }

    async fn newest_schedule(
        &self,
        identity: &ScheduleIdentity,
    ) -> Result<Option<StoredSchedule>, StoreError> {
        Ok(self.held().newest(identity).map(|(id, found)| stored_schedule(id, found)))
    }

    async fn due_schedules(
        &self,
        until: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<DueSchedule>, StoreError> {
        let held = self.held();
        let due = held.schedules.iter().filter_map(|(id, schedule)| {
            let due = schedule.index.due.filter(|due| *due <= until)?;
            Some(DueSchedule { due, schedule: id.clone() })
        });
        let mut due: Vec<_> = due.collect();
        due.sort_unstable();
        due.truncate(limit.get());
        Ok(due)
    }

    async fn scheduled_versions(&self) -> Result<Vec<DefinitionIdentity>, StoreError> {
        let mut versions: Vec<DefinitionIdentity> = Vec::new();
        for schedule in self.held().schedules.values() {
            if !versions.contains(&schedule.index.identity.definition) {
                versions.push(schedule.index.identity.definition.clone());
            }
        }
        Ok(versions)
    }

    async fn schedules_of(
        &self,
        definition: &DefinitionIdentity,
        suspended: bool,
        after: Option<&ScheduleId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ScheduleId>, StoreError> {
        let held = self.held();
        let rest = held.schedules.iter().filter(|(id, schedule)| {
            schedule.index.suspended == suspended
                && schedule.index.identity.definition == *definition
                && after.is_none_or(|after| *id > after)
        });
        Ok(rest.map(|(id, _)| id.clone()).take(limit.get()).collect())
    }

    async fn change_schedule(&self, claim: Claim, change: ScheduleChange) -> Result<(), StoreError> {
        let mut held = self.held();
        held.check_claim(claim)?;
        held.check_schedule(&change)?;
        held.change_schedule(change);
        Ok(())
    }
}
