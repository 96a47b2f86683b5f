//! One commit inside a transaction: everything is checked before the first write, so that a refused one leaves nothing to undo.

use jf_store::{
    Commit, EncodeError, KeyScope, NewKey, Retention, Revision, RunIndex, StoreError, StoreErrorKind,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::Failure;
use crate::codec::{self, event, int, nanos};
use crate::definitions::{self, Definitions};
use crate::rows::RunRow;

/// A commit with what can be encoded before it is its turn.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(super) commit: Commit,
    snapshot: Vec<u8>,
    events: Vec<Vec<u8>>,
    tags: Option<String>,
    attributes: Option<String>,
}

impl Encoded {
    /// Done where the commit comes from, so that the one thread that writes need not.
    pub(crate) fn new(commit: Commit) -> Result<Self, StoreError> {
        let invalid = |error: EncodeError| {
            StoreError::new(StoreErrorKind::Invalid).with("run", &commit.run).with_source(error)
        };
        let snapshot = commit.snapshot.encode().map_err(invalid)?;
        let documents =
            commit.events.iter().map(|record| event::encode(&commit.run, &commit.index, &record.document));
        let events = documents.collect::<Result<_, _>>().map_err(invalid)?;
        let tags = codec::tags_text(&commit.index.tags);
        let attributes = codec::attributes_text(&commit.index.attributes);
        Ok(Self { commit, snapshot, events, tags, attributes })
    }
}

/// What a commit needs to know beside the file.
pub(super) struct Scene<'a> {
    pub(super) connection: &'a Connection,
    pub(super) definitions: &'a Definitions,
    pub(super) retention: &'a Retention,
    pub(super) claim: i64,
}

impl Scene<'_> {
    /// Makes the commit part of the transaction.
    pub(super) fn apply(&self, encoded: &Encoded) -> Result<Revision, Failure> {
        let commit = &encoded.commit;
        self.check_start_keys(commit)?;
        self.check_claim(commit.claim.get())?;
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

    fn create(&self, encoded: &Encoded) -> Result<i64, Failure> {
        let Encoded { commit, snapshot, tags, attributes, .. } = encoded;
        let index = &commit.index;
        let definition = definitions::find_or_add(self.connection, &index.definition)?;
        let sql = "INSERT INTO run (journey, definition, created, revision, head, phase, due, in_motion, compensation, ended, \
                   tags, attributes, snapshot) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let ended = index.phase.is_final().then(|| nanos(commit.at));
        self.connection.prepare_cached(sql)?.execute(params![
            commit.run.as_str(),
            definition,
            nanos(index.created),
            int(index.head),
            codec::phase_code(index.phase),
            index.due.map(nanos),
            index.in_motion,
            index.compensation,
            ended,
            tags,
            attributes,
            snapshot,
        ])?;
        let id = self.connection.last_insert_rowid();
        let created = nanos(index.created);
        for tag in index.tags.iter() {
            let sql = "INSERT OR IGNORE INTO run_tag (tag, created, run) VALUES (?1, ?2, ?3)";
            self.connection.prepare_cached(sql)?.execute(params![tag, created, id])?;
        }
        self.add_attributes(id, created, index.attributes.iter())?;
        self.note_end(id, ended, index)?;
        Ok(id)
    }

    fn update(&self, encoded: &Encoded, row: &RunRow, before: &RunIndex) -> Result<(), Failure> {
        let Encoded { commit, snapshot, attributes, .. } = encoded;
        let index = &commit.index;
        let (phase, due) = (codec::phase_code(index.phase), index.due.map(nanos));
        let ends = (row.ended.is_none() && index.phase.is_final()).then(|| nanos(commit.at));
        let (revision, head) = (row.revision.saturating_add(1), int(index.head));
        // Naming an indexed column costs its index an entry, changed or not.
        let unmoved = phase == row.phase
            && due == row.due
            && index.in_motion == row.in_motion
            && index.compensation == row.compensation;
        if unmoved {
            let sql = "UPDATE run SET revision = ?2, head = ?3, attributes = ?4, snapshot = ?5 WHERE id = ?1";
            self.connection
                .prepare_cached(sql)?
                .execute(params![row.id, revision, head, attributes, snapshot])?;
        } else if phase == row.phase && due == row.due && index.compensation == row.compensation {
            let sql = "UPDATE run SET revision = ?2, head = ?3, attributes = ?4, snapshot = ?5, in_motion = ?6 WHERE id = ?1";
            let values = params![row.id, revision, head, attributes, snapshot, index.in_motion];
            self.connection.prepare_cached(sql)?.execute(values)?;
        } else {
            let sql = "UPDATE run SET revision = ?2, head = ?3, attributes = ?4, snapshot = ?5, in_motion = ?6, phase = ?7, due = ?8, \
                       compensation = ?9, ended = ?10 WHERE id = ?1";
            self.connection.prepare_cached(sql)?.execute(params![
                row.id,
                revision,
                head,
                attributes,
                snapshot,
                index.in_motion,
                phase,
                due,
                index.compensation,
                row.ended.or(ends),
            ])?;
        }
        let new = index.attributes.iter().skip(before.attributes.len());
        self.add_attributes(row.id, row.created, new)?;
        self.note_end(row.id, ends, index)
    }

    fn add_attributes<'a>(
        &self,
        run: i64,
        created: i64,
        attributes: impl Iterator<Item = (&'a String, &'a String)>,
    ) -> Result<(), Failure> {
        for (name, value) in attributes {
            let sql = "INSERT INTO run_attribute (name, value, created, run) VALUES (?1, ?2, ?3, ?4)";
            self.connection.prepare_cached(sql)?.execute(params![name, value, created, run])?;
        }
        Ok(())
    }

    /// The log of a run that ends is cut down some time later (sentence 15).
    fn note_end(&self, run: i64, ended: Option<i64>, index: &RunIndex) -> Result<(), Failure> {
        if let Some(ended) = ended.filter(|_| index.head > 1) {
            let sql = "INSERT INTO ended_log (ended, run) VALUES (?1, ?2)";
            self.connection.prepare_cached(sql)?.execute([ended, run])?;
        }
        Ok(())
    }

    fn add_events(&self, run: i64, encoded: &Encoded) -> Result<(), Failure> {
        for (record, document) in encoded.commit.events.iter().zip(&encoded.events) {
            let sql = "INSERT INTO event (run, seq, document) VALUES (?1, ?2, ?3)";
            self.connection.prepare_cached(sql)?.execute(params![run, int(record.seq), document])?;
        }
        let kept = self.retention.events.max(1) as u64;
        let head = encoded.commit.index.head;
        if head > kept && !encoded.events.is_empty() {
            let sql = "DELETE FROM event WHERE run = ?1 AND seq <= ?2";
            self.connection.prepare_cached(sql)?.execute([run, int(head - kept)])?;
        }
        Ok(())
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
