//! Inline JSON Schemas as they stand in a definition (DEF-050).

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::value::path::DotPath;

/// An inline JSON Schema: the raw document and its place among the compiled ones.
///
/// [`Schemas::get`](crate::Schemas::get) of the same loaded definition gives the compiled form.
#[derive(Debug, Clone)]
pub struct Schema {
    pub(crate) json: Arc<Value>,
    pub(crate) slot: usize,
}

impl Schema {
    /// The schema as written, for contracts and tooling.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// Whether the schema proves that no valid value has anything at the path (EXP-054, DEF-057).
    ///
    /// Only closed object schemas prove that; wherever a keyword leaves doubt the answer is `false`.
    #[must_use]
    pub fn excludes(&self, path: &DotPath) -> bool {
        Self::proves_absent(&self.json, path.segments())
    }

    /// As [`excludes`](Self::excludes), of a raw schema and the keys one below the other: for expression engines (EXP-009).
    #[must_use]
    pub fn proves_absent<'a>(mut schema: &Value, path: impl IntoIterator<Item = &'a str>) -> bool {
        for segment in path {
            let Some(object) = schema.as_object() else { return *schema == Value::Bool(false) };
            if object.keys().any(|keyword| OPENING.contains(&keyword.as_str())) {
                return false;
            }
            match object.get("properties").and_then(|properties| properties.get(segment)) {
                Some(member) => schema = member,
                None => {
                    let closed = |keyword| object.get(keyword) == Some(&Value::Bool(false));
                    return closed("additionalProperties") || closed("unevaluatedProperties");
                }
            }
        }
        *schema == Value::Bool(false)
    }
}

impl PartialEq for Schema {
    /// Equal documents; where the compiled form lies does not matter.
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl JsonSchema for Schema {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "JSON Schema".into()
    }

    /// An open object: what it may hold is for the rules of JSON Schema (DEF-050).
    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        json_schema!({ "type": "object", "additionalProperties": true })
    }
}

/// Keywords that can bring in members which `properties` does not show.
const OPENING: [&str; 11] = [
    "$ref",
    "$dynamicRef",
    "allOf",
    "anyOf",
    "oneOf",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "patternProperties",
    "not",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Schema;

    #[test]
    fn exp_054_only_closed_schemas_exclude_paths() {
        let schema = Schema {
            json: json!({
                "additionalProperties": false,
                "properties": {
                    "open": { "type": "object" },
                    "closed": { "properties": { "a": {}, "never": false }, "additionalProperties": false },
                    "doubt": { "anyOf": [{}], "additionalProperties": false },
                }
            })
            .into(),
            slot: 0,
        };
        let excludes = |path: &str| schema.excludes(&path.parse().unwrap());
        for absent in ["x", "closed.b", "closed.b.c", "closed.never"] {
            assert!(excludes(absent), "{absent}");
        }
        for possible in ["open", "open.x", "closed.a", "closed.a.b", "doubt.x"] {
            assert!(!excludes(possible), "{possible}");
        }
    }
}
