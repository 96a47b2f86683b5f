//! Schedules in memory, with the indexes over them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use jf_core::ScheduleId;
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jiff::Timestamp;

use crate::{
    DueSchedule, Revision, ScheduleChange, ScheduleChangeKind, ScheduleIndex, Snapshot, StoreError,
    StoreErrorKind, StoredSchedule, StoredSnapshot,
};

#[derive(Debug, Default)]
pub(super) struct Schedules {
    entries: BTreeMap<ScheduleId, Entry>,
    /// In the order in which they were added.
    by_identity: HashMap<ScheduleIdentity, BTreeMap<u64, ScheduleId>>,
    due: BTreeSet<DueSchedule>,
    added: u64,
}

#[derive(Debug)]
struct Entry {
    age: u64,
    revision: Revision,
    index: ScheduleIndex,
    snapshot: Arc<dyn Snapshot>,
}

impl Schedules {
    /// Whether a change is possible, as things stand.
    pub(super) fn check(&self, change: &ScheduleChange) -> Result<(), StoreError> {
        let entry = self.entries.get(&change.id);
        let possible = match &change.kind {
            ScheduleChangeKind::Add { index, sole, .. } => {
                entry.is_none() && !(*sole && self.by_identity.contains_key(&index.identity))
            }
            ScheduleChangeKind::Replace { expected, index, .. } => entry
                .is_some_and(|entry| entry.revision == *expected && entry.index.identity == index.identity),
            ScheduleChangeKind::Remove { expected } => entry.is_some_and(|entry| entry.revision == *expected),
        };
        if possible {
            return Ok(());
        }
        Err(StoreError::new(StoreErrorKind::StaleSchedule).with("schedule", &change.id))
    }

    /// Makes a change that was checked.
    pub(super) fn apply(&mut self, change: ScheduleChange) {
        let ScheduleChange { id, kind } = change;
        match kind {
            ScheduleChangeKind::Add { index, snapshot, .. } => {
                self.added += 1;
                let age = self.added;
                self.by_identity.entry(index.identity.clone()).or_default().insert(age, id.clone());
                self.put(id, Entry { age, revision: Revision::FIRST, index, snapshot });
            }
            ScheduleChangeKind::Replace { expected, index, snapshot } => {
                let Some(before) = self.take(&id) else { return };
                self.put(id, Entry { age: before.age, revision: expected.next(), index, snapshot });
            }
            ScheduleChangeKind::Remove { .. } => {
                let Some(before) = self.take(&id) else { return };
                if let Some(others) = self.by_identity.get_mut(&before.index.identity) {
                    others.remove(&before.age);
                    if others.is_empty() {
                        self.by_identity.remove(&before.index.identity);
                    }
                }
            }
        }
    }

    fn put(&mut self, id: ScheduleId, entry: Entry) {
        if let Some(due) = entry.index.due {
            self.due.insert(DueSchedule { due, schedule: id.clone() });
        }
        self.entries.insert(id, entry);
    }

    fn take(&mut self, id: &ScheduleId) -> Option<Entry> {
        let entry = self.entries.remove(id)?;
        if let Some(due) = entry.index.due {
            self.due.remove(&DueSchedule { due, schedule: id.clone() });
        }
        Some(entry)
    }

    pub(super) fn get(&self, id: &ScheduleId) -> Option<StoredSchedule> {
        let entry = self.entries.get(id)?;
        let snapshot = StoredSnapshot::Live(Arc::clone(&entry.snapshot));
        Some(StoredSchedule::new(id.clone(), entry.revision, entry.index.clone(), snapshot))
    }

    pub(super) fn newest(&self, identity: &ScheduleIdentity) -> Option<StoredSchedule> {
        let (_, id) = self.by_identity.get(identity)?.last_key_value()?;
        self.get(id)
    }

    pub(super) fn due(&self, until: Timestamp) -> impl Iterator<Item = &DueSchedule> {
        self.due.iter().take_while(move |schedule| schedule.due <= until)
    }

    pub(super) fn versions(&self) -> Vec<DefinitionIdentity> {
        let mut versions: Vec<DefinitionIdentity> = Vec::new();
        for identity in self.by_identity.keys() {
            if !versions.contains(&identity.definition) {
                versions.push(identity.definition.clone());
            }
        }
        versions
    }

    pub(super) fn of(
        &self,
        definition: &DefinitionIdentity,
        suspended: bool,
        after: Option<&ScheduleId>,
    ) -> impl Iterator<Item = &ScheduleId> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let entries = self.entries.range::<ScheduleId, _>((from, Bound::Unbounded));
        let wanted = move |entry: &Entry| {
            entry.index.suspended == suspended && entry.index.identity.definition == *definition
        };
        entries.filter(move |(_, entry)| wanted(entry)).map(|(id, _)| id)
    }
}
