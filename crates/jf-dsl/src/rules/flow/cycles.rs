//! Groups of states that lead to each other (STA-011, STA-012).

use super::busy_cycle;
use super::graph::{Graph, ScopeId, StateNode};
use super::nesting::Nesting;
use crate::decode::Decoder;

/// STA-012: once per strongly connected group without a waiting state, at its first state.
pub(super) fn busy_cycles(decoder: &mut Decoder<'_>, graph: &Graph<'_>, nesting: &Nesting, scope: ScopeId) {
    let states = &graph.of(scope).states;
    let busy: Vec<bool> = states.iter().map(|state| !nesting.rests(graph, state)).collect();
    let mut cycles: Vec<Vec<usize>> =
        groups(&successors(states), &busy).into_iter().filter(|group| is_cycle(states, group)).collect();
    for group in &mut cycles {
        group.sort_unstable();
        let ids: Vec<&str> = group.iter().map(|at| &**states[*at].id).collect();
        let first = group[0];
        let fault = busy_cycle(&ids, group[1..].iter().map(|at| states[*at].key));
        decoder.report_at(graph.path(scope, first), states[first].key, fault);
    }
}

/// The successors of each state.
pub(super) fn successors<'g>(states: &'g [StateNode<'_>]) -> Vec<&'g [usize]> {
    states.iter().map(|state| state.successors.as_slice()).collect()
}

fn is_cycle(states: &[StateNode<'_>], group: &[usize]) -> bool {
    match group {
        [one] => states[*one].successors.contains(one),
        _ => true,
    }
}

/// The strongly connected groups among the nodes that are `kept`, by Tarjan's algorithm without recursion. A group comes
/// after those that it leads to.
pub(super) fn groups(successors: &[&[usize]], kept: &[bool]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut search = Search {
        number: vec![UNSEEN; successors.len()],
        low: vec![0; successors.len()],
        on_stack: vec![false; successors.len()],
        stack: Vec::new(),
        next: 0,
        groups: Vec::new(),
    };
    // Each entry is a node and how many of its successors were looked at.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for root in (0..successors.len()).filter(|root| kept[*root]) {
        if search.number[root] != UNSEEN {
            continue;
        }
        search.enter(root);
        open.push((root, 0));
        while let Some((state, looked_at)) = open.last_mut() {
            let state = *state;
            match successors[state].get(*looked_at) {
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
