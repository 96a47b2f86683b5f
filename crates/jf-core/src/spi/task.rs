//! Task plugins: one family of `task.kind` each (TSK-001 to TSK-014).

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use http::HeaderMap;
use jf_dsl::{DefinitionName, Feature, Kind, StateId, TaskConfig, Version, WritePath};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    Bindings, BoundExpression, Clock, Compensated, CookieChange, CookieJar, EvalError, HttpConnector,
    LoadContext, SecretResolver, TaskTelemetry,
};
use crate::{Caller, JourneyId, Problem, TraceContext};

/// What a plugin says of itself.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TaskDescriptor {
    /// The `task.kind` it answers to, such as `httpCall:v1`.
    pub kind: &'static str,
    /// JSON Schema of its configuration (`task` without `kind`), for editors; `None` for a core kind, which the schema of the
    /// language describes.
    pub config_schema: Option<Value>,
    /// Parts of the language that a build has because it has this plugin.
    pub features: &'static [Feature],
}

impl TaskDescriptor {
    /// The descriptor of a plugin with a kind of its own.
    #[must_use]
    pub const fn new(kind: &'static str, config_schema: Value) -> Self {
        Self { kind, config_schema: Some(config_schema), features: &[] }
    }

    /// The descriptor of a plugin that runs one of the core kinds ([`TaskConfig::CORE_KINDS`]).
    #[must_use]
    pub const fn of_core_kind(kind: &'static str) -> Self {
        Self { kind, config_schema: None, features: &[] }
    }

    /// With parts of the language that the plugin brings along.
    #[must_use]
    pub const fn with_features(mut self, features: &'static [Feature]) -> Self {
        self.features = features;
        self
    }
}

/// A kind of task.
pub trait TaskPlugin: fmt::Debug + Send + Sync + 'static {
    /// What it is.
    fn descriptor(&self) -> &TaskDescriptor;

    /// Compiles a configuration, and checks what the language has not checked (TSK-004). Called when a definition is linked
    /// and, of kinds that are not core kinds, when it is checked. Pure, without I/O.
    ///
    /// A plugin for a core kind gets the typed configuration of that kind, whose rules hold: loading has seen to it. Any other
    /// plugin gets [`TaskConfig::Plugin`] with the object as written, and checks all of it. Registries hand a plugin
    /// configurations of its own kind only.
    ///
    /// Everything there is to say goes to [`LoadContext::report`], all of it in one call, each finding with the member at fault.
    /// The task is `None` exactly when an error was reported.
    fn prepare(&self, config: &TaskConfig, load: &mut LoadContext<'_>) -> Option<Arc<dyn PreparedTask>>;
}

/// A configured task of one state: runs any number of times, from any thread.
#[async_trait]
pub trait PreparedTask: fmt::Debug + Send + Sync + 'static {
    /// Does the work, to completion, within this call (TSK-009). All I/O goes through [`TaskContext::connectors`].
    ///
    /// The engine may run it again after a crash (ENG-101), with the same [`TaskContext::attempt`]. It drops the future when the
    /// run ends or the branch is cancelled meanwhile, and when the budget is spent; whatever was written is discarded
    /// (TSK-013).
    ///
    /// # Errors
    /// A Problem the task reports, or a fault of the task itself; either way the context stays unchanged (TSK-007).
    async fn execute(&self, context: TaskContext) -> Result<TaskOutput, TaskError>;
}

/// The version of a definition, as tasks and telemetry name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DefinitionIdentity {
    /// Journey or Api.
    pub kind: Kind,
    /// Its name.
    pub name: DefinitionName,
    /// Its version.
    pub version: Version,
}

/// The `platform` binding (EXP-015), made when it is first looked at: few tasks do.
pub struct Platform(LazyLock<Value, Box<dyn FnOnce() -> Value + Send>>);

impl Platform {
    /// The document that `make` gives. It must always give the same.
    #[must_use]
    pub fn new(make: impl FnOnce() -> Value + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(make)))
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.0
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform").finish_non_exhaustive()
    }
}

