//! `schedule:v1` (04 §12).

use std::num::NonZeroU64;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::StateId;
use crate::model::expression::Mapper;
use crate::model::skip::is_default;
use crate::model::state::Given;
use crate::value::duration::IsoDuration;

/// Has runs of the journey start by time. [TSK-100]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Schedule {
    /// Where the runs begin: a key of `spec.states`. [TSK-100]
    pub start: StateId,
    /// The time between two runs, an ISO-8601 duration such as `P1D`, or a mapper; the platform has a minimum.
    /// [TSK-101, TSK-102]
    pub interval: Given<IsoDuration>,
    /// How many runs there are, or a mapper. [TSK-101]
    pub max_runs: Given<NonZeroU64>,
    /// When the first run begins, an RFC 3339 timestamp or a mapper. [TSK-101]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_at: Option<Given<Timestamp>>,
    /// Computes what the schedule is about, a part of its identity. [TSK-101, TSK-104]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<Mapper>,
    /// Computes the context that each run begins with; a copy of the whole context unless given. [TSK-101, TSK-103]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Mapper>,
    /// What happens when a schedule of the same identity is active. [TSK-101, TSK-104]
    #[serde(skip_serializing_if = "is_default")]
    pub on_existing: OnExisting,
}

/// What happens when a schedule of the same identity is active. [TSK-104]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnExisting {
    /// The task fails with `urn:journeyforge:error:schedule-exists`.
    #[default]
    Fail,
    /// The newest active one is replaced, and its runs are counted anew.
    Upsert,
    /// There is one more.
    AddAnother,
}
