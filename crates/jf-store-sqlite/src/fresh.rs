//! Runs that were committed and are ahead of their rows.
//!
//! A commit is durable once the journal has it, with all that came together. The rows of its run, its log and their indexes
//! follow later and for many commits at once. Until then this is where the run is read.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jf_core::JourneyId;
use jf_store::{EventPage, LogRecord, Revision, RunIndex, Snapshot, StoredRun, StoredSnapshot};

use crate::writer::tables::Standing;

/// A run as last committed, with what its rows lack.
#[derive(Debug, Clone)]
pub(crate) struct FreshRun {
    pub(crate) state: State,
    /// What the rows of its log lack, in order and without a hole.
    pub(crate) events: Vec<FreshEvent>,
}

/// A run as last committed.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// The number of its definition version.
    pub(crate) definition: i64,
    pub(crate) revision: Revision,
    pub(crate) index: RunIndex,
    /// When it ended, if it has.
    pub(crate) ended: Option<i64>,
    /// The value that was committed, if it may be wanted: whoever goes on with a run in motion has it already, and would have to copy
    /// what is kept here before it can be changed.
    pub(crate) live: Option<Arc<dyn Snapshot>>,
    /// Its encoded form.
    pub(crate) snapshot: Vec<u8>,
    /// Its row, if it has one.
    pub(crate) standing: Option<Standing>,
}

/// An event, and its encoded form.
#[derive(Debug, Clone)]
pub(crate) struct FreshEvent {
    pub(crate) record: LogRecord,
    pub(crate) bytes: Vec<u8>,
}

impl FreshRun {
    pub(crate) fn stored(&self, run: &JourneyId) -> StoredRun {
        let State { revision, index, live, snapshot, .. } = &self.state;
        let snapshot = match live {
            Some(live) => StoredSnapshot::Live(Arc::clone(live)),
            None => StoredSnapshot::Encoded(snapshot.as_slice().into()),
        };
        StoredRun::new(run.clone(), *revision, index.clone(), snapshot)
    }

    /// The log after a number, of which the rows have `in_rows` and the events before those here.
    pub(crate) fn page(
        &self,
        in_rows: Vec<LogRecord>,
        oldest: Option<u64>,
        after: u64,
        limit: usize,
        kept: usize,
    ) -> EventPage {
        let index = &self.state.index;
        let first = self.events.first().map_or(index.head + 1, |event| event.record.seq);
        let oldest = oldest.unwrap_or(first).max(self.gone(kept) + 1);
        let here = self.events.iter().map(|event| event.record.clone());
        let all = in_rows.into_iter().chain(here);
        let wanted = all.filter(|record| record.seq > after && record.seq >= oldest).take(limit);
        EventPage::new(wanted.collect(), oldest, index.head, index.phase)
    }

    /// The last event that need not be kept any more.
    pub(crate) fn gone(&self, kept: usize) -> u64 {
        self.state.index.head.saturating_sub(kept.max(1) as u64)
    }

    /// A later commit has changed it.
    pub(crate) fn advance(&mut self, state: State, events: impl IntoIterator<Item = FreshEvent>) {
        self.state = state;
        self.events.extend(events);
    }
}

/// All fresh runs. The writing thread changes them, and only after what it says is durable; everybody reads them.
#[derive(Debug, Default)]
pub(crate) struct FreshRuns {
    runs: Mutex<HashMap<JourneyId, Arc<FreshRun>>>,
    /// The tables are being changed, and may say more than this for the moment.
    behind: AtomicBool,
}

impl FreshRuns {
    pub(crate) fn get(&self, run: &JourneyId) -> Option<Arc<FreshRun>> {
        self.lock().get(run).cloned()
    }

    pub(crate) fn all(&self) -> Vec<(JourneyId, Arc<FreshRun>)> {
        self.lock().iter().map(|(run, fresh)| (run.clone(), Arc::clone(fresh))).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Whether rows may say more than this for the moment.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Acquire)
    }

    pub(crate) fn set_behind(&self, behind: bool) {
        self.behind.store(behind, Ordering::Release);
    }

    /// Makes visible what runs have become, which is durable by now.
    pub(crate) fn advance(&self, changed: HashMap<JourneyId, FreshRun>) {
        let mut runs = self.lock();
        for (run, later) in changed {
            match runs.get_mut(&run) {
                Some(fresh) => Arc::make_mut(fresh).advance(later.state, later.events),
                None => drop(runs.insert(run, Arc::new(later))),
            }
        }
    }

    /// The rows of these runs say everything.
    pub(crate) fn settle(&self, settled: &HashSet<JourneyId>) {
        let mut runs = self.lock();
        settled.iter().for_each(|run| drop(runs.remove(run)));
    }

    /// The rows of all runs say everything.
    pub(crate) fn settle_all(&self) {
        // Dropped where nobody waits for it.
        let gone = std::mem::take(&mut *self.lock());
        drop(gone);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JourneyId, Arc<FreshRun>>> {
        // Changes are whole when a panic could come, so a poisoned lock guards good ones.
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
