//! JSON Schemas in words.

use serde_json::Value;

use super::html::Html;
use super::{members, texts};

/// Levels of a schema that are laid out; what lies deeper is in its JSON.
const DEPTH: usize = 8;
/// Where schemas of the document stand.
const PLACE: &str = "#/components/schemas/";
/// What stands in a type's line, apart from what is said in words of its own.
const CONSTRAINTS: [&str; 16] = [
    "const",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "default",
];
/// Keywords with a list of schemas, and how they read.
const COMBINED: [(&str, &str); 3] = [("allOf", "all of"), ("anyOf", "any of"), ("oneOf", "one of")];

/// The schemas of the document.
pub(super) fn section(html: &mut Html, document: &Value) {
    html.within("section", &[("aria-labelledby", "schemas")], |html| {
        html.within("h2", &[("id", "schemas")], |html| html.text("Schemas"));
        for (name, schema) in members(&document["components"]["schemas"]) {
            html.within("article", &[("aria-labelledby", &anchor(name))], |html| {
                html.within("h3", &[("id", &anchor(name))], |html| html.text(name));
                description(html, schema);
                html.within("p", &[], |html| inline(html, schema));
                parts(html, schema, DEPTH);
                html.within("details", &[], |html| {
                    html.within("summary", &[], |html| html.text("JSON Schema"));
                    html.within("pre", &[], |html| html.text(&format!("{schema:#}")));
                });
            });
        }
    });
}

fn anchor(name: &str) -> String {
    format!("schema-{name}")
}

fn description(html: &mut Html, schema: &Value) {
    for text in ["title", "description"].iter().filter_map(|member| schema[member].as_str()) {
        html.prose(text);
    }
}

/// A schema in a line: what it refers to, its type and its constraints.
pub(super) fn inline(html: &mut Html, schema: &Value) {
    line(html, schema, DEPTH);
}

fn line(html: &mut Html, schema: &Value, depth: usize) {
    let mut said = false;
    let mut separate = |html: &mut Html| {
        html.text(if std::mem::replace(&mut said, true) { ", " } else { "" });
    };
    if let Some(reference) = schema["$ref"].as_str() {
        separate(html);
        refer(html, reference);
    }
    let mut types: Vec<&str> = texts(&schema["type"]).chain(schema["type"].as_str()).collect();
    types.extend(schema["format"].as_str());
    if !types.is_empty() {
        separate(html);
        html.text(&types.join(" or "));
    }
    for keyword in CONSTRAINTS {
        if let Some(value) = schema.get(keyword) {
            separate(html);
            html.text(keyword);
            html.text(" ");
            html.code(&value.to_string());
        }
    }
    if let Some(items) = schema.get("items").filter(|_| depth > 0) {
        separate(html);
        html.text("items: ");
        line(html, items, depth - 1);
    }
    for (keyword, words) in COMBINED {
        let schemas: Vec<_> = schema[keyword].as_array().into_iter().flatten().collect();
        // Larger ones are laid out below.
        if !schemas.is_empty() && depth > 0 {
            separate(html);
            html.text(words);
            html.text(": ");
            for (index, schema) in schemas.into_iter().enumerate() {
                html.text(if index == 0 { "" } else { "; " });
                line(html, schema, depth - 1);
            }
        }
    }
    if !said {
        let words = match schema {
            Value::Bool(false) => "nothing",
            schema if schema.get("properties").is_some() => "object",
            _ => "any value",
        };
        html.text(words);
    }
}

/// A link to what a reference leads to, named by the end of it.
fn refer(html: &mut Html, reference: &str) {
    let Some(path) = reference.strip_prefix(PLACE) else {
        html.code(reference);
        return;
    };
    let component = path.split('/').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    html.link(&format!("#{}", anchor(component)), name);
}

/// The properties of a schema, and those of what it consists of.
fn parts(html: &mut Html, schema: &Value, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let required: Vec<&str> = texts(&schema["required"]).collect();
    if schema["properties"].as_object().is_some_and(|properties| !properties.is_empty()) {
        html.within("dl", &[], |html| {
            for (name, property) in members(&schema["properties"]) {
                html.within("dt", &[], |html| {
                    html.code(name);
                    if required.contains(&name) {
                        html.within("span", &[("class", "required")], |html| html.text(" required"));
                    }
                });
                html.within("dd", &[], |html| {
                    html.within("p", &[], |html| line(html, property, depth));
                    description(html, property);
                    parts(html, property, depth);
                });
            }
        });
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(keyword).filter(|inner| inner.is_object()) {
            parts(html, inner, depth);
        }
    }
    for (keyword, _) in COMBINED {
        for inner in schema[keyword].as_array().into_iter().flatten() {
            parts(html, inner, depth);
        }
    }
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        html.within("p", &[], |html| html.text("No other members."));
    }
}
