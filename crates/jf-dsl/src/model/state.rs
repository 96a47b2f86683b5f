//! The ten state types (02 – States).

use std::borrow::Cow;
use std::num::NonZeroU64;

use jiff::Timestamp;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde::ser::Serializer;

use super::definition::SchemaBlock;
use super::expression::{Expression, Mapper};
use super::ordered::OrderedMap;
use super::schema::Schema;
use super::skip::{is_default, never};
use super::task::TaskConfig;
use crate::ids::{BranchName, StateId, SubjourneyId, VarName};
use crate::value::duration::IsoDuration;
use crate::value::path::WritePath;
use crate::value::template::Template;

/// The states of one scope in document order (DEF-032); never empty in a definition that loaded.
pub type States = OrderedMap<StateId, State>;

/// One state; `type` says what it does. [STA-001]
///
/// The set of types is closed, so a `match` should name them all.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum State {
    /// Runs a task plugin once, then takes `next`. [STA-020]
    Task(Task),
    /// Picks the successor by predicates. [STA-025]
    Choice(Choice),
    /// Computes a value into the context or the attributes. [STA-050]
    Transform(Transform),
    /// Runs branches side by side and joins them. [STA-100]
    Parallel(Parallel),
    /// Parks until somebody submits input. [STA-060]
    Wait(Wait),
    /// Parks until a callback submits input; behaves like `wait`. [STA-060]
    Webhook(Webhook),
    /// Parks until a time has come. [STA-075]
    Timer(Timer),
    /// Runs a local subjourney in place. [STA-085]
    Subjourney(Subjourney),
    /// Ends the scope well. [STA-035]
    Succeed(Succeed),
    /// Ends the scope with an authored failure. [STA-038]
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
            | Self::Wait(Wait { next, .. })
            | Self::Webhook(Webhook { next, .. })
            | Self::Timer(Timer { next, .. })
            | Self::Subjourney(Subjourney { next, .. }) => Some(next),
            Self::Choice(_) | Self::Succeed(_) | Self::Fail(_) => None,
        }
    }

    /// Every state of the scope that can follow: `next`, choice targets in order, `default`, `onTimeout`.
    pub fn successors(&self) -> impl Iterator<Item = &StateId> {
        let (rules, default) = match self {
            Self::Choice(choice) => (&choice.choices[..], choice.default.as_ref()),
            _ => (&[][..], None),
        };
        let timeout = self.external_input().and_then(|input| input.timeout.as_ref());
        let on_timeout = timeout.map(|timeout| &timeout.on_timeout);
        self.next().into_iter().chain(rules.iter().map(|rule| &rule.next)).chain(default).chain(on_timeout)
    }

    /// The block of a `wait` or `webhook`.
    #[must_use]
    pub const fn external_input(&self) -> Option<&ExternalInput> {
        match self {
            Self::Wait(Wait { wait: input, .. }) | Self::Webhook(Webhook { webhook: input, .. }) => {
                Some(input)
            }
            _ => None,
        }
    }
}

/// Runs a task plugin once per entry, then takes `next`. [STA-020]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// What runs. [STA-020, TSK-001]
    pub task: TaskConfig,
    /// The state taken afterwards, in the same scope. [STA-005]
    pub next: StateId,
}

/// Picks the successor by predicates. [STA-025]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// The choices, tried in order; the first whose predicate is true decides. [STA-025, STA-026]
    #[schemars(length(min = 1))]
    pub choices: Vec<ChoiceRule>,
    /// The state taken when no choice matches; without it that is a failure. [STA-015, STA-029]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<StateId>,
}

/// One choice. [STA-025]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChoiceRule {
    /// When it is taken. [STA-025]
    pub when: ChoiceMatch,
    /// The state taken then, in the same scope. [STA-005]
    pub next: StateId,
}

/// When a choice is taken. [STA-025]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChoiceMatch {
    /// Decides whether the choice is taken; gives `true` or `false`. [STA-025, STA-027]
    pub predicate: Expression,
}

/// Computes a value into the context or the attributes. [STA-050]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Transform {
    /// What is computed, and where it goes. [STA-050]
    pub transform: TransformBlock,
    /// The state taken afterwards, in the same scope. [STA-005]
    pub next: StateId,
}

/// What a transform computes, and where it goes. [STA-050]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransformBlock {
    /// Computes the value.
    #[serde(flatten)]
    pub mapper: Mapper,
    /// Where the value goes.
    #[serde(flatten)]
    pub target: TransformTarget,
}

