//! The engine itself, without a transport.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use jf_core::dsl::DefinitionName;
use jf_core::{
    At, CallApi, Caller, Cancel, Cursor, Engine, EngineError, EngineErrorKind, Event, IdempotencyKey,
    JourneyId, ListQuery, Phase, Replay, StartReply, StartRequest, StepRef, StepTarget, SubmitStep,
    Submitted,
};
use serde_json::Value;

use super::{
    Answer, ApiAnswer, CancelRun, Driver, DriverError, LoggedEvent, Request, Run, Seen, Start, Submit,
};
use crate::ClientError;
use crate::client::header_map;

/// Events asked for at once; small, so that paging is exercised.
const PAGE: NonZeroU32 = NonZeroU32::new(7).expect("7 is not 0");
/// The page size of HTTP-081.
const LISTED: NonZeroU32 = NonZeroU32::new(50).expect("50 is not 0");

/// Drives an engine in process, as a caller of the HTTP binding would appear to it.
#[derive(Clone)]
pub struct EngineDriver {
    engine: Arc<dyn Engine>,
}

impl EngineDriver {
    /// Drives `engine`.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine }
    }
}

impl fmt::Debug for EngineDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EngineDriver")
    }
}

#[async_trait]
impl Driver for EngineDriver {
    fn name(&self) -> &'static str {
        "engine"
    }

    async fn start(&self, start: Start) -> Result<Answer, DriverError> {
        let caller = caller(&start.request, Method::POST)?;
        let asked = async {
            let request = StartRequest::new(&start.journey, start.input)?.with_key(key(start.key)?);
            let started = self.engine.start(request, &caller).await?;
            let replayed = started.replayed;
            Ok((started.settled().await?, replayed))
        };
        let (reply, replayed) = match asked.await {
            Ok(answered) => answered,
            Err(error) => return Ok(refused(error)),
        };
        Ok(match reply {
            StartReply::Started(started) => Answer::Started(seen(started, replayed)?),
            StartReply::Status(status) => Answer::Status(seen(status, replayed)?),
            StartReply::Outcome { outcome, .. } => Answer::Outcome(seen(outcome, replayed)?),
            _ => return Err(unknown("a start reply of a new kind")),
        })
    }

    async fn submit(&self, submit: Submit) -> Result<Answer, DriverError> {
        let caller = caller(&submit.request, Method::POST)?;
        let submitted = async {
            let step = StepRef::parse(&submit.step).unwrap_or_else(|_| StepRef::Address(submit.step.into()));
            let request = SubmitStep::new(journey_id(&submit.run)?, StepTarget::Any(step), submit.payload)
                .with_key(key(submit.key)?)
                .with_if_head(submit.if_head.map(|head| vec![head.into()]));
            self.engine.submit_step(request, &caller).await
        };
        settle(submitted.await).await
    }

    async fn status(&self, run: &Run, request: &Request) -> Result<Answer, DriverError> {
        let caller = caller(request, Method::GET)?;
        let read = async { self.engine.get_status(&journey_id(run)?, &caller).await };
        match read.await {
            Ok(status) => Ok(Answer::Status(seen(status, false)?)),
            Err(error) => Ok(refused(error)),
        }
    }

    async fn outcome(&self, run: &Run, request: &Request) -> Result<Answer, DriverError> {
        let caller = caller(request, Method::GET)?;
        let read = async { self.engine.get_outcome(&journey_id(run)?, &caller).await };
        match read.await {
            Ok(outcome) => Ok(Answer::Outcome(seen(outcome, false)?)),
            Err(error) => Ok(refused(error)),
        }
    }

    async fn cancel(&self, cancel: CancelRun) -> Result<Answer, DriverError> {
        let caller = caller(&cancel.request, Method::POST)?;
        let cancelled = async {
            let request = Cancel::new(journey_id(&cancel.run)?)
                .with_key(key(cancel.key)?)
                .with_if_head(cancel.if_head.map(|head| vec![head.into()]));
            self.engine.cancel(request, &caller).await
        };
        settle(cancelled.await).await
    }

    async fn list(&self, parameters: &[(String, String)]) -> Result<Answer, DriverError> {
        let caller = caller(&Request::PLAIN, Method::GET)?;
        let listed = async { self.engine.list(query(parameters)?, &caller).await };
        match listed.await {
            Ok(page) => Ok(Answer::Page(json(&page)?)),
            Err(error) => Ok(refused(error)),
        }
    }

    async fn call_api(&self, api: &str, input: Value, request: &Request) -> Result<Answer, DriverError> {
        let caller = caller(request, Method::POST)?;
        let called = async {
            let name = DefinitionName::parse(api).map_err(|_| EngineError::not_found())?;
            self.engine.call_api(CallApi::new(name, input), &caller).await
        };
        let reply = match called.await {
            Ok(reply) => reply,
            Err(error) => return Ok(refused(error)),
        };
        Ok(Answer::Response(ApiAnswer { status: reply.status, headers: None, body: reply.body }))
    }

    async fn events(&self, run: &Run, after: u64) -> Result<Answer, DriverError> {
        let caller = caller(&Request::PLAIN, Method::GET)?;
        let Ok(id) = journey_id(run) else { return Ok(refused(EngineError::not_found())) };
        let mut cursor = Cursor { epoch: None, after };
        let mut events = Vec::new();
        loop {
            match self.engine.events(&id, cursor, PAGE, &caller).await {
                Err(error) => return Ok(refused(error)),
                Ok(Replay::Gone { reason, .. }) => {
                    return Err(unknown(format!("the log is not there from {after}: {}", reason.as_str())));
                }
                Ok(Replay::Events { items, more, head, .. }) => {
                    cursor = items.last().map_or_else(|| head.into(), |last| last.at.clone().into());
                    for item in items {
                        let kind = item.document.kind();
                        let document = match &item.document {
                            Event::Status(status) => json(status)?,
                            Event::Outcome(outcome) => json(outcome)?,
                        };
                        events.push(LoggedEvent { kind, at: item.at, document });
                    }
                    if !more {
                        return Ok(Answer::Events(events));
                    }
                }
            }
        }
    }
}

