//! JSON Schemas on their way from a definition into another document.
//!
//! In a definition `#` is the schema itself (DEF-052); in a contract it is the whole document. A schema that moves therefore has
//! its references rewritten to where it will stand, and loses what only made sense where it was.

use serde_json::{Map, Value};

/// Keywords whose value is a schema.
const ONE: [&str; 12] = [
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "additionalItems",
];
/// Keywords whose value is a list of schemas.
const MANY: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose value maps names to schemas.
const NAMED: [&str; 5] = ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];

/// The schema as it must be written at `place`, a JSON Pointer fragment such as `#/components/schemas/Order`.
///
/// `$schema` and `$id` are left out, anchors are replaced by the pointers they stand for; what is data (`const`, `enum`, `default`,
/// `examples`) stays as it is.
pub(crate) fn moved_to(schema: &Value, place: &str) -> Value {
    let mut anchors = Vec::new();
    find_anchors(schema, &mut String::new(), &mut anchors);
    let mut schema = schema.clone();
    each(&mut schema, &mut |members| {
        for name in ["$schema", "$id", "$anchor", "$dynamicAnchor"] {
            members.shift_remove(name);
        }
        let reference = members.shift_remove("$dynamicRef").or_else(|| members.get("$ref").cloned());
        if let Some(target) =
            reference.as_ref().and_then(Value::as_str).and_then(|text| text.strip_prefix('#'))
        {
            let pointer = match anchors.iter().find(|(name, _)| !target.is_empty() && name == target) {
                Some((_, pointer)) => pointer,
                None => target,
            };
            members.insert("$ref".to_owned(), format!("{place}{pointer}").into());
        }
    });
    schema
}

/// Calls `edit` on every schema object, the outermost first.
pub(crate) fn each(schema: &mut Value, edit: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(members) = schema else { return };
    edit(members);
    for (keyword, value) in members {
        match value {
            Value::Object(named) if NAMED.contains(&keyword.as_str()) => {
                named.values_mut().for_each(|schema| each(schema, edit));
            }
            // `items` is a list in older drafts.
            Value::Array(schemas) if MANY.contains(&keyword.as_str()) || keyword == "items" => {
                schemas.iter_mut().for_each(|schema| each(schema, edit));
            }
            value if ONE.contains(&keyword.as_str()) => each(value, edit),
            _ => {}
        }
    }
}

/// Every anchor with the JSON Pointer of its schema.
fn find_anchors(schema: &Value, at: &mut String, found: &mut Vec<(String, String)>) {
    let Value::Object(members) = schema else { return };
    for name in ["$anchor", "$dynamicAnchor"] {
        if let Some(Value::String(name)) = members.get(name) {
            found.push((name.clone(), at.clone()));
        }
    }
    let length = at.len();
    let mut below = |steps: &[&str], schema: &Value| {
        for step in steps {
            at.push('/');
            at.push_str(&step.replace('~', "~0").replace('/', "~1"));
        }
        find_anchors(schema, at, found);
        at.truncate(length);
    };
    for (keyword, value) in members {
        match value {
            Value::Object(named) if NAMED.contains(&keyword.as_str()) => {
                named.iter().for_each(|(name, schema)| below(&[keyword, name], schema));
            }
            Value::Array(schemas) if MANY.contains(&keyword.as_str()) => {
                schemas.iter().enumerate().for_each(|(i, schema)| below(&[keyword, &i.to_string()], schema));
            }
            value if ONE.contains(&keyword.as_str()) => below(&[keyword], value),
            _ => {}
        }
    }
}

/// Takes what is written at `path` out of the `required` lists of an object schema, since it may come from elsewhere (HTTP-094).
///
/// References and `allOf` are followed; what a reference names is copied to where it is used first, since other users of it
/// still require the member.
pub(crate) fn without_required(schema: &mut Value, path: &[&str]) {
    let root = schema.clone();
    relax(schema, &root, path, &mut { MOST_COPIES });
}

/// How many references are followed, so that schemas that refer to each other many times over do not grow without end.
const MOST_COPIES: usize = 64;