/// Where the result of a transform goes (STA-051 ff.): the members `target` and `resultVar`.
#[derive(Debug, Clone, PartialEq)]
pub enum TransformTarget {
    /// The value at the path, or the whole context without one; the result must be an object (STA-054).
    Context(Option<WritePath>),
    /// A variable of the context (STA-055).
    Var(VarName),
    /// Attributes of the run (STA-056).
    Attributes,
}

impl Serialize for TransformTarget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let target = match self {
            Self::Context(None) => None,
            Self::Context(Some(path)) => {
                Some(TargetBlock { kind: TargetKind::Context, path: Some(path.clone()) })
            }
            Self::Var(_) => Some(TargetBlock { kind: TargetKind::Var, path: None }),
            Self::Attributes => Some(TargetBlock { kind: TargetKind::Attributes, path: None }),
        };
        let result_var = if let Self::Var(name) = self { Some(name.clone()) } else { None };
        TargetMembers { target, result_var }.serialize(serializer)
    }
}

impl JsonSchema for TransformTarget {
    fn schema_name() -> Cow<'static, str> {
        TargetMembers::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> schemars::Schema {
        TargetMembers::json_schema(generator)
    }
}

/// How [`TransformTarget`] is written.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TargetMembers {
    /// Where the value goes; the whole context unless given. [STA-051]
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<TargetBlock>,
    /// The variable that takes the value; with `target.kind: var` only. [STA-006, STA-052]
    #[serde(skip_serializing_if = "Option::is_none")]
    result_var: Option<VarName>,
}

/// Where the result of a transform goes. [STA-051]
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TransformTarget")]
struct TargetBlock {
    /// The kind of place; `context` unless given. [STA-051]
    #[serde(skip_serializing_if = "never")]
    #[schemars(extend("default" = "context"))]
    kind: TargetKind,
    /// The dot-path that takes the value; with `kind: context` only. The whole context without it. [STA-053]
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<WritePath>,
}

/// The kind of place that the result of a transform goes to. [STA-051]
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum TargetKind {
    /// The context or a part of it; the value must be an object. [STA-054]
    Context,
    /// A variable of the context. [STA-055]
    Var,
    /// Attributes of the run; Journey only. [STA-056]
    Attributes,
}

/// Parks until somebody submits input; Journey only. [STA-060]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Wait {
    /// What is waited for. [STA-060]
    pub wait: ExternalInput,
    /// The state taken after a submission, in the same scope. [STA-063]
    pub next: StateId,
}

/// Parks until a callback submits input; Journey only. [STA-060]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// What is waited for. [STA-060]
    pub webhook: ExternalInput,
    /// The state taken after a submission, in the same scope. [STA-063]
    pub next: StateId,
}

/// What a `wait` or `webhook` state waits for. [STA-060]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalInput {
    /// What a submission must look like. [STA-061]
    pub input: SchemaBlock,
    /// What the answer to a submission adds. [STA-064]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<StepResponse>,
    /// What happens when nobody submits.
    #[serde(flatten)]
    pub timeout: Option<WaitTimeout>,
}

/// What the answer to a submission adds. [STA-064]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepResponse {
    /// The variable whose members are added to the answer. [STA-064]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_var: Option<VarName>,
    /// A schema of the added members, for contracts. [STA-064]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Schema>,
}

/// The time-out of a `wait` or `webhook` state: `timeoutSec` and `onTimeout` (STA-062).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitTimeout {
    /// Seconds after entry; needs `onTimeout`. [STA-062]
    pub timeout_sec: NonZeroU64,
    /// The state taken when nobody has submitted by then, in the same scope; needs `timeoutSec`. [STA-062, STA-069]
    pub on_timeout: StateId,
}

/// Parks until a time has come; Journey only. [STA-075]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timer {
    /// When it fires: `duration` or `until`. [STA-075]
    pub timer: TimerDue,
    /// The state taken then, in the same scope. [STA-005]
    pub next: StateId,
}

/// When a timer fires. [STA-075]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TimerDue {
    /// This long after entry: an ISO-8601 duration, or a mapper that gives one. [STA-076]
    Duration(Given<IsoDuration>),
    /// At this instant: an RFC 3339 timestamp, or a mapper that gives one. [STA-076]
    Until(Given<Timestamp>),
}

