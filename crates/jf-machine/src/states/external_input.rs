//! `wait` and `webhook`: one behaviour, parked until a submission or a time-out (02 §7).

use jf_core::{ActiveStep, StepType, run_fault};
use jf_dsl::{Schema, StateId, StateType, VarName};
use jiff::{SignedDuration, Timestamp};

use super::{Index, Next};
use crate::failure::Failure;
use crate::flow::Position;
use crate::link::Linker;
use crate::machine::Machine;
use crate::program::StateIndex;
use crate::{Fact, time};

/// A linked `wait` or `webhook` state.
#[derive(Debug)]
pub(crate) struct ExternalInput {
    step_type: StepType,
    pub(crate) schema: Schema,
    timeout: Option<(SignedDuration, StateIndex)>,
    /// The variable whose members answers to submissions show (ENG-048).
    pub(crate) output_var: Option<VarName>,
    pub(crate) next: StateIndex,
}

impl ExternalInput {
    pub(super) fn link(
        state_type: StateType,
        input: &jf_dsl::ExternalInput,
        next: &StateId,
        index: &Index,
        linker: &mut Linker<'_>,
    ) -> Self {
        let timeout = input.timeout.as_ref().map(|timeout| {
            let after = i64::try_from(timeout.timeout_sec.get()).unwrap_or(i64::MAX);
            (SignedDuration::from_secs(after), linker.target(index, &timeout.on_timeout))
        });
        Self {
            step_type: if state_type == StateType::Webhook { StepType::Webhook } else { StepType::Wait },
            schema: input.input.schema.clone(),
            timeout,
            output_var: input.response.as_ref().and_then(|response| response.output_var.clone()),
            next: linker.target(index, next),
        }
    }

    /// Removes the last payload and parks (STA-066); every entry is an activation of its own with a fresh time-out (STA-070).
    pub(super) fn enter(&self, id: &StateId, flow: usize, machine: &mut Machine<'_>) -> Next {
        if machine.run.scheduled.is_some() {
            // Nobody started the run, so nobody is there to submit to it (ENG-085).
            return Next::Abort(Failure::runtime(run_fault::INTERACTIVE_IN_SCHEDULE));
        }
        machine.clear_payload(flow);
        let due = self.timeout.map(|(after, _)| {
            let due = machine.now().checked_add(after).unwrap_or(Timestamp::MAX);
            machine.clamp(time::ceil(due))
        });
        let activation = machine.activate();
        if let Some(due) = due {
            machine.arm(activation, due);
        }
        machine.step_moved();
        machine.report(Fact::ExternalInputWaiting(id.clone()));
        Next::Stop(Position::Step { activation, due })
    }

    /// Where the flow goes when nobody has submitted in time.
    pub(crate) fn on_timeout(&self) -> Option<StateIndex> {
        self.timeout.map(|(_, next)| next)
    }

    /// How status documents show it while it is active (ENG-031).
    pub(crate) fn shown(
        &self,
        id: &StateId,
        address: Option<String>,
        due_at: Option<Timestamp>,
    ) -> ActiveStep {
        let mut step = ActiveStep::new(id.clone(), self.step_type);
        step.address = address;
        step.due_at = due_at;
        step
    }
}