fn relax(schema: &mut Value, root: &Value, path: &[&str], copies: &mut usize) {
    let Value::Object(members) = schema else { return };
    let [segment, rest @ ..] = path else { return };
    let reference = members.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
    let copy = reference.and_then(|target| root.pointer(target).cloned()).filter(|_| *copies > 0);
    if let Some(Value::Array(required)) = members.get_mut("required") {
        required.retain(|name| name != segment);
        if required.is_empty() {
            members.shift_remove("required");
        }
    }
    if let Some(property) = members.get_mut("properties").and_then(|properties| properties.get_mut(segment)) {
        relax(property, root, rest, copies);
    }
    if let Some(Value::Array(all)) = members.get_mut("allOf") {
        all.iter_mut().for_each(|schema| relax(schema, root, path, copies));
    }
    // Beside a reference there may be all of the above (JSON Schema 2020-12, 8.2.3.1).
    if let Some(mut target) = copy {
        *copies = copies.saturating_sub(1);
        relax(&mut target, root, path, copies);
        members.shift_remove("$ref");
        if let Value::Array(all) = members.entry("allOf").or_insert_with(|| Value::Array(Vec::new())) {
            all.push(target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{moved_to, without_required};
    use serde_json::json;

    #[test]
    fn http_090_references_follow_the_schema_to_its_new_place() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "ignored",
            "$defs": { "a/b": { "$anchor": "line", "type": "string" }, "tree": { "$dynamicAnchor": "node" } },
            "properties": {
                "self": { "$ref": "#" },
                "line": { "$ref": "#line" },
                "kids": { "items": { "$dynamicRef": "#node" } },
                "$ref": { "const": { "$ref": "#line", "$id": 1 } }
            }
        });
        assert_eq!(
            moved_to(&schema, "#/x/Y"),
            json!({
                "$defs": { "a/b": { "type": "string" }, "tree": {} },
                "properties": {
                    "self": { "$ref": "#/x/Y" },
                    "line": { "$ref": "#/x/Y/$defs/a~1b" },
                    "kids": { "items": { "$ref": "#/x/Y/$defs/tree" } },
                    "$ref": { "const": { "$ref": "#line", "$id": 1 } }
                }
            })
        );
    }

    #[test]
    fn http_094_members_that_come_from_elsewhere_are_not_required() {
        let mut schema = json!({
            "required": ["customer", "amount"],
            "properties": { "customer": { "$ref": "#/$defs/customer" }, "amount": { "type": "number" } },
            "allOf": [{ "required": ["customer"] }],
            "$defs": { "customer": { "required": ["tenant", "name"] } }
        });
        without_required(&mut schema, &["customer", "tenant"]);
        assert_eq!(
            schema,
            json!({
                "required": ["amount"],
                "properties": { "customer": { "allOf": [{ "required": ["name"] }] }, "amount": { "type": "number" } },
                "allOf": [{}],
                "$defs": { "customer": { "required": ["tenant", "name"] } }
            })
        );
    }

    #[test]
    fn http_094_what_stands_beside_a_reference_is_not_required_either() {
        let mut schema = json!({
            "$ref": "#/$defs/base",
            "required": ["customer", "note"],
            "properties": { "customer": { "$ref": "#/$defs/customer", "required": ["tenant"] } },
            "allOf": [{ "$ref": "#/$defs/base", "required": ["customer"] }],
            "$defs": { "base": { "required": ["customer", "amount"] }, "customer": { "type": "object" } }
        });
        without_required(&mut schema, &["customer"]);
        without_required(&mut schema, &["customer", "tenant"]);
        assert_eq!(
            schema,
            json!({
                "required": ["note"],
                "properties": { "customer": { "allOf": [{ "type": "object" }] } },
                "allOf": [{ "allOf": [{ "required": ["amount"] }] }, { "required": ["amount"] }],
                "$defs": { "base": { "required": ["customer", "amount"] }, "customer": { "type": "object" } }
            })
        );
    }
}
