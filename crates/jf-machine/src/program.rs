//! A definition version ready to run.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jf_core::spi::{DefinitionIdentity, Registries};
use jf_dsl::{Definition, Feature, Kind, Loaded, Schemas, StateId};

use crate::api::ApiRules;
use crate::end::Outcomes;
use crate::flow::Place;
use crate::link::{LinkError, Linker};
use crate::states::Op;
use crate::steps::StaticStep;

/// A definition linked with its compiled expressions, schemas and prepared tasks: made once per version, shared by all its runs
/// behind an [`Arc`].
pub struct Program {
    definition: Arc<Definition>,
    identity: DefinitionIdentity,
    pub(crate) schemas: Arc<Schemas>,
    /// The states of the top level in document order.
    states: Vec<LinkedState>,
    index: HashMap<StateId, StateIndex>,
    start: StateIndex,
    pub(crate) steps: Vec<StaticStep>,
    pub(crate) outcomes: Outcomes,
    pub(crate) api_rules: ApiRules,
    reads_context_of_ended: bool,
}

/// The place of a state in its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StateIndex(u32);

impl StateIndex {
    /// No place, for states that have to be looked up by id.
    pub(crate) const UNKNOWN: Self = Self(u32::MAX);

    pub(crate) fn new(index: usize) -> Self {
        u32::try_from(index).map_or(Self::UNKNOWN, Self)
    }

    const fn get(self) -> usize {
        self.0 as usize
    }
}

/// A state with everything it needs at run time.
#[derive(Debug)]
pub(crate) struct LinkedState {
    id: StateId,
    index: StateIndex,
    op: Op,
}

impl LinkedState {
    pub(crate) const fn new(id: StateId, index: StateIndex, op: Op) -> Self {
        Self { id, index, op }
    }

    pub(crate) const fn id(&self) -> &StateId {
        &self.id
    }

    pub(crate) const fn op(&self) -> &Op {
        &self.op
    }

    pub(crate) fn place(&self) -> Place {
        Place { id: self.id.clone(), hint: self.index }
    }
}

impl Program {
    /// The parts of the language this interpreter runs beyond the basic ones, for the registries that definitions are loaded with.
    pub const FEATURES: &'static [Feature] = &[Feature::AttributeTransform];

    /// Links a definition that was loaded with the same registries.
    ///
    /// # Errors
    /// Everything that is missing, at once: expressions or tasks the registries refuse, and states this interpreter does not run.
    /// None of it happens to a definition that was loaded with the same registries and [`Program::FEATURES`].
    pub fn link(loaded: &Loaded, registries: &Registries) -> Result<Self, LinkError> {
        let definition = Arc::clone(&loaded.definition);
        let mut linker = Linker::new(&definition, registries);
        linker.blocks();
        let spec = &definition.spec;
        let index: HashMap<StateId, StateIndex> =
            spec.states.keys().enumerate().map(|(at, id)| (id.clone(), StateIndex::new(at))).collect();
        let states: Vec<Option<LinkedState>> =
            spec.states.iter().map(|(id, state)| linker.state(&index, id, state)).collect();
        let start = linker.target(&index, &spec.start);
        let outcomes = Outcomes::link(spec, &mut linker);
        let api_rules = ApiRules::link(&spec.bindings.http.api_responses, &mut linker);
        linker.finish()?;
        Ok(Self {
            identity: DefinitionIdentity {
                kind: definition.kind,
                name: definition.name().clone(),
                version: definition.version().clone(),
            },
            schemas: Arc::clone(&loaded.schemas),
            states: states.into_iter().flatten().collect(),
            index,
            start,
            steps: StaticStep::all(spec),
            outcomes,
            reads_context_of_ended: api_rules.read_context() || projects_steps(&definition),
            api_rules,
            definition,
        })
    }

    /// The definition.
    #[must_use]
    pub const fn definition(&self) -> &Arc<Definition> {
        &self.definition
    }

    /// Kind, name and version.
    #[must_use]
    pub const fn identity(&self) -> &DefinitionIdentity {
        &self.identity
    }

    /// Whether its runs are Journeys, which have a log.
    pub(crate) fn is_journey(&self) -> bool {
        self.identity.kind == Kind::Journey
    }

    /// Whether answers about an ended run may read its last context: those of Apis (HTTP-067), and those to submissions whose
    /// step has a `response` block (ENG-048). Ended runs are kept for long, so what nobody can read is let go of.
    pub(crate) const fn reads_context_of_ended(&self) -> bool {
        self.reads_context_of_ended
    }

    /// The state a run begins with.
    pub(crate) fn start(&self) -> &LinkedState {
        self.at(self.start)
    }

    /// A state by its index.
    pub(crate) fn at(&self, index: StateIndex) -> &LinkedState {
        &self.states[index.get()]
    }

    /// The state of a place; `None` when the definition was replaced by one without it (DEF-029).
    pub(crate) fn find(&self, place: &Place) -> Option<&LinkedState> {
        let hinted = self.states.get(place.hint.get()).filter(|state| state.id == place.id);
        hinted.or_else(|| Some(self.at(*self.index.get(&place.id)?)))
    }
}

fn projects_steps(definition: &Definition) -> bool {
    definition
        .all_states()
        .any(|(_, state)| state.external_input().is_some_and(|input| input.response.is_some()))
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = &self.identity;
        f.debug_struct("Program")
            .field("definition", &format_args!("{} {}@{}", identity.kind, identity.name, identity.version))
            .field("states", &self.states.len())
            .finish_non_exhaustive()
    }
}
