//! Commands that were given before (ENG-050 to ENG-058).

use std::sync::Arc;

use jf_core::{Caller, EngineError, IdempotencyKey, StepTarget};
use jf_store::{KeyRecord, KeyScope};

use super::message::{Admitted, Submit};
use super::replies::{Settled, StatusReply, Waiter};
use super::resolved::ResolvedStep;
use super::turn::Turn;
use crate::keys::KeyUse;
use crate::shared::store_error;

/// What is known of a key.
pub(super) enum Known {
    /// Nothing.
    No,
    /// It was used for this very request.
    Same(KeyRecord),
    /// It was used for another request.
    Other,
}

impl Turn {
    /// Answers a submission whose key is known, and gives back any other.
    pub(super) async fn answer_known(&mut self, submit: Box<Submit>) -> Option<Box<Submit>> {
        let Some(key) = &submit.key else { return Some(submit) };
        let answer = match self.known(key, &submit.submission.caller, Some(&submit.submission.target)).await {
            Ok(Known::No) => return Some(submit),
            Ok(Known::Same(record)) => Ok(self.repeated(key.name(), step_of(&record))),
            Ok(Known::Other) => Err(key.mismatch()),
            Err(error) => Err(error),
        };
        let _ = submit.reply.send(answer);
        None
    }

    /// What the run knows of a key. `target` is what a submission names, `None` for a cancellation.
    pub(super) async fn known(
        &mut self,
        key: &KeyUse,
        caller: &Caller,
        target: Option<&StepTarget>,
    ) -> Result<Known, EngineError> {
        // One that is held counts as in flight (ENG-059): its repeat is held behind it and shares its fate.
        let held = self.cell().held.iter().filter_map(|held| Some((held.submit.key.as_ref()?, &held.submit)));
        let mut held = held.filter(|(other, _)| other.name() == key.name());
        if let Some((other, submit)) = held.next() {
            let same = other.is_same(key) && target == Some(&submit.submission.target);
            return Ok(if same { Known::No } else { Known::Other });
        }
        let shared = Arc::clone(self.shared());
        let scope = KeyScope::Run(self.id().clone());
        let record = shared.store.key(&scope, key.name(), shared.clock.now()).await;
        let Some(record) = record.map_err(|error| store_error(&error))? else { return Ok(Known::No) };
        let step = step_of(&record);
        let meant = match (target, &step) {
            (Some(target), Some(step)) => step.can_be(target),
            (target, step) => target.is_none() && step.is_none(),
        };
        let deployed = Arc::clone(&self.loaded().deployed);
        let state = step.as_ref().and_then(ResolvedStep::state);
        let query = match &state {
            Some(state) => deployed.program.projected_query(Some(state), caller),
            None => Vec::new(),
        };
        let same = meant && key.fingerprint(&query) == record.fingerprint;
        Ok(if same { Known::Same(record) } else { Known::Other })
    }

    /// The answer to a repeated submission or cancellation: what the first one is still waiting for, or the present state by its rules (ENG-053).
    pub(super) fn repeated(
        &mut self,
        key: &IdempotencyKey,
        step: Option<ResolvedStep>,
    ) -> Admitted<StatusReply> {
        let shared = Arc::clone(self.shared());
        let now = shared.clock.now();
        let active = Arc::clone(&self.active);
        let waiting = self.cell().waiters.iter_mut().find_map(|waiter| match waiter {
            Waiter::Step { waiters, .. } | Waiter::Cancel(waiters)
                if waiters.key.as_ref() == Some(key) && now < waiters.until =>
            {
                Some(waiters.attach(&active))
            }
            _ => None,
        });
        let loaded = self.loaded();
        let run = loaded.run();
        let settled = waiting.unwrap_or_else(|| {
            Settled::Now(match &step {
                Some(step) => shared.step_reply(&loaded.deployed, run, &step.address, None),
                None => Box::new(shared.status(&loaded.deployed, run)),
            })
        });
        let at = shared.head(run.seq());
        let guarded = loaded.deployed.program.guards_reads();
        Admitted { at, step, replayed: true, guarded, settled }
    }
}

/// The step that a remembered submission was resolved to.
fn step_of(record: &KeyRecord) -> Option<ResolvedStep> {
    ResolvedStep::from_target(record.target.as_deref()?)
}
