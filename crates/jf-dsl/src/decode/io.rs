//! `spec.input`, `spec.output`, `spec.context` (01 §4).

use super::{Decoder, Place, Special};
use crate::ids::VarName;
use crate::model::definition::{Output, OutputResponse, SchemaBlock};
use crate::rules::{metadata, schemas, shape};

/// Members of the outcome document (DEF-059).
const OUTCOME_MEMBERS: [&str; 10] = [
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
];

/// What a schema begins with, usually.
const SCHEMA_KEYWORDS: [&str; 8] =
    ["$schema", "$ref", "$defs", "type", "required", "properties", "additionalProperties", "items"];

impl Decoder<'_> {
    /// A block that holds a schema and nothing else (DEF-049).
    pub(super) fn schema_block(&mut self, place: &Place<'_>) -> Option<SchemaBlock> {
        self.object(place, "DEF-049")?;
        let bare = place.get("schema").is_none();
        self.known_or(place, &["schema"], "DEF-049", |name| {
            let is_keyword = bare && SCHEMA_KEYWORDS.contains(&name);
            is_keyword.then(|| Special::Once(shape::misplaced(name, "under `schema`").rule("DEF-049")))
        });
        let schema = place.get("schema")?;
        Some(SchemaBlock { schema: self.schema(&schema)? })
    }

    pub(super) fn input(&mut self, place: &Place<'_>) -> Option<SchemaBlock> {
        let block = self.schema_block(place)?;
        let schema_place = place.get("schema")?;
        if let Some(properties) = schema_place.get("properties")
            && let Some(payload) = properties.get("payload")
        {
            self.report_key(&payload, schemas::payload_in_input());
        }
        Some(block)
    }

    pub(super) fn output(&mut self, place: &Place<'_>, is_api: bool) -> Output {
        if self.object(place, "DEF-049").is_none() {
            return Output::default();
        }
        self.known_or(place, &["schema", "response"], "DEF-049", |_| None);
        let schema = place.get("schema").and_then(|schema| self.schema(&schema));
        let response = place.get("response").and_then(|response| self.output_response(&response, is_api));
        Output { schema, response }
    }

    fn output_response(&mut self, place: &Place<'_>, is_api: bool) -> Option<OutputResponse> {
        if is_api {
            self.report_key(place, metadata::wrong_kind("output.response", "Journey", "DEF-030"));
            return None;
        }
        self.object(place, "DEF-058")?;
        self.known(place, &["outputVar", "schema"]);
        let output_var = self.required(place, "outputVar", "DEF-058");
        let output_var = output_var.and_then(|place| self.name(&place, "DEF-058", VarName::parse));
        let schema = place.get("schema");
        if schema.is_none() {
            self.report_member(place, "schema", schemas::response_without_schema());
        }
        let schema = schema.and_then(|place| {
            let schema = self.schema(&place)?;
            self.reserved_properties(&place, &OUTCOME_MEMBERS, "DEF-059");
            Some(schema)
        });
        Some(OutputResponse { output_var: output_var?, schema })
    }
}
