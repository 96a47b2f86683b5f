//! Commits that are made durable now and brought to the tables later, many at once.

use std::sync::Arc;

use jf_core::JourneyId;
use jf_store::{Commit, Revision, RunIndex, StoreError, StoreErrorKind};

use super::Failure;
use super::commit::{Encoded, Scene};
use super::tables::{self, Image, Standing};
use crate::codec::journal::{ToWrite, put_commit};
use crate::codec::nanos;
use crate::fresh::{Change, Changes, FreshEvent, FreshRun, State};
use crate::rows::RunRow;

/// What a transaction has gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) changes: Changes,
    /// Its row in the journal.
    pub(super) journal: Vec<u8>,
}

/// A commit that touches its run alone. Any other one, and what it finds, is written to the tables at once.
pub(super) fn can_wait(encoded: &Encoded) -> bool {
    encoded.commit.keys.is_empty() && encoded.outbox.is_empty()
}

impl Scene<'_> {
    /// Makes a commit part of the transaction by way of the journal.
    pub(super) fn gather(&self, encoded: Encoded, gathered: &mut Gathered) -> Result<Revision, Failure> {
        let Encoded { commit, snapshot, events, .. } = encoded;
        self.check_claim(commit.claim.get())?;
        let before = self.before(&commit.run, gathered)?;
        let (definition, ended, standing, revision) = match (&before, commit.expected) {
            (Some(_), None) => {
                return Err(StoreError::new(StoreErrorKind::Exists).with("run", &commit.run).into());
            }
            (None, Some(_)) => {
                return Err(StoreError::new(StoreErrorKind::StaleRevision).with("run", &commit.run).into());
            }
            (None, None) => {
                commit.check(None)?;
                let definition = self.numbers.of(self.connection, &commit.index.definition)?;
                (definition, None, None, Revision::FIRST)
            }
            (Some(before), Some(expected)) => {
                if before.revision != expected {
                    return Err(StoreError::new(StoreErrorKind::StaleRevision)
                        .with("run", &commit.run)
                        .with("expected", expected)
                        .with("revision", before.revision)
                        .into());
                }
                commit.check(Some(&before.index))?;
                (before.definition, before.ended, before.standing, expected.next())
            }
        };
        let Commit { run, at, snapshot: live, index, events: records, .. } = commit;
        let ended = ended.or_else(|| index.phase.is_final().then(|| nanos(at)));
        let written = ToWrite {
            run: &run,
            definition,
            revision,
            index: &index,
            ended,
            snapshot: &snapshot,
            events: &events,
        };
        put_commit(&mut gathered.journal, &written);
        let state = State { definition, revision, index, ended, live, snapshot, standing };
        let events = records.into_iter().zip(events).map(|(record, bytes)| FreshEvent { record, bytes });
        let changed = match gathered.changes.runs.remove(&run) {
            Some(Change::Ahead(fresh)) => Change::Ahead(fresh.then(state, events)),
            Some(Change::Anew(fresh)) => Change::Anew(fresh.then(state, events)),
            Some(Change::Settled) => Change::Anew(FreshRun { state, events: events.collect() }),
            None => Change::Ahead(FreshRun { state, events: events.collect() }),
        };
        gathered.changes.runs.insert(run, changed);
        Ok(revision)
    }

    /// How far a run is ahead of its rows: by what was committed before, and by what the transaction adds.
    fn ahead<'g>(
        &self,
        run: &JourneyId,
        gathered: &'g Gathered,
    ) -> (Option<Arc<FreshRun>>, Option<&'g FreshRun>) {
        match gathered.changes.runs.get(run) {
            None => (self.fresh.get(run), None),
            Some(Change::Settled) => (None, None),
            Some(Change::Ahead(now)) => (self.fresh.get(run), Some(now)),
            Some(Change::Anew(now)) => (None, Some(now)),
        }
    }

    /// A run as it stands within the transaction.
    fn before(&self, run: &JourneyId, gathered: &Gathered) -> Result<Option<Before>, Failure> {
        let (before, now) = self.ahead(run, gathered);
        if let Some(latest) = now.or(before.as_deref()) {
            let State { definition, revision, index, ended, standing, .. } = &latest.state;
            return Ok(Some(Before {
                definition: *definition,
                revision: *revision,
                index: index.clone(),
                ended: *ended,
                standing: *standing,
            }));
        }
        let Some(row) = RunRow::find(self.connection, run.as_str())? else { return Ok(None) };
        let index = row.index(self.definitions.identity(self.connection, row.definition)?)?;
        let standing = Some(Standing::of(&row, &index));
        let (definition, revision, ended) = (row.definition, row.revision()?, row.ended);
        Ok(Some(Before { definition, revision, index, ended, standing }))
    }

    /// Brings a run to the tables, if it is ahead of them.
    pub(super) fn settle(&self, run: &JourneyId, gathered: &mut Gathered) -> Result<(), Failure> {
        let (before, now) = self.ahead(run, gathered);
        if before.is_some() || now.is_some() {
            self.write(run, before.as_deref(), now)?;
            gathered.changes.runs.insert(run.clone(), Change::Settled);
        }
        Ok(())
    }

    /// Brings all runs to the tables. The journal has nothing to say then.
    pub(super) fn settle_all(&self, gathered: &mut Gathered) -> Result<(), Failure> {
        let mut runs: Vec<_> = self.fresh.all();
        // New runs lie beside each other, in the order they were made in.
        runs.sort_unstable_by_key(|(_, fresh)| fresh.state.index.created);
        let known = runs.into_iter().map(|(run, _)| run);
        let new = gathered.changes.runs.keys().filter(|run| self.fresh.get(run).is_none()).cloned();
        for run in known.chain(new).collect::<Vec<_>>() {
            let (before, now) = self.ahead(&run, gathered);
            self.write(&run, before.as_deref(), now)?;
        }
        self.connection.prepare_cached("DELETE FROM journal")?.execute([])?;
        gathered.changes.all_settled = true;
        gathered.journal.clear();
        Ok(())
    }

    /// Writes the rows of a run: as it was before the transaction, and as the transaction leaves it.
    fn write(
        &self,
        run: &JourneyId,
        before: Option<&FreshRun>,
        now: Option<&FreshRun>,
    ) -> Result<(), Failure> {
        let Some(latest) = now.or(before) else { return Ok(()) };
        let State { definition, revision, index, ended, snapshot, standing, .. } = &latest.state;
        let image =
            Image { run, definition: *definition, revision: revision.get(), index, ended: *ended, snapshot };
        let id = match standing {
            None => tables::create(self.connection, &image)?,
            Some(standing) => {
                tables::update(self.connection, standing, &image)?;
                standing.id
            }
        };
        let events = before.into_iter().chain(now).flat_map(|fresh| &fresh.events);
        let events = events.map(|event| (event.record.seq, &*event.bytes));
        tables::add_events(self.connection, id, events, index.head, self.retention.events)?;
        Ok(())
    }
}

/// What a commit is held against.
struct Before {
    definition: i64,
    revision: Revision,
    index: RunIndex,
    ended: Option<i64>,
    standing: Option<Standing>,
}
