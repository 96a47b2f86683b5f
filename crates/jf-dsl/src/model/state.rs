//! The ten state types (02 – States).

use std::num::NonZeroU64;

use jiff::Timestamp;
use serde_json::Value;

use super::expression::{Expression, Mapper};
use super::ordered::OrderedMap;
use super::schema::Schema;
use crate::ids::{BranchName, StateId, SubjourneyId, VarName};
use crate::value::duration::IsoDuration;
use crate::value::path::WritePath;
use crate::value::template::Template;
use crate::version::TaskKind;

/// The states of one scope in document order (DEF-032); never empty in a definition that loaded.
pub type States = OrderedMap<StateId, State>;

/// One state. The set of types is closed (STA-001), so a `match` should name them all.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Runs a task plugin once, then takes `next`.
    Task(Task),
    /// Picks the successor by predicates.
    Choice(Choice),
    /// Computes a value into the context or the attributes.
    Transform(Transform),
    /// Runs branches side by side and joins them.
    Parallel(Parallel),
    /// Parks until somebody submits input.
    Wait(ExternalInput),
    /// Parks until a callback submits input; behaves like `wait` (STA-060).
    Webhook(ExternalInput),
    /// Parks until a time has come.
    Timer(Timer),
    /// Runs a local subjourney in place.
    Subjourney(Subjourney),
    /// Ends the scope well.
    Succeed(Succeed),
    /// Ends the scope with an authored failure.
    Fail(Fail),
}

/// The type of a state, as written at `type` (STA-001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are described at `State`")]
pub enum StateType {
    Task,
    Choice,
    Transform,
    Parallel,
    Wait,
    Webhook,
    Timer,
    Subjourney,
    Succeed,
    Fail,
}

impl StateType {
    /// All types, in the order of the specification.
    pub const ALL: [Self; 10] = [
        Self::Task,
        Self::Choice,
        Self::Transform,
        Self::Parallel,
        Self::Wait,
        Self::Webhook,
        Self::Timer,
        Self::Subjourney,
        Self::Succeed,
        Self::Fail,
    ];

    /// The type as written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Choice => "choice",
            Self::Transform => "transform",
            Self::Parallel => "parallel",
            Self::Wait => "wait",
            Self::Webhook => "webhook",
            Self::Timer => "timer",
            Self::Subjourney => "subjourney",
            Self::Succeed => "succeed",
            Self::Fail => "fail",
        }
    }

    /// Whether the type parks for input from outside.
    #[must_use]
    pub const fn is_external_input(self) -> bool {
        matches!(self, Self::Wait | Self::Webhook)
    }

    /// Whether the type ends its scope.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeed | Self::Fail)
    }
}

impl State {
    /// The type of the state.
    #[must_use]
    pub const fn state_type(&self) -> StateType {
        match self {
            Self::Task(_) => StateType::Task,
            Self::Choice(_) => StateType::Choice,
            Self::Transform(_) => StateType::Transform,
            Self::Parallel(_) => StateType::Parallel,
            Self::Wait(_) => StateType::Wait,
            Self::Webhook(_) => StateType::Webhook,
            Self::Timer(_) => StateType::Timer,
            Self::Subjourney(_) => StateType::Subjourney,
            Self::Succeed(_) => StateType::Succeed,
            Self::Fail(_) => StateType::Fail,
        }
    }

    /// The state taken after this one in the ordinary case; `None` for `choice`, `succeed` and `fail`.
    #[must_use]
    pub const fn next(&self) -> Option<&StateId> {
        match self {
            Self::Task(Task { next, .. })
            | Self::Transform(Transform { next, .. })
            | Self::Parallel(Parallel { next, .. })
            | Self::Wait(ExternalInput { next, .. })
            | Self::Webhook(ExternalInput { next, .. })
            | Self::Timer(Timer { next, .. })
            | Self::Subjourney(Subjourney { next, .. }) => Some(next),
            Self::Choice(_) | Self::Succeed(_) | Self::Fail(_) => None,
        }
    }

    /// Every state of the scope that can follow: `next`, choice targets in order, `default`, `onTimeout`.
    pub fn successors(&self) -> impl Iterator<Item = &StateId> {
        let (rules, default) = match self {
            Self::Choice(choice) => (&choice.rules[..], choice.default.as_ref()),
            _ => (&[][..], None),
        };
        let on_timeout =
            self.external_input().and_then(|input| input.timeout.as_ref()).map(|timeout| &timeout.next);
        self.next().into_iter().chain(rules.iter().map(|rule| &rule.next)).chain(default).chain(on_timeout)
    }

    /// The block of a `wait` or `webhook`.
    #[must_use]
    pub const fn external_input(&self) -> Option<&ExternalInput> {
        match self {
            Self::Wait(input) | Self::Webhook(input) => Some(input),
            _ => None,
        }
    }
}

/// `type: task` (02 §3).
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The plugin that runs it.
    pub kind: TaskKind,
    /// The `task` object without `kind`; its shape is the plugin's (TSK-004). Members that are `null` were dropped at
    /// the top level of the object (DEF-009).
    pub config: Value,
    /// The state taken afterwards.
    pub next: StateId,
}

/// `type: choice` (02 §4).
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The rules, tried in order; at least one.
    pub rules: Vec<ChoiceRule>,
    /// The state taken when no rule matches; without it that is a failure (STA-029).
    pub default: Option<StateId>,
}

