//! The one function through which runs change.

use std::sync::Arc;

use jf_core::{HeadCondition, run_fault};

use crate::failure::Failure;
use crate::flow::Position;
use crate::machine::Machine;
use crate::program::StateIndex;
use crate::refused::Reason;
use crate::states::Op;
use crate::{
    ActivationId, Effect, Effects, Env, Fact, Input, Program, Refused, Run, Schedule, ScheduleOrder,
    SegmentId, TaskFailure, TaskReturn, TimerId,
};

/// Applies one input to a run and says what there is to do.
///
/// Deterministic: equal program, run, input and environment give an equal run and equal effects. Pure states are executed in here,
/// until the flow that was moved runs a task, parks or ends; an engine commits at these points only.
///
/// # For engines
///
/// 1. Inputs of one run are applied one at a time. Before each, [`Run::overdue`] is applied until there is nothing overdue, at
///    the same `env.now` (ENG-073).
/// 2. The changed run is committed together with the [`Effect::Emit`], [`Effect::ArmTimer`], [`Effect::DisarmTimer`],
///    [`Effect::StartCompensation`], [`Effect::PutSchedule`] and [`Effect::ScheduledRunEnded`] it came with; everything else is performed after the commit. A run whose commit failed is forgotten and loaded anew.
/// 3. After [`Effect::Continue`] nothing is committed yet: look at clock and cancellations, apply [`Input::Resume`], as often as
///    it is asked for, and commit everything together (ENG-107).
/// 4. After a crash [`pending_effects`] tells what still has to be done; timers need only [`Run::overdue`] and
///    [`Run::next_due`].
///
/// # Errors
/// A submission or cancellation that is not taken; the run is as it was.
pub fn apply(program: &Program, run: &mut Run, input: Input, env: &Env<'_>) -> Result<Effects, Refused> {
    let mut machine = Machine::new(program, run, env);
    match input {
        Input::Begin => machine.begin(),
        Input::TaskFinished { activation, result } => machine.task_finished(activation, result),
        Input::ScheduleChecked { order, existing } => {
            machine.schedule_checked(*order, existing.map(|at| *at))
        }
        Input::StepSubmitted(submission) => machine.submitted(submission)?,
        Input::TimerFired { activation } => machine.timer_fired(activation),
        Input::WaitTimedOut { activation } => machine.wait_timed_out(activation),
        Input::DeadlineReached => machine.deadline_reached(),
        Input::CancelRequested { if_head, traceparent } => {
            machine.cancelled(if_head.as_deref(), traceparent)?;
        }
        Input::CompensationStarted => machine.compensation_started(),
        Input::CompensationEnded => machine.compensation_ended(),
        Input::CookiesTaken => machine.cookies_taken(),
        Input::Resume => machine.resumed(),
    }
    Ok(machine.into_effects())
}

/// What a run is waiting for, derived from the run alone: the tasks it has sent out, under the same names (ENG-101), its timers, its
/// compensation as long as that is not known to be durable, the schedules it has asked about, and [`Effect::Continue`] when it was left in the middle of pure states.
///
/// For recovery after a crash. The run is not changed. Tasks see no inbound request then, since an engine keeps those in memory
/// only (TSK-008).
#[must_use]
pub fn pending_effects(program: &Program, run: &Run, env: &Env<'_>) -> Effects {
    let mut run = run.clone();
    let timers: Vec<_> = run.timers().collect();
    let positions: Vec<_> = run.flows.iter().map(|flow| flow.position).collect();
    let mut machine = Machine::new(program, &mut run, env);
    for (due, timer) in timers {
        machine.push(Effect::ArmTimer { timer, due });
    }
    let running = positions.iter().enumerate().filter_map(|(flow, position)| match position {
        Position::Task { activation } => Some((*activation, flow)),
        Position::Moving | Position::Step { .. } | Position::Timer { .. } | Position::Split => None,
    });
    let mut running: Vec<_> = running.collect();
    // In the order in which they went out.
    running.sort_unstable();
    for (activation, flow) in running {
        machine.repeat_task(flow, activation);
    }
    if let Some(order) = machine.run.owed_compensation() {
        machine.push(Effect::StartCompensation(Box::new(order)));
    }
    if positions.contains(&Position::Moving) && machine.run.begun {
        machine.push(Effect::Continue);
    }
    machine.into_effects()
}

