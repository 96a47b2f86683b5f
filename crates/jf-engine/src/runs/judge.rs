//! Cancellations that the read guard judges first (ENG-057).
//!
//! A guard that needs no I/O decides within the turn, on the very state that the cancellation is applied to. Any other is waited for
//! outside: the run goes on meanwhile, and nobody but the caller of the cancellation waits with it.

use std::sync::Arc;

use futures::FutureExt;
use jf_core::{Caller, EngineError, EngineErrorKind};

use super::cell::Judging;
use super::message::{CancelRun, Message};
use super::turn::Turn;

impl Turn {
    /// Has a cancellation judged by the state of now, and goes on with it if that took no waiting.
    pub(super) async fn judge(&mut self, mut cancel: CancelRun) {
        let Some(read) = self.loaded().as_read() else {
            let _ = cancel.reply.send(Err(EngineError::new(EngineErrorKind::Internal)));
            return;
        };
        let mut verdict = Arc::clone(self.shared()).evaluate(read, cancel.caller.clone()).boxed();
        match (&mut verdict).now_or_never() {
            Some(Ok(())) => {
                cancel.is_judged = true;
                Box::pin(self.cancel(cancel)).await;
            }
            Some(Err(error)) => {
                let _ = cancel.reply.send(Err(error));
            }
            None => {
                let number = self.shared().numbers.unique();
                self.cell().judging.push(Judging { number, cancel, behind: Vec::new() });
                let (shared, active) = (Arc::clone(self.shared()), Arc::clone(&self.active));
                shared.runtime.clone().spawn(async move {
                    let verdict = verdict.await;
                    if let Some(turn) = active.post(Message::Judged(number, verdict)) {
                        turn.drive().await;
                    }
                });
            }
        }
    }

    /// Goes on with a cancellation that was judged, then with what its caller has asked for since.
    pub(super) async fn judged(&mut self, number: u64, verdict: Result<(), EngineError>) {
        // It is gone when a turn broke off meanwhile.
        let Some(at) = self.cell().judging.iter().position(|judging| judging.number == number) else {
            return;
        };
        let Judging { mut cancel, behind, .. } = self.cell().judging.remove(at);
        match verdict {
            Ok(()) => {
                cancel.is_judged = true;
                self.cancel(cancel).await;
            }
            Err(error) => {
                let _ = cancel.reply.send(Err(error));
            }
        }
        for message in behind {
            Box::pin(self.handle(message)).await;
        }
    }

    /// Keeps back a command whose caller has a cancellation before it: those of one connection for one run are applied in the order in which
    /// they were given (ORD-1), also where another credential came in between. Any other message is given back.
    pub(super) fn in_order(&mut self, message: Message) -> Option<Message> {
        if self.cell().judging.is_empty() {
            return Some(message);
        }
        let bound = self.shared().config.commands_per_run;
        let caller: &Caller = match &message {
            Message::Submit(submit) => &submit.submission.caller,
            Message::Cancel(cancel) => &cancel.caller,
            _ => return Some(message),
        };
        let before =
            self.cell().judging.iter_mut().find(|judging| judging.cancel.caller.is_same_connection(caller));
        let Some(before) = before else { return Some(message) };
        if before.behind.len() < bound {
            before.behind.push(message);
            return None;
        }
        let refused = self.shared().refuse_crowd();
        match message {
            Message::Submit(submit) => drop(submit.reply.send(Err(refused))),
            Message::Cancel(cancel) => drop(cancel.reply.send(Err(refused))),
            _ => {}
        }
        None
    }
}
