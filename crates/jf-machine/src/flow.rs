//! The flows of a run and the scopes they are in.

use std::fmt;
use std::sync::Arc;

use jf_core::exact_json;
use jf_dsl::{BranchName, StateId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;
use crate::program::StateIndex;
use crate::{ActivationId, FlowId, SegmentId, time};

/// One thread of control: the run, or a live branch of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Flow {
    pub(crate) id: FlowId,
    /// The branch it runs; `None` for the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) branch: Option<BranchOf>,
    /// The scopes it is in, the outermost first; never empty. All but the innermost are frozen at a `subjourney` state.
    pub(crate) scopes: Vec<Scope>,
    pub(crate) position: Position,
    /// The segment that moved it last.
    pub(crate) segment: SegmentId,
    /// States entered in that segment (ENG-066).
    pub(crate) transitions: u32,
    /// The steps that ended in that segment, by their addresses (ENG-059).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) left: Vec<Arc<str>>,
    /// Its branches that have ended, in the order of their ends, while it waits for the join.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ended: Vec<EndedBranch>,
}

/// Which branch a flow runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BranchOf {
    /// The flow that waits at the `parallel` state.
    pub(crate) flow: FlowId,
    pub(crate) name: BranchName,
}

/// A branch that has ended before the join.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndedBranch {
    pub(crate) name: BranchName,
    #[serde(deserialize_with = "exact_json::read")]
    pub(crate) context: Arc<Value>,
    #[serde(deserialize_with = "exact_json::read")]
    pub(crate) result: Result<Value, Failure>,
}

/// A scope a flow is in: one `states` map with a context of its own.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Scope {
    /// The state the flow is at, or will enter next.
    pub(crate) state: Place,
    /// Shared until it changes; always an object (DEF-060).
    #[serde(deserialize_with = "exact_json::read")]
    pub(crate) context: Arc<Value>,
    /// At least the size of the context as compact JSON, in bytes. Counted up with every write and measured anew only
    /// when it passes the limit (DEF-203).
    pub(crate) weight: usize,
}

/// A state by its id, with a hint where the program has it.
///
/// The hint is not part of the value: a run that was read back, or whose definition was replaced in development mode (DEF-029),
/// finds its state by the id.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "StateId", into = "StateId")]
pub(crate) struct Place {
    pub(crate) id: StateId,
    pub(crate) hint: StateIndex,
}

/// Where a flow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Position {
    /// The state of the innermost scope is entered next.
    Moving,
    /// A task is running.
    Task { activation: ActivationId },
    /// Parked until a submission or a time-out.
    Step {
        activation: ActivationId,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "time::optional_millis")]
        due: Option<Timestamp>,
    },
    /// Parked until a time has come.
    Timer {
        activation: ActivationId,
        #[serde(with = "time::millis")]
        due: Timestamp,
    },
    /// Frozen at a `parallel` state: its branches are flows of their own.
    Split,
}

impl Flow {
    /// The flow a run begins with, about to enter `start`.
    pub(crate) fn root(start: Place, context: Arc<Value>, weight: usize) -> Self {
        Self::new(FlowId::ROOT, None, Scope { state: start, context, weight })
    }

    /// A flow about to enter the state of its only scope.
    pub(crate) fn new(id: FlowId, branch: Option<BranchOf>, scope: Scope) -> Self {
        Self {
            id,
            branch,
            scopes: vec![scope],
            position: Position::Moving,
            segment: SegmentId::FIRST,
            transitions: 0,
            left: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// The innermost scope.
    pub(crate) fn scope(&self) -> &Scope {
        self.scopes.last().expect("a flow is in at least one scope")
    }

    /// The innermost scope.
    pub(crate) fn scope_mut(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("a flow is in at least one scope")
    }

    /// Begins a segment: transitions are counted from here.
    pub(crate) fn begin_segment(&mut self, segment: SegmentId, left: Option<Arc<str>>) {
        self.segment = segment;
        self.left.clear();
        self.left.extend(left);
        self.transitions = 0;
    }

    /// Parks: the segment is over.
    pub(crate) fn park(&mut self, position: Position) {
        self.position = position;
        self.left.clear();
        self.transitions = 0;
    }
}

impl Position {
    /// Neither parked nor ended. A flow that is split moves with its branches.
    pub(crate) const fn in_motion(self) -> bool {
        matches!(self, Self::Moving | Self::Task { .. })
    }

    /// The activation the flow is at.
    pub(crate) const fn activation(self) -> Option<ActivationId> {
        match self {
            Self::Moving | Self::Split => None,
            Self::Task { activation } | Self::Step { activation, .. } | Self::Timer { activation, .. } => {
                Some(activation)
            }
        }
    }

    /// The timer the flow needs.
    pub(crate) const fn timer(self) -> Option<(Timestamp, ActivationId)> {
        match self {
            Self::Step { activation, due: Some(due) } | Self::Timer { activation, due } => {
                Some((due, activation))
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("state", &self.state.id)
            .field("weight", &self.weight)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EndedBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = self.result.as_ref().err().map(Failure::code);
        f.debug_struct("EndedBranch")
            .field("name", &self.name)
            .field("failure", &failure)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl From<StateId> for Place {
    fn from(id: StateId) -> Self {
        Self { id, hint: StateIndex::UNKNOWN }
    }
}

impl From<Place> for StateId {
    fn from(place: Place) -> Self {
        place.id
    }
}
