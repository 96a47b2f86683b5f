//! The engine as bindings see it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use jf_core::{
    ApiReply, At, CallApi, CallInput, Caller, Cancel, ClientCookie, Cursor, DrainReport, Engine,
    EngineCapabilities, EngineError, EngineErrorKind, HeadWatch, JourneyId, JourneyOutcome, JourneyStatus,
    ListQuery, Page, Replay, StartRequest, Started, SubmitStep, Submitted,
};
use jf_dsl::{Catalog, Definition, Feature};
use jf_machine::{Program, Submission, prepare_start};
use tokio::sync::oneshot;
use tokio_util::sync::DropGuard;

use crate::builder::EngineBuilder;
use crate::clock::after;
use crate::keys::{KeyUse, StartTurn};
use crate::metrics::EngineMetrics;
use crate::runs::{Admitted, Begin, CancelRun, Message, RepeatStart, Submit};
use crate::shared::{Shared, store_error};
use crate::work::perform;

/// The embedded engine: runs journeys in this process and keeps them in a [`Store`](jf_store::Store).
///
/// Its futures must be polled inside a tokio runtime, of any flavour. The runtime it was built in does everything that has to wait:
/// tasks of runs, due times, commits of a store that is not in memory. What needs no waiting is done within the call.
///
/// Dropping the engine stops its scheduler. Work in flight goes on until its runs come to rest; use [`Engine::drain`] to wait for that.
#[derive(Debug)]
pub struct EmbeddedEngine {
    pub(crate) shared: Arc<Shared>,
    /// Ends the loops of the engine.
    _stop: DropGuard,
}

impl EmbeddedEngine {
    /// The parts of the language it runs beyond the basic ones, for the registries that definitions are loaded with.
    pub const FEATURES: &'static [Feature] = Program::FEATURES;

    /// Begins an engine for the deployed definitions.
    pub fn builder(catalog: Catalog) -> EngineBuilder {
        EngineBuilder::new(catalog)
    }

    pub(crate) const fn new(shared: Arc<Shared>, stop: DropGuard) -> Self {
        Self { shared, _stop: stop }
    }

    /// Runs that something is happening to. Parked runs are none of them: they are in the store and nowhere else.
    #[must_use]
    pub fn active_runs(&self) -> usize {
        self.shared.runs.len()
    }

    /// What it counts and measures (ENG-135).
    #[must_use]
    pub fn metrics(&self) -> EngineMetrics {
        EngineMetrics::new(&self.shared)
    }

    /// Posts a command, does the work of the run if nobody else is at it, and waits for the decision.
    async fn decide<T>(
        &self,
        id: &JourneyId,
        message: impl FnOnce(crate::runs::Reply<T>) -> Message,
    ) -> Result<Admitted<T>, EngineError> {
        let (reply, answer) = oneshot::channel();
        let turn = self.shared.enter(id).post_command(message(reply))?;
        if let Some(turn) = turn {
            perform(turn.drive(), &self.shared.runtime);
        }
        // A turn that broke off before it came to the command has dropped the reply.
        answer.await.unwrap_or_else(|_| Err(EngineError::new(EngineErrorKind::Internal)))
    }

    /// The right to decide a start with this key, and what is known of the key.
    async fn key_of_start(
        &self,
        key: &KeyUse,
        deployed: &crate::deployment::Deployed,
        caller: &Caller,
    ) -> Result<(StartTurn, Option<jf_store::KeyRecord>), EngineError> {
        let scope = KeyUse::start_scope(deployed, caller);
        let turn = self.shared.start_keys.enter(scope.clone(), key.name().clone()).await;
        let record = self.shared.store.key(&scope, key.name(), self.shared.clock.now()).await;
        Ok((turn, record.map_err(|error| store_error(&error))?))
    }
}

