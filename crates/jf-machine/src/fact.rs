//! What telemetry learns (ENG-130, ENG-131). Facts hold names and codes, never bodies, headers or context values.

use jf_core::{JourneyId, ScheduleId};
use jf_dsl::{Lang, StateId, TaskKind};
use jiff::Timestamp;

/// Something that happened in a run; the engine adds run, definition, `seq` and time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fact {
    /// The run was created.
    JourneyStarted,
    /// The run ended well.
    JourneyCompleted {
        /// `status` of the outcome.
        status: String,
    },
    /// The run ended badly.
    JourneyFailed {
        /// `status` of the outcome.
        status: String,
        /// `error.code` of the outcome.
        code: String,
    },
    /// A state was entered.
    StateEntered(StateId),
    /// A state was left for another one, or ended its scope.
    StateExited(StateId),
    /// A task goes out with the commit.
    TaskStarted(StateId, TaskKind),
    /// A task gave its result.
    TaskCompleted(StateId, TaskKind),
    /// A task failed.
    TaskFailed(StateId, TaskKind, String),
    /// A step waits for input.
    ExternalInputWaiting(StateId),
    /// A submission was accepted.
    ExternalInputReceived(StateId),
    /// A timer state waits until then.
    TimerArmed(StateId, Timestamp),
    /// A timer state is done waiting.
    TimerFired(StateId),
    /// The compensation of the run begins, as a run of that id.
    CompensationStarted(JourneyId),
    /// This run compensates that one, and has ended.
    CompensationEnded(JourneyId),
    /// A schedule changed.
    ScheduleChanged(ScheduleId, ScheduleEvent),
    /// Something an author should know about that did not stop the run.
    Diagnostic(Diagnostic),
}

impl Fact {
    /// The name of the event (ENG-130).
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::JourneyStarted => "JourneyStarted",
            Self::JourneyCompleted { .. } => "JourneyCompleted",
            Self::JourneyFailed { .. } => "JourneyFailed",
            Self::StateEntered(_) => "StateEntered",
            Self::StateExited(_) => "StateExited",
            Self::TaskStarted(..) => "TaskStarted",
            Self::TaskCompleted(..) => "TaskCompleted",
            Self::TaskFailed(..) => "TaskFailed",
            Self::ExternalInputWaiting(_) => "ExternalInputWaiting",
            Self::ExternalInputReceived(_) => "ExternalInputReceived",
            Self::TimerArmed(..) => "TimerArmed",
            Self::TimerFired(_) => "TimerFired",
            Self::CompensationStarted(_) => "CompensationStarted",
            Self::CompensationEnded(_) => "CompensationEnded",
            Self::ScheduleChanged(..) => "ScheduleChanged",
            Self::Diagnostic(_) => "Diagnostic",
        }
    }

    /// The state it is about.
    #[must_use]
    pub const fn state(&self) -> Option<&StateId> {
        match self {
            Self::StateEntered(state)
            | Self::StateExited(state)
            | Self::TaskStarted(state, _)
            | Self::TaskCompleted(state, _)
            | Self::TaskFailed(state, ..)
            | Self::ExternalInputWaiting(state)
            | Self::ExternalInputReceived(state)
            | Self::TimerArmed(state, _)
            | Self::TimerFired(state) => Some(state),
            Self::Diagnostic(diagnostic) => diagnostic.state(),
            _ => None,
        }
    }

    /// The kind of the task it is about.
    #[must_use]
    pub const fn task_kind(&self) -> Option<&TaskKind> {
        match self {
            Self::TaskStarted(_, kind) | Self::TaskCompleted(_, kind) | Self::TaskFailed(_, kind, _) => {
                Some(kind)
            }
            _ => None,
        }
    }
}

impl Diagnostic {
    /// What kind of thing it is.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ExpressionFailed { .. } => "ExpressionFailed",
            Self::PlaceholderUnresolved { .. } => "PlaceholderUnresolved",
            Self::OutputVarMissing(_) => "OutputVarMissing",
            Self::OutputSchema { .. } => "OutputSchema",
            Self::GuardFailed { .. } => "GuardFailed",
            Self::ProjectionSkipped(_) => "ProjectionSkipped",
        }
    }

    /// The state it is about.
    #[must_use]
    pub const fn state(&self) -> Option<&StateId> {
        match self {
            Self::ExpressionFailed { state, .. } => state.as_ref(),
            Self::PlaceholderUnresolved { state, .. } | Self::OutputVarMissing(state) => Some(state),
            Self::OutputSchema { .. } | Self::GuardFailed { .. } | Self::ProjectionSkipped(_) => None,
        }
    }
}

/// How a schedule changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScheduleEvent {
    /// There is a new one.
    Added,
    /// It has other parameters, and counts its runs anew.
    Replaced,
    /// It has begun this run.
    RunBegun,
    /// This run of it has ended.
    RunEnded {
        /// How many have ended so far; a run of before it was replaced does not count.
        ended: u64,
    },
    /// It has had all its runs.
    Exhausted,
    /// It rests because its version is not deployed (ENG-086).
    Suspended,
    /// It goes on, since its version is deployed again.
    Resumed,
}

impl ScheduleEvent {
    /// What happened to it, in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::RunBegun => "runBegun",
            Self::RunEnded { .. } => "runEnded",
            Self::Exhausted => "exhausted",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
        }
    }
}

/// Something an author should know about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Diagnostic {
    /// An expression failed (EXP-043).
    ExpressionFailed {
        /// The state, or `None` for expressions outside of states.
        state: Option<StateId>,
        /// Where the expression stands, such as `choice predicate`.
        site: &'static str,
        /// The engine.
        lang: Lang,
        /// The engine's code.
        code: String,
    },
    /// A placeholder found no value (EXP-054). Problems do not repeat it (ENG-142).
    PlaceholderUnresolved {
        /// The state.
        state: StateId,
        /// The placeholder as written.
        placeholder: String,
    },
    /// `outputVar` of a `succeed` names no variable of the context (STA-036).
    OutputVarMissing(StateId),
    /// The output does not match `spec.output.schema` (DEF-056).
    OutputSchema {
        /// How many violations there are.
        violations: usize,
    },
    /// The read guard failed by an error and not by a decision, which denies as well (ENG-112).
    GuardFailed {
        /// What a run that ended so would have as `error.code`.
        code: String,
    },
    /// Members of a projection that would hide the document's own (ENG-029).
    ProjectionSkipped(Vec<String>),
}
