//! Operations, by their tags.

use serde_json::Value;

use super::html::Html;
use super::{members, resolved, schemas, texts};

/// Methods that get a place of their own; HEAD is what GET is, and stands with it.
const METHODS: [&str; 3] = ["get", "post", "options"];

/// An operation with where it is.
struct Placed<'d> {
    path: &'d str,
    method: &'static str,
    /// Methods to show.
    label: String,
    operation: &'d Value,
}

/// The operations of a tag.
fn tagged<'d>(document: &'d Value, tag: &str) -> Vec<Placed<'d>> {
    let mut found = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for method in METHODS {
            let operation = &item[method];
            // An address that definitions share stands with the first of them.
            if texts(&operation["tags"]).next() == Some(tag) {
                let head = method == "get" && item["head"].is_object();
                let label = if head { "GET, HEAD".to_owned() } else { method.to_uppercase() };
                found.push(Placed { path, method, label, operation });
            }
        }
    }
    found
}

fn tags(document: &Value) -> impl Iterator<Item = &Value> {
    document["tags"].as_array().into_iter().flatten()
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

fn anchor(operation: &Value) -> String {
    format!("operation-{}", operation["operationId"].as_str().unwrap_or_default())
}

/// The list of contents.
pub(super) fn contents(html: &mut Html, document: &Value) {
    for tag in tags(document) {
        let operations = tagged(document, name(tag));
        if operations.is_empty() {
            continue;
        }
        html.within("p", &[], |html| html.link(&format!("#tag-{}", name(tag)), name(tag)));
        html.within("ul", &[], |html| {
            for Placed { operation, .. } in operations {
                let summary = operation["summary"].as_str().unwrap_or_default();
                html.within("li", &[], |html| html.link(&format!("#{}", anchor(operation)), summary));
            }
        });
    }
}

/// Every tag with its operations.
pub(super) fn sections(html: &mut Html, document: &Value) {
    for tag in tags(document) {
        let operations = tagged(document, name(tag));
        if operations.is_empty() {
            continue;
        }
        let id = format!("tag-{}", name(tag));
        html.within("section", &[("aria-labelledby", &id)], |html| {
            html.within("h2", &[("id", &id)], |html| html.text(name(tag)));
            html.prose(tag["description"].as_str().unwrap_or_default());
            for placed in operations {
                article(html, document, &placed);
            }
        });
    }
}

fn article(html: &mut Html, document: &Value, placed: &Placed<'_>) {
    let Placed { path, method, label, operation } = placed;
    let id = anchor(operation);
    html.within("article", &[("aria-labelledby", &id)], |html| {
        html.within("h3", &[("id", &id)], |html| html.text(operation["summary"].as_str().unwrap_or(path)));
        html.within("p", &[("class", "address")], |html| {
            html.within("span", &[("class", &format!("method {method}"))], |html| html.text(label));
            html.text(" ");
            html.code(path);
        });
        html.prose(operation["description"].as_str().unwrap_or_default());
        parameters(html, document, operation);
        body(html, &operation["requestBody"]);
        responses(html, document, operation);
    });
}

fn parameters(html: &mut Html, document: &Value, operation: &Value) {
    let Some(parameters) = operation["parameters"].as_array() else { return };
    html.table("Parameters", &["name", "in", "value", "meaning"], |html| {
        for parameter in parameters.iter().map(|parameter| resolved(document, parameter)) {
            html.within("tr", &[], |html| {
                html.row_name(|html| {
                    html.code(name(parameter));
                    if parameter["required"] == true {
                        html.within("span", &[("class", "required")], |html| html.text(" required"));
                    }
                });
                html.cell(|html| html.text(parameter["in"].as_str().unwrap_or_default()));
                html.cell(|html| schemas::inline(html, &parameter["schema"]));
                html.cell(|html| html.phrase(parameter["description"].as_str().unwrap_or_default()));
            });
        }
    });
}

fn body(html: &mut Html, body: &Value) {
    for (media, content) in members(&body["content"]) {
        html.within("p", &[], |html| {
            html.within("strong", &[], |html| html.text("Body"));
            html.text(if body["required"] == true { ", required, " } else { ", " });
            html.code(media);
            html.text(": ");
            schemas::inline(html, &content["schema"]);
        });
    }
}

fn responses(html: &mut Html, document: &Value, operation: &Value) {
    html.table("Answers", &["status", "meaning", "body", "headers"], |html| {
        for (status, response) in members(&operation["responses"]) {
            let response = resolved(document, response);
            html.within("tr", &[], |html| {
                html.row_name(|html| html.code(status));
                html.cell(|html| html.phrase(response["description"].as_str().unwrap_or_default()));
                html.cell(|html| {
                    for (media, content) in members(&response["content"]) {
                        html.within("div", &[], |html| {
                            html.code(media);
                            html.text(": ");
                            schemas::inline(html, &content["schema"]);
                        });
                        problems(html, content);
                    }
                });
                html.cell(|html| list(html, members(&response["headers"]).map(|(name, _)| name)));
            });
        }
    });
}

/// Links to the types of problem that a content can be.
fn problems(html: &mut Html, content: &Value) {
    let problems: Vec<_> = members(&content["examples"]).collect();
    if problems.is_empty() {
        return;
    }
    html.within("div", &[], |html| {
        for (index, (name, _)) in problems.into_iter().enumerate() {
            html.text(if index == 0 { "" } else { ", " });
            html.link(&format!("#problem-{name}"), name);
        }
    });
}

fn list<'n>(html: &mut Html, names: impl Iterator<Item = &'n str>) {
    for (index, name) in names.enumerate() {
        html.text(if index == 0 { "" } else { ", " });
        html.code(name);
    }
}
