//! Creating a run (ENG-002), and repeating a start whose key is known (ENG-053).

use jf_core::{EngineError, EngineErrorKind, JourneyId, StartReply};
use jf_dsl::StartMode;
use jf_machine::{Input, Run, SegmentId};
use std::sync::Arc;

use super::cell::Loaded;
use super::message::{Admitted, Begin, RepeatStart};
use super::replies::{Settled, Waiter, Waiters};
use super::turn::Turn;

impl Turn {
    pub(super) async fn begin(&mut self, begin: Box<Begin>) {
        let Begin { deployed, initial, caller, key, until, permit, reply } = *begin;
        let shared = Arc::clone(self.shared());
        let mut transaction = self.transaction();
        let run = {
            let env = shared.env(&deployed, transaction.now);
            Run::new(&deployed.program, self.id().clone(), initial, &env, JourneyId::random)
        };
        self.cell().loaded = Some(Loaded::new(Arc::clone(&deployed), run));
        if self.apply(Input::Begin, &mut transaction).await.is_err() {
            let _ = reply.send(Err(EngineError::new(EngineErrorKind::Internal)));
            return;
        }
        let (key, key_turn) = key.unzip();
        let key_name = key.as_ref().map(|key| key.name().clone());
        if let Some(key) = key {
            let query = deployed.program.projected_query(None, &caller);
            let kept_until = crate::clock::after(transaction.now, shared.config.start_keys_kept);
            let seq = self.loaded().run().seq();
            transaction.keys.push(key.for_start(&deployed, &caller, self.id(), &query, seq, kept_until));
        }
        if caller.is_request() {
            let passthrough = deployed.program.passthrough(None, &caller);
            self.remember(SegmentId::FIRST, caller, passthrough);
        }
        let committed = self.commit(transaction).await;
        drop(key_turn);
        if let Err(error) = committed {
            let _ = reply.send(Err(error));
            return;
        }
        let run = self.loaded().run();
        let at = shared.head(run.seq());
        let is_async = deployed.program.definition().spec.lifecycle.start_mode == StartMode::Async;
        let settled = if is_async || run.is_settled() {
            Settled::Now(shared.start_reply(&deployed, run))
        } else {
            let mut waiters = Waiters::new(key_name, until);
            let settled = waiters.attach(&self.active);
            self.cell().waiters.push(Waiter::Start(waiters));
            settled
        };
        let guarded = deployed.program.guards_reads();
        let _ = reply.send(Ok(Admitted { at, step: None, replayed: false, guarded, settled }));
        drop(permit);
    }

    /// Answers with what the first start is still waiting for, or with the present state.
    pub(super) async fn repeat(&mut self, repeat: RepeatStart) {
        let RepeatStart { key, record, caller, permit, reply } = repeat;
        if let Err(error) = self.load().await {
            let _ = reply.send(Err(error.replayed()));
            return;
        }
        let shared = Arc::clone(self.shared());
        let now = shared.clock.now();
        let deployed = Arc::clone(&self.loaded().deployed);
        // The version of the first request tells which query values count (ENG-058).
        let query = deployed.program.projected_query(None, &caller);
        if key.fingerprint(&query) != record.fingerprint {
            let _ = reply.send(Err(key.mismatch()));
            return;
        }
        let active = Arc::clone(&self.active);
        let waiting = self.cell().waiters.iter_mut().find_map(|waiter| match waiter {
            Waiter::Start(waiters) if waiters.key.as_ref() == Some(key.name()) && now < waiters.until => {
                Some(waiters.attach(&active))
            }
            _ => None,
        });
        let run = self.loaded().run();
        let settled =
            waiting.unwrap_or_else(|| Settled::<StartReply>::Now(shared.start_reply(&deployed, run)));
        let at = shared.head(run.seq());
        let guarded = deployed.program.guards_reads();
        let _ = reply.send(Ok(Admitted { at, step: None, replayed: true, guarded, settled }));
        drop(permit);
    }
}
