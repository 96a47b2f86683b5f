//! An engine that has a journey and no runs.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jf_core::{
    ApiReply, At, CallApi, Caller, Cancel, ClientCookie, Cursor, DrainReport, Engine, EngineCapabilities,
    EngineError, EngineErrorKind, HeadWatch, JourneyId, JourneyOutcome, JourneyStatus, ListQuery, Page,
    Replay, StartRequest, Started, SubmitStep, Submitted,
};
use jf_dsl::{Catalog, Definition, SourceFile, StaticCapabilities, load};

const ORDER: &str = "
apiVersion: v1
kind: Journey
metadata: { name: order, version: 1.0.0 }
spec:
  bindings:
    websocket:
      start: { messageType: placeOrder }
      steps: { approve: { messageType: decide }, docs: { messageType: decide } }
  start: approve
  states:
    approve: { type: wait, wait: { input: { schema: {} } }, next: docs }
    docs: { type: wait, wait: { input: { schema: {} } }, next: done }
    done: { type: succeed }
";

struct Empty(Arc<Catalog>);

pub(super) fn empty() -> Arc<dyn Engine> {
    let loaded = load(&SourceFile::new("order.journey.yaml", ORDER), &StaticCapabilities::full());
    let catalog = Catalog::new(vec![loaded.expect("the definition is good")]).expect("one is no conflict");
    Arc::new(Empty(Arc::new(catalog)))
}

#[async_trait]
impl Engine for Empty {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.0)
    }

    fn capabilities(&self) -> EngineCapabilities {
        EngineCapabilities::all_in_memory()
    }

    async fn locate(&self, _: &JourneyId) -> Result<Arc<Definition>, EngineError> {
        Err(EngineError::not_found())
    }

    async fn start(&self, _: StartRequest, _: &Caller) -> Result<Started, EngineError> {
        Err(EngineError::new(EngineErrorKind::Unavailable))
    }

    async fn submit_step(&self, _: SubmitStep, _: &Caller) -> Result<Submitted, EngineError> {
        Err(EngineError::not_found())
    }

    async fn get_status(&self, _: &JourneyId, _: &Caller) -> Result<At<JourneyStatus>, EngineError> {
        Err(EngineError::not_found())
    }

    async fn get_outcome(&self, _: &JourneyId, _: &Caller) -> Result<At<JourneyOutcome>, EngineError> {
        Err(EngineError::not_found())
    }

    async fn cancel(&self, _: Cancel, _: &Caller) -> Result<Submitted, EngineError> {
        Err(EngineError::not_found())
    }

    async fn call_api(&self, _: CallApi, _: &Caller) -> Result<ApiReply, EngineError> {
        Err(EngineError::unsupported("Apis"))
    }

    async fn list(&self, _: ListQuery, _: &Caller) -> Result<Page<JourneyStatus>, EngineError> {
        Err(EngineError::unsupported("list"))
    }

    async fn events(
        &self,
        _: &JourneyId,
        _: Cursor,
        _: NonZeroU32,
        _: &Caller,
    ) -> Result<Replay, EngineError> {
        Err(EngineError::not_found())
    }

    async fn watch(&self, _: &JourneyId) -> Result<HeadWatch, EngineError> {
        Err(EngineError::not_found())
    }

    async fn take_cookies(&self, _: &JourneyId, _: &Caller) -> Result<Vec<ClientCookie>, EngineError> {
        Ok(Vec::new())
    }

    async fn drain(&self, _: Duration) -> DrainReport {
        DrainReport::new(0)
    }
}
