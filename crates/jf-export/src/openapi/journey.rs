//! The addresses of a Journey (HTTP-091, HTTP-092).

use jf_dsl::{Definition, StartMode, encode_component};
use serde_json::{Value, json};

use super::document::{Document, JSON, ON_RUNS};
use super::operation::Operation;
use super::projection;
use crate::names::Names;
use crate::schema;
use crate::schemas::reference;

pub(super) fn add(document: &mut Document, definition: &Definition, serving: bool) {
    let names = Names::of(definition, serving);
    let outcome = document.schemas.outcome(definition, &names);
    document.cookies |= definition.spec.cookies.return_to_client.is_some();
    if serving {
        start(document, definition, &names, &outcome);
    }
    document.outcome(outcome);
    steps(document, definition, &names);
}

fn start(document: &mut Document, definition: &Definition, names: &Names, outcome: &Value) {
    let name = &definition.metadata.name;
    let (body, required) = start_body(document, definition, names);
    let mut operation = Operation::new(format!("start-{name}"), format!("Start {name}"))
        .described(definition.metadata.description.clone().unwrap_or_default())
        .tagged(name.as_str())
        .body(required, body)
        .parameter("IdempotencyKey");
    projection::parameters(&mut operation, &definition.spec.bindings.http.start);
    projection::labels(&mut operation, &definition.spec.metadata.bindings);
    let accepted = json!({ "$ref": "#/components/schemas/JourneyStartResponse" });
    // A repeat whose caller may not read the run is answered like an asynchronous start (ENG-053).
    let mut statuses = vec!["202"];
    if definition.spec.lifecycle.start_mode == StartMode::Sync {
        operation.response("200", "The run has ended, or waits.");
        operation.content("200", JSON, outcome.clone());
        operation.content("200", JSON, reference("JourneyStatus"));
        operation.header("200", "ETag");
        operation.header("200", "IdempotencyReplayed");
        if definition.spec.cookies.return_to_client.is_some() {
            operation.header("200", "SetCookie");
        }
        if definition.spec.access.read.is_none() {
            statuses.clear();
        }
    }
    for status in statuses {
        operation.response(status, "The run was created.");
        operation.content(status, JSON, accepted.clone());
        for header in ["Location", "ETag", "IdempotencyReplayed"] {
            operation.header(status, header);
        }
    }
    let steps = definition.all_states().filter(|(_, state)| state.external_input().is_some());
    let steps: Vec<_> = steps.map(|(id, _)| submission(&encode_component(id.as_str()))).collect();
    for status in operation.statuses() {
        for next in ON_RUNS.into_iter().chain(steps.iter().map(String::as_str)) {
            operation.leads_to(&status, next, "$response.body#/journeyId");
        }
    }
    document.post(&format!("/journeys/{name}/start"), operation);
}

/// The schema of the body, and whether there must be one: no body is as good as an empty object (HTTP-011).
pub(super) fn start_body(document: &mut Document, definition: &Definition, names: &Names) -> (Value, bool) {
    let Some(input) = definition.input_schema() else { return (json!({ "type": "object" }), false) };
    let mut input = input.json().clone();
    for path in projection::written(&definition.spec.bindings.http.start) {
        schema::without_required(&mut input, &path.segments().collect::<Vec<_>>());
    }
    let required = input.get("required").and_then(Value::as_array).is_some_and(|names| !names.is_empty());
    (document.schemas.of_definition(&names.component("Input"), &input), required)
}

fn steps(document: &mut Document, definition: &Definition, names: &Names) {
    let name = &definition.metadata.name;
    for (id, state) in definition.all_states() {
        let Some(input) = state.external_input() else { continue };
        let body = document
            .schemas
            .of_definition(&names.component(&format!("{id}.Input")), input.input.schema.json());
        let address = encode_component(id.as_str());
        let mut operation = Operation::new(submission(&address), format!("Submit {id}"))
            .described("A step that waits in several places at once is told apart by its qualified address in place of the id.")
            .tagged(name.as_str())
            .body(true, body);
        for parameter in ["JourneyId", "IdempotencyKey", "IfMatch"] {
            operation = operation.parameter(parameter);
        }
        if let Some(projection) = definition.spec.bindings.http.steps.get(id) {
            projection::parameters(&mut operation, projection);
        }
        operation.response("200", "The submission was accepted; where the run stands now.");
        let status = match input.response.as_ref().and_then(|response| response.schema.as_ref()) {
            Some(schema) => {
                let projected = document
                    .schemas
                    .of_definition(&names.component(&format!("{id}.Projection")), schema.json());
                json!({ "allOf": [reference("JourneyStatus"), projected] })
            }
            None => reference("JourneyStatus"),
        };
        operation.content("200", JSON, status);
        operation.header("200", "ETag");
        operation.header("200", "IdempotencyReplayed");
        for next in ON_RUNS {
            operation.leads_to("200", next, "$response.body#/journeyId");
        }
        document.post(&format!("/journeys/{{journeyId}}/steps/{address}"), operation);
    }
}

/// The id of the operation that submits the step with the encoded id.
fn submission(address: &str) -> String {
    format!("submit-{address}")
}
