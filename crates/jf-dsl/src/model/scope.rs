//! Blocks that are scopes of their own beside the top level: local subjourneys and compensation (01 §3, §9), and the read
//! guard that names one (01 §15).

use schemars::JsonSchema;
use serde::Serialize;

use super::definition::SchemaBlock;
use super::expression::Expression;
use super::skip::is_default;
use super::state::States;
use crate::ids::{StateId, SubjourneyId};

/// A part of the flow that `subjourney` states run in place, with a context of its own. [DEF-040]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct SubjourneyDefinition {
    /// Where it begins, a key of its own `states`. [DEF-040]
    pub start: StateId,
    /// Its states. They are entered through `subjourney` states and the read guard only. [DEF-041]
    pub states: States,
    /// What it takes, for contracts and tools. [DEF-043]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<SchemaBlock>,
    /// What it gives, for contracts and tools. [DEF-043]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<SchemaBlock>,
}

/// What undoes the effects of a run that did not succeed. [DEF-095]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Compensation {
    /// Whether the end of the run waits for it: `async` (default) or `sync`. [DEF-096]
    #[serde(skip_serializing_if = "is_default")]
    pub mode: CompensationMode,
    /// Where it begins, a key of its own `states`. [DEF-095]
    pub start: StateId,
    /// Successful ends that are compensated too. [DEF-097]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_for: Vec<AlsoFor>,
    /// Its states. [DEF-095]
    pub states: States,
}

/// Whether the end of a run waits for its compensation. [DEF-096]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CompensationMode {
    /// It runs on its own after the run has ended.
    #[default]
    Async,
    /// The run ends when it has ended.
    Sync,
}

/// One more case in which a run is compensated. [DEF-097]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct AlsoFor {
    /// When it applies; an empty object always does. [DEF-097]
    pub when: AlsoForWhen,
}

/// When a further case of compensation applies. [DEF-097]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct AlsoForWhen {
    /// The condition; `output` and `outcome` are bound beside `context`. Without it the case always applies. [DEF-097]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate: Option<Expression>,
}

/// Who may read a run. [DEF-165]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Access {
    /// Who may read its status and outcome. [DEF-165]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<ReadAccess>,
}

/// Who may read the status and the outcome of a run. [DEF-165]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReadAccess {
    /// The subjourney that decides each read: it may be read when the output is an object with `allowed: true`. It must not wait. [DEF-165, DEF-166]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard_ref: Option<SubjourneyId>,
}
