//! How a scope ends badly (STA-022, STA-040, STA-041).

use std::fmt;

use jf_core::spi::{EvalError, TaskErrorKind};
use jf_core::{Phase, Problem, TerminationKind, exact_json, run_fault};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::measure::compact_len;
use crate::{Limits, TaskFailure};

/// A failed scope: the canonical Problem and what kind of end it is.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Failure(Box<Inner>);

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inner {
    termination: TerminationKind,
    /// The canonical Problem, an object. An author may have built it, so any member may have any type.
    #[serde(deserialize_with = "exact_json::read")]
    problem: Value,
    code: String,
    reason: String,
}

impl Failure {
    /// A failure by the engine's own judgement, with one of the codes of ENG-140.
    pub(crate) fn runtime(code: &'static str) -> Self {
        Self::of(TerminationKind::RuntimeError, Problem::new(code, title(code)).with_status(500))
    }

    /// The same, with a sentence on this occurrence.
    pub(crate) fn runtime_because(code: &'static str, detail: impl Into<String>) -> Self {
        let problem = Problem::new(code, title(code)).with_status(500).with_detail(detail);
        Self::of(TerminationKind::RuntimeError, problem)
    }

    /// A Problem that a core task reports, with one of the codes of ENG-140 (STA-022).
    pub(crate) fn reported(code: &'static str) -> Self {
        Self::of(TerminationKind::Fail, Problem::new(code, title(code)).with_status(500))
    }

    /// The same, with a sentence on this occurrence.
    pub(crate) fn reported_because(code: &'static str, detail: &'static str) -> Self {
        let problem = Problem::new(code, title(code)).with_status(500).with_detail(detail);
        Self::of(TerminationKind::Fail, problem)
    }

    /// A failed evaluation, where the site shows the Problem of the expression (EXP-042).
    pub(crate) fn expression(error: &EvalError) -> Self {
        Self::of(TerminationKind::RuntimeError, error.problem())
    }

    /// A failed task (STA-022). A Problem beyond the limits of a context is kept without its extensions, since it becomes part of the
    /// run.
    pub(crate) fn task(failure: TaskFailure, limits: &Limits) -> Self {
        let termination = match failure.kind {
            TaskErrorKind::Reported => TerminationKind::Fail,
            _ => TerminationKind::RuntimeError,
        };
        let mut problem = failure.problem;
        let fits = |value| compact_len(value, limits.depth()).is_some_and(|len| len <= limits.context_bytes);
        if !problem.extensions.values().all(fits) {
            problem.extensions.clear();
        }
        Self::of(termination, problem)
    }

    /// The end of a `fail` state, by STA-040: the Problem at `context.problem` when it is the one the state names.
    pub(crate) fn authored(code: String, reason: String, context: &Value) -> Self {
        let named = context.get("problem").and_then(Value::as_object);
        let named = named.filter(|problem| problem.get("type").and_then(Value::as_str) == Some(&code));
        let mut problem = named.cloned().unwrap_or_else(|| {
            let mut problem = Map::new();
            problem.insert("type".to_owned(), Value::String(code.clone()));
            problem
        });
        let title = problem.entry("title").or_insert(Value::Null);
        if title.is_null() {
            *title = Value::String(reason.clone());
        }
        let problem = Value::Object(problem);
        Self(Box::new(Inner { termination: TerminationKind::Fail, problem, code, reason }))
    }

    /// The run deadline (ENG-062).
    pub(crate) fn timeout(code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::of(TerminationKind::Timeout, Problem::new(code.into(), reason.into()).with_status(504))
    }

    /// A branch that was not needed any more (STA-108).
    pub(crate) fn branch_cancelled() -> Self {
        let code = run_fault::BRANCH_CANCELLED;
        Self::of(TerminationKind::Cancel, Problem::new(code, title(code)))
    }

    /// A cancellation (ENG-055).
    pub(crate) fn cancelled() -> Self {
        Self::of(TerminationKind::Cancel, Problem::new(run_fault::CANCELLED, "Cancelled by user"))
    }

    fn of(termination: TerminationKind, problem: Problem) -> Self {
        let code = problem.problem_type.clone().into_owned();
        let reason = match (&problem.title, &problem.detail) {
            (Some(title), _) => title.clone().into_owned(),
            (None, Some(detail)) => detail.clone(),
            (None, None) => code.clone(),
        };
        Self(Box::new(Inner { termination, problem: problem.into_value(), code, reason }))
    }

    /// What kind of end it is (ENG-030).
    pub(crate) fn termination(&self) -> TerminationKind {
        self.0.termination
    }

    /// `error.code`: the type of the Problem (STA-041).
    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }

    /// `error.reason` (STA-041).
    pub(crate) fn reason(&self) -> &str {
        &self.0.reason
    }

    /// `{code, reason}`, as expressions see it (EXP-011).
    pub(crate) fn error(&self) -> Value {
        let mut error = Map::new();
        error.insert("code".to_owned(), Value::String(self.0.code.clone()));
        error.insert("reason".to_owned(), Value::String(self.0.reason.clone()));
        Value::Object(error)
    }

    /// The canonical Problem.
    pub(crate) fn into_problem(self) -> Value {
        self.0.problem
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({:?}, {})", self.0.termination, self.0.code)
    }
}

/// `{phase, terminationKind, output, error}`: how a scope inside of a run has ended, as data (STA-089, STA-110).
pub(crate) fn scope_outcome(result: Result<Value, Failure>) -> Value {
    let (phase, termination, output, error) = match result {
        Ok(output) => (Phase::Succeeded, TerminationKind::Success, output, Value::Null),
        Err(failure) => (Phase::Failed, failure.termination(), Value::Null, failure.error()),
    };
    let mut outcome = Map::new();
    outcome.insert("phase".to_owned(), Value::from(phase.as_str()));
    outcome.insert("terminationKind".to_owned(), Value::from(termination.as_str()));
    outcome.insert("output".to_owned(), output);
    outcome.insert("error".to_owned(), error);
    Value::Object(outcome)
}

/// Titles of the run failures of ENG-140.
fn title(code: &str) -> &'static str {
    match code {
        run_fault::NO_CHOICE_MATCHED => "No Choice Matched",
        run_fault::INTERPOLATION => "Placeholder Not Resolved",
        run_fault::PATH_CONFLICT => "Path Conflict",
        run_fault::TRANSFORM_RESULT => "Transform Result Of Wrong Type",
        run_fault::ATTRIBUTE_EXISTS => "Attribute Exists",
        run_fault::ATTRIBUTE_LIMIT => "Attribute Limit Exceeded",
        run_fault::TIMER_VALUE => "Timer Value Of Wrong Form",
        run_fault::TRANSITION_LIMIT => "Transition Limit Exceeded",
        run_fault::PLATFORM_CONFIG => "Platform Configuration Missing",
        run_fault::BRANCH_CANCELLED => "Branch Cancelled",
        run_fault::SCHEDULE_EXISTS => "Schedule Exists",
        run_fault::SCHEDULE_INVALID => "Schedule Not Valid",
        run_fault::INTERACTIVE_IN_SCHEDULE => "Input Awaited In Scheduled Run",
        _ => "Internal Error",
    }
}
