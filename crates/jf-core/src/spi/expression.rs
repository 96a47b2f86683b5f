//! Expression engines: one `lang` each, compiled at load, evaluated under limits (EXP-001 ff.).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jf_dsl::{ExpressionFaultKind, SiteClass};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Problem, exact_json};

/// Where an expression stands, as far as its engine may care.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Site<'a> {
    /// The class of EXP-030.
    pub class: SiteClass,
    /// The names bound beside `context`, `payload`, `error` and `platform`, which are always bound (EXP-010).
    pub extra: &'a [&'static str],
    /// The declared schema of the context, for static checks (EXP-009).
    pub context_schema: Option<&'a Value>,
}

impl<'a> Site<'a> {
    /// A site of that class with the bindings every site has.
    #[must_use]
    pub const fn new(class: SiteClass) -> Self {
        Self { class, extra: &[], context_schema: None }
    }

    /// With further bound names.
    #[must_use]
    pub const fn with_extra(mut self, extra: &'a [&'static str]) -> Self {
        self.extra = extra;
        self
    }

    /// With the declared schema of the context.
    #[must_use]
    pub const fn with_context_schema(mut self, schema: Option<&'a Value>) -> Self {
        self.context_schema = schema;
        self
    }
}

/// The values an expression sees (EXP-010, EXP-011): read-only snapshots, borrowed for one evaluation.
#[derive(Debug, Clone, Copy)]
pub struct Bindings<'a> {
    context: &'a Value,
    payload: &'a Value,
    error: &'a Value,
    platform: &'a Value,
    compensated: Option<&'a Compensated>,
    extra: &'a [(&'static str, &'a Value)],
}

/// What a compensation run is about: bound as `outcome` and `output` at every site inside of it (ENG-091, EXP-011).
///
/// Its `Debug` form shows neither.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Compensated {
    /// `{phase, terminationKind, error, terminatedAtState, journeyId, journeyName}` of the run that is compensated.
    #[serde(deserialize_with = "exact_json::read")]
    pub outcome: Value,
    /// Its published output.
    #[serde(deserialize_with = "exact_json::read")]
    pub output: Value,
}

impl Compensated {
    /// Both bindings.
    #[must_use]
    pub const fn new(outcome: Value, output: Value) -> Self {
        Self { outcome, output }
    }
}

impl fmt::Debug for Compensated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compensated").finish_non_exhaustive()
    }
}

const NULL: &Value = &Value::Null;

impl<'a> Bindings<'a> {
    /// The bindings of a state: `payload` is the current payload, the value of `context.payload` or `null` (EXP-012).
    #[must_use]
    pub fn new(context: &'a Value, platform: &'a Value) -> Self {
        let payload = context.get("payload").unwrap_or(NULL);
        Self { context, payload, error: NULL, platform, compensated: None, extra: &[] }
    }

    /// With another payload, as some sites have.
    #[must_use]
    pub const fn with_payload(mut self, payload: &'a Value) -> Self {
        self.payload = payload;
        self
    }

    /// With an error.
    #[must_use]
    pub const fn with_error(mut self, error: &'a Value) -> Self {
        self.error = error;
        self
    }

    /// Inside a compensation run, if there is something compensated.
    #[must_use]
    pub const fn with_compensated(mut self, compensated: Option<&'a Compensated>) -> Self {
        self.compensated = compensated;
        self
    }

    /// With the further names of the site.
    #[must_use]
    pub const fn with_extra(mut self, extra: &'a [(&'static str, &'a Value)]) -> Self {
        self.extra = extra;
        self
    }

    /// The context of the current scope.
    #[must_use]
    pub const fn context(&self) -> &'a Value {
        self.context
    }

    /// The payload of the site.
    #[must_use]
    pub const fn payload(&self) -> &'a Value {
        self.payload
    }

    /// The error of the site.
    #[must_use]
    pub const fn error(&self) -> &'a Value {
        self.error
    }

    /// `platform` as of EXP-015.
    #[must_use]
    pub const fn platform(&self) -> &'a Value {
        self.platform
    }

    /// Every binding with its name, the four of EXP-010 first.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'a Value)> {
        let base = [
            ("context", self.context),
            ("payload", self.payload),
            ("error", self.error),
            ("platform", self.platform),
        ];
        let compensated = self.compensated.map(|of| [("outcome", &of.outcome), ("output", &of.output)]);
        base.into_iter().chain(compensated.into_iter().flatten()).chain(self.extra.iter().copied())
    }
}

/// Bounds of one evaluation (EXP-045). Begin with `default()` and change what differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EvalLimits {
    /// Longest time.
    pub time: Duration,
    /// Longest result as compact JSON, in bytes.
    pub output_bytes: usize,
}

impl Default for EvalLimits {
    fn default() -> Self {
        Self { time: Duration::from_millis(500), output_bytes: 1024 * 1024 }
    }
}

