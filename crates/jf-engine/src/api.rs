//! Calls of Apis (ENG-008): runs that live in memory and end with their answer (ENG-103).

use std::sync::Arc;

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable, BoxFuture};
use futures::stream::FuturesUnordered;
use http::HeaderMap;
use jf_core::{ApiReply, Caller, JourneyId, Phase};
use jf_machine::{
    ActivationId, Effect, Fact, Input, Run, TaskOrder, api_answer, api_refusal, apply, prepare_start,
};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::deployment::Deployed;
use crate::load::{Permit, Work};
use crate::shared::Shared;
use crate::tasks::{self, Done, Outset};
use crate::telemetry;

type InFlight = Abortable<BoxFuture<'static, (ActivationId, Done)>>;

/// One call.
struct Call {
    shared: Arc<Shared>,
    deployed: Arc<Deployed>,
    run: Run,
    caller: Option<Caller>,
    passthrough: Arc<HeaderMap>,
    tasks: FuturesUnordered<InFlight>,
    handles: Vec<(ActivationId, AbortHandle)>,
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
            .map_err(|error| api_refusal(error.into_problem()))?;
        let env = self.env(deployed, self.clock.now());
        let call = Call {
            run: Run::new(program, JourneyId::random(), initial, &env),
            caller: caller.is_request().then(|| caller.clone()),
            passthrough: Arc::new(program.passthrough(None, caller)),
            shared: Arc::clone(self),
            deployed: Arc::clone(deployed),
            tasks: FuturesUnordered::new(),
            handles: Vec::new(),
        };
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

impl Call {
    async fn run_to_end(mut self) -> ApiReply {
        let now = self.shared.clock.now();
        // The one segment of the run needs no number: there is no other request.
        self.apply(Input::Begin, now).await;
        while self.run.phase() == Phase::Running {
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
        let env = self.shared.env(&self.deployed, self.shared.clock.now());
        let answer = api_answer(&self.deployed.program, &self.run, &env);
        answer.facts.iter().for_each(|fact| self.report(fact));
        answer.reply
    }

    async fn task_done(&mut self, activation: ActivationId, done: Done, now: Timestamp) {
        self.handles.retain(|(other, _)| *other != activation);
        let Done { result, notification } = done;
        let counts = self.apply(Input::TaskFinished { activation, result }, now).await;
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
                Effect::Report(fact) => self.report(&fact),
                // There is no log and no store; the deadline is looked at between tasks.
                _ => {}
            }
        }
        (changed, unfinished)
    }

    fn start(&mut self, order: TaskOrder) {
        let outset = Outset {
            definition: self.deployed.program.identity().clone(),
            journey_id: self.run.journey_id().clone(),
            caller: self.caller.clone(),
            passthrough: Arc::clone(&self.passthrough),
        };
        let (shared, activation) = (Arc::clone(&self.shared), order.activation);
        let task: BoxFuture<'static, _> =
            Box::pin(async move { (activation, tasks::run(&shared, order, outset).await) });
        let (handle, registration) = AbortHandle::new_pair();
        self.tasks.push(Abortable::new(task, registration));
        self.handles.push((activation, handle));
    }

    fn report(&self, fact: &Fact) {
        telemetry::report(self.deployed.program.identity(), &self.run, fact);
    }

    /// Drops a task whose result does not count any more (TSK-013).
    fn abandon(&mut self, activation: ActivationId) {
        for (_, handle) in self.handles.extract_if(.., |(other, _)| *other == activation) {
            handle.abort();
        }
    }
}
