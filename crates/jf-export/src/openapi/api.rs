//! The address of an Api (HTTP-093).

use jf_dsl::{Definition, EndPhase, EnvelopeFormat, FailedStatus, RuleStatus};
use serde_json::{Value, json};

use super::document::{Document, JSON, PROBLEM};
use super::journey::start_body;
use super::operation::Operation;
use super::projection;
use crate::names::Names;
use crate::schemas::reference;

/// Statuses that send no body (HTTP-066).
const BODILESS: [u16; 3] = [204, 205, 304];
/// Statuses of requests that are refused before the Api runs, in its envelope (HTTP-073).
const REFUSALS: [(&str, &str); 7] = [
    ("400", "The request cannot be read, or its value does not follow the schema."),
    ("413", "The body is larger than it may be."),
    ("415", "The body is not `application/json`."),
    ("429", "Too many requests."),
    ("500", "Unexpected trouble."),
    ("503", "The service is overloaded, starting or stopping."),
    ("504", "The Api took longer than it may."),
];

pub(super) fn add(document: &mut Document, definition: &Definition) {
    let name = &definition.metadata.name;
    let names = Names::of(definition, true);
    let (body, required) = start_body(document, definition, &names);
    let mut operation = Operation::new(format!("call-{name}"), format!("Call {name}"))
        .described(definition.metadata.description.clone().unwrap_or_default())
        .tagged(name.as_str())
        .body(required, body);
    projection::parameters(&mut operation, &definition.spec.bindings.http.start);
    projection::labels(&mut operation, &definition.spec.metadata.bindings);

    let output = match &definition.spec.output.schema {
        Some(schema) => document.schemas.of_definition(&names.component("Output"), schema.json()),
        None => json!({}),
    };
    let error = match definition.spec.errors.envelope.format {
        EnvelopeFormat::ProblemDetails => (PROBLEM, reference("Problem")),
        EnvelopeFormat::Custom => (JSON, json!({ "type": "object" })),
    };
    for (status, description) in REFUSALS {
        operation.response(status, description);
        operation.content(status, error.0, error.1.clone());
    }
    operation.header("429", "RetryAfter");
    operation.header("503", "RetryAfter");
    results(&mut operation, definition, &output, &error);
    document.post(&definition.http_route(), operation);
}

/// What results become by the rules and defaults of the definition (HTTP-067).
fn results(
    operation: &mut Operation,
    definition: &Definition,
    output: &Value,
    error: &(&'static str, Value),
) {
    let responses = &definition.spec.bindings.http.api_responses;
    let mut add = |phase: EndPhase, status: Option<u16>| {
        let name = status.map_or_else(|| "default".to_owned(), |status| status.to_string());
        let (description, media, schema) = match phase {
            EndPhase::Succeeded => ("The result.", JSON, output),
            EndPhase::Failed => ("The Api failed.", error.0, &error.1),
        };
        operation.response(&name, description);
        if !status.is_some_and(|status| BODILESS.contains(&status)) {
            operation.content(&name, media, schema.clone());
        }
        if phase == EndPhase::Succeeded && definition.spec.cookies.return_to_client.is_some() {
            operation.header(&name, "SetCookie");
        }
    };
    for rule in &responses.rules {
        match &rule.status {
            RuleStatus::Fixed(status) => add(rule.when.phase, Some(*status)),
            RuleStatus::Computed(_) => add(rule.when.phase, None),
        }
    }
    // An unconditional rule leaves nothing for the default.
    let open = |phase| {
        !responses.rules.iter().any(|rule| {
            rule.when.phase == phase && rule.when.predicate.is_none() && rule.when.error_type.is_none()
        })
    };
    if open(EndPhase::Succeeded) {
        add(EndPhase::Succeeded, Some(responses.default.succeeded));
    }
    if open(EndPhase::Failed) {
        match responses.default.failed {
            FailedStatus::Fixed(status) => add(EndPhase::Failed, Some(status)),
            // The status of a Problem is 400 to 599 (HTTP-068).
            FailedStatus::FromProblemStatus => {
                for range in ["4XX", "5XX"] {
                    operation.response(range, "The Api failed, with the status of its Problem.");
                    operation.content(range, error.0, error.1.clone());
                }
            }
        }
    }
}
