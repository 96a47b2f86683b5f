//! Groups of states that lead to each other (STA-011, STA-012).

use super::busy_cycle;
use super::graph::{Graph, ScopeId, StateNode};
use crate::decode::Decoder;
use crate::model::state::StateType;

/// STA-012: once per strongly connected group without a waiting state, at its first state.
pub(super) fn busy_cycles(decoder: &mut Decoder<'_>, graph: &Graph<'_>, scope: ScopeId) {
    let states = &graph.of(scope).states;
    let busy: Vec<bool> = states.iter().map(|state| !rests(graph, state)).collect();
    let mut cycles: Vec<Vec<usize>> =
        groups(states, &busy).into_iter().filter(|group| is_cycle(states, group)).collect();
    for group in &mut cycles {
        group.sort_unstable();
        let ids: Vec<&str> = group.iter().map(|at| &**states[*at].id).collect();
        let first = group[0];
        decoder.report_at(graph.path(scope, first), states[first].key, busy_cycle(&ids));
    }
}

/// Whether a run can rest in the state: it waits itself, or a branch of it does.
fn rests(graph: &Graph<'_>, state: &StateNode<'_>) -> bool {
    let waits =
        |state_type| matches!(state_type, Some(StateType::Wait | StateType::Webhook | StateType::Timer));
    let mut open = state.branches.clone();
    let mut found = waits(state.state_type);
    while let Some(scope) = open.pop() {
        for inner in &graph.of(scope).states {
            found |= waits(inner.state_type);
            open.extend(&inner.branches);
        }
    }
    found
}

fn is_cycle(states: &[StateNode<'_>], group: &[usize]) -> bool {
    match group {
        [one] => states[*one].successors.contains(one),
        _ => true,
    }
}

/// The strongly connected groups among the states that are `kept`, by Tarjan's algorithm without recursion.
pub(super) fn groups(states: &[StateNode<'_>], kept: &[bool]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut search = Search {
        number: vec![UNSEEN; states.len()],
        low: vec![0; states.len()],
        on_stack: vec![false; states.len()],
        stack: Vec::new(),
        next: 0,
        groups: Vec::new(),
    };
    // Each entry is a state and how many of its successors were looked at.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for root in (0..states.len()).filter(|root| kept[*root]) {
        if search.number[root] != UNSEEN {
            continue;
        }
        search.enter(root);
        open.push((root, 0));
        while let Some((state, looked_at)) = open.last_mut() {
            let state = *state;
            match states[state].successors.get(*looked_at) {
                Some(successor) => {
                    *looked_at += 1;
                    let successor = *successor;
                    if !kept[successor] {
                        continue;
                    }
                    if search.number[successor] == UNSEEN {
                        search.enter(successor);
                        open.push((successor, 0));
                    } else if search.on_stack[successor] {
                        search.low[state] = search.low[state].min(search.number[successor]);
                    }
                }
                None => {
                    open.pop();
                    if let Some((parent, _)) = open.last() {
                        search.low[*parent] = search.low[*parent].min(search.low[state]);
                    }
                    search.leave(state);
                }
            }
        }
    }
    search.groups
}

struct Search {
    number: Vec<usize>,
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    next: usize,
    groups: Vec<Vec<usize>>,
}

impl Search {
    fn enter(&mut self, state: usize) {
        self.number[state] = self.next;
        self.low[state] = self.next;
        self.next += 1;
        self.stack.push(state);
        self.on_stack[state] = true;
    }

    /// Closes the group of a state from which nothing earlier can be reached.
    fn leave(&mut self, state: usize) {
        if self.low[state] != self.number[state] {
            return;
        }
        let mut group = Vec::new();
        while let Some(member) = self.stack.pop() {
            self.on_stack[member] = false;
            group.push(member);
            if member == state {
                break;
            }
        }
        self.groups.push(group);
    }
}
