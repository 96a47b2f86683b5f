//! Compensation runs, and what they and the runs they compensate tell each other (ENG-090 to ENG-096).
//!
//! That a compensation is owed stands in the commit that ends its run, and stays there until the compensation is durable: a crash in
//! between makes the engine ask again, for a run of the same id. So it is begun once, whatever happens.

use std::sync::Arc;

use jf_core::{EngineErrorKind, JourneyId};
use jf_machine::{CompensationOrder, Input, Run};

use super::cell::Loaded;
use super::message::{Compensate, Message};
use super::turn::Turn;
use crate::work::perform;

impl Turn {
    /// Has the compensation of this run started by its own turn.
    pub(super) fn start_compensation(&mut self, order: CompensationOrder) {
        let (id, deployed) = (order.journey_id.clone(), Arc::clone(&self.loaded().deployed));
        self.tell(&id, Message::Compensate(Box::new(Compensate { deployed, order })));
    }

    /// Begins a compensation, unless that has happened before.
    pub(super) async fn compensate(&mut self, compensate: Compensate) {
        let Compensate { deployed, order } = compensate;
        let main = order.compensates.clone();
        match self.load().await {
            Ok(()) => {
                let ended = self.loaded().run().phase().is_final();
                let input = if ended { Input::CompensationEnded } else { Input::CompensationStarted };
                self.tell(&main, Message::Compensated(input));
                return;
            }
            Err(error) if error.kind() == EngineErrorKind::NotFound => {}
            Err(_) => return self.ask_again(&main),
        }
        let shared = Arc::clone(&self.shared);
        let mut transaction = self.transaction();
        let run = Run::compensation(&deployed.program, order, &shared.env(&deployed, transaction.now));
        let Some(run) = run else {
            tracing::error!(run = %main, "the definition of a run has no compensation any more");
            return;
        };
        self.cell().loaded = Some(Loaded::new(deployed, run));
        // A beginning is never refused.
        let _ = self.apply(Input::Begin, &mut transaction).await;
        if self.commit(transaction).await.is_err() {
            self.ask_again(&main);
        } else if !self.loaded().run().phase().is_final() {
            // One that has ended already has told so.
            self.tell(&main, Message::Compensated(Input::CompensationStarted));
        }
    }

    /// Takes note of what became of the compensation of this run.
    pub(super) async fn compensated(&mut self, input: Input) {
        if self.load().await.is_err() {
            return;
        }
        let mut transaction = self.transaction();
        self.apply_overdue(&mut transaction).await;
        // Never refused. What is lost with a failed commit is found again by recovery.
        let _ = self.apply(input, &mut transaction).await;
        let _ = self.commit(transaction).await;
    }

    /// Tells the run that this one compensates of its end.
    pub(super) fn tell_end_of_compensation(&mut self) {
        let run = self.loaded().run();
        if run.phase().is_final()
            && let Some(main) = run.compensates().cloned()
        {
            self.tell(&main, Message::Compensated(Input::CompensationEnded));
        }
    }

    fn tell(&self, id: &JourneyId, message: Message) {
        if let Some(turn) = self.shared.runs.enter(id).post(&self.shared, message) {
            perform(turn.drive(), &self.shared.runtime);
        }
    }

    /// The store has failed: the run that waits for this one looks again after a while.
    fn ask_again(&self, main: &JourneyId) {
        self.shared.runs.enter(main).recover_later(&self.shared, 0);
    }
}
