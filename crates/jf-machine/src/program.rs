//! A definition version ready to run.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use jf_core::spi::{DefinitionIdentity, Registries};
use jf_dsl::{Definition, Feature, JsonPath, Kind, Loaded, Schemas, StateId};

use crate::Run;
use crate::api::ApiRules;
use crate::compensation::LinkedCompensation;
use crate::end::Outcomes;
use crate::envelope::Envelope;
use crate::flow::Place;
use crate::link::{LinkError, Linker};
use crate::root::Root;
use crate::states::{Index, Op};

/// A definition linked with its compiled expressions, schemas and prepared tasks: made once per version, shared by all its runs
/// behind an [`Arc`].
pub struct Program {
    definition: Arc<Definition>,
    identity: DefinitionIdentity,
    pub(crate) schemas: Arc<Schemas>,
    /// The states of all scopes; those of one scope lie together in document order.
    states: Vec<LinkedState>,
    scopes: Vec<LinkedScope>,
    pub(crate) outcomes: Outcomes,
    pub(crate) api_rules: ApiRules,
    pub(crate) envelope: Envelope,
    pub(crate) compensation: Option<LinkedCompensation>,
    /// The subjourney that guards reads.
    pub(crate) guard: Option<ScopeIndex>,
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

/// The place of a scope in its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ScopeIndex(usize);

impl ScopeIndex {
    /// `spec.states`.
    pub(crate) const TOP: Self = Self(0);

    pub(crate) const fn new(index: usize) -> Self {
        Self(index)
    }

    pub(crate) const fn get(self) -> usize {
        self.0
    }
}

/// One `states` map: the top level, a subjourney, a branch.
#[derive(Debug)]
pub(crate) struct LinkedScope {
    pub(crate) start: StateIndex,
    pub(crate) index: Index,
    /// Where its states lie.
    pub(crate) states: Range<usize>,
}

/// A state with everything it needs at run time.
#[derive(Debug)]
pub(crate) struct LinkedState {
    id: StateId,
    index: StateIndex,
    scope: ScopeIndex,
    op: Op,
}

impl LinkedState {
    pub(crate) const fn new(id: StateId, index: StateIndex, scope: ScopeIndex, op: Op) -> Self {
        Self { id, index, scope, op }
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
    pub const FEATURES: &'static [Feature] = &[
        Feature::AttributeTransform,
        Feature::Subjourney,
        Feature::Parallel,
        Feature::Compensation,
        Feature::Errors,
        Feature::Access,
        Feature::Schedule,
        Feature::Cookies,
    ];

