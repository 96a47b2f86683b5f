//! Scopes and states (02 §1).

use std::sync::Arc;

use super::{Decoder, Place};
use crate::capabilities::Feature;
use crate::ids::{StateId, VarName};
use crate::model::definition::Kind;
use crate::model::state::{State, StateType, States, Wait, Webhook};
use crate::model::task::TaskConfig;
use crate::rules::{features, shape, states as rules};

/// Ids that links and addresses keep for themselves (DEF-034).
const RESERVED_STEPS: [&str; 4] = ["cancel", "self", "result", "compensation"];

impl Decoder<'_> {
    /// The states of one scope (DEF-032).
    pub(super) fn states(&mut self, place: &Place<'_>, rule: &'static str) -> States {
        let mut states = States::default();
        if self.object(place, rule).is_none() {
            return states;
        }
        if place.entries().next().is_none() {
            self.report(place, shape::empty("a map of states").rule(rule));
        }
        let limit = self.capabilities.size_limits().states;
        for (name, entry) in place.entries() {
            self.states += 1;
            if self.states == limit + 1 {
                self.report_key(&entry, shape::too_many("states in one definition", limit));
            }
            let id = self.key(name, &entry, "DEF-033", StateId::parse);
            let state = self.state(name, &entry);
            if let (Some(id), Some(state)) = (id, state) {
                states.insert(id, state);
            }
        }
        states
    }

    fn state(&mut self, id: &Arc<str>, place: &Place<'_>) -> Option<State> {
        if !place.is_object() {
            self.wrong_type(place, "a state (an object)", "STA-002");
            return None;
        }
        let types = StateType::ALL.map(|state_type| (state_type.as_str(), state_type));
        let state_type = self
            .required(place, "type", "STA-001")
            .and_then(|place| self.one_of(&place, "STA-001", &types))?;
        self.id_style(id, place, state_type);
        self.allowed(place, state_type);
        self.next_in_block(place, state_type);
        match state_type {
            StateType::Task => self.task_state(place).map(State::Task),
            StateType::Choice => self.choice_state(place).map(State::Choice),
            StateType::Transform => self.transform_state(place).map(State::Transform),
            StateType::Parallel => self.parallel_state(place).map(State::Parallel),
            StateType::Wait => {
                let (wait, next) = self.external_input_state(place, "wait")?;
                Some(State::Wait(Wait { wait, next }))
            }
            StateType::Webhook => {
                let (webhook, next) = self.external_input_state(place, "webhook")?;
                Some(State::Webhook(Webhook { webhook, next }))
            }
            StateType::Timer => self.timer_state(place).map(State::Timer),
            StateType::Subjourney => self.subjourney_state(place).map(State::Subjourney),
            StateType::Succeed => self.succeed_state(place).map(State::Succeed),
            StateType::Fail => self.fail_state(place).map(State::Fail),
        }
    }

    /// A `next` inside the block of a state that has none beside it; a plugin may have a member of that name.
    fn next_in_block(&mut self, place: &Place<'_>, state_type: StateType) {
        let name = state_type.as_str();
        let Some(block) = place.get(name).filter(|block| block.get("next").is_some()) else { return };
        let is_core = || {
            block
                .get("kind")
                .and_then(|kind| kind.text())
                .is_some_and(|kind| TaskConfig::CORE_KINDS.contains(&&**kind))
        };
        let ends = matches!(state_type, StateType::Choice | StateType::Succeed | StateType::Fail);
        if place.get("next").is_none() && !ends && (state_type != StateType::Task || is_core()) {
            self.misplace("next", &block, place, format!("beside `{name}`"));
        }
    }

    /// DEF-034 and DEF-035.
    fn id_style(&mut self, id: &Arc<str>, place: &Place<'_>, state_type: StateType) {
        if state_type.is_external_input() && RESERVED_STEPS.contains(&&**id) {
            self.report_key(place, rules::reserved_id(id));
        } else if !is_usual_id(id) && StateId::parse(Arc::clone(id)).is_ok() {
            self.report_key(place, rules::unusual_id(id));
        }
    }

    /// What the build and the kind of definition allow (STA-004).
    fn allowed(&mut self, place: &Place<'_>, state_type: StateType) {
        let Some(member) = place.get("type") else { return };
        let waits = matches!(state_type, StateType::Wait | StateType::Webhook | StateType::Timer);
        if self.kind == Kind::Api && waits {
            self.report(&member, rules::not_on_api(&format!("`{}` states", state_type.as_str())));
        }
        let feature = match state_type {
            StateType::Parallel => Feature::Parallel,
            StateType::Subjourney => Feature::Subjourney,
            _ => return,
        };
        if !self.capabilities.supports(feature) {
            let fault = features::unsupported(feature, "STA-001");
            self.report(&member, fault);
        }
    }

    /// Whether the members `type`, `next` and those given are all there are (STA-002).
    pub(super) fn state_members(&mut self, place: &Place<'_>, members: &[&str]) {
        let known: Vec<&str> = ["type"].into_iter().chain(members.iter().copied()).collect();
        self.known(place, &known);
    }

    /// The required `next` of a state.
    pub(super) fn next(&mut self, place: &Place<'_>) -> Option<StateId> {
        let next = self.required(place, "next", "STA-002")?;
        self.state_ref(&next, "STA-005")
    }

    /// A variable name (STA-006).
    pub(super) fn result_var(&mut self, place: &Place<'_>, rule: &'static str) -> Option<VarName> {
        let name = self.name(place, rule, VarName::parse)?;
        if name == "payload" {
            self.report(place, rules::result_in_payload());
        }
        Some(name)
    }
}

/// `[A-Za-z][A-Za-z0-9_-]*` (DEF-035).
fn is_usual_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_alphabetic())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}
