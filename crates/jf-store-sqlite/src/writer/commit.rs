//! One commit inside a transaction: everything is checked before the first write, so that a refused one leaves nothing to undo.

use std::sync::Arc;

use jf_core::spi::DefinitionIdentity;
use jf_store::{
    Commit, EncodeError, KeyScope, NewKey, Retention, Revision, RunIndex, Snapshot, StoreError,
    StoreErrorKind,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::Failure;
use super::outbox::EncodedEntry;
use super::tables::{Image, Standing, Tables};
use crate::codec::{count, event, int, nanos};
use crate::definitions::{Definitions, Numbers};
use crate::fresh::FreshRuns;
use crate::rows::RunRow;

/// A commit with what can be encoded before it is its turn.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// Without its snapshot.
    pub(super) commit: Commit,
    /// The snapshot, if the commit parks its run.
    pub(super) live: Option<Arc<dyn Snapshot>>,
    /// Its encoded form.
    pub(super) snapshot: Vec<u8>,
    pub(super) events: Vec<Vec<u8>>,
    pub(super) outbox: Vec<EncodedEntry>,
}

/// Stands in a commit where its snapshot was.
#[derive(Debug)]
struct Encoding;

impl Snapshot for Encoding {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Err("it was encoded before".into())
    }
}

impl Encoded {
    /// Done where the commit comes from, so that the one thread that writes need not.
    pub(crate) fn new(mut commit: Commit) -> Result<Self, StoreError> {
        let outbox = EncodedEntry::all(&mut commit)?;
        let invalid = |error: EncodeError| {
            StoreError::new(StoreErrorKind::Invalid).with("run", &commit.run).with_source(error)
        };
        let snapshot = commit.snapshot.encode().map_err(invalid)?;
        let documents =
            commit.events.iter().map(|record| event::encode(&commit.run, &commit.index, &record.document));
        let events = documents.collect::<Result<_, _>>().map_err(invalid)?;
        // Whoever goes on with a run in motion has it in memory, and would have to copy what is kept here before it can be changed.
        let parked = !commit.index.in_motion && !commit.index.phase.is_final();
        let live = std::mem::replace(&mut commit.snapshot, Arc::new(Encoding));
        Ok(Self { commit, live: parked.then_some(live), snapshot, events, outbox })
    }

    /// About how many bytes it has.
    pub(super) fn bytes(&self) -> usize {
        self.snapshot.len() + self.events.iter().map(Vec::len).sum::<usize>()
    }

    /// The definition of the run that it creates, if it creates one.
    pub(super) const fn new_of(&self) -> Option<&DefinitionIdentity> {
        if self.commit.expected.is_some() { None } else { Some(&self.commit.index.definition) }
    }
}

/// What a commit needs to know beside the file.
pub(super) struct Scene<'a> {
    pub(super) connection: &'a Connection,
    pub(super) definitions: &'a Definitions,
    pub(super) retention: &'a Retention,
    pub(super) claim: i64,
    pub(super) fresh: &'a FreshRuns,
    pub(super) numbers: &'a Numbers,
}

