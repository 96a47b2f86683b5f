//! Inline schemas (DEF-050 to DEF-053).

use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::{Decoder, Place};
use crate::json_path::JsonPath;
use crate::model::schema::Schema;
use crate::rules::{schemas as rules, shape};
use crate::schema::compile::{META_SCHEMA, compile};
use crate::schema::recursion::{self, Recursion};

/// Keywords whose value is a schema.
pub(super) const SCHEMA: [&str; 11] = [
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
];
/// Keywords whose value is an array of schemas.
pub(super) const SCHEMAS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose value maps names to schemas.
pub(super) const SCHEMA_MAPS: [&str; 5] =
    ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];

/// What references may lead to.
struct Targets<'a> {
    root: &'a Value,
    /// Everything that looks like an anchor, collected when a reference asks for one.
    anchors: OnceCell<HashSet<&'a str>>,
}

impl Targets<'_> {
    /// Whether a reference stays inside the schema: an anchor, or a pointer that resolves (DEF-052).
    fn hold(&self, reference: &str) -> bool {
        let Some(fragment) = reference.strip_prefix('#') else { return false };
        let Ok(fragment) = percent_encoding::percent_decode_str(fragment).decode_utf8() else { return false };
        if fragment.is_empty() || fragment.starts_with('/') {
            return self.root.pointer(&fragment).is_some();
        }
        let anchors = self.anchors.get_or_init(|| {
            let mut found = HashSet::new();
            collect_anchors(self.root, &mut found);
            found
        });
        anchors.contains(&*fragment)
    }
}

/// What a walk over the schema found.
#[derive(Default)]
struct Findings {
    faulty: bool,
    has_ids: bool,
    has_references: bool,
}