/// One entry of `choices`.
#[derive(Debug, Clone, PartialEq)]
pub struct ChoiceRule {
    /// Decides whether the rule matches.
    pub predicate: Expression,
    /// The state taken when it does.
    pub next: StateId,
}

/// `type: transform` (02 §6).
#[derive(Debug, Clone, PartialEq)]
pub struct Transform {
    /// Computes the value.
    pub mapper: Mapper,
    /// Where the value goes.
    pub target: TransformTarget,
    /// The state taken afterwards.
    pub next: StateId,
}

/// Where the result of a transform goes (STA-051 ff.).
#[derive(Debug, Clone, PartialEq)]
pub enum TransformTarget {
    /// The value at the path, or the whole context without one; the result must be an object (STA-054).
    Context(Option<WritePath>),
    /// A variable of the context (STA-055).
    Var(VarName),
    /// Attributes of the run (STA-056).
    Attributes,
}

/// `type: wait` and `type: webhook` (02 §7).
#[derive(Debug, Clone, PartialEq)]
pub struct ExternalInput {
    /// What a submission must look like.
    pub input: Schema,
    /// What the answer to a submission adds.
    pub response: Option<StepResponse>,
    /// What happens when nobody submits.
    pub timeout: Option<WaitTimeout>,
    /// The state taken after a submission.
    pub next: StateId,
}

/// `response` of an external-input state (STA-064).
#[derive(Debug, Clone, PartialEq)]
pub struct StepResponse {
    /// The variable whose members are added to the answer.
    pub output_var: Option<VarName>,
    /// Its schema, for contracts.
    pub schema: Option<Schema>,
}

/// `timeoutSec` and `onTimeout` (STA-062).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitTimeout {
    /// Seconds after entry.
    pub after_sec: NonZeroU64,
    /// The state taken then.
    pub next: StateId,
}

/// `type: timer` (02 §8).
#[derive(Debug, Clone, PartialEq)]
pub struct Timer {
    /// When it fires.
    pub due: TimerDue,
    /// The state taken then.
    pub next: StateId,
}

/// When a timer fires (STA-075, STA-076).
#[derive(Debug, Clone, PartialEq)]
pub enum TimerDue {
    /// This long after entry.
    After(IsoDuration),
    /// As long after entry as the mapper says, an ISO-8601 duration.
    AfterMapped(Mapper),
    /// At this instant.
    At(Timestamp),
    /// At the instant the mapper gives, an RFC 3339 timestamp.
    AtMapped(Mapper),
}

/// `type: subjourney` (02 §9).
#[derive(Debug, Clone, PartialEq)]
pub struct Subjourney {
    /// The local subjourney, `ref`.
    pub subjourney: SubjourneyId,
    /// Computes its context; `{}` without it.
    pub input: Option<Mapper>,
    /// Where the result is written.
    pub result_var: Option<VarName>,
    /// What is written there.
    pub result_kind: ResultKind,
    /// What a failure of the child does.
    pub on_failure: OnFailure,
    /// The state taken afterwards.
    pub next: StateId,
}

/// What a subjourney writes at its `resultVar` (STA-090).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResultKind {
    /// The output, or `null` on a captured failure.
    #[default]
    Output,
    /// The object of phase, termination kind, output and error.
    Outcome,
}

/// What a failed subjourney does to its parent (STA-091, STA-092).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// The parent state fails with the child's error.
    #[default]
    Propagate,
    /// The failure becomes data and the parent goes on.
    Capture,
}

/// `type: parallel` (02 §10).
#[derive(Debug, Clone, PartialEq)]
pub struct Parallel {
    /// The branches in document order; at least one.
    pub branches: Vec<Branch>,
    /// How they are joined.
    pub join: Join,
    /// The state taken afterwards.
    pub next: StateId,
}

/// One branch of a `parallel` state, a scope of its own (STA-101).
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Unique within the state.
    pub name: BranchName,
    /// Where it begins.
    pub start: StateId,
    /// Its states.
    pub states: States,
}

/// `join` of a `parallel` state (STA-102).
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// When the branches are joined.
    pub strategy: JoinStrategy,
    /// What a failed branch means.
    pub error_policy: ErrorPolicy,
    /// Computes the result from the branches.
    pub mapper: Option<Mapper>,
    /// Where the result is written.
    pub result_var: Option<VarName>,
}

/// When branches are joined (STA-106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinStrategy {
    /// Every branch has ended.
    AllOf,
    /// One branch has ended successfully, or all have ended.
    AnyOf,
    /// One branch has ended, well or badly.
    FirstCompleted,
}

/// What a failed branch means (STA-107, STA-113).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorPolicy {
    /// Wait for the join condition, then judge.
    #[default]
    CollectAll,
    /// The first failure satisfies the join condition.
    FailFast,
    /// Failures never fail the state.
    IgnoreErrors,
}

/// `type: succeed` (02 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succeed {
    /// The variable that is the output; the whole context without it, or when the run does not have it (STA-035).
    pub output_var: Option<VarName>,
}

/// `type: fail` (02 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fail {
    /// The Problem type, not empty (STA-038, STA-039).
    pub error_code: Template,
    /// The Problem title, not empty.
    pub reason: Template,
}
