//! What the cases share: the journeys, an engine over them, and short ways to ask it.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use jf_core::dsl::{Catalog, SourceFile, StateId, StaticCapabilities, load};
use jf_core::{
    At, Caller, Cancel, Cursor, Engine, EngineError, EngineErrorKind, Event, Head, JourneyId, JourneyOutcome,
    JourneyStatus, Phase, Replay, StartReply, StartRequest, StepRef, StepTarget, SubmitStep,
};
use serde_json::{Value, json};

use crate::client::PATIENCE;

/// Makes engines for the cases; implemented by closures.
pub trait EngineHost: Send + Sync {
    /// A fresh engine that serves the journeys of `catalog` and nothing else.
    fn engine(&self, catalog: Catalog) -> BoxFuture<'_, Arc<dyn Engine>>;
}

impl<F, R> EngineHost for F
where
    F: Fn(Catalog) -> R + Send + Sync,
    R: Future<Output = Arc<dyn Engine>> + Send + 'static,
{
    fn engine(&self, catalog: Catalog) -> BoxFuture<'_, Arc<dyn Engine>> {
        Box::pin(self(catalog))
    }
}

pub(crate) const APPROVAL: &str = "suite-approval";
pub(super) const STUBBORN: &str = "suite-stubborn";
pub(super) const GUARDED: &str = "suite-guarded";
pub(super) const STEP: &str = "approval";

const APPROVAL_TEXT: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: suite-approval, version: 1.0.0 }
spec:
  bindings:
    websocket:
      start: { messageType: suite.ask }
      steps: { approval: { messageType: suite.decide } }
  lifecycle: { startMode: sync }
  input:
    schema: { type: object, required: [orderId], properties: { orderId: { type: string } } }
  start: approval
  states:
    approval:
      type: wait
      wait:
        input:
          schema: { type: object, required: [decision], properties: { decision: { enum: [approve, reject] } } }
      next: done
    done: { type: succeed }
";

const STUBBORN_TEXT: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: suite-stubborn, version: 1.0.0 }
spec:
  bindings:
    websocket:
      endpoint: { path: /ws/journeys/suite-approval }
      start: { messageType: suite.insist }
      steps: { answer: { messageType: suite.answer } }
  lifecycle: { startMode: sync, cancellable: false }
  httpSurface: { links: { enabled: false } }
  start: answer
  states:
    answer:
      type: webhook
      webhook: { input: { schema: {} } }
      next: done
    done: { type: succeed }
";

/// Whoever starts a run says whether it can be read.
const GUARDED_TEXT: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: suite-guarded, version: 1.0.0 }
spec:
  lifecycle: { startMode: sync }
  access: { read: { guardRef: guard } }
  subjourneys:
    guard:
      start: decide
      states:
        decide: { type: succeed, outputVar: decision }
  start: approval
  states:
    approval:
      type: wait
      wait: { input: { schema: {} } }
      next: done
    done: { type: succeed }
";

pub(crate) fn catalog() -> Catalog {
    let texts = [(APPROVAL, APPROVAL_TEXT), (STUBBORN, STUBBORN_TEXT), (GUARDED, GUARDED_TEXT)];
    let loaded = texts.map(|(name, text)| {
        let source = SourceFile::new(format!("{name}.journey.yaml"), text);
        load(&source, &StaticCapabilities::full()).unwrap_or_else(|found| {
            panic!("the suite's own journey: {}", found.to_terminal(Default::default()))
        })
    });
    Catalog::new(loaded.into()).expect("the suite's own journeys go together")
}

/// An engine under test, and one caller.
#[derive(Clone)]
pub(super) struct World {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) caller: Caller,
}

impl World {
    pub(super) async fn new(host: &dyn EngineHost) -> Self {
        Self { engine: host.engine(catalog()).await, caller: Caller::internal("suite") }
    }

    /// A run that waits.
    pub(super) async fn waiting(&self) -> At<JourneyStatus> {
        self.begun(APPROVAL, json!({ "orderId": "A-17" })).await
    }

