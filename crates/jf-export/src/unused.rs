//! What nothing refers to does not belong into a contract.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Leaves only the components that the paths need, directly or through each other.
pub(crate) fn prune(components: &mut Value, paths: &Map<String, Value>) {
    let mut needed = BTreeSet::new();
    let mut open: Vec<&Value> = paths.values().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                open.extend(members.values());
                if let Some(Value::String(reference)) = members.get("$ref")
                    && let Some((section, name)) = component(reference)
                    && needed.insert((section.to_owned(), name.to_owned()))
                {
                    open.extend(components.get(section).and_then(|section| section.get(name)));
                }
            }
            _ => {}
        }
    }
    let Value::Object(sections) = components else { return };
    for (section, entries) in sections.iter_mut() {
        if let Value::Object(entries) = entries {
            entries.retain(|name, _| needed.contains(&(section.clone(), name.clone())));
        }
    }
    sections.retain(|_, entries| entries.as_object().is_some_and(|entries| !entries.is_empty()));
}

/// The section and name of `#/components/schemas/Order/properties/id`; names have no character that a pointer escapes.
fn component(reference: &str) -> Option<(&str, &str)> {
    let mut steps = reference.strip_prefix("#/components/")?.split('/');
    Some((steps.next()?, steps.next()?))
}
