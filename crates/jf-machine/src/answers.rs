//! What the answers to submissions show of their scope (ENG-048).

use std::sync::Arc;

use jf_core::{JourneyStatus, StepRef};
use jf_dsl::VarName;
use serde_json::{Map, Value};

use crate::flow::Scope;
use crate::projection::pick_members;
use crate::states::{ExternalInput, Op};
use crate::{Fact, FlowId, Program, Run, SegmentId};

/// How many submissions are remembered; an older one whose scope has ended is answered like a replay.
const KEPT: usize = 8;

/// What a `response` block adds to an answer, with what telemetry should learn of it.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ResponseMembers {
    /// The members, for [`JourneyStatus::projection`].
    pub members: Map<String, Value>,
    /// Diagnostics: members that would hide the document's own (ENG-029).
    pub facts: Vec<Fact>,
}

impl ResponseMembers {
    fn of(context: &Value, output_var: &VarName) -> Self {
        let (members, skipped) = pick_members(context, output_var, &JourneyStatus::RESERVED);
        Self { members, facts: skipped.into_iter().collect() }
    }
}

/// The scopes of the last submitted steps, for those who wait for the answer. Like everything that belongs to a request they are no
/// part of the value of a run: not serialised, equal to all others.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers(Vec<Answer>);

impl PartialEq for Answers {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[derive(Debug, Clone)]
struct Answer {
    segment: SegmentId,
    /// The scope of the step: that of a flow at a depth.
    flow: FlowId,
    depth: usize,
    output_var: VarName,
    /// What the scope had to show when it ended.
    last: Option<Arc<ResponseMembers>>,
}

impl Answers {
    /// A step was submitted in the innermost scope of a flow, and its answer shows members of `output_var`.
    pub(crate) fn expect(&mut self, segment: SegmentId, flow: FlowId, depth: usize, output_var: VarName) {
        if self.0.len() == KEPT {
            self.0.remove(0);
        }
        self.0.push(Answer { segment, flow, depth, output_var, last: None });
    }

    /// A scope has ended with this context.
    pub(crate) fn scope_ended(&mut self, flow: FlowId, depth: usize, context: &Value) {
        let open = self.0.iter_mut().filter(|answer| answer.last.is_none());
        for answer in open.filter(|answer| (answer.flow, answer.depth) == (flow, depth)) {
            answer.last = Some(Arc::new(ResponseMembers::of(context, &answer.output_var)));
        }
    }

    fn ended(&self, segment: SegmentId) -> Option<&ResponseMembers> {
        self.0.iter().find(|answer| answer.segment == segment)?.last.as_deref()
    }
}

impl Run {
    /// The members that the `response` block of a submitted step adds to the answer, by the context of the step's scope as it is
    /// now, or as it was when that scope ended (ENG-048). `step` is what the submission was resolved to, `segment` what it began;
    /// without it the answer is that of a replay, which knows of no branch or subjourney that has ended.
    #[must_use]
    pub fn step_response(
        &self,
        program: &Program,
        step: &StepRef,
        segment: Option<SegmentId>,
    ) -> ResponseMembers {
        if let Some(ended) = segment.and_then(|segment| self.answers.ended(segment)) {
            return ended.clone();
        }
        if let Some(end) = &self.end {
            let StepRef::Id(id) = step else { return ResponseMembers::default() };
            let input = program.definition().state(id.as_str()).and_then(|state| state.external_input());
            let response = input.and_then(|input| input.response.as_ref());
            let output_var = response.and_then(|response| response.output_var.as_ref());
            return match (&end.context, output_var) {
                (Some(context), Some(output_var)) => ResponseMembers::of(context, output_var),
                _ => ResponseMembers::default(),
            };
        }
        match self.live_scope(program, step) {
            Some((scope, ExternalInput { output_var: Some(output_var), .. })) => {
                ResponseMembers::of(&scope.context, output_var)
            }
            _ => ResponseMembers::default(),
        }
    }

    /// The members that the answer to a synchronous start adds: those of the one step the run is parked at, if it is exactly one
    /// (ENG-048).
    #[must_use]
    pub fn start_response(&self, program: &Program) -> ResponseMembers {
        let [step] = self.active_steps() else { return ResponseMembers::default() };
        let name = step.address.clone().unwrap_or_else(|| step.step_id.to_string());
        StepRef::parse(&name)
            .map_or_else(|_| ResponseMembers::default(), |step| self.step_response(program, &step, None))
    }

    /// The one scope that is live and has the step.
    fn live_scope<'a>(
        &'a self,
        program: &'a Program,
        step: &StepRef,
    ) -> Option<(&'a Scope, &'a ExternalInput)> {
        let mut found = None;
        for (index, flow) in self.flows.iter().enumerate() {
            for (depth, scope) in flow.scopes.iter().enumerate() {
                let id = match step {
                    StepRef::Id(id) => id.as_str(),
                    StepRef::Address(address) => match address.strip_prefix(&*self.prefix(flow, depth)) {
                        Some(id) => id,
                        None => continue,
                    },
                };
                let state =
                    program.scope_at(self, index, depth).and_then(|scope| program.state_of(scope, id));
                if let Some(Op::ExternalInput(input)) = state.map(|state| state.op()) {
                    // An id alone may stand in several.
                    if found.is_some() {
                        return None;
                    }
                    found = Some((scope, input));
                }
            }
        }
        found
    }
}
