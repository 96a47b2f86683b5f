//! Schemas that would never come to an end on a value.
//!
//! A reference may lead back to its own schema as long as it looks at a part of the value on the way: trees and lists are
//! described like that. A cycle that stays at the same value (`$ref: '#'`, or through `allOf` and its like) has no answer,
//! and the validator would follow it until the stack is gone. Chains without a cycle are bounded for the same reason.

use std::collections::HashMap;

use serde_json::Value;

/// The longest chain of references and combinations at one value. A value nests at most 128 levels, so that a recursive
/// schema goes at most 128 times this deep.
const LONGEST_CHAIN: usize = 16;

/// Keywords whose schema applies to the same value.
const SAME_VALUE: [&str; 4] = ["not", "if", "then", "else"];
/// Keywords whose schemas apply to the same value.
const SAME_VALUE_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Why a schema is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recursion {
    /// It leads back to itself at the same value. The JSON Pointer is that of a schema on the cycle.
    Endless(String),
    /// It is too long a chain, which starts at the JSON Pointer.
    TooLong(String),
}

/// Looks for a schema that would not come to an end.
pub(crate) fn find(root: &Value) -> Option<Recursion> {
    let mut anchors: HashMap<&str, Vec<&Value>> = HashMap::new();
    let mut objects = Vec::new();
    let mut open = vec![root];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                for keyword in ["$anchor", "$dynamicAnchor"] {
                    if let Some(Value::String(name)) = members.get(keyword) {
                        anchors.entry(name).or_default().push(value);
                    }
                }
                objects.push(value);
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    let mut search = Search { root, anchors, depth: HashMap::new() };
    objects.into_iter().find_map(|start| search.from(start))
}

struct Search<'v> {
    root: &'v Value,
    anchors: HashMap<&'v str, Vec<&'v Value>>,
    /// The length of the longest chain from a schema; `None` while it is being followed.
    depth: HashMap<*const Value, Option<usize>>,
}

impl<'v> Search<'v> {
    /// Follows every chain from a schema, without recursion.
    fn from(&mut self, start: &'v Value) -> Option<Recursion> {
        if self.depth.contains_key(&std::ptr::from_ref(start)) {
            return None;
        }
        self.depth.insert(start, None);
        let mut open = vec![(start, self.at_same_value(start))];
        while let Some((schema, next)) = open.last_mut() {
            let schema = *schema;
            match next.pop() {
                Some(following) => match self.depth.get(&std::ptr::from_ref(following)) {
                    Some(Some(_)) => {}
                    Some(None) => return Some(Recursion::Endless(self.pointer_to(schema))),
                    None => {
                        self.depth.insert(following, None);
                        let next = self.at_same_value(following);
                        open.push((following, next));
                    }
                },
                None => {
                    open.pop();
                    let longest = self.at_same_value(schema).into_iter().filter_map(|following| {
                        self.depth.get(&std::ptr::from_ref(following)).copied().flatten()
                    });
                    let depth = longest.max().map_or(0, |longest| longest + 1);
                    if depth > LONGEST_CHAIN {
                        return Some(Recursion::TooLong(self.pointer_to(schema)));
                    }
                    self.depth.insert(schema, Some(depth));
                }
            }
        }
        None
    }

    /// The schemas that apply to the same value as this one.
    fn at_same_value(&self, schema: &'v Value) -> Vec<&'v Value> {
        let Value::Object(members) = schema else { return Vec::new() };
        let mut found: Vec<&Value> = SAME_VALUE.iter().filter_map(|keyword| members.get(*keyword)).collect();
        for keyword in SAME_VALUE_LISTS {
            found.extend(members.get(keyword).and_then(Value::as_array).into_iter().flatten());
        }
        if let Some(Value::Object(dependent)) = members.get("dependentSchemas") {
            found.extend(dependent.values());
        }
        for keyword in ["$ref", "$dynamicRef"] {
            if let Some(Value::String(reference)) = members.get(keyword) {
                self.resolve(reference, &mut found);
            }
        }
        found
    }

    /// Where a reference can lead. References out of the schema were refused before.
    fn resolve(&self, reference: &str, found: &mut Vec<&'v Value>) {
        let Some(fragment) = reference.strip_prefix('#') else { return };
        if fragment.is_empty() {
            found.push(self.root);
        } else if fragment.starts_with('/') {
            let decoded = percent_encoding::percent_decode_str(fragment).decode_utf8_lossy();
            found.extend(self.root.pointer(&decoded));
        } else {
            found.extend(self.anchors.get(fragment).into_iter().flatten().copied());
        }
    }

    /// The JSON Pointer of a schema.
    fn pointer_to(&self, schema: &Value) -> String {
        let mut open = vec![(self.root, String::new())];
        while let Some((value, pointer)) = open.pop() {
            if std::ptr::eq(value, schema) {
                return pointer;
            }
            match value {
                Value::Object(members) => open.extend(members.iter().map(|(name, member)| {
                    let token = name.replace('~', "~0").replace('/', "~1");
                    (member, format!("{pointer}/{token}"))
                })),
                Value::Array(items) => {
                    open.extend(items.iter().enumerate().map(|(at, item)| (item, format!("{pointer}/{at}"))));
                }
                _ => {}
            }
        }
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{LONGEST_CHAIN, Recursion, find};

    fn chain(length: usize) -> Value {
        let mut defs = serde_json::Map::new();
        for at in 0..length {
            defs.insert(format!("d{at}"), json!({ "$ref": format!("#/$defs/d{}", at + 1) }));
        }
        defs.insert(format!("d{length}"), json!({}));
        json!({ "$defs": defs, "properties": { "a": { "$ref": "#/$defs/d0" } } })
    }

    #[test]
    fn def_050_cycles_at_one_value_are_endless() {
        let endless = [
            json!({ "$ref": "#" }),
            json!({ "anyOf": [{ "type": "string" }, { "$ref": "#" }] }),
            json!({ "not": { "$ref": "#" } }),
            json!({ "if": true, "then": { "allOf": [{ "$ref": "#" }] } }),
            json!({ "dependentSchemas": { "a": { "$ref": "#" } } }),
            json!({ "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
            json!({ "$defs": { "a": { "$anchor": "x", "oneOf": [{ "$ref": "#x" }] } } }),
            json!({ "$dynamicAnchor": "n", "$dynamicRef": "#n" }),
            json!({ "properties": { "a": { "$ref": "#/properties/a" } } }),
        ];
        for schema in endless {
            assert!(matches!(find(&schema), Some(Recursion::Endless(_))), "{schema}");
        }
    }

    #[test]
    fn def_052_recursion_into_parts_of_the_value_is_fine() {
        let fine = [
            json!({ "properties": { "next": { "$ref": "#" } } }),
            json!({ "items": { "anyOf": [{ "$ref": "#" }, { "type": "string" }] } }),
            json!({ "$defs": { "tree": { "properties": { "children": { "items": { "$ref": "#/$defs/tree" } } } } }, "$ref": "#/$defs/tree" }),
            json!({ "additionalProperties": { "$dynamicRef": "#n" }, "$dynamicAnchor": "n" }),
            json!({ "const": { "$ref": "elsewhere" } }),
            chain(LONGEST_CHAIN - 1),
        ];
        for schema in fine {
            assert_eq!(find(&schema), None, "{schema}");
        }
    }

    #[test]
    fn def_050_chains_are_bounded() {
        assert!(matches!(find(&chain(LONGEST_CHAIN + 1)), Some(Recursion::TooLong(_))));
        assert!(matches!(find(&chain(20_000)), Some(Recursion::TooLong(_))));
    }
}