impl EvalLimits {
    /// Takes no longer than this.
    #[must_use]
    pub const fn with_time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Gives no more than so many bytes of compact JSON.
    #[must_use]
    pub const fn with_output_bytes(mut self, output_bytes: usize) -> Self {
        self.output_bytes = output_bytes;
        self
    }
}

/// What an evaluation may know beside its bindings (EXP-006): constant for one evaluation.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EvalContext {
    /// Bounds.
    pub limits: EvalLimits,
    /// The time, should the language offer it.
    pub now: Timestamp,
    /// Seed of random values, should the language offer them.
    pub seed: u64,
}

impl EvalContext {
    /// An evaluation at `now`.
    #[must_use]
    pub const fn new(limits: EvalLimits, now: Timestamp, seed: u64) -> Self {
        Self { limits, now, seed }
    }
}

/// An expression that cannot be compiled. The message may speak of the expression: it is for its author, at load.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct CompileError {
    /// What kind of fault it is.
    pub kind: ExpressionFaultKind,
    /// What is wrong.
    pub message: String,
    /// Byte range inside the expression, when the engine knows it.
    pub range: Option<std::ops::Range<usize>>,
}

impl CompileError {
    /// An error of the syntax, without position.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { kind: ExpressionFaultKind::Syntax, message: message.into(), range: None }
    }

    /// Of another kind: what can never work at its site (EXP-009).
    #[must_use]
    pub const fn of_kind(mut self, kind: ExpressionFaultKind) -> Self {
        self.kind = kind;
        self
    }

    /// At a byte range inside the expression.
    #[must_use]
    pub fn at(mut self, range: std::ops::Range<usize>) -> Self {
        self.range = Some(range);
        self
    }
}

/// The common kinds of EXP-041; each engine's code is its prefix with the suffix of the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EvalErrorKind {
    /// A value of the wrong type, or not exactly one value (EXP-020 to EXP-023).
    TypeMismatch,
    /// A function failed.
    Function,
    /// Something of `null` was asked for.
    NullDereference,
    /// A name nothing is bound to.
    UnknownVariable,
    /// Valid in the language, not offered here.
    UnsupportedSyntax,
    /// An index beyond an array.
    IndexOutOfBounds,
    /// An error the language raised for a reason of its own.
    Runtime,
    /// Longer than the time limit (EXP-046).
    MaxEvalTime,
    /// Larger than the output limit (EXP-046).
    MaxResultSize,
    /// The engine failed.
    Internal,
}

impl EvalErrorKind {
    /// The suffix of the code.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::TypeMismatch => "TYPE_MISMATCH",
            Self::Function => "FUNCTION_ERROR",
            Self::NullDereference => "NULL_DEREFERENCE",
            Self::UnknownVariable => "UNKNOWN_VARIABLE",
            Self::UnsupportedSyntax => "UNSUPPORTED_SYNTAX",
            Self::IndexOutOfBounds => "INDEX_OUT_OF_BOUNDS",
            Self::Runtime => "RUNTIME_ERROR",
            Self::MaxEvalTime => "MAX_EVAL_TIME_EXCEEDED",
            Self::MaxResultSize => "MAX_RESULT_SIZE_EXCEEDED",
            Self::Internal => "ENGINE_INTERNAL_ERROR",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::TypeMismatch => "expression result has the wrong type",
            Self::Function => "expression function error",
            Self::NullDereference => "expression reads a member of null",
            Self::UnknownVariable => "expression names an unknown variable",
            Self::UnsupportedSyntax => "expression uses unsupported syntax",
            Self::IndexOutOfBounds => "expression index out of bounds",
            Self::Runtime => "expression error",
            Self::MaxEvalTime => "expression time limit exceeded",
            Self::MaxResultSize => "expression result size limit exceeded",
            Self::Internal => "expression engine internal error",
        }
    }
}

/// A failed evaluation. Holds neither expression text nor data values (EXP-040).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{prefix}_{}", kind.suffix())]
pub struct EvalError {
    engine: &'static str,
    prefix: &'static str,
    kind: EvalErrorKind,
}

impl EvalError {
    /// An error of `engine` (the name in the Problem type, such as `jq`) whose codes begin with `prefix` (such as `JQ`).
    #[must_use]
    pub const fn new(engine: &'static str, prefix: &'static str, kind: EvalErrorKind) -> Self {
        Self { engine, prefix, kind }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> EvalErrorKind {
        self.kind
    }

    /// The code, such as `JQ_TYPE_MISMATCH`.
    #[must_use]
    pub fn code(&self) -> String {
        self.to_string()
    }

    /// The Problem of EXP-040.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let slug = self.kind.suffix().to_ascii_lowercase().replace('_', "-");
        let problem_type = format!("https://journeyforge.dev/problem/expressions/{}/{slug}", self.engine);
        Problem::new(problem_type, self.kind.title()).with("code", self.code())
    }
}

