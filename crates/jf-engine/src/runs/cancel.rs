//! Cancellations (ENG-055 to ENG-057).

use std::sync::Arc;

use jf_machine::Input;

use super::keyed::Known;
use super::message::{Admitted, CancelRun};
use super::replies::Settled;
use super::turn::Turn;

impl Turn {
    pub(super) async fn cancel(&mut self, cancel: CancelRun) {
        if let Err(error) = self.load().await {
            let _ = cancel.reply.send(Err(error));
            return;
        }
        if let Some(key) = &cancel.key {
            let known = match self.known(key, &cancel.caller, None).await {
                Ok(Known::No) => None,
                Ok(Known::Same(_)) => Some(Ok(())),
                Ok(Known::Other) => Some(Err(key.mismatch())),
                Err(error) => Some(Err(error)),
            };
            match known {
                None => {}
                Some(Ok(())) => return self.answer_cancel(cancel, true),
                Some(Err(error)) => {
                    let _ = cancel.reply.send(Err(error));
                    return;
                }
            }
        }
        if self.loaded().deployed.program.guards_reads() && !cancel.is_judged {
            return self.judge(cancel).await;
        }
        let mut transaction = self.transaction();
        self.apply_overdue(&mut transaction).await;
        let input = Input::CancelRequested { if_head: cancel.if_head.clone() };
        let applied = self.apply(input, &mut transaction).await;
        if let (Ok(true), Some(key)) = (&applied, &cancel.key) {
            let seq = self.loaded().run().seq();
            transaction.keys.push(key.clone().for_run(self.id(), &[], seq, None));
        }
        if let Err(error) = self.commit(transaction).await {
            let _ = cancel.reply.send(Err(error));
            return;
        }
        match applied {
            Ok(_) => self.answer_cancel(cancel, false),
            Err(refused) => {
                let _ = cancel.reply.send(Err(refused.into_error()));
            }
        }
    }

    /// The answer to a cancellation is the status, whether it ended the run or found it ended (ENG-056).
    pub(super) fn answer_cancel(&mut self, cancel: CancelRun, replayed: bool) {
        let shared = Arc::clone(&self.shared);
        let loaded = self.loaded();
        let status = shared.status(&loaded.deployed, loaded.run());
        let guarded = loaded.deployed.program.guards_reads();
        let (at, settled) = (status.at.clone(), Settled::Now(status));
        let CancelRun { reply, permit, .. } = cancel;
        let _ = reply.send(Ok(Admitted { at, step: None, replayed, guarded, settled }));
        drop(permit);
    }
}
