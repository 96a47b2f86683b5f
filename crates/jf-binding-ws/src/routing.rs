//! What a path serves and what message types mean there (§6).
//!
//! The tables are built from the engine's catalogue once per deployment and looked up per request, so that a deployment reaches
//! open connections too (RT-11).

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jf_core::{ActiveStep, Engine, EngineError, EngineErrorKind, JourneyStatus, Phase, StepRef, StepTarget};
use jf_dsl::{Catalog, Definition, DefinitionName, Kind, MessageType, StartMode, StateId};
use serde_json::{Map, Value};

use crate::config::RequireStepId;
use crate::frames::{Action, Meaning, WelcomeJourney};

/// The endpoints of the deployed definitions.
pub(crate) struct Routes {
    engine: Arc<dyn Engine>,
    shared_path: Option<String>,
    tables: RwLock<Arc<Tables>>,
}

/// What is served of one deployment.
pub(crate) struct Tables {
    catalog: Arc<Catalog>,
    endpoints: HashMap<String, Arc<Endpoint>>,
}

impl Routes {
    /// Builds the tables for what is deployed now.
    ///
    /// # Errors
    /// When a type means a start and a step on the shared path, or a definition there has a subprotocol of its own (MUX-2, RT-2, SP-5).
    pub(crate) fn new(engine: Arc<dyn Engine>, shared_path: Option<String>) -> Result<Self, Vec<String>> {
        let (tables, problems) = Tables::build(engine.catalog(), shared_path.as_deref());
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self { engine, shared_path, tables: RwLock::new(Arc::new(tables)) })
    }

    /// What is served at the path.
    pub(crate) fn at(&self, path: &str) -> Option<Arc<Endpoint>> {
        // Nothing below this prefix is ours (WS-006), and most requests of a server are.
        if path.starts_with("/api/") {
            return None;
        }
        self.tables().at(path).cloned()
    }

    /// Whether the tables are those of what is deployed now.
    pub(crate) fn is_current(&self, tables: &Tables) -> bool {
        self.engine.is_current(&tables.catalog)
    }

    /// The tables of what is deployed now.
    pub(crate) fn tables(&self) -> Arc<Tables> {
        // Tables are replaced whole, so a poisoned lock holds good ones.
        let tables = Arc::clone(&self.tables.read().unwrap_or_else(PoisonError::into_inner));
        if self.is_current(&tables) {
            return tables;
        }
        let (tables, problems) = Tables::build(self.engine.catalog(), self.shared_path.as_deref());
        for problem in problems {
            tracing::warn!(problem, "the shared WebSocket endpoint leaves something out");
        }
        let tables = Arc::new(tables);
        *self.tables.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&tables);
        tables
    }
}

impl Tables {
    /// What was served at the path.
    pub(crate) fn at(&self, path: &str) -> Option<&Arc<Endpoint>> {
        self.endpoints.get(path)
    }

    fn build(catalog: Arc<Catalog>, shared_path: Option<&str>) -> (Self, Vec<String>) {
        let mut endpoints: BTreeMap<String, Endpoint> = BTreeMap::new();
        let mut problems = Vec::new();
        if let Some(path) = shared_path {
            endpoints.insert(path.to_owned(), Endpoint::default());
        }
        for loaded in catalog.iter() {
            let definition = &loaded.definition;
            let (Kind::Journey, Some(path)) = (definition.kind, definition.websocket_path()) else {
                continue;
            };
            let Some(served) = Served::new(definition) else { continue };
            let served = Arc::new(served);
            let serving = catalog.journey(definition.name().as_str());
            let serving = serving.is_some_and(|serving| Arc::ptr_eq(&serving.definition, definition));
            let is_shared = shared_path == Some(&*path);
            if !is_shared {
                // What would not go together on one path has not been loaded (WS-012).
                endpoints.entry(path.into_owned()).or_default().add(&served, serving);
            }
            // Named by a definition itself, the shared path is still one path, and each is on it once.
            let Some(shared) = shared_path.filter(|_| is_shared || served.subprotocol().is_none()) else {
                continue;
            };
            let endpoint = endpoints.entry(shared.to_owned()).or_default();
            if served.subprotocol().is_some() {
                let name = definition.name();
                problems
                    .push(format!("`sharedEndpoint`: `{name}` has that path and a subprotocol of its own"));
            } else if let Some(conflict) = endpoint.add(&served, serving) {
                problems.push(format!(
                    "`sharedEndpoint`: the message type `{conflict}` is a start and a step there"
                ));
            }
        }
        let finished = endpoints.into_iter().map(|(path, endpoint)| (path, Arc::new(endpoint.finish())));
        (Self { catalog, endpoints: finished.collect() }, problems)
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes").field("shared_path", &self.shared_path).finish_non_exhaustive()
    }
}

