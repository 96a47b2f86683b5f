//! The graph of states, read straight from the tree: it stands even where states have other faults.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::decode::{Decoder, Place};
use crate::json_path::JsonPath;
use crate::model::definition::StartMode;
use crate::model::state::StateType;
use crate::source::Span;
use crate::tree::{Member, Node, NodeValue};

use super::{unknown_start, unknown_target};

/// The states of a definition and how they lead to each other, scope by scope. The first scope is the top level.
pub(crate) struct Graph<'t> {
    scopes: Vec<Scope<'t>>,
    /// Top-level states at which `schedule:v1` tasks of any scope start runs.
    pub(super) scheduled: Vec<usize>,
    pub(super) start_mode: StartMode,
    /// The bytes to show for `spec.lifecycle.startMode`.
    pub(super) start_mode_span: Span,
}

/// One scope of a [`Graph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScopeId(usize);

pub(super) struct Scope<'t> {
    /// The path of the `states` map.
    path: JsonPath,
    pub(super) start: Option<usize>,
    pub(super) states: Vec<StateNode<'t>>,
    index: HashMap<&'t str, usize>,
    /// Whether every state is readable and every target known.
    complete: bool,
    /// Targets that are not there, reported later.
    unknown: Vec<UnknownTarget<'t>>,
}

pub(super) struct StateNode<'t> {
    pub(super) id: &'t Arc<str>,
    pub(super) key: Span,
    pub(super) state_type: Option<StateType>,
    pub(super) successors: Vec<usize>,
    /// The scopes of the branches.
    pub(super) branches: Vec<ScopeId>,
    /// Whether every branch must end before the state goes on (`allOf`).
    pub(super) all_of: bool,
}

struct UnknownTarget<'t> {
    path: JsonPath,
    span: Span,
    text: &'t Arc<str>,
    start_rule: Option<&'static str>,
}

impl<'t> Graph<'t> {
    /// Reads the graph of the states of `spec`.
    pub(crate) fn build(spec: &Place<'t>) -> Self {
        let mode = spec.node.member("lifecycle").and_then(|lifecycle| lifecycle.value.member("startMode"));
        let asynchronous =
            mode.is_some_and(|mode| mode.value.as_str().is_some_and(|text| &**text == "async"));
        let mut graph = Self {
            scopes: Vec::new(),
            scheduled: Vec::new(),
            start_mode: if asynchronous { StartMode::Async } else { StartMode::Sync },
            start_mode_span: mode.map_or_else(|| spec.anchor(), |mode| mode.value.span),
        };
        graph.scope(spec.node, &spec.path(), "DEF-031");
        graph
    }

    /// Reads the scope of an object with `start` and `states`.
    fn scope(&mut self, owner: &'t Node, path: &JsonPath, start_rule: &'static str) -> ScopeId {
        let id = ScopeId(self.scopes.len());
        let members = owner.member("states").map_or(&[][..], |states| states.value.members());
        self.scopes.push(Scope {
            path: path.clone().member("states"),
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
        let (successors, complete) = (targets.found, targets.complete);
        if state_type == Some(StateType::Task) {
            self.scheduled(node);
        }
        let parallel = state_type == Some(StateType::Parallel);
        let (branches, all_of) = if parallel { self.branches(node, &path) } else { (Vec::new(), false) };
        let scope = &mut self.scopes[scope.0];
        scope.complete &= complete;
        scope.states.push(StateNode {
            id: &member.key,
            key: member.key_span,
            state_type,
            successors,
            branches,
            all_of,
        });
    }

    /// The top-level state that a `schedule:v1` task starts at. The top-level scope is the first one read.
    fn scheduled(&mut self, node: &'t Node) {
        let Some(task) = node.member("task") else { return };
        let text = |name: &str| task.value.member(name).and_then(|member| member.value.as_str());
        if text("kind").is_some_and(|kind| kind.starts_with("schedule:"))
            && let Some(start) = text("start")
        {
            self.scheduled.extend(self.scopes[Self::TOP.0].index.get(&**start));
        }
    }

    fn branches(&mut self, node: &'t Node, path: &JsonPath) -> (Vec<ScopeId>, bool) {
        let Some(block) = node.member("parallel") else { return (Vec::new(), false) };
        let strategy = block.value.member("join").and_then(|join| join.value.member("strategy"));
        let all_of =
            strategy.is_some_and(|strategy| strategy.value.as_str().is_some_and(|text| &**text == "allOf"));
        let items = block.value.member("branches").map_or(&[][..], |branches| branches.value.items());
        let path = path.clone().member("parallel").member("branches");
        let branches = items.iter().enumerate();
        let branches =
            branches.map(|(at, branch)| self.scope(branch, &path.clone().index(at), "STA-017")).collect();
        (branches, all_of)
    }

    /// All scopes, an outer one before those inside it.
    pub(super) fn scopes(&self) -> impl Iterator<Item = ScopeId> + use<'t> {
        (0..self.scopes.len()).map(ScopeId)
    }

    pub(super) fn of(&self, scope: ScopeId) -> &Scope<'t> {
        &self.scopes[scope.0]
    }

    pub(super) const TOP: ScopeId = ScopeId(0);

    pub(super) fn is_complete(&self, scope: ScopeId) -> bool {
        self.scopes[scope.0].complete
    }

    /// The path of a state.
    pub(super) fn path(&self, scope: ScopeId, state: usize) -> JsonPath {
        let scope = &self.scopes[scope.0];
        scope.path.clone().member(Arc::clone(scope.states[state].id))
    }

    /// The ids of external-input states, branches included, in document order.
    pub(crate) fn external_ids(&self) -> impl Iterator<Item = &'t str> {
        let states = self.scopes.iter().flat_map(|scope| &scope.states);
        states
            .filter(|state| state.state_type.is_some_and(StateType::is_external_input))
            .map(|state| &**state.id)
    }

    /// Whether a state of the id takes input.
    pub(crate) fn is_external_input(&self, id: &str) -> bool {
        self.states_of(id).any(|state| state.state_type.is_none_or(StateType::is_external_input))
    }

    /// The type of the first state of the id.
    pub(crate) fn state_type(&self, id: &str) -> Option<StateType> {
        self.states_of(id).next().and_then(|state| state.state_type)
    }

    fn states_of<'g>(&'g self, id: &str) -> impl Iterator<Item = &'g StateNode<'t>> {
        self.scopes.iter().filter_map(move |scope| Some(&scope.states[*scope.index.get(id)?]))
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

/// DEF-031, STA-005, STA-017: starts and targets that are not there.
pub(super) fn report_targets(decoder: &mut Decoder<'_>, graph: &Graph<'_>) {
    let all: HashSet<&str> = graph.scopes.iter().flat_map(|scope| scope.index.keys().copied()).collect();
    for scope in &graph.scopes {
        for unknown in &scope.unknown {
            let suggestion = decoder.closest(unknown.text, scope.states.iter().map(|state| &**state.id));
            let fault = match unknown.start_rule {
                Some(rule) => unknown_start(unknown.text, rule, suggestion),
                None => unknown_target(unknown.text, suggestion, all.contains(&**unknown.text)),
            };
            decoder.report_at(unknown.path.clone(), unknown.span, fault);
        }
    }
}