/// What expressions of a task see: a read-only snapshot of the scope at the state's entry.
#[derive(Clone)]
pub struct Evaluation {
    context: Arc<Value>,
    platform: Arc<Platform>,
    compensated: Option<Arc<Compensated>>,
    has_payload: bool,
    now: Timestamp,
    seed: u64,
}

impl Evaluation {
    /// A snapshot at `now`.
    #[must_use]
    pub const fn new(context: Arc<Value>, platform: Arc<Platform>, now: Timestamp, seed: u64) -> Self {
        Self { context, platform, compensated: None, has_payload: true, now, seed }
    }

    /// Inside a compensation run, if there is something compensated.
    #[must_use]
    pub fn with_compensated(mut self, compensated: Option<Arc<Compensated>>) -> Self {
        self.compensated = compensated;
        self
    }

    /// Inside a read guard, where `payload` is `null` whatever the context holds (EXP-018).
    #[must_use]
    pub const fn without_payload(mut self) -> Self {
        self.has_payload = false;
        self
    }

    /// The scope's context.
    #[must_use]
    pub fn context(&self) -> &Value {
        &self.context
    }

    /// `platform` as of EXP-015.
    #[must_use]
    pub fn platform(&self) -> &Value {
        self.platform.document()
    }

    /// When the state was entered.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The bindings of a task site; add payload or error where the site has its own.
    #[must_use]
    pub fn bindings(&self) -> Bindings<'_> {
        let bindings =
            Bindings::new(&self.context, self.platform()).with_compensated(self.compensated.as_deref());
        if self.has_payload { bindings } else { bindings.with_payload(&Value::Null) }
    }

    /// Evaluates an expression with the bindings of a task site.
    ///
    /// # Errors
    /// Those of the expression.
    pub fn evaluate(&self, expression: &BoundExpression) -> Result<Value, EvalError> {
        self.evaluate_with(expression, &self.bindings())
    }

    /// Evaluates an expression with bindings made from [`Evaluation::bindings`].
    ///
    /// # Errors
    /// Those of the expression.
    pub fn evaluate_with(
        &self,
        expression: &BoundExpression,
        bindings: &Bindings<'_>,
    ) -> Result<Value, EvalError> {
        expression.evaluate(bindings, self.now, self.seed)
    }
}

impl fmt::Debug for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluation").field("now", &self.now).finish_non_exhaustive()
    }
}

/// The ways out of the engine (TSK-009).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Connectors {
    /// Every outbound HTTP request.
    pub http: Arc<dyn HttpConnector>,
    /// Secrets by reference.
    pub secrets: Arc<dyn SecretResolver>,
    /// The engine's clock, for waits between attempts.
    pub clock: Arc<dyn Clock>,
}

impl Connectors {
    /// The given connectors.
    #[must_use]
    pub const fn new(
        http: Arc<dyn HttpConnector>,
        secrets: Arc<dyn SecretResolver>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { http, secrets, clock }
    }
}

/// Everything a task may know and use (TSK-005).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TaskContext {
    /// The definition version.
    pub definition: DefinitionIdentity,
    /// The run; for Apis the id of the request.
    pub journey_id: JourneyId,
    /// The state.
    pub state: StateId,
    /// Names this activation of the state: equal when the engine repeats it after a crash (ENG-101), another one when the run comes to
    /// the state again, so that it can serve as an idempotency key towards others. Unique over all runs. It holds the id of the
    /// run: 16–255 visible ASCII characters with the ids that engines of this project give.
    pub attempt: Arc<str>,
    /// Context, platform and time for expressions and placeholders.
    pub evaluation: Evaluation,
    /// What is left of the run's budget; `None` without a deadline (TSK-055).
    pub budget: Option<Duration>,
    /// The inbound request of the segment, if there is one (TSK-008).
    pub caller: Option<Caller>,
    /// Pass-through headers of the segment (HTTP-040).
    pub passthrough: Arc<HeaderMap>,
    /// The cookie jar of the run as it was when the task was begun; `None` while there is nothing in it (TSK-070).
    pub cookies: Option<Arc<CookieJar>>,
    /// The trace that requests of the task belong to, with the task as their origin: what they carry as `traceparent` and
    /// `tracestate` unless the author says otherwise. `None` where an engine traces nothing.
    pub trace: Option<TraceContext>,
    /// What it tells operators.
    pub telemetry: TaskTelemetry,
    /// The ways out.
    pub connectors: Connectors,
}

