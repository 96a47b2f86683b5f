//! One input at work: the run, the world, and what is to be done, in the hands of the states.

use std::mem;
use std::sync::Arc;

use indexmap::IndexMap;
use jf_core::spi::{Bindings, EvalError, Evaluation, Platform, TaskWrite};
use jf_core::{HeadCondition, ScheduleId, run_fault};
use jf_dsl::StateId;
use jiff::Timestamp;
use serde_json::Value;

use crate::context::Target;
use crate::failure::Failure;
use crate::flow::{Position, Scope};
use crate::link::Expr;
use crate::platform::lazy_platform_of;
use crate::program::{LinkedState, StateIndex};
use crate::states::Next;
use crate::{
    Accepted, ActivationId, Diagnostic, Effect, Effects, Env, Fact, Limits, Program, Run, SegmentId, TimerId,
};

/// Effects that one input rarely has more of: two for every state it goes through, and a few.
const USUAL_EFFECTS: usize = 12;

/// What happens next in a run.
pub(crate) enum Then<'a> {
    /// A flow enters a state.
    Enter(usize, &'a LinkedState),
    /// The innermost scope of a flow ends.
    End(usize, Result<Value, Failure>),
    /// The flow rests; others may go on.
    Rest,
    /// Nothing: the run has ended, or asked to be continued.
    Over,
}

