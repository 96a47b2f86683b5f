//! An engine of one's own: every run parks at the first external-input state of its definition and ends with the first
//! submission, whatever the definition says comes after.
//!
//! That is useless as a workflow engine and complete as an implementation of [`Engine`]: it honours every sentence of the
//! trait's contract, so that the HTTP and WebSocket bindings work over it unchanged. Replace the `BTreeMap` by your own
//! platform and the two methods of `Run` by your own semantics.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jf_core::{
    ActiveStep, ApiReply, At, CallApi, Caller, Cancel, ClientCookie, Cursor, DrainReport, Engine,
    EngineCapabilities, EngineError, EngineErrorKind, Epoch, Event, GapReason, Head, HeadCondition,
    HeadPublisher, HeadWatch, JourneyId, JourneyOutcome, JourneyStatus, Link, Links, ListQuery, OutcomeError,
    Page, Phase, Replay, StartReply, StartRequest, Started, StepRef, StepTarget, StepType, SubmitStep,
    Submitted,
};
use jf_dsl::{Catalog, Definition, Loaded, StateId};
use jiff::Timestamp;
use serde_json::Value;

/// The engine. All of it is one map behind one lock; no method holds the lock across an `await`.
#[derive(Debug)]
pub struct Desk {
    catalog: Arc<Catalog>,
    epoch: Epoch,
    runs: Mutex<BTreeMap<JourneyId, Run>>,
    draining: AtomicBool,
}

#[derive(Debug)]
struct Run {
    loaded: Arc<Loaded>,
    step: StateId,
    /// Event n of the log has number n + 1 (ENG-106).
    log: Vec<Event>,
    watchers: HeadPublisher,
}

impl Desk {
    /// An engine that serves the journeys of `catalog`.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>) -> Self {
        // The runs live in this process only, so each start of it begins a new log (ENG-108).
        Self { catalog, epoch: Epoch::random(), runs: Mutex::default(), draining: AtomicBool::new(false) }
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<JourneyId, Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_commands(&self) -> Result<(), EngineError> {
        if self.draining.load(Ordering::Acquire) {
            return Err(EngineError::new(EngineErrorKind::Draining).with_retry_after(Duration::from_secs(1)));
        }
        Ok(())
    }

    fn read<T>(&self, id: &JourneyId, read: impl FnOnce(&Run) -> T) -> Result<T, EngineError> {
        self.runs().get(id).map(read).ok_or_else(EngineError::not_found)
    }

    fn head(&self, run: &Run) -> Head {
        Head::new(self.epoch.clone(), run.log.len() as u64)
    }

