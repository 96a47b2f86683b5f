//! What a commit does beyond its run.

use std::sync::Arc;

use jf_core::JourneyId;
use jiff::Timestamp;

use crate::{Claim, Commit, LogRecord, RunIndex, ScheduleChange, Snapshot};

/// Something a commit does beyond its run; a part of it like everything else (sentence 20 of the contract of
/// [`Store`](crate::Store)). Closed: a store can do all of it.
#[derive(Debug, Clone)]
pub enum OutboxEntry {
    /// Creates another run.
    Create(Box<NewRun>),
    /// Tells another run that there is something to look at: it counts as one with work pending until its next commit.
    Wake(JourneyId),
    /// Changes a schedule.
    Schedule(ScheduleChange),
}

/// A run that the commit of another one creates.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewRun {
    /// Its id.
    pub run: JourneyId,
    /// What it is.
    pub snapshot: Arc<dyn Snapshot>,
    /// What may be known of it.
    pub index: RunIndex,
    /// Its log so far: numbers from 1 up to the head of `index`.
    pub events: Vec<LogRecord>,
}

impl NewRun {
    /// A run with the beginning of its log.
    #[must_use]
    pub const fn new(
        run: JourneyId,
        snapshot: Arc<dyn Snapshot>,
        index: RunIndex,
        events: Vec<LogRecord>,
    ) -> Self {
        Self { run, snapshot, index, events }
    }

    /// The creation as a commit of its own, for stores.
    #[must_use]
    pub fn into_commit(self, claim: Claim, at: Timestamp) -> Commit {
        Commit::create(claim, self.run, at, self.snapshot, self.index).with_events(self.events)
    }
}
