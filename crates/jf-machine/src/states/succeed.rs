//! `succeed`: ends its scope well (02 §5).

use jf_dsl::{StateId, VarName};

use super::Next;
use crate::machine::Machine;
use crate::{Diagnostic, Fact};

/// A linked `succeed` state.
#[derive(Debug)]
pub(crate) struct Succeed {
    output_var: Option<VarName>,
}

impl Succeed {
    pub(super) fn link(succeed: &jf_dsl::Succeed) -> Self {
        Self { output_var: succeed.output_var.clone() }
    }

    /// The output is the variable when the context has it, `null` included, else a copy of the whole context (STA-035, STA-036).
    pub(super) fn enter(&self, id: &StateId, flow: usize, machine: &mut Machine<'_>) -> Next {
        let context = machine.context(flow);
        let Some(name) = &self.output_var else { return Next::Succeed(context.clone()) };
        if let Some(value) = context.get(name.as_str()) {
            return Next::Succeed(value.clone());
        }
        let output = context.clone();
        machine.report(Fact::Diagnostic(Diagnostic::OutputVarMissing(id.clone())));
        Next::Succeed(output)
    }
}
