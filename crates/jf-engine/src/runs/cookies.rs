//! Cookies for clients, handed out once (HTTP-060).

use std::sync::Arc;

use jf_core::{ClientCookie, EngineError, EngineErrorKind, JourneyId, StartReply, Started};
use jf_machine::Input;
use tokio::sync::oneshot;

use super::message::Message;
use super::turn::Turn;
use crate::shared::Shared;
use crate::work::perform;

impl Turn {
    /// Hands out what the run owes, once that it does so is durable: a crash may lose cookies, but never gives them twice.
    pub(super) async fn take_cookies(
        &mut self,
        reply: oneshot::Sender<Result<Vec<ClientCookie>, EngineError>>,
    ) {
        let taken = self.taken_cookies().await;
        let _ = reply.send(taken);
    }

    async fn taken_cookies(&mut self) -> Result<Vec<ClientCookie>, EngineError> {
        self.load().await?;
        let mut transaction = self.transaction();
        let cookies = self.loaded().run().owed_cookies(transaction.now);
        // It is never refused, and changes nothing where nothing is owed any more.
        let _ = self.apply(Input::CookiesTaken, &mut transaction).await;
        self.commit(transaction).await?;
        Ok(cookies)
    }
}

impl Shared {
    /// What the ended run owes its client, which it does no longer.
    pub(crate) async fn take_cookies(
        self: &Arc<Self>,
        id: &JourneyId,
    ) -> Result<Vec<ClientCookie>, EngineError> {
        let (reply, taken) = oneshot::channel();
        // Neither a command nor refused for being one too many: it is part of a read or of a start that has been admitted.
        if let Some(turn) = self.enter(id).post(Message::TakeCookies(reply)) {
            perform(turn.drive(), &self.runtime);
        }
        taken.await.unwrap_or_else(|_| Err(EngineError::new(EngineErrorKind::Internal)))
    }

    /// The same start, whose reply takes the cookies along if the run has ended by then. Trouble with them changes nothing else
    /// (HTTP-064).
    pub(crate) fn with_cookies(self: &Arc<Self>, started: Started) -> Started {
        let (id, at, shared) = (started.journey_id.clone(), started.at.clone(), Arc::clone(self));
        Started::new(id.clone(), at, async move {
            let mut reply = started.settled().await?;
            if let StartReply::Outcome { cookies, .. } = &mut reply {
                *cookies = shared.take_cookies(&id).await.unwrap_or_default();
            }
            Ok(reply)
        })
    }
}
