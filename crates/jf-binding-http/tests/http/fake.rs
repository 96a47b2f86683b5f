//! An engine that records what it is asked and answers from a script.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderValue;
use jf_core::{
    ApiReply, At, CallApi, Caller, Cancel, ClientCookie, Cursor, DrainReport, Engine, EngineCapabilities,
    EngineError, Epoch, Head, HeadWatch, JourneyId, JourneyOutcome, JourneyStartResponse, JourneyStatus,
    ListQuery, OutcomeError, Page, Phase, Replay, StartReply, StartRequest, Started, StepRef, SubmitStep,
    Submitted,
};
use jf_dsl::{Catalog, Definition, DefinitionName, StateId};
use serde_json::json;

use crate::log::Log;

/// The one run of the scripted engine.
pub(crate) const RUN: &str = "kJ3vY1q0T5mZ8wXc2LbR9A";

/// What the engine was asked, with who asked.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Start(StartRequest, Caller),
    Submit(SubmitStep, Caller),
    Cancel(Cancel, Caller),
    Status(JourneyId, Caller),
    Outcome(JourneyId, Caller),
    Api(CallApi, Caller),
    List(ListQuery, Caller),
    Locate(JourneyId),
    Cookies(JourneyId, Caller),
}

impl Call {
    /// Who asked, where the operation is told.
    pub(crate) fn caller(&self) -> Option<&Caller> {
        match self {
            Self::Start(_, caller)
            | Self::Submit(_, caller)
            | Self::Cancel(_, caller)
            | Self::Status(_, caller)
            | Self::Outcome(_, caller)
            | Self::Api(_, caller)
            | Self::List(_, caller)
            | Self::Cookies(_, caller) => Some(caller),
            Self::Locate(_) => None,
        }
    }
}

/// How starts end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum StartMode {
    #[default]
    Async,
    Waiting,
    Ended,
}

type Refusal = Arc<dyn Fn() -> EngineError + Send + Sync>;

/// What the engine answers; the default is an open, willing one.
#[derive(Clone, Default)]
pub(crate) struct Script {
    /// Every operation is refused.
    pub(crate) refusal: Option<Refusal>,
    /// Admitted commands fail while they settle.
    pub(crate) late_refusal: Option<Refusal>,
    /// Commands are repetitions.
    pub(crate) replayed: bool,
    pub(crate) start: StartMode,
    /// The run ends badly.
    pub(crate) failed: bool,
    /// What the run still owes its client.
    pub(crate) cookies: Vec<&'static str>,
    /// `take_cookies` alone is refused.
    pub(crate) no_cookies: bool,
    /// What Apis answer to readable calls: a refusal, or this.
    pub(crate) api: Option<ApiReply>,
    /// Calls of Apis are refused when they could be read, and go through the envelope when not.
    pub(crate) busy: Option<Refusal>,
    pub(crate) next_page: Option<String>,
    /// The one run has a log that can be read and watched.
    pub(crate) log: Option<Arc<Log>>,
}

#[derive(Default)]
pub(crate) struct FakeEngine {
    script: Script,
    catalog: Arc<Catalog>,
    definition: Option<Arc<Definition>>,
    calls: Mutex<Vec<Call>>,
}

impl FakeEngine {
    pub(crate) fn new(script: Script) -> Arc<Self> {
        Arc::new(Self { script, ..Self::default() })
    }

    /// With deployed definitions; runs are of the first journey.
    pub(crate) fn with_catalog(script: Script, catalog: Arc<Catalog>) -> Arc<Self> {
        let definition =
            catalog.serving(jf_dsl::Kind::Journey).next().map(|loaded| Arc::clone(&loaded.definition));
        Arc::new(Self { script, catalog, definition, ..Self::default() })
    }

    /// What was asked since the last time.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// The one thing that was asked since the last time.
    pub(crate) fn call(&self) -> Call {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }

    fn note(&self, call: Call) -> Result<(), EngineError> {
        self.calls.lock().unwrap().push(call);
        self.script.refusal.as_ref().map_or(Ok(()), |refusal| Err(refusal()))
    }

    /// Of what is deployed there is one run; with nothing deployed any id will do.
    fn known(&self, id: &JourneyId) -> Result<(), EngineError> {
        let known = self.definition.is_none() || id.as_str() == RUN;
        if known { Ok(()) } else { Err(EngineError::not_found()) }
    }

    fn cookies(&self) -> Vec<ClientCookie> {
        self.script.cookies.iter().map(|cookie| ClientCookie::new(HeaderValue::from_static(cookie))).collect()
    }

    fn submitted(&self, run: JourneyId, step: Option<StepRef>) -> Submitted {
        let late = self.script.late_refusal.clone();
        let reply = async move { late.map_or_else(|| Ok(status()), |refusal| Err(refusal())) };
        Submitted::new(run, step, head(7), reply).with_replayed(self.script.replayed)
    }
}

pub(crate) fn head(seq: u64) -> Head {
    Head::new(Epoch::parse("e1").unwrap(), seq)
}

fn run() -> JourneyId {
    JourneyId::parse(RUN).unwrap()
}

fn name() -> DefinitionName {
    DefinitionName::parse("order").unwrap()
}

pub(crate) fn status() -> At<JourneyStatus> {
    let at = "2026-01-02T03:04:05Z".parse().unwrap();
    At::new(
        head(7),
        JourneyStatus::new(run(), name(), Phase::Running, StateId::parse("approve").unwrap(), at),
    )
}

