//! Calls of Apis (ENG-008): runs that live in memory and end with their answer (ENG-103).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jf_core::{ApiReply, Caller, JourneyId, Problem};
use jf_machine::{Input, Run, api_answer, api_refusal, prepare_start};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::deployment::Deployed;
use crate::load::{Permit, Work};
use crate::memory_run::MemoryRun;
use crate::shared::Shared;

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
        let call = MemoryRun::new(self, deployed, run, caller.trace());
        let call = call.with_caller(caller, program.passthrough(None, caller));
        Ok(Box::pin(async move {
            let motion = call.shared.load.enter(Work::Motion);
            drop(permit);
            let answer = answer_of(call).await;
            drop(motion);
            // A caller that went away needs no answer.
            let _ = reply.send(answer);
        }))
    }

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

/// Runs a call and what compensates it: before the answer or beside it, as the definition wants (ENG-092).
async fn answer_of(mut call: MemoryRun) -> ApiReply {
    call.drive().await;
    if let Some(compensation) = compensation_of(&mut call) {
        if call.run.awaits_compensation() {
            // One that panics must not keep the answer back (ENG-096: best effort).
            let _ = AssertUnwindSafe(compensation).catch_unwind().await;
            call.apply(Input::CompensationEnded, call.shared.clock.now()).await;
        } else {
            let permit = call.shared.load.enter(Work::Background);
            call.shared.runtime.spawn(async move {
                compensation.await;
                drop(permit);
            });
        }
    }
    let env = call.shared.env(&call.deployed, call.shared.clock.now());
    let answer = api_answer(&call.deployed.program, &call.run, &env);
    answer.facts.iter().for_each(|fact| call.report(fact, None));
    call.note_in_spans();
    answer.reply
}

/// The compensation that a call has asked for. It sees no inbound request.
fn compensation_of(call: &mut MemoryRun) -> Option<BoxFuture<'static, ()>> {
    let order = call.take_order()?;
    let env = call.shared.env(&call.deployed, call.shared.clock.now());
    let run = Run::compensation(&call.deployed.program, order, &env)?;
    let mut compensation = MemoryRun::new(&call.shared, &call.deployed, run, Some(call.origin()));
    Some(Box::pin(async move { compensation.drive().await }))
}
