//! The shapes of the JSON Schema of the language, and the member of a shape that a path in a document leads to.

use std::collections::{BTreeMap, BTreeSet};

use jf_dsl::{JsonPath, PathStep, language_schema};
use serde_json::{Map, Value};

/// The named shapes of the language.
pub(crate) struct Shapes(Map<String, Value>);

/// A shape as a path meets it: its schema, and the name of the nearest named one around it.
#[derive(Clone, Copy)]
struct Met<'s> {
    schema: &'s Value,
    name: Option<&'s str>,
}

impl Shapes {
    pub(crate) fn new() -> Self {
        let mut schema = language_schema();
        let Value::Object(definitions) = schema["definitions"].take() else { panic!("no shapes") };
        Self(definitions)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or_else(|| panic!("there is no shape {name}"))
    }

    /// The members of a shape with their schemas: its own, and those of the cases that its tag chooses. What chooses the
    /// shape is told with the choice, so it is left out.
    pub(crate) fn members(&self, name: &str) -> BTreeMap<&str, &Value> {
        let shape = self.get(name);
        let cases = array(shape, "allOf").filter_map(|case| case.get("then")?.get("properties"));
        let all = shape.get("properties").into_iter().chain(cases).filter_map(Value::as_object).flatten();
        all.filter(|(_, member)| member.get("const").is_none())
            .map(|(name, member)| (name.as_str(), member))
            .collect()
    }

    pub(crate) fn required(&self, name: &str) -> BTreeSet<&str> {
        array(self.get(name), "required").filter_map(Value::as_str).collect()
    }

    /// The named shape and its member that a path leads to; `None` for what is no member of a shape, such as an entry of a
    /// map.
    pub(crate) fn find<'s>(&'s self, document: &Value, path: &JsonPath) -> Option<(&'s str, String)> {
        let root = if document["kind"] == "MetadataLimits" { "MetadataLimitsDocument" } else { "Definition" };
        let mut met = vec![Met { schema: self.get(root), name: self.key(root) }];
        let (mut value, mut found) = (Some(document), None);
        for step in path.steps() {
            let shapes: Vec<Met<'s>> =
                met.iter().flat_map(|met| self.applying(*met, value.unwrap_or(&Value::Null))).collect();
            let mut next = Vec::new();
            found = None;
            for shape in shapes {
                match step {
                    PathStep::Index(_) => next.extend(shape.schema.get("items")),
                    PathStep::Member(member) => {
                        let own = shape.schema.get("properties").and_then(|members| members.get(&**member));
                        found = found.or(own.and(shape.name).map(|name| (name, member.to_string())));
                        let entries = shape.schema.get("additionalProperties").filter(|all| all.is_object());
                        next.extend(own.or(entries));
                    }
                }
            }
            met = next.into_iter().map(|schema| Met { schema, name: None }).collect();
            value = match step {
                PathStep::Index(at) => value.and_then(|value| value.get(at)),
                PathStep::Member(member) => value.and_then(|value| value.get(&**member)),
            };
        }
        found
    }

    fn key(&self, name: &str) -> Option<&str> {
        self.0.get_key_value(name).map(|(name, _)| name.as_str())
    }

    /// The shape, what it refers to, and the cases of it that apply to the value.
    fn applying<'s>(&'s self, met: Met<'s>, value: &Value) -> Vec<Met<'s>> {
        let target = met.schema.get("$ref").and_then(Value::as_str).and_then(|text| text.rsplit('/').next());
        let met = match target {
            Some(target) => Met { schema: self.get(target), name: self.key(target) },
            None => met,
        };
        let mut all = vec![met];
        for case in ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|keyword| array(met.schema, keyword)) {
            let schema = match case.get("then") {
                Some(then) if chooses(&case["if"], value) => then,
                Some(_) => continue,
                None => case,
            };
            all.extend(self.applying(Met { schema, name: met.name }, value));
        }
        all
    }
}

/// Whether the condition is about the tag of an object, and fits.
fn chooses(condition: &Value, value: &Value) -> bool {
    let tags = condition.get("properties").and_then(Value::as_object);
    tags.is_some_and(|tags| {
        tags.iter().all(|(name, tag)| tag.get("const").is_some_and(|word| value.get(name) == Some(word)))
    })
}

fn array<'v>(value: &'v Value, keyword: &str) -> impl Iterator<Item = &'v Value> {
    value.get(keyword).and_then(Value::as_array).into_iter().flatten()
}
