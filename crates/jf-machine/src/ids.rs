//! Names of things inside one run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One stay of a flow at a `task`, `wait`, `webhook` or `timer` state.
///
/// Unique in its run, never reused, ascending in the order of activation. Results and firings name the activation they belong
/// to and are dropped when it is gone (ENG-071, TSK-013). Re-entry through a loop is a new activation (STA-070).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActivationId(pub(crate) u64);

impl ActivationId {
    /// The number behind the id; the first activation of a run is 1.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ActivationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One thread of control of a run: the run itself, or a branch of it. Unique in its run and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FlowId(pub(crate) u32);

impl FlowId {
    /// The flow every run begins with.
    pub const ROOT: Self = Self(0);
}

/// The execution caused by one inbound request, timer or time-out (05, terms): unique in its run, never reused, ascending.
///
/// It goes on from flow to flow: into the branches a flow splits into, and from the branch that completes a join into the flow
/// behind it. By it an engine finds the inbound request and the pass-through headers, which live in memory only (TSK-008, HTTP-041),
/// and whoever waits for the end of what a request has caused (ENG-047).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentId(pub(crate) u64);

impl SegmentId {
    /// The segment that a start begins.
    pub const FIRST: Self = Self(1);
}

/// A timer of a run. A run has at most one timer of each id.
///
/// The order is the one in which timers of equal due time apply: the deadline first (ENG-073).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TimerId {
    /// The deadline of the run (ENG-060).
    Deadline,
    /// The time-out of a `wait` or `webhook`, or the due time of a `timer`.
    Activation(ActivationId),
}

impl fmt::Display for TimerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadline => f.write_str("deadline"),
            Self::Activation(activation) => activation.fmt(f),
        }
    }
}
