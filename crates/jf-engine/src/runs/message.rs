//! What can be asked of an active run.

use std::sync::Arc;
use std::time::Duration;

use jf_core::spi::Notification;
use jf_core::{Caller, ClientCookie, EngineError, Head, HeadCondition, ScheduleId, StartReply};
use jf_machine::{
    ActivationId, InitialContext, Input, ScheduleOrder, SegmentId, Submission, TaskFailure, TaskReturn,
};
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::compensation::Companion;
use super::replies::{Settled, StatusReply};
use super::resolved::ResolvedStep;
use crate::deployment::Deployed;
use crate::keys::{KeyUse, StartTurn};
use crate::load::Permit;
use jf_store::KeyRecord;

/// Where the answer to a command goes. A caller that went away is not an error.
pub(crate) type Reply<T> = oneshot::Sender<Result<Admitted<T>, EngineError>>;

/// A command that was decided and is durable.
#[derive(Debug)]
pub(crate) struct Admitted<T> {
    /// The head after its commit, or the present one of a replay.
    pub(crate) at: Head,
    /// What a submission was resolved to.
    pub(crate) step: Option<ResolvedStep>,
    /// It had been applied before (ENG-053).
    pub(crate) replayed: bool,
    /// The version has a read guard, so a repeated command is answered only to those who may read.
    pub(crate) guarded: bool,
    /// The document to answer with.
    pub(crate) settled: Settled<T>,
}

/// One thing for a run to take note of.
pub(crate) enum Message {
    /// Create the run.
    Begin(Box<Begin>),
    /// Answer a repeated start (ENG-053).
    Repeat(Box<RepeatStart>),
    /// A submission.
    Submit(Box<Submit>),
    /// A submission was held long enough (ENG-059).
    GiveUp(u64),
    /// A cancellation.
    Cancel(Box<CancelRun>),
    /// The read guard has judged the cancellation of that number (ENG-057).
    Judged(u64, Result<(), EngineError>),
    /// A task has ended.
    TaskFinished(Box<TaskFinished>),
    /// Something should be due; tells when something was applied.
    Wake(oneshot::Sender<()>),
    /// Go on as the compensation of another run, whose commit has created this one.
    Created(Box<Companion>),
    /// The compensation of this run has ended.
    Compensated,
    /// Look which schedule there is, for a task.
    CheckSchedule(Box<ScheduleOrder>),
    /// Become the next run of a schedule.
    BeginScheduled(Box<BeginScheduled>),
    /// Hand out the cookies that the client is owed (HTTP-060).
    TakeCookies(oneshot::Sender<Result<Vec<ClientCookie>, EngineError>>),
    /// Look what is pending: after a crash, or when a commit failed.
    Recover,
}

/// The next run of a schedule.
pub(crate) struct BeginScheduled {
    pub(crate) schedule: ScheduleId,
    /// Told when nothing of it is due any more.
    pub(crate) done: oneshot::Sender<()>,
}

/// A start that passed its checks (ENG-002).
pub(crate) struct Begin {
    pub(crate) deployed: Arc<Deployed>,
    pub(crate) initial: InitialContext,
    pub(crate) caller: Caller,
    /// The key of the start, with the right to use it.
    pub(crate) key: Option<(KeyUse, StartTurn)>,
    /// When the caller gives up waiting for the run to come to rest (ENG-006).
    pub(crate) until: Timestamp,
    pub(crate) permit: Permit,
    pub(crate) reply: Reply<StartReply>,
}

/// A start whose key is known.
pub(crate) struct RepeatStart {
    pub(crate) key: KeyUse,
    pub(crate) record: KeyRecord,
    pub(crate) caller: Caller,
    pub(crate) permit: Permit,
    pub(crate) reply: Reply<StartReply>,
}

/// A submission to a step.
pub(crate) struct Submit {
    pub(crate) submission: Submission,
    pub(crate) key: Option<KeyUse>,
    /// When the caller gives up waiting for the flow to stop (ENG-047).
    pub(crate) until: Timestamp,
    pub(crate) permit: Permit,
    pub(crate) reply: Reply<StatusReply>,
}

/// A cancellation.
pub(crate) struct CancelRun {
    pub(crate) caller: Caller,
    pub(crate) if_head: Option<Vec<HeadCondition>>,
    pub(crate) key: Option<KeyUse>,
    /// When the caller gives up waiting for a synchronous compensation (ENG-055).
    pub(crate) until: Timestamp,
    /// The read guard has let it pass (ENG-057).
    pub(crate) is_judged: bool,
    pub(crate) permit: Permit,
    pub(crate) reply: Reply<StatusReply>,
}

impl CancelRun {
    /// What the run is told of it.
    pub(crate) fn input(&self) -> Input {
        let traceparent = self.caller.trace().map(|trace| Arc::clone(trace.traceparent()));
        Input::CancelRequested { if_head: self.if_head.clone(), traceparent }
    }
}

/// The end of a task.
pub(crate) struct TaskFinished {
    pub(crate) activation: ActivationId,
    pub(crate) result: Result<TaskReturn, TaskFailure>,
    /// To be done once the state is committed (TSK-050).
    pub(crate) notification: Option<Notification>,
    /// How long it ran.
    pub(crate) took: Duration,
    /// The segment that sent it out.
    pub(crate) segment: SegmentId,
}
