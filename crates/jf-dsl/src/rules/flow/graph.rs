//! The graph of states: scope by scope, and which scopes run inside which states.

use std::collections::HashMap;
use std::sync::Arc;

use super::read;
use crate::decode::Place;
use crate::json_path::JsonPath;
use crate::model::definition::StartMode;
use crate::model::state::StateType;
use crate::source::Span;

/// The states of a definition and how they lead to each other. It is read straight from the tree, so it stands even where
/// states have other faults.
pub(crate) struct Graph<'t> {
    /// The top level first, an outer scope before those inside it.
    pub(super) scopes: Vec<Scope<'t>>,
    /// The local subjourneys in document order.
    pub(super) subjourneys: Vec<SubjourneyNode<'t>>,
    pub(super) subjourney_index: HashMap<&'t str, usize>,
    pub(super) compensation: Option<CompensationNode>,
    /// `spec.access.read.guardRef`.
    pub(super) guard: Option<Reference<'t>>,
    /// What the `schedule:v1` tasks of all scopes start.
    pub(super) schedules: Vec<ScheduledStart>,
    pub(super) start_mode: StartMode,
    /// The bytes to show for `spec.lifecycle.startMode`.
    pub(super) start_mode_span: Span,
}

/// Where states are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// Under `spec.states`, branches included.
    TopLevel,
    /// Anywhere, subjourneys and compensation included.
    Definition,
}

/// One scope of a [`Graph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ScopeId(pub(super) usize);

/// The block of `spec` that a scope sits in, however deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    Top,
    /// A subjourney, by its place among [`Graph::subjourneys`].
    Subjourney(usize),
    Compensation,
}

impl Root {
    fn is(self, within: Within) -> bool {
        within == Within::Definition || self == Self::Top
    }
}

pub(super) struct Scope<'t> {
    /// The path of the `states` map.
    pub(super) path: JsonPath,
    pub(super) root: Root,
    pub(super) start: Option<usize>,
    pub(super) states: Vec<StateNode<'t>>,
    pub(super) index: HashMap<&'t str, usize>,
    /// Whether every state is readable and every target known.
    pub(super) complete: bool,
    /// Targets that are not there, reported later.
    pub(super) unknown: Vec<UnknownTarget<'t>>,
}

pub(super) struct StateNode<'t> {
    pub(super) id: &'t Arc<str>,
    pub(super) key: Span,
    pub(super) state_type: Option<StateType>,
    pub(super) successors: Vec<usize>,
    /// The scopes of the branches.
    pub(super) branches: Vec<ScopeId>,
    /// Whether every branch must end before the state goes on (`allOf`).
    pub(super) all_of: bool,
    /// The subjourney it runs.
    pub(super) call: Option<Reference<'t>>,
    /// Whether it is a `schedule:v1` task.
    pub(super) schedules: bool,
    /// Whether it is a transform that writes attributes.
    pub(super) writes_attributes: bool,
}

/// A name that stands for a subjourney.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference<'t> {
    pub(super) id: &'t Arc<str>,
    pub(super) span: Span,
}

pub(super) struct SubjourneyNode<'t> {
    pub(super) id: &'t Arc<str>,
    pub(super) key: Span,
    pub(super) scope: ScopeId,
}

pub(super) struct CompensationNode {
    pub(super) scope: ScopeId,
    /// The bytes of `mode: sync`, when it is that.
    pub(super) sync: Option<Span>,
}

/// Where a `schedule:v1` task starts runs.
pub(super) struct ScheduledStart {
    /// The path and the bytes of `task.start`.
    pub(super) path: JsonPath,
    pub(super) span: Span,
    /// The state of the top level.
    pub(super) state: usize,
}

pub(super) struct UnknownTarget<'t> {
    pub(super) path: JsonPath,
    pub(super) span: Span,
    pub(super) text: &'t Arc<str>,
    pub(super) start_rule: Option<&'static str>,
}

impl<'t> Graph<'t> {
    /// The scope of `spec.states`.
    pub(super) const TOP: ScopeId = ScopeId(0);

    /// Reads the graph of the states of `spec`.
    pub(crate) fn build(spec: &Place<'t>) -> Self {
        read::graph(spec)
    }

    /// All scopes, an outer one before those inside it.
    pub(super) fn scopes(&self) -> impl Iterator<Item = ScopeId> + use<'t> {
        (0..self.scopes.len()).map(ScopeId)
    }

    pub(super) fn of(&self, scope: ScopeId) -> &Scope<'t> {
        &self.scopes[scope.0]
    }

    /// The path of a state.
    pub(super) fn path(&self, scope: ScopeId, state: usize) -> JsonPath {
        let scope = &self.scopes[scope.0];
        scope.path.clone().member(Arc::clone(scope.states[state].id))
    }

    /// The scopes that run inside a state: its branches, or the subjourney it names.
    pub(super) fn inside<'g>(&'g self, state: &'g StateNode<'t>) -> impl Iterator<Item = ScopeId> {
        let called = state.call.and_then(|call| self.subjourney(call.id)).map(|called| called.scope);
        state.branches.iter().copied().chain(called)
    }

    /// The subjourney of an id.
    pub(super) fn subjourney(&self, id: &str) -> Option<&SubjourneyNode<'t>> {
        self.subjourney_index.get(id).map(|at| &self.subjourneys[*at])
    }

    /// The subjourney that guards reads.
    pub(super) fn guard_root(&self) -> Option<Root> {
        self.guard.and_then(|guard| self.subjourney_index.get(&**guard.id)).map(|at| Root::Subjourney(*at))
    }

    /// The ids of the external-input states, in document order.
    pub(crate) fn external_ids(&self, within: Within) -> impl Iterator<Item = &'t str> {
        let scopes = self.scopes.iter().filter(move |scope| scope.root.is(within));
        scopes
            .flat_map(|scope| &scope.states)
            .filter(|state| state.state_type.is_some_and(StateType::is_external_input))
            .map(|state| &**state.id)
    }

    /// Whether a state of the id takes input.
    pub(crate) fn is_external_input(&self, id: &str, within: Within) -> bool {
        let mut states = self.states_of(id).filter(|(root, _)| root.is(within));
        states.any(|(_, state)| state.state_type.is_none_or(StateType::is_external_input))
    }

    /// The type of the first state of the id; of one that takes input, where there is one.
    pub(crate) fn state_type(&self, id: &str) -> Option<StateType> {
        let types = || self.states_of(id).filter_map(|(_, state)| state.state_type);
        types().find(|state_type| state_type.is_external_input()).or_else(|| types().next())
    }

    fn states_of<'g>(&'g self, id: &str) -> impl Iterator<Item = (Root, &'g StateNode<'t>)> {
        self.scopes.iter().filter_map(move |scope| Some((scope.root, &scope.states[*scope.index.get(id)?])))
    }
}
