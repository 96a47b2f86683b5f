//! Commits that are made durable now and brought to the tables later, many at once.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use jf_core::JourneyId;
use jf_store::{Commit, Revision, RunIndex, StoreError, StoreErrorKind};

use super::Failure;
use super::commit::{Encoded, Scene};
use super::tables::{Image, Standing, Tables};
use crate::codec::journal::{ToWrite, put_commit};
use crate::codec::nanos;
use crate::fresh::{FreshEvent, FreshRun, State};
use crate::journal;
use crate::rows::RunRow;

/// What a group has gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The runs as it leaves them, with what it adds to their logs.
    pub(super) runs: HashMap<JourneyId, FreshRun>,
    /// Its commits for the journal.
    pub(super) commits: Vec<u8>,
}

/// A commit that touches its run alone. Any other one, and what it finds, is written to the tables at once.
pub(super) fn can_wait(encoded: &Encoded) -> bool {
    encoded.commit.keys.is_empty() && encoded.outbox.is_empty()
}

impl Scene<'_> {
    /// Makes a commit part of a group for the journal.
    pub(super) fn gather(&self, encoded: Encoded, gathered: &mut Gathered) -> Result<Revision, Failure> {
        let Encoded { commit, live, snapshot, events, .. } = encoded;
        self.check_claim(commit.claim.get())?;
        let fresh = self.fresh.get(&commit.run);
        let before = self.before(&commit.run, gathered.runs.get(&commit.run).or(fresh.as_deref()))?;
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
        let Commit { run, at, index, events: records, .. } = commit;
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
        put_commit(&mut gathered.commits, &written);
        let state = State { definition, revision, index, ended, live, snapshot, standing };
        let events = records.into_iter().zip(events).map(|(record, bytes)| FreshEvent { record, bytes });
        match gathered.runs.entry(run) {
            Entry::Occupied(mut fresh) => fresh.get_mut().advance(state, events),
            Entry::Vacant(new) => drop(new.insert(FreshRun { state, events: events.collect() })),
        }
        Ok(revision)
    }

    /// A run as it stands: as `latest` says, or else as its row does.
    fn before<'a>(
        &self,
        run: &JourneyId,
        latest: Option<&'a FreshRun>,
    ) -> Result<Option<Before<'a>>, Failure> {
        if let Some(latest) = latest {
            let State { definition, revision, index, ended, standing, .. } = &latest.state;
            let (definition, revision, index) = (*definition, *revision, Cow::Borrowed(index));
            return Ok(Some(Before { definition, revision, index, ended: *ended, standing: *standing }));
        }
        let Some(row) = RunRow::find(self.connection, run.as_str())? else { return Ok(None) };
        let index = row.index(self.definitions.identity(self.connection, row.definition)?)?;
        let standing = Some(Standing::of(&row, &index));
        let (definition, revision, ended) = (row.definition, row.revision()?, row.ended);
        Ok(Some(Before { definition, revision, index: Cow::Owned(index), ended, standing }))
    }

    /// Brings a run to the tables, if it is ahead of them and the transaction has not done so before.
    pub(super) fn settle(&self, run: &JourneyId, settled: &mut HashSet<JourneyId>) -> Result<(), Failure> {
        if !settled.contains(run)
            && let Some(fresh) = self.fresh.get(run)
        {
            self.write(&mut Tables::new(self.connection), run, &fresh)?;
            settled.insert(run.clone());
        }
        Ok(())
    }

    /// Brings all runs to the tables. The journal has nothing to say then; gives the era that begins.
    pub(super) fn settle_all(&self) -> Result<i64, Failure> {
        let mut runs: Vec<_> = self.fresh.all();
        // New runs lie beside each other, in the order they were made in.
        runs.sort_unstable_by_key(|(_, fresh)| fresh.state.index.created);
        let mut tables = Tables::new(self.connection);
        for (run, fresh) in &runs {
            self.write(&mut tables, run, fresh)?;
        }
        Ok(journal::begin_era(self.connection)?)
    }

    /// Writes the rows of a run.
    fn write(&self, tables: &mut Tables<'_>, run: &JourneyId, fresh: &FreshRun) -> Result<(), Failure> {
        let State { definition, revision, index, ended, snapshot, standing, .. } = &fresh.state;
        let image =
            Image { run, definition: *definition, revision: revision.get(), index, ended: *ended, snapshot };
        let id = match standing {
            None => tables.create(&image)?,
            Some(standing) => {
                tables.update(standing, &image)?;
                standing.id
            }
        };
        let events = fresh.events.iter().map(|event| (event.record.seq, &*event.bytes));
        Ok(tables.add_events(id, events, index.head, self.retention.events)?)
    }
}

/// What a commit is held against.
struct Before<'a> {
    definition: i64,
    revision: Revision,
    index: Cow<'a, RunIndex>,
    ended: Option<i64>,
    standing: Option<Standing>,
}
