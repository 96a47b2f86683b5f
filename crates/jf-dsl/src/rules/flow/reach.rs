//! What can be reached from where (STA-010, STA-011, STA-013, STA-016).

use std::collections::{HashMap, HashSet};

use super::graph::{Graph, ScopeId};
use super::nesting::Nesting;
use super::{ambiguous_step, cycles, no_end, timer_on_sync_start, unreachable};
use crate::decode::Decoder;
use crate::json_path::JsonPath;
use crate::model::definition::StartMode;
use crate::model::state::StateType;
use crate::source::Span;

/// States of several scopes.
pub(super) type Reached = HashSet<(ScopeId, usize)>;

/// Every state that is reached from one, that one included, descending into branches and subjourneys.
pub(super) fn reached_from(graph: &Graph<'_>, scope: ScopeId, state: usize) -> Reached {
    let mut reached = Reached::new();
    let mut open = vec![(scope, state)];
    while let Some((scope, at)) = open.pop() {
        if !reached.insert((scope, at)) {
            continue;
        }
        let state = &graph.of(scope).states[at];
        open.extend(state.successors.iter().map(|successor| (scope, *successor)));
        let inner = graph.inside(state).filter_map(|inner| Some((inner, graph.of(inner).start?)));
        open.extend(inner);
    }
    reached
}

/// Which states of the scope are reached from its start; at the top level also from what tasks schedule.
fn reached(graph: &Graph<'_>, scope: ScopeId) -> Vec<bool> {
    let scheduled = if scope == Graph::TOP { &graph.schedules[..] } else { &[] };
    let scope = graph.of(scope);
    let mut reached = vec![false; scope.states.len()];
    let mut open: Vec<usize> =
        scope.start.into_iter().chain(scheduled.iter().map(|schedule| schedule.state)).collect();
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
/// consequences. Apis and the read guard must come to an end.
pub(super) fn dead_ends(decoder: &mut Decoder<'_>, graph: &Graph<'_>, scope: ScopeId, is_api: bool) {
    let must_end = is_api || Some(graph.of(scope).root) == graph.guard_root();
    let reached = reached(graph, scope);
    let states = &graph.of(scope).states;
    let groups = cycles::groups(&cycles::successors(states), &vec![true; states.len()]);
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
            decoder.report_at(graph.path(scope, first), node.key, no_end(node.id, must_end));
        }
    }
}

/// STA-016: at the second occurrence. One inside a subjourney occurs at the state that runs the subjourney.
pub(super) fn ambiguous_steps(decoder: &mut Decoder<'_>, graph: &Graph<'_>) {
    let mut reported: HashSet<(JsonPath, &str)> = HashSet::new();
    for scope in graph.scopes() {
        for state in graph.of(scope).states.iter().filter(|state| state.branches.len() > 1) {
            // The first branch and place in which each id was met.
            let mut first_uses: HashMap<&str, (usize, Span)> = HashMap::new();
            for (branch, inner) in state.branches.iter().enumerate() {
                for step in steps(graph, *inner) {
                    match first_uses.get(step.id) {
                        Some((first, span)) if *first != branch => {
                            let path = graph.path(step.at.0, step.at.1);
                            let key = graph.of(step.at.0).states[step.at.1].key;
                            if reported.insert((path.clone(), step.id)) {
                                decoder.report_at(path, key, ambiguous_step(step.id, *span));
                            }
                        }
                        Some(_) => {}
                        None => {
                            let key = graph.of(step.at.0).states[step.at.1].key;
                            first_uses.insert(step.id, (branch, key));
                        }
                    }
                }
            }
        }
    }
}

/// An external-input state that a branch holds.
struct Step<'t> {
    id: &'t str,
    /// The state itself, or the one in the branch that runs the subjourney it is in.
    at: (ScopeId, usize),
}

/// The external-input states of a branch, of the branches inside it, and of the subjourneys they run.
fn steps<'t>(graph: &Graph<'t>, branch: ScopeId) -> Vec<Step<'t>> {
    let mut found = Vec::new();
    let mut seen: HashSet<ScopeId> = HashSet::new();
    let mut open: Vec<(ScopeId, Option<(ScopeId, usize)>)> = vec![(branch, None)];
    while let Some((scope, through)) = open.pop() {
        if !seen.insert(scope) {
            continue;
        }
        for (at, state) in graph.of(scope).states.iter().enumerate() {
            if state.state_type.is_some_and(StateType::is_external_input) {
                found.push(Step { id: state.id, at: through.unwrap_or((scope, at)) });
            }
            let called = state.call.is_some().then_some((scope, at));
            open.extend(graph.inside(state).map(|inner| (inner, through.or(called))));
        }
    }
    found
}

/// STA-013.
pub(super) fn timers_on_sync_start(decoder: &mut Decoder<'_>, graph: &Graph<'_>, nesting: &Nesting) {
    if graph.start_mode == StartMode::Async {
        return;
    }
    let mut met = vec![Met::default(); graph.scopes.len()];
    for scope in nesting.inside_out() {
        met[scope.0] = walk(graph, scope, &met);
    }
    if let Some(timer) = met[Graph::TOP.0].timer {
        let path = JsonPath::root().member("spec").member("lifecycle").member("startMode");
        decoder.report_at(path, graph.start_mode_span, timer_on_sync_start(timer));
    }
}

/// What a walk from the start of a scope meets before it passes a `wait` or `webhook`.
#[derive(Clone, Copy, Default)]
struct Met {
    timer: Option<Span>,
    /// Whether the scope can end on the way.
    ends: bool,
}

/// `met` has the scopes that run inside this one.
fn walk(graph: &Graph<'_>, scope: ScopeId, met: &[Met]) -> Met {
    let scope = graph.of(scope);
    let mut found = Met::default();
    let mut seen = vec![false; scope.states.len()];
    let mut open: Vec<usize> = scope.start.into_iter().collect();
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        let state = &scope.states[at];
        match state.state_type {
            Some(StateType::Wait | StateType::Webhook) => continue,
            Some(StateType::Succeed | StateType::Fail) => found.ends = true,
            Some(StateType::Timer) => found.timer = found.timer.or(Some(state.key)),
            Some(StateType::Parallel | StateType::Subjourney) => {
                let inner: Vec<Met> = graph.inside(state).map(|inner| met[inner.0]).collect();
                found.timer = found.timer.or_else(|| inner.iter().find_map(|inner| inner.timer));
                // What runs in an unknown subjourney is not known.
                let unknown = state.call.is_some() && inner.is_empty();
                let passes = match state.all_of {
                    true => inner.iter().all(|inner| inner.ends),
                    false => inner.iter().any(|inner| inner.ends),
                };
                if !passes && !unknown {
                    continue;
                }
            }
            _ => {}
        }
        open.extend(&state.successors);
    }
    found
}
