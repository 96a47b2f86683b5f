//! An engine as operators see it: every journey reachable over one WebSocket path.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jf_core::{
    ApiReply, At, CallApi, Caller, Cancel, ClientCookie, Cursor, DrainReport, Engine, EngineCapabilities,
    EngineError, HeadWatch, JourneyId, JourneyOutcome, JourneyStatus, ListQuery, Page, Replay, StartRequest,
    Started, SubmitStep, Submitted,
};
use jf_dsl::{
    Catalog, Definition, Diagnostics, Kind, Loaded, Message, MessageType, State, States, WebSocketBinding,
};

use crate::derived::Derived;

/// The path of the socket.
pub const SOCKET: &str = "/socket";
/// The message type that starts; `journeyName` says what.
pub const START: &str = "start";
/// The message type that submits; `stepId` says where.
pub const SUBMIT: &str = "submit";

/// The engine it wraps, with another catalogue: what is asked of runs goes through as it is.
pub(crate) struct View {
    engine: Arc<dyn Engine>,
    shown: Derived<Arc<Catalog>>,
}

impl View {
    pub(crate) fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, shown: Derived::new() }
    }
}

/// The journeys of a catalogue, each with a binding of the console in place of its own. Apis are no journeys, and have no runs.
fn shown(catalog: &Catalog) -> Result<Catalog, Diagnostics> {
    let serving = catalog.serving(Kind::Journey).map(|loaded| {
        let metadata = &loaded.definition.metadata;
        (metadata.name.clone(), metadata.version.clone())
    });
    let pins: BTreeMap<_, _> = serving.collect();
    let journeys = catalog.iter().filter(|loaded| loaded.definition.kind == Kind::Journey);
    Catalog::with_pins(journeys.map(|loaded| with_console(loaded)).collect(), &pins)
}

fn with_console(loaded: &Loaded) -> Loaded {
    let message = |text| Message { message_type: MessageType::parse(text).expect("no type of the protocol") };
    let mut definition = Definition::clone(&loaded.definition);
    let mut binding = WebSocketBinding::new(message(START));
    binding.endpoint.path = Some(SOCKET.into());
    cover(&definition.spec.states, &mut binding, &message(SUBMIT));
    definition.spec.bindings.websocket = Some(binding);
    let mut shown = loaded.clone();
    shown.definition = Arc::new(definition);
    shown
}

/// The steps that a binding can have: those of the top level and of branches (WS-009).
fn cover(states: &States, binding: &mut WebSocketBinding, message: &Message) {
    for (id, state) in states.iter() {
        if state.external_input().is_some() {
            binding.steps.insert(id.clone(), message.clone());
        }
        if let State::Parallel(parallel) = state {
            for branch in &parallel.parallel.branches {
                cover(&branch.states, binding, message);
            }
        }
    }
}

#[async_trait]
impl Engine for View {
    fn catalog(&self) -> Arc<Catalog> {
        self.shown.of(&self.engine.catalog(), |catalog| {
            // What was deployable is so with equal bindings; if it ever is not, the console is without journeys and the log says so.
            let made = shown(catalog)
                .inspect_err(|found| tracing::error!(%found, "the console cannot show what is deployed"));
            Arc::new(made.unwrap_or_default())
        })
    }

    fn capabilities(&self) -> EngineCapabilities {
        self.engine.capabilities()
    }

    async fn locate(&self, journey_id: &JourneyId) -> Result<Arc<Definition>, EngineError> {
        self.engine.locate(journey_id).await
    }

    async fn is_compensation(&self, journey_id: &JourneyId) -> Result<bool, EngineError> {
        self.engine.is_compensation(journey_id).await
    }

    async fn start(&self, request: StartRequest, caller: &Caller) -> Result<Started, EngineError> {
        self.engine.start(request, caller).await
    }

    async fn submit_step(&self, request: SubmitStep, caller: &Caller) -> Result<Submitted, EngineError> {
        self.engine.submit_step(request, caller).await
    }

    async fn get_status(
        &self,
        journey_id: &JourneyId,
        caller: &Caller,
    ) -> Result<At<JourneyStatus>, EngineError> {
        self.engine.get_status(journey_id, caller).await
    }

    async fn get_outcome(
        &self,
        journey_id: &JourneyId,
        caller: &Caller,
    ) -> Result<At<JourneyOutcome>, EngineError> {
        self.engine.get_outcome(journey_id, caller).await
    }

    async fn cancel(&self, request: Cancel, caller: &Caller) -> Result<Submitted, EngineError> {
        self.engine.cancel(request, caller).await
    }

    async fn call_api(&self, request: CallApi, caller: &Caller) -> Result<ApiReply, EngineError> {
        self.engine.call_api(request, caller).await
    }

    async fn list(&self, query: ListQuery, caller: &Caller) -> Result<Page<JourneyStatus>, EngineError> {
        self.engine.list(query, caller).await
    }

    async fn events(
        &self,
        journey_id: &JourneyId,
        from: Cursor,
        limit: NonZeroU32,
        caller: &Caller,
    ) -> Result<Replay, EngineError> {
        self.engine.events(journey_id, from, limit, caller).await
    }

    async fn watch(&self, journey_id: &JourneyId) -> Result<HeadWatch, EngineError> {
        self.engine.watch(journey_id).await
    }

    async fn take_cookies(
        &self,
        journey_id: &JourneyId,
        caller: &Caller,
    ) -> Result<Vec<ClientCookie>, EngineError> {
        self.engine.take_cookies(journey_id, caller).await
    }

    async fn drain(&self, deadline: Duration) -> DrainReport {
        self.engine.drain(deadline).await
    }
}
