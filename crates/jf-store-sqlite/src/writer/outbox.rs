//! What a commit does beyond its run (sentences 20 to 23).

use jf_core::JourneyId;
use jf_store::{
    Commit, EncodeError, OutboxEntry, ScheduleChange, ScheduleChangeKind, StoreError, StoreErrorKind,
};

use super::Failure;
use super::commit::{Encoded, Scene};
use crate::rows::RunRow;
use crate::schedules;

/// An entry with what can be encoded before it is its turn.
#[derive(Debug)]
pub(super) enum EncodedEntry {
    Create(Encoded),
    Wake(JourneyId),
    Schedule(EncodedChange),
}

/// A change of a schedule with its snapshot.
#[derive(Debug)]
pub(crate) struct EncodedChange {
    pub(super) change: ScheduleChange,
    snapshot: Vec<u8>,
}

impl EncodedChange {
    pub(crate) fn new(change: ScheduleChange) -> Result<Self, StoreError> {
        let invalid = |error: EncodeError| {
            StoreError::new(StoreErrorKind::Invalid).with("schedule", &change.id).with_source(error)
        };
        let snapshot = match &change.kind {
            ScheduleChangeKind::Add { snapshot, .. } | ScheduleChangeKind::Replace { snapshot, .. } => {
                snapshot.encode().map_err(invalid)?
            }
            ScheduleChangeKind::Remove { .. } => Vec::new(),
        };
        Ok(Self { change, snapshot })
    }
}

impl Encoded {
    /// Every run it speaks of.
    pub(super) fn runs(&self) -> impl Iterator<Item = &JourneyId> {
        let others = self.outbox.iter().filter_map(|entry| match entry {
            EncodedEntry::Create(new) => Some(&new.commit.run),
            EncodedEntry::Wake(run) => Some(run),
            EncodedEntry::Schedule(_) => None,
        });
        std::iter::once(&self.commit.run).chain(others)
    }
}

impl EncodedEntry {
    /// Takes the outbox out of a commit.
    pub(super) fn all(commit: &mut Commit) -> Result<Vec<Self>, StoreError> {
        commit.check_outbox()?;
        let (claim, at) = (commit.claim, commit.at);
        let entries = std::mem::take(&mut commit.outbox).into_iter().map(|entry| {
            Ok(match entry {
                OutboxEntry::Create(new) => Self::Create(Encoded::new(new.into_commit(claim, at))?),
                OutboxEntry::Wake(run) => Self::Wake(run),
                OutboxEntry::Schedule(change) => Self::Schedule(EncodedChange::new(change)?),
            })
        });
        entries.collect()
    }
}

impl Scene<'_> {
    /// Whether every entry can happen; before the first write.
    pub(super) fn check_outbox(&self, outbox: &[EncodedEntry]) -> Result<(), Failure> {
        // Schedules first, as stores in memory have it.
        let schedules = outbox.iter().filter_map(|entry| match entry {
            EncodedEntry::Schedule(EncodedChange { change, .. }) => Some(change),
            _ => None,
        });
        for change in schedules {
            self.check_schedule(change)?;
        }
        for entry in outbox {
            match entry {
                EncodedEntry::Create(new) => {
                    let run = &new.commit.run;
                    if RunRow::find(self.connection, run.as_str())?.is_some() {
                        return Err(StoreError::new(StoreErrorKind::Exists).with("run", run).into());
                    }
                    new.commit.check(None)?;
                }
                EncodedEntry::Wake(_) | EncodedEntry::Schedule(_) => {}
            }
        }
        Ok(())
    }

    fn check_schedule(&self, change: &ScheduleChange) -> Result<(), Failure> {
        if schedules::is_possible(self.connection, self.definitions, change)? {
            return Ok(());
        }
        Err(schedules::stale(change).into())
    }

    /// Makes checked entries part of the transaction.
    pub(super) fn perform_outbox(&self, outbox: &[EncodedEntry]) -> Result<(), Failure> {
        for entry in outbox {
            match entry {
                EncodedEntry::Create(new) => {
                    let id = self.create(new)?;
                    self.add_events(id, new)?;
                }
                EncodedEntry::Wake(run) => {
                    let sql = "UPDATE run SET in_motion = 1 WHERE journey = ?1 AND phase = 0";
                    self.connection.prepare_cached(sql)?.execute([run.as_str()])?;
                }
                EncodedEntry::Schedule(EncodedChange { change, snapshot }) => {
                    schedules::apply(self.connection, change, snapshot)?;
                }
            }
        }
        Ok(())
    }

    /// Changes a schedule without a run (sentence 27).
    pub(super) fn change_schedule(&self, claim: u64, encoded: &EncodedChange) -> Result<(), Failure> {
        self.check_claim(claim)?;
        self.check_schedule(&encoded.change)?;
        schedules::apply(self.connection, &encoded.change, &encoded.snapshot)?;
        Ok(())
    }
}
