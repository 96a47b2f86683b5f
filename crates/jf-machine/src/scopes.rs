//! How scopes begin and end inside of a run: subjourneys return, branches split off and are joined (STA-088, STA-104 to STA-114).

use std::mem;
use std::sync::Arc;

use jf_core::run_fault;
use serde_json::Value;

use crate::failure::Failure;
use crate::flow::{BranchOf, EndedBranch, Flow, Position, Scope};
use crate::machine::{Machine, Then};
use crate::program::LinkedState;
use crate::states::{Op, Parallel};
use crate::{Fact, FlowId};

impl<'a> Machine<'a> {
    /// A flow splits at a `parallel` state: every branch begins with a copy of its context (STA-104) and in its segment.
    pub(crate) fn split(&mut self, flow: usize, state: &LinkedState) {
        let Op::Parallel(parallel) = state.op() else { return };
        let program = self.program;
        let run = &mut *self.run;
        let left = mem::take(&mut run.flows[flow].left);
        let parent = &run.flows[flow];
        let (id, segment, scope) = (parent.id, parent.segment, parent.scope().clone());
        let branches = parallel.branches().iter().map(|(name, start)| {
            run.last_flow = FlowId(run.last_flow.0.saturating_add(1));
            let scope = Scope { state: program.start_of(*start).place(), ..scope.clone() };
            let branch = BranchOf { flow: id, name: name.clone() };
            Flow { segment, left: left.clone(), ..Flow::new(run.last_flow, Some(branch), scope) }
        });
        let branches: Vec<Flow> = branches.collect();
        run.flows.splice(flow + 1..flow + 1, branches);
    }

    /// The innermost scope of a flow has ended: its subjourney returns, its branch has ended, or the run has.
    pub(crate) fn end_of_scope(&mut self, flow: usize, result: Result<Value, Failure>) -> Then<'a> {
        // There are none, unless the definition was replaced (DEF-029).
        self.drop_branches(flow);
        let ended = &mut self.run.flows[flow];
        ended.position = Position::Moving;
        let (id, is_nested, branch) =
            (ended.scope().state.id.clone(), ended.scopes.len() > 1, ended.branch.clone());
        self.report(Fact::StateExited(id));
        if is_nested {
            return self.returned(flow, result);
        }
        match branch {
            Some(of) => self.branch_ended(flow, of, result),
            None => {
                self.end_run(result);
                Then::Over
            }
        }
    }

    fn returned(&mut self, flow: usize, result: Result<Value, Failure>) -> Then<'a> {
        let ended = &mut self.run.flows[flow];
        let (id, depth) = (ended.id, ended.scopes.len() - 1);
        if let Some(scope) = ended.scopes.pop() {
            self.run.answers.scope_ended(id, depth, &scope.context);
        }
        let next = match self.program.find(self.run, flow).map(|state| state.op()) {
            Some(Op::Subjourney(call)) => call.returned(flow, result, self),
            _ => Err(Failure::runtime(run_fault::INTERNAL)),
        };
        self.left_state(flow, next)
    }

    /// Takes `next` of a state that has waited for a scope of its own, or fails with it.
    fn left_state(&mut self, flow: usize, next: Result<crate::program::StateIndex, Failure>) -> Then<'a> {
        match next {
            Ok(next) => {
                self.report(Fact::StateExited(self.run.flows[flow].scope().state.id.clone()));
                Then::Enter(flow, self.program.at(next))
            }
            Err(failure) => Then::End(flow, Err(failure)),
        }
    }

    fn branch_ended(&mut self, flow: usize, of: BranchOf, result: Result<Value, Failure>) -> Then<'a> {
        let Flow { id, scopes, segment, left, .. } = self.run.flows.remove(flow);
        let context = scopes.into_iter().next().map(|scope| scope.context).unwrap_or_default();
        self.run.answers.scope_ended(id, 0, &context);
        let Some(parent) = self.run.flow_index(of.flow) else { return Then::Rest };
        let waiting = &mut self.run.flows[parent];
        waiting.ended.push(EndedBranch { name: of.name, context, result });
        let parallel = self.parallel(parent);
        if parallel.is_some_and(|parallel| !parallel.is_joined(&self.run.flows[parent].ended)) {
            return Then::Rest;
        }
        // The segment goes on behind the join. If it is the one that went into the branches, so does its count (ENG-066).
        let same = self.run.flows[parent].segment == segment;
        let losers = self.drop_branches(parent);
        let joined = &mut self.run.flows[parent];
        let ended = mem::take(&mut joined.ended);
        joined.position = Position::Moving;
        if !same {
            joined.begin_segment(segment, None);
        }
        joined.left = left;
        for loser in losers {
            // A loop can come by here often in one segment.
            if !joined.left.contains(&loser) {
                joined.left.push(loser);
            }
        }
        let next = match parallel {
            Some(parallel) => {
                let id = joined.scope().state.id.clone();
                parallel.join(&id, parent, ended, self)
            }
            None => Err(Failure::runtime(run_fault::INTERNAL)),
        };
        self.left_state(parent, next)
    }

    fn parallel(&self, flow: usize) -> Option<&'a Parallel> {
        match self.program.find(self.run, flow)?.op() {
            Op::Parallel(parallel) => Some(parallel),
            _ => None,
        }
    }

    /// Cancels the branches of a flow that have not ended, and theirs (STA-108). Returns the addresses of steps that ended by it.
    fn drop_branches(&mut self, flow: usize) -> Vec<Arc<str>> {
        let below = self.run.below(flow);
        if below.is_empty() {
            return Vec::new();
        }
        let is_step = |at: &usize| matches!(self.run.flows[*at].position, Position::Step { .. });
        let steps: Vec<Arc<str>> =
            below.clone().filter(is_step).map(|at| self.run.address(at).into()).collect();
        let dropped: Vec<Flow> = self.run.flows.drain(below).collect();
        // The innermost first, as they would have ended.
        for flow in dropped.iter().rev() {
            self.drop_flow(flow);
        }
        if !steps.is_empty() {
            self.step_moved();
        }
        steps
    }

    /// A flow is gone: it waits for nothing any more, and its scopes have ended.
    pub(crate) fn drop_flow(&mut self, flow: &Flow) {
        self.release(flow.position);
        for (depth, scope) in flow.scopes.iter().enumerate().rev() {
            // A flow in the middle of pure states has not entered its state yet.
            if flow.position != Position::Moving || depth + 1 < flow.scopes.len() {
                self.report(Fact::StateExited(scope.state.id.clone()));
            }
            self.run.answers.scope_ended(flow.id, depth, &scope.context);
        }
    }
}