/// A value that is written down, or computed when it is needed. [STA-075]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Given<T> {
    /// The value itself.
    Literal(T),
    /// What computes it.
    Mapper(Mapper),
}

/// Runs a local subjourney in place, then takes `next`. [STA-085]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subjourney {
    /// Which subjourney runs, and what becomes of its result. [STA-085]
    pub subjourney: SubjourneyCall,
    /// The state taken afterwards, in the same scope. [STA-005]
    pub next: StateId,
}

/// Which subjourney runs, and what becomes of its result. [STA-085]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubjourneyCall {
    /// The local subjourney, a key of `spec.subjourneys`. [STA-085]
    #[serde(rename = "ref")]
    pub subjourney: SubjourneyId,
    /// Computes the context of the subjourney, an object; `{}` without it. [STA-087]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Mapper>,
    /// The variable that takes the result. [STA-090]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_var: Option<VarName>,
    /// What is written to `resultVar`; `output` unless given. [STA-090]
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(extend("default" = "output"))]
    pub result_kind: ResultKind,
    /// What a failure of the subjourney does. [STA-085]
    #[serde(skip_serializing_if = "is_default")]
    pub on_failure: OnFailure,
}

/// What a subjourney writes at its `resultVar`. [STA-090]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ResultKind {
    /// The output, or `null` on a captured failure.
    #[default]
    Output,
    /// The object of phase, termination kind, output and error.
    Outcome,
}

/// What a failure of a subjourney does. [STA-085]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnFailure {
    /// What it does; `propagate` unless given. [STA-085]
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(extend("default" = "propagate"))]
    pub behavior: FailureBehavior,
}

/// What a failed subjourney does to its parent. [STA-091, STA-092]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FailureBehavior {
    /// The parent state fails with the child's error.
    #[default]
    Propagate,
    /// The failure becomes data and the parent goes on.
    Capture,
}

/// Runs branches side by side and joins them. [STA-100]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Parallel {
    /// The branches and how they are joined. [STA-100]
    pub parallel: ParallelBlock,
    /// The state taken afterwards, in the same scope. [STA-005]
    pub next: StateId,
}

/// The branches of a `parallel` state and how they are joined. [STA-100]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParallelBlock {
    /// The branches; their order is that of the results. [STA-100]
    #[schemars(length(min = 1))]
    pub branches: Vec<Branch>,
    /// How they are joined. [STA-100]
    pub join: Join,
}

/// One branch of a `parallel` state, a scope of its own. [STA-101]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    /// The name of the branch, unique within the state. [STA-101]
    pub name: BranchName,
    /// The state it begins with, a key of its own `states`. [STA-017]
    pub start: StateId,
    /// Its states by their ids. [STA-101]
    #[schemars(extend("minProperties" = 1))]
    pub states: States,
}

/// How the branches of a `parallel` state are joined. [STA-102]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Join {
    /// When the branches are joined. [STA-106]
    pub strategy: JoinStrategy,
    /// What a failed branch means; `collectAll` unless given. [STA-102]
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(extend("default" = "collectAll"))]
    pub error_policy: ErrorPolicy,
    /// Computes the result from `context` and `branches`.
    #[serde(flatten)]
    pub mapper: Option<Mapper>,
    /// The variable that takes the result. [STA-111]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_var: Option<VarName>,
}

/// When branches are joined. [STA-106]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum JoinStrategy {
    /// Every branch has ended.
    AllOf,
    /// One branch has ended successfully, or all have ended.
    AnyOf,
    /// One branch has ended, well or badly.
    FirstCompleted,
}

/// What a failed branch means. [STA-107, STA-113]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ErrorPolicy {
    /// Wait for the join condition, then judge.
    #[default]
    CollectAll,
    /// The first failure satisfies the join condition.
    FailFast,
    /// Failures never fail the state.
    IgnoreErrors,
}

/// Ends its scope well. [STA-035]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Succeed {
    /// The variable that is the output; the whole context without it, or when the run does not have it. [STA-035]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_var: Option<VarName>,
}

/// Ends its scope with a failure. [STA-038]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fail {
    /// The Problem type; may have placeholders. [STA-038, STA-039]
    #[schemars(length(min = 1))]
    pub error_code: Template,
    /// The Problem title; may have placeholders. [STA-038, STA-039]
    #[schemars(length(min = 1))]
    pub reason: Template,
}