#[async_trait]
impl Engine for EmbeddedEngine {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.shared.deployment.catalog)
    }

    fn is_current(&self, catalog: &Arc<Catalog>) -> bool {
        Arc::ptr_eq(catalog, &self.shared.deployment.catalog)
    }

    fn capabilities(&self) -> EngineCapabilities {
        EngineCapabilities::all_in_memory().with_durable(self.shared.store.is_durable())
    }

    async fn locate(&self, journey_id: &JourneyId) -> Result<Arc<Definition>, EngineError> {
        // Not held back: whoever is let ask this is told of runs that a guard denies, too.
        let deployed = self.shared.locate(journey_id).await?;
        Ok(Arc::clone(deployed.program.definition()))
    }

    async fn is_compensation(&self, journey_id: &JourneyId) -> Result<bool, EngineError> {
        let index = self.shared.store.locate(journey_id).await.map_err(|error| store_error(&error))?;
        index.map(|index| index.compensation).ok_or_else(EngineError::not_found)
    }

    async fn start(&self, request: StartRequest, caller: &Caller) -> Result<Started, EngineError> {
        let shared = &self.shared;
        let permit = shared.admit()?;
        let until = after(shared.clock.now(), shared.config.sync_wait);
        let deployed = shared.deployment.journey(&request.journey).ok_or_else(EngineError::not_found)?;
        let delivers = request.takes_cookies && deployed.program.returns_cookies();
        let mut key = None;
        if let Some(name) = request.key {
            let used = KeyUse::start(name, &request.input);
            let (turn, known) = self.key_of_start(&used, deployed, caller).await?;
            if let Some(record) = known {
                drop(turn);
                let id = record.run.clone();
                let asking = caller.clone();
                let admitted = self
                    .decide(&id, |reply| {
                        let caller = asking;
                        Message::Repeat(Box::new(RepeatStart { key: used, record, caller, permit, reply }))
                    })
                    .await?;
                return shared.replayed_start(id, admitted, caller).await;
            }
            key = Some((used, turn));
        }
        let initial = prepare_start(&deployed.program, request.input, caller, &shared.config.limits)?;
        let (id, deployed, caller) = (JourneyId::random(), Arc::clone(deployed), caller.clone());
        let admitted = self
            .decide(&id, |reply| {
                Message::Begin(Box::new(Begin { deployed, initial, caller, key, until, permit, reply }))
            })
            .await?;
        let started = shared.started(id, admitted);
        Ok(if delivers { shared.with_cookies(started) } else { started })
    }

    async fn submit_step(&self, request: SubmitStep, caller: &Caller) -> Result<Submitted, EngineError> {
        let shared = &self.shared;
        let permit = shared.admit()?;
        let until = after(shared.clock.now(), shared.config.sync_wait);
        let SubmitStep { journey_id, target, payload, key, if_head, .. } = request;
        let key = key.map(|name| KeyUse::submit(name, &payload, if_head.as_deref()));
        let submission = Submission::new(target, payload, caller.clone()).with_if_head(if_head);
        let decided = self
            .decide(&journey_id, |reply| {
                Message::Submit(Box::new(Submit { submission, key, until, permit, reply }))
            })
            .await;
        match decided {
            Ok(admitted) => shared.submitted(journey_id, admitted, caller).await,
            Err(error) => Err(shared.tell_head(error, &journey_id, caller).await),
        }
    }

    async fn get_status(
        &self,
        journey_id: &JourneyId,
        caller: &Caller,
    ) -> Result<At<JourneyStatus>, EngineError> {
        let begun = self.shared.clock.now();
        let read = self.shared.read_for(journey_id, caller).await;
        let read = self.shared.without_a_hint(begun, read).await?;
        Ok(self.shared.status(&read.deployed, &read.snapshot.0))
    }

    async fn get_outcome(
        &self,
        journey_id: &JourneyId,
        caller: &Caller,
    ) -> Result<At<JourneyOutcome>, EngineError> {
        let begun = self.shared.clock.now();
        let read = self.shared.read_for(journey_id, caller).await;
        let read = self.shared.without_a_hint(begun, read).await?;
        self.shared.outcome(&read.deployed, &read.snapshot.0).ok_or_else(|| {
            EngineError::new(EngineErrorKind::NotTerminal).with_detail("the run has not ended")
        })
    }

    async fn cancel(&self, request: Cancel, caller: &Caller) -> Result<Submitted, EngineError> {
        let shared = &self.shared;
        let begun = shared.clock.now();
        let permit = shared.admit()?;
        let until = after(shared.clock.now(), shared.config.sync_wait);
        let Cancel { journey_id, key, if_head, .. } = request;
        let key = key.map(|name| KeyUse::cancel(name, if_head.as_deref()));
        let asking = caller.clone();
        let decided = self
            .decide(&journey_id, |reply| {
                let (caller, is_judged) = (asking, false);
                Message::Cancel(Box::new(CancelRun { caller, if_head, key, is_judged, until, permit, reply }))
            })
            .await;
        match decided {
            Ok(admitted) => shared.submitted(journey_id, admitted, caller).await,
            Err(error) => {
                let refused = Err(shared.tell_head(error, &journey_id, caller).await);
                shared.without_a_hint(begun, refused).await
            }
        }
    }

    async fn call_api(&self, request: CallApi, caller: &Caller) -> Result<ApiReply, EngineError> {
        let shared = &self.shared;
        let deployed = shared.deployment.api(&request.api).ok_or_else(EngineError::not_found)?;
        let body = match request.input {
            CallInput::Body(body) => body,
            // Runs nothing, and must be had when nothing more is let in: it is how bindings say that (HTTP-073).
            CallInput::Refused(problem) => return Ok(shared.refuse_call(deployed, problem, caller)),
        };
        let permit = shared.admit()?;
        let (reply, answer) = oneshot::channel();
        let work = match shared.begin_call(deployed, body, caller, permit, reply) {
            Ok(work) => work,
            Err(refusal) => return Ok(refusal),
        };
        perform(work, &shared.runtime);
        answer.await.map_err(|_| EngineError::new(EngineErrorKind::Internal))
    }

    async fn list(&self, query: ListQuery, _caller: &Caller) -> Result<Page<JourneyStatus>, EngineError> {
        self.shared.list(query).await
    }

    async fn events(
        &self,
        journey_id: &JourneyId,
        from: Cursor,
        limit: NonZeroU32,
        caller: &Caller,
    ) -> Result<Replay, EngineError> {
        let begun = self.shared.clock.now();
        let events = self.shared.events(journey_id, from, limit, caller).await;
        self.shared.without_a_hint(begun, events).await
    }

    async fn watch(&self, journey_id: &JourneyId) -> Result<HeadWatch, EngineError> {
        let begun = self.shared.clock.now();
        let watch = self.shared.watch(journey_id).await;
        self.shared.without_a_hint(begun, watch).await
    }

    async fn take_cookies(
        &self,
        journey_id: &JourneyId,
        caller: &Caller,
    ) -> Result<Vec<ClientCookie>, EngineError> {
        let shared = &self.shared;
        if !shared.locate(journey_id).await?.program.returns_cookies() {
            return Ok(Vec::new());
        }
        let read = shared.read_for(journey_id, caller).await?;
        if !read.snapshot.0.owes_cookies() {
            return Ok(Vec::new());
        }
        shared.take_cookies(journey_id).await
    }

    async fn drain(&self, deadline: Duration) -> DrainReport {
        let shared = &self.shared;
        shared.draining.store(true, Ordering::Release);
        let end = after(shared.clock.now(), deadline);
        tokio::select! {
            biased;
            () = shared.load.idle() => {}
            () = shared.clock.sleep_until(end) => {}
        }
        shared.drained.cancel();
        DrainReport::new(shared.load.in_motion())
    }
}
