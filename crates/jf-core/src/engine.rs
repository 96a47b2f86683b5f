//! The one trait between bindings and engines.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jf_dsl::{Catalog, Definition};

use crate::{
    ApiReply, At, CallApi, Caller, Cancel, ClientCookie, Cursor, EngineError, HeadWatch, JourneyId,
    JourneyOutcome, JourneyStatus, ListQuery, Page, Replay, StartRequest, Started, SubmitStep, Submitted,
};

/// What an engine offers beyond the operations every engine has.
///
/// An operation whose ability is `false` answers [`Unsupported`](crate::EngineErrorKind::Unsupported), never a pretence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EngineCapabilities {
    /// Runs survive a restart of the process.
    pub durable: bool,
    /// `list` works.
    pub list: bool,
    /// Caller keys are honoured (ENG-050). Where not, a command with a key is refused.
    pub idempotency: bool,
    /// `events` and `watch` work, so that runs can be subscribed.
    pub events: bool,
    /// Read guards are evaluated (ENG-110). Where not, a start of a definition that declares one is refused: its runs would be open to
    /// everybody.
    pub read_guards: bool,
}

impl EngineCapabilities {
    /// Nothing but the operations every engine has.
    #[must_use]
    pub const fn minimal() -> Self {
        Self { durable: false, list: false, idempotency: false, events: false, read_guards: false }
    }

    /// Everything this version of the interface knows, in memory.
    #[must_use]
    pub const fn all_in_memory() -> Self {
        Self { durable: false, list: true, idempotency: true, events: true, read_guards: true }
    }

    /// Whether runs survive a restart of the process.
    #[must_use]
    pub const fn with_durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Whether `list` works.
    #[must_use]
    pub const fn with_list(mut self, list: bool) -> Self {
        self.list = list;
        self
    }

    /// Whether caller keys are honoured.
    #[must_use]
    pub const fn with_idempotency(mut self, idempotency: bool) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// Whether `events` and `watch` work.
    #[must_use]
    pub const fn with_events(mut self, events: bool) -> Self {
        self.events = events;
        self
    }

    /// Whether read guards are evaluated.
    #[must_use]
    pub const fn with_read_guards(mut self, read_guards: bool) -> Self {
        self.read_guards = read_guards;
        self
    }
}

/// What was left when a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DrainReport {
    /// Runs that were still in motion at the deadline; a durable engine resumes them on the next start.
    pub in_motion: usize,
}

impl DrainReport {
    /// A report.
    #[must_use]
    pub const fn new(in_motion: usize) -> Self {
        Self { in_motion }
    }
}