impl Scene<'_> {
    /// Makes the commit part of the transaction by way of the tables, where its run must be settled.
    pub(super) fn apply(&self, encoded: &Encoded) -> Result<Revision, Failure> {
        let commit = &encoded.commit;
        self.check_start_keys(commit)?;
        self.check_claim(commit.claim.get())?;
        self.check_outbox(&encoded.outbox)?;
        let row = RunRow::find(self.connection, commit.run.as_str())?;
        let (id, revision) = match (row, commit.expected) {
            (Some(_), None) => {
                return Err(StoreError::new(StoreErrorKind::Exists).with("run", &commit.run).into());
            }
            (None, Some(_)) => {
                return Err(StoreError::new(StoreErrorKind::StaleRevision).with("run", &commit.run).into());
            }
            (None, None) => {
                commit.check(None)?;
                (self.create(encoded)?, Revision::FIRST)
            }
            (Some(row), Some(expected)) => {
                let stands_at = row.revision()?;
                if stands_at != expected {
                    return Err(StoreError::new(StoreErrorKind::StaleRevision)
                        .with("run", &commit.run)
                        .with("expected", expected)
                        .with("revision", stands_at)
                        .into());
                }
                let before = row.index(self.definitions.identity(self.connection, row.definition)?)?;
                commit.check(Some(&before))?;
                self.check_run_keys(&row, commit)?;
                self.update(encoded, &row, &before)?;
                (row.id, expected.next())
            }
        };
        self.add_events(id, encoded)?;
        self.add_keys(id, &commit.keys)?;
        self.perform_outbox(&encoded.outbox)?;
        Ok(revision)
    }

    pub(super) fn check_claim(&self, claim: u64) -> Result<(), StoreError> {
        if int(claim) == self.claim {
            return Ok(());
        }
        Err(StoreError::new(StoreErrorKind::LostClaim).with("claim", claim).with("latest", self.claim))
    }

    fn check_start_keys(&self, commit: &Commit) -> Result<(), Failure> {
        for new in &commit.keys {
            let KeyScope::Start { principal, journey } = &new.scope else { continue };
            let sql = "SELECT kept_until FROM start_key WHERE journey = ?1 AND principal = ?2 AND key = ?3";
            let values = params![&**journey, principal_text(principal.as_deref()), new.key.as_str()];
            let found =
                self.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
            if found.is_some_and(|until| is_kept(until, commit)) {
                return Err(StoreError::new(StoreErrorKind::KeyTaken).into());
            }
        }
        Ok(())
    }

    fn check_run_keys(&self, row: &RunRow, commit: &Commit) -> Result<(), Failure> {
        for new in commit.keys.iter().filter(|new| matches!(new.scope, KeyScope::Run(_))) {
            let sql = "SELECT kept_until FROM run_key WHERE run = ?1 AND key = ?2";
            let values = params![row.id, new.key.as_str()];
            let found =
                self.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
            if found.is_some_and(|until| is_kept(until, commit)) {
                return Err(StoreError::new(StoreErrorKind::KeyTaken).with("run", &commit.run).into());
            }
        }
        Ok(())
    }

    pub(super) fn create(&self, encoded: &Encoded) -> Result<i64, Failure> {
        let Encoded { commit, snapshot, .. } = encoded;
        let definition = self.numbers.of(self.connection, &commit.index.definition)?;
        let revision = Revision::FIRST.get();
        let ended = commit.index.phase.is_final().then(|| nanos(commit.at));
        let image = Image { run: &commit.run, definition, revision, index: &commit.index, ended, snapshot };
        Ok(Tables::new(self.connection).create(&image)?)
    }

    fn update(&self, encoded: &Encoded, row: &RunRow, before: &RunIndex) -> Result<(), Failure> {
        let Encoded { commit, snapshot, .. } = encoded;
        let (definition, revision) = (row.definition, count(row.revision).saturating_add(1));
        let ended = row.ended.or_else(|| commit.index.phase.is_final().then(|| nanos(commit.at)));
        let image = Image { run: &commit.run, definition, revision, index: &commit.index, ended, snapshot };
        Ok(Tables::new(self.connection).update(&Standing::of(row, before), &image)?)
    }

    pub(super) fn add_events(&self, run: i64, encoded: &Encoded) -> Result<(), Failure> {
        let Encoded { commit, events, .. } = encoded;
        let events = commit.events.iter().zip(events).map(|(record, bytes)| (record.seq, &**bytes));
        let mut tables = Tables::new(self.connection);
        Ok(tables.add_events(run, events, commit.index.head, self.retention.events)?)
    }

    fn add_keys(&self, run: i64, keys: &[NewKey]) -> Result<(), Failure> {
        for NewKey { scope, key, record } in keys {
            let until = record.kept_until.map(nanos);
            let (target, seq) = (record.target.as_deref(), int(record.seq));
            match scope {
                KeyScope::Run(_) => {
                    let sql = "INSERT OR REPLACE INTO run_key (run, key, fingerprint, target, seq, kept_until) \
                               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                    let values = params![run, key.as_str(), record.fingerprint.0, target, seq, until];
                    self.connection.prepare_cached(sql)?.execute(values)?;
                }
                KeyScope::Start { principal, journey } => {
                    let sql = "INSERT OR REPLACE INTO start_key \
                               (journey, principal, key, run, fingerprint, target, seq, kept_until) \
                               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
                    let principal = principal_text(principal.as_deref());
                    let values = params![
                        &**journey,
                        principal,
                        key.as_str(),
                        run,
                        record.fingerprint.0,
                        target,
                        seq,
                        until
                    ];
                    self.connection.prepare_cached(sql)?.execute(values)?;
                }
            }
        }
        Ok(())
    }
}

fn is_kept(until: Option<i64>, commit: &Commit) -> bool {
    until.is_none_or(|until| nanos(commit.at) < until)
}

/// No principal differs from every principal.
pub(crate) fn principal_text(principal: Option<&str>) -> String {
    principal.map_or_else(String::new, |name| format!("={name}"))
}