impl Machine<'_> {
    /// Creation, then the states up to the first stop.
    fn begin(&mut self) {
        if self.run.begun {
            return;
        }
        self.begin_trigger();
        self.run.begun = true;
        self.report(Fact::JourneyStarted);
        self.emit_creation();
        if let Some(due) = self.run.deadline {
            self.push(Effect::ArmTimer { timer: TimerId::Deadline, due });
        }
        // DEF-082: checked when the definition was deployed; the values may have changed since.
        if self.program.check_config(self.env.platform).is_empty() {
            self.resume();
        } else {
            self.end_run(Err(Failure::runtime(run_fault::PLATFORM_CONFIG)));
        }
    }

    fn task_finished(&mut self, activation: ActivationId, result: Result<TaskReturn, TaskFailure>) {
        let Some(flow) = self.run.flow_at(activation) else { return };
        let place = self.run.flows[flow].scope().state.clone();
        if !matches!(self.run.flows[flow].position, Position::Task { .. }) {
            return;
        }
        self.begin_trigger();
        self.run.flows[flow].position = Position::Moving;
        let done = match self.program.find(self.run, flow).map(|state| state.op()) {
            Some(Op::Task(task)) => task.finish(&place.id, flow, result, self),
            // The state is gone or another one: the definition was replaced (DEF-029).
            _ => Err(Failure::runtime(run_fault::INTERNAL)),
        };
        match done {
            Ok(next) => {
                self.report(Fact::StateExited(place.id));
                self.proceed(flow, next);
            }
            Err(failure) => self.end_scope(flow, Err(failure)),
        }
    }

    fn schedule_checked(&mut self, order: ScheduleOrder, existing: Option<Schedule>) {
        let Some(flow) = self.run.flow_at(order.activation) else { return };
        let state = self.run.flows[flow].scope().state.id.clone();
        if !matches!(self.run.flows[flow].position, Position::Task { .. }) {
            return;
        }
        self.begin_trigger();
        self.run.flows[flow].position = Position::Moving;
        let done = match self.program.find(self.run, flow).map(|state| state.op()) {
            Some(Op::Schedule(task)) => task.finish(order, existing, self),
            // The state is gone or another one: the definition was replaced (DEF-029).
            _ => Err(Failure::runtime(run_fault::INTERNAL)),
        };
        match done {
            Ok(next) => {
                self.report(Fact::StateExited(state));
                self.proceed(flow, next);
            }
            Err(failure) => self.end_scope(flow, Err(failure)),
        }
    }

    fn timer_fired(&mut self, activation: ActivationId) {
        let Some(flow) = self.run.flow_at(activation) else { return };
        if !matches!(self.run.flows[flow].position, Position::Timer { .. }) {
            return;
        }
        let place = self.run.flows[flow].scope().state.clone();
        self.report(Fact::TimerFired(place.id.clone()));
        let next = match self.program.find(self.run, flow).map(|state| state.op()) {
            Some(Op::Timer(timer)) => Some(timer.next),
            _ => None,
        };
        let segment = self.new_segment();
        self.leave(flow, segment, next);
    }

    fn wait_timed_out(&mut self, activation: ActivationId) {
        let Some(flow) = self.run.flow_at(activation) else { return };
        if !matches!(self.run.flows[flow].position, Position::Step { due: Some(_), .. }) {
            return;
        }
        let next = match self.program.find(self.run, flow).map(|state| state.op()) {
            Some(Op::ExternalInput(input)) => input.on_timeout(),
            _ => None,
        };
        let segment = self.new_segment();
        self.leave(flow, segment, next);
    }

    /// A parked flow goes on: what it waited for is released, a new segment begins.
    pub(crate) fn leave(&mut self, flow: usize, segment: SegmentId, next: Option<StateIndex>) {
        self.unpark(flow, segment);
        match next {
            Some(next) => {
                self.report(Fact::StateExited(self.run.flows[flow].scope().state.id.clone()));
                self.proceed(flow, next);
            }
            // The state is gone or another one: the definition was replaced (DEF-029).
            None => self.end_scope(flow, Err(Failure::runtime(run_fault::INTERNAL))),
        }
    }

    /// Begins a trigger and a segment with a flow that was parked.
    pub(crate) fn unpark(&mut self, flow: usize, segment: SegmentId) {
        self.begin_trigger();
        let parked = self.run.flows[flow].position;
        self.release(parked);
        let left = matches!(parked, Position::Step { .. }).then(|| self.run.address(flow).into());
        if left.is_some() {
            self.step_moved();
        }
        let moving = &mut self.run.flows[flow];
        moving.position = Position::Moving;
        moving.begin_segment(segment, left);
    }

    fn deadline_reached(&mut self) {
        if !self.run.begun || self.run.has_come_to_its_end() || self.run.deadline.is_none() {
            return;
        }
        self.begin_trigger();
        let failure = match &self.program.definition().spec.execution {
            Some(execution) => {
                Failure::timeout(&*execution.on_timeout.error_code, &*execution.on_timeout.reason)
            }
            None => Failure::timeout(run_fault::TIMEOUT, "Run Deadline Exceeded"),
        };
        self.end_run(Err(failure));
    }

    /// Changes nothing on a run that has ended (ENG-056) or waits for its compensation (ENG-092). A compensation is not for users to
    /// cancel (ENG-094).
    fn cancelled(
        &mut self,
        if_head: Option<&[HeadCondition]>,
        traceparent: Option<Arc<str>>,
    ) -> Result<(), Refused> {
        if !self.run.begun || self.run.has_come_to_its_end() {
            return Ok(());
        }
        if !self.program.definition().spec.lifecycle.cancellable || !self.run.root.is_states() {
            return Err(Refused::new(Reason::NotCancellable));
        }
        if !self.head_matches(if_head) {
            return Err(Refused::new(Reason::SeqMismatch));
        }
        self.run.traceparent = traceparent;
        self.begin_trigger();
        self.end_run(Err(Failure::cancelled()));
        Ok(())
    }

    fn resumed(&mut self) {
        if !self.run.begun || self.run.has_come_to_its_end() {
            return;
        }
        if !(0..self.run.flows.len()).all(|flow| self.fits(flow)) {
            self.begin_trigger();
            self.end_run(Err(Failure::runtime(run_fault::INTERNAL)));
        } else if self.run.flows.iter().any(|flow| flow.position == Position::Moving) {
            self.begin_trigger();
            self.resume();
        }
    }

    /// Whether the program has the state a flow stands at, of the type it stands there for.
    fn fits(&self, flow: usize) -> bool {
        let op = self.program.find(self.run, flow).map(|state| state.op());
        match self.run.flows[flow].position {
            Position::Moving => op.is_some(),
            Position::Task { .. } => matches!(op, Some(Op::Task(_) | Op::Schedule(_))),
            Position::Step { .. } => matches!(op, Some(Op::ExternalInput(_))),
            Position::Timer { .. } => matches!(op, Some(Op::Timer(_))),
            Position::Split => matches!(op, Some(Op::Parallel(_))),
        }
    }

    fn repeat_task(&mut self, flow: usize, activation: ActivationId) {
        let place = self.run.flows[flow].scope().state.clone();
        match self.program.find(self.run, flow).map(|state| state.op()) {
            Some(Op::Task(task)) => {
                let order = task.order(&place.id, flow, activation, self);
                self.push(Effect::RunTask(Box::new(order)));
            }
            Some(Op::Schedule(task)) => {
                let order = task.order(&place.id, flow, activation, self);
                self.push(Effect::CheckSchedule(Box::new(order)));
            }
            _ => {}
        }
    }
}