/// One path: the definitions reachable there, in all their deployed versions.
#[derive(Debug, Default)]
pub(crate) struct Endpoint {
    /// The subprotocol the definitions agree on (SP-5).
    pub(crate) subprotocol: Option<Arc<str>>,
    types: HashMap<Arc<str>, Types>,
    versions: HashMap<DefinitionName, Vec<Arc<Served>>>,
    /// What can be started here, for `welcome`.
    pub(crate) journeys: Vec<WelcomeJourney>,
}

/// What a type means on a path.
#[derive(Debug)]
enum Types {
    /// The versions it starts.
    Start(Vec<Arc<Served>>),
    Step,
}

impl Endpoint {
    /// Takes a definition in; returns the type that would mean two things, which keeps its first meaning.
    fn add(&mut self, served: &Arc<Served>, serving: bool) -> Option<MessageType> {
        self.subprotocol = served.subprotocol();
        let name = served.definition.name();
        let mut conflict = None;
        if serving {
            let start = served.start();
            let meaning = self.types.entry(start.as_str().into()).or_insert_with(|| Types::Start(Vec::new()));
            match meaning {
                Types::Start(journeys) => journeys.push(Arc::clone(served)),
                Types::Step => conflict = Some(start.clone()),
            }
            self.journeys.push(served.welcome());
        }
        for step in served.steps.keys() {
            if let Types::Start(_) = self.types.entry(step.as_str().into()).or_insert(Types::Step) {
                conflict = Some(step.clone());
            }
        }
        self.versions.entry(name.clone()).or_default().push(Arc::clone(served));
        conflict
    }

    fn finish(mut self) -> Self {
        self.journeys.sort_by(|a, b| a.journey_name.cmp(&b.journey_name));
        self
    }

    /// What a type means here (RT-1). `is_told` says whether the client has been told in `welcome` what there is.
    ///
    /// # Errors
    /// `unknown-type`, which suggests nothing that the client has not been told of.
    pub(crate) fn meaning(&self, frame_type: &str, is_told: bool) -> Result<Meaning, EngineError> {
        match self.types.get(frame_type) {
            Some(Types::Start(_)) => Ok(Meaning::Start),
            Some(Types::Step) => Ok(Meaning::Step),
            None => {
                let mut detail =
                    "the type is neither one of the protocol nor one of the journeys on this path".to_owned();
                let listed = self.journeys.iter().filter(|_| is_told).flat_map(WelcomeJourney::types);
                if let Some(near) = jf_dsl::closest(frame_type, listed.chain(jf_dsl::RESERVED_CLIENT_TYPES)) {
                    detail.push_str("; did you mean `");
                    detail.push_str(near);
                    detail.push_str("`?");
                }
                Err(EngineError::new(EngineErrorKind::UnknownType).with_detail(detail))
            }
        }
    }

    /// The journey a start means (RT-4).
    ///
    /// # Errors
    /// `journey-name-required`, `not-found`.
    pub(crate) fn start(
        &self,
        frame_type: &str,
        journey_name: Option<&str>,
    ) -> Result<Arc<Served>, EngineError> {
        let Some(Types::Start(journeys)) = self.types.get(frame_type) else {
            return Err(EngineError::not_found()); // withdrawn since the frame was read
        };
        let name = |served: &Arc<Served>| served.definition.name().to_string();
        match (journey_name, journeys.as_slice()) {
            (Some(wanted), journeys) => journeys
                .iter()
                .find(|served| name(served) == wanted)
                .cloned()
                .ok_or_else(EngineError::not_found),
            (None, [only]) => Ok(Arc::clone(only)),
            (None, journeys) => {
                let detail = "the type starts several journeys here; name one with `journeyName`";
                let error = EngineError::new(EngineErrorKind::JourneyNameRequired).with_detail(detail);
                Err(error.with("journeys", journeys.iter().map(name).collect::<Vec<_>>()))
            }
        }
    }

