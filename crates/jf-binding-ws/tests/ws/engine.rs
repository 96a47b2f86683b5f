//! A small engine that a test holds in its hands: runs with a real log, answers that can be held back or refused.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jf_core::{
    ActiveStep, ApiReply, At, CallApi, Caller, Cancel, ClientCookie, Cursor, DrainReport, Engine,
    EngineCapabilities, EngineError, EngineErrorKind, Epoch, Event, GapReason, Head, HeadPublisher,
    HeadWatch, JourneyId, JourneyOutcome, JourneyStartResponse, JourneyStatus, ListQuery, Page, Phase,
    Replay, StartReply, StartRequest, Started, StepRef, StepTarget, StepType, SubmitStep, Submitted,
    Violation,
};
use jf_dsl::{Catalog, Definition, StartMode, StateId};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// The steps of `order`, one after the other.
const ORDER_STEPS: [&str; 3] = ["approve", "docs", "sign"];

pub(crate) struct ScriptedEngine {
    catalog: Mutex<Arc<Catalog>>,
    state: Mutex<State>,
    /// A reply needs a permit while `held`.
    replies: Arc<Semaphore>,
}

#[derive(Default)]
struct State {
    runs: HashMap<JourneyId, Run>,
    calls: Vec<String>,
    refusals: VecDeque<EngineError>,
    read_faults: VecDeque<EngineError>,
    held: bool,
    replayed: bool,
    /// `locate` of the n-th call takes so many milliseconds.
    slow_locates: VecDeque<u64>,
    /// What the n-th read of events has found is on its way for so many milliseconds.
    slow_reads: VecDeque<u64>,
    /// The next start ends at once.
    instant: bool,
    denied: bool,
    /// Milliseconds after which guarded operations are refused as not found (ENG-113).
    silence: u64,
    last_caller: Option<Caller>,
    last_reader: Option<Caller>,
    reads: usize,
    pad: usize,
}

struct Run {
    definition: Arc<Definition>,
    epoch: Epoch,
    log: Vec<Event>,
    forgotten: u64,
    position: usize,
    publisher: HeadPublisher,
    keys: HashMap<String, Value>,
}

