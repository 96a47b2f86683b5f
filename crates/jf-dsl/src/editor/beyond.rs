//! What the loader accepts or refuses beyond the shapes of the model.

use serde_json::{Map, Value, json};

use super::{Definitions, shape};

pub(super) fn add(definitions: &mut Definitions) {
    external_inputs(definitions);
    transforms(definitions);
    targets(definitions);
    schema_blocks(definitions);
    envelopes(definitions);
    http_calls(definitions);
    documents(definitions);
}

fn object<'d>(definitions: &'d mut Definitions, name: &str) -> Option<&'d mut Map<String, Value>> {
    definitions.get_mut(name).and_then(Value::as_object_mut)
}

fn properties<'d>(definitions: &'d mut Definitions, name: &str) -> Option<&'d mut Map<String, Value>> {
    object(definitions, name)?.get_mut("properties").and_then(Value::as_object_mut)
}

fn deprecated(mut schema: Value, description: &str, message: &str) -> Value {
    if let Value::Object(members) = &mut schema {
        members.insert("description".into(), description.into());
        members.insert("deprecated".into(), true.into());
        members.insert("deprecationMessage".into(), message.into());
    }
    schema
}

/// The members are there and not `null`.
fn present(names: &[&str]) -> Value {
    let members = names.iter().map(|name| ((*name).to_owned(), shape::not_null(name)));
    json!({ "required": names, "properties": members.collect::<Map<_, _>>() })
}

/// The member is absent or `null`; the message says why.
fn absent(name: &str, message: &str) -> Value {
    json!({ "properties": { name: { "type": "null", "errorMessage": message } } })
}

/// Adds a condition to a shape.
fn also(members: &mut Map<String, Value>, condition: Value) {
    let all = members.entry("allOf").or_insert_with(|| json!([]));
    if let Value::Array(all) = all {
        all.push(condition);
    }
}

/// STA-060, STA-062, STA-063.
fn external_inputs(definitions: &mut Definitions) {
    let Some(next) = properties(definitions, "Wait").and_then(|found| found.get("next")).cloned() else {
        return;
    };
    let default = deprecated(
        next,
        "An older spelling of `next` of the state. [STA-063]",
        "move the target to `next` of the state",
    );
    let Some(input) = object(definitions, "ExternalInput") else { return };
    if let Some(Value::Object(members)) = input.get_mut("properties") {
        members.insert("default".into(), default);
    }
    for (one, other) in [("timeoutSec", "onTimeout"), ("onTimeout", "timeoutSec")] {
        let mut condition = json!({ "if": present(&[one]), "then": present(&[other]) });
        condition["if"]["type"] = "object".into();
        also(input, condition);
    }
    let mut wait = input.clone();
    if let Some(Value::Object(members)) = wait.get_mut("properties") {
        let channel = json!({ "enum": ["manual"], "description": "How input arrives; `manual`, also when omitted. [STA-060]" });
        let old = std::mem::replace(members, Map::from_iter([("channel".to_owned(), channel)]));
        members.extend(old);
    }
    definitions.insert("WaitInput".into(), wait.into());
    for (name, block) in [("Wait", "wait"), ("Webhook", "webhook")] {
        let Some(state) = object(definitions, name) else { continue };
        if let Some(Value::Array(required)) = state.get_mut("required") {
            required.retain(|member| member != "next");
        }
        if name == "Wait" {
            state["properties"]["wait"]["$ref"] = "#/definitions/WaitInput".into();
        }
        let inside = json!({ "properties": { block: present(&["default"]) }, "required": [block] });
        also(state, json!({ "if": inside, "then": true, "else": present(&["next"]) }));
    }
}

