//! Closed shapes, `x-` members, and `null` (DEF-007 to DEF-009).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Definitions;
use super::shape::target;

/// Closes every fixed shape and says where `null` may stand: at every member that need not be there, and as an entry of a
/// map. Shapes that are open or must be empty say so themselves.
pub(super) fn close(definitions: &mut Definitions) {
    let mut nullable = BTreeSet::new();
    for schema in definitions.values() {
        optional_shapes(schema, &mut nullable);
    }
    for schema in definitions.values_mut() {
        shut(schema, &nullable);
    }
    for name in nullable {
        if let Some(schema) = definitions.get_mut(&name) {
            allow_null(schema);
        }
    }
}

/// The part of the tree that describes values: conditions on members have no type.
fn values_below(schema: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let cases = ["allOf", "anyOf", "oneOf"]
        .into_iter()
        .filter_map(|keyword| schema.get(keyword)?.as_array())
        .flatten();
    let cases = cases.map(|case| case.get("then").unwrap_or(case)).filter(|case| is_value(case));
    let members = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::values);
    members.chain(schema.get("additionalProperties")).chain(schema.get("items")).chain(cases)
}

fn is_value(schema: &Value) -> bool {
    schema.get("type").is_some() || schema.get("$ref").is_some()
}

fn is_required(schema: &Map<String, Value>, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|found| found == name))
}

/// The named shapes that stand where `null` may.
fn optional_shapes(schema: &Value, found: &mut BTreeSet<String>) {
    let Value::Object(schema) = schema else { return };
    let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let optional = members.filter(|(name, _)| !is_required(schema, name)).map(|(_, member)| member);
    found.extend(optional.chain(schema.get("additionalProperties")).filter_map(target).map(str::to_owned));
    for below in values_below(schema) {
        optional_shapes(below, found);
    }
}

fn shut(schema: &mut Value, nullable: &BTreeSet<String>) {
    let Value::Object(members) = schema else { return };
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for case in members.get_mut(keyword).and_then(Value::as_array_mut).into_iter().flatten() {
            let case = if case.get("then").is_some() { &mut case["then"] } else { case };
            if is_value(case) {
                shut(case, nullable);
            }
        }
    }
    if let Some(items) = members.get_mut("items") {
        shut(items, nullable);
        refuse_null(items, nullable);
    }
    if let Some(entries) = members.get_mut("additionalProperties") {
        shut(entries, nullable);
        allow_null(entries);
    }
    let required: BTreeSet<String> = members
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let Some(Value::Object(properties)) = members.get_mut("properties") else { return };
    for (name, member) in properties {
        shut(member, nullable);
        if required.contains(name) {
            refuse_null(member, nullable);
        } else {
            allow_null(member);
        }
    }
    if members.get("type").is_some_and(|name| name == "object")
        && !members.contains_key("additionalProperties")
    {
        members.insert("patternProperties".into(), json!({ "^x-": {} }));
        members.insert("additionalProperties".into(), false.into());
    }
}

/// Drops the shapes that nothing in the document refers to.
pub(super) fn keep_used(document: &Value, definitions: &mut Definitions) {
    fn collect(schema: &Value, definitions: &Definitions, found: &mut BTreeSet<String>) {
        if let Some(name) = target(schema)
            && found.insert(name.to_owned())
            && let Some(definition) = definitions.get(name)
        {
            collect(definition, definitions, found);
        }
        match schema {
            Value::Object(members) => members.values().for_each(|below| collect(below, definitions, found)),
            Value::Array(items) => items.iter().for_each(|below| collect(below, definitions, found)),
            _ => {}
        }
    }
    let mut used = BTreeSet::new();
    collect(document, definitions, &mut used);
    definitions.retain(|name, _| used.contains(name));
}

/// `null` beside what the schema allows; a reference allows what its target does.
fn allow_null(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    if let Some(word) = members.remove("const") {
        members.insert("enum".into(), json!([word]));
    }
    if let Some(Value::Array(words)) = members.get_mut("enum") {
        words.push(Value::Null);
        if let Some(Value::Array(comments)) = members.get_mut("enumDescriptions") {
            comments.push("As if it were not there. [DEF-009]".into());
        }
    }
    match members.get_mut("type") {
        Some(Value::Array(types)) => types.push("null".into()),
        Some(name) => *name = json!([name, "null"]),
        None => {
            if let Some(Value::Array(cases)) = members.get_mut("anyOf") {
                cases.push(json!({ "type": "null" }));
            }
        }
    }
}

/// A required member is missing when it is `null`, even where its shape may be `null` elsewhere. What stands beside
/// `$ref` counts for editors only, so that such a reference moves into `allOf`.
fn refuse_null(schema: &mut Value, nullable: &BTreeSet<String>) {
    for case in schema.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().flatten() {
        refuse_null(case, nullable);
    }
    if !target(schema).is_some_and(|name| nullable.contains(name)) {
        return;
    }
    if let Value::Object(members) = schema {
        let reference = members.remove("$ref");
        members.insert("type".into(), "object".into());
        members.insert("additionalProperties".into(), true.into());
        members.insert("allOf".into(), json!([{ "$ref": reference }]));
    }
}
