//! Cancellations (ENG-055 to ENG-057).

use std::sync::Arc;

use super::keyed::Known;
use super::message::{Admitted, CancelRun};
use super::replies::{Settled, Waiter, Waiters};
use super::turn::Turn;

impl Turn {
    pub(super) async fn cancel(&mut self, cancel: CancelRun) {
        if let Err(error) = self.load().await {
            let _ = cancel.reply.send(Err(error));
            return;
        }
        if let Some(key) = &cancel.key {
            let answer = match self.known(key, &cancel.caller, None).await {
                Ok(Known::No) => None,
                Ok(Known::Same(_)) => Some(Ok(self.repeated(key.name(), None))),
                Ok(Known::Other) => Some(Err(key.mismatch())),
                Err(error) => Some(Err(error)),
            };
            if let Some(answer) = answer {
                let _ = cancel.reply.send(answer);
                return;
            }
        }
        if self.loaded().deployed.program.guards_reads() && !cancel.is_judged {
            return self.judge(cancel).await;
        }
        let mut transaction = self.transaction();
        self.apply_overdue(&mut transaction).await;
        let applied = self.apply(cancel.input(), &mut transaction).await;
        if let (Ok(true), Some(key)) = (&applied, &cancel.key) {
            let seq = self.loaded().run().seq();
            transaction.keys.push(key.clone().for_run(self.id(), &[], seq, None));
        }
        if let Err(error) = self.commit(transaction).await {
            let _ = cancel.reply.send(Err(error));
            return;
        }
        match applied {
            Ok(true) => self.answer_cancelled(cancel),
            Ok(false) => self.answer_unchanged(cancel),
            Err(refused) => {
                let _ = cancel.reply.send(Err(refused.into_error()));
            }
        }
    }

    /// The answer to a cancellation that has ended the run is the status, under a synchronous compensation when that has ended
    /// (ENG-055).
    pub(super) fn answer_cancelled(&mut self, cancel: CancelRun) {
        if !self.loaded().run().awaits_compensation() {
            return self.answer_unchanged(cancel);
        }
        let loaded = self.loaded();
        let (seq, guarded) = (loaded.run().seq(), loaded.deployed.program.guards_reads());
        let CancelRun { key, until, reply, permit, .. } = cancel;
        let mut waiters = Waiters::new(key.map(|key| key.name().clone()), until);
        let settled = waiters.attach(&self.active);
        self.cell().waiters.push(Waiter::Cancel(waiters));
        let at = self.shared().head(seq);
        let _ = reply.send(Ok(Admitted { at, step: None, replayed: false, guarded, settled }));
        drop(permit);
    }

    /// The answer to any other is the status as it is, at once (ENG-056, ENG-092).
    fn answer_unchanged(&mut self, cancel: CancelRun) {
        let shared = Arc::clone(self.shared());
        let loaded = self.loaded();
        let status = Box::new(shared.status(&loaded.deployed, loaded.run()));
        let guarded = loaded.deployed.program.guards_reads();
        let (at, settled) = (status.at.clone(), Settled::Now(status));
        let CancelRun { reply, permit, .. } = cancel;
        let _ = reply.send(Ok(Admitted { at, step: None, replayed: false, guarded, settled }));
        drop(permit);
    }
}