impl ScriptedEngine {
    pub(crate) fn new(catalog: Arc<Catalog>) -> Arc<Self> {
        let replies = Arc::new(Semaphore::new(0));
        Arc::new(Self { catalog: Mutex::new(catalog), state: Mutex::default(), replies })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Replaces what is deployed.
    pub(crate) fn deploy(&self, catalog: Arc<Catalog>) {
        *self.catalog.lock().unwrap() = catalog;
    }

    /// What was asked since the last time, in the order of first polls.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    /// Who asked last.
    pub(crate) fn last_caller(&self) -> Caller {
        self.state().last_caller.clone().expect("somebody asked")
    }

    /// Who has read last, or was about to.
    pub(crate) fn last_reader(&self) -> Caller {
        self.state().last_reader.clone().expect("somebody has read")
    }

    /// Guarded reads so far.
    pub(crate) fn reads(&self) -> usize {
        self.state().reads
    }

    /// The next commands are refused with these.
    pub(crate) fn refuse(&self, errors: impl IntoIterator<Item = EngineError>) {
        self.state().refusals.extend(errors);
    }

    /// The next guarded reads fail with these.
    pub(crate) fn fail_reads(&self, errors: impl IntoIterator<Item = EngineError>) {
        self.state().read_faults.extend(errors);
    }

    /// Replies wait until [`ScriptedEngine::let_go`].
    pub(crate) fn hold(&self) {
        self.state().held = true;
    }

    pub(crate) fn let_go(&self, replies: usize) {
        self.replies.add_permits(replies);
    }

    pub(crate) fn replay(&self) {
        self.state().replayed = true;
    }

    pub(crate) fn end_at_once(&self) {
        self.state().instant = true;
    }

    pub(crate) fn slow_locates(&self, millis: impl IntoIterator<Item = u64>) {
        self.state().slow_locates.extend(millis);
    }

    pub(crate) fn slow_reads(&self, millis: impl IntoIterator<Item = u64>) {
        self.state().slow_reads.extend(millis);
    }

    /// The read guard of every run denies from now on.
    pub(crate) fn deny(&self) {
        self.state().denied = true;
    }

    /// What a guard stands before is refused as not found so many milliseconds after it was asked for.
    pub(crate) fn keep_silent(&self, millis: u64) {
        self.state().silence = millis;
    }

    async fn silently<T>(&self, result: Result<T, EngineError>) -> Result<T, EngineError> {
        if matches!(&result, Err(error) if error.kind() == EngineErrorKind::NotFound) {
            let silence = self.state().silence;
            if silence > 0 {
                tokio::time::sleep(Duration::from_millis(silence)).await;
            }
        }
        result
    }

    /// Outcomes and statuses carry so many bytes more.
    pub(crate) fn pad(&self, bytes: usize) {
        self.state().pad = bytes;
    }

    /// A run of a journey, waiting at its first step (seq 1, as of `e1`).
    pub(crate) fn run(&self, journey: &str) -> JourneyId {
        let definition = Arc::clone(&self.catalog().journey(journey).expect("deployed").definition);
        self.create(&definition)
    }

    fn create(&self, definition: &Arc<Definition>) -> JourneyId {
        let mut state = self.state();
        let id = JourneyId::parse(format!("run-{}", state.runs.len() + 1)).unwrap();
        let run = Run {
            definition: Arc::clone(definition),
            epoch: epoch("e1"),
            log: Vec::new(),
            forgotten: 0,
            position: 0,
            publisher: HeadPublisher::new(0),
            keys: HashMap::new(),
        };
        state.runs.insert(id.clone(), run);
        state.commit(&id, Phase::Running);
        id
    }

    /// Something happens that makes a status.
    pub(crate) fn commit(&self, run: &JourneyId) {
        self.state().commit(run, Phase::Running);
    }

    /// The run ends.
    pub(crate) fn finish(&self, run: &JourneyId) {
        self.state().commit(run, Phase::Succeeded);
    }

    /// The same as [`ScriptedEngine::commit`], but the wake-up is lost.
    pub(crate) fn commit_silently(&self, run: &JourneyId) {
        self.state().log(run, Phase::Running);
    }

    /// The same as [`ScriptedEngine::finish`], but the wake-up is lost.
    pub(crate) fn finish_silently(&self, run: &JourneyId) {
        self.state().log(run, Phase::Succeeded);
    }

    pub(crate) fn forget_until(&self, run: &JourneyId, seq: u64) {
        self.state().run(run).unwrap().forgotten = seq;
    }

    pub(crate) fn new_epoch(&self, run: &JourneyId, name: &str) {
        self.state().run(run).unwrap().epoch = epoch(name);
    }

    pub(crate) fn remove(&self, run: &JourneyId) {
        let removed = self.state().runs.remove(run).expect("a run");
        removed.publisher.remove();
    }

    pub(crate) fn is_watched(&self, run: &JourneyId) -> bool {
        self.state().run(run).is_ok_and(|run| run.publisher.is_watched())
    }

    pub(crate) fn head(&self, run: &JourneyId) -> u64 {
        self.state().run(run).unwrap().log.len() as u64
    }

    fn note(&self, call: String, caller: &Caller) -> Result<(), EngineError> {
        let mut state = self.state();
        state.calls.push(call);
        state.last_caller = Some(caller.clone());
        state.refusals.pop_front().map_or(Ok(()), Err)
    }

    /// What stands before every guarded read.
    fn guard(&self, caller: &Caller) -> Result<MutexGuard<'_, State>, EngineError> {
        let mut state = self.state();
        state.last_reader = Some(caller.clone());
        state.reads += 1;
        if let Some(error) = state.read_faults.pop_front() {
            return Err(error);
        }
        if state.denied { Err(EngineError::not_found()) } else { Ok(state) }
    }

