//! Calls of Apis (ENG-008): runs that live in memory and end with their answer (ENG-103).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{AbortHandle, Abortable, BoxFuture};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use http::HeaderMap;
use jf_core::{ApiReply, Caller, JourneyId, Phase, Problem, TraceContext};
use jf_machine::{
    ActivationId, CompensationOrder, Effect, Fact, Input, Run, TaskOrder, api_answer, api_refusal, apply,
    prepare_start,
};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::oneshot;
use tracing::Span;

use crate::deployment::Deployed;
use crate::load::{Permit, Work};
use crate::shared::Shared;
use crate::spans::RunSpan;
use crate::tasks::{self, Done, Outset};
use crate::telemetry::Report;

type InFlight = Abortable<BoxFuture<'static, (ActivationId, Done)>>;

/// One call.
struct Call {
    shared: Arc<Shared>,
    deployed: Arc<Deployed>,
    run: Run,
    caller: Option<Caller>,
    passthrough: Arc<HeaderMap>,
    /// What the call belongs to, as far as traces know.
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

impl Shared {
    /// Begins a call. What is returned must be driven to its end, whether the caller stays or not (HTTP-071); the answer comes
    /// through `reply`. A call that did not become a run has its answer already.
    pub(crate) fn begin_call(
        self: &Arc<Self>,
        deployed: &Arc<Deployed>,
        body: Value,
        caller: &Caller,
        permit: Permit,
        reply: oneshot::Sender<ApiReply>,
    ) -> Result<BoxFuture<'static, ()>, ApiReply> {
        let program = &deployed.program;
        let initial = prepare_start(program, body, caller, &self.config.limits)
            .map_err(|error| self.refuse_call(deployed, error.into_problem(), caller))?;
        let env = self.env(deployed, self.clock.now());
        let run = Run::new(program, JourneyId::random(), initial, &env, JourneyId::random);
        let mut call = Call::new(self, deployed, run, caller.trace());
        call.caller = caller.is_request().then(|| caller.clone());
        call.passthrough = Arc::new(program.passthrough(None, caller));
        Ok(Box::pin(async move {
            let motion = call.shared.load.enter(Work::Motion);
            drop(permit);
            let answer = call.run_to_end().await;
            drop(motion);
            // A caller that went away needs no answer.
            let _ = reply.send(answer);
        }))
    }
}

impl Shared {
    /// The answer to a call that runs nothing, in the envelope of the definition (HTTP-073).
    pub(crate) fn refuse_call(&self, deployed: &Deployed, problem: Problem, caller: &Caller) -> ApiReply {
        let env = self.env(deployed, self.clock.now());
        let traceparent = caller.trace().map(|trace| &**trace.traceparent());
        let answer = api_refusal(&deployed.program, problem, &JourneyId::random(), traceparent, &env);
        for fact in &answer.facts {
            tracing::warn!(definition = %deployed.program.identity().name, ?fact, "a refusal in its envelope");
        }
        answer.reply
    }
}

impl Call {
    fn new(shared: &Arc<Shared>, deployed: &Arc<Deployed>, run: Run, inbound: Option<&TraceContext>) -> Self {
        let origin = shared.origin(inbound, &run);
        let span = shared.spans.run(deployed.program.identity(), run.journey_id(), &origin);
        Self {
            segment: shared.spans.segment(&span, &origin),
            span,
            origin,
            run,
            caller: None,
            passthrough: Arc::default(),
            shared: Arc::clone(shared),
            deployed: Arc::clone(deployed),
            tasks: FuturesUnordered::new(),
            handles: Vec::new(),
            took: None,
            owed: None,
        }
    }

    /// Runs the call and what compensates it: before the answer or beside it, as the definition wants (ENG-092).
    async fn run_to_end(mut self) -> ApiReply {
        self.drive().await;
        if let Some(compensation) = self.compensation() {
            if self.run.awaits_compensation() {
                // One that panics must not keep the answer back (ENG-096: best effort).
                let _ = AssertUnwindSafe(compensation).catch_unwind().await;
                self.apply(Input::CompensationEnded, self.shared.clock.now()).await;
            } else {
                let permit = self.shared.load.enter(Work::Background);
                self.shared.runtime.spawn(async move {
                    compensation.await;
                    drop(permit);
                });
            }
        }
        let env = self.shared.env(&self.deployed, self.shared.clock.now());
        let answer = api_answer(&self.deployed.program, &self.run, &env);
        answer.facts.iter().for_each(|fact| self.report(fact, None));
        self.note_in_spans();
        answer.reply
    }

    /// The compensation that the run has asked for. It sees no inbound request.
    fn compensation(&mut self) -> Option<BoxFuture<'static, ()>> {
        let order = *self.owed.take()?;
        let env = self.shared.env(&self.deployed, self.shared.clock.now());
        let run = Run::compensation(&self.deployed.program, order, &env)?;
        let mut call = Self::new(&self.shared, &self.deployed, run, Some(&self.origin));
        Some(Box::pin(async move { call.drive().await }))
    }

    async fn drive(&mut self) {
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
                // Apis have no waits, so one that runs and has no task in flight is broken.
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
    async fn apply(&mut self, input: Input, now: Timestamp) -> bool {
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
        // Apis take no submissions and no cancellations, and nothing else is refused.
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
        };
        let (shared, activation) = (Arc::clone(&self.shared), order.activation);
        let task: BoxFuture<'static, _> =
            Box::pin(async move { (activation, tasks::run(&shared, order, outset).await) });
        let (handle, registration) = AbortHandle::new_pair();
        self.tasks.push(Abortable::new(task, registration));
        self.handles.push((activation, handle));
    }

    fn report(&self, fact: &Fact, now: Option<Timestamp>) {
        let report = Report {
            definition: self.deployed.program.identity(),
            run: &self.run,
            now: now.unwrap_or_else(|| self.shared.clock.now()),
            took: self.took,
            metrics: &self.shared.metrics,
        };
        self.segment.in_scope(|| report.fact(fact));
    }

    fn note_in_spans(&self) {
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

    /// Drops a task whose result does not count any more (TSK-013).
    fn abandon(&mut self, activation: ActivationId) {
        for (_, handle) in self.handles.extract_if(.., |(other, _)| *other == activation) {
            handle.abort();
        }
    }
}
