//! `subjourney`: runs a scope of its own in place, in the same flow (02 §9).

use std::sync::Arc;

use jf_core::run_fault;
use jf_dsl::{FailureBehavior, JsonPath, ResultKind, SiteClass, StateId, VarName};
use serde_json::{Map, Value};

use super::{Index, Next};
use crate::context::Target;
use crate::failure::{Failure, scope_outcome};
use crate::link::{Expr, Linker};
use crate::machine::Machine;
use crate::measure::compact_len;
use crate::program::{ScopeIndex, StateIndex};

/// A linked `subjourney` state.
#[derive(Debug)]
pub(crate) struct Subjourney {
    scope: ScopeIndex,
    input: Option<Expr>,
    result_var: Option<VarName>,
    result_kind: ResultKind,
    on_failure: FailureBehavior,
    next: StateIndex,
}

impl Subjourney {
    pub(super) fn link(
        state: &jf_dsl::Subjourney,
        path: &JsonPath,
        index: &Index,
        linker: &mut Linker<'_>,
    ) -> Option<Self> {
        let call = &state.subjourney;
        let input = match &call.input {
            Some(mapper) => {
                let path = path.clone().member("subjourney").member("input");
                Some(linker.mapper(mapper, SiteClass::Scope, &path)?)
            }
            None => None,
        };
        Some(Self {
            scope: linker.subjourney(&call.subjourney),
            input,
            result_var: call.result_var.clone(),
            result_kind: call.result_kind,
            on_failure: call.on_failure.behavior,
            next: linker.target(index, &state.next),
        })
    }

    /// What it runs.
    pub(crate) const fn scope(&self) -> ScopeIndex {
        self.scope
    }

    /// Enters the scope with the result of the input mapper, or `{}`. What goes wrong here belongs to this state (STA-087).
    pub(super) fn enter(
        &self,
        id: &StateId,
        flow: usize,
        machine: &mut Machine<'_>,
    ) -> Result<Next, Failure> {
        let context = match &self.input {
            Some(mapper) => {
                let mapped = machine.evaluate(flow, mapper);
                let mapped = mapped.and_then(|value| match value {
                    Value::Object(_) => Ok(value),
                    _ => Err(mapper.bound.type_mismatch()),
                });
                mapped.map_err(|error| {
                    machine.expression_failed(Some(id), "subjourney input", mapper, &error);
                    Failure::expression(&error)
                })?
            }
            None => Value::Object(Map::new()),
        };
        let limits = machine.limits();
        let weight = compact_len(&context, limits.depth()).filter(|weight| *weight <= limits.context_bytes);
        let weight = weight.ok_or_else(|| {
            Failure::runtime_because(run_fault::INTERNAL, "the context is larger than the platform allows")
        })?;
        Ok(Next::Descend { scope: self.scope, context: Arc::new(context), weight })
    }

    /// The scope has ended: its result goes to `resultVar`, or fails this state (STA-089 to STA-092).
    pub(crate) fn returned(
        &self,
        flow: usize,
        result: Result<Value, Failure>,
        machine: &mut Machine<'_>,
    ) -> Result<StateIndex, Failure> {
        let result = match (result, self.on_failure) {
            (Err(failure), FailureBehavior::Propagate) => return Err(failure),
            (result, _) => result,
        };
        if let Some(name) = &self.result_var {
            let value = match self.result_kind {
                ResultKind::Outcome => scope_outcome(result),
                ResultKind::Output => result.unwrap_or(Value::Null),
            };
            machine.write(flow, Target::Var(name.as_str()), value)?;
        }
        Ok(self.next)
    }
}
