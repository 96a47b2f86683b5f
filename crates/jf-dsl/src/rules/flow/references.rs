//! References that lead nowhere: starts, targets, subjourneys; and subjourneys that nothing refers to (DEF-031, DEF-040,
//! DEF-041, DEF-045, DEF-095, DEF-165, STA-005, STA-017, STA-085).

use std::collections::{HashMap, HashSet};

use super::graph::{Graph, Root};
use super::{SHOWN, unknown_start, unknown_subjourney, unknown_target, unused_subjourney};
use crate::decode::Decoder;
use crate::json_path::JsonPath;

/// Where else an id that a target names exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Elsewhere {
    Nowhere,
    /// In another scope of the same block.
    Scope,
    /// Behind the boundary of a subjourney, from one side or the other (DEF-041).
    BeyondSubjourney,
}

/// Starts and targets that are not there.
pub(super) fn targets(decoder: &mut Decoder<'_>, graph: &Graph<'_>) {
    let mut homes: HashMap<&str, Vec<Root>> = HashMap::new();
    for scope in &graph.scopes {
        for id in scope.index.keys() {
            homes.entry(id).or_default().push(scope.root);
        }
    }
    for scope in &graph.scopes {
        let states: Vec<&str> = scope.states.iter().take(SHOWN + 1).map(|state| &**state.id).collect();
        for unknown in &scope.unknown {
            let suggestion = decoder.meant(unknown.text, scope.states.iter().map(|state| &**state.id));
            let fault = match unknown.start_rule {
                Some(rule) => unknown_start(unknown.text, rule, suggestion, &states),
                None => {
                    let roots = homes.get(&**unknown.text).map_or(&[][..], Vec::as_slice);
                    unknown_target(unknown.text, suggestion, elsewhere(scope.root, roots), &states)
                }
            };
            decoder.report_at(unknown.path.clone(), unknown.span, fault);
        }
    }
}

fn elsewhere(from: Root, found: &[Root]) -> Elsewhere {
    let is_subjourney = |root: &Root| matches!(root, Root::Subjourney(_));
    if found.is_empty() {
        Elsewhere::Nowhere
    } else if !found.contains(&from) && (is_subjourney(&from) || found.iter().any(is_subjourney)) {
        Elsewhere::BeyondSubjourney
    } else {
        Elsewhere::Scope
    }
}

/// References to subjourneys that are not there, and subjourneys without a reference.
pub(super) fn subjourneys(decoder: &mut Decoder<'_>, graph: &Graph<'_>) {
    let calls = graph.scopes().flat_map(|scope| {
        let states = graph.of(scope).states.iter().enumerate();
        states.filter_map(move |(at, state)| {
            Some((graph.path(scope, at).member("subjourney").member("ref"), state.call?, "STA-085"))
        })
    });
    let guard = graph.guard.map(|guard| {
        let path = JsonPath::root().member("spec").member("access").member("read").member("guardRef");
        (path, guard, "DEF-165")
    });
    let some: Vec<&str> = graph.subjourneys.iter().take(SHOWN + 1).map(|one| &**one.id).collect();
    let mut used: HashSet<&str> = HashSet::new();
    for (path, reference, rule) in calls.chain(guard) {
        if graph.subjourney(reference.id).is_some() {
            used.insert(reference.id);
            continue;
        }
        let names = graph.subjourneys.iter().map(|subjourney| &**subjourney.id);
        let suggestion = decoder.meant(reference.id, names);
        // A misspelt reference is the fault, not that its subjourney seems to be unused.
        used.extend(suggestion.map(|meant| meant.word));
        let fault = unknown_subjourney(reference.id, suggestion, rule, &some);
        decoder.report_at(path, reference.span, fault);
    }
    for subjourney in graph.subjourneys.iter().filter(|subjourney| !used.contains(&**subjourney.id)) {
        let path = JsonPath::root().member("spec").member("subjourneys").member(&**subjourney.id);
        decoder.report_at(path, subjourney.key, unused_subjourney(subjourney.id));
    }
}
