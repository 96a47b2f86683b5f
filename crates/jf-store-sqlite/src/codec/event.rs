//! Events as few bytes: what the row of the run says is left out (ENG-106).

use std::sync::Arc;

use indexmap::IndexMap;
use jf_core::dsl::StateId;
use jf_core::{
    ActiveStep, JourneyId, JourneyOutcome, JourneyStatus, LogDocument, OutcomeError, Phase, StepType,
    exact_json,
};
use jf_store::{EncodeError, RunIndex, StoreError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::varint::{Reader, put, put_text, put_time};
use super::{nanos, phase, phase_code, time};
use crate::error::corrupt;

/// A status without what the run says of itself.
const STATUS: u8 = 1;
/// An outcome without what the run says of itself.
const OUTCOME: u8 = 2;
/// A status as JSON, for documents that do not agree with their run.
const WHOLE_STATUS: u8 = 3;
/// An outcome as JSON.
const WHOLE_OUTCOME: u8 = 4;

const HAS_ADDRESS: u8 = 1;
const HAS_DUE: u8 = 2;
const IS_WEBHOOK: u8 = 4;

/// An outcome but for the members that every event of a run shares.
#[derive(Serialize)]
struct OutcomeBody<'a> {
    #[serde(rename = "p")]
    phase: Phase,
    #[serde(rename = "s")]
    status: &'a str,
    #[serde(rename = "o")]
    output: &'a Value,
    #[serde(rename = "e", skip_serializing_if = "Option::is_none")]
    error: Option<&'a OutcomeError>,
    #[serde(rename = "i", skip_serializing_if = "Option::is_none")]
    outcome_id: Option<&'a str>,
    #[serde(rename = "x", skip_serializing_if = "Map::is_empty")]
    projection: &'a Map<String, Value>,
}

#[derive(Deserialize)]
struct StoredOutcome {
    #[serde(rename = "p")]
    phase: Phase,
    #[serde(rename = "s")]
    status: String,
    #[serde(rename = "o", deserialize_with = "exact_json::read")]
    output: Value,
    #[serde(rename = "e", default)]
    error: Option<OutcomeError>,
    #[serde(rename = "i", default)]
    outcome_id: Option<String>,
    #[serde(rename = "x", default, deserialize_with = "exact_json::read")]
    projection: Map<String, Value>,
}

/// The document of an event of the run that `index` is about.
pub(crate) fn encode(
    run: &JourneyId,
    index: &RunIndex,
    document: &LogDocument,
) -> Result<Vec<u8>, EncodeError> {
    match document {
        LogDocument::Status(status) => encode_status(run, index, status),
        LogDocument::Outcome(outcome) => encode_outcome(run, index, outcome),
    }
}

/// Whether the run says the tags, and how many of its attributes the document has.
fn shared(index: &RunIndex, tags: &[String], attributes: &IndexMap<String, String>) -> bool {
    *tags == *index.tags
        && attributes.len() <= index.attributes.len()
        && attributes.iter().eq(index.attributes.iter().take(attributes.len()))
}

fn encode_status(run: &JourneyId, index: &RunIndex, status: &JourneyStatus) -> Result<Vec<u8>, EncodeError> {
    let agrees = status.journey_id == *run
        && status.journey_name == index.definition.name
        && status.links.is_none()
        && status.projection.is_empty()
        && shared(index, &status.tags, &status.attributes);
    if !agrees {
        return whole(WHOLE_STATUS, status);
    }
    let mut bytes = Vec::with_capacity(48);
    bytes.extend([STATUS, phase_code(status.phase)]);
    put_time(&mut bytes, nanos(status.updated_at));
    put(&mut bytes, status.attributes.len() as u64);
    put_text(&mut bytes, status.current_state.as_str());
    put(&mut bytes, status.active_steps.len() as u64);
    for step in &status.active_steps {
        let mut flags = 0;
        flags |= if step.address.is_some() { HAS_ADDRESS } else { 0 };
        flags |= if step.due_at.is_some() { HAS_DUE } else { 0 };
        flags |= if step.step_type == StepType::Webhook { IS_WEBHOOK } else { 0 };
        bytes.push(flags);
        put_text(&mut bytes, step.step_id.as_str());
        if let Some(address) = &step.address {
            put_text(&mut bytes, address);
        }
        if let Some(due) = step.due_at {
            put_time(&mut bytes, nanos(due));
        }
    }
    Ok(bytes)
}