/// STA-003, STA-050, STA-052.
fn transforms(definitions: &mut Definitions) {
    let Some(direct) = properties(definitions, "Expression").map(|found| found.clone()) else { return };
    let Some(block) = object(definitions, "TransformBlock") else { return };
    let Some(Value::Object(members)) = block.get("properties") else { return };
    let result_var = members.get("resultVar").cloned().unwrap_or_default();
    let case = |properties: Map<String, Value>| {
        let names: Vec<String> = properties.keys().cloned().collect();
        json!({ "properties": properties, "required": names })
    };
    let only = |name: &str| Map::from_iter(members.get(name).map(|member| (name.to_owned(), member.clone())));
    let cases = [case(only("mapper")), case(only("mapperRef")), case(direct)];
    if let Some((added, conditions)) = shape::alternatives(&cases) {
        if let Some(Value::Object(members)) = block.get_mut("properties") {
            members.extend(added);
        }
        block.insert("anyOf".into(), conditions);
    }
    let Some(state) = object(definitions, "Transform") else { return };
    let outside = deprecated(
        result_var,
        "An older place of `transform.resultVar`. [STA-003]",
        "move it into the `transform` block",
    );
    if let Some(Value::Object(members)) = state.get_mut("properties") {
        members.insert("resultVar".into(), outside);
    }
    let inside = json!({ "properties": { "transform": present(&["resultVar"]) } });
    let to_var = json!({
        "type": "object",
        "properties": {
            "transform": {
                "type": "object",
                "required": ["target"],
                "properties": { "target": is_kind(&["var"]) },
            },
        },
    });
    let one = json!({ "oneOf": [inside, present(&["resultVar"])] });
    let none = absent("resultVar", "`resultVar` belongs to `target.kind: var`");
    also(state, json!({ "if": to_var, "then": one, "else": none }));
}

fn is_kind(kinds: &[&str]) -> Value {
    json!({ "type": "object", "required": ["kind"], "properties": { "kind": { "enum": kinds } } })
}

/// STA-052, wherever a block has `target` and `resultVar`.
fn targets(definitions: &mut Definitions) {
    for (name, schema) in definitions.iter_mut() {
        let Value::Object(schema) = schema else { continue };
        let Some(Value::Object(members)) = schema.get("properties") else { continue };
        if members.contains_key("path") && members.contains_key("kind") && name.ends_with("Target") {
            // The empty text is the same as no path (STA-053).
            let path = &mut schema["properties"]["path"];
            if let Some(pattern) = path.get("pattern").and_then(Value::as_str) {
                path["pattern"] = format!("^$|{pattern}").into();
            }
            let reason = "`path` belongs to `kind: context`";
            also(schema, json!({ "if": is_kind(&["var", "attributes"]), "then": absent("path", reason) }));
        } else if members.contains_key("target") && members.contains_key("resultVar") {
            let to_var = json!({ "type": "object", "required": ["target"], "properties": { "target": is_kind(&["var"]) } });
            let mut condition = json!({
                "if": to_var,
                "then": present(&["resultVar"]),
                "else": absent("resultVar", "`resultVar` belongs to `target.kind: var`"),
            });
            if name == "TransformBlock"
                && let Value::Object(condition) = &mut condition
            {
                // It may stand beside the block.
                condition.insert("then".into(), true.into());
            }
            also(schema, condition);
        }
    }
}

/// `schema` may be absent where a block is only about contracts (DEF-049, DEF-055); a step needs it (STA-061).
fn schema_blocks(definitions: &mut Definitions) {
    let Some(Value::Object(block)) = definitions.get("SchemaBlock") else { return };
    let mut block = block.clone();
    block.remove("required");
    definitions.insert("ContractBlock".into(), block.into());
    let users = [
        ("Spec", "input"),
        ("Spec", "context"),
        ("SubjourneyDefinition", "input"),
        ("SubjourneyDefinition", "output"),
    ];
    for (name, member) in users {
        if let Some(member) = properties(definitions, name).and_then(|members| members.get_mut(member)) {
            member["$ref"] = "#/definitions/ContractBlock".into();
        }
    }
}

/// DEF-173.
fn envelopes(definitions: &mut Definitions) {
    let Some(envelope) = object(definitions, "Envelope") else { return };
    let custom = json!({ "type": "object", "required": ["format"], "properties": { "format": { "const": "custom" } } });
    let reason = "a mapper needs `format: custom`";
    let without = [absent("mapper", reason), absent("mapperRef", reason)];
    let one = json!({ "anyOf": [present(&["mapper"]), present(&["mapperRef"])] });
    also(envelope, json!({ "if": custom, "then": one, "else": { "allOf": without } }));
}