    /// The events of a run after a place in its log, for who may read them.
    fn read_events(
        &self,
        id: &JourneyId,
        from: Cursor,
        limit: NonZeroU32,
        caller: &Caller,
    ) -> Result<Replay, EngineError> {
        let mut state = self.guard(caller)?;
        let run = state.run(id)?;
        let (head, ended) = (run.head(), run.ended());
        let other_log = from.epoch.is_some_and(|epoch| epoch != run.epoch) || from.after > head.seq;
        if other_log || from.after < run.forgotten {
            let reason = if other_log { GapReason::Epoch } else { GapReason::Retention };
            return Ok(Replay::Gone { oldest: run.forgotten + 1, head, reason, ended });
        }
        let after = usize::try_from(from.after).unwrap();
        let events = run.log.iter().enumerate().skip(after).take(limit.get() as usize);
        let items: Vec<_> = events
            .map(|(index, event)| At::new(Head::new(run.epoch.clone(), index as u64 + 1), event.clone()))
            .collect();
        let more = after + items.len() < run.log.len();
        Ok(Replay::Events { items, head, more, ended })
    }

    fn read_status(&self, id: &JourneyId, caller: &Caller) -> Result<At<JourneyStatus>, EngineError> {
        let mut state = self.guard(caller)?;
        state.last_caller = Some(caller.clone());
        let pad = state.pad;
        let run = state.run(id)?;
        let phase = if run.ended() { Phase::Succeeded } else { Phase::Running };
        Ok(At::new(run.head(), run.status(id, phase, pad)))
    }

    fn read_outcome(&self, id: &JourneyId, caller: &Caller) -> Result<At<JourneyOutcome>, EngineError> {
        let mut state = self.guard(caller)?;
        let run = state.run(id)?;
        match run.log.last() {
            Some(Event::Outcome(outcome)) => Ok(At::new(run.head(), outcome.clone())),
            _ => Err(EngineError::new(EngineErrorKind::NotTerminal)),
        }
    }

    fn end_early(&self, id: &JourneyId, caller: &Caller) -> Result<(Head, JourneyStatus), EngineError> {
        self.note(format!("cancel {id}"), caller)?;
        let mut state = self.guard(caller)?;
        let run = state.run(id)?;
        if !run.definition.spec.lifecycle.cancellable {
            return Err(EngineError::new(EngineErrorKind::NotCancellable));
        }
        let ended = run.ended();
        let status = run.status(id, Phase::Failed, 0);
        let at = if ended { run.head() } else { state.commit(id, Phase::Failed) };
        Ok((at, status))
    }

    fn reply<T: Send + 'static>(
        &self,
        reply: T,
    ) -> impl Future<Output = Result<T, EngineError>> + Send + 'static {
        let gate = self.state().held.then(|| Arc::clone(&self.replies));
        async move {
            if let Some(gate) = gate {
                gate.acquire().await.unwrap().forget();
            }
            Ok(reply)
        }
    }
}

impl State {
    fn run(&mut self, id: &JourneyId) -> Result<&mut Run, EngineError> {
        self.runs.get_mut(id).ok_or_else(EngineError::not_found)
    }

    fn commit(&mut self, id: &JourneyId, phase: Phase) -> Head {
        let head = self.log(id, phase);
        let publisher = &self.runs[id].publisher;
        if phase.is_final() {
            publisher.publish_end(head.seq);
        } else {
            publisher.publish(head.seq);
        }
        head
    }

