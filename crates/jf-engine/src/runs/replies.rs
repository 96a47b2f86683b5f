//! Documents that answer commands, and callers that wait for them.

use std::sync::Arc;

use jf_core::{At, IdempotencyKey, JourneyId, JourneyOutcome, JourneyStatus, StartReply, StepRef};
use jf_dsl::StartMode;
use jf_machine::{ResponseMembers, Run, SegmentId};
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::active::ActiveRun;
use crate::deployment::Deployed;
use crate::guard::ReadRun;
use crate::links::RunLinks;
use crate::shared::Shared;
use crate::telemetry::Report;

/// The status that answers a submission or cancellation. It goes through several hands, so that it is moved by its address.
pub(crate) type StatusReply = Box<At<JourneyStatus>>;

/// The document to answer a command with.
#[derive(Debug)]
pub(crate) enum Settled<T> {
    /// It is known.
    Now(T),
    /// It comes when the segment is over.
    Later(Waiting<T>),
}

/// A document that is not known yet.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    pub(crate) document: oneshot::Receiver<T>,
    /// When to answer with the status instead (ENG-006).
    pub(crate) until: Timestamp,
    /// Keeps the run active: under a synchronous compensation nothing else does.
    _run: Arc<ActiveRun>,
}

/// Callers that wait for one thing. Several do when a keyed command is repeated meanwhile (ENG-053).
pub(super) enum Waiter {
    /// For the run to come to rest.
    Start(Waiters<StartReply>),
    /// For a segment to be over.
    Step {
        segment: SegmentId,
        /// The step that was submitted, whose `response` block applies (ENG-048).
        address: StepRef,
        waiters: Waiters<StatusReply>,
    },
    /// For the end of the synchronous compensation that a cancellation has brought about (ENG-055).
    Cancel(Waiters<StatusReply>),
}

/// Who waits, and until when.
pub(super) struct Waiters<T> {
    pub(super) key: Option<IdempotencyKey>,
    pub(super) until: Timestamp,
    replies: Vec<oneshot::Sender<T>>,
}

impl<T: Clone> Waiters<T> {
    pub(super) const fn new(key: Option<IdempotencyKey>, until: Timestamp) -> Self {
        Self { key, until, replies: Vec::new() }
    }

    /// One more caller.
    pub(super) fn attach(&mut self, run: &Arc<ActiveRun>) -> Settled<T> {
        let (reply, document) = oneshot::channel();
        // Those who went away are forgotten now and then: a command may be repeated as often as somebody likes.
        if self.replies.len().is_power_of_two() {
            self.replies.retain(|reply| !reply.is_closed());
        }
        self.replies.push(reply);
        Settled::Later(Waiting { document, until: self.until, _run: Arc::clone(run) })
    }

    /// Answers all; those who went away need no answer.
    pub(super) fn answer(self, document: T) {
        let mut replies = self.replies;
        let Some(last) = replies.pop() else { return };
        for reply in replies {
            let _ = reply.send(document.clone());
        }
        let _ = last.send(document);
    }
}

impl Shared {
    /// The status at the head, as reads show it.
    pub(crate) fn status(&self, deployed: &Deployed, run: &Run) -> At<JourneyStatus> {
        let status =
            self.links.status(deployed.program.definition(), &RunLinks::at(run, run.seq()), run.status());
        At::new(self.head(run.seq()), status)
    }

    /// The outcome of an ended run, as reads show it.
    pub(crate) fn outcome(&self, deployed: &Deployed, run: &Run) -> Option<At<JourneyOutcome>> {
        let outcome = JourneyOutcome::clone(run.outcome()?);
        let outcome =
            self.links.outcome(deployed.program.definition(), &RunLinks::at(run, run.seq()), outcome);
        Some(At::new(self.head(run.seq()), outcome))
    }

    /// The answer to a start by the present state of the run (ENG-005 to ENG-007).
    pub(crate) fn start_reply(&self, deployed: &Deployed, run: &Run) -> StartReply {
        let definition = deployed.program.definition();
        if definition.spec.lifecycle.start_mode == StartMode::Async {
            return self.creation_reply(deployed, run.journey_id());
        }
        if let Some(outcome) = self.outcome(deployed, run) {
            return StartReply::Outcome { outcome, cookies: Vec::new() };
        }
        let mut status = self.status(deployed, run);
        if run.is_settled() {
            let members = run.start_response(&deployed.program);
            status.document.projection = self.members(deployed, run, members);
        }
        StartReply::Status(status)
    }

    /// The answer that is about the creation alone, whatever has happened since (HTTP-019).
    pub(crate) fn creation_reply(&self, deployed: &Deployed, id: &JourneyId) -> StartReply {
        let definition = deployed.program.definition();
        let response = self.links.start_response(definition, id.clone(), definition.name().clone());
        StartReply::Started(At::new(self.head(1), response))
    }

    /// The answer to a submission by the present state of the run (ENG-047, ENG-048).
    /// `segment` is what the submission began; a replay does not know it.
    pub(crate) fn step_reply(
        &self,
        deployed: &Deployed,
        run: &Run,
        address: &StepRef,
        segment: Option<SegmentId>,
    ) -> StatusReply {
        let mut status = Box::new(self.status(deployed, run));
        let members = run.step_response(&deployed.program, address, segment);
        status.document.projection = self.members(deployed, run, members);
        status
    }

    /// The members that a `response` block adds; those it cannot add are told to telemetry (ENG-029).
    fn members(&self, deployed: &Deployed, run: &Run, response: ResponseMembers) -> Map<String, Value> {
        if !response.facts.is_empty() {
            let now = self.clock.now();
            let report = Report { deployed, run, now, took: None, metrics: &self.metrics };
            response.facts.iter().for_each(|fact| report.fact(fact));
        }
        response.members
    }

    /// Waits for the answer to a start; at the wait limit or when the node has drained, the present state is the answer.
    pub(crate) async fn settle_start(
        self: Arc<Self>,
        id: JourneyId,
        waiting: Waiting<StartReply>,
    ) -> Result<StartReply, jf_core::EngineError> {
        match self.wait(waiting).await {
            Some(reply) => Ok(reply),
            None => {
                let read = self.read(&id).await?;
                Ok(self.start_reply(&read.deployed, &read.snapshot.0))
            }
        }
    }

    /// Waits for the answer to a submission or cancellation; at the wait limit or when the node has drained, the present state is the answer.
    pub(crate) async fn settle_step(
        self: Arc<Self>,
        id: JourneyId,
        address: Option<StepRef>,
        waiting: Waiting<StatusReply>,
    ) -> Result<StatusReply, jf_core::EngineError> {
        match self.wait(waiting).await {
            Some(status) => Ok(status),
            None => {
                let ReadRun { snapshot, deployed, .. } = self.read(&id).await?;
                Ok(match &address {
                    Some(address) => self.step_reply(&deployed, &snapshot.0, address, None),
                    None => Box::new(self.status(&deployed, &snapshot.0)),
                })
            }
        }
    }

    async fn wait<T>(&self, waiting: Waiting<T>) -> Option<T> {
        tokio::select! {
            biased;
            // A run that was given up, to another process for instance, drops its side: its state is the answer then too.
            document = waiting.document => document.ok(),
            () = self.clock.sleep_until(waiting.until) => None,
            () = self.drained.cancelled() => None,
        }
    }
}
