//! One input at work: the run, the world, and what is to be done, in the hands of the states.

use std::mem;
use std::sync::Arc;

use indexmap::IndexMap;
use jf_core::spi::{Bindings, EvalError, Evaluation, TaskWrite};
use jf_core::{HeadCondition, run_fault};
use jf_dsl::StateId;
use jiff::Timestamp;
use serde_json::Value;

use crate::context::Target;
use crate::failure::Failure;
use crate::flow::{Position, Scope};
use crate::link::Expr;
use crate::platform::platform_value;
use crate::program::{LinkedState, StateIndex};
use crate::states::Next;
use crate::{
    Accepted, ActivationId, Diagnostic, Effect, Effects, Env, Fact, Limits, Program, Run, SegmentId, TimerId,
};

/// Effects that one input rarely has more of: two for every state it goes through, and a few.
const USUAL_EFFECTS: usize = 12;

/// Applies one input to one run. States act on the run through it and nothing else.
pub(crate) struct Machine<'a> {
    pub(crate) program: &'a Program,
    pub(crate) run: &'a mut Run,
    pub(crate) env: &'a Env<'a>,
    effects: Effects,
    /// Built when first asked for: most inputs do not need it.
    platform: Option<Arc<Value>>,
    evaluations: u32,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(program: &'a Program, run: &'a mut Run, env: &'a Env<'a>) -> Self {
        let effects = Effects { list: Vec::with_capacity(USUAL_EFFECTS), ..Effects::default() };
        Self { program, run, env, effects, platform: None, evaluations: 0 }
    }

    pub(crate) fn into_effects(self) -> Effects {
        self.effects
    }

    // ---- What happens ----

    /// From here on the input changes the run and will make at most one event (ENG-107).
    pub(crate) fn begin_trigger(&mut self) {
        self.effects.changed = true;
        self.run.trigger.get_or_insert_default();
    }

    /// Remembers what an accepted submission was resolved to.
    pub(crate) fn accepted(&mut self, accepted: Accepted) {
        self.effects.accepted = Some(accepted);
    }

    /// Takes a flow on from its state to `next` and onward, then makes the event of the trigger if one is due.
    pub(crate) fn proceed(&mut self, flow: usize, next: StateIndex) {
        let state = self.program.at(next);
        self.advance(flow, state);
    }

    /// Takes a flow on from the state it is about to enter.
    pub(crate) fn resume(&mut self, flow: usize) {
        match self.program.find(&self.run.flows[flow].scope().state) {
            Some(state) => self.advance(flow, state),
            None => self.end_scope(flow, Err(Failure::runtime(run_fault::INTERNAL))),
        }
    }

    /// Enters states, beginning with `state`, until the flow stops or its scope ends. Pure states are run through here: this is
    /// the one loop of the interpreter.
    fn advance(&mut self, flow: usize, mut state: &'a LinkedState) {
        loop {
            if self.evaluations >= self.env.limits.evaluations_per_apply.max(1) {
                self.stop(flow, state, Position::Moving);
                self.push(Effect::Continue);
                return;
            }
            let moving = &mut self.run.flows[flow];
            moving.transitions = moving.transitions.saturating_add(1);
            if moving.transitions > self.env.limits.transitions_per_segment {
                self.stop(flow, state, Position::Moving);
                return self.end_run(Err(Failure::runtime(run_fault::TRANSITION_LIMIT)));
            }
            self.report(Fact::StateEntered(state.id().clone()));
            match state.op().enter(state.id(), flow, self) {
                Ok(Next::Go(next)) => {
                    self.report(Fact::StateExited(state.id().clone()));
                    state = self.program.at(next);
                }
                Ok(Next::Stop(position)) => {
                    self.stop(flow, state, position);
                    return self.close_trigger();
                }
                Ok(Next::Succeed(output)) => {
                    self.stop(flow, state, Position::Moving);
                    return self.end_scope(flow, Ok(output));
                }
                Err(failure) => {
                    self.stop(flow, state, Position::Moving);
                    return self.end_scope(flow, Err(failure));
                }
            }
        }
    }

    fn stop(&mut self, flow: usize, state: &LinkedState, position: Position) {
        let flow = &mut self.run.flows[flow];
        flow.scope_mut().state = state.place();
        match position {
            Position::Step { .. } | Position::Timer { .. } => flow.park(position),
            Position::Moving | Position::Task { .. } => flow.position = position,
        }
    }

    /// The innermost scope of a flow has ended. The top-level one is the run itself.
    pub(crate) fn end_scope(&mut self, flow: usize, result: Result<Value, Failure>) {
        let state = self.run.flows[flow].scope().state.id.clone();
        self.report(Fact::StateExited(state));
        self.end_run(result);
    }

    // ---- What states may do ----

    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.list.push(effect);
    }

    pub(crate) fn report(&mut self, fact: Fact) {
        self.push(Effect::Report(fact));
    }

    /// Tells of a failed evaluation (EXP-043).
    pub(crate) fn expression_failed(
        &mut self,
        state: Option<&StateId>,
        site: &'static str,
        expression: &Expr,
        error: &EvalError,
    ) {
        let (state, lang) = (state.cloned(), expression.lang.clone());
        self.report(Fact::Diagnostic(Diagnostic::ExpressionFailed { state, site, lang, code: error.code() }));
    }

    pub(crate) fn evaluate(&mut self, flow: usize, expression: &Expr) -> Result<Value, EvalError> {
        let (platform, seed) = (self.platform_for(expression), self.next_seed());
        let bindings = Bindings::new(self.context(flow), platform.as_deref().unwrap_or(&Value::Null));
        expression.bound.evaluate(&bindings, self.env.now, seed)
    }

    pub(crate) fn test(&mut self, flow: usize, expression: &Expr) -> Result<bool, EvalError> {
        let (platform, seed) = (self.platform_for(expression), self.next_seed());
        let bindings = Bindings::new(self.context(flow), platform.as_deref().unwrap_or(&Value::Null));
        expression.bound.test(&bindings, self.env.now, seed)
    }

    /// What a task evaluates with: a snapshot of the scope (TSK-005).
    pub(crate) fn evaluation(&mut self, flow: usize) -> Evaluation {
        let (platform, seed) = (self.platform(), self.next_seed());
        Evaluation::new(Arc::clone(&self.run.flows[flow].scope().context), platform, self.env.now, seed)
    }

    /// `platform`, unless the expression never looks at it.
    pub(crate) fn platform_for(&mut self, expression: &Expr) -> Option<Arc<Value>> {
        expression.reads_platform.then(|| self.platform())
    }

    pub(crate) fn platform(&mut self) -> Arc<Value> {
        let (program, env) = (self.program, self.env);
        let platform = self.platform.get_or_insert_with(|| Arc::new(platform_value(program, self.run, env)));
        Arc::clone(platform)
    }

    /// A seed of its own for every evaluation of the input.
    pub(crate) fn next_seed(&mut self) -> u64 {
        self.evaluations = self.evaluations.saturating_add(1);
        // The odd constant spreads the counter over all bits (a Weyl sequence).
        self.env.seed.wrapping_add(u64::from(self.evaluations).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn context(&self, flow: usize) -> &Value {
        &self.run.flows[flow].scope().context
    }

    pub(crate) fn write(&mut self, flow: usize, target: Target<'_>, value: Value) -> Result<(), Failure> {
        self.run.flows[flow].scope_mut().write(target, value, self.env.limits)
    }

    pub(crate) fn write_all(&mut self, flow: usize, writes: Vec<TaskWrite>) -> Result<(), Failure> {
        self.run.flows[flow].scope_mut().write_all(writes, self.env.limits)
    }

    /// Removes the payload from the flow's context and every frozen one around it (STA-068).
    pub(crate) fn clear_payload(&mut self, flow: usize) {
        for scope in &mut self.run.flows[flow].scopes {
            scope.clear_payload();
        }
    }

    pub(crate) const fn attributes(&self) -> &IndexMap<String, String> {
        &self.run.attributes
    }

    pub(crate) fn add_attributes(&mut self, added: Vec<(String, String)>) {
        self.run.attributes.extend(added);
    }

    pub(crate) const fn limits(&self) -> &'a Limits {
        self.env.limits
    }

    pub(crate) const fn now(&self) -> Timestamp {
        self.env.now
    }

    pub(crate) const fn deadline(&self) -> Option<Timestamp> {
        self.run.deadline
    }

    /// Never after the deadline of the run (ENG-061).
    pub(crate) fn clamp(&self, due: Timestamp) -> Timestamp {
        self.run.deadline.map_or(due, |deadline| deadline.min(due))
    }

    pub(crate) fn segment(&self, flow: usize) -> Option<SegmentId> {
        self.run.flows[flow].segment
    }

    pub(crate) fn activate(&mut self) -> ActivationId {
        self.run.activations += 1;
        ActivationId(self.run.activations)
    }

    /// The name of an activation outside of its run.
    pub(crate) fn attempt(&self, activation: ActivationId) -> Arc<str> {
        format!("{}.{activation}", self.run.journey_id).into()
    }

    pub(crate) fn arm(&mut self, activation: ActivationId, due: Timestamp) {
        self.push(Effect::ArmTimer { timer: TimerId::Activation(activation), due });
    }

    /// A step was activated or deactivated, which is worth an event (ENG-107).
    pub(crate) fn step_moved(&mut self) {
        self.run.trigger.get_or_insert_default().steps_moved = true;
    }

    // ---- For inputs ----

    /// Whether the head is one of those a command accepts (ENG-054).
    pub(crate) fn head_matches(&self, if_head: Option<&[HeadCondition]>) -> bool {
        let is_head = |condition: &HeadCondition| {
            condition.seq == self.run.seq
                && condition.epoch.as_ref().is_none_or(|epoch| epoch == self.env.epoch)
        };
        if_head.is_none_or(|conditions| conditions.iter().any(is_head))
    }

    /// Takes back what a flow waits for: its timer, its task.
    pub(crate) fn release(&mut self, position: Position) {
        if let Some((_, activation)) = position.timer() {
            self.push(Effect::DisarmTimer { timer: TimerId::Activation(activation) });
        }
        if let Position::Task { activation } = position {
            self.push(Effect::AbandonTask { activation });
        }
    }

    /// Ends all flows: they wait for nothing any more. Returns the top-level scope.
    pub(crate) fn take_top(&mut self) -> Option<Scope> {
        let flows = mem::take(&mut self.run.flows);
        for flow in &flows {
            self.release(flow.position);
            if flow.position.activation().is_some() {
                self.report(Fact::StateExited(flow.scope().state.id.clone()));
            }
        }
        flows.into_iter().next()?.scopes.into_iter().next()
    }
}