    /// Writes the log and wakes nobody.
    fn log(&mut self, id: &JourneyId, phase: Phase) -> Head {
        let pad = self.pad;
        let run = self.runs.get_mut(id).expect("a run");
        if phase.is_final() {
            let name = run.definition.name().clone();
            let output = json!({ "pad": "x".repeat(pad) });
            let outcome = JourneyOutcome::new(id.clone(), name, phase, "OK", output);
            run.log.push(Event::Outcome(outcome));
        } else {
            run.log.push(Event::Status(run.status(id, phase, pad)));
        }
        run.head()
    }
}

impl Run {
    fn head(&self) -> Head {
        Head::new(self.epoch.clone(), self.log.len() as u64)
    }

    fn ended(&self) -> bool {
        matches!(self.log.last(), Some(Event::Outcome(_)))
    }

    fn steps(&self) -> &'static [&'static str] {
        if self.definition.name().as_str() == "order" { &ORDER_STEPS } else { &ORDER_STEPS[..1] }
    }

    fn status(&self, id: &JourneyId, phase: Phase, pad: usize) -> JourneyStatus {
        let current = self.steps().get(self.position).filter(|_| !phase.is_final());
        let state = state_id(current.copied().unwrap_or("done"));
        let at = jiff::Timestamp::UNIX_EPOCH;
        let mut status = JourneyStatus::new(id.clone(), self.definition.name().clone(), phase, state, at);
        if let Some(step) = current {
            status.active_steps.push(ActiveStep::new(state_id(step), StepType::Wait));
        }
        if pad > 0 {
            status.tags.push("x".repeat(pad));
        }
        status
    }
}

fn epoch(name: &str) -> Epoch {
    Epoch::parse(name).unwrap()
}

fn state_id(name: &str) -> StateId {
    StateId::parse(name).unwrap()
}

