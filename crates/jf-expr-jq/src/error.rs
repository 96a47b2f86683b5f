//! Evaluation errors of this engine.

use jf_core::spi::{EvalError, EvalErrorKind};

/// An error with the codes of jq (EXP-041).
pub(crate) const fn eval_error(kind: EvalErrorKind) -> EvalError {
    EvalError::new("jq", "JQ", kind)
}
