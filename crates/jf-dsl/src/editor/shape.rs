//! From what the generator says about Rust types to what editors understand.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Definitions;

/// Visits the schemas directly below a schema.
pub(super) fn each_below(schema: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    let Value::Object(members) = schema else { return };
    for (keyword, value) in members {
        match (keyword.as_str(), value) {
            ("additionalProperties" | "items" | "propertyNames" | "not" | "if" | "then" | "else", below) => {
                visit(below);
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(below)) => below.iter_mut().for_each(&mut *visit),
            ("properties" | "patternProperties", Value::Object(below)) => {
                below.values_mut().for_each(&mut *visit);
            }
            _ => {}
        }
    }
}

/// The whole tree, from the leaves up.
pub(super) fn tidy(schema: &mut Value) {
    each_below(schema, &mut tidy);
    let Value::Object(members) = schema else { return };
    text(members);
    without_null(members);
    numbers(members);
    words(members);
    spread(members);
}

/// The first paragraph of a comment is for authors, on one line and without links into the code.
fn text(members: &mut Map<String, Value>) {
    members.remove("title");
    let Some(Value::String(text)) = members.get_mut("description") else { return };
    let first = text.split("\n\n").next().unwrap_or_default();
    *text = first.lines().map(str::trim).collect::<Vec<_>>().join(" ");
}

/// `null` is a matter of where a member stands, not of its type.
fn without_null(members: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            members.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(cases)) = members.get_mut("anyOf") {
        cases.retain(|case| case.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(only)] = &cases[..] {
            let only = only.clone();
            members.remove("anyOf");
            for (keyword, value) in only {
                members.entry(keyword).or_insert(value);
            }
        }
    }
}

/// Widths of Rust integers mean nothing to authors.
fn numbers(members: &mut Map<String, Value>) {
    let width = |format: &Value| format.as_str().is_some_and(|format| format.starts_with(['u', 'i']));
    if members.get("format").is_some_and(width) {
        members.remove("format");
        members
            .remove("maximum")
            .filter(|most| *most != json!(u16::MAX))
            .map(|most| members.insert("maximum".into(), most));
    }
}

/// A choice of words, each with its comment.
fn words(members: &mut Map<String, Value>) {
    let Some(Value::Array(cases)) = members.get("oneOf").or_else(|| members.get("anyOf")) else { return };
    let word = |case: &Value| {
        let known =
            case.as_object()?.keys().all(|key| matches!(key.as_str(), "const" | "type" | "description"));
        known.then(|| case.get("const").cloned()).flatten()
    };
    let Some(found) = cases.iter().map(word).collect::<Option<Vec<Value>>>() else { return };
    let described: Vec<Value> =
        cases.iter().map(|case| case.get("description").cloned().unwrap_or_else(|| "".into())).collect();
    members.remove("oneOf");
    members.remove("anyOf");
    members.insert("type".into(), "string".into());
    members.insert("enum".into(), found.into());
    members.insert("enumDescriptions".into(), described.into());
}

/// An enum whose variants are told apart by their members gives the object all these members, and a condition that those
/// of one variant are there: each alternative needs its own and has none of the others.
fn spread(members: &mut Map<String, Value>) {
    let mut conditions = Vec::new();
    for keyword in ["oneOf", "anyOf"] {
        if let Some(Value::Array(cases)) = members.get(keyword)
            && let Some((properties, condition)) = alternatives(cases)
        {
            members.remove(keyword);
            add_properties(members, properties);
            conditions.push(condition);
        }
    }
    // Two flattened enums of one struct arrive under `allOf`.
    if let Some(Value::Array(parts)) = members.remove("allOf") {
        for part in parts {
            let found = part.as_object().filter(|part| part.len() == 1);
            let cases = found.and_then(|part| part.get("oneOf").or_else(|| part.get("anyOf")));
            // One that was spread already brings its members and its condition.
            let spread =
                part.as_object().filter(|part| part.contains_key("properties") && part.contains_key("anyOf"));
            match (cases.and_then(Value::as_array).and_then(|cases| alternatives(cases)), spread) {
                (Some((properties, condition)), _) => {
                    add_properties(members, properties);
                    conditions.push(condition);
                }
                (None, Some(part)) => {
                    let properties = part.get("properties").and_then(Value::as_object).cloned();
                    add_properties(members, properties.unwrap_or_default());
                    conditions.extend(part.get("anyOf").cloned());
                }
                (None, None) => conditions.push(part),
            }
        }
    }
    let mut conditions = conditions.into_iter().map(|condition| match condition {
        Value::Array(cases) => json!({ "anyOf": cases }),
        other => other,
    });
    match (conditions.next(), conditions.next()) {
        (Some(Value::Object(only)), None) => members.extend(only),
        (Some(first), Some(second)) => {
            let all: Vec<Value> = [first, second].into_iter().chain(conditions).collect();
            members.insert("allOf".into(), all.into());
        }
        _ => {}
    }
}

