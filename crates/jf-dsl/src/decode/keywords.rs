//! What the keywords of inline schemas take (DEF-050).
//!
//! The schema compiler judges by the meta-schema too, but stops at its first fault and speaks in terms of the meta-schema.

use super::schema::{SCHEMA, SCHEMA_MAPS, SCHEMAS};
use super::{Decoder, Place};
use crate::json_path::{JsonPath, PathStep};
use crate::rules::Fault;
use crate::rules::schemas as rules;
use crate::tree::NodeValue;

/// The names that `type` takes.
const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

const COUNTS: [&str; 8] = [
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
];
const NUMBERS: [&str; 4] = ["exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum"];
const FLAGS: [&str; 4] = ["deprecated", "readOnly", "uniqueItems", "writeOnly"];
const TEXTS: [&str; 7] =
    ["$comment", "contentEncoding", "contentMediaType", "description", "format", "pattern", "title"];

impl Decoder<'_> {
    /// Whether the keywords of one schema have values they can have; every one that has not is reported, at `root`, which is the
    /// schema that the definition holds. Schemas below are not looked into.
    pub(super) fn keywords_fit(&mut self, root: &JsonPath, schema: &Place<'_>) -> bool {
        let before = self.faults.len();
        for member in schema.node.members() {
            // Inside a schema `null` is a value (DEF-009).
            let value = schema.of(member);
            match &*member.key {
                "type" => self.type_fits(root, &value),
                "required" => self.names_fit(root, &value, &member.key),
                "dependentRequired" => self.names_by_member_fit(root, &value),
                "enum" | "examples" => {
                    self.expect(root, &value, "an array", is_array(&value));
                }
                "multipleOf" => {
                    let fits = number(&value).is_some_and(|number| number > 0.0);
                    self.expect(root, &value, "a number above 0", fits);
                }
                keyword if COUNTS.contains(&keyword) => {
                    let fits = number(&value).is_some_and(|number| number >= 0.0 && number.fract() == 0.0);
                    self.expect(root, &value, "a whole number from 0", fits);
                }
                keyword if NUMBERS.contains(&keyword) => {
                    self.expect(root, &value, "a number", number(&value).is_some());
                }
                keyword if FLAGS.contains(&keyword) => {
                    let fits = matches!(value.node.value, NodeValue::Bool(_));
                    self.expect(root, &value, "a boolean", fits);
                }
                keyword if TEXTS.contains(&keyword) => {
                    self.expect(root, &value, "a string", value.text().is_some());
                }
                keyword if SCHEMA.contains(&keyword) => self.is_schema(root, &value),
                keyword if SCHEMAS.contains(&keyword) => self.are_schemas(root, &value),
                keyword if SCHEMA_MAPS.contains(&keyword) => self.name_schemas(root, &value),
                _ => {}
            }
        }
        self.faults.len() == before
    }

    /// `type` takes one name or several.
    fn type_fits(&mut self, root: &JsonPath, value: &Place<'_>) {
        if let Some(text) = value.text() {
            if !TYPES.contains(&&**text) {
                self.keyword_fault(root, value, |pointer| rules::unknown_type(text, &TYPES, pointer));
            }
        } else if self.expect(
            root,
            value,
            "the name of a type, or an array of names",
            !value.node.items().is_empty(),
        ) {
            for item in value.items() {
                if self.expect(root, &item, "the name of a type", item.text().is_some()) {
                    self.type_fits(root, &item);
                }
            }
            self.each_once(root, value);
        }
    }

    /// `required` takes names of members.
    fn names_fit(&mut self, root: &JsonPath, value: &Place<'_>, key: &str) {
        if matches!(value.node.value, NodeValue::Bool(_)) && key == "required" {
            return self.keyword_fault(root, value, rules::required_is_a_list);
        }
        if self.expect(root, value, "an array of member names", is_array(value)) {
            for item in value.items() {
                self.expect(root, &item, "a member name", item.text().is_some());
            }
            self.each_once(root, value);
        }
    }

    fn names_by_member_fit(&mut self, root: &JsonPath, value: &Place<'_>) {
        if self.expect(root, value, "an object", value.is_object()) {
            let members = value.node.members().iter();
            members.for_each(|member| self.names_fit(root, &value.of(member), &member.key));
        }
    }

    fn each_once(&mut self, root: &JsonPath, value: &Place<'_>) {
        let mut seen = std::collections::HashSet::new();
        for item in value.items() {
            if let Some(text) = item.text()
                && !seen.insert(text)
            {
                self.keyword_fault(root, &item, |pointer| rules::listed_twice(text, pointer));
            }
        }
    }

    fn is_schema(&mut self, root: &JsonPath, value: &Place<'_>) {
        match value.node.value {
            NodeValue::Object(_) | NodeValue::Bool(_) | NodeValue::Broken => {}
            NodeValue::Array(_) => self.keyword_fault(root, value, rules::values_for_a_schema),
            _ => {
                self.expect(root, value, "a schema", false);
            }
        }
    }

    fn are_schemas(&mut self, root: &JsonPath, value: &Place<'_>) {
        if self.expect(root, value, "an array of schemas, at least one", !value.node.items().is_empty()) {
            value.items().for_each(|item| self.is_schema(root, &item));
        }
    }

    fn name_schemas(&mut self, root: &JsonPath, value: &Place<'_>) {
        if self.expect(root, value, "an object", value.is_object()) {
            value.node.members().iter().for_each(|member| self.is_schema(root, &value.of(member)));
        }
    }

    /// Reports a value that is not what was expected, unless it cannot be read at all; whether it is.
    fn expect(&mut self, root: &JsonPath, value: &Place<'_>, expected: &str, fits: bool) -> bool {
        if !fits && !value.is_broken() {
            let found = value.node.type_name();
            let hint = match (expected, &value.node.value) {
                ("the name of a type, or an array of names" | "the name of a type", NodeValue::Null) => {
                    Some("put it in quotes: `\"null\"`")
                }
                ("a whole number from 0" | "a number above 0" | "a number", NodeValue::String(_)) => {
                    value.type_help("a number").filter(|help| *help == "remove the quotes")
                }
                _ => value.type_help(expected),
            };
            let text = match &value.node.value {
                NodeValue::Number(number) => number.to_string(),
                NodeValue::Array(items) if items.is_empty() => "an empty array".to_owned(),
                _ => found.to_owned(),
            };
            self.keyword_fault(root, value, |pointer| rules::keyword_value(expected, &text, hint, pointer));
        }
        fits
    }

    fn keyword_fault(&mut self, root: &JsonPath, value: &Place<'_>, fault: impl FnOnce(&str) -> Fault) {
        let pointer = pointer_from(root, &value.path());
        self.report_at(root.clone(), value.span(), fault(&pointer));
    }
}

fn is_array(value: &Place<'_>) -> bool {
    matches!(value.node.value, NodeValue::Array(_))
}

/// The number, as near as the judgement needs it.
fn number(value: &Place<'_>) -> Option<f64> {
    match &value.node.value {
        NodeValue::Number(number) => number.as_f64(),
        _ => None,
    }
}

/// The JSON Pointer that leads from one place to another below it.
fn pointer_from(root: &JsonPath, path: &JsonPath) -> String {
    let tokens = path.steps()[root.steps().len()..].iter().map(|step| match step {
        PathStep::Member(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        PathStep::Index(index) => format!("/{index}"),
    });
    tokens.collect()
}
