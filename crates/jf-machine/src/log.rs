//! The events of a run's log: one per trigger at most (ENG-106, ENG-107).

use std::sync::Arc;

use jf_core::{ActiveStep, JourneyOutcome, LogDocument};
use jf_dsl::StateId;
use jiff::Timestamp;

use crate::flow::Position;
use crate::machine::Machine;
use crate::run::Shown;
use crate::states::Op;
use crate::{Effect, LogEntry, time};

impl Machine<'_> {
    /// Apis and guards have none.
    pub(crate) fn has_log(&self) -> bool {
        self.program.is_journey() && !self.run.root.is_guard()
    }

    /// The first event: the creation, before the first state is entered.
    pub(crate) fn emit_creation(&mut self) {
        let shown = self.present(Vec::new());
        self.emit_status(shown);
    }

    /// Every flow that the trigger moved has stopped: makes its status event if a member of the status has changed since the last
    /// event, or a step was activated or deactivated meanwhile.
    pub(crate) fn close_trigger(&mut self) {
        let Some(trigger) = self.run.trigger.take() else { return };
        let shown = &self.run.shown;
        // The active steps can differ only if one was activated or deactivated.
        let same = !trigger.steps_moved
            && shown.attributes == self.run.attributes.len()
            && self.run.flows.first().is_some_and(|root| root.scope().state.id == shown.state);
        if same || !self.has_log() {
            return;
        }
        let shown = self.present(self.live_steps());
        self.emit_status(shown);
    }

    /// The last event: the outcome. The status that belongs to it is read at the same number.
    pub(crate) fn emit_outcome(&mut self, outcome: &Arc<JourneyOutcome>, state: StateId) {
        self.run.shown =
            Shown { at: self.event_time(), state, steps: Vec::new(), attributes: self.run.attributes.len() };
        self.emit(LogDocument::Outcome(Arc::clone(outcome)));
    }

    /// The run has come to its end and waits for its compensation: no step is active, whatever has moved (ENG-092).
    pub(crate) fn emit_waiting(&mut self, state: StateId) {
        let shown =
            Shown { at: self.event_time(), state, steps: Vec::new(), attributes: self.run.attributes.len() };
        self.emit_status(shown);
    }

    fn emit_status(&mut self, shown: Shown) {
        self.run.shown = shown;
        if self.has_log() {
            let status = self.run.status();
            self.emit(LogDocument::Status(Arc::new(status)));
        }
    }

    fn emit(&mut self, document: LogDocument) {
        if !self.has_log() {
            return;
        }
        self.run.seq = self.run.seq.saturating_add(1);
        let entry = LogEntry { seq: self.run.seq, at: self.run.shown.at, document };
        self.push(Effect::Emit(entry));
    }

    /// What a status says now. The root stands at its innermost state, or at the outermost parallel state (ENG-022).
    fn present(&self, steps: Vec<ActiveStep>) -> Shown {
        let shown = &self.run.shown;
        let root = self.run.flows.first();
        let state = root.map_or_else(|| shown.state.clone(), |root| root.scope().state.id.clone());
        Shown { at: self.event_time(), state, steps, attributes: self.run.attributes.len() }
    }

    /// The active steps in the order of their activation, which follows the document within one commit (ENG-031).
    fn live_steps(&self) -> Vec<ActiveStep> {
        let live = self.run.flows_at_steps();
        let mut steps = Vec::with_capacity(live.len());
        for (_, index) in live {
            if let Position::Step { due, .. } = self.run.flows[index].position
                && let Some(state) = self.program.find(self.run, index)
                && let Op::ExternalInput(input) = state.op()
            {
                steps.push(input.shown(state.id(), self.run.qualified(index), due));
            }
        }
        steps
    }

    /// Never before the event before it, should the clock have jumped back.
    fn event_time(&self) -> Timestamp {
        time::floor(self.env.now).max(self.run.shown.at)
    }
}
