//! `fail`: ends its scope with an authored failure (02 §5).

use jf_core::run_fault;
use jf_dsl::{StateId, Template};

use crate::failure::Failure;
use crate::machine::Machine;
use crate::{Diagnostic, Fact};

/// A linked `fail` state.
#[derive(Debug)]
pub(crate) struct Fail {
    error_code: Template,
    reason: Template,
}

impl Fail {
    pub(super) fn link(fail: &jf_dsl::Fail) -> Self {
        Self { error_code: fail.error_code.clone(), reason: fail.reason.clone() }
    }

    /// The failure with its placeholders filled in; a placeholder without value makes it another failure (STA-039).
    pub(super) fn enter(&self, id: &StateId, flow: usize, machine: &mut Machine<'_>) -> Failure {
        let platform = machine.platform();
        let context = machine.context(flow);
        let code = self.error_code.render(context, platform.document());
        let reason = self.reason.render(context, platform.document());
        match (code, reason) {
            (Ok(code), Ok(reason)) => Failure::authored(code.into_owned(), reason.into_owned(), context),
            (Err(unresolved), _) | (_, Err(unresolved)) => {
                let (state, placeholder) = (id.clone(), unresolved.placeholder().to_string());
                machine.report(Fact::Diagnostic(Diagnostic::PlaceholderUnresolved { state, placeholder }));
                Failure::runtime(run_fault::INTERPOLATION)
            }
        }
    }
}
