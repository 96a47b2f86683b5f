//! The JSON Schema of the language, for editors and other tools that do not run the loader.
//!
//! It is made from the model in five steps, each a pass over plain JSON:
//!
//! 1. the generator describes the model types ([`language_schema`]);
//! 2. [`shape`] turns what the generator says about Rust enums into what editors understand;
//! 3. [`variants`] makes objects with a tag (`type` of a state, `kind` of a task) choose their shape by it;
//! 4. [`beyond`] adds what the loader accepts or refuses beyond the shapes: older spellings, blocks of one kind only;
//! 5. [`close`] closes the shapes (DEF-007), lets `x-` members in (DEF-008), and says where `null` may stand (DEF-009).

mod beyond;
mod close;
mod shape;
mod variants;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::model::definition::Definition;
use crate::model::metadata::MetadataLimits;

/// Named schemas.
type Definitions = Map<String, Value>;

/// A JSON Schema (draft-07) of definition documents: `Journey`, `Api` and `MetadataLimits`.
///
/// A document that the schema refuses is refused by [`load`](crate::load), too; the schema cannot tell everything that
/// `load` does, as references between members, expressions and what is installed. Descriptions are the texts of the model;
/// `errorMessage`, `deprecationMessage` and `enumDescriptions` are annotations that editors know and validators skip.
///
/// ```
/// let schema = jf_dsl::language_schema();
/// assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
/// assert_eq!(schema["properties"]["kind"]["enum"][0], "Journey");
/// ```
#[must_use]
pub fn language_schema() -> Value {
    let mut generator = SchemaSettings::draft07()
        .for_serialize()
        .with(|settings| settings.transforms.clear())
        .into_generator();
    generator.subschema_for::<Definition>();
    generator.subschema_for::<MetadataLimits>();
    let mut definitions = generator.take_definitions(false);
    for definition in definitions.values_mut() {
        shape::tidy(definition);
    }
    shape::spread_named(&mut definitions);
    variants::choose_by_tag(&mut definitions);
    shape::inline_small(&mut definitions);
    beyond::add(&mut definitions);
    close::close(&mut definitions);
    document(definitions)
}

/// The document itself chooses by `kind`.
fn document(mut definitions: Definitions) -> Value {
    let case = |kind: &str, then: &str| {
        json!({
            "if": { "type": "object", "required": ["kind"], "properties": { "kind": { "const": kind } } },
            "then": { "$ref": format!("#/definitions/{then}") },
        })
    };
    let cases = [
        case("Journey", "JourneyDocument"),
        case("Api", "ApiDocument"),
        case("MetadataLimits", "MetadataLimitsDocument"),
    ];
    definitions.sort_keys();
    let mut document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "JourneyForge definition",
        "description": "A Journey, an Api, or limits on metadata. [DEF-021]",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": { "description": "The version of the language, `v1`. [DEF-020]", "enum": ["v1"] },
            "kind": {
                "description": "What the document defines. [DEF-021, DEF-022]",
                "enum": ["Journey", "Api", "MetadataLimits"],
                "enumDescriptions": [
                    "A durable run addressed by its id.",
                    "One request answered by one response.",
                    "Limits on metadata.",
                ],
            },
        },
        "allOf": cases,
    });
    close::keep_used(&document, &mut definitions);
    document["definitions"] = definitions.into();
    document
}
