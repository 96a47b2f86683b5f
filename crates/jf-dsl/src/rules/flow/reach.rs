//! What can be reached from where (STA-010, STA-011, STA-013, STA-016).

use std::collections::{HashMap, HashSet};

use super::graph::{Graph, ScopeId};
use super::{ambiguous_step, cycles, no_end, timer_on_sync_start, unreachable};
use crate::decode::Decoder;
use crate::json_path::JsonPath;
use crate::model::definition::StartMode;
use crate::model::state::StateType;
use crate::source::Span;

/// Which states of the scope are reached from its start; at the top level also from what tasks schedule.
fn reached(graph: &Graph<'_>, scope: ScopeId) -> Vec<bool> {
    let scheduled = if scope == Graph::TOP { &graph.scheduled[..] } else { &[] };
    let scope = graph.of(scope);
    let mut reached = vec![false; scope.states.len()];
    let mut open: Vec<usize> = scope.start.iter().chain(scheduled).copied().collect();
    while let Some(state) = open.pop() {
        if !std::mem::replace(&mut reached[state], true) {
            open.extend(&scope.states[state].successors);
        }
    }
    reached
}

/// STA-010.
pub(super) fn unreachable_states(decoder: &mut Decoder<'_>, graph: &Graph<'_>, scope: ScopeId) {
    for (state, reached) in reached(graph, scope).into_iter().enumerate() {
        if !reached {
            let node = &graph.of(scope).states[state];
            decoder.report_at(graph.path(scope, state), node.key, unreachable(node.id));
        }
    }
}

/// STA-011: one report per group of states that cannot be left, at its first state; those that only lead there are
/// consequences.
pub(super) fn dead_ends(decoder: &mut Decoder<'_>, graph: &Graph<'_>, scope: ScopeId, is_api: bool) {
    let reached = reached(graph, scope);
    let states = &graph.of(scope).states;
    let groups = cycles::groups(states, &vec![true; states.len()]);
    let mut group_of = vec![0; states.len()];
    for (number, group) in groups.iter().enumerate() {
        group.iter().for_each(|state| group_of[*state] = number);
    }
    for (number, group) in groups.iter().enumerate() {
        let first = group.iter().copied().min().unwrap_or_default();
        let left = group.iter().any(|state| {
            let node = &states[*state];
            let leads_out = node.successors.iter().any(|successor| group_of[*successor] != number);
            leads_out || node.state_type.is_some_and(StateType::is_terminal)
        });
        if !left && reached[first] {
            let node = &states[first];
            decoder.report_at(graph.path(scope, first), node.key, no_end(node.id, is_api));
        }
    }
}

/// STA-016.
pub(super) fn ambiguous_steps(decoder: &mut Decoder<'_>, graph: &Graph<'_>) {
    let mut reported: HashSet<JsonPath> = HashSet::new();
    for scope in graph.scopes() {
        for state in graph.of(scope).states.iter().filter(|state| state.branches.len() > 1) {
            // The first branch and place in which each id was met.
            let mut first_uses: HashMap<&str, (usize, Span)> = HashMap::new();
            for (branch, inner) in state.branches.iter().enumerate() {
                for (scope, at) in external_inputs(graph, *inner) {
                    let node = &graph.of(scope).states[at];
                    match first_uses.get(&**node.id) {
                        Some((first, span)) if *first != branch => {
                            let path = graph.path(scope, at);
                            if reported.insert(path.clone()) {
                                decoder.report_at(path, node.key, ambiguous_step(node.id, *span));
                            }
                        }
                        Some(_) => {}
                        None => {
                            first_uses.insert(node.id, (branch, node.key));
                        }
                    }
                }
            }
        }
    }
}

/// The external-input states of a scope and of the branches inside it.
fn external_inputs(graph: &Graph<'_>, scope: ScopeId) -> Vec<(ScopeId, usize)> {
    let mut found = Vec::new();
    let mut open = vec![scope];
    while let Some(scope) = open.pop() {
        for (at, state) in graph.of(scope).states.iter().enumerate() {
            if state.state_type.is_some_and(StateType::is_external_input) {
                found.push((scope, at));
            }
            open.extend(&state.branches);
        }
    }
    found
}

/// STA-013.
pub(super) fn timers_on_sync_start(decoder: &mut Decoder<'_>, graph: &Graph<'_>) {
    if graph.start_mode == StartMode::Async {
        return;
    }
    if let Some(timer) = walk(graph, Graph::TOP).timer {
        let path = JsonPath::root().member("spec").member("lifecycle").member("startMode");
        decoder.report_at(path, graph.start_mode_span, timer_on_sync_start(timer));
    }
}

/// What a walk from the start of a scope meets before it passes a `wait` or `webhook`.
struct Met {
    timer: Option<Span>,
    /// Whether the scope can end on the way.
    ends: bool,
}

fn walk(graph: &Graph<'_>, scope: ScopeId) -> Met {
    let scope = graph.of(scope);
    let mut met = Met { timer: None, ends: false };
    let mut seen = vec![false; scope.states.len()];
    let mut open: Vec<usize> = scope.start.into_iter().collect();
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        let state = &scope.states[at];
        match state.state_type {
            Some(StateType::Wait | StateType::Webhook) => continue,
            Some(StateType::Succeed | StateType::Fail) => met.ends = true,
            Some(StateType::Timer) => met.timer = met.timer.or(Some(state.key)),
            Some(StateType::Parallel) => {
                let inner: Vec<Met> = state.branches.iter().map(|branch| walk(graph, *branch)).collect();
                met.timer = met.timer.or_else(|| inner.iter().find_map(|inner| inner.timer));
                let passes = if state.all_of {
                    inner.iter().all(|inner| inner.ends)
                } else {
                    inner.iter().any(|inner| inner.ends)
                };
                if !passes {
                    continue;
                }
            }
            _ => {}
        }
        open.extend(&state.successors);
    }
    met
}
