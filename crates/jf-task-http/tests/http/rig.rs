//! A task on a scripted connector, with a small expression language and a clock that only says what it was asked.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use jf_core::JourneyId;
use jf_core::dsl::{
    self, Definition, JsonPath, PolicyKind, SiteClass, SourceFile, State, StateId, StaticCapabilities,
    TaskFinding, TaskSite,
};
use jf_core::spi::{
    Bindings, Clock, CompileError, CompiledExpression, Connectors, DefinitionIdentity, EvalContext,
    EvalError, EvalErrorKind, Evaluation, ExpressionEngine, HttpConnector, HttpExchange, HttpFailure,
    HttpReceived, NoSecrets, Platform, PreparedTask, Registries, Site, Sleep, TaskContext, TaskError,
    TaskOutput,
};
use jf_task_http::{ConnectorConfig, HttpCallTask};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A definition to prepare tasks for, and what tasks are run with.
pub(crate) struct Rig {
    pub(crate) plugin: Arc<HttpCallTask>,
    registries: Registries,
    /// What definitions are loaded with: a build that has more than the plugin can honour.
    build: StaticCapabilities,
    document: Value,
    definition: Arc<Definition>,
    pub(crate) http: Arc<ScriptedHttp>,
    pub(crate) clock: Arc<StillClock>,
    pub(crate) platform: Value,
    pub(crate) passthrough: HeaderMap,
    pub(crate) budget: Option<Duration>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with("  platform: {config: {base: {type: string}}}", &ConnectorConfig::default())
    }

    /// With members of `spec`, indented by two blanks.
    pub(crate) fn with(spec: &str, config: &ConnectorConfig) -> Self {
        let plugin = Arc::new(HttpCallTask::new(config));
        let registries =
            Registries::builder().task(Arc::clone(&plugin) as _).expression(Arc::new(Pick)).build().unwrap();
        let text = format!(
            "apiVersion: v1\nkind: Journey\nmetadata: {{name: calls, version: 1.0.0}}\nspec:\n{spec}\n  \
             start: done\n  states:\n    done: {{type: succeed}}\n"
        );
        let build = StaticCapabilities::full()
            .with_language("pick")
            .with_file("pets.openapi.yaml", PETS)
            .with_policy(PolicyKind::HttpClientAuth, "token")
            .with_policy(PolicyKind::HttpResilience, "patient");
        let loaded = dsl::load(&SourceFile::new("calls.journey.yaml", text), &build)
            .unwrap_or_else(|error| panic!("{error}"));
        Self {
            plugin,
            registries,
            build,
            document: loaded.positions.tree().to_value(),
            definition: loaded.definition,
            http: Arc::default(),
            clock: Arc::default(),
            platform: json!({ "config": { "base": "https://base.example/v1" } }),
            passthrough: HeaderMap::new(),
            budget: None,
        }
    }

    /// The task of a configuration (`task` without `kind`), loaded with the definition around it.
    pub(crate) fn prepare(&self, config: &Value) -> Arc<dyn PreparedTask> {
        self.link(config).unwrap_or_else(|findings| panic!("{findings:#?}"))
    }

    /// What linking says of a configuration that loads.
    pub(crate) fn link(&self, config: &Value) -> Result<Arc<dyn PreparedTask>, Vec<TaskFinding>> {
        let loaded = self.load(config).unwrap_or_else(|faults| panic!("{faults}"));
        let Some(State::Task(task)) = loaded.definition.state("call") else { panic!("`call` is a task") };
        let path = JsonPath::root();
        self.registries.prepare(&task.task, TaskSite::new(&loaded.definition, &path))
    }

    fn load(&self, config: &Value) -> Result<dsl::Loaded, dsl::Diagnostics> {
        let mut task = config.clone();
        task["kind"] = "httpCall:v1".into();
        let mut document = self.document.clone();
        document["spec"]["states"]["call"] = json!({ "type": "task", "task": task, "next": "done" });
        document["spec"]["start"] = "call".into();
        dsl::load(&SourceFile::new("calls.journey.json", document.to_string()), &self.build)
    }

    pub(crate) fn task_context(&self, context: Value) -> TaskContext {
        self.task_context_on(context, Arc::clone(&self.http) as _)
    }

    pub(crate) fn task_context_on(&self, context: Value, http: Arc<dyn HttpConnector>) -> TaskContext {
        let identity = DefinitionIdentity {
            kind: self.definition.kind,
            name: self.definition.name().clone(),
            version: self.definition.version().clone(),
        };
        let platform = self.platform.clone();
        let platform = Arc::new(Platform::new(move || platform));
        let evaluation = Evaluation::new(Arc::new(context), platform, Timestamp::UNIX_EPOCH, 7);
        let connectors = Connectors::new(http, Arc::new(NoSecrets), Arc::clone(&self.clock) as _);
        let state = StateId::parse("call").unwrap();
        let mut task =
            TaskContext::new(identity, JourneyId::random(), state, "activation", evaluation, connectors);
        task.passthrough = Arc::new(self.passthrough.clone());
        task.budget = self.budget;
        task
    }

    pub(crate) async fn run(&self, config: &Value, context: Value) -> Result<TaskOutput, TaskError> {
        self.prepare(config).execute(self.task_context(context)).await
    }

    /// Runs a task that works, and gives the request it sent.
    pub(crate) async fn request(&self, config: &Value, context: Value) -> HttpExchange {
        self.run(config, context).await.unwrap_or_else(|error| panic!("{:?}", error.problem()));
        self.http.sent().pop().expect("a request was sent")
    }

    /// Runs a task that fails before anything is sent, and gives the Problem's type and detail.
    pub(crate) async fn fault(&self, config: &Value, context: Value) -> (String, String) {
        let error = self.run(config, context).await.expect_err("the task is expected to fail");
        assert_eq!(error.kind(), jf_core::spi::TaskErrorKind::Fault);
        assert!(self.http.sent().is_empty(), "nothing is sent");
        let problem = error.into_problem();
        (problem.problem_type.into_owned(), problem.detail.unwrap_or_default())
    }
}

