//! Ended runs in the order of their ends, for retention.

use std::collections::VecDeque;
use std::time::Duration;

use jf_core::JourneyId;
use jiff::Timestamp;

use crate::Retention;

#[derive(Debug, Default)]
pub(super) struct Ended {
    runs: VecDeque<(Timestamp, JourneyId)>,
    /// How many of `runs`, from the front, have had their logs cut.
    cut: usize,
}

impl Ended {
    /// Adds a run, and takes out the oldest if there are more than `most` now.
    pub(super) fn push(&mut self, at: Timestamp, run: JourneyId, most: usize) -> Option<JourneyId> {
        self.runs.push_back((at, run));
        if self.runs.len() > most { self.pop() } else { None }
    }

    /// Runs that need not be kept at `now`, and runs whose log need not.
    pub(super) fn pop_expired(
        &mut self,
        now: Timestamp,
        retention: &Retention,
        limit: usize,
    ) -> (Vec<JourneyId>, Vec<JourneyId>) {
        let mut runs = Vec::new();
        while runs.len() < limit
            && self.runs.front().is_some_and(|(at, _)| is_over(*at, retention.ended_runs, now))
            && let Some(run) = self.pop()
        {
            runs.push(run);
        }
        let mut logs = Vec::new();
        while logs.len() < limit
            && let Some((at, run)) = self.runs.get(self.cut)
            && is_over(*at, retention.events_after_end, now)
        {
            logs.push(run.clone());
            self.cut += 1;
        }
        (runs, logs)
    }

    fn pop(&mut self) -> Option<JourneyId> {
        self.cut = self.cut.saturating_sub(1);
        self.runs.pop_front().map(|(_, run)| run)
    }
}

/// Whether `length` has passed since `from`. A length beyond the end of time never does.
fn is_over(from: Timestamp, length: Duration, now: Timestamp) -> bool {
    from.checked_add(length).is_ok_and(|end| end <= now)
}
