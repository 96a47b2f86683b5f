//! Runs that live in memory and end with what they were begun for: calls of Apis, what compensates these, and read guards (ENG-103,
//! ENG-110).

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable, BoxFuture};
use futures::stream::FuturesUnordered;
use http::HeaderMap;
use jf_core::{Caller, Phase, TraceContext};
use jf_machine::{ActivationId, CompensationOrder, Effect, Fact, Input, Run, TaskOrder, apply};
use jiff::Timestamp;
use tracing::Span;

use crate::deployment::Deployed;
use crate::shared::Shared;
use crate::spans::RunSpan;
use crate::tasks::{self, Done, Outset, Slot};
use crate::telemetry::Report;

type InFlight = Abortable<BoxFuture<'static, (ActivationId, Done)>>;

/// Such a run. Dropping it drops its tasks.
pub(crate) struct MemoryRun {
    pub(crate) shared: Arc<Shared>,
    pub(crate) deployed: Arc<Deployed>,
    pub(crate) run: Run,
    caller: Option<Caller>,
    passthrough: Arc<HeaderMap>,
    slot: Slot,
    /// What it belongs to, as far as traces know.
    origin: TraceContext,
    span: RunSpan,
    /// The one segment of the run.
    segment: Span,
    tasks: FuturesUnordered<InFlight>,
    handles: Vec<(ActivationId, AbortHandle)>,
    /// How long the task ran whose end is being applied.
    took: Option<Duration>,
    /// What is to follow its end.
    owed: Option<Box<CompensationOrder>>,
}