    /// Links a definition that was loaded with the same registries.
    ///
    /// # Errors
    /// Everything that is missing, at once: expressions or tasks the registries refuse, and states this interpreter does not run.
    /// None of it happens to a definition that was loaded with the same registries and [`Program::FEATURES`].
    pub fn link(loaded: &Loaded, registries: &Registries) -> Result<Self, LinkError> {
        let definition = Arc::clone(&loaded.definition);
        let mut linker = Linker::new(loaded, registries);
        linker.blocks();
        let spec = &definition.spec;
        let path = JsonPath::root().member("spec");
        let top = linker.reserve();
        debug_assert_eq!(top, ScopeIndex::TOP);
        for id in spec.subjourneys.keys() {
            linker.reserve_subjourney(id);
        }
        linker.scope(top, &spec.start, &spec.states, &path.clone().member("states"));
        for (id, subjourney) in spec.subjourneys.iter() {
            let path = path.clone().member("subjourneys").member(id.as_str()).member("states");
            let scope = linker.subjourney(id);
            linker.scope(scope, &subjourney.start, &subjourney.states, &path);
        }
        let guard = spec.access.read.as_ref().and_then(|read| read.guard_ref.as_ref());
        let guard = guard.map(|id| linker.subjourney(id));
        let compensation = LinkedCompensation::link(spec, &mut linker);
        let outcomes = Outcomes::link(spec, &mut linker);
        let envelope = Envelope::link(spec, &mut linker);
        let api_rules = ApiRules::link(&spec.bindings.http.api_responses, &mut linker);
        let (states, scopes) = linker.finish()?;
        let mut program = Self {
            identity: DefinitionIdentity {
                kind: definition.kind,
                name: definition.name().clone(),
                version: definition.version().clone(),
            },
            schemas: Arc::clone(&loaded.schemas),
            states,
            scopes,
            outcomes,
            envelope,
            compensation,
            guard,
            reads_context_of_ended: api_rules.read_context() || guard.is_some(),
            api_rules,
            definition,
        };
        program.reads_context_of_ended |= program.answers_from(top)
            || program.compensation.as_ref().is_some_and(|block| program.answers_from(block.scope));
        Ok(program)
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

    /// Whether a subjourney decides who may read its runs (ENG-110).
    #[must_use]
    pub const fn guards_reads(&self) -> bool {
        self.guard.is_some()
    }

    /// Whether its runs are Journeys, which have a log.
    pub(crate) fn is_journey(&self) -> bool {
        self.identity.kind == Kind::Journey
    }

    /// Whether answers about an ended run may read its last context: those of Apis (HTTP-067, HTTP-074), those to submissions
    /// whose step has a `response` block (ENG-048), and all where a guard reads it first (ENG-109). Ended runs are kept for long,
    /// so what nobody can read is let go of.
    pub(crate) fn reads_context_of_ended(&self) -> bool {
        self.reads_context_of_ended || (!self.is_journey() && self.envelope.is_custom())
    }

    /// Whether a step of a scope has a `response` block.
    fn answers_from(&self, scope: ScopeIndex) -> bool {
        let mut states = self.states_of(scope);
        states.any(|state| matches!(state.op(), Op::ExternalInput(input) if input.output_var.is_some()))
    }

    /// A state by its index.
    pub(crate) fn at(&self, index: StateIndex) -> &LinkedState {
        &self.states[index.get()]
    }

    /// The state a scope begins with.
    pub(crate) fn start_of(&self, scope: ScopeIndex) -> &LinkedState {
        self.at(self.scopes[scope.get()].start)
    }

    /// A state of a scope.
    pub(crate) fn state_of(&self, scope: ScopeIndex, id: &str) -> Option<&LinkedState> {
        Some(self.at(*self.scopes[scope.get()].index.get(id)?))
    }

    /// The states of a scope in document order.
    pub(crate) fn states_of(&self, scope: ScopeIndex) -> impl Iterator<Item = &LinkedState> {
        self.states[self.scopes[scope.get()].states.clone()].iter()
    }

    /// The state a flow stands at in its innermost scope; see [`Program::frame`].
    pub(crate) fn find(&self, run: &Run, flow: usize) -> Option<&LinkedState> {
        self.frame(run, flow, run.flows[flow].scopes.len() - 1)
    }

    /// The state at which a flow stands, or is frozen, in its scope at `depth`. `None` when the definition was replaced by one
    /// without it (DEF-029).
    ///
    /// A scope is known by the state that opened it, since the same id may stand in many; the hint of the place saves the search.
    pub(crate) fn frame(&self, run: &Run, flow: usize, depth: usize) -> Option<&LinkedState> {
        let scope = self.scope_at(run, flow, depth)?;
        let place = &run.flows[flow].scopes[depth].state;
        let hinted = self.states.get(place.hint.get());
        let hinted = hinted.filter(|state| state.scope == scope && state.id == place.id);
        hinted.or_else(|| self.state_of(scope, place.id.as_str()))
    }

    /// The scope of the root of a run. `None` when the definition was replaced by one without it.
    pub(crate) fn root_of(&self, run: &Run) -> Option<ScopeIndex> {
        match run.root {
            Root::States => Some(ScopeIndex::TOP),
            Root::Compensation(_) => self.compensation.as_ref().map(|compensation| compensation.scope),
            Root::Guard { .. } => self.guard,
        }
    }

    /// The scope that a flow is in at `depth`.
    pub(crate) fn scope_at(&self, run: &Run, flow: usize, depth: usize) -> Option<ScopeIndex> {
        match depth.checked_sub(1) {
            Some(outer) => match self.frame(run, flow, outer)?.op() {
                Op::Subjourney(subjourney) => Some(subjourney.scope()),
                _ => None,
            },
            None => {
                let Some(of) = &run.flows[flow].branch else { return self.root_of(run) };
                match self.find(run, run.flow_index(of.flow)?)?.op() {
                    Op::Parallel(parallel) => parallel.scope(&of.name),
                    _ => None,
                }
            }
        }
    }
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
