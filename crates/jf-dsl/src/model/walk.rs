//! Walking over every state of a definition.

use super::definition::Definition;
use super::state::{State, States};
use crate::ids::StateId;

impl Definition {
    /// Every state at any depth: those of the top level, then those of the subjourneys, then those of compensation, each with
    /// its branches, in document order; a `parallel` state comes before its branches.
    pub fn all_states(&self) -> impl Iterator<Item = (&StateId, &State)> {
        let spec = &self.spec;
        let subjourneys = spec.subjourneys.values().map(|subjourney| &subjourney.states);
        let compensation = spec.compensation.iter().map(|compensation| &compensation.states);
        let mut scopes: Vec<&States> =
            std::iter::once(&spec.states).chain(subjourneys).chain(compensation).collect();
        scopes.reverse();
        AllStates { open: Vec::new(), pending: scopes }
    }

    /// The states under `spec.states`, those of branches included: what entries of a WebSocket binding cover (WS-032). In document
    /// order; a `parallel` state comes before its branches.
    pub fn main_states(&self) -> impl Iterator<Item = (&StateId, &State)> {
        AllStates { open: Vec::new(), pending: vec![&self.spec.states] }
    }

    /// The ids of the `wait` and `webhook` states at any depth, in document order; an id that several scopes use comes
    /// several times.
    pub fn external_inputs(&self) -> impl Iterator<Item = &StateId> {
        self.all_states().filter(|(_, state)| state.external_input().is_some()).map(|(id, _)| id)
    }
}

struct AllStates<'a> {
    open: Vec<super::ordered::Iter<'a, StateId, State>>,
    /// Scopes that come next, the first one last.
    pending: Vec<&'a States>,
}

impl<'a> Iterator for AllStates<'a> {
    type Item = (&'a StateId, &'a State);

    fn next(&mut self) -> Option<Self::Item> {
        self.open.extend(self.pending.drain(..).map(States::iter));
        while let Some(scope) = self.open.last_mut() {
            if let Some((id, state)) = scope.next() {
                if let State::Parallel(parallel) = state {
                    self.pending.extend(parallel.parallel.branches.iter().rev().map(|branch| &branch.states));
                }
                return Some((id, state));
            }
            self.open.pop();
        }
        None
    }
}
