//! A part of all runs, with the indexes over them. One lock guards both, so that they never disagree.

use std::collections::BTreeSet;
use std::collections::hash_map::{Entry as Slot, HashMap};
use std::ops::Bound;

use foldhash::fast::RandomState;
use jf_core::{IdempotencyKey, JourneyId};
use jiff::Timestamp;

use super::entry::Entry;
use super::order::Order;
use crate::{
    Commit, DueRun, EventPage, KeyRecord, ListKey, Retention, Revision, RunFilter, RunIndex, StoreError,
    StoreErrorKind, StoredRun,
};

#[derive(Debug, Default)]
pub(super) struct Shard {
    /// Entries are boxed, so that a table that grows moves pointers.
    runs: HashMap<JourneyId, Box<Entry>, RandomState>,
    order: Order,
    due: BTreeSet<DueRun>,
    in_motion: BTreeSet<JourneyId>,
}

/// A part of a list.
pub(super) struct Chunk {
    pub(super) found: Vec<(ListKey, StoredRun)>,
    /// Where to go on, if there is more.
    pub(super) next: Option<ListKey>,
}

impl Shard {
    pub(super) fn len(&self) -> usize {
        self.runs.len()
    }

    pub(super) fn commit(&mut self, commit: Commit, retention: &Retention) -> Result<Revision, StoreError> {
        let run = commit.run.clone();
        let (due, in_motion) = (commit.index.due, commit.index.in_motion);
        let (revision, before) = match self.runs.entry(run.clone()) {
            Slot::Vacant(slot) if commit.expected.is_none() => {
                let created = commit.index.created;
                slot.insert(Box::new(Entry::create(commit, retention)?));
                self.order.insert(ListKey { created, run: run.clone() });
                (Revision::FIRST, (None, false))
            }
            Slot::Vacant(_) => return Err(StoreError::new(StoreErrorKind::StaleRevision).with("run", &run)),
            Slot::Occupied(_) if commit.expected.is_none() => {
                return Err(StoreError::new(StoreErrorKind::Exists).with("run", &run));
            }
            Slot::Occupied(mut slot) => {
                let entry = slot.get_mut();
                let before = (entry.index.due, entry.index.in_motion);
                (entry.update(commit, retention)?, before)
            }
        };
        self.reindex(&run, before, (due, in_motion));
        Ok(revision)
    }

    fn reindex(
        &mut self,
        run: &JourneyId,
        before: (Option<Timestamp>, bool),
        after: (Option<Timestamp>, bool),
    ) {
        if before.0 != after.0 {
            if let Some(due) = before.0 {
                self.due.remove(&DueRun { due, run: run.clone() });
            }
            if let Some(due) = after.0 {
                self.due.insert(DueRun { due, run: run.clone() });
            }
        }
        if before.1 && !after.1 {
            self.in_motion.remove(run);
        } else if !before.1 && after.1 {
            self.in_motion.insert(run.clone());
        }
    }

    /// Has a run that goes on count as one with work pending, until its next commit.
    pub(super) fn wake(&mut self, run: &JourneyId) {
        let Some(entry) = self.runs.get_mut(run).filter(|entry| !entry.index.phase.is_final()) else {
            return;
        };
        entry.index.in_motion = true;
        self.in_motion.insert(run.clone());
    }

    /// Takes an ended run out of everything.
    pub(super) fn remove_ended(&mut self, run: &JourneyId) -> Option<Box<Entry>> {
        let Slot::Occupied(slot) = self.runs.entry(run.clone()) else { return None };
        if !slot.get().index.phase.is_final() {
            return None;
        }
        let entry = slot.remove();
        self.order.remove(&ListKey { created: entry.index.created, run: run.clone() });
        self.reindex(run, (entry.index.due, entry.index.in_motion), (None, false));
        Some(entry)
    }

    /// Notes that the end of the run is known to the queue of ended runs; `false` when it was already.
    pub(super) fn mark_end_recorded(&mut self, run: &JourneyId) -> bool {
        self.runs.get_mut(run).is_some_and(|entry| !std::mem::replace(&mut entry.end_recorded, true))
    }

    pub(super) fn load(&self, run: &JourneyId) -> Option<StoredRun> {
        self.runs.get(run).map(|entry| entry.stored(run))
    }

    pub(super) fn locate(&self, run: &JourneyId) -> Option<RunIndex> {
        self.runs.get(run).map(|entry| entry.index.clone())
    }

    pub(super) fn events(&self, run: &JourneyId, after: u64, limit: usize) -> Option<EventPage> {
        self.runs.get(run).map(|entry| entry.events(after, limit))
    }

    pub(super) fn key(&self, run: &JourneyId, key: &IdempotencyKey) -> Option<KeyRecord> {
        self.runs.get(run)?.key(key)
    }

    pub(super) fn due(&self, until: Timestamp) -> impl Iterator<Item = &DueRun> {
        self.due.iter().take_while(move |run| run.due <= until)
    }

    pub(super) fn in_motion(&self, after: Option<&JourneyId>) -> impl Iterator<Item = &JourneyId> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.in_motion.range::<JourneyId, _>((from, Bound::Unbounded))
    }

    pub(super) fn cut_log(&mut self, run: &JourneyId) -> bool {
        self.runs.get_mut(run).map(|entry| entry.cut_log()).is_some()
    }

    /// At most `wanted` runs that match, out of the next `chunk` ones after `after`, up to `bound`.
    pub(super) fn list(
        &self,
        filter: &RunFilter,
        after: Option<&ListKey>,
        bound: Option<&ListKey>,
        wanted: usize,
        chunk: usize,
    ) -> Chunk {
        let mut found = Vec::new();
        let mut last: Option<&ListKey> = None;
        for (seen, (key, is_there)) in self.order.range(after, bound).enumerate() {
            if seen == chunk || found.len() == wanted {
                return Chunk { found, next: last.cloned() };
            }
            last = Some(key);
            if is_there
                && let Some(entry) = self.runs.get(&key.run)
                && filter.matches(&entry.index)
            {
                found.push((key.clone(), entry.stored(&key.run)));
            }
        }
        Chunk { found, next: None }
    }
}