/// One expression language.
///
/// # Contract
/// 1. Evaluation is pure: no network, files, environment or clocks (EXP-005); equal bindings and context give equal results
///    (EXP-007).
/// 2. Nothing a source text or a binding holds makes it panic, overflow the stack, or run beyond twice the time limit (EXP-047).
/// 3. Key order of objects is kept (EXP-008); "no result" is `null`, several results are a type mismatch (EXP-023).
pub trait ExpressionEngine: fmt::Debug + Send + Sync + 'static {
    /// The `lang` it answers to.
    fn lang(&self) -> &'static str;

    /// Whether expressions may stand at sites of that class (EXP-030 to EXP-032).
    fn supports(&self, class: SiteClass) -> bool;

    /// Compiles an expression for one site.
    ///
    /// # Errors
    /// When the text is not a program of the language or can never work at the site (EXP-004, EXP-009).
    fn compile(&self, source: &str, site: Site<'_>) -> Result<Arc<dyn CompiledExpression>, CompileError>;
}

/// A compiled expression: compile once, evaluate from any thread any number of times.
pub trait CompiledExpression: fmt::Debug + Send + Sync + 'static {
    /// Evaluates to exactly one value. Synchronous; returns within twice the time limit.
    ///
    /// # Errors
    /// By the rules of EXP-020 to EXP-023 and EXP-046.
    fn evaluate(&self, bindings: &Bindings<'_>, context: &EvalContext) -> Result<Value, EvalError>;

    /// The type mismatch of this language, for rules of the site itself (EXP-024).
    fn type_mismatch(&self) -> EvalError;

    /// Whether an evaluation may look at that binding. What is never read need not be made: it may be `null` then.
    fn reads(&self, binding: &str) -> bool {
        let _ = binding;
        true
    }

    /// Evaluates to a boolean (EXP-020); engines may answer without building a value.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate), and a type mismatch for anything but a boolean.
    fn evaluate_predicate(&self, bindings: &Bindings<'_>, context: &EvalContext) -> Result<bool, EvalError> {
        match self.evaluate(bindings, context)? {
            Value::Bool(result) => Ok(result),
            _ => Err(self.type_mismatch()),
        }
    }
}

/// A compiled expression together with the limits configured for its engine.
#[derive(Debug, Clone)]
pub struct BoundExpression {
    expression: Arc<dyn CompiledExpression>,
    limits: EvalLimits,
}

impl BoundExpression {
    /// `expression` under `limits`.
    #[must_use]
    pub const fn new(expression: Arc<dyn CompiledExpression>, limits: EvalLimits) -> Self {
        Self { expression, limits }
    }

    /// Evaluates at `now`; see [`CompiledExpression::evaluate`].
    ///
    /// # Errors
    /// As there.
    pub fn evaluate(&self, bindings: &Bindings<'_>, now: Timestamp, seed: u64) -> Result<Value, EvalError> {
        self.expression.evaluate(bindings, &EvalContext::new(self.limits, now, seed))
    }

    /// Evaluates a predicate at `now`; see [`CompiledExpression::evaluate_predicate`].
    ///
    /// # Errors
    /// As there.
    pub fn test(&self, bindings: &Bindings<'_>, now: Timestamp, seed: u64) -> Result<bool, EvalError> {
        self.expression.evaluate_predicate(bindings, &EvalContext::new(self.limits, now, seed))
    }

    /// Whether an evaluation may look at that binding; see [`CompiledExpression::reads`].
    #[must_use]
    pub fn reads(&self, binding: &str) -> bool {
        self.expression.reads(binding)
    }

    /// The type mismatch of the language.
    #[must_use]
    pub fn type_mismatch(&self) -> EvalError {
        self.expression.type_mismatch()
    }
}

#[cfg(test)]
mod tests {
    use super::{Bindings, EvalError, EvalErrorKind};
    use serde_json::json;

    #[test]
    fn exp_040_errors_become_problems_with_code_and_slug() {
        let error = EvalError::new("jq", "JQ", EvalErrorKind::MaxEvalTime);
        let problem = error.problem();
        assert_eq!(error.code(), "JQ_MAX_EVAL_TIME_EXCEEDED");
        assert_eq!(
            problem.problem_type,
            "https://journeyforge.dev/problem/expressions/jq/max-eval-time-exceeded"
        );
        assert_eq!(problem.extensions["code"], "JQ_MAX_EVAL_TIME_EXCEEDED");
    }

    #[test]
    fn exp_012_the_payload_is_read_from_the_context() {
        let (context, platform) = (json!({ "payload": 7 }), json!({}));
        assert_eq!(Bindings::new(&context, &platform).payload(), &json!(7));
        let empty = json!({});
        assert!(Bindings::new(&empty, &platform).payload().is_null());
        let names: Vec<_> = Bindings::new(&empty, &platform).iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["context", "payload", "error", "platform"]);
    }
}