impl MemoryRun {
    /// A run to which nothing has happened yet. Its tasks see no request.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        deployed: &Arc<Deployed>,
        run: Run,
        inbound: Option<&TraceContext>,
    ) -> Self {
        let origin = shared.origin(inbound, &run);
        let span = shared.spans.run(deployed.program.identity(), run.journey_id(), &origin);
        Self::within(shared, deployed, run, origin, span)
    }

    /// The guard of a read, which takes a slot for all its tasks.
    pub(crate) fn guard(shared: &Arc<Shared>, deployed: &Arc<Deployed>, run: Run, caller: &Caller) -> Self {
        let origin = shared.origin(caller.trace(), &run);
        let span = shared.spans.guard(deployed.program.identity(), run.journey_id(), &origin);
        let mut guard = Self::within(shared, deployed, run, origin, span);
        guard.slot = Slot::Covered;
        guard.with_caller(caller, HeaderMap::new())
    }

    fn within(
        shared: &Arc<Shared>,
        deployed: &Arc<Deployed>,
        run: Run,
        origin: TraceContext,
        span: RunSpan,
    ) -> Self {
        Self {
            segment: shared.spans.segment(&span, &origin),
            span,
            origin,
            run,
            caller: None,
            passthrough: Arc::default(),
            slot: Slot::PerTask,
            shared: Arc::clone(shared),
            deployed: Arc::clone(deployed),
            tasks: FuturesUnordered::new(),
            handles: Vec::new(),
            took: None,
            owed: None,
        }
    }

    /// Its tasks see the request of this caller, and send on these headers of it.
    pub(crate) fn with_caller(mut self, caller: &Caller, passthrough: HeaderMap) -> Self {
        self.caller = caller.is_request().then(|| caller.clone());
        self.passthrough = Arc::new(passthrough);
        self
    }

    pub(crate) const fn origin(&self) -> &TraceContext {
        &self.origin
    }

    /// Runs it until it has ended or waits for its compensation.
    pub(crate) async fn drive(&mut self) {
        let now = self.shared.clock.now();
        // The one segment of the run needs no number: there is no other request.
        self.apply(Input::Begin, now).await;
        while self.run.phase() == Phase::Running && !self.run.awaits_compensation() {
            let due = self.run.next_due();
            let clock = &self.shared.clock;
            let deadline = async {
                match due {
                    Some(due) => clock.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let done = tokio::select! {
                biased;
                () = deadline => None,
                // None of these runs waits for input, so one that goes on and has no task in flight is broken.
                done = self.tasks.next() => match done {
                    Some(done) => Some(done),
                    None => break,
                },
            };
            let now = self.shared.clock.now();
            while let Some(input) = self.run.overdue(now) {
                self.apply(input, now).await;
            }
            if let Some(Ok((activation, done))) = done {
                self.task_done(activation, done, now).await;
            }
        }
    }

    /// The compensation that the run has asked for.
    pub(crate) fn take_order(&mut self) -> Option<CompensationOrder> {
        self.owed.take().map(|order| *order)
    }

    pub(crate) fn report(&self, fact: &Fact, now: Option<Timestamp>) {
        let report = Report {
            deployed: &self.deployed,
            run: &self.run,
            now: now.unwrap_or_else(|| self.shared.clock.now()),
            took: self.took,
            metrics: &self.shared.metrics,
        };
        self.segment.in_scope(|| report.fact(fact));
    }

    pub(crate) fn note_in_spans(&self) {
        let phase = self.run.phase().as_str();
        self.segment.record("phase", phase);
        self.span.span.record("phase", phase);
        if let Some(outcome) = self.run.outcome() {
            self.span.span.record("status", outcome.status.as_str());
            if let Some(error) = &outcome.error {
                self.span.span.record("error_code", error.code.as_str());
            }
        }
    }

    async fn task_done(&mut self, activation: ActivationId, done: Done, now: Timestamp) {
        self.handles.retain(|(other, _)| *other != activation);
        let Done { result, notification, took } = done;
        self.took = Some(took);
        let counts = self.apply(Input::TaskFinished { activation, result }, now).await;
        self.took = None;
        if counts && let Some(job) = notification {
            tasks::in_background(&self.shared, self.run.journey_id(), job);
        }
    }

    /// Applies an input with all that follows without I/O. Tells whether the run has changed.
    pub(crate) async fn apply(&mut self, input: Input, now: Timestamp) -> bool {
        let (changed, mut unfinished) = self.apply_part(input, now);
        while unfinished && self.run.phase() == Phase::Running {
            tokio::task::yield_now().await;
            let now = self.shared.clock.now();
            let input = self.run.overdue(now).unwrap_or(Input::Resume);
            (_, unfinished) = self.apply_part(input, now);
        }
        changed
    }

    fn apply_part(&mut self, input: Input, now: Timestamp) -> (bool, bool) {
        let env = self.shared.env(&self.deployed, now);
        // These runs take no submissions and no cancellations, and nothing else is refused.
        let Ok(effects) = apply(&self.deployed.program, &mut self.run, input, &env) else {
            return (false, false);
        };
        let (changed, unfinished) = (effects.changed(), effects.is_unfinished());
        for effect in effects {
            match effect {
                Effect::RunTask(order) => self.start(*order),
                Effect::AbandonTask { activation } => self.abandon(activation),
                Effect::Report(fact) => self.report(&fact, Some(now)),
                Effect::StartCompensation(order) => self.owed = Some(order),
                // There is no log and no store; the deadline is looked at between tasks.
                _ => {}
            }
        }
        (changed, unfinished)
    }

    fn start(&mut self, order: TaskOrder) {
        let span = self.shared.spans.task(&self.segment, &order.state, &order.kind);
        let trace = self.shared.spans.outbound(&span, &self.origin, self.shared.numbers.seed());
        let outset = Outset {
            definition: self.deployed.program.identity().clone(),
            journey_id: self.run.journey_id().clone(),
            caller: self.caller.clone(),
            passthrough: Arc::clone(&self.passthrough),
            trace,
            span,
            slot: self.slot,
        };
        let (shared, activation) = (Arc::clone(&self.shared), order.activation);
        let task: BoxFuture<'static, _> =
            Box::pin(async move { (activation, tasks::run(&shared, order, outset).await) });
        let (handle, registration) = AbortHandle::new_pair();
        self.tasks.push(Abortable::new(task, registration));
        self.handles.push((activation, handle));
    }

    /// Drops a task whose result does not count any more (TSK-013).
    fn abandon(&mut self, activation: ActivationId) {
        for (_, handle) in self.handles.extract_if(.., |(other, _)| *other == activation) {
            handle.abort();
        }
    }
}