#[async_trait]
impl Engine for ScriptedEngine {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.lock().unwrap())
    }

    fn capabilities(&self) -> EngineCapabilities {
        EngineCapabilities::all_in_memory()
    }

    async fn locate(&self, id: &JourneyId) -> Result<Arc<Definition>, EngineError> {
        let pause = self.state().slow_locates.pop_front();
        if let Some(millis) = pause {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        Ok(Arc::clone(&self.state().run(id)?.definition))
    }

    async fn start(&self, request: StartRequest, caller: &Caller) -> Result<Started, EngineError> {
        self.note(format!("start {} {}", request.journey, request.input), caller)?;
        if !request.input.is_object() {
            return Err(EngineError::invalid_input("the body must be an object"));
        }
        let definition = Arc::clone(&self.catalog().journey(request.journey.as_str()).unwrap().definition);
        let id = self.create(&definition);
        let (replayed, instant) = {
            let state = self.state();
            (state.replayed, state.instant)
        };
        if instant {
            self.finish(&id);
        }
        let reply = {
            let mut state = self.state();
            let pad = state.pad;
            let run = state.run(&id)?;
            let at = run.head();
            match (definition.spec.lifecycle.start_mode, run.log.last()) {
                (StartMode::Async, _) => StartReply::Started(At::new(
                    Head::new(run.epoch.clone(), 1),
                    JourneyStartResponse::new(id.clone(), request.journey, format!("/api/v1/journeys/{id}")),
                )),
                (_, Some(Event::Outcome(outcome))) => {
                    StartReply::Outcome { outcome: At::new(at, outcome.clone()), cookies: Vec::new() }
                }
                _ => StartReply::Status(At::new(at, run.status(&id, Phase::Running, pad))),
            }
        };
        let at = Head::new(epoch("e1"), 1);
        Ok(Started::new(id, at, self.reply(reply)).with_replayed(replayed))
    }

    async fn submit_step(&self, request: SubmitStep, caller: &Caller) -> Result<Submitted, EngineError> {
        let id = request.journey_id;
        self.note(format!("submit {id} {}", request.payload), caller)?;
        // A submission that the engine holds back (ENG-059).
        assert_ne!(request.payload, json!("panic"), "as asked for");
        if request.payload == json!("early") {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        let StepTarget::Covered { given, ids } = request.target else {
            return Err(EngineError::internal("not covered"));
        };
        let (step, status, at, replayed) = {
            let mut state = self.state();
            let (pad, replayed) = (state.pad, state.replayed);
            let run = state.run(&id)?;
            if let Some(key) = &request.key
                && run
                    .keys
                    .insert(key.as_str().to_owned(), request.payload.clone())
                    .is_some_and(|old| old != request.payload)
            {
                return Err(EngineError::new(EngineErrorKind::IdempotencyMismatch));
            }
            let active = run.steps().get(run.position).filter(|_| !run.ended()).map(|step| state_id(step));
            let named = |step: &StateId| match &given {
                Some(StepRef::Id(id)) => id == step,
                Some(StepRef::Address(address)) => address.rsplit('~').next() == Some(step.as_str()),
                None => ids.contains(step),
            };
            let Some(step) = active.filter(named) else {
                return Err(EngineError::new(EngineErrorKind::StepNotActive));
            };
            if let Some(heads) = &request.if_head
                && !heads.iter().any(|condition| condition.matches(&run.head()))
            {
                return Err(EngineError::new(EngineErrorKind::SeqMismatch).with("head", run.head().seq));
            }
            if request.payload.get("invalid").is_some() {
                let violation = Violation {
                    pointer: "/invalid".into(),
                    keyword: "false".into(),
                    detail: "not allowed".into(),
                };
                return Err(EngineError::schema_violation("the payload does not fit", vec![violation]));
            }
            run.position += 1;
            let phase = if run.position == run.steps().len() { Phase::Succeeded } else { Phase::Running };
            let mut status = run.status(&id, phase, pad);
            status.projection.insert("projected".into(), Value::from(true));
            let at = state.commit(&id, phase);
            (step, status, at, replayed)
        };
        let reply = self.reply(At::new(at.clone(), status));
        Ok(Submitted::new(id, Some(StepRef::Id(step)), at, reply).with_replayed(replayed))
    }

    async fn get_status(&self, id: &JourneyId, caller: &Caller) -> Result<At<JourneyStatus>, EngineError> {
        let read = self.read_status(id, caller);
        self.silently(read).await
    }

    async fn get_outcome(&self, id: &JourneyId, caller: &Caller) -> Result<At<JourneyOutcome>, EngineError> {
        let read = self.read_outcome(id, caller);
        self.silently(read).await
    }

    async fn cancel(&self, request: Cancel, caller: &Caller) -> Result<Submitted, EngineError> {
        let cancelled = self.end_early(&request.journey_id, caller);
        let (at, status) = self.silently(cancelled).await?;
        let reply = self.reply(At::new(at.clone(), status));
        Ok(Submitted::new(request.journey_id, None, at, reply))
    }

    async fn call_api(&self, _: CallApi, _: &Caller) -> Result<ApiReply, EngineError> {
        Err(EngineError::unsupported("Apis"))
    }

    async fn list(&self, _: ListQuery, _: &Caller) -> Result<Page<JourneyStatus>, EngineError> {
        Err(EngineError::unsupported("list"))
    }

    async fn events(
        &self,
        id: &JourneyId,
        from: Cursor,
        limit: NonZeroU32,
        caller: &Caller,
    ) -> Result<Replay, EngineError> {
        let found = self.read_events(id, from, limit, caller);
        let pause = self.state().slow_reads.pop_front();
        if let Some(millis) = pause {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        self.silently(found).await
    }

    async fn watch(&self, id: &JourneyId) -> Result<HeadWatch, EngineError> {
        Ok(self.state().run(id)?.publisher.watch())
    }

    async fn take_cookies(&self, _: &JourneyId, _: &Caller) -> Result<Vec<ClientCookie>, EngineError> {
        Ok(Vec::new())
    }

    async fn drain(&self, _: Duration) -> DrainReport {
        DrainReport::new(0)
    }
}
