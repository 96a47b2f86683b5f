//! Submissions to steps: checks, projection, acceptance (ENG-040 ff., HTTP-034).

use std::mem;
use std::sync::Arc;

use jf_core::StepRef;
use serde_json::Value;

use crate::context::{PAYLOAD, Target};
use crate::failure::Failure;
use crate::machine::Machine;
use crate::projection::project;
use crate::refused::{Hold, Reason, Refused};
use crate::states::{ExternalInput, Op};
use crate::steps::resolve;
use crate::{Accepted, Fact, SegmentId, Submission};

/// A submission that passed all checks.
struct Checked<'a> {
    flow: usize,
    step: StepRef,
    input: &'a ExternalInput,
    /// The context after the projections of the request, with what they add to its weight; `None` when they add nothing.
    projected: Option<(Arc<Value>, usize)>,
}

impl<'a> Machine<'a> {
    /// Takes a submission, or refuses it and changes nothing.
    pub(crate) fn submitted(&mut self, submission: Submission) -> Result<(), Refused> {
        match self.check(&submission) {
            Ok(checked) => {
                self.accept(checked, submission);
                Ok(())
            }
            Err(refused) => {
                // A precondition speaks of now; holding it would only make it fail later (ENG-059).
                let refused =
                    if submission.if_head.is_some() { refused.with_hold(Hold::Never) } else { refused };
                Err(refused.with_submission(submission))
            }
        }
    }

    /// Step, precondition, payload, projections, in this order (HTTP-023).
    fn check(&self, submission: &Submission) -> Result<Checked<'a>, Refused> {
        let (program, run) = (self.program, &*self.run);
        let (flow, step) = resolve(program, run, &submission.target)?;
        let scope = run.flows[flow].scope();
        let Some(Op::ExternalInput(input)) = program.find(run, flow).map(|state| state.op()) else {
            return Err(Refused::new(Reason::StepNotActive));
        };
        if !self.head_matches(submission.if_head.as_deref()) {
            return Err(Refused::new(Reason::SeqMismatch));
        }
        if let Err(violations) = program.schemas.get(&input.schema).check(&submission.payload) {
            let violations = violations.into_iter().map(Into::into).collect();
            return Err(Refused::new(Reason::Payload(violations)));
        }
        let projection = program.projection(&submission.caller, Some(&scope.state.id));
        let projected = projection.map(|projection| project(projection, &submission.caller, &scope.context));
        let projected =
            projected.transpose().map_err(|conflict| Refused::new(Reason::Projection(conflict)))?.flatten();
        Ok(Checked { flow, step, input, projected })
    }

    /// Deactivates the step, stores projections and payload and takes `next`, all at once (ENG-045, STA-067).
    fn accept(&mut self, checked: Checked<'a>, submission: Submission) {
        let Checked { flow, step, input, projected } = checked;
        let trace = submission.caller.trace();
        self.run.traceparent = trace.map(|trace| Arc::clone(trace.traceparent()));
        let state = self.run.flows[flow].scope().state.id.clone();
        let address = match self.run.qualified(flow) {
            Some(address) => StepRef::Address(address.into()),
            None => StepRef::Id(state.clone()),
        };
        let segment = self.new_segment();
        self.accepted(Accepted { step, address, state: state.clone(), segment });
        self.report(Fact::ExternalInputReceived(state));

        let limits = self.limits();
        let scope = self.run.flows[flow].scope_mut();
        let before = projected.map(|(context, added)| {
            let before = (mem::replace(&mut scope.context, context), scope.weight);
            scope.weight = scope.weight.saturating_add(added);
            before
        });
        match scope.write(Target::Var(PAYLOAD), submission.payload, limits) {
            Ok(()) => {
                self.expect_answer(flow, segment, input);
                self.leave(flow, segment, Some(input.next));
            }
            // The context would become too large (DEF-203): the step was taken, its state fails.
            Err(failure) => {
                if let Some((context, weight)) = before {
                    (scope.context, scope.weight) = (context, weight);
                }
                self.expect_answer(flow, segment, input);
                self.fail_step(flow, segment, failure);
            }
        }
    }

    /// Keeps what the answer shows when the scope of the step has ended before it is given (ENG-048).
    fn expect_answer(&mut self, flow: usize, segment: SegmentId, input: &ExternalInput) {
        let moved = &self.run.flows[flow];
        // Of the top level, the run itself keeps what is needed.
        if let Some(output_var) = &input.output_var
            && (moved.branch.is_some() || moved.scopes.len() > 1)
        {
            let (id, depth) = (moved.id, moved.scopes.len() - 1);
            self.run.answers.expect(segment, id, depth, output_var.clone());
        }
    }

    fn fail_step(&mut self, flow: usize, segment: SegmentId, failure: Failure) {
        self.unpark(flow, segment);
        self.end_scope(flow, Err(failure));
    }
}
