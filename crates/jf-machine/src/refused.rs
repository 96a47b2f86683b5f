//! Inputs a run does not take. A refused input changes nothing.

use std::fmt;

use jf_core::{EngineError, EngineErrorKind, Violation};
use jf_dsl::PathConflict;

use crate::Submission;

/// Why an input was refused; the run is as it was.
pub struct Refused {
    reason: Reason,
    hold: Hold,
    submission: Option<Box<Submission>>,
}

/// Whether an engine may hold a refused submission and try it again after the next change of the run (ENG-059).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// It is answered at once.
    Never,
    /// Only with a caller key: without one it could be a second click that must not become the next attempt of a loop.
    WithKey,
    /// It may be held.
    Always,
}

#[derive(Debug)]
pub(crate) enum Reason {
    StepNotActive,
    StepAmbiguous { candidates: Vec<String> },
    StepTypeMismatch,
    SeqMismatch,
    NotCancellable,
    Payload(Vec<Violation>),
    Projection(PathConflict),
}

impl Refused {
    pub(crate) const fn new(reason: Reason) -> Self {
        Self { reason, hold: Hold::Never, submission: None }
    }

    pub(crate) const fn with_hold(mut self, hold: Hold) -> Self {
        self.hold = hold;
        self
    }

    pub(crate) fn with_submission(mut self, submission: Submission) -> Self {
        self.submission = Some(Box::new(submission));
        self
    }

    /// The kind of the error it becomes.
    #[must_use]
    pub const fn kind(&self) -> EngineErrorKind {
        match self.reason {
            Reason::StepNotActive => EngineErrorKind::StepNotActive,
            Reason::StepAmbiguous { .. } => EngineErrorKind::StepAmbiguous,
            Reason::StepTypeMismatch => EngineErrorKind::StepTypeMismatch,
            Reason::SeqMismatch => EngineErrorKind::SeqMismatch,
            Reason::NotCancellable => EngineErrorKind::NotCancellable,
            Reason::Payload(_) => EngineErrorKind::InvalidInput,
            Reason::Projection(_) => EngineErrorKind::ProjectionConflict,
        }
    }

    /// Whether the submission may be held and tried again.
    #[must_use]
    pub const fn hold(&self) -> Hold {
        self.hold
    }

    /// The refused submission, to be tried again.
    #[must_use]
    pub fn into_submission(self) -> Option<Submission> {
        self.submission.map(|submission| *submission)
    }

    /// The error for the caller. `seq-mismatch` comes without `head`, which only the engine may add (ENG-054).
    #[must_use]
    pub fn into_error(self) -> EngineError {
        let error = EngineError::new(self.kind());
        match self.reason {
            Reason::StepNotActive => error.with_detail("the step is not waiting for input"),
            Reason::StepAmbiguous { candidates } => error
                .with_detail("several steps match; address one of the candidates")
                .with("candidates", candidates),
            Reason::StepTypeMismatch => error.with_detail("the message type does not cover the step"),
            Reason::SeqMismatch => error.with_detail("the run does not stand where the precondition says"),
            Reason::NotCancellable => error.with_detail("the definition does not allow cancellation"),
            Reason::Payload(violations) => {
                EngineError::schema_violation("the payload does not match the schema of the step", violations)
            }
            Reason::Projection(conflict) => error.with_detail(conflict.to_string()),
        }
    }
}

impl From<Refused> for EngineError {
    fn from(refused: Refused) -> Self {
        refused.into_error()
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("reason", &self.reason)
            .field("hold", &self.hold)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().slug())
    }
}

impl std::error::Error for Refused {}
