//! `parallel`: branches side by side, and their join (02 §10).

use std::sync::Arc;

use jf_core::run_fault;
use jf_dsl::{BranchName, ErrorPolicy, JoinStrategy, JsonPath, StateId, VarName};
use serde_json::{Map, Value};

use super::{Index, Next};
use crate::context::Target;
use crate::failure::{Failure, scope_outcome};
use crate::flow::EndedBranch;
use crate::link::{Expr, Linker};
use crate::machine::Machine;
use crate::program::{ScopeIndex, StateIndex};

/// The member of `branches.<name>` that tells how the branch has ended.
const OUTCOME: &str = "_outcome";

/// A linked `parallel` state.
#[derive(Debug)]
pub(crate) struct Parallel {
    branches: Vec<(BranchName, ScopeIndex)>,
    strategy: JoinStrategy,
    policy: ErrorPolicy,
    mapper: Option<Expr>,
    result_var: Option<VarName>,
    next: StateIndex,
}

impl Parallel {
    pub(super) fn link(
        state: &jf_dsl::Parallel,
        path: &JsonPath,
        index: &Index,
        linker: &mut Linker<'_>,
    ) -> Option<Self> {
        let (block, path) = (&state.parallel, path.clone().member("parallel"));
        let branches = block.branches.iter().enumerate().map(|(at, branch)| {
            let path = path.clone().member("branches").index(at).member("states");
            let scope = linker.reserve();
            linker.scope(scope, &branch.start, &branch.states, &path);
            (branch.name.clone(), scope)
        });
        let branches = branches.collect();
        let mapper = match &block.join.mapper {
            Some(mapper) => Some(linker.join_mapper(mapper, &path.member("join"))?),
            None => None,
        };
        Some(Self {
            branches,
            strategy: block.join.strategy,
            policy: block.join.error_policy,
            mapper,
            result_var: block.join.result_var.clone(),
            next: linker.target(index, &state.next),
        })
    }

    /// Splits, unless the run would have more flows than the platform allows.
    pub(super) fn enter(&self, machine: &Machine<'_>) -> Result<Next, Failure> {
        if machine.run.flows.len() + self.branches.len() > machine.limits().flows_per_run {
            let detail = "the run has more branches at the same time than the platform allows";
            return Err(Failure::runtime_because(run_fault::INTERNAL, detail));
        }
        Ok(Next::Split)
    }

    /// The branches in document order.
    pub(crate) fn branches(&self) -> &[(BranchName, ScopeIndex)] {
        &self.branches
    }

    /// What a branch runs.
    pub(crate) fn scope(&self, branch: &BranchName) -> Option<ScopeIndex> {
        self.branches.iter().find(|(name, _)| name == branch).map(|(_, scope)| *scope)
    }

    /// Whether the branches are joined now that these have ended, the last one just now (STA-106, STA-107).
    pub(crate) fn is_joined(&self, ended: &[EndedBranch]) -> bool {
        let failed = ended.last().is_some_and(|branch| branch.result.is_err());
        let succeeded = ended.last().is_some_and(|branch| branch.result.is_ok());
        let condition = match self.strategy {
            JoinStrategy::AllOf => false,
            JoinStrategy::AnyOf => succeeded,
            JoinStrategy::FirstCompleted => true,
        };
        condition || ended.len() >= self.branches.len() || (failed && self.policy == ErrorPolicy::FailFast)
    }

    /// Joins the branches: the mapper takes charge, or a failure that counts fails the state, or `branches` is the result
    /// (STA-110 to STA-115).
    pub(crate) fn join(
        &self,
        id: &StateId,
        flow: usize,
        ended: Vec<EndedBranch>,
        machine: &mut Machine<'_>,
    ) -> Result<StateIndex, Failure> {
        let result = match &self.mapper {
            Some(mapper) => {
                let branches = self.branches_value(ended);
                let result = machine.evaluate_join(flow, mapper, &branches).map_err(|error| {
                    machine.expression_failed(Some(id), "parallel join", mapper, &error);
                    Failure::expression(&error)
                })?;
                Some(result)
            }
            None => {
                if let Some(failure) = self.failure(&ended) {
                    return Err(failure);
                }
                self.result_var.is_some().then(|| self.branches_value(ended))
            }
        };
        if let (Some(name), Some(result)) = (&self.result_var, result) {
            machine.write(flow, Target::Var(name.as_str()), result)?;
        }
        Ok(self.next)
    }

    /// The failure that fails the state where no mapper takes charge: the first one, if it counts (STA-113).
    fn failure(&self, ended: &[EndedBranch]) -> Option<Failure> {
        let first = ended.iter().find_map(|branch| branch.result.as_ref().err());
        let counts = match (self.policy, self.strategy) {
            (ErrorPolicy::IgnoreErrors, _) => false,
            // Whichever failed first has satisfied the join condition.
            (ErrorPolicy::FailFast, _) | (_, JoinStrategy::AllOf) => true,
            (_, JoinStrategy::AnyOf) => ended.iter().all(|branch| branch.result.is_err()),
            (_, JoinStrategy::FirstCompleted) => ended.first().is_some_and(|branch| branch.result.is_err()),
        };
        first.filter(|_| counts).cloned()
    }

    /// `branches` in document order: the last context of each branch that has ended with `_outcome` beside it, `_outcome` alone
    /// for one that was cancelled (STA-110).
    fn branches_value(&self, mut ended: Vec<EndedBranch>) -> Value {
        let mut branches = Map::with_capacity(self.branches.len());
        for (name, _) in &self.branches {
            let at = ended.iter().position(|branch| branch.name == *name);
            let (mut members, result) = match at.map(|at| ended.swap_remove(at)) {
                Some(EndedBranch { context, result, .. }) => match Arc::unwrap_or_clone(context) {
                    Value::Object(members) => (members, result),
                    // A context is always an object.
                    _ => (Map::new(), result),
                },
                None => (Map::new(), Err(Failure::branch_cancelled())),
            };
            members.insert(OUTCOME.to_owned(), scope_outcome(result));
            branches.insert(name.to_string(), Value::Object(members));
        }
        Value::Object(branches)
    }
}
