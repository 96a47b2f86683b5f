//! What commands answer with: the reply to the first one as it is, that to a repeated one as a guarded read (ENG-051, ENG-053).

use std::sync::Arc;

use jf_core::{Caller, EngineError, EngineErrorKind, JourneyId, StartReply, Started, Submitted};

use crate::runs::{Admitted, Settled, StatusReply};
use crate::shared::Shared;

impl Shared {
    /// The answer to a start that was not given before.
    pub(crate) fn started(self: &Arc<Self>, id: JourneyId, admitted: Admitted<StartReply>) -> Started {
        let Admitted { at, settled, .. } = admitted;
        match settled {
            Settled::Now(reply) => Started::new(id, at, std::future::ready(Ok(reply))),
            Settled::Later(waiting) => {
                Started::new(id.clone(), at, Arc::clone(self).settle_start(id, waiting))
            }
        }
    }

    /// The answer to a repeated start. Who may not read the run learns that it was started, and its id.
    pub(crate) async fn replayed_start(
        self: &Arc<Self>,
        id: JourneyId,
        admitted: Admitted<StartReply>,
        caller: &Caller,
    ) -> Result<Started, EngineError> {
        if !admitted.guarded {
            return Ok(self.started(id, admitted).with_replayed(true));
        }
        if !self.may_read(&id, caller).await? {
            let reply = self.creation(&id).await?;
            let (at, settled) = (self.head(1), std::future::ready(Ok(reply)));
            return Ok(Started::new(id, at, settled).with_replayed(true));
        }
        let Admitted { at, settled, .. } = admitted;
        let started = match settled {
            Settled::Now(reply) => Started::new(id, at, std::future::ready(Ok(reply))),
            // Judged once more by what the run has become when there is something to show of it.
            Settled::Later(waiting) => {
                let (shared, caller) = (Arc::clone(self), caller.clone());
                Started::new(id.clone(), at, async move {
                    let reply = Arc::clone(&shared).settle_start(id.clone(), waiting).await?;
                    if shared.may_read(&id, &caller).await? { Ok(reply) } else { shared.creation(&id).await }
                })
            }
        };
        Ok(started.with_replayed(true))
    }

    /// The answer to a submission or cancellation. Who may not read the run learns from a repeated one that it was applied.
    pub(crate) async fn submitted(
        self: &Arc<Self>,
        id: JourneyId,
        admitted: Admitted<StatusReply>,
        caller: &Caller,
    ) -> Result<Submitted, EngineError> {
        let Admitted { at, step, replayed, guarded, settled } = admitted;
        let (step, address) = step.map(|step| (step.name, step.address)).unzip();
        let guarded = replayed && guarded;
        if guarded {
            self.read_for(&id, caller).await.map_err(EngineError::replayed)?;
        }
        let submitted = match settled {
            Settled::Now(status) => Submitted::ready(id, step, at, status),
            Settled::Later(waiting) => {
                let settled = Arc::clone(self).settle_step(id.clone(), address, waiting);
                if guarded {
                    let (shared, run, caller) = (Arc::clone(self), id.clone(), caller.clone());
                    Submitted::new(id, step, at, async move {
                        let status = settled.await?;
                        shared.read_for(&run, &caller).await.map_err(EngineError::replayed)?;
                        Ok(status)
                    })
                } else {
                    Submitted::new(id, step, at, settled)
                }
            }
        };
        Ok(submitted.with_replayed(replayed))
    }

    /// Whether the caller may read the run. One that is gone may not be read.
    async fn may_read(self: &Arc<Self>, id: &JourneyId, caller: &Caller) -> Result<bool, EngineError> {
        match self.read_for(id, caller).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == EngineErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.replayed()),
        }
    }

    /// What everybody who knows the key of a start may know: that the run was created.
    async fn creation(&self, id: &JourneyId) -> Result<StartReply, EngineError> {
        let deployed = self.locate(id).await.map_err(EngineError::replayed)?;
        Ok(self.creation_reply(&deployed, id))
    }
}
