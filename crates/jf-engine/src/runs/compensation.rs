//! Compensation runs, and what they and the runs they compensate tell each other (ENG-090 to ENG-096).
//!
//! A compensation is begun while the end of its run is still to be committed, and both become durable in one commit: a crash neither
//! loses nor doubles it. The end of one that is waited for wakes its run in the commit, so that it is found however the process ends.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use jf_core::JourneyId;
use jf_dsl::CompensationMode;
use jf_machine::{CompensationOrder, Effect, Effects, Input, Run, apply};
use jf_store::{LogRecord, NewRun, OutboxEntry, Revision};
use jiff::Timestamp;

use super::cell::Loaded;
use super::commit::{Transaction, split};
use super::message::Message;
use super::turn::Turn;
use crate::shared::{Shared, store_error};
use crate::work::perform;

/// A run that the commit of another one creates: begun, and not there before that commit holds.
pub(crate) struct Companion {
    loaded: Loaded,
    /// When it was begun.
    at: Timestamp,
    records: Vec<LogRecord>,
    /// What is to be done once it is there.
    later: Vec<Effect>,
}

impl Companion {
    pub(super) fn id(&self) -> &JourneyId {
        self.loaded.run().journey_id()
    }

    /// As a part of the commit.
    pub(super) fn entry(&mut self) -> OutboxEntry {
        let (index, snapshot) = (self.loaded.index(), Arc::clone(&self.loaded.snapshot));
        let id = self.id().clone();
        OutboxEntry::Create(Box::new(NewRun::new(id, snapshot, index, std::mem::take(&mut self.records))))
    }
}

impl Turn {
    /// Begins the compensation that the end of the run asks for, to become durable with it (ENG-096).
    pub(super) async fn begin_companion(&mut self, transaction: &mut Transaction) {
        let order = transaction.effects.iter().find_map(|effect| match effect {
            Effect::StartCompensation(order) => Some(CompensationOrder::clone(order)),
            _ => None,
        });
        if let Some(order) = order
            && transaction.companion.is_none()
        {
            self.compensate(order, transaction).await;
        }
    }

    async fn compensate(&mut self, order: CompensationOrder, transaction: &mut Transaction) {
        let (shared, now) = (Arc::clone(self.shared()), transaction.now);
        let deployed = Arc::clone(&self.loaded().deployed);
        let run = Run::compensation(&deployed.program, order, &shared.env(&deployed, now));
        let Some(run) = run else {
            tracing::error!(run = %self.id(), "the definition of a run has no compensation any more");
            return self.tell_of_companion(Input::CompensationEnded, transaction);
        };
        let mut loaded = Loaded::new(deployed, run);
        let begun = AssertUnwindSafe(begin(&shared, &mut loaded, now)).catch_unwind().await;
        let Ok(effects) = begun else {
            // It stays owed: the run ends all the same, and the next process tries again.
            tracing::error!(run = %self.id(), "beginning the compensation of a run panicked");
            return;
        };
        let ended = loaded.run().phase().is_final();
        let sorted = split(effects);
        let (records, later) = (sorted.records, sorted.later);
        transaction.companion = Some(Companion { loaded, at: now, records, later });
        let input = if ended { Input::CompensationEnded } else { Input::CompensationStarted };
        self.tell_of_companion(input, transaction);
    }

    fn tell_of_companion(&mut self, input: Input, transaction: &mut Transaction) {
        // Never refused, and no states follow.
        let _ = self.apply_part(input, transaction);
    }

    /// Finds out what became of the compensation of this run while nobody told it. Tells whether that is known.
    pub(super) async fn recover_companion(&mut self, transaction: &mut Transaction) -> bool {
        let run = self.loaded().run();
        let owed = run.owed_compensation();
        let id = owed.as_ref().map(|order| &order.journey_id).or_else(|| run.awaited_compensation());
        let Some(id) = id.cloned() else { return true };
        let index = match self.shared().store.locate(&id).await {
            Ok(index) => index,
            Err(error) => {
                self.failed(store_error(&error), error.kind());
                return false;
            }
        };
        match (index, owed) {
            (Some(index), _) if !index.phase.is_final() => {
                self.tell_of_companion(Input::CompensationStarted, transaction);
            }
            (None, Some(order)) => self.compensate(order, transaction).await,
            // It has ended, and may have been forgotten since.
            _ => self.tell_of_companion(Input::CompensationEnded, transaction),
        }
        true
    }

    /// The run that waits for the end of this one, if that has come.
    pub(super) fn waits_for_this(&mut self) -> Option<JourneyId> {
        let loaded = self.loaded();
        let compensation = loaded.deployed.program.definition().spec.compensation.as_ref();
        let is_awaited = compensation.is_some_and(|block| block.mode == CompensationMode::Sync);
        let run = loaded.run();
        run.compensates().filter(|_| is_awaited && run.phase().is_final()).cloned()
    }

    /// Goes on with a run that the commit of another one has created.
    pub(super) async fn created(&mut self, companion: Companion) {
        if self.cell().loaded.is_some() {
            // Somebody was here before: the store tells what is pending.
            return self.recover().await;
        }
        let Companion { mut loaded, at, later, .. } = companion;
        loaded.revision = Some(Revision::FIRST);
        let due = loaded.run().next_due();
        self.cell().loaded = Some(loaded);
        self.committed(at, due, None, later);
    }

    /// Takes note of the end of the compensation of this run.
    pub(super) async fn compensated(&mut self) {
        if self.load().await.is_err() {
            return;
        }
        let mut transaction = self.transaction();
        self.apply_overdue(&mut transaction).await;
        // Never refused. What is lost with a failed commit is found again by recovery.
        let _ = self.apply(Input::CompensationEnded, &mut transaction).await;
        let _ = self.commit(transaction).await;
    }

    /// Tells the run that waits for this one that it has ended.
    pub(super) fn tell_end_of_compensation(&mut self) {
        if let Some(main) = self.waits_for_this() {
            self.tell(&main, Message::Compensated);
        }
    }

    pub(super) fn tell(&self, id: &JourneyId, message: Message) {
        if let Some(turn) = self.shared().enter(id).post(message) {
            perform(turn.drive(), &self.shared().runtime);
        }
    }
}

/// Begins a run that nobody knows yet, with everything that follows without I/O.
async fn begin(shared: &Shared, loaded: &mut Loaded, now: Timestamp) -> Effects {
    let mut effects = Effects::default();
    let mut input = Input::Begin;
    loop {
        {
            let env = shared.env(&loaded.deployed, now);
            let run = &mut Arc::make_mut(&mut loaded.snapshot).0;
            // A beginning is never refused.
            if let Ok(more) = apply(&loaded.deployed.program, run, input, &env) {
                effects.append(more);
            }
        }
        if !effects.is_unfinished() || loaded.run().phase().is_final() {
            return effects;
        }
        tokio::task::yield_now().await;
        // Its deadline ends a stretch of pure states that does not (ENG-062).
        input = loaded.run().overdue(shared.clock.now()).unwrap_or(Input::Resume);
    }
}
