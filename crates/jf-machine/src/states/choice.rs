//! `choice`: predicates in order, the first that is true decides (02 §4).

use jf_core::run_fault;
use jf_dsl::{JsonPath, StateId};

use super::{Index, Next};
use crate::failure::Failure;
use crate::link::{Expr, Linker};
use crate::machine::Machine;
use crate::program::StateIndex;

/// A linked `choice` state.
#[derive(Debug)]
pub(crate) struct Choice {
    rules: Vec<(Expr, StateIndex)>,
    default: Option<StateIndex>,
}

impl Choice {
    pub(super) fn link(
        choice: &jf_dsl::Choice,
        path: &JsonPath,
        index: &Index,
        linker: &mut Linker<'_>,
    ) -> Option<Self> {
        let path = path.clone().member("choices");
        let mut rules = Vec::with_capacity(choice.choices.len());
        for (at, rule) in choice.choices.iter().enumerate() {
            let path = path.clone().index(at).member("when").member("predicate").member("expr");
            let next = linker.target(index, &rule.next);
            rules.extend(
                linker.predicate(&rule.when.predicate, &[], &path).map(|predicate| (predicate, next)),
            );
        }
        let default = choice.default.as_ref().map(|id| linker.target(index, id));
        (rules.len() == choice.choices.len()).then_some(Self { rules, default })
    }

    /// Later predicates are not evaluated (STA-026). One that fails ends the scope (STA-028), and so does a choice without a match
    /// and without default (STA-029).
    pub(super) fn enter(
        &self,
        id: &StateId,
        flow: usize,
        machine: &mut Machine<'_>,
    ) -> Result<Next, Failure> {
        for (predicate, next) in &self.rules {
            match machine.test(flow, predicate) {
                Ok(true) => return Ok(Next::Go(*next)),
                Ok(false) => {}
                Err(error) => {
                    machine.expression_failed(Some(id), "choice predicate", predicate, &error);
                    return Err(Failure::runtime(run_fault::INTERNAL));
                }
            }
        }
        self.default.map(Next::Go).ok_or_else(|| Failure::runtime(run_fault::NO_CHOICE_MATCHED))
    }
}
