//! Reading the graph from the tree.

use std::collections::HashMap;
use std::sync::Arc;

use super::graph::{
    CompensationNode, Graph, Reference, Root, ScheduledStart, Scope, ScopeId, StateNode, SubjourneyNode,
    UnknownTarget,
};
use crate::decode::Place;
use crate::json_path::JsonPath;
use crate::model::definition::StartMode;
use crate::model::state::StateType;
use crate::tree::{Member, Node, NodeValue};

/// Reads `spec`: the top level, the subjourneys, compensation.
pub(super) fn graph<'t>(spec: &Place<'t>) -> Graph<'t> {
    let mode = find(spec.node, &["lifecycle", "startMode"]).filter(|mode| mode.value != NodeValue::Null);
    // What stands for neither is reported where it stands, and not that it could be synchronous.
    let is_asynchronous = mode.is_some_and(|mode| !is(mode, "sync"));
    let mut graph = Graph {
        scopes: Vec::new(),
        subjourneys: Vec::new(),
        subjourney_index: HashMap::new(),
        compensation: None,
        guard: find(spec.node, &["access", "read", "guardRef"]).and_then(reference),
        schedules: Vec::new(),
        start_mode: if is_asynchronous { StartMode::Async } else { StartMode::Sync },
        start_mode_span: mode.map_or_else(|| spec.anchor(), |mode| mode.span),
    };
    let path = spec.path();
    let subjourneys = spec.node.member("subjourneys").map_or(&[][..], |member| member.value.members());
    let subjourneys = subjourneys.iter().filter(|member| member.value.value != NodeValue::Null);
    for (at, member) in subjourneys.clone().enumerate() {
        graph.subjourney_index.insert(&member.key, at);
    }
    graph.scope(spec.node, &path, Root::Top, "DEF-031");
    for (at, member) in subjourneys.enumerate() {
        let path = path.clone().member("subjourneys").member(Arc::clone(&member.key));
        let scope = graph.scope(&member.value, &path, Root::Subjourney(at), "DEF-040");
        graph.subjourneys.push(SubjourneyNode { id: &member.key, key: member.key_span, scope });
    }
    if let Some(block) = find(spec.node, &["compensation"]).filter(|block| !block.members().is_empty()) {
        let scope = graph.scope(block, &path.member("compensation"), Root::Compensation, "DEF-095");
        let sync = find(block, &["mode"]).filter(|mode| is(mode, "sync")).map(|mode| mode.span);
        graph.compensation = Some(CompensationNode { scope, sync });
    }
    graph
}

/// The node that member names lead to.
fn find<'t>(node: &'t Node, names: &[&str]) -> Option<&'t Node> {
    names.iter().try_fold(node, |node, name| node.member(name).map(|member| &member.value))
}

fn is(node: &Node, text: &str) -> bool {
    node.as_str().is_some_and(|found| &**found == text)
}

fn reference(node: &Node) -> Option<Reference<'_>> {
    node.as_str().filter(|id| !id.is_empty()).map(|id| Reference { id, span: node.span })
}

impl<'t> Graph<'t> {
    /// Reads the scope of an object with `start` and `states`.
    fn scope(&mut self, owner: &'t Node, path: &JsonPath, root: Root, start_rule: &'static str) -> ScopeId {
        let id = ScopeId(self.scopes.len());
        let members = owner.member("states").map_or(&[][..], |states| states.value.members());
        self.scopes.push(Scope {
            path: path.clone().member("states"),
            root,
            start: None,
            states: Vec::with_capacity(members.len()),
            index: HashMap::new(),
            complete: !members.is_empty(),
            unknown: Vec::new(),
        });
        // An empty entry is no state (DEF-009).
        let members = members.iter().filter(|member| member.value.value != NodeValue::Null);
        self.scopes[id.0].index =
            members.clone().enumerate().map(|(at, member)| (&*member.key, at)).collect();
        for member in members {
            self.state(id, member);
        }
        let scope = &mut self.scopes[id.0];
        let start = owner.member("start").and_then(|start| Some((start.value.as_str()?, start.value.span)));
        if let Some((text, span)) = start.filter(|(text, _)| !text.is_empty()) {
            scope.start = scope.index.get(&**text).copied();
            // Where there are no states at all, that is the fault.
            if scope.start.is_none() && !scope.index.is_empty() {
                let path = path.clone().member("start");
                scope.unknown.push(UnknownTarget { path, span, text, start_rule: Some(start_rule) });
            }
        }
        scope.complete &= scope.start.is_some();
        id
    }

