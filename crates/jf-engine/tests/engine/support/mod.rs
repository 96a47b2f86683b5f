//! An engine in a small world: a clock that the test moves, tasks that the test answers, definitions from text.

mod language;
mod recorder;
mod tasks;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jf_core::spi::{DefinitionIdentity, Registries};
use jf_core::{
    At, Caller, Cancel, Cursor, Engine, EngineError, EngineErrorKind, Event, HeadCondition, IdempotencyKey,
    JourneyId, JourneyOutcome, JourneyStatus, Phase, Replay, StartReply, StartRequest, Started, StepRef,
    StepTarget, SubmitStep, Submitted,
};
use jf_dsl::{Catalog, DefinitionName, Kind, SourceFile, Version};
use jf_engine::{BuildError, EmbeddedEngine, EngineConfig, NoHttp, SpanBridge};
use jf_store::{Claim, Commit, EncodeError, Retention, RunIndex, Snapshot, Store};
use jf_testkit::{FaultyStore, ManualClock};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub(crate) use self::language::Tiny;
pub(crate) use self::recorder::{Recorder, Told};
pub(crate) use self::tasks::{Desk, Job};

/// The members of `spec` of a journey, and its name.
pub(crate) fn journey(name: &str, spec: &str) -> String {
    definition("Journey", name, "1.0.0", spec)
}

pub(crate) fn api(name: &str, spec: &str) -> String {
    definition("Api", name, "1.0.0", spec)
}

pub(crate) fn definition(kind: &str, name: &str, version: &str, spec: &str) -> String {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!("apiVersion: v1\nkind: {kind}\nmetadata: {{ name: {name}, version: {version} }}\nspec:\n{spec}")
}

/// Two texts make one state: what it waits for and what comes next.
pub(crate) const APPROVAL: &str = "\
start: wait
states:
  wait:
    type: wait
    wait:
      input: { schema: { type: object, required: [ok], properties: { ok: { type: boolean } } } }
      timeoutSec: 60
      onTimeout: late
    next: done
  late: { type: fail, errorCode: LATE, reason: nobody came }
  done: { type: succeed, outputVar: payload }
";

/// A new and empty store of the kind that these tests run on.
pub(crate) fn store() -> Arc<dyn Store> {
    crate::store(Retention::default())
}

/// One whose commits can be made to fail.
pub(crate) fn faulty_store() -> Arc<FaultyStore> {
    Arc::new(FaultyStore::new(store()))
}

/// What an engine is built from.
pub(crate) struct Setup {
    definitions: Vec<String>,
    pub(crate) config: EngineConfig,
    bridge: Option<Arc<dyn SpanBridge>>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: ManualClock,
}

impl Setup {
    pub(crate) fn new(definitions: &[String]) -> Self {
        Self {
            definitions: definitions.to_vec(),
            config: EngineConfig::default(),
            bridge: None,
            store: store(),
            clock: ManualClock::default(),
        }
    }

    pub(crate) fn config(mut self, change: impl FnOnce(&mut EngineConfig)) -> Self {
        change(&mut self.config);
        self
    }

    pub(crate) fn span_bridge(mut self, bridge: Arc<dyn SpanBridge>) -> Self {
        self.bridge = Some(bridge);
        self
    }

    pub(crate) fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = store;
        self
    }

    pub(crate) async fn build(self) -> Bench {
        self.try_build().await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn try_build(self) -> Result<Bench, BuildError> {
        let (desk, task) = tasks::desk();
        let registries = Registries::builder()
            .binding("http")
            .binding("websocket")
            .expression(Arc::new(Tiny))
            .task(Arc::new(task))
            .features(EmbeddedEngine::FEATURES.iter().copied())
            .build()
            .unwrap();
        let loaded = self.definitions.iter().map(|text| {
            let source = SourceFile::new("test.journey.yaml", text.as_str());
            jf_dsl::load(&source, &registries).unwrap_or_else(|problems| panic!("{problems}"))
        });
        let catalog = Catalog::new(loaded.collect()).unwrap_or_else(|problems| panic!("{problems}"));
        let mut builder = EmbeddedEngine::builder(catalog);
        if let Some(bridge) = self.bridge {
            builder = builder.span_bridge(bridge);
        }
        let engine = builder
            .registries(registries)
            .store(Arc::clone(&self.store))
            .clock(Arc::new(self.clock.clone()))
            .http(Arc::new(NoHttp))
            .config(self.config)
            .build()
            .await?;
        Ok(Bench { engine: Arc::new(engine), clock: self.clock, store: self.store, desk })
    }
}

/// An engine with everything a test wants to hold in its hands.
pub(crate) struct Bench {
    pub(crate) engine: Arc<EmbeddedEngine>,
    pub(crate) clock: ManualClock,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) desk: Desk,
}

pub(crate) fn caller() -> Caller {
    Caller::request("http", Method::POST, "/test").build()
}

pub(crate) fn caller_with(headers: &[(&'static str, &'static str)]) -> Caller {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
    Caller::request("http", Method::POST, "/test").headers(headers).build()
}

pub(crate) fn key(name: &str) -> Option<IdempotencyKey> {
    Some(IdempotencyKey::parse(format!("key-{name:0>16}")).unwrap())
}