    fn precondition(&self, run: &Run, wanted: Option<&[HeadCondition]>) -> Result<(), EngineError> {
        let head = self.head(run);
        match wanted {
            Some(wanted) if !wanted.iter().any(|condition| condition.matches(&head)) => {
                Err(EngineError::new(EngineErrorKind::SeqMismatch).with("head", head.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Ends a run, if it is still waiting, and answers with its status.
    fn end(
        &self,
        id: &JourneyId,
        step: Option<StepRef>,
        judge: impl FnOnce(&Run) -> Result<Option<JourneyOutcome>, EngineError>,
    ) -> Result<Submitted, EngineError> {
        let mut runs = self.runs();
        let run = runs.get_mut(id).ok_or_else(EngineError::not_found)?;
        if let Some(outcome) = judge(run)? {
            run.log.push(Event::Outcome(outcome));
            run.watchers.publish_end(run.log.len() as u64);
        }
        let reply = At::new(self.head(run), run.status());
        Ok(Submitted::ready(id.clone(), step, reply.at.clone(), reply))
    }
}

fn refuse_key(key: Option<&jf_core::IdempotencyKey>) -> Result<(), EngineError> {
    // Better refused than ignored: a caller with a key relies on exactly one effect.
    key.map_or(Ok(()), |_| Err(EngineError::unsupported("idempotency keys")))
}

fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Run {
    fn definition(&self) -> &Arc<Definition> {
        &self.loaded.definition
    }

    fn status(&self) -> JourneyStatus {
        let mut status = self.created();
        if let Some(outcome) = self.outcome() {
            status.phase = outcome.phase;
            status.active_steps.clear();
            if let Some(links) = &mut status.links {
                links.remove(self.step.as_str());
                links.remove("cancel");
            }
        }
        status
    }

    fn created(&self) -> JourneyStatus {
        match self.log.first() {
            Some(Event::Status(status)) => status.clone(),
            _ => unreachable!("a log begins with the status of its creation"),
        }
    }

    fn outcome(&self) -> Option<&JourneyOutcome> {
        match self.log.last() {
            Some(Event::Outcome(outcome)) => Some(outcome),
            _ => None,
        }
    }

    fn ended(&self, phase: Phase, output: Value) -> JourneyOutcome {
        let created = self.created();
        let id = created.journey_id.clone();
        let mut outcome =
            JourneyOutcome::new(id.clone(), created.journey_name, phase, phase.as_str(), output);
        outcome.links = created.links.map(|_| {
            let href = format!("/api/v1/journeys/{id}/result");
            Links::from_iter([("self", Link::get(href))])
        });
        outcome
    }

    /// Whether the request means the one step there is (RT-6, ENG-042).
    fn is_meant(&self, target: &StepTarget) -> bool {
        match target {
            StepTarget::Any(StepRef::Id(id)) => *id == self.step,
            StepTarget::Any(StepRef::Address(_)) => false,
            StepTarget::Covered { given: Some(given), .. } => self.is_meant(&StepTarget::Any(given.clone())),
            StepTarget::Covered { given: None, ids } => ids.contains(&self.step),
        }
    }
}

#[async_trait]
impl Engine for Desk {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog)
    }

    fn capabilities(&self) -> EngineCapabilities {
        EngineCapabilities::minimal().with_events(true)
    }

    async fn locate(&self, id: &JourneyId) -> Result<Arc<Definition>, EngineError> {
        self.read(id, |run| Arc::clone(run.definition()))
    }

    async fn start(&self, request: StartRequest, _caller: &Caller) -> Result<Started, EngineError> {
        self.take_commands()?;
        let loaded = self.catalog.journey(request.journey.as_str()).ok_or_else(EngineError::not_found)?;
        refuse_key(request.key.as_ref())?;
        let definition = &loaded.definition;
        if definition.spec.access.read.as_ref().is_some_and(|read| read.guard_ref.is_some()) {
            // Ignoring it would show its runs to everybody.
            return Err(EngineError::unsupported("read guards"));
        }
        if !request.input.is_object() {
            return Err(EngineError::invalid_input("the input of a journey is a JSON object"));
        }
        if let Some(schema) = definition.input_schema() {
            let checked = loaded.schemas.get(schema).check(&request.input);
            checked.map_err(|found| {
                EngineError::schema_violation(
                    "the input does not match",
                    found.into_iter().map(Into::into).collect(),
                )
            })?;
        }
        let waiting = definition.spec.states.iter().find_map(|(id, state)| {
            let step_type = match state {
                jf_dsl::State::Wait(_) => StepType::Wait,
                jf_dsl::State::Webhook(_) => StepType::Webhook,
                _ => return None,
            };
            Some((id.clone(), step_type))
        });
        let (step, step_type) =
            waiting.ok_or_else(|| EngineError::unsupported("journeys that wait for nobody"))?;

        let id = JourneyId::random();
        let name = definition.name().clone();
        let mut status = JourneyStatus::new(id.clone(), name, Phase::Running, step.clone(), now());
        status.active_steps.push(ActiveStep::new(step.clone(), step_type));
        status.links = definition.spec.http_surface.links.enabled.then(|| {
            let base = format!("/api/v1/journeys/{id}");
            Links::from_iter([
                ("self", Link::get(&*base)),
                ("result", Link::get(format!("{base}/result"))),
                (step.as_str(), Link::post(format!("{base}/steps/{step}"))),
                ("cancel", Link::post(format!("{base}/steps/cancel"))),
            ])
        });
        let log = vec![Event::Status(status.clone())];
        let run = Run { loaded: Arc::clone(loaded), step, log, watchers: HeadPublisher::new(1) };
        let at = self.head(&run);
        self.runs().insert(id.clone(), run);
        let reply = StartReply::Status(At::new(at.clone(), status));
        Ok(Started::new(id, at, async move { Ok(reply) }))
    }

    async fn submit_step(&self, request: SubmitStep, _caller: &Caller) -> Result<Submitted, EngineError> {
        self.take_commands()?;
        // The order of checks is that of HTTP-023: run, key, step, precondition, body.
        let step = self.read(&request.journey_id, |run| run.step.clone())?;
        refuse_key(request.key.as_ref())?;
        self.end(&request.journey_id, Some(StepRef::Id(step)), |run| {
            if run.outcome().is_some() || !run.is_meant(&request.target) {
                return Err(EngineError::new(EngineErrorKind::StepNotActive));
            }
            self.precondition(run, request.if_head.as_deref())?;
            let state = run.definition().state(run.step.as_str()).and_then(|state| state.external_input());
            let input = state.expect("a run waits at an external-input state");
            let checked = run.loaded.schemas.get(&input.input.schema).check(&request.payload);
            checked.map_err(|found| {
                EngineError::schema_violation(
                    "the payload does not match",
                    found.into_iter().map(Into::into).collect(),
                )
            })?;
            Ok(Some(run.ended(Phase::Succeeded, request.payload)))
        })
    }

    async fn get_status(&self, id: &JourneyId, _caller: &Caller) -> Result<At<JourneyStatus>, EngineError> {
        self.read(id, |run| At::new(self.head(run), run.status()))
    }

    async fn get_outcome(&self, id: &JourneyId, _caller: &Caller) -> Result<At<JourneyOutcome>, EngineError> {
        self.read(id, |run| {
            let outcome = run.outcome().ok_or_else(|| EngineError::new(EngineErrorKind::NotTerminal))?;
            Ok(At::new(self.head(run), outcome.clone()))
        })?
    }

    async fn cancel(&self, request: Cancel, _caller: &Caller) -> Result<Submitted, EngineError> {
        self.take_commands()?;
        self.read(&request.journey_id, |_| ())?;
        refuse_key(request.key.as_ref())?;
        self.end(&request.journey_id, None, |run| {
            if run.outcome().is_some() {
                return Ok(None);
            }
            if !run.definition().spec.lifecycle.cancellable {
                return Err(EngineError::new(EngineErrorKind::NotCancellable));
            }
            self.precondition(run, request.if_head.as_deref())?;
            let mut outcome = run.ended(Phase::Failed, Value::Null);
            outcome.error = Some(OutcomeError::new("JOURNEY_CANCELLED", "Cancelled by user", None));
            Ok(Some(outcome))
        })
    }

    async fn call_api(&self, _request: CallApi, _caller: &Caller) -> Result<ApiReply, EngineError> {
        Err(EngineError::unsupported("Apis"))
    }

    async fn list(&self, _query: ListQuery, _caller: &Caller) -> Result<Page<JourneyStatus>, EngineError> {
        Err(EngineError::unsupported("listing"))
    }

    async fn events(
        &self,
        id: &JourneyId,
        from: Cursor,
        limit: NonZeroU32,
        _caller: &Caller,
    ) -> Result<Replay, EngineError> {
        self.read(id, |run| {
            let (head, ended) = (self.head(run), run.outcome().is_some());
            let foreign = from.epoch.is_some_and(|epoch| epoch != self.epoch);
            if foreign || from.after > head.seq {
                return Replay::Gone { oldest: 1, head, reason: GapReason::Epoch, ended };
            }
            let rest = run.log.iter().enumerate().skip(usize::try_from(from.after).unwrap_or(usize::MAX));
            let at = |index: usize| Head::new(self.epoch.clone(), index as u64 + 1);
            let items: Vec<_> = rest
                .take(limit.get() as usize)
                .map(|(index, event)| At::new(at(index), event.clone()))
                .collect();
            let more = from.after + (items.len() as u64) < head.seq;
            Replay::Events { items, head, more, ended }
        })
    }

    async fn watch(&self, id: &JourneyId) -> Result<HeadWatch, EngineError> {
        self.read(id, |run| run.watchers.watch())
    }

    async fn take_cookies(&self, id: &JourneyId, _caller: &Caller) -> Result<Vec<ClientCookie>, EngineError> {
        self.read(id, |_| Vec::new())
    }

    async fn drain(&self, _deadline: Duration) -> DrainReport {
        // Nothing is ever in motion here: every command is finished when it returns.
        self.draining.store(true, Ordering::Release);
        DrainReport::new(0)
    }
}
