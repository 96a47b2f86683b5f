//! What stores are asked for, and what they give back.

use indexmap::IndexMap;
use jf_core::{JourneyId, Phase};
use jiff::Timestamp;

use crate::{LogRecord, Revision, RunIndex, StoredSnapshot};

/// A run as last committed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredRun {
    /// Its id.
    pub run: JourneyId,
    /// Its revision.
    pub revision: Revision,
    /// Its index.
    pub index: RunIndex,
    /// What it is.
    pub snapshot: StoredSnapshot,
}

impl StoredRun {
    /// A run as last committed.
    #[must_use]
    pub const fn new(run: JourneyId, revision: Revision, index: RunIndex, snapshot: StoredSnapshot) -> Self {
        Self { run, revision, index, snapshot }
    }
}

/// A part of a run's log, read at one moment.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EventPage {
    /// The events after the wanted number that are still kept, in order and without a hole.
    pub events: Vec<LogRecord>,
    /// The oldest number that is still kept. Greater than the wanted one plus 1: events are missing.
    pub oldest: u64,
    /// The last number.
    pub head: u64,
    /// The phase of the run; the last event of an ended one is its outcome.
    pub phase: Phase,
}

impl EventPage {
    /// A part of a log.
    #[must_use]
    pub const fn new(events: Vec<LogRecord>, oldest: u64, head: u64, phase: Phase) -> Self {
        Self { events, oldest, head, phase }
    }
}

/// A run in which something falls due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueRun {
    /// When.
    pub due: Timestamp,
    /// The run.
    pub run: JourneyId,
}

/// Which runs a list wants (ENG-138). All conditions hold at once, with exact equality.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunFilter {
    /// Only runs of this definition.
    pub journey: Option<String>,
    /// Only runs in this phase.
    pub phase: Option<Phase>,
    /// Only runs with all these tags.
    pub tags: Vec<String>,
    /// Only runs with these attributes.
    pub attributes: IndexMap<String, String>,
    /// Runs that compensate others too.
    pub include_compensation: bool,
}

impl RunFilter {
    /// Whether a run is wanted.
    #[must_use]
    pub fn matches(&self, index: &RunIndex) -> bool {
        self.journey.as_ref().is_none_or(|name| name == index.definition.name.as_str())
            && self.phase.is_none_or(|phase| phase == index.phase)
            && (self.include_compensation || !index.compensation)
            && self.tags.iter().all(|tag| index.tags.contains(tag))
            && self.attributes.iter().all(|(name, value)| index.attributes.get(name) == Some(value))
    }
}

/// The place of a run in a list: newest first, then by id (ENG-138).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListKey {
    /// When the run was created.
    pub created: Timestamp,
    /// Its id.
    pub run: JourneyId,
}

impl Ord for ListKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.created.cmp(&self.created).then_with(|| self.run.cmp(&other.run))
    }
}

impl PartialOrd for ListKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What a sweep removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// Runs that are gone with everything that belonged to them.
    pub runs: Vec<JourneyId>,
    /// Ended runs whose log was cut down to the outcome.
    pub logs: usize,
    /// Caller keys that may be used anew, beside those of removed runs.
    pub keys: usize,
}

impl Swept {
    /// Whether nothing was removed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.logs == 0 && self.keys == 0
    }
}
