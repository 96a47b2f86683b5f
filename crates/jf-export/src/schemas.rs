//! The schemas of a contract while it is being put together: `components.schemas` of OpenAPI and AsyncAPI alike.

use serde_json::{Map, Value, json};

use jf_dsl::{Definition, EnvelopeFormat};

use crate::names::Names;
use crate::schema;

/// A schema of `components.schemas`.
pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// One schema as it is, several as alternatives.
pub(crate) fn any_of(mut schemas: Vec<Value>) -> Value {
    match schemas.len() {
        1 => schemas.remove(0),
        _ => json!({ "anyOf": schemas }),
    }
}

/// The documents that every binding shows.
pub(crate) fn documents() -> Map<String, Value> {
    serde_json::from_str(include_str!("documents.json")).expect("the file is JSON, as a test shows")
}

/// Schemas under the names they have in the contract.
#[derive(Debug, Default)]
pub(crate) struct Schemas(Map<String, Value>);

impl Schemas {
    /// Keeps a schema of a definition as a component; the reference to it.
    ///
    /// A name that another schema has already (two states of one id) gets a number.
    pub(crate) fn of_definition(&mut self, name: &str, schema: &Value) -> Value {
        self.keep(name, |place| schema::moved_to(schema, place))
    }

    /// Keeps a schema of the contract; the reference to it.
    pub(crate) fn add(&mut self, name: &str, schema: &Value) -> Value {
        self.keep(name, |_| schema.clone())
    }

    /// Keeps what the outcome of a definition looks like (HTTP-091); the reference to it.
    pub(crate) fn outcome(&mut self, definition: &Definition, names: &Names) -> Value {
        let output = &definition.spec.output;
        let name = definition.metadata.name.as_str();
        let mut properties = json!({ "journeyName": { "const": name } });
        if definition.spec.errors.envelope.format == EnvelopeFormat::ProblemDetails {
            properties["error"] = json!({ "properties": { "problem": reference("Failure") } });
        }
        if let Some(schema) = &output.schema {
            let succeeded = self.of_definition(&names.component("Output"), schema.json());
            properties["output"] = json!({ "anyOf": [succeeded, { "type": "null" }] });
        }
        let mut all = vec![reference("JourneyOutcome"), json!({ "properties": properties })];
        if let Some(schema) = output.response.as_ref().and_then(|response| response.schema.as_ref()) {
            all.push(self.of_definition(&names.component("Projection"), schema.json()));
        }
        self.add(&names.component("Outcome"), &json!({ "allOf": all }))
    }

    /// All of them with the documents of every binding, those first.
    pub(crate) fn finish(self) -> Map<String, Value> {
        let mut all = documents();
        all.extend(self.0);
        all
    }

    fn keep(&mut self, name: &str, schema: impl Fn(&str) -> Value) -> Value {
        let mut numbers = 2..;
        let mut candidate = name.to_owned();
        loop {
            let schema = schema(&format!("#/components/schemas/{candidate}"));
            match self.0.get(&candidate) {
                Some(there) if *there != schema => {
                    candidate = format!("{name}_{}", numbers.next().unwrap_or_default());
                }
                _ => {
                    let reference = reference(&candidate);
                    self.0.insert(candidate, schema);
                    return reference;
                }
            }
        }
    }
}
