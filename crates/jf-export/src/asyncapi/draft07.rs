//! Schemas of definitions as AsyncAPI reads them: its Schema Object is a superset of JSON Schema draft-07, definitions are written in
//! draft 2020-12.
//!
//! What draft-07 spells otherwise is written its way. What it does not have (`unevaluatedProperties`, `minContains`, …) stays: its
//! readers pass over it, and take a little more than the server.

use serde_json::{Map, Value, json};

use crate::schema::each;

/// The schema, spelled for readers of draft-07.
pub(super) fn spelled(mut schema: Value) -> Value {
    each(&mut schema, &mut |members| {
        // In draft-07 nothing beside a reference counts.
        if members.len() > 1
            && let Some(reference) = members.shift_remove("$ref")
        {
            let all = members.entry("allOf").or_insert_with(|| json!([]));
            if let Value::Array(all) = all {
                all.push(json!({ "$ref": reference }));
            }
        }
        if let Some(required) = members.shift_remove("dependentRequired") {
            let dependencies = members.entry("dependencies").or_insert_with(|| Map::new().into());
            if let (Value::Object(all), Value::Object(more)) = (dependencies, required) {
                all.extend(more);
            }
        }
        if let Some(first) = members.shift_remove("prefixItems") {
            if let Some(rest) = members.shift_remove("items") {
                members.insert("additionalItems".to_owned(), rest);
            }
            members.insert("items".to_owned(), first);
        }
    });
    schema
}

#[cfg(test)]
mod tests {
    use super::spelled;
    use serde_json::json;

    #[test]
    fn what_draft_07_has_by_other_names_is_spelled_its_way() {
        let schema = json!({
            "$ref": "#/a",
            "dependentRequired": { "a": ["b"] },
            "properties": {
                "list": { "prefixItems": [{ "$ref": "#/b", "minLength": 1 }], "items": false },
                "plain": { "$ref": "#/c" }
            }
        });
        let spelled = spelled(schema);
        assert_eq!(
            spelled,
            json!({
                "properties": {
                    "list": { "additionalItems": false, "items": [{ "minLength": 1, "allOf": [{ "$ref": "#/b" }] }] },
                    "plain": { "$ref": "#/c" }
                },
                "allOf": [{ "$ref": "#/a" }],
                "dependencies": { "a": ["b"] }
            })
        );
    }
}