fn encode_outcome(
    run: &JourneyId,
    index: &RunIndex,
    outcome: &JourneyOutcome,
) -> Result<Vec<u8>, EncodeError> {
    let agrees = outcome.journey_id == *run
        && outcome.journey_name == index.definition.name
        && outcome.links.is_none()
        && shared(index, &outcome.tags, &outcome.attributes);
    if !agrees {
        return whole(WHOLE_OUTCOME, outcome);
    }
    let body = OutcomeBody {
        phase: outcome.phase,
        status: &outcome.status,
        output: &outcome.output,
        error: outcome.error.as_ref(),
        outcome_id: outcome.outcome_id.as_deref(),
        projection: &outcome.projection,
    };
    let mut bytes = Vec::with_capacity(64);
    bytes.push(OUTCOME);
    put(&mut bytes, outcome.attributes.len() as u64);
    serde_json::to_writer(&mut bytes, &body)?;
    Ok(bytes)
}

fn whole(tag: u8, document: &impl Serialize) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = vec![tag];
    serde_json::to_writer(&mut bytes, document)?;
    Ok(bytes)
}

/// The document that [`encode`] wrote, with the run as it is now.
pub(crate) fn decode(run: &JourneyId, index: &RunIndex, bytes: &[u8]) -> Result<LogDocument, StoreError> {
    let document = match bytes.split_first() {
        Some((&STATUS, rest)) => {
            decode_status(run, index, rest).map(|status| LogDocument::Status(Arc::new(status)))
        }
        Some((&OUTCOME, rest)) => {
            decode_outcome(run, index, rest).map(|outcome| LogDocument::Outcome(Arc::new(outcome)))
        }
        Some((&WHOLE_STATUS, rest)) => json(rest).map(|status| LogDocument::Status(Arc::new(status))),
        Some((&WHOLE_OUTCOME, rest)) => json(rest).map(|outcome| LogDocument::Outcome(Arc::new(outcome))),
        _ => None,
    };
    document.ok_or_else(|| corrupt("event").with("run", run))
}

fn decode_status(run: &JourneyId, index: &RunIndex, bytes: &[u8]) -> Option<JourneyStatus> {
    let mut reader = Reader(bytes);
    let phase = phase(reader.byte()?).ok()?;
    let updated_at = time(reader.time()?);
    let attributes = reader.size()?;
    let state = StateId::parse(reader.text()?).ok()?;
    let name = index.definition.name.clone();
    let mut status = JourneyStatus::new(run.clone(), name, phase, state, updated_at);
    for _ in 0..reader.number()? {
        let flags = reader.byte()?;
        let step_type = if flags & IS_WEBHOOK == 0 { StepType::Wait } else { StepType::Webhook };
        let mut step = ActiveStep::new(StateId::parse(reader.text()?).ok()?, step_type);
        if flags & HAS_ADDRESS != 0 {
            step.address = Some(reader.text()?.to_owned());
        }
        if flags & HAS_DUE != 0 {
            step.due_at = Some(time(reader.time()?));
        }
        status.active_steps.push(step);
    }
    status.tags = index.tags.to_vec();
    status.attributes = first(index, attributes)?;
    Some(status)
}

fn decode_outcome(run: &JourneyId, index: &RunIndex, bytes: &[u8]) -> Option<JourneyOutcome> {
    let mut reader = Reader(bytes);
    let attributes = reader.size()?;
    let StoredOutcome { phase, status, output, error, outcome_id, projection } = json(reader.0)?;
    let name = index.definition.name.clone();
    let mut outcome = JourneyOutcome::new(run.clone(), name, phase, status, output);
    outcome.error = error;
    outcome.outcome_id = outcome_id;
    outcome.projection = projection;
    outcome.tags = index.tags.to_vec();
    outcome.attributes = first(index, attributes)?;
    Some(outcome)
}

fn first(index: &RunIndex, attributes: usize) -> Option<IndexMap<String, String>> {
    if attributes > index.attributes.len() {
        return None;
    }
    let first = index.attributes.iter().take(attributes);
    Some(first.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Contexts, and so outputs, may be nested deeper than bodies; how deep the engine has bounded before.
fn json<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    deserializer.disable_recursion_limit();
    let value = T::deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

#[cfg(test)]
mod tests;
