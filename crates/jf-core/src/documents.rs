//! The documents clients see: start response, status and outcome (ENG-020 to ENG-031). All bindings show the same ones.

use indexmap::IndexMap;
use jf_dsl::{DefinitionName, StateId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{JourneyId, Links, exact_json};

/// Where a run stands as a whole (ENG-020). The last two are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Phase {
    /// Not ended.
    Running,
    /// Ended in `succeed`.
    Succeeded,
    /// Ended in any other way.
    Failed,
}

impl Phase {
    /// The spelling of documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }

    /// Whether the outcome exists.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Running)
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a run, branch or subjourney ended (ENG-030).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TerminationKind {
    /// Reached `succeed`.
    Success,
    /// Reached `fail`, or a task reported a Problem.
    Fail,
    /// The run deadline passed.
    Timeout,
    /// Cancelled from outside.
    Cancel,
    /// The engine could not go on.
    RuntimeError,
}

impl TerminationKind {
    /// The kind as documents and expressions show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::Fail => "Fail",
            Self::Timeout => "Timeout",
            Self::Cancel => "Cancel",
            Self::RuntimeError => "RuntimeError",
        }
    }
}

/// The type of an external-input state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepType {
    /// A `wait` state.
    Wait,
    /// A `webhook` state.
    Webhook,
}

/// A step that can be submitted now (ENG-031).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ActiveStep {
    /// Id of the state.
    pub step_id: StateId,
    /// Qualified address (ENG-040), given when the state lies outside the top-level scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Type of the state.
    #[serde(rename = "type")]
    pub step_type: StepType,
    /// When the step times out, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::rfc3339_millis::option")]
    pub due_at: Option<Timestamp>,
}

impl ActiveStep {
    /// A step of the top-level scope that does not time out; set the public members as needed.
    #[must_use]
    pub const fn new(step_id: StateId, step_type: StepType) -> Self {
        Self { step_id, address: None, step_type, due_at: None }
    }
}

/// Answer to an asynchronous start (ENG-023).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JourneyStartResponse {
    /// The new run.
    pub journey_id: JourneyId,
    /// Its definition.
    pub journey_name: DefinitionName,
    /// Where its status can be read.
    pub status_url: String,
    /// Absent where the definition turns links off.
    #[serde(rename = "_links", default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
}

impl JourneyStartResponse {
    /// An answer without links; set them where the definition has them on.
    #[must_use]
    pub fn new(journey_id: JourneyId, journey_name: DefinitionName, status_url: impl Into<String>) -> Self {
        Self { journey_id, journey_name, status_url: status_url.into(), links: None }
    }
}

/// Where a run stands (ENG-021).
///
/// `projection` holds the members of ENG-048. It is filled only in the answer to a submission or a synchronous start, and an
/// engine never lets one of its members collide with the document's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JourneyStatus {
    /// The run.
    pub journey_id: JourneyId,
    /// Its definition.
    pub journey_name: DefinitionName,
    /// Running, or how it ended.
    pub phase: Phase,
    /// The one state that describes the position (ENG-022).
    pub current_state: StateId,
    /// Every step that can be submitted now, in the order of ENG-031.
    pub active_steps: Vec<ActiveStep>,
    /// Commit time of the run's last event.
    #[serde(with = "crate::rfc3339_millis")]
    pub updated_at: Timestamp,
    /// Tags computed at start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Write-once attributes.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub attributes: IndexMap<String, String>,
    /// Absent where the definition turns links off.
    #[serde(rename = "_links", default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    /// Members of the step's `response` block.
    #[serde(flatten, deserialize_with = "exact_json::read")]
    pub projection: Map<String, Value>,
}

impl JourneyStatus {
    /// Names a `response` block may never project (STA-064).
    pub const RESERVED: [&'static str; 9] = [
        "journeyId",
        "journeyName",
        "phase",
        "currentState",
        "activeSteps",
        "updatedAt",
        "tags",
        "attributes",
        "_links",
    ];

    /// A status without active steps, metadata, links and projection; set the public members as needed.
    #[must_use]
    pub fn new(
        journey_id: JourneyId,
        journey_name: DefinitionName,
        phase: Phase,
        current_state: StateId,
        updated_at: Timestamp,
    ) -> Self {
        Self {
            journey_id,
            journey_name,
            phase,
            current_state,
            active_steps: Vec::new(),
            updated_at,
            tags: Vec::new(),
            attributes: IndexMap::new(),
            links: None,
            projection: Map::new(),
        }
    }
}

