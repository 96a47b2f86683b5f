//! What the answers to submissions show of their scope (ENG-048).

use std::sync::Arc;

use jf_core::{JourneyStatus, StepRef};
use jf_dsl::VarName;
use serde_json::{Map, Value};

use crate::program::ScopeIndex;
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
    /// now, or as it was when that scope ended (ENG-048). `address` is [`Accepted::address`](crate::Accepted::address), `segment` what
    /// the submission began; without it the answer is that of a replay, which knows of no branch or subjourney that has ended.
    #[must_use]
    pub fn step_response(
        &self,
        program: &Program,
        address: &StepRef,
        segment: Option<SegmentId>,
    ) -> ResponseMembers {
        if let Some(ended) = segment.and_then(|segment| self.answers.ended(segment)) {
            return ended.clone();
        }
        let Some((scope, context, id)) = self.scope_of(program, address) else {
            return ResponseMembers::default();
        };
        match program.state_of(scope, id).map(|state| state.op()) {
            Some(Op::ExternalInput(ExternalInput { output_var: Some(output_var), .. })) => {
                ResponseMembers::of(context, output_var)
            }
            _ => ResponseMembers::default(),
        }
    }

    /// The members that the answer to a synchronous start adds: those of the one step the run is parked at, if it is exactly one
    /// (ENG-048).
    #[must_use]
    pub fn start_response(&self, program: &Program) -> ResponseMembers {
        let [step] = self.active_steps() else { return ResponseMembers::default() };
        let address = step.address.clone().unwrap_or_else(|| step.step_id.to_string());
        StepRef::parse(&address).map_or_else(
            |_| ResponseMembers::default(),
            |address| self.step_response(program, &address, None),
        )
    }

    /// The scope that a step is in, its context and the id of the step there, if that scope is live or the top level: an id without
    /// `~` is the address of a state of the top level, and of no other.
    fn scope_of<'a>(
        &'a self,
        program: &Program,
        address: &'a StepRef,
    ) -> Option<(ScopeIndex, &'a Value, &'a str)> {
        let address = match address {
            StepRef::Id(id) => {
                let end = self.end.as_ref().or(self.ending.as_deref());
                let context = match end {
                    Some(end) => end.context.as_ref()?,
                    None => &self.flows.first()?.scopes.first()?.context,
                };
                return Some((program.root_of(self)?, context, id.as_str()));
            }
            StepRef::Address(address) => address,
        };
        self.flows.iter().enumerate().find_map(|(index, flow)| {
            flow.scopes.iter().enumerate().find_map(|(depth, scope)| {
                let id = address.strip_prefix(&*self.prefix(flow, depth)).filter(|id| !id.contains('~'))?;
                Some((program.scope_at(self, index, depth)?, &*scope.context, id))
            })
        })
    }
}
