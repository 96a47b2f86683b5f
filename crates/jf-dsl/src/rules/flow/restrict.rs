//! What may not be reached from where: from the read guard, from compensation, from schedules (DEF-098, DEF-099, DEF-166,
//! STA-014).

use std::collections::HashMap;

use super::graph::{Graph, Root, ScopeId, StateNode};
use super::nesting::is_waiting;
use super::reach::{Reached, reached_from};
use super::{compensation_waits, not_in_compensation, not_in_guard, schedule_reaches};
use crate::decode::Decoder;
use crate::json_path::JsonPath;
use crate::model::state::StateType;

/// DEF-166: the guard answers one read on a throw-away copy of the context.
pub(super) fn guard(decoder: &mut Decoder<'_>, graph: &Graph<'_>) {
    let Some(Root::Subjourney(at)) = graph.guard_root() else { return };
    let Some(reference) = graph.guard else { return };
    for (scope, at) in in_order(reached_from_start(graph, graph.subjourneys[at].scope)) {
        let state = &graph.of(scope).states[at];
        let Some(what) = waits_or_keeps(state) else { continue };
        decoder.report_at(graph.path(scope, at), state.key, not_in_guard(what, reference.span));
    }
}

fn waits_or_keeps(state: &StateNode<'_>) -> Option<&'static str> {
    match state.state_type {
        Some(StateType::Wait) => Some("`wait` states"),
        Some(StateType::Webhook) => Some("`webhook` states"),
        Some(StateType::Timer) => Some("`timer` states"),
        _ => keeps(state),
    }
}

/// What has effects beyond the run that executes it.
fn keeps(state: &StateNode<'_>) -> Option<&'static str> {
    if state.schedules {
        Some("`schedule` tasks")
    } else if state.writes_attributes {
        Some("attribute-writing transforms")
    } else {
        None
    }
}

/// DEF-098 and DEF-099. On an Api the first is STA-004 already, everywhere.
pub(super) fn compensation(decoder: &mut Decoder<'_>, graph: &Graph<'_>, is_api: bool) {
    let Some(compensation) = &graph.compensation else { return };
    if is_api {
        return;
    }
    let reached = in_order(reached_from_start(graph, compensation.scope));
    let states = || reached.iter().map(|(scope, at)| (*scope, *at, &graph.of(*scope).states[*at]));
    for (scope, at, state) in states() {
        let Some(what) = keeps(state) else { continue };
        decoder.report_at(graph.path(scope, at), state.key, not_in_compensation(what));
    }
    if let Some(mode) = compensation.sync
        && let Some((.., waiting)) = states().find(|(.., state)| is_waiting(state.state_type))
    {
        let path = JsonPath::root().member("spec").member("compensation").member("mode");
        decoder.report_at(path, mode, compensation_waits(waiting.id, waiting.key));
    }
}

/// STA-014: nobody could submit to a scheduled run.
pub(super) fn schedules(decoder: &mut Decoder<'_>, graph: &Graph<'_>) {
    let mut offending: HashMap<usize, Vec<&StateNode<'_>>> = HashMap::new();
    for schedule in &graph.schedules {
        let states = offending.entry(schedule.state).or_insert_with(|| {
            let reached = in_order(reached_from(graph, Graph::TOP, schedule.state));
            let states = reached.into_iter().map(|(scope, at)| &graph.of(scope).states[at]);
            states.filter(|state| state.state_type.is_some_and(StateType::is_external_input)).collect()
        });
        if let Some(first) = states.first() {
            let ids: Vec<&str> = states.iter().map(|state| &**state.id).collect();
            decoder.report_at(schedule.path.clone(), schedule.span, schedule_reaches(&ids, first.key));
        }
    }
}

fn reached_from_start(graph: &Graph<'_>, scope: ScopeId) -> Reached {
    graph.of(scope).start.map(|start| reached_from(graph, scope, start)).unwrap_or_default()
}

fn in_order(reached: Reached) -> Vec<(ScopeId, usize)> {
    let mut states: Vec<(ScopeId, usize)> = reached.into_iter().collect();
    states.sort_unstable();
    states
}