impl Decoder<'_> {
    /// An inline schema; it is compiled at once, so that its slot holds the compiled form.
    pub(super) fn schema(&mut self, place: &Place<'_>) -> Option<Schema> {
        if !place.is_object() {
            if !place.is_broken() {
                let fault = shape::wrong_type("a JSON Schema (an object)", place.node.type_name());
                self.report(place, fault.rule("DEF-050"));
            }
            return None;
        }
        let json = Arc::new(place.node.to_value());
        let mut findings = Findings::default();
        let targets = Targets { root: &json, anchors: OnceCell::new() };
        self.walk_schema(&place.path(), place, &targets, &mut findings);
        if findings.faulty || !self.patterns_fit(place) {
            return None;
        }
        // The same shape often stands in several places.
        if let Some(&slot) = self.slots.get(&json) {
            return Some(Schema { json, slot });
        }
        if findings.has_references
            && let Some(found) = recursion::find(&json)
        {
            self.report_recursion(place, &found);
            return None;
        }
        let compiled = if findings.has_ids {
            let mut without = Value::clone(&json);
            strip_ids(&mut without);
            compile(&without)
        } else {
            compile(&json)
        };
        match compiled {
            Ok(compiled) => {
                let slot = self.compiled.len();
                self.compiled.push(compiled);
                self.slots.insert(Arc::clone(&json), slot);
                Some(Schema { json, slot })
            }
            Err(error) => {
                let fault = match error.kind() {
                    ValidationErrorKind::Referencing(_) => rules::unresolved(),
                    _ => rules::not_a_schema(&error.to_string(), error.instance_path().as_str()),
                };
                let deeper = find_pointer(place.node, error.instance_path().as_str());
                let span = deeper.map_or_else(|| place.span(), |node| Place::root(node).span());
                self.report_at(place.path(), span, fault);
                None
            }
        }
    }

    fn report_recursion(&mut self, place: &Place<'_>, found: &Recursion) {
        let (fault, pointer) = match found {
            Recursion::Endless(pointer) => (rules::endless(pointer), pointer),
            Recursion::TooLong(pointer) => (rules::long_chain(pointer), pointer),
        };
        let node = find_pointer(place.node, pointer).filter(|_| !pointer.is_empty());
        let span = node.map_or_else(|| place.span(), |node| Place::root(node).span());
        self.report_at(place.path(), span, fault);
    }

    /// Checks the keywords of every subschema: their values, and what the language restricts.
    fn walk_schema(
        &mut self,
        root: &JsonPath,
        place: &Place<'_>,
        targets: &Targets<'_>,
        findings: &mut Findings,
    ) {
        findings.faulty |= !self.keywords_fit(root, place);
        for (key, value) in place.entries() {
            match &**key {
                "$schema" if value.text().is_none_or(|text| &**text != META_SCHEMA) => {
                    findings.faulty = true;
                    self.report(&value, rules::other_draft());
                }
                "$id" => {
                    findings.has_ids = true;
                    self.report(&value, rules::id_ignored());
                }
                "$ref" | "$dynamicRef" => {
                    findings.has_references = true;
                    if let Some(text) = value.text()
                        && !targets.hold(text)
                    {
                        findings.faulty = true;
                        self.report(&value, rules::not_local(text));
                    }
                }
                keyword if SCHEMA.contains(&keyword) => {
                    self.walk_schema(root, &value, targets, findings);
                }
                keyword if SCHEMAS.contains(&keyword) => {
                    for item in value.items() {
                        self.walk_schema(root, &item, targets, findings);
                    }
                }
                keyword if SCHEMA_MAPS.contains(&keyword) => {
                    for (_, member) in value.entries() {
                        self.walk_schema(root, &member, targets, findings);
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether all patterns may be compiled: those of subschemas, and of everything that a reference could make one.
    fn patterns_fit(&mut self, place: &Place<'_>) -> bool {
        place.entries().all(|(key, value)| {
            let fits = match (&**key, value.text()) {
                ("pattern", Some(text)) => self.pattern_fits(&value, text),
                ("patternProperties", None) => {
                    value.entries().all(|(text, member)| self.pattern_fits(&member, text))
                }
                _ => true,
            };
            fits && self.patterns_fit(&value)
        }) && place.items().all(|item| self.patterns_fit(&item))
    }

    /// Reports names of `properties` that answers reserve for themselves (DEF-059, STA-064).
    pub(super) fn reserved_properties(&mut self, schema: &Place<'_>, reserved: &[&str], rule: &'static str) {
        let Some(properties) = schema.get("properties") else { return };
        let names: HashSet<&str> = reserved.iter().copied().collect();
        for (name, property) in properties.entries() {
            if names.contains(&**name) {
                self.report_key(&property, rules::reserved(name, rule));
            }
        }
    }
}

/// The anchors of all subschemas, and of what looks like one: where it is none after all, the compiler says so.
fn collect_anchors<'a>(value: &'a Value, found: &mut HashSet<&'a str>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let is_anchor = matches!(key.as_str(), "$anchor" | "$dynamicAnchor");
                found.extend(value.as_str().filter(|_| is_anchor));
                collect_anchors(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_anchors(item, found)),
        _ => {}
    }
}

/// Removes `$id` from every subschema: identifiers are ignored, and references must not be resolved against them
/// (DEF-051).
fn strip_ids(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    members.shift_remove("$id");
    for (keyword, value) in members.iter_mut() {
        match (keyword.as_str(), value) {
            (keyword, value) if SCHEMA.contains(&keyword) => strip_ids(value),
            (keyword, Value::Array(items)) if SCHEMAS.contains(&keyword) => {
                items.iter_mut().for_each(strip_ids)
            }
            (keyword, Value::Object(named)) if SCHEMA_MAPS.contains(&keyword) => {
                named.values_mut().for_each(strip_ids)
            }
            _ => {}
        }
    }
}

/// The node a JSON Pointer leads to.
fn find_pointer<'t>(node: &'t crate::tree::Node, pointer: &str) -> Option<&'t crate::tree::Node> {
    pointer.split('/').skip(1).try_fold(node, |node, token| {
        let name = token.replace("~1", "/").replace("~0", "~");
        match node.member(&name) {
            Some(member) => Some(&member.value),
            None => node.items().get(name.parse::<usize>().ok()?),
        }
    })
}
