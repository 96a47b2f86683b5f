//! Where things stand in the tree of flows and scopes (ENG-040).

use crate::flow::Flow;
use crate::{FlowId, Run};

impl Run {
    /// The address of the state a flow stands at: the ids from the top scope down, joined by `~`; a `subjourney` contributes its state
    /// id, a `parallel` its state id and the branch name. At the top level it is the id.
    pub(crate) fn address(&self, flow: usize) -> String {
        let flow = &self.flows[flow];
        let mut address = self.prefix(flow, flow.scopes.len() - 1);
        address.push_str(flow.scope().state.id.as_str());
        address
    }

    /// The same, or `None` at the top level, where the id says it all (ENG-031).
    pub(crate) fn qualified(&self, flow: usize) -> Option<String> {
        let top = self.flows[flow].branch.is_none() && self.flows[flow].scopes.len() == 1;
        (!top).then(|| self.address(flow))
    }

    /// What the addresses of states in the scope of a flow at `depth` begin with.
    pub(crate) fn prefix(&self, flow: &Flow, depth: usize) -> String {
        let mut prefix = String::new();
        if let Some(of) = &flow.branch
            && let Some(parent) = self.flow_index(of.flow)
        {
            prefix = self.address(parent);
            prefix.extend(["~", of.name.as_str(), "~"]);
        }
        for scope in &flow.scopes[..depth] {
            prefix.extend([scope.state.id.as_str(), "~"]);
        }
        prefix
    }

    /// Whether no subjourney lies between the top level and a flow: branches may.
    pub(crate) fn is_under_states(&self, flow: usize) -> bool {
        let flow = &self.flows[flow];
        let parent = flow.branch.as_ref().and_then(|of| self.flow_index(of.flow));
        self.root.is_states()
            && flow.scopes.len() == 1
            && parent.is_none_or(|parent| self.is_under_states(parent))
    }

    pub(crate) fn flow_index(&self, id: FlowId) -> Option<usize> {
        self.flows.iter().position(|flow| flow.id == id)
    }

    /// The flows of the branches of a flow, theirs included. They lie behind it, depth first in document order.
    pub(crate) fn below(&self, flow: usize) -> std::ops::Range<usize> {
        let mut inside = vec![self.flows[flow].id];
        let mut end = flow + 1;
        while let Some(next) = self.flows.get(end)
            && next.branch.as_ref().is_some_and(|of| inside.contains(&of.flow))
        {
            inside.push(next.id);
            end += 1;
        }
        flow + 1..end
    }
}