/// The logical operations of ENG-001. Bindings call nothing else, and an engine need offer nothing else.
///
/// # Contract
///
/// 1. **Dropping any future of this trait neither stops nor undoes anything.** A caller that goes away changes no run. Whether
///    a command dropped before it was admitted has an effect is unknown.
/// 2. **Admitted means durable.** When [`start`](Self::start), [`submit_step`](Self::submit_step) or
///    [`cancel`](Self::cancel) return `Ok`, their commit is as durable as the engine's store is (ENG-100), and its events are
///    readable. `settled()` of the reply waits for the document to answer with.
/// 3. **One order per run.** Changes to one run are totally ordered by commit; events are numbered from 1 without a hole, the
///    outcome is the last one (ENG-106). Commands given one after the other by one caller for one run are applied in that order,
///    where a command is given when its future is polled for the first time: a binding need not wait until one is admitted
///    before it gives the next (ORD-1). A submission that is held (ENG-059) delays none behind it.
/// 4. **Exactly one of racing commands wins**: a submission, a time-out, a cancellation and the deadline of one activation
///    never both apply (ENG-045).
/// 5. **Reads show the head.** Documents read at one `seq` are equal, on whatever binding and by whatever operation, except
///    for the `projection` of a status that answers a command (ENG-048).
/// 6. **Absence, removal and denial look alike**: [`EngineError::not_found`] in every member (ENG-113).
/// 7. **A refused command has no effect**, [`Internal`](crate::EngineErrorKind::Internal) excepted, where it is unknown
///    (ENG-143).
/// 8. Documents carry `_links` built from the engine's configured base, if the definition has them on (HTTP-053, HTTP-054).
///
/// Checks of a command happen in the order of HTTP-023: run, key, step, precondition, body.
///
/// An engine runs in whatever runtime it likes; callers may await its futures on any executor its documentation allows.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// The deployed definitions, as a snapshot. Cheap; called about once per request. As long as nothing is deployed it is the
    /// same `Arc`, by which bindings recognise that their tables are still right.
    fn catalog(&self) -> Arc<Catalog>;

    /// Whether `catalog` is what [`Engine::catalog`] gives now. Bindings ask at every request; an engine that can tell without handing
    /// out a reference, which all threads count, answers faster than this.
    fn is_current(&self, catalog: &Arc<Catalog>) -> bool {
        Arc::ptr_eq(catalog, &self.catalog())
    }

    /// What this engine offers. Constant for its life.
    fn capabilities(&self) -> EngineCapabilities;

    /// The definition version a run belongs to. Unguarded: for routing only, never shown to clients (RT-5, HTTP-006).
    ///
    /// Refusals of guarded operations may be held back, so that absence and denial take equally long (ENG-113); this one is not. A
    /// binding that finds no run, or one it does not show, asks for what it was asked all the same: of the id as it is, or of
    /// [one that is nobody's](JourneyId::random).
    ///
    /// # Errors
    /// NotFound.
    async fn locate(&self, journey_id: &JourneyId) -> Result<Arc<Definition>, EngineError>;

    /// Whether a run compensates another one (ENG-094): its states are those of `spec.compensation`. Unguarded: for what shows runs to operators.
    /// An engine without compensation need not say anything.
    ///
    /// # Errors
    /// NotFound.
    async fn is_compensation(&self, journey_id: &JourneyId) -> Result<bool, EngineError> {
        self.locate(journey_id).await.map(|_| false)
    }

    /// Creates a run (ENG-002 to ENG-007).
    ///
    /// Order of checks: definition, known key, object body, projections of `spec.bindings.<caller.transport()>`,
    /// `input.schema`, metadata limits. Nothing is created when one fails. The read guard does not apply (ENG-051).
    ///
    /// # Errors
    /// NotFound (unknown journey), InvalidInput, Limited, Unavailable, Internal.
    async fn start(&self, request: StartRequest, caller: &Caller) -> Result<Started, EngineError>;

    /// Submits input to a waiting step (ENG-040 to ENG-059). The step stays active when the payload is refused (ENG-044).
    ///
    /// # Errors
    /// NotFound, InvalidInput (all violations listed), Conflict (`step-not-active`, `step-ambiguous` with `candidates`),
    /// Precondition, Limited, Unavailable, Internal.
    async fn submit_step(&self, request: SubmitStep, caller: &Caller) -> Result<Submitted, EngineError>;

    /// Where the run stands (ENG-009). Guarded.
    ///
    /// # Errors
    /// NotFound, Unavailable, Internal.
    async fn get_status(
        &self,
        journey_id: &JourneyId,
        caller: &Caller,
    ) -> Result<At<JourneyStatus>, EngineError>;

    /// How the run ended (ENG-009). Guarded; the guard comes before the Conflict.
    ///
    /// # Errors
    /// NotFound, Conflict (`not-terminal`), Unavailable, Internal.
    async fn get_outcome(
        &self,
        journey_id: &JourneyId,
        caller: &Caller,
    ) -> Result<At<JourneyOutcome>, EngineError>;

    /// Ends a running run (ENG-055 to ENG-057); on an ended one changes nothing. Guarded.
    ///
    /// # Errors
    /// NotFound, Conflict (`not-cancellable`), Precondition, Unavailable, Internal.
    async fn cancel(&self, request: Cancel, caller: &Caller) -> Result<Submitted, EngineError>;

    /// Runs an Api to its end (ENG-008). A fault of the request or the run is an [`ApiReply`] in the definition's envelope.
    ///
    /// [`CallInput::Refused`](crate::CallInput::Refused) runs nothing, so it is answered by an engine that is overloaded or draining,
    /// too: with it a binding gives an error of this method the envelope that clients expect (HTTP-073).
    ///
    /// # Errors
    /// NotFound (no such Api), Limited, Unavailable, Internal.
    async fn call_api(&self, request: CallApi, caller: &Caller) -> Result<ApiReply, EngineError>;

    /// A page of runs, newest first (ENG-138). Guards are not evaluated: an operator operation.
    ///
    /// # Errors
    /// InvalidInput (a token of another query), Unsupported, Unavailable, Internal.
    async fn list(&self, query: ListQuery, caller: &Caller) -> Result<Page<JourneyStatus>, EngineError>;

    /// The next events after `from`, at most `limit`, in order and without a hole (ENG-132). Guarded, once per call.
    ///
    /// [`Replay::Gone`] is the answer when events after the cursor are no longer kept, the cursor is of another epoch, or lies
    /// beyond the head.
    ///
    /// # Errors
    /// NotFound, Unsupported, Unavailable, Internal.
    async fn events(
        &self,
        journey_id: &JourneyId,
        from: Cursor,
        limit: NonZeroU32,
        caller: &Caller,
    ) -> Result<Replay, EngineError>;

    /// A wake-up for one run: level-triggered, lossy, unguarded (it tells numbers only). Watching a parked run does not load it.
    ///
    /// # Errors
    /// NotFound, Unsupported, Unavailable.
    async fn watch(&self, journey_id: &JourneyId) -> Result<HeadWatch, EngineError>;

    /// The jar cookies an ended run still owes its client, given out once (HTTP-060). Guarded, save that a run whose definition returns
    /// no cookies may be told to owe none without asking the guard.
    ///
    /// # Errors
    /// NotFound, Unavailable, Internal.
    async fn take_cookies(
        &self,
        journey_id: &JourneyId,
        caller: &Caller,
    ) -> Result<Vec<ClientCookie>, EngineError>;

    /// Stops taking commands (they are `draining` from now on) and returns when nothing is in motion or `deadline` has passed; replies
    /// that are still waited for then are the status (ENG-006). Reads go on. May be called again.
    async fn drain(&self, deadline: Duration) -> DrainReport;
}