    pub(super) async fn begun(&self, journey: &str, input: Value) -> At<JourneyStatus> {
        let request = StartRequest::new(journey, input).expect("a name");
        let started = self.engine.start(request, &self.caller).await.expect("the start is good");
        match started.settled().await.expect("the run comes to rest") {
            StartReply::Status(status) => {
                assert_eq!(status.document.phase, Phase::Running);
                status
            }
            other => panic!("a synchronous start of a run that waits answers with its status, not {other:?}"),
        }
    }

    pub(super) fn submission(&self, id: &JourneyId, payload: Value) -> SubmitStep {
        SubmitStep::new(id.clone(), step(STEP), payload)
    }

    pub(super) async fn submit(&self, request: SubmitStep) -> Result<Box<At<JourneyStatus>>, EngineError> {
        self.engine.submit_step(request, &self.caller).await?.settled().await
    }

    pub(super) async fn approve(&self, id: &JourneyId) -> Result<Box<At<JourneyStatus>>, EngineError> {
        self.submit(self.submission(id, json!({ "decision": "approve" }))).await
    }

    pub(super) async fn cancel(&self, request: Cancel) -> Result<Box<At<JourneyStatus>>, EngineError> {
        self.engine.cancel(request, &self.caller).await?.settled().await
    }

    pub(super) async fn status(&self, id: &JourneyId) -> At<JourneyStatus> {
        self.engine.get_status(id, &self.caller).await.expect("the run is there")
    }

    /// The whole log.
    pub(super) async fn log(&self, id: &JourneyId) -> Vec<At<Event>> {
        let all = 1_000.try_into().expect("not 0");
        match self.engine.events(id, Cursor::beginning(), all, &self.caller).await.expect("the run is there")
        {
            Replay::Events { items, head, more, .. } => {
                assert!(!more, "{} of {head:?}", items.len());
                items
            }
            gone @ Replay::Gone { .. } => panic!("the log of a young run is there: {gone:?}"),
        }
    }

    /// Waits for the end of a run.
    pub(super) async fn ended(&self, id: &JourneyId) -> At<JourneyOutcome> {
        let mut watch = self.engine.watch(id).await.expect("the run is there");
        loop {
            match self.engine.get_outcome(id, &self.caller).await {
                Ok(outcome) => return outcome,
                Err(error) => assert_eq!(error.kind(), EngineErrorKind::NotTerminal, "{error}"),
            }
            in_time(watch.next()).await.expect("the watch goes on");
        }
    }

    /// Asserts that nothing has moved since `before`.
    pub(super) async fn assert_unmoved(&self, before: &At<JourneyStatus>) {
        let after = self.status(&before.document.journey_id).await;
        assert_eq!((&after.at, &after.document), (&before.at, &before.document), "a refusal has no effect");
    }
}

pub(super) fn step(id: &str) -> StepTarget {
    StepTarget::Any(StepRef::Id(state(id)))
}

pub(super) fn state(id: &str) -> StateId {
    StateId::parse(id).expect("a state id")
}

/// The head after `head`.
pub(super) fn next(head: &Head) -> Head {
    Head::new(head.epoch.clone(), head.seq + 1)
}

/// Waits, but not forever.
pub(super) async fn in_time<T>(wait: impl Future<Output = T>) -> T {
    let patience: Duration = PATIENCE;
    tokio::time::timeout(patience, wait).await.expect("it happens in time")
}

/// Asserts that something was refused with a certain Problem.
pub(super) fn assert_refused<T: std::fmt::Debug>(
    result: Result<T, EngineError>,
    kind: EngineErrorKind,
) -> EngineError {
    let error = result.expect_err(kind.slug());
    assert_eq!(error.kind(), kind, "{error}");
    let problem = error.problem();
    assert_eq!((problem.problem_type.as_ref(), problem.status), (kind.urn(), Some(kind.status())));
    error
}