pub(crate) fn step(id: &JourneyId, step: &str, payload: Value) -> SubmitStep {
    SubmitStep::new(id.clone(), StepTarget::Any(StepRef::parse(step).unwrap()), payload)
}

pub(crate) fn if_seq(seq: u64) -> Option<Vec<HeadCondition>> {
    Some(vec![HeadCondition { epoch: None, seq }])
}

/// A version of a journey.
pub(crate) fn version(name: &str, major: u64) -> DefinitionIdentity {
    let (kind, name) = (Kind::Journey, DefinitionName::parse(name).unwrap());
    DefinitionIdentity { kind, name, version: Version::new(major, 0, 0) }
}

/// What another program left as a run.
#[derive(Debug)]
struct Foreign;

impl Snapshot for Foreign {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(b"from elsewhere".to_vec())
    }
}

/// A run that no engine of ours can read, and that is due.
pub(crate) async fn foreign_run(
    store: &dyn Store,
    claim: Claim,
    version: &DefinitionIdentity,
    created: Timestamp,
) -> JourneyId {
    let mut index = RunIndex::new(version.clone(), created, Phase::Running);
    index.due = Some(created);
    let run = JourneyId::random();
    store.commit(Commit::create(claim, run.clone(), created, Arc::new(Foreign), index)).await.unwrap();
    run
}

/// How long a test waits for what must happen; only a failing one waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for what must happen.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("this should have happened by now")
}

/// Lets every task of a single-threaded runtime run until it has to wait.
pub(crate) async fn breathe() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

impl Bench {
    pub(crate) async fn new(definitions: &[String]) -> Self {
        Setup::new(definitions).build().await
    }

    // ---- Commands ----

    pub(crate) async fn start(&self, journey: &str, input: Value) -> Started {
        self.try_start(journey, input).await.unwrap()
    }

    pub(crate) async fn try_start(&self, journey: &str, input: Value) -> Result<Started, EngineError> {
        self.engine.start(StartRequest::new(journey, input)?, &caller()).await
    }

    /// Starts a run and waits for its reply.
    pub(crate) async fn run(&self, journey: &str, input: Value) -> StartReply {
        soon(self.start(journey, input).await.settled()).await.unwrap()
    }

    /// Starts a run that parks, and returns its id.
    pub(crate) async fn parked(&self, journey: &str, input: Value) -> JourneyId {
        let started = self.start(journey, input).await;
        let id = started.journey_id.clone();
        assert!(matches!(soon(started.settled()).await.unwrap(), StartReply::Status(_)));
        id
    }

    pub(crate) async fn submit(&self, request: SubmitStep) -> Result<Submitted, EngineError> {
        self.engine.submit_step(request, &caller()).await
    }

    /// Submits and waits for the reply.
    pub(crate) async fn submitted(&self, request: SubmitStep) -> Result<Box<At<JourneyStatus>>, EngineError> {
        soon(self.submit(request).await?.settled()).await
    }

    pub(crate) async fn cancel(&self, id: &JourneyId) -> Result<Box<At<JourneyStatus>>, EngineError> {
        soon(self.engine.cancel(Cancel::new(id.clone()), &caller()).await?.settled()).await
    }

    // ---- Reads ----

    pub(crate) async fn status(&self, id: &JourneyId) -> At<JourneyStatus> {
        self.engine.get_status(id, &caller()).await.unwrap()
    }

    pub(crate) async fn outcome(&self, id: &JourneyId) -> JourneyOutcome {
        self.engine.get_outcome(id, &caller()).await.unwrap().document
    }

    pub(crate) async fn events(&self, id: &JourneyId) -> Vec<At<Event>> {
        let limit = NonZeroU32::new(1_000).unwrap();
        match self.engine.events(id, Cursor::beginning(), limit, &caller()).await.unwrap() {
            Replay::Events { items, .. } => items,
            gone @ Replay::Gone { .. } => panic!("{gone:?}"),
        }
    }

    /// Waits until the status of a run is as wanted.
    pub(crate) async fn until(
        &self,
        id: &JourneyId,
        wanted: impl Fn(&JourneyStatus) -> bool,
    ) -> At<JourneyStatus> {
        let mut watch = self.engine.watch(id).await.unwrap();
        soon(async {
            loop {
                watch.next().await.expect("the run is there");
                let status = self.status(id).await;
                if wanted(&status.document) {
                    return status;
                }
            }
        })
        .await
    }

    pub(crate) async fn until_ended(&self, id: &JourneyId) -> JourneyOutcome {
        self.until(id, |status| status.phase != Phase::Running).await;
        self.outcome(id).await
    }

    /// Moves time and lets happen what falls due.
    pub(crate) async fn pass(&self, seconds: i64) {
        breathe().await;
        self.clock.advance(SignedDuration::from_secs(seconds));
        breathe().await;
    }
}

pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, EngineError>) -> EngineErrorKind {
    result.expect_err("this is refused").kind()
}

pub(crate) fn as_outcome(reply: StartReply) -> At<JourneyOutcome> {
    match reply {
        StartReply::Outcome { outcome, .. } => outcome,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn as_status(reply: StartReply) -> At<JourneyStatus> {
    match reply {
        StartReply::Status(status) => status,
        other => panic!("{other:?}"),
    }
}
