//! Which scopes run inside which: recursion (DEF-044), depth (DEF-014), and what a scope holds at any depth.

use super::cycles::groups;
use super::graph::{Graph, Root, ScopeId, StateNode};
use super::recursion;
use crate::decode::Decoder;
use crate::json_path::JsonPath;
use crate::model::state::StateType;
use crate::rules::shape;

/// The scopes of a graph in the order of their nesting.
pub(super) struct Nesting {
    /// Groups of scopes, those that run inside others first. Only recursion makes a group of more than one.
    inside_out: Vec<Vec<usize>>,
    /// For each scope the scopes that run inside its states.
    inner: Vec<Vec<usize>>,
    /// Whether a state that waits is in the scope, at any depth.
    waits: Vec<bool>,
}

impl Nesting {
    pub(super) fn of(graph: &Graph<'_>) -> Self {
        let inner: Vec<Vec<usize>> = graph
            .scopes()
            .map(|scope| {
                let states = graph.of(scope).states.iter();
                states.flat_map(|state| graph.inside(state).map(|inner| inner.0)).collect()
            })
            .collect();
        let successors: Vec<&[usize]> = inner.iter().map(Vec::as_slice).collect();
        let inside_out = groups(&successors, &vec![true; successors.len()]);
        let mut waits = vec![false; inner.len()];
        for group in &inside_out {
            let any = group.iter().any(|scope| {
                let own = graph.scopes[*scope].states.iter().any(|state| is_waiting(state.state_type));
                own || inner[*scope].iter().any(|inner| waits[*inner])
            });
            group.iter().for_each(|scope| waits[*scope] = any);
        }
        Self { inside_out, inner, waits }
    }

    /// The scopes, those that run inside others first.
    pub(super) fn inside_out(&self) -> impl Iterator<Item = ScopeId> {
        self.inside_out.iter().flatten().copied().map(ScopeId)
    }

    /// Whether a run can rest in the state: it waits itself, or a state that runs inside it does.
    pub(super) fn rests(&self, graph: &Graph<'_>, state: &StateNode<'_>) -> bool {
        is_waiting(state.state_type) || graph.inside(state).any(|scope| self.waits[scope.0])
    }

    fn is_recursive(&self, group: &[usize]) -> bool {
        group.len() > 1 || group.iter().any(|scope| self.inner[*scope].contains(scope))
    }
}

/// Whether the state is a `wait`, `webhook` or `timer`.
pub(super) const fn is_waiting(state_type: Option<StateType>) -> bool {
    matches!(state_type, Some(StateType::Wait | StateType::Webhook | StateType::Timer))
}

/// DEF-044: once per group of subjourneys that reach each other, at the first.
pub(super) fn recursions(decoder: &mut Decoder<'_>, graph: &Graph<'_>, nesting: &Nesting) {
    let mut found: Vec<Vec<usize>> = Vec::new();
    for group in nesting.inside_out.iter().filter(|group| nesting.is_recursive(group)) {
        let mut subjourneys: Vec<usize> = group
            .iter()
            .filter_map(|scope| match graph.scopes[*scope].root {
                Root::Subjourney(at) => Some(at),
                Root::Top | Root::Compensation => None,
            })
            .collect();
        subjourneys.sort_unstable();
        subjourneys.dedup();
        found.push(subjourneys);
    }
    found.sort_unstable();
    for group in found {
        let ids: Vec<&str> = group.iter().map(|at| &**graph.subjourneys[*at].id).collect();
        let Some(first) = group.first().map(|at| &graph.subjourneys[*at]) else { continue };
        let others = group.iter().skip(1).map(|at| graph.subjourneys[*at].key);
        let path = JsonPath::root().member("spec").member("subjourneys").member(&**first.id);
        decoder.report_at(path, first.key, recursion(&ids, others));
    }
}

/// DEF-014: at every state that is one level too deep, counted on the longest way there.
pub(super) fn depths(decoder: &mut Decoder<'_>, graph: &Graph<'_>, nesting: &Nesting) {
    let most = decoder.capabilities.size_limits().state_nesting;
    let mut depth = vec![0_usize; graph.scopes.len()];
    for group in nesting.inside_out.iter().rev().filter(|group| !nesting.is_recursive(group)) {
        for scope in group {
            for inner in &nesting.inner[*scope] {
                depth[*inner] = depth[*inner].max(depth[*scope] + 1);
            }
        }
    }
    for scope in graph.scopes().filter(|scope| depth[scope.0] == most) {
        for (at, state) in graph.of(scope).states.iter().enumerate() {
            let block = match state.state_type {
                Some(StateType::Parallel) => "parallel",
                Some(StateType::Subjourney) => "subjourney",
                _ => continue,
            };
            let fault = shape::too_many("levels of nested parallel and subjourney states", most);
            decoder.report_at(graph.path(scope, at).member(block), state.key, fault);
        }
    }
}
