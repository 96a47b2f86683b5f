//! The state types, one file each: how a state is linked, and what entering it does.

mod choice;
mod external_input;
mod fail;
mod parallel;
mod schedule;
mod subjourney;
mod succeed;
mod task;
mod timer;
mod transform;

use std::collections::HashMap;
use std::sync::Arc;

use jf_dsl::{JsonPath, State, StateId, StateType, TaskConfig};
use serde_json::Value;

use crate::failure::Failure;
use crate::flow::Position;
use crate::link::Linker;
use crate::machine::Machine;
use crate::program::{ScopeIndex, StateIndex};

pub(crate) use choice::Choice;
pub(crate) use external_input::ExternalInput;
pub(crate) use fail::Fail;
pub(crate) use parallel::Parallel;
pub use schedule::ScheduleOrder;
pub(crate) use schedule::ScheduleTask;
pub(crate) use subjourney::Subjourney;
pub(crate) use succeed::Succeed;
pub(crate) use task::Task;
pub(crate) use timer::Timer;
pub(crate) use transform::Transform;

/// Where the states of a scope stand in the program.
pub(crate) type Index = HashMap<StateId, StateIndex>;

/// What a state does.
#[derive(Debug)]
pub(crate) enum Op {
    Task(Task),
    Schedule(Box<ScheduleTask>),
    Choice(Choice),
    Transform(Transform),
    ExternalInput(ExternalInput),
    Timer(Timer),
    Subjourney(Subjourney),
    Parallel(Parallel),
    Succeed(Succeed),
    Fail(Fail),
}

/// What becomes of a flow that entered a state. A failure ends the scope instead.
#[derive(Debug)]
pub(crate) enum Next {
    /// It takes this successor.
    Go(StateIndex),
    /// It stops there.
    Stop(Position),
    /// It goes on inside a subjourney, with this context of so many bytes.
    Descend { scope: ScopeIndex, context: Arc<Value>, weight: usize },
    /// It waits for its branches.
    Split,
    /// Its scope ends with this output.
    Succeed(Value),
    /// The run ends with it, in whatever scope the flow is.
    Abort(Failure),
}

impl Op {
    /// Links a state at a path. `None` when something is missing; the linker knows what.
    pub(crate) fn link(
        state: &State,
        path: &JsonPath,
        index: &Index,
        linker: &mut Linker<'_>,
    ) -> Option<Self> {
        match state {
            State::Task(task) => match &task.task {
                TaskConfig::Schedule(schedule) => {
                    let schedule = ScheduleTask::link(task, schedule, path, index, linker);
                    schedule.map(|schedule| Self::Schedule(Box::new(schedule)))
                }
                _ => Task::link(task, path, index, linker).map(Self::Task),
            },
            State::Choice(choice) => Choice::link(choice, path, index, linker).map(Self::Choice),
            State::Transform(transform) => {
                Transform::link(transform, path, index, linker).map(Self::Transform)
            }
            State::Wait(wait) => {
                let input = ExternalInput::link(StateType::Wait, &wait.wait, &wait.next, index, linker);
                Some(Self::ExternalInput(input))
            }
            State::Webhook(webhook) => {
                let (input, next) = (&webhook.webhook, &webhook.next);
                let input = ExternalInput::link(StateType::Webhook, input, next, index, linker);
                Some(Self::ExternalInput(input))
            }
            State::Timer(timer) => Timer::link(timer, path, index, linker).map(Self::Timer),
            State::Succeed(succeed) => Some(Self::Succeed(Succeed::link(succeed))),
            State::Fail(fail) => Some(Self::Fail(Fail::link(fail))),
            State::Subjourney(call) => Subjourney::link(call, path, index, linker).map(Self::Subjourney),
            State::Parallel(parallel) => Parallel::link(parallel, path, index, linker).map(Self::Parallel),
        }
    }

    /// Enters the state with the flow `flow`. After a failure the context is as it was at entry (STA-008).
    pub(crate) fn enter(
        &self,
        id: &StateId,
        flow: usize,
        machine: &mut Machine<'_>,
    ) -> Result<Next, Failure> {
        match self {
            Self::Task(task) => Ok(task.enter(id, flow, machine)),
            Self::Schedule(task) => Ok(task.enter(id, flow, machine)),
            Self::Choice(choice) => choice.enter(id, flow, machine),
            Self::Transform(transform) => transform.enter(id, flow, machine),
            Self::ExternalInput(input) => Ok(input.enter(id, flow, machine)),
            Self::Timer(timer) => timer.enter(id, flow, machine),
            Self::Subjourney(call) => call.enter(id, flow, machine),
            Self::Parallel(parallel) => parallel.enter(machine),
            Self::Succeed(succeed) => Ok(succeed.enter(id, flow, machine)),
            Self::Fail(fail) => Err(fail.enter(id, flow, machine)),
        }
    }
}
