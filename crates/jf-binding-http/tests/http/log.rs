//! The log of the scripted run: statuses, and an outcome at the end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jf_core::{
    At, Cursor, EngineError, Event, GapReason, HeadPublisher, HeadWatch, JourneyOutcome, JourneyStatus,
    Phase, Replay,
};

use crate::fake::{head, outcome, status};

#[derive(Default)]
pub(crate) struct Log {
    state: Mutex<State>,
    publisher: HeadPublisher,
}

#[derive(Default, Clone, Copy)]
struct State {
    head: u64,
    /// The first event that is still kept.
    oldest: u64,
    ended: bool,
    removed: bool,
    /// How many reads fail like a guard that breaks.
    guard_faults: u32,
    /// How long the guard of each read takes.
    guard_takes: Duration,
}

impl Log {
    /// A log with so many statuses.
    pub(crate) fn of(statuses: u64) -> Arc<Self> {
        let state = State { head: statuses, oldest: 1, ..State::default() };
        Arc::new(Self { state: Mutex::new(state), publisher: HeadPublisher::new(statuses) })
    }

    /// So many further statuses.
    pub(crate) fn moves(&self, by: u64) {
        self.change(|state| state.head += by);
    }

    pub(crate) fn ends(&self) {
        self.change(|state| (state.head, state.ended) = (state.head + 1, true));
    }

    /// Events before this one are no longer kept.
    pub(crate) fn forgets_before(&self, oldest: u64) {
        self.change(|state| state.oldest = oldest);
    }

    pub(crate) fn is_removed(&self) {
        self.change(|state| state.removed = true);
        self.publisher.remove();
    }

    pub(crate) fn guard_breaks(&self, times: u32) {
        self.change(|state| state.guard_faults = times);
    }

    /// From now on the guard of each read takes so long.
    pub(crate) fn guard_takes(&self, time: Duration) {
        self.state.lock().unwrap().guard_takes = time;
    }

    /// Waits for the guard of a read.
    pub(crate) async fn guard(&self) {
        let time = self.state.lock().unwrap().guard_takes;
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.publisher.is_watched()
    }

    pub(crate) fn watch(&self) -> HeadWatch {
        self.publisher.watch()
    }

    pub(crate) fn status(&self) -> Result<At<JourneyStatus>, EngineError> {
        let state = self.read()?;
        let mut status = At::new(head(state.head), status().document);
        if state.ended {
            status.document.phase = Phase::Succeeded;
        }
        Ok(status)
    }

    pub(crate) fn outcome(&self) -> Result<At<JourneyOutcome>, EngineError> {
        Ok(At::new(head(self.read()?.head), outcome().document))
    }

    /// The one event after the cursor.
    pub(crate) fn events(&self, from: &Cursor) -> Result<Replay, EngineError> {
        let State { head: last, oldest, ended, .. } = self.read()?;
        let foreign = from.epoch.as_ref().is_some_and(|epoch| *epoch != head(1).epoch) || from.after > last;
        let reason = match foreign {
            true => Some(GapReason::Epoch),
            false => (from.after + 1 < oldest).then_some(GapReason::Retention),
        };
        if let Some(reason) = reason {
            return Ok(Replay::Gone { oldest, head: head(last), reason, ended });
        }
        let next = from.after + 1;
        let event = match ended && next == last {
            true => Event::Outcome(outcome().document),
            false => Event::Status(status().document),
        };
        let items = (next <= last).then(|| At::new(head(next), event)).into_iter().collect();
        Ok(Replay::Events { items, head: head(last), more: next < last, ended })
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap();
        change(&mut state);
        self.publisher.publish(state.head);
    }

    fn read(&self) -> Result<State, EngineError> {
        let mut state = self.state.lock().unwrap();
        if state.removed {
            return Err(EngineError::not_found());
        }
        if state.guard_faults > 0 {
            state.guard_faults -= 1;
            return Err(EngineError::guard_fault("the guard broke"));
        }
        Ok(*state)
    }
}