fn add_properties(members: &mut Map<String, Value>, added: Map<String, Value>) {
    members.insert("type".into(), "object".into());
    members.remove("additionalProperties");
    let properties = members.entry("properties").or_insert_with(|| json!({}));
    if let Value::Object(properties) = properties {
        properties.extend(added);
    }
}

/// The members of all alternatives, and the condition on them. `None` when the cases are not such alternatives.
pub(super) fn alternatives(cases: &[Value]) -> Option<(Map<String, Value>, Value)> {
    let mut all = Map::new();
    let mut needed: Vec<BTreeSet<String>> = Vec::new();
    let mut own: Vec<BTreeSet<String>> = Vec::new();
    let mut collected = Vec::new();
    let mut may_be_absent = false;
    for case in cases {
        let case = case.as_object()?;
        if case.is_empty() {
            may_be_absent = true;
            continue;
        }
        // The alternatives of an enum inside an option, spread already.
        if let (Some(Value::Object(properties)), Some(Value::Array(inner))) =
            (case.get("properties"), case.get("anyOf"))
        {
            all.extend(properties.clone());
            collected.extend(inner.iter().cloned());
            continue;
        }
        let tagged = |property: &Value| property.get("const").is_some();
        let properties = case.get("properties")?.as_object().filter(|found| !found.values().any(tagged))?;
        if case.contains_key("oneOf") || case.contains_key("anyOf") || case.contains_key("$ref") {
            return None;
        }
        let required = case.get("required").and_then(Value::as_array).into_iter().flatten();
        needed.push(required.filter_map(|name| name.as_str().map(str::to_owned)).collect());
        own.push(properties.keys().cloned().collect());
        all.extend(properties.clone());
        if let (Some(description), 1) = (case.get("description"), properties.len())
            && let Some(Value::Object(member)) = properties.keys().next().and_then(|name| all.get_mut(name))
        {
            member.entry("description").or_insert_with(|| description.clone());
        }
    }
    // Alternatives that were spread before this one forbid the members of the others, too.
    for condition in &mut collected {
        let Some(Value::Object(properties)) = condition.get_mut("properties") else { continue };
        for name in all.keys() {
            properties
                .entry(name)
                .or_insert_with(|| json!({ "type": "null", "errorMessage": refusal(name) }));
        }
    }
    for (needed, own) in needed.iter().zip(&own) {
        let mut properties = Map::new();
        for name in needed {
            properties.insert(name.clone(), not_null(name));
        }
        for name in all.keys().filter(|name| !own.contains(*name)) {
            properties.insert(name.clone(), json!({ "type": "null", "errorMessage": refusal(name) }));
        }
        collected.push(json!({ "required": needed, "properties": properties }));
    }
    if may_be_absent {
        let none: Map<String, Value> =
            all.keys().map(|name| (name.clone(), json!({ "type": "null" }))).collect();
        collected.push(json!({ "properties": none }));
    }
    (!collected.is_empty()).then(|| (all, collected.into()))
}

/// A member that is there; `null` is as good as absent (DEF-009).
pub(super) fn not_null(name: &str) -> Value {
    let types = ["object", "array", "string", "number", "boolean"];
    json!({ "type": types, "errorMessage": format!("`{name}` is missing") })
}

fn refusal(name: &str) -> String {
    format!("`{name}` does not go with the members beside it")
}

/// An enum that is flattened into a struct and has other enums as variants: they stand there by name.
pub(super) fn spread_named(definitions: &mut Definitions) {
    let names: Vec<String> = definitions.keys().cloned().collect();
    for name in names {
        let Some(Value::Object(schema)) = definitions.get(&name) else { continue };
        if !schema.contains_key("properties") {
            continue;
        }
        let mut schema = schema.clone();
        let mut named = false;
        for keyword in ["oneOf", "anyOf"] {
            for case in schema.get_mut(keyword).and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(found) = target(case).and_then(|target| definitions.get(target)) {
                    *case = found.clone();
                    named = true;
                }
            }
        }
        if named {
            spread(&mut schema);
            definitions.insert(name, schema.into());
        }
    }
}

/// The name of the schema that a reference leads to.
pub(super) fn target(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

/// Puts schemas that are no objects (words, unions) where they are used: hover texts then stand at the member.
pub(super) fn inline_small(definitions: &mut Definitions) {
    fn put(schema: &mut Value, small: &Definitions) {
        each_below(schema, &mut |below| put(below, small));
        let Value::Object(members) = schema else { return };
        let target = members.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
        let Some(mut found) = target.and_then(|name| small.get(name)).cloned() else { return };
        put(&mut found, small);
        members.remove("$ref");
        if let Value::Object(found) = found {
            for (keyword, value) in found {
                members.entry(keyword).or_insert(value);
            }
        }
    }
    let is_small = |schema: &Value| schema.get("type").is_none_or(|name| name != "object");
    let (small, mut large): (Definitions, Definitions) =
        std::mem::take(definitions).into_iter().partition(|(_, schema)| is_small(schema));
    for schema in large.values_mut() {
        put(schema, &small);
    }
    *definitions = large;
}
