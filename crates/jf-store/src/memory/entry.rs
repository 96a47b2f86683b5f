//! One run in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jf_core::{IdempotencyKey, JourneyId};

use crate::{
    Commit, EventPage, KeyRecord, KeyScope, LogRecord, Retention, Revision, RunIndex, Snapshot, StoreError,
    StoreErrorKind, StoredRun, StoredSnapshot,
};

/// A run with its log and its keys.
#[derive(Debug)]
pub(super) struct Entry {
    revision: Revision,
    pub(super) index: RunIndex,
    snapshot: Arc<dyn Snapshot>,
    log: VecDeque<LogRecord>,
    keys: HashMap<IdempotencyKey, KeyRecord>,
    /// The start keys that name this run, to be removed with it.
    pub(super) start_keys: Vec<(KeyScope, IdempotencyKey)>,
    /// The end of the run stands in the queue of ended runs.
    pub(super) end_recorded: bool,
}

impl Entry {
    pub(super) fn create(mut commit: Commit, retention: &Retention) -> Result<Self, StoreError> {
        commit.check(None)?;
        let mut entry = Self {
            revision: Revision::FIRST,
            end_recorded: commit.index.phase.is_final(),
            index: commit.index,
            snapshot: commit.snapshot,
            log: VecDeque::from(std::mem::take(&mut commit.events)),
            keys: HashMap::new(),
            start_keys: Vec::new(),
        };
        entry.trim(retention);
        entry.take_keys(commit.keys);
        Ok(entry)
    }

    pub(super) fn update(&mut self, commit: Commit, retention: &Retention) -> Result<Revision, StoreError> {
        if commit.expected != Some(self.revision) {
            return Err(StoreError::new(StoreErrorKind::StaleRevision)
                .with("run", &commit.run)
                .with("expected", commit.expected.map_or(0, Revision::get))
                .with("revision", self.revision));
        }
        commit.check(Some(&self.index))?;
        self.check_free(&commit)?;
        self.revision = self.revision.next();
        self.index = commit.index;
        self.snapshot = commit.snapshot;
        self.log.extend(commit.events);
        self.trim(retention);
        self.take_keys(commit.keys);
        Ok(self.revision)
    }

    pub(super) fn stored(&self, run: &JourneyId) -> StoredRun {
        let snapshot = StoredSnapshot::Live(Arc::clone(&self.snapshot));
        StoredRun::new(run.clone(), self.revision, self.index.clone(), snapshot)
    }

    pub(super) fn events(&self, after: u64, limit: usize) -> EventPage {
        let oldest = self.log.front().map_or(self.index.head + 1, |first| first.seq);
        let skip = usize::try_from(after.saturating_add(1).saturating_sub(oldest)).unwrap_or(usize::MAX);
        let events = self.log.iter().skip(skip).take(limit).cloned().collect();
        EventPage::new(events, oldest, self.index.head, self.index.phase)
    }

    pub(super) fn key(&self, key: &IdempotencyKey) -> Option<KeyRecord> {
        self.keys.get(key).cloned()
    }

    /// Leaves the last event only.
    pub(super) fn cut_log(&mut self) {
        self.log.drain(..self.log.len().saturating_sub(1));
        self.log.shrink_to_fit();
    }

    fn trim(&mut self, retention: &Retention) {
        let excess = self.log.len().saturating_sub(retention.events.max(1));
        self.log.drain(..excess);
    }

    fn take_keys(&mut self, keys: Vec<crate::NewKey>) {
        for new in keys {
            match new.scope {
                KeyScope::Run(_) => {
                    self.keys.insert(new.key, new.record);
                }
                scope @ KeyScope::Start { .. } => self.start_keys.push((scope, new.key)),
            }
        }
    }

    fn check_free(&self, commit: &Commit) -> Result<(), StoreError> {
        let taken = commit.keys.iter().any(|new| {
            matches!(new.scope, KeyScope::Run(_))
                && self.key(&new.key).is_some_and(|record| record.is_kept(commit.at))
        });
        if taken { Err(StoreError::new(StoreErrorKind::KeyTaken).with("run", &commit.run)) } else { Ok(()) }
    }
}