    /// The version of a run, if it is served here (RT-5).
    ///
    /// # Errors
    /// The `not-found` of an unknown run.
    pub(crate) fn served(&self, definition: &Definition) -> Result<Arc<Served>, EngineError> {
        let versions = self.versions.get(definition.name().as_str()).map_or(&[][..], Vec::as_slice);
        let same = versions.iter().find(|served| served.definition.version() == definition.version());
        same.cloned().ok_or_else(EngineError::not_found)
    }
}

/// A definition version as its WebSocket binding shows it.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) definition: Arc<Definition>,
    /// The states a step type covers.
    steps: HashMap<MessageType, Vec<StateId>>,
}

impl Served {
    pub(crate) fn new(definition: &Arc<Definition>) -> Option<Self> {
        let binding = definition.spec.bindings.websocket.as_ref()?;
        let mut steps: HashMap<MessageType, Vec<StateId>> = HashMap::new();
        for (state, message) in binding.steps.iter() {
            steps.entry(message.message_type.clone()).or_default().push(state.clone());
        }
        Some(Self { definition: Arc::clone(definition), steps })
    }

    fn binding(&self) -> &jf_dsl::WebSocketBinding {
        self.definition.spec.bindings.websocket.as_ref().expect("served definitions have the binding")
    }

    fn subprotocol(&self) -> Option<Arc<str>> {
        self.binding().endpoint.subprotocol.clone()
    }

    fn start(&self) -> &MessageType {
        &self.binding().start.message_type
    }

    fn welcome(&self) -> WelcomeJourney {
        let steps = self.binding().steps.iter();
        let steps = steps.map(|(id, message)| (id.to_string(), Value::from(message.message_type.as_str())));
        WelcomeJourney {
            journey_name: self.definition.name().clone().into(),
            start: self.start().clone().into(),
            start_mode: match self.definition.spec.lifecycle.start_mode {
                StartMode::Sync => "sync",
                StartMode::Async => "async",
            },
            steps: steps.collect::<Map<_, _>>(),
            cancellable: self.definition.spec.lifecycle.cancellable,
        }
    }

    /// What a step means in this version (RT-6); the choice among active states is the engine's (RT-7).
    ///
    /// # Errors
    /// `type-not-for-journey`, `step-type-mismatch`, `invalid-input` where a `stepId` is demanded (RT-8).
    pub(crate) fn target(
        &self,
        frame_type: &str,
        step_id: Option<&str>,
        require: RequireStepId,
    ) -> Result<StepTarget, EngineError> {
        let Some(ids) = self.steps.get(frame_type) else {
            let error = EngineError::new(EngineErrorKind::TypeNotForJourney);
            return Err(error.with_detail("the journey of this run has no step of that type"));
        };
        if step_id.is_none() && require == RequireStepId::Shared && ids.len() > 1 {
            let error =
                EngineError::invalid_input("`stepId` is required, since several steps share the type");
            return Err(error.with("member", "stepId"));
        }
        let given = step_id.map(StepRef::parse).transpose();
        let target = given.ok().map(|given| StepTarget::Covered { given, ids: ids.clone() });
        target.filter(|target| target.is_coherent(&self.definition)).ok_or_else(|| {
            let error = EngineError::new(EngineErrorKind::StepTypeMismatch);
            error.with_detail("the type does not submit to that step")
        })
    }

    /// The legal next commands on this path (OP-10); `None` where the definition turns links off (OP-9).
    pub(crate) fn actions<'a>(&'a self, status: &'a JourneyStatus) -> Option<Vec<Action<'a>>> {
        if !self.definition.spec.http_surface.links.enabled {
            return None;
        }
        let mut actions = Vec::new();
        for step in &status.active_steps {
            let Some(message_type) = self.covering(step) else { continue };
            let twice = status.active_steps.iter().filter(|other| other.step_id == step.step_id).count() > 1;
            let name = step.address.as_deref().filter(|_| twice).unwrap_or(step.step_id.as_str());
            actions.push(Action { kind: message_type.as_str(), step_id: Some(name) });
        }
        if status.phase == Phase::Running && self.definition.spec.lifecycle.cancellable {
            actions.push(Action { kind: "cancel", step_id: None });
        }
        Some(actions)
    }

    /// The type that submits to an active step, if one does: entries cover states under `spec.states`, branches included
    /// (WS-032).
    fn covering(&self, step: &ActiveStep) -> Option<&MessageType> {
        if step.address.as_deref().is_some_and(|address| self.definition.state_at(address).is_none()) {
            return None;
        }
        self.binding().steps.get(step.step_id.as_str()).map(|message| &message.message_type)
    }
}