impl TaskContext {
    /// A task context without budget, inbound request, pass-through headers and cookies; set the public members as needed.
    #[must_use]
    pub fn new(
        definition: DefinitionIdentity,
        journey_id: JourneyId,
        state: StateId,
        attempt: impl Into<Arc<str>>,
        evaluation: Evaluation,
        connectors: Connectors,
    ) -> Self {
        Self {
            definition,
            journey_id,
            state,
            attempt: attempt.into(),
            evaluation,
            budget: None,
            caller: None,
            passthrough: Arc::new(HeaderMap::new()),
            cookies: None,
            trace: None,
            telemetry: TaskTelemetry::silent(),
            connectors,
        }
    }
}

/// Where a task may write: nowhere but in the context of its scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteTarget {
    /// `context.<name>`.
    Var(Arc<str>),
    /// A dot-path below the context; missing objects are created (STA-009).
    Path(WritePath),
    /// The whole context; the value must be an object (STA-054).
    Context,
}

/// One write. Writes of one task apply in order, all or none (STA-008).
#[derive(Debug, Clone, PartialEq)]
pub struct TaskWrite {
    /// Where.
    pub target: WriteTarget,
    /// What.
    pub value: Value,
}

/// A request built inside the state and sent after its commit, whose outcome never reaches the run (TSK-050, TSK-051).
pub struct Notification(BoxFuture<'static, ()>);

impl Notification {
    /// Work to do in the background, at most once. It handles its own failures.
    #[must_use]
    pub fn new(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Box::pin(work))
    }

    /// The work.
    #[must_use]
    pub fn into_future(self) -> BoxFuture<'static, ()> {
        self.0
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notification")
    }
}

/// What a task gives back (TSK-006).
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct TaskOutput {
    /// Writes to the context.
    pub writes: Vec<TaskWrite>,
    /// What responses do to the cookie jar, in order. Without effect where the definition declares no jar (DEF-157).
    pub cookies: Vec<CookieChange>,
    /// Work for after the commit.
    pub notification: Option<Notification>,
}

impl TaskOutput {
    /// No writes.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// With one more write.
    #[must_use]
    pub fn with_write(mut self, target: WriteTarget, value: Value) -> Self {
        self.writes.push(TaskWrite { target, value });
        self
    }

    /// With changes to the cookie jar.
    #[must_use]
    pub fn with_cookies(mut self, cookies: Vec<CookieChange>) -> Self {
        self.cookies = cookies;
        self
    }

    /// With work for after the commit.
    #[must_use]
    pub fn with_notification(mut self, notification: Notification) -> Self {
        self.notification = Some(notification);
        self
    }
}

/// How a task failed (STA-022).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskErrorKind {
    /// The task chose to report a Problem: terminationKind `Fail`.
    Reported,
    /// The task could not do its work: terminationKind `RuntimeError`.
    Fault,
}

/// A failed task. The Problem may be shown to callers (ENG-142); the source goes to logs only.
#[derive(Debug, thiserror::Error)]
#[error("task failed: {}", problem.problem_type)]
pub struct TaskError {
    kind: TaskErrorKind,
    problem: Box<Problem>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TaskError {
    /// A Problem the task chose to report.
    #[must_use]
    pub fn reported(problem: Problem) -> Self {
        Self { kind: TaskErrorKind::Reported, problem: Box::new(problem), source: None }
    }

    /// A fault with the Problem that a rule names.
    #[must_use]
    pub fn fault(problem: Problem) -> Self {
        Self { kind: TaskErrorKind::Fault, problem: Box::new(problem), source: None }
    }

    /// Keeps the cause for logs.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> TaskErrorKind {
        self.kind
    }

    /// The Problem.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The Problem, without copying it.
    #[must_use]
    pub fn into_problem(self) -> Problem {
        *self.problem
    }
}

impl From<EvalError> for TaskError {
    fn from(error: EvalError) -> Self {
        Self::fault(error.problem())
    }
}