/// Applies one input to one run. States act on the run through it and nothing else.
pub(crate) struct Machine<'a> {
    pub(crate) program: &'a Program,
    pub(crate) run: &'a mut Run,
    pub(crate) env: &'a Env<'a>,
    effects: Effects,
    /// Most inputs do not need it.
    platform: Option<Arc<Platform>>,
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

    /// The run differs from before.
    pub(crate) fn set_changed(&mut self) {
        self.effects.changed = true;
    }

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
        self.drive(Then::Enter(flow, self.program.at(next)));
    }

    /// Takes every flow on that is about to enter a state.
    pub(crate) fn resume(&mut self) {
        self.drive(Then::Rest);
    }

    /// The innermost scope of a flow has ended; goes on with what that leads to.
    pub(crate) fn end_scope(&mut self, flow: usize, result: Result<Value, Failure>) {
        self.drive(Then::End(flow, result));
    }

    /// Moves flows until every one has stopped, one after the other: the first that can move, which is the order of the document.
    fn drive(&mut self, mut then: Then<'a>) {
        loop {
            then = match then {
                Then::Enter(flow, state) => self.advance(flow, state),
                Then::End(flow, result) => self.end_of_scope(flow, result),
                Then::Rest => {
                    let Some(flow) = self.run.flows.iter().position(|flow| flow.position == Position::Moving)
                    else {
                        return self.close_trigger();
                    };
                    match self.program.find(self.run, flow) {
                        Some(state) => Then::Enter(flow, state),
                        None => Then::End(flow, Err(Failure::runtime(run_fault::INTERNAL))),
                    }
                }
                Then::Over => return,
            };
        }
    }

    /// Enters states, beginning with `state`, until the flow stops or a scope of it ends. Pure states are run through here: this is
    /// the hot loop of the interpreter.
    fn advance(&mut self, flow: usize, mut state: &'a LinkedState) -> Then<'a> {
        loop {
            if self.evaluations >= self.env.limits.evaluations_per_apply.max(1) {
                self.stop(flow, state, Position::Moving);
                self.push(Effect::Continue);
                return Then::Over;
            }
            if self.is_beyond_transitions(flow) {
                self.stop(flow, state, Position::Moving);
                let detail = self.transition_limit(flow, state);
                self.end_run(Err(Failure::runtime_because(run_fault::TRANSITION_LIMIT, detail)));
                return Then::Over;
            }
            self.report(Fact::StateEntered(state.id().clone()));
            match state.op().enter(state.id(), flow, self) {
                Ok(Next::Go(next)) => {
                    self.report(Fact::StateExited(state.id().clone()));
                    state = self.program.at(next);
                }
                Ok(Next::Stop(position)) => {
                    self.stop(flow, state, position);
                    return Then::Rest;
                }
                Ok(Next::Descend { scope, context, weight }) => {
                    self.stop(flow, state, Position::Moving);
                    state = self.program.start_of(scope);
                    self.run.flows[flow].scopes.push(Scope { state: state.place(), context, weight });
                    // Counts like an evaluation: loops through subjourneys need not have any other.
                    self.evaluations = self.evaluations.saturating_add(1);
                }
                Ok(Next::Split) => {
                    self.stop(flow, state, Position::Split);
                    self.split(flow, state);
                    self.evaluations = self.evaluations.saturating_add(1);
                    return Then::Rest;
                }
                Ok(Next::Succeed(output)) => {
                    self.stop(flow, state, Position::Moving);
                    return Then::End(flow, Ok(output));
                }
                Ok(Next::Abort(failure)) => {
                    self.report(Fact::StateExited(state.id().clone()));
                    self.stop(flow, state, Position::Moving);
                    self.end_run(Err(failure));
                    return Then::Over;
                }
                Err(failure) => {
                    self.stop(flow, state, Position::Moving);
                    return Then::End(flow, Err(failure));
                }
            }
        }
    }

    /// Counts a transition: those of the flow in its segment (ENG-066), and those of all flows together, since branches of branches
    /// can be many.
    fn is_beyond_transitions(&mut self, flow: usize) -> bool {
        let limits = self.env.limits;
        let moving = &mut self.run.flows[flow];
        moving.transitions = moving.transitions.saturating_add(1);
        let trigger = self.run.trigger.get_or_insert_default();
        trigger.transitions = trigger.transitions.saturating_add(1);
        moving.transitions > limits.transitions_per_segment
            || trigger.transitions > limits.transitions_per_trigger
    }

    /// Which limit [`is_beyond_transitions`](Self::is_beyond_transitions) speaks of, and where the flow was.
    fn transition_limit(&self, flow: usize, state: &LinkedState) -> String {
        let limits = self.env.limits;
        let (limit, of) = if self.run.flows[flow].transitions > limits.transitions_per_segment {
            (limits.transitions_per_segment, "of one flow in one segment")
        } else {
            (limits.transitions_per_trigger, "of all flows after one input")
        };
        format!("more than {limit} transitions {of}, the next one to state `{}`", state.id())
    }

    fn stop(&mut self, flow: usize, state: &LinkedState, position: Position) {
        let flow = &mut self.run.flows[flow];
        flow.scope_mut().state = state.place();
        match position {
            Position::Step { .. } | Position::Timer { .. } => flow.park(position),
            Position::Moving | Position::Task { .. } | Position::Split => flow.position = position,
        }
    }

    // ---- What states may do ----

    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.list.push(effect);
    }

    pub(crate) fn report(&mut self, fact: Fact) {
        // A guard has no life of its own: only what went wrong in it is worth telling.
        if !self.run.root.is_guard() || matches!(fact, Fact::Diagnostic(_)) {
            self.push(Effect::Report(fact));
        }
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

    fn bindings<'b>(&'b self, flow: usize, platform: Option<&'b Value>) -> Bindings<'b> {
        let compensated = self.run.root.compensated().map(|seen| &**seen);
        let bindings = Bindings::new(self.context(flow), platform.unwrap_or(&Value::Null));
        let bindings = bindings.with_compensated(compensated);
        // EXP-018: what was submitted to the run was not submitted to its guard.
        if self.run.root.is_guard() { bindings.with_payload(&Value::Null) } else { bindings }
    }

    pub(crate) fn evaluate(&mut self, flow: usize, expression: &Expr) -> Result<Value, EvalError> {
        let (platform, seed) = (self.platform_for(expression), self.next_seed());
        let bindings = self.bindings(flow, platform.as_deref().map(Platform::document));
        expression.bound.evaluate(&bindings, self.env.now, seed)
    }

    /// Evaluates a mapper of a state; an error is told of and fails the state (EXP-042).
    pub(crate) fn compute(
        &mut self,
        state: &StateId,
        site: &'static str,
        flow: usize,
        mapper: &Expr,
    ) -> Result<Value, Failure> {
        self.evaluate(flow, mapper).map_err(|error| {
            self.expression_failed(Some(state), site, mapper, &error);
            Failure::expression(&error)
        })
    }

    /// Evaluates the mapper of a join in the scope of its `parallel` state; it sees no payload (EXP-011).
    pub(crate) fn evaluate_join(
        &mut self,
        flow: usize,
        expression: &Expr,
        branches: &Value,
    ) -> Result<Value, EvalError> {
        let (platform, seed) = (self.platform_for(expression), self.next_seed());
        let extra = [("branches", branches)];
        let bindings = self.bindings(flow, platform.as_deref().map(Platform::document));
        let bindings = bindings.with_payload(&Value::Null).with_extra(&extra);
        expression.bound.evaluate(&bindings, self.env.now, seed)
    }

    pub(crate) fn test(&mut self, flow: usize, expression: &Expr) -> Result<bool, EvalError> {
        let (platform, seed) = (self.platform_for(expression), self.next_seed());
        let bindings = self.bindings(flow, platform.as_deref().map(Platform::document));
        expression.bound.test(&bindings, self.env.now, seed)
    }

    /// What a task evaluates with: a snapshot of the scope (TSK-005).
    pub(crate) fn evaluation(&mut self, flow: usize) -> Evaluation {
        let (platform, seed) = (self.platform(), self.next_seed());
        let context = Arc::clone(&self.run.flows[flow].scope().context);
        let compensated = self.run.root.compensated().cloned();
        let evaluation = Evaluation::new(context, platform, self.env.now, seed).with_compensated(compensated);
        if self.run.root.is_guard() { evaluation.without_payload() } else { evaluation }
    }

    /// `platform`, unless the expression never looks at it.
    pub(crate) fn platform_for(&mut self, expression: &Expr) -> Option<Arc<Platform>> {
        expression.reads_platform.then(|| self.platform())
    }

    pub(crate) fn platform(&mut self) -> Arc<Platform> {
        let (program, env) = (self.program, self.env);
        let platform =
            self.platform.get_or_insert_with(|| Arc::new(lazy_platform_of(program, self.run, env)));
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

    pub(crate) fn shared_context(&self, flow: usize) -> Arc<Value> {
        Arc::clone(&self.run.flows[flow].scope().context)
    }

    pub(crate) fn write(&mut self, flow: usize, target: Target<'_>, value: Value) -> Result<(), Failure> {
        self.run.flows[flow].scope_mut().write(target, value, self.env.limits)
    }

    pub(crate) fn write_all(&mut self, flow: usize, writes: Vec<TaskWrite>) -> Result<(), Failure> {
        self.run.flows[flow].scope_mut().write_all(writes, self.env.limits)
    }

    /// Removes the payload from the flow's context and every frozen one around it; branches beside it keep theirs (STA-068).
    pub(crate) fn clear_payload(&mut self, flow: usize) {
        let mut flow = Some(flow);
        while let Some(index) = flow {
            let parking = &mut self.run.flows[index];
            for scope in &mut parking.scopes {
                scope.clear_payload();
            }
            let parent = parking.branch.as_ref().map(|of| of.flow);
            flow = parent.and_then(|parent| self.run.flow_index(parent));
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

    /// The next segment of the run.
    pub(crate) fn new_segment(&mut self) -> SegmentId {
        self.run.segments.0 = self.run.segments.0.saturating_add(1);
        self.run.segments
    }

    pub(crate) fn segment(&self, flow: usize) -> SegmentId {
        self.run.flows[flow].segment
    }

    pub(crate) fn activate(&mut self) -> ActivationId {
        self.run.activations = self.run.activations.saturating_add(1);
        ActivationId(self.run.activations)
    }

    /// The name of an activation outside of its run.
    pub(crate) fn attempt(&self, activation: ActivationId) -> Arc<str> {
        self.run.root.attempt(&self.run.journey_id, activation).into()
    }

    /// The name of the schedule that an activation makes.
    pub(crate) fn schedule_id(&self, activation: ActivationId) -> ScheduleId {
        let text = format!("{}.{activation}", self.run.journey_id);
        ScheduleId::parse(text).expect("the id of a run and a number, with a dot between them, are one")
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
            // One that was asked for by this very input never goes out.
            let list = &mut self.effects.list;
            let asked = |effect: &Effect| match effect {
                Effect::RunTask(order) => order.activation == activation,
                Effect::CheckSchedule(order) => order.activation == activation,
                _ => false,
            };
            match list.iter().rposition(asked) {
                Some(at) => drop(list.remove(at)),
                None => self.push(Effect::AbandonTask { activation }),
            }
        }
    }

    /// Ends all flows: they wait for nothing any more. Returns the top-level scope.
    pub(crate) fn take_top(&mut self) -> Option<Scope> {
        let flows = mem::take(&mut self.run.flows);
        for flow in flows.iter().rev() {
            self.drop_flow(flow);
        }
        flows.into_iter().next()?.scopes.into_iter().next()
    }
}
