//! How long things are kept.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a store keeps what has ended (ENG-104, ENG-109). Given to a store when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// How long ended runs are kept: 30 days.
    pub ended_runs: Duration,
    /// How many ended runs a store in memory keeps at most, the oldest going first: 100 000.
    pub memory_runs: usize,
    /// How many events of a run are kept at least: the last 1 000.
    pub events: usize,
    /// How long the log of an ended run is kept: 24 hours. Its last event, the outcome, is kept with the run.
    pub events_after_end: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { ended_runs: 30 * DAY, memory_runs: 100_000, events: 1_000, events_after_end: DAY }
    }
}

impl Retention {
    /// Keeps ended runs so long.
    #[must_use]
    pub const fn with_ended_runs(mut self, ended_runs: Duration) -> Self {
        self.ended_runs = ended_runs;
        self
    }

    /// Keeps at most so many ended runs in memory.
    #[must_use]
    pub const fn with_memory_runs(mut self, memory_runs: usize) -> Self {
        self.memory_runs = memory_runs;
        self
    }

    /// Keeps so many events of a run; at least one is kept.
    #[must_use]
    pub const fn with_events(mut self, events: usize) -> Self {
        self.events = events;
        self
    }

    /// Keeps the log of an ended run so long.
    #[must_use]
    pub const fn with_events_after_end(mut self, events_after_end: Duration) -> Self {
        self.events_after_end = events_after_end;
        self
    }
}
