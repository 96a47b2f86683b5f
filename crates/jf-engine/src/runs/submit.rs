//! Submissions to steps (ENG-040 to ENG-059).

use std::sync::Arc;

use jf_core::{Caller, EngineError, EngineErrorKind, IdempotencyKey};
use jf_machine::{Accepted, Hold, Input, Refused};
use jiff::Timestamp;

use super::cell::Held;
use super::commit::Transaction;
use super::message::{Admitted, Message, Submit};
use super::replies::{Settled, StatusReply, Waiter, Waiters};
use super::resolved::ResolvedStep;
use super::turn::Turn;
use crate::clock::after;
use crate::keys::KeyUse;

/// Whether a submission may be held, and under which name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holding {
    /// It has just arrived.
    First,
    /// It was held before.
    Again(u64),
    /// It was held long enough.
    Over,
}

impl Turn {
    /// Decides a submission: applied, refused, or held until its step may be active.
    pub(super) async fn submit(&mut self, submit: Box<Submit>, holding: Holding) {
        if let Err(error) = self.load().await {
            let _ = submit.reply.send(Err(error));
            return;
        }
        let submit = if submit.key.is_some() {
            let Some(new) = Box::pin(self.answer_known(submit)).await else { return };
            new
        } else {
            submit
        };
        let mut transaction = self.transaction();
        self.apply_overdue(&mut transaction).await;

        let Submit { submission, mut key, until, permit, reply } = *submit;
        let (caller, has_condition) = (submission.caller.clone(), submission.if_head.is_some());
        let refused = self.apply(Input::StepSubmitted(submission), &mut transaction).await.err();
        let key_name = key.as_ref().map(|key| key.name().clone());
        if refused.is_none()
            && let Some(accepted) = transaction.effects.accepted().cloned()
        {
            self.note_accepted(&accepted, &caller, key.take(), &mut transaction);
        }
        let answer = match (self.commit(transaction).await, refused) {
            (Err(error), _) => Err(error),
            (Ok(_), Some(refused)) => {
                if !has_condition && self.may_hold(&refused, key.is_some(), holding) {
                    if let Some(submission) = refused.into_submission() {
                        self.hold(Box::new(Submit { submission, key, until, permit, reply }), holding);
                    }
                    return;
                }
                Err(refused.into_error())
            }
            (Ok(Some(accepted)), None) => Ok(self.accepted(accepted, key_name, until)),
            (Ok(None), None) => Err(EngineError::new(EngineErrorKind::Internal)),
        };
        let _ = reply.send(answer);
        drop(permit);
    }

    /// What an acceptance adds to its commit, and what its segment may need of the request.
    fn note_accepted(
        &mut self,
        accepted: &Accepted,
        caller: &Caller,
        key: Option<KeyUse>,
        transaction: &mut Transaction,
    ) {
        if let Some(key) = key {
            let loaded = self.loaded();
            let query = loaded.deployed.program.projected_query(Some(&accepted.state), caller);
            let (run, seq) = (loaded.run().journey_id(), loaded.run().seq());
            transaction.keys.push(key.for_run(run, &query, seq, Some(&ResolvedStep::of(accepted))));
        }
        if caller.is_request() && !self.loaded().run().has_stopped(accepted.segment) {
            let passthrough = self.loaded().deployed.program.passthrough(Some(&accepted.state), caller);
            self.remember(accepted.segment, caller.clone(), passthrough);
        }
    }

    fn accepted(
        &mut self,
        accepted: Accepted,
        key: Option<IdempotencyKey>,
        until: Timestamp,
    ) -> Admitted<StatusReply> {
        let (step, segment) = (ResolvedStep::of(&accepted), accepted.segment);
        let (shared, loaded) = self.shared_and_loaded();
        let run = loaded.run();
        let at = shared.head(run.seq());
        let guarded = loaded.deployed.program.guards_reads();
        let settled = if run.has_stopped(segment) {
            Settled::Now(shared.step_reply(&loaded.deployed, run, &step.address, Some(segment)))
        } else {
            let mut waiters = Waiters::new(key, until);
            let settled = waiters.attach(&self.active);
            self.cell().waiters.push(Waiter::Step { segment, address: step.address.clone(), waiters });
            settled
        };
        Admitted { at, step: Some(step), replayed: false, guarded, settled }
    }

    // ---- Early submissions (ENG-059) ----

    fn may_hold(&self, refused: &Refused, keyed: bool, holding: Holding) -> bool {
        let allowed = match refused.hold() {
            Hold::Never => false,
            Hold::WithKey => keyed,
            Hold::Always => true,
        };
        allowed && holding != Holding::Over && !self.shared().config.early_submission.is_zero()
    }

    fn hold(&mut self, submit: Box<Submit>, holding: Holding) {
        let bound = self.shared().config.commands_per_run;
        let cell = self.cell();
        if let Holding::Again(id) = holding {
            cell.held.push(Held { id, submit });
            return;
        }
        if cell.held.len() >= bound {
            let _ = submit.reply.send(Err(self.shared().refuse_crowd()));
            return;
        }
        if cell.tasks.is_empty() {
            // What is in motion was so before this process began, and nobody has taken it up yet: nothing else would keep the run active,
            // and with it what it holds.
            self.active.recover_now();
        }
        let cell = self.cell();
        cell.last_held += 1;
        let id = cell.last_held;
        cell.held.push(Held { id, submit });
        let (shared, active) = (Arc::clone(self.shared()), Arc::downgrade(&self.active));
        let expires = after(shared.clock.now(), shared.config.early_submission);
        shared.runtime.clone().spawn(async move {
            shared.clock.sleep_until(expires).await;
            // A run that came to rest has answered all it held.
            let turn = active.upgrade().and_then(|active| active.post(Message::GiveUp(id)));
            if let Some(turn) = turn {
                turn.drive().await;
            }
        });
    }

    /// Tries the held submissions once more, in the order they came. When no flow is in motion any longer they are answered, since
    /// the machine lets none of them be held then.
    pub(super) async fn retry_held(&mut self) {
        for held in std::mem::take(&mut self.cell().held) {
            self.submit(held.submit, Holding::Again(held.id)).await;
        }
    }

    /// Answers a submission that was held long enough, and those that repeat it.
    pub(super) async fn give_up(&mut self, id: u64) {
        let cell = self.cell();
        let Some(at) = cell.held.iter().position(|held| held.id == id) else { return };
        let first = cell.held.remove(at);
        let key = first.submit.key.as_ref().map(|key| key.name().clone());
        let repeats =
            |held: &mut Held| key.is_some() && held.submit.key.as_ref().map(KeyUse::name) == key.as_ref();
        let repeats: Vec<Held> = cell.held.extract_if(.., repeats).collect();
        for held in std::iter::once(first).chain(repeats) {
            self.submit(held.submit, Holding::Over).await;
        }
    }
}