pub(crate) fn outcome() -> At<JourneyOutcome> {
    At::new(head(9), JourneyOutcome::new(run(), name(), Phase::Succeeded, "DONE", json!({ "ok": true })))
}

pub(crate) fn failure() -> At<JourneyOutcome> {
    let mut outcome = JourneyOutcome::new(run(), name(), Phase::Failed, "REJECTED", json!(null));
    outcome.error = Some(OutcomeError::new(
        "urn:x:rejected",
        "no",
        Some(json!({ "type": "urn:x:rejected", "status": 422 })),
    ));
    At::new(head(9), outcome)
}

pub(crate) fn start_response() -> JourneyStartResponse {
    JourneyStartResponse::new(run(), name(), format!("/api/v1/journeys/{RUN}"))
}

#[async_trait]
impl Engine for FakeEngine {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog)
    }

    fn capabilities(&self) -> EngineCapabilities {
        EngineCapabilities::all_in_memory()
    }

    async fn locate(&self, id: &JourneyId) -> Result<Arc<Definition>, EngineError> {
        self.note(Call::Locate(id.clone()))?;
        self.known(id)?;
        self.definition.clone().ok_or_else(EngineError::not_found)
    }

    async fn start(&self, request: StartRequest, caller: &Caller) -> Result<Started, EngineError> {
        self.note(Call::Start(request, caller.clone()))?;
        let (script, cookies) = (self.script.clone(), self.cookies());
        let reply = async move {
            if let Some(refusal) = script.late_refusal {
                return Err(refusal());
            }
            Ok(match script.start {
                StartMode::Async => StartReply::Started(At::new(head(7), start_response())),
                StartMode::Waiting => StartReply::Status(status()),
                StartMode::Ended => StartReply::Outcome {
                    outcome: if script.failed { failure() } else { outcome() },
                    cookies,
                },
            })
        };
        Ok(Started::new(run(), head(7), reply).with_replayed(self.script.replayed))
    }

    async fn submit_step(&self, request: SubmitStep, caller: &Caller) -> Result<Submitted, EngineError> {
        let run = request.journey_id.clone();
        self.note(Call::Submit(request, caller.clone()))?;
        self.known(&run)?;
        Ok(self.submitted(run, None))
    }

    async fn get_status(&self, id: &JourneyId, caller: &Caller) -> Result<At<JourneyStatus>, EngineError> {
        self.note(Call::Status(id.clone(), caller.clone()))?;
        self.known(id)?;
        let Some(log) = &self.script.log else { return Ok(status()) };
        log.guard().await;
        log.status()
    }

    async fn get_outcome(&self, id: &JourneyId, caller: &Caller) -> Result<At<JourneyOutcome>, EngineError> {
        self.note(Call::Outcome(id.clone(), caller.clone()))?;
        self.known(id)?;
        if let Some(log) = &self.script.log {
            return log.outcome();
        }
        Ok(if self.script.failed { failure() } else { outcome() })
    }

    async fn cancel(&self, request: Cancel, caller: &Caller) -> Result<Submitted, EngineError> {
        let run = request.journey_id.clone();
        self.note(Call::Cancel(request, caller.clone()))?;
        self.known(&run)?;
        Ok(self.submitted(run, None))
    }

    async fn call_api(&self, request: CallApi, caller: &Caller) -> Result<ApiReply, EngineError> {
        let refused = match &request.input {
            jf_core::CallInput::Refused(problem) => Some(problem.clone()),
            jf_core::CallInput::Body(_) => None,
        };
        self.note(Call::Api(request, caller.clone()))?;
        match (refused, &self.script.busy) {
            // An envelope of the definition's own around whatever was refused.
            (Some(problem), _) => {
                Ok(ApiReply::new(problem.status.unwrap_or(500), json!({ "sorry": problem.problem_type })))
            }
            (None, Some(busy)) => Err(busy()),
            (None, None) => {
                let mut reply =
                    self.script.api.clone().unwrap_or_else(|| ApiReply::new(200, json!({ "price": 7 })));
                reply.cookies = self.cookies();
                Ok(reply)
            }
        }
    }

    async fn list(&self, query: ListQuery, caller: &Caller) -> Result<Page<JourneyStatus>, EngineError> {
        self.note(Call::List(query, caller.clone()))?;
        Ok(Page::new(vec![status().document], self.script.next_page.clone()))
    }

    async fn events(
        &self,
        _id: &JourneyId,
        from: Cursor,
        _limit: NonZeroU32,
        _caller: &Caller,
    ) -> Result<Replay, EngineError> {
        let Some(log) = &self.script.log else { return Err(EngineError::unsupported("subscriptions")) };
        log.guard().await;
        log.events(&from)
    }

    async fn watch(&self, _id: &JourneyId) -> Result<HeadWatch, EngineError> {
        match &self.script.log {
            Some(log) => Ok(log.watch()),
            None => Err(EngineError::unsupported("subscriptions")),
        }
    }

    async fn take_cookies(&self, id: &JourneyId, caller: &Caller) -> Result<Vec<ClientCookie>, EngineError> {
        self.note(Call::Cookies(id.clone(), caller.clone()))?;
        if self.script.no_cookies {
            Err(EngineError::internal("the jar is stuck"))
        } else {
            Ok(self.cookies())
        }
    }

    async fn drain(&self, _deadline: Duration) -> DrainReport {
        DrainReport::default()
    }
}
