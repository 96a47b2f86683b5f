//! A validated set of definitions (DEF-027, DEF-028).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::diagnostic::set::Diagnostics;
use crate::ids::{DefinitionName, MessageType, StateId};
use crate::load::Loaded;
use crate::model::definition::{Definition, Kind};
use crate::version::Version;

/// The definitions that are deployed together, with the tables that transports route by. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Catalog(Arc<Tables>);

#[derive(Debug, Default)]
struct Tables {
    journeys: BTreeMap<DefinitionName, Versions>,
    apis: BTreeMap<DefinitionName, Versions>,
    routes: HashMap<String, DefinitionName>,
    endpoints: BTreeMap<String, Endpoint>,
    warnings: Diagnostics,
}

/// The deployed versions of one name.
#[derive(Debug)]
struct Versions {
    all: BTreeMap<Version, Arc<Loaded>>,
    serving: Version,
}

/// What is served at one path over WebSocket: the definitions in their versions, and what their message types mean
/// (WS-012, RT-1 ff.).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Endpoint {
    /// The subprotocol that all of them name, or none (WS-021).
    pub subprotocol: Option<Arc<str>>,
    /// Every deployed version reachable here, serving or not (RT-11).
    pub definitions: Vec<Arc<Loaded>>,
    starts: HashMap<MessageType, Vec<DefinitionName>>,
    steps: HashMap<(DefinitionName, Version), HashMap<MessageType, Vec<StateId>>>,
}

impl Endpoint {
    /// The journeys that the type starts, in their serving version (`starts(t)` of the protocol).
    #[must_use]
    pub fn starts(&self, message_type: &str) -> &[DefinitionName] {
        self.starts.get(message_type).map_or(&[], Vec::as_slice)
    }

    /// The states of a version that the type submits to (`steps(d,t)` of the protocol).
    #[must_use]
    pub fn steps(&self, definition: &Definition, message_type: &str) -> &[StateId] {
        let key = (definition.metadata.name.clone(), definition.metadata.version.clone());
        self.steps.get(&key).and_then(|types| types.get(message_type)).map_or(&[], Vec::as_slice)
    }

    /// Whether the type is a step type of any definition here.
    #[must_use]
    pub fn is_step_type(&self, message_type: &str) -> bool {
        self.steps.values().any(|types| types.contains_key(message_type))
    }
}

impl Catalog {
    /// The journey that serves new runs under the name (DEF-028).
    #[must_use]
    pub fn journey(&self, name: &str) -> Option<&Arc<Loaded>> {
        self.0.journeys.get(name)?.serving()
    }

    /// The Api that serves new calls under the name (DEF-028).
    #[must_use]
    pub fn api(&self, name: &str) -> Option<&Arc<Loaded>> {
        self.0.apis.get(name)?.serving()
    }

    /// A version of a definition, serving or not.
    #[must_use]
    pub fn version(&self, kind: Kind, name: &str, version: &Version) -> Option<&Arc<Loaded>> {
        self.names(kind).get(name)?.all.get(version)
    }

    /// Every deployed version, journeys first, then by name and version.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Loaded>> {
        self.0.journeys.values().chain(self.0.apis.values()).flat_map(|versions| versions.all.values())
    }

    /// The serving versions of a kind, by name.
    pub fn serving(&self, kind: Kind) -> impl Iterator<Item = &Arc<Loaded>> {
        self.names(kind).values().filter_map(Versions::serving)
    }

    /// The Api that is served at a path below the base of the HTTP binding (DEF-189, DEF-191).
    #[must_use]
    pub fn api_at(&self, path: &str) -> Option<&Arc<Loaded>> {
        self.api(self.0.routes.get(path)?.as_str())
    }

    /// The paths of the Apis with the names they serve.
    pub fn api_routes(&self) -> impl Iterator<Item = (&str, &DefinitionName)> {
        self.0.routes.iter().map(|(path, name)| (path.as_str(), name))
    }

    /// What is served over WebSocket at a path from the server root (WS-005).
    #[must_use]
    pub fn endpoint(&self, path: &str) -> Option<&Endpoint> {
        self.0.endpoints.get(path)
    }

    /// The WebSocket endpoints by path.
    pub fn endpoints(&self) -> impl Iterator<Item = (&str, &Endpoint)> {
        self.0.endpoints.iter().map(|(path, endpoint)| (path.as_str(), endpoint))
    }

    /// What deserves a look without preventing the deployment.
    #[must_use]
    pub fn warnings(&self) -> &Diagnostics {
        &self.0.warnings
    }

    fn names(&self, kind: Kind) -> &BTreeMap<DefinitionName, Versions> {
        match kind {
            Kind::Journey => &self.0.journeys,
            Kind::Api => &self.0.apis,
        }
    }
}

impl Versions {
    fn serving(&self) -> Option<&Arc<Loaded>> {
        self.all.get(&self.serving)
    }
}
