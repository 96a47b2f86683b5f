//! Engine and store with their calls counted.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jf_core::dsl::{Catalog, Definition};
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jf_core::{
    ApiReply, At, CallApi, Caller, Cancel, ClientCookie, Cursor, DrainReport, Engine, EngineCapabilities,
    EngineError, Epoch, HeadWatch, IdempotencyKey, JourneyId, JourneyOutcome, JourneyStatus, ListQuery, Page,
    Replay, ScheduleId, StartRequest, Started, SubmitStep, Submitted,
};
use jf_store::{
    Claim, Commit, DefinitionSource, DueRun, DueSchedule, EventPage, KeyRecord, KeyScope, ListKey, Revision,
    RunFilter, RunIndex, ScheduleChange, Store, StoreError, StoredRun, StoredSchedule, Swept,
};
use jiff::Timestamp;

use super::rest::{Activity, Busy};

/// An engine whose calls are counted until they are settled.
pub(super) struct CountedEngine {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) owed: Activity,
}

impl CountedEngine {
    fn submitted(submitted: Submitted, owes: Busy) -> Submitted {
        let (id, step, at, replayed) =
            (submitted.journey_id.clone(), submitted.step.clone(), submitted.at.clone(), submitted.replayed);
        let settled = async move {
            let settled = submitted.settled().await;
            drop(owes);
            settled
        };
        Submitted::new(id, step, at, settled).with_replayed(replayed)
    }
}

#[async_trait]
impl Engine for CountedEngine {
    fn catalog(&self) -> Arc<Catalog> {
        self.engine.catalog()
    }

    fn capabilities(&self) -> EngineCapabilities {
        self.engine.capabilities()
    }

    async fn locate(&self, journey_id: &JourneyId) -> Result<Arc<Definition>, EngineError> {
        let _owes = self.owed.enter();
        self.engine.locate(journey_id).await
    }

    async fn is_compensation(&self, journey_id: &JourneyId) -> Result<bool, EngineError> {
        let _owes = self.owed.enter();
        self.engine.is_compensation(journey_id).await
    }

    async fn start(&self, request: StartRequest, caller: &Caller) -> Result<Started, EngineError> {
        let owes = self.owed.enter();
        let started = self.engine.start(request, caller).await?;
        let (id, at, replayed) = (started.journey_id.clone(), started.at.clone(), started.replayed);
        let settled = async move {
            let settled = started.settled().await;
            drop(owes);
            settled
        };
        Ok(Started::new(id, at, settled).with_replayed(replayed))
    }

    async fn submit_step(&self, request: SubmitStep, caller: &Caller) -> Result<Submitted, EngineError> {
        let owes = self.owed.enter();
        Ok(Self::submitted(self.engine.submit_step(request, caller).await?, owes))
    }

    async fn get_status(&self, id: &JourneyId, caller: &Caller) -> Result<At<JourneyStatus>, EngineError> {
        let _owes = self.owed.enter();
        self.engine.get_status(id, caller).await
    }

    async fn get_outcome(&self, id: &JourneyId, caller: &Caller) -> Result<At<JourneyOutcome>, EngineError> {
        let _owes = self.owed.enter();
        self.engine.get_outcome(id, caller).await
    }

    async fn cancel(&self, request: Cancel, caller: &Caller) -> Result<Submitted, EngineError> {
        let owes = self.owed.enter();
        Ok(Self::submitted(self.engine.cancel(request, caller).await?, owes))
    }

    async fn call_api(&self, request: CallApi, caller: &Caller) -> Result<ApiReply, EngineError> {
        let _owes = self.owed.enter();
        self.engine.call_api(request, caller).await
    }

    async fn list(&self, query: ListQuery, caller: &Caller) -> Result<Page<JourneyStatus>, EngineError> {
        let _owes = self.owed.enter();
        self.engine.list(query, caller).await
    }

    async fn events(
        &self,
        id: &JourneyId,
        from: Cursor,
        limit: NonZeroU32,
        caller: &Caller,
    ) -> Result<Replay, EngineError> {
        let _owes = self.owed.enter();
        self.engine.events(id, from, limit, caller).await
    }

    async fn watch(&self, id: &JourneyId) -> Result<HeadWatch, EngineError> {
        let _owes = self.owed.enter();
        self.engine.watch(id).await
    }