/// TSK-023, TSK-024, TSK-026.
fn http_calls(definitions: &mut Definitions) {
    let Some(call) = object(definitions, "HttpCall") else { return };
    let is = |name: &str, words: &[&str]| json!({ "type": "object", "required": [name], "properties": { name: { "enum": words } } });
    also(call, json!({ "if": is("method", &["GET"]), "then": absent("body", "a GET request has no body") }));
    let path = absent("path", "path parameters need `operationRef`");
    also(call, json!({ "if": { "required": ["url"] }, "then": { "properties": { "params": path } } }));
    let reason = "nothing comes back with `mode: notify`";
    let without = [absent("resultVar", reason), absent("errorMapping", reason)];
    also(
        call,
        json!({ "if": is("mode", &["notify"]), "then": { "allOf": without }, "else": present(&["resultVar"]) }),
    );
}

/// The three kinds of documents, and what only one of them has (DEF-030, DEF-181, DEF-184, STA-004).
fn documents(definitions: &mut Definitions) {
    let nested = |path: &[&str], last: Value| {
        path.iter().rev().fold(last, |below, name| json!({ "properties": { *name: below } }))
    };
    let not_here = |path: &[&str], kind: &str| {
        let name = path.last().copied().unwrap_or_default();
        nested(&path[..path.len() - 1], absent(name, &format!("`{name}` is for kind {kind} only")))
    };
    let of_apis: [&[&str]; 3] = [
        &["spec", "bindings", "http", "route"],
        &["spec", "bindings", "http", "apiResponses"],
        &["spec", "bindings", "grpc"],
    ];
    let of_journeys: [&[&str]; 6] = [
        &["spec", "lifecycle"],
        &["spec", "metadata"],
        &["spec", "access"],
        &["spec", "output", "response"],
        &["spec", "bindings", "websocket"],
        &["spec", "bindings", "queue"],
    ];
    let reference = json!({ "$ref": "#/definitions/Definition" });
    let journey = of_apis.iter().map(|path| not_here(path, "Api"));
    let journey: Vec<Value> = std::iter::once(reference.clone()).chain(journey).collect();
    let states = definitions.get("State").map(|state| state["properties"]["type"]["enum"].clone());
    let mut types = states.unwrap_or_default();
    if let Value::Array(types) = &mut types {
        types.retain(|name| !["wait", "webhook", "timer"].iter().any(|waiting| name == waiting));
    }
    let waiting =
        json!({ "properties": { "type": { "enum": types, "errorMessage": "an Api cannot wait" } } });
    let waiting = nested(&["spec", "states"], json!({ "additionalProperties": waiting }));
    let api = of_journeys.iter().map(|path| not_here(path, "Journey"));
    let api: Vec<Value> = [reference, waiting].into_iter().chain(api).collect();
    let comment = "A durable run addressed by its id. [DEF-022]";
    definitions.insert("JourneyDocument".into(), json!({ "description": comment, "allOf": journey }));
    let comment = "One request answered by one response. [DEF-022]";
    definitions.insert("ApiDocument".into(), json!({ "description": comment, "allOf": api }));
    limits(definitions);
}

/// DEF-115; a version is not required here (DEF-024).
fn limits(definitions: &mut Definitions) {
    let Some(Value::Object(metadata)) = definitions.get("Metadata") else { return };
    let mut metadata = metadata.clone();
    metadata.insert("description".into(), "Name and labels of the document. [DEF-023]".into());
    metadata.insert("required".into(), json!(["name"]));
    definitions.insert("LimitsMetadata".into(), metadata.into());
    let Some(definition) = properties(definitions, "Definition") else { return };
    let version = definition.get("apiVersion").cloned();
    definitions.insert(
        "MetadataLimitsDocument".into(),
        json!({
            "description": "Limits on metadata, one document at most. [DEF-115, DEF-116]",
            "type": "object",
            "required": ["apiVersion", "kind", "metadata", "spec"],
            "properties": {
                "apiVersion": version,
                "kind": { "const": "MetadataLimits", "description": "What the document defines. [DEF-021]" },
                "metadata": { "$ref": "#/definitions/LimitsMetadata", "description": "Name and labels of the document. [DEF-023]" },
                "spec": { "$ref": "#/definitions/MetadataLimits", "description": "The limits. [DEF-115]" },
            },
        }),
    );
}
