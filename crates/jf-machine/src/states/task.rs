//! `task`: runs a plugin once per entry, then takes `next` (02 §3).

use std::sync::Arc;

use jf_core::spi::PreparedTask;
use jf_dsl::{JsonPath, StateId, TaskKind};

use super::{Index, Next};
use crate::failure::Failure;
use crate::flow::Position;
use crate::link::Linker;
use crate::machine::Machine;
use crate::program::StateIndex;
use crate::{ActivationId, Effect, Fact, TaskFailure, TaskOrder, TaskReturn};

/// A linked `task` state.
#[derive(Debug)]
pub(crate) struct Task {
    kind: TaskKind,
    prepared: Arc<dyn PreparedTask>,
    next: StateIndex,
}

impl Task {
    pub(super) fn link(
        task: &jf_dsl::Task,
        path: &JsonPath,
        index: &Index,
        linker: &mut Linker<'_>,
    ) -> Option<Self> {
        let next = linker.target(index, &task.next);
        Some(Self { kind: task.task.to_kind(), prepared: linker.task(task, path)?, next })
    }

    /// Sends the task out; the run records it first, so that a crash repeats it under the same name (ENG-101).
    pub(super) fn enter(&self, id: &StateId, flow: usize, machine: &mut Machine<'_>) -> Next {
        let activation = machine.activate();
        let order = self.order(id, flow, activation, machine);
        handed_out(id, &self.kind, activation, Effect::RunTask(Box::new(order)), machine)
    }

    /// What the plugin is to work on.
    pub(crate) fn order(
        &self,
        id: &StateId,
        flow: usize,
        activation: ActivationId,
        machine: &mut Machine<'_>,
    ) -> TaskOrder {
        TaskOrder {
            activation,
            attempt: machine.attempt(activation),
            state: id.clone(),
            kind: self.kind.clone(),
            task: Arc::clone(&self.prepared),
            evaluation: machine.evaluation(flow),
            cookies: machine.run.cookies.clone(),
            segment: machine.segment(flow),
            deadline: machine.deadline(),
        }
    }

    /// Takes the result: all writes or none (STA-008). HTTP outcomes are data; what arrives here as a failure ends the scope
    /// (STA-022).
    pub(crate) fn finish(
        &self,
        id: &StateId,
        flow: usize,
        result: Result<TaskReturn, TaskFailure>,
        machine: &mut Machine<'_>,
    ) -> Result<StateIndex, Failure> {
        let limits = machine.limits();
        let done = result.map_err(|failure| Failure::task(failure, limits));
        let done = done.and_then(|returned| {
            machine.write_all(flow, returned.writes)?;
            machine.keep_cookies(returned.cookies);
            Ok(())
        });
        let (id, kind) = (id.clone(), self.kind.clone());
        machine.report(match &done {
            Ok(()) => Fact::TaskCompleted(id, kind),
            Err(failure) => Fact::TaskFailed(id, kind, failure.code().to_owned()),
        });
        done.map(|()| self.next)
    }
}

/// The task of a state is out: its flow stops there until the result comes back under that activation.
pub(super) fn handed_out(
    id: &StateId,
    kind: &TaskKind,
    activation: ActivationId,
    effect: Effect,
    machine: &mut Machine<'_>,
) -> Next {
    machine.report(Fact::TaskStarted(id.clone(), kind.clone()));
    machine.push(effect);
    Next::Stop(Position::Task { activation })
}