fn caller(request: &Request, method: Method) -> Result<Caller, DriverError> {
    let headers = header_map(&request.headers)?;
    Ok(Caller::request("http", method, "/").headers(headers).query(request.query.clone()).build())
}

fn journey_id(run: &Run) -> Result<JourneyId, EngineError> {
    JourneyId::parse(&run.id).map_err(|_| EngineError::not_found())
}

fn key(key: Option<String>) -> Result<Option<IdempotencyKey>, EngineError> {
    key.map(IdempotencyKey::parse).transpose().map_err(|error| {
        EngineError::new(EngineErrorKind::IdempotencyKeyInvalid).with_detail(error.to_string())
    })
}

fn query(parameters: &[(String, String)]) -> Result<ListQuery, EngineError> {
    let bad = |name: &str| EngineError::invalid_input(format!("the parameter {name} cannot be read"));
    let mut query = ListQuery::new(LISTED);
    for (name, value) in parameters {
        match name.as_str() {
            "journeyName" => {
                query.journey = Some(DefinitionName::parse(value.as_str()).map_err(|_| bad(name))?)
            }
            "phase" => {
                let phases = [Phase::Running, Phase::Succeeded, Phase::Failed];
                let phase = phases.into_iter().find(|phase| phase.as_str() == value);
                query.phase = Some(phase.ok_or_else(|| bad(name))?);
            }
            "tag" => query.tags.push(value.clone()),
            "pageSize" => query.page_size = value.parse().map_err(|_| bad(name))?,
            "pageToken" => query.page_token = Some(value.clone()),
            "includeCompensation" => query.include_compensation = value.parse().map_err(|_| bad(name))?,
            _ if ListQuery::ATTRIBUTES.contains(&name.as_str()) => {
                query.attributes.insert(name.clone(), value.clone());
            }
            _ => return Err(bad(name)),
        }
    }
    Ok(query)
}

async fn settle(submitted: Result<Submitted, EngineError>) -> Result<Answer, DriverError> {
    let settled = async {
        let submitted = submitted?;
        let replayed = submitted.replayed;
        Ok::<_, EngineError>((*submitted.settled().await?, replayed))
    };
    match settled.await {
        Ok((status, replayed)) => Ok(Answer::Status(seen(status, replayed)?)),
        Err(error) => Ok(refused(error)),
    }
}

fn refused(error: EngineError) -> Answer {
    Answer::Error(error.into_problem().into_value())
}

fn seen<T: serde::Serialize>(at: At<T>, replayed: bool) -> Result<Seen, DriverError> {
    Ok(Seen { document: json(&at.document)?, head: at.at, replayed, headers: None })
}

fn json<T: serde::Serialize>(document: &T) -> Result<Value, DriverError> {
    serde_json::to_value(document).map_err(|error| unknown(error.to_string()))
}

fn unknown(what: impl Into<String>) -> DriverError {
    ClientError::protocol(what).into()
}
