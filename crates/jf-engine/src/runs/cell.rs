//! What is kept of an active run from one turn to the next: all of it can be had again from the store, but for what belongs to
//! requests.

use std::sync::Arc;

use http::HeaderMap;
use jf_core::Caller;
use jf_machine::{ActivationId, Run, SegmentId};
use jf_store::{Revision, RunIndex};
use tokio::sync::oneshot;
use tracing::Span;

use super::message::{CancelRun, Message, Submit};
use super::replies::Waiter;
use crate::deployment::Deployed;
use crate::guard::ReadRun;
use crate::load::Permit;
use crate::snapshot::RunSnapshot;
use crate::spans::RunSpan;

/// The state of an active run. Owned by whoever has the turn.
#[derive(Default)]
pub(super) struct Cell {
    /// The run as last committed; loaded when it is needed.
    pub(super) loaded: Option<Loaded>,
    /// Tasks in flight. Dropping an entry abandons the task.
    pub(super) tasks: Vec<(ActivationId, oneshot::Sender<()>)>,
    /// Segments that go on, those with an inbound request (TSK-008) and those with a span.
    pub(super) segments: Vec<Segment>,
    /// Callers that wait for a segment to be over.
    pub(super) waiters: Vec<Waiter>,
    /// Cancellations that wait for the read guard (ENG-057).
    pub(super) judging: Vec<Judging>,
    /// Submissions that wait for their step (ENG-059), in the order they came.
    pub(super) held: Vec<Held>,
    /// The run has changed since the held submissions were tried.
    pub(super) retry_held: bool,
    pub(super) last_held: u64,
    /// Lasts as long as the run is in memory; none where nobody wants spans.
    pub(super) span: Option<RunSpan>,
    /// Counts the run as one in motion.
    pub(super) motion: Option<Permit>,
    /// Commits and loads that failed in a row.
    pub(super) failures: u32,
    /// The run is looked at again after a pause.
    pub(super) recovering: bool,
}

/// A run in memory.
pub(super) struct Loaded {
    pub(super) deployed: Arc<Deployed>,
    /// Shared with the store, if that keeps snapshots as they are; then the next change copies it first.
    pub(super) snapshot: Arc<RunSnapshot>,
    /// `None` until the run is created.
    pub(super) revision: Option<Revision>,
    /// As it went into the last commit.
    index: RunIndex,
}

/// A run as it stands, to be put back should what follows not hold.
pub(super) struct Standing {
    snapshot: Arc<RunSnapshot>,
    index: RunIndex,
}

/// What belongs to a segment and lives no longer.
pub(super) struct Segment {
    pub(super) id: SegmentId,
    /// The request that caused it, with the headers that go along to others (HTTP-041).
    pub(super) inbound: Option<(Caller, Arc<HeaderMap>)>,
    /// Made when something is told or sent out in it.
    pub(super) span: Option<Span>,
}

/// A submission that waits for its step.
pub(super) struct Held {
    pub(super) id: u64,
    pub(super) submit: Box<Submit>,
}

/// A cancellation that waits for the read guard.
pub(super) struct Judging {
    /// No other cancellation of this process has it: a verdict may outlive the turn that asked for it, and must not be taken for that on
    /// somebody else.
    pub(super) number: u64,
    pub(super) cancel: CancelRun,
    /// What its caller has asked for since, in order.
    pub(super) behind: Vec<Message>,
}

impl Loaded {
    /// A run that is not in the store yet.
    pub(super) fn new(deployed: Arc<Deployed>, run: Run) -> Self {
        let identity = deployed.program.identity().clone();
        let mut index = RunIndex::new(identity, run.created_at(), run.phase());
        index.tags = run.tags().into();
        index.compensation = run.compensates().is_some();
        Self { deployed, snapshot: Arc::new(RunSnapshot(run)), revision: None, index }
    }

    /// A run as a store gave it back.
    pub(super) const fn stored(
        deployed: Arc<Deployed>,
        snapshot: Arc<RunSnapshot>,
        revision: Revision,
        index: RunIndex,
    ) -> Self {
        Self { deployed, snapshot, revision: Some(revision), index }
    }

    pub(super) fn run(&self) -> &Run {
        &self.snapshot.0
    }

    /// What [`Loaded::put_back`] goes back to.
    pub(super) fn standing(&self) -> Standing {
        Standing { snapshot: Arc::clone(&self.snapshot), index: self.index.clone() }
    }

    /// Takes back everything since: nothing of it was committed. The index goes with it, which is made from the one before.
    pub(super) fn put_back(&mut self, standing: Standing) {
        let Standing { snapshot, index } = standing;
        (self.snapshot, self.index) = (snapshot, index);
    }

    /// The run as last committed, for the read guard; `None` before it is created.
    pub(super) fn as_read(&self) -> Option<ReadRun> {
        let (snapshot, deployed) = (Arc::clone(&self.snapshot), Arc::clone(&self.deployed));
        Some(ReadRun { snapshot, revision: self.revision?, deployed })
    }

    /// What stores may know of the run as it is now.
    pub(super) fn index(&mut self) -> RunIndex {
        let (run, index) = (&self.snapshot.0, &mut self.index);
        // Attributes are only ever added (ENG-124), so their number tells whether there are new ones.
        if index.attributes.len() != run.attributes().len() {
            index.attributes = run.attributes().clone().into();
        }
        index.phase = run.phase();
        index.head = run.seq();
        index.due = run.next_due();
        index.in_motion = run.is_pending();
        index.clone()
    }
}
