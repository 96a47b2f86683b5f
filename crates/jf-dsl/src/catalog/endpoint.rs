//! WebSocket endpoints: what the message types of a path mean (WS-012, RT-1 ff.).

use std::collections::HashMap;
use std::sync::Arc;

use crate::ids::{DefinitionName, MessageType, StateId};
use crate::load::Loaded;
use crate::model::binding::Message;
use crate::model::definition::Definition;

/// What is served at one path over WebSocket: the definitions, and what their message types mean.
#[derive(Debug, Clone, Default)]
pub struct Endpoint {
    subprotocol: Option<Arc<str>>,
    served: Vec<Served>,
    starts: HashMap<MessageType, Vec<DefinitionName>>,
}

/// One definition version at an endpoint.
#[derive(Debug, Clone)]
struct Served {
    loaded: Arc<Loaded>,
    start: MessageType,
    steps: HashMap<MessageType, Vec<StateId>>,
}

/// Why a definition cannot join an endpoint (WS-012).
pub(super) enum Conflict {
    Subprotocol { with: Arc<Loaded> },
    Type { message_type: MessageType, with: Arc<Loaded>, starts_there: bool },
}

impl Endpoint {
    /// The subprotocol that all of them name, or none (WS-021).
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// Every deployed version that is reachable here, serving or not (RT-11).
    pub fn definitions(&self) -> impl ExactSizeIterator<Item = &Arc<Loaded>> {
        self.served.iter().map(|served| &served.loaded)
    }

    /// The journeys that the type starts, in their serving version (`starts(t)` of the protocol).
    #[must_use]
    pub fn starts(&self, message_type: &str) -> &[DefinitionName] {
        self.starts.get(message_type).map_or(&[], Vec::as_slice)
    }

    /// The states of a version that the type submits to (`steps(d,t)` of the protocol).
    #[must_use]
    pub fn steps(&self, definition: &Definition, message_type: &str) -> &[StateId] {
        let same = |served: &&Served| {
            let other = &served.loaded.definition.metadata;
            other.name == definition.metadata.name && other.version == definition.metadata.version
        };
        let served = self.served.iter().find(same);
        served.and_then(|served| served.steps.get(message_type)).map_or(&[], Vec::as_slice)
    }

    /// Whether the type is a step type of any definition here.
    #[must_use]
    pub fn is_step_type(&self, message_type: &str) -> bool {
        self.served.iter().any(|served| served.steps.contains_key(message_type))
    }

    /// Adds a definition that has the binding, unless it conflicts with one that is here already.
    pub(super) fn join(&mut self, loaded: &Arc<Loaded>) -> Result<(), Conflict> {
        let Some(binding) = &loaded.definition.spec.bindings.websocket else { return Ok(()) };
        let mut steps: HashMap<MessageType, Vec<StateId>> = HashMap::new();
        for (id, Message { message_type }) in &binding.steps {
            steps.entry(message_type.clone()).or_default().push(id.clone());
        }
        for other in &self.served {
            let with = || Arc::clone(&other.loaded);
            if self.subprotocol != binding.endpoint.subprotocol {
                return Err(Conflict::Subprotocol { with: with() });
            }
            if other.steps.contains_key(&binding.start.message_type) {
                let message_type = binding.start.message_type.clone();
                return Err(Conflict::Type { message_type, with: with(), starts_there: false });
            }
            if steps.contains_key(&other.start) {
                let message_type = other.start.clone();
                return Err(Conflict::Type { message_type, with: with(), starts_there: true });
            }
        }
        self.subprotocol.clone_from(&binding.endpoint.subprotocol);
        self.served.push(Served {
            loaded: Arc::clone(loaded),
            start: binding.start.message_type.clone(),
            steps,
        });
        Ok(())
    }

    /// Fills the start table, once it is known which versions serve new runs.
    pub(super) fn finish(&mut self, serves: impl Fn(&Definition) -> bool) {
        for served in &self.served {
            if serves(&served.loaded.definition) {
                let name = served.loaded.definition.metadata.name.clone();
                self.starts.entry(served.start.clone()).or_default().push(name);
            }
        }
    }
}