/// An API with a path that takes parameters.
const PETS: &str = "
openapi: 3.1.0
servers: [{ url: 'https://pets.example/v2/' }]
paths:
  /pets/{id}/notes/{note}:
    get: { operationId: readNote }
    head: { operationId: noteExists }
    patch: { operationId: changeNote, requestBody: { required: true } }
  /pets:
    get: { operationId: listPets, parameters: [{ name: limit, in: query }] }
";

/// Answers from a list, `200` with `{}` when it is empty.
#[derive(Default)]
pub(crate) struct ScriptedHttp {
    answers: Mutex<VecDeque<Result<HttpReceived, HttpFailure>>>,
    sent: Mutex<Vec<HttpExchange>>,
}

impl ScriptedHttp {
    pub(crate) fn answer(&self, answer: Result<HttpReceived, HttpFailure>) {
        self.answers.lock().unwrap().push_back(answer);
    }

    pub(crate) fn respond(&self, status: u16, body: &'static str) {
        let headers =
            HeaderMap::from_iter([(http::header::CONTENT_TYPE, "application/json".parse().unwrap())]);
        self.answer(Ok(HttpReceived::new(StatusCode::from_u16(status).unwrap(), headers, body.into())));
    }

    pub(crate) fn sent(&self) -> Vec<HttpExchange> {
        self.sent.lock().unwrap().clone()
    }
}

#[async_trait]
impl HttpConnector for ScriptedHttp {
    async fn send(&self, request: HttpExchange) -> Result<HttpReceived, HttpFailure> {
        self.sent.lock().unwrap().push(request);
        let scripted = self.answers.lock().unwrap().pop_front();
        scripted.unwrap_or_else(|| Ok(HttpReceived::new(StatusCode::OK, HeaderMap::new(), "{}".into())))
    }
}

impl fmt::Debug for ScriptedHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedHttp")
    }
}

/// Stands at the beginning of 1970; waits end at once and are noted.
#[derive(Debug, Default)]
pub(crate) struct StillClock(Mutex<Vec<Timestamp>>);

impl StillClock {
    pub(crate) fn waited_for(&self) -> Vec<Timestamp> {
        self.0.lock().unwrap().clone()
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn sleep_until(&self, due: Timestamp) -> Sleep {
        self.0.lock().unwrap().push(due);
        Box::pin(std::future::ready(()))
    }
}

/// The language `pick`: `=<JSON>` is a literal, `all` an object of all bindings, `fail` fails, and everything else is a path into the
/// bindings.
#[derive(Debug)]
struct Pick;

#[derive(Debug)]
struct Picked(String);

impl ExpressionEngine for Pick {
    fn lang(&self) -> &'static str {
        "pick"
    }

    fn supports(&self, class: SiteClass) -> bool {
        class != SiteClass::Predicate
    }

    fn compile(&self, source: &str, site: Site<'_>) -> Result<Arc<dyn CompiledExpression>, CompileError> {
        assert!(
            matches!(site.class, SiteClass::Task | SiteClass::Transform | SiteClass::Errors),
            "the site of a task mapper"
        );
        if source.contains('(') {
            Err(CompileError::new("no calls"))
        } else {
            Ok(Arc::new(Picked(source.to_owned())))
        }
    }
}

impl CompiledExpression for Picked {
    fn evaluate(&self, bindings: &Bindings<'_>, _: &EvalContext) -> Result<Value, EvalError> {
        let all: Value = bindings.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        match (self.0.as_str(), self.0.strip_prefix('=')) {
            (_, Some(literal)) => Ok(serde_json::from_str(literal).unwrap()),
            ("fail", _) => Err(EvalError::new("pick", "PICK", EvalErrorKind::Runtime)),
            ("all", _) => Ok(all),
            (path, _) => {
                Ok(path.split('.').fold(all, |value, name| value.get(name).cloned().unwrap_or_default()))
            }
        }
    }

    fn type_mismatch(&self) -> EvalError {
        EvalError::new("pick", "PICK", EvalErrorKind::TypeMismatch)
    }
}
