//! Documents that are changed a little.

use jf_dsl::JsonPath;
use serde_json::{Map, Value};

/// The document with a member `zzz: null` in every object, save where null is a value (DEF-009).
pub(crate) fn with_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let keeps_null = |name: &str| matches!(name, "schema" | "body") || name.starts_with("x-");
            let inner = |(name, value): (&String, &Value)| {
                let value = if keeps_null(name) { value.clone() } else { with_nulls(value) };
                (name.clone(), value)
            };
            members.iter().map(inner).chain([("zzz".to_owned(), Value::Null)]).collect()
        }
        Value::Array(items) => items.iter().map(with_nulls).collect(),
        other => other.clone(),
    }
}

/// The document with the members of every object in reverse order (DEF-005).
pub(crate) fn backwards(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().rev().map(|(name, value)| (name.clone(), backwards(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(backwards).collect(),
        other => other.clone(),
    }
}

/// The objects of a document whose members the language knows, with their JSON Pointers.
pub(crate) fn objects(
    value: &Value,
    path: &JsonPath,
    pointer: &mut String,
    found: &mut Vec<(JsonPath, String)>,
) {
    let length = pointer.len();
    match value {
        Value::Object(members) => {
            found.push((path.clone(), pointer.clone()));
            let known = |name: &&String| !matches!(&***name, "schema" | "body") && !name.starts_with("x-");
            for name in members.keys().filter(known) {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                objects(&members[name], &path.clone().member(&**name), pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{at}"));
                objects(item, &path.clone().index(at), pointer, found);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

/// Whether an object may have a member of any name that is a number: parameters, headers, and tasks of plugins.
pub(crate) fn takes_anything(document: &Value, pointer: &str) -> bool {
    let plugin = document.pointer(pointer).is_some_and(|object| object["kind"] == "mail:v1");
    plugin
        || ["/params/query", "/params/headers", "/params/path", "/task/headers"]
            .iter()
            .any(|end| pointer.ends_with(end))
}