    async fn take_cookies(&self, id: &JourneyId, caller: &Caller) -> Result<Vec<ClientCookie>, EngineError> {
        let _owes = self.owed.enter();
        self.engine.take_cookies(id, caller).await
    }

    async fn drain(&self, deadline: Duration) -> DrainReport {
        self.engine.drain(deadline).await
    }
}

/// A store whose operations, which may go on in threads of its own, are counted.
#[derive(Debug)]
pub(super) struct CountedStore {
    pub(super) store: Arc<dyn Store>,
    pub(super) outside: Activity,
}

#[async_trait]
impl Store for CountedStore {
    fn is_durable(&self) -> bool {
        self.store.is_durable()
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        let _busy = self.outside.enter();
        self.store.epoch().await
    }

    async fn claim(&self) -> Result<Claim, StoreError> {
        let _busy = self.outside.enter();
        self.store.claim().await
    }

    async fn commit(&self, commit: Commit) -> Result<Revision, StoreError> {
        let _busy = self.outside.enter();
        self.store.commit(commit).await
    }

    async fn load(&self, run: &JourneyId) -> Result<Option<StoredRun>, StoreError> {
        let _busy = self.outside.enter();
        self.store.load(run).await
    }

    async fn locate(&self, run: &JourneyId) -> Result<Option<RunIndex>, StoreError> {
        let _busy = self.outside.enter();
        self.store.locate(run).await
    }

    async fn events(
        &self,
        run: &JourneyId,
        after: u64,
        limit: NonZeroUsize,
    ) -> Result<Option<EventPage>, StoreError> {
        let _busy = self.outside.enter();
        self.store.events(run, after, limit).await
    }

    async fn due(&self, until: Timestamp, limit: NonZeroUsize) -> Result<Vec<DueRun>, StoreError> {
        let _busy = self.outside.enter();
        self.store.due(until, limit).await
    }

    async fn in_motion(
        &self,
        after: Option<&JourneyId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<JourneyId>, StoreError> {
        let _busy = self.outside.enter();
        self.store.in_motion(after, limit).await
    }

    async fn list(
        &self,
        filter: &RunFilter,
        after: Option<&ListKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<StoredRun>, StoreError> {
        let _busy = self.outside.enter();
        self.store.list(filter, after, limit).await
    }

    async fn key(
        &self,
        scope: &KeyScope,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let _busy = self.outside.enter();
        self.store.key(scope, key, now).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<Swept, StoreError> {
        let _busy = self.outside.enter();
        self.store.sweep(now, limit).await
    }

    async fn keep_definition(
        &self,
        claim: Claim,
        identity: &DefinitionIdentity,
        source: DefinitionSource,
    ) -> Result<(), StoreError> {
        let _busy = self.outside.enter();
        self.store.keep_definition(claim, identity, source).await
    }

    async fn definition(
        &self,
        identity: &DefinitionIdentity,
    ) -> Result<Option<DefinitionSource>, StoreError> {
        let _busy = self.outside.enter();
        self.store.definition(identity).await
    }

    async fn schedule(&self, id: &ScheduleId) -> Result<Option<StoredSchedule>, StoreError> {
        let _busy = self.outside.enter();
        self.store.schedule(id).await
    }

    async fn newest_schedule(
        &self,
        identity: &ScheduleIdentity,
    ) -> Result<Option<StoredSchedule>, StoreError> {
        let _busy = self.outside.enter();
        self.store.newest_schedule(identity).await
    }

    async fn due_schedules(
        &self,
        until: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<DueSchedule>, StoreError> {
        let _busy = self.outside.enter();
        self.store.due_schedules(until, limit).await
    }

    async fn scheduled_versions(&self) -> Result<Vec<DefinitionIdentity>, StoreError> {
        let _busy = self.outside.enter();
        self.store.scheduled_versions().await
    }

    async fn schedules_of(
        &self,
        definition: &DefinitionIdentity,
        suspended: bool,
        after: Option<&ScheduleId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ScheduleId>, StoreError> {
        let _busy = self.outside.enter();
        self.store.schedules_of(definition, suspended, after, limit).await
    }

    async fn change_schedule(&self, claim: Claim, change: ScheduleChange) -> Result<(), StoreError> {
        let _busy = self.outside.enter();
        self.store.change_schedule(claim, change).await
    }
}