/// The error of a failed run (ENG-026).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OutcomeError {
    /// Problem `type` (STA-041).
    pub code: String,
    /// A sentence for people.
    pub reason: String,
    /// The canonical Problem with the default envelope; absent with a custom one.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "exact_json::read")]
    pub problem: Option<Value>,
    /// Members of a custom envelope.
    #[serde(flatten, deserialize_with = "exact_json::read")]
    pub envelope: Map<String, Value>,
}

impl OutcomeError {
    /// An error in the default envelope.
    #[must_use]
    pub fn new(code: impl Into<String>, reason: impl Into<String>, problem: Option<Value>) -> Self {
        Self { code: code.into(), reason: reason.into(), problem, envelope: Map::new() }
    }
}

/// How a run ended (ENG-024). Never changes once published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JourneyOutcome {
    /// The run.
    pub journey_id: JourneyId,
    /// Its definition.
    pub journey_name: DefinitionName,
    /// `SUCCEEDED` or `FAILED`.
    pub phase: Phase,
    /// The stable code of ENG-027.
    pub status: String,
    /// Result of a success, `null` on failure (ENG-025).
    #[serde(deserialize_with = "exact_json::read")]
    pub output: Value,
    /// Only on failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<OutcomeError>,
    /// Id of the first matching rule of `spec.outcomes` (ENG-036).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_id: Option<String>,
    /// Tags computed at start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Write-once attributes.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub attributes: IndexMap<String, String>,
    /// Absent where the definition turns links off.
    #[serde(rename = "_links", default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    /// Members of `output.response` (ENG-028).
    #[serde(flatten, deserialize_with = "exact_json::read")]
    pub projection: Map<String, Value>,
}

impl JourneyOutcome {
    /// Names `output.response` may never project (DEF-059, ENG-028).
    pub const RESERVED: [&'static str; 11] = [
        "journeyId",
        "journeyName",
        "phase",
        "activeSteps",
        "output",
        "error",
        "tags",
        "attributes",
        "_links",
        "outcomeId",
        "status",
    ];

    /// An outcome without error, metadata, links and projection; set the public members as needed.
    #[must_use]
    pub fn new(
        journey_id: JourneyId,
        journey_name: DefinitionName,
        phase: Phase,
        status: impl Into<String>,
        output: Value,
    ) -> Self {
        Self {
            journey_id,
            journey_name,
            phase,
            status: status.into(),
            output,
            error: None,
            outcome_id: None,
            tags: Vec::new(),
            attributes: IndexMap::new(),
            links: None,
            projection: Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ActiveStep, JourneyOutcome, JourneyStatus, Phase, StepType};
    use crate::JourneyId;
    use jf_dsl::{DefinitionName, StateId};
    use serde_json::{Value, json};

    fn status() -> JourneyStatus {
        let mut status = JourneyStatus::new(
            JourneyId::parse("kJ3vY1q0T5mZ8wXc2LbR9A").expect("id"),
            DefinitionName::parse("order-approval").expect("name"),
            Phase::Running,
            StateId::parse("waitForDocs").expect("state"),
            "2026-01-02T03:04:06.12Z".parse().expect("time"),
        );
        let mut step = ActiveStep::new(StateId::parse("waitForDocs").expect("state"), StepType::Wait);
        step.due_at = Some("2026-01-03T03:04:06Z".parse().expect("time"));
        status.active_steps.push(step);
        status
    }

    #[test]
    fn eng_021_a_status_has_the_published_members_in_order() {
        let text = serde_json::to_string(&status()).expect("serialises");
        assert_eq!(
            text,
            r#"{"journeyId":"kJ3vY1q0T5mZ8wXc2LbR9A","journeyName":"order-approval","phase":"RUNNING","currentState":"waitForDocs","activeSteps":[{"stepId":"waitForDocs","type":"wait","dueAt":"2026-01-03T03:04:06.000Z"}],"updatedAt":"2026-01-02T03:04:06.120Z"}"#
        );
    }

    #[test]
    fn eng_048_projected_members_stand_at_the_top_level() {
        let mut status = status();
        status.projection.insert("approvalRef".to_owned(), json!("R-9"));
        let value = serde_json::to_value(&status).expect("serialises");
        assert_eq!(value["approvalRef"], "R-9");
        let back: JourneyStatus = serde_json::from_value(value).expect("reads back");
        assert_eq!(back, status);
    }

    #[test]
    fn eng_024_an_outcome_shows_null_output_and_hides_what_is_not_there() {
        let outcome = JourneyOutcome::new(
            JourneyId::parse("r1").expect("id"),
            DefinitionName::parse("order").expect("name"),
            Phase::Failed,
            "FAILED",
            Value::Null,
        );
        assert_eq!(
            serde_json::to_string(&outcome).expect("serialises"),
            r#"{"journeyId":"r1","journeyName":"order","phase":"FAILED","status":"FAILED","output":null}"#
        );
    }
}
