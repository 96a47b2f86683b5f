//! Evaluation errors of this engine.

use jf_core::spi::{EvalError, EvalErrorKind};

use crate::value::{Error, Val};

/// An error with the codes of jq (EXP-041).
pub(crate) const fn eval_error(kind: EvalErrorKind) -> EvalError {
    EvalError::new("jq", "JQ", kind)
}

/// The kind of an error that a program did not catch.
///
/// Errors of ours carry their kind. Of the others, those that the interpreter makes about values of the wrong type hold these values,
/// and those of its filters hold a text; what a program raises itself passes through a filter of ours.
pub(crate) fn kind_of(error: &Error) -> EvalErrorKind {
    match error.clone().into_val() {
        Val::Str(text) => match text.kind() {
            Some(kind) => kind,
            None if *error == Error::new(Val::Str(text)) => EvalErrorKind::Function,
            None => EvalErrorKind::TypeMismatch,
        },
        _ => EvalErrorKind::Runtime,
    }
}