    fn state(&mut self, scope: ScopeId, member: &'t Member) {
        let node = &member.value;
        let state_type = node.member("type").and_then(|found| found.value.as_str());
        let state_type =
            state_type.and_then(|text| StateType::ALL.into_iter().find(|known| known.as_str() == &**text));
        let path = self.scopes[scope.0].path.clone().member(Arc::clone(&member.key));
        let mut targets = Targets { graph: self, scope, found: Vec::new(), complete: state_type.is_some() };
        match state_type {
            Some(StateType::Choice) => targets.of_choice(node, &path),
            Some(waiting @ (StateType::Wait | StateType::Webhook)) => {
                targets.of_external_input(node, &path, waiting.as_str());
            }
            Some(StateType::Succeed | StateType::Fail) | None => {}
            Some(_) => targets.required(node, "next", &path),
        }
        // Where a target stands that the state does not have, it is not known where the state leads.
        let has = |name| node.member(name).is_some_and(|member| member.value.value != NodeValue::Null);
        targets.complete &= !match state_type {
            Some(StateType::Choice) => has("next"),
            _ => has("onTimeout"),
        };
        let (successors, complete) = (targets.found, targets.complete);
        let mut state = StateNode {
            id: &member.key,
            key: member.key_span,
            state_type,
            successors,
            branches: Vec::new(),
            all_of: false,
            call: None,
            schedules: false,
            writes_attributes: false,
        };
        match state_type {
            Some(StateType::Task) => state.schedules = self.scheduled(node, &path),
            Some(StateType::Transform) => {
                let kind = find(node, &["transform", "target", "kind"]);
                state.writes_attributes = kind.is_some_and(|kind| is(kind, "attributes"));
            }
            Some(StateType::Parallel) => {
                let strategy = find(node, &["parallel", "join", "strategy"]);
                state.all_of = strategy.is_some_and(|strategy| is(strategy, "allOf"));
                state.branches = self.branches(node, &path, self.scopes[scope.0].root);
            }
            Some(StateType::Subjourney) => {
                state.call = find(node, &["subjourney", "ref"]).and_then(reference);
            }
            _ => {}
        }
        let scope = &mut self.scopes[scope.0];
        scope.complete &= complete;
        scope.states.push(state);
    }

    /// Whether the task is a `schedule:v1`; keeps the top-level state it starts at. The top level is the first scope read.
    fn scheduled(&mut self, node: &'t Node, path: &JsonPath) -> bool {
        let Some(task) = find(node, &["task"]) else { return false };
        let kind = find(task, &["kind"]).and_then(Node::as_str);
        if !kind.is_some_and(|kind| kind.starts_with("schedule:")) {
            return false;
        }
        let top = &mut self.scopes[Self::TOP.0];
        if let Some(Reference { id, span }) = find(task, &["start"]).and_then(reference)
            && !top.index.is_empty()
        {
            let path = path.clone().member("task").member("start");
            if let Some(&state) = top.index.get(&**id) {
                self.schedules.push(ScheduledStart { path, span, state });
            } else {
                top.complete = false;
                top.unknown.push(UnknownTarget { path, span, text: id, start_rule: Some("TSK-100") });
            }
        }
        true
    }

    fn branches(&mut self, node: &'t Node, path: &JsonPath, root: Root) -> Vec<ScopeId> {
        let items = find(node, &["parallel", "branches"]).map_or(&[][..], Node::items);
        let path = path.clone().member("parallel").member("branches");
        let branches = items.iter().enumerate();
        branches.map(|(at, branch)| self.scope(branch, &path.clone().index(at), root, "STA-017")).collect()
    }
}

/// Collects the targets of one state.
struct Targets<'g, 't> {
    graph: &'g mut Graph<'t>,
    scope: ScopeId,
    found: Vec<usize>,
    complete: bool,
}

impl<'t> Targets<'_, 't> {
    fn of_choice(&mut self, node: &'t Node, path: &JsonPath) {
        let Some(choices) = node.member("choices") else {
            self.complete = false;
            return self.optional(node, "default", path);
        };
        let path_of_choices = path.clone().member("choices");
        self.complete &= !choices.value.items().is_empty();
        for (at, choice) in choices.value.items().iter().enumerate() {
            self.required(choice, "next", &path_of_choices.clone().index(at));
        }
        self.optional(node, "default", path);
    }

    fn of_external_input(&mut self, node: &'t Node, path: &JsonPath, name: &str) {
        let block = node.member(name);
        let has_next = node.member("next").is_some_and(|next| next.value.as_str().is_some());
        match block {
            Some(block) if !has_next && block.value.member("default").is_some() => {
                self.required(&block.value, "default", &path.clone().member(name));
            }
            _ => self.required(node, "next", path),
        }
        if let Some(block) = block {
            self.optional(&block.value, "onTimeout", &path.clone().member(name));
        }
    }

    /// A target that the flow depends on: without it the scope is incomplete.
    fn required(&mut self, node: &'t Node, name: &str, path: &JsonPath) {
        if !self.target(node, name, path) {
            self.complete = false;
        }
    }

    fn optional(&mut self, node: &'t Node, name: &str, path: &JsonPath) {
        let absent = node.member(name).is_none_or(|member| member.value.value == NodeValue::Null);
        if !absent && !self.target(node, name, path) {
            self.complete = false;
        }
    }

    fn target(&mut self, node: &'t Node, name: &str, path: &JsonPath) -> bool {
        let Some(member) = node.member(name) else { return false };
        let Some(text) = member.value.as_str().filter(|text| !text.is_empty()) else { return false };
        let scope = &mut self.graph.scopes[self.scope.0];
        match scope.index.get(&**text) {
            Some(at) => {
                self.found.push(*at);
                true
            }
            None => {
                let path = path.clone().member(Arc::clone(&member.key));
                scope.unknown.push(UnknownTarget { path, span: member.value.span, text, start_rule: None });
                false
            }
        }
    }
}
