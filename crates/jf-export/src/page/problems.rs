//! The types of problems that anything in the document answers with.

use std::collections::BTreeMap;

use serde_json::Value;

use super::html::Html;
use super::members;

/// A table of them, by status.
pub(super) fn section(html: &mut Html, document: &Value) {
    let mut problems: BTreeMap<(u64, &str), (&str, &Value)> = BTreeMap::new();
    for (_, response) in members(&document["components"]["responses"]) {
        for (name, example) in members(&response["content"]["application/problem+json"]["examples"]) {
            let status = example["value"]["status"].as_u64().unwrap_or_default();
            let meaning = example["summary"].as_str().unwrap_or_default();
            // The same type may be explained for several answers; the first is the general one.
            problems.entry((status, name)).or_insert((meaning, &example["value"]["type"]));
        }
    }
    if problems.is_empty() {
        return;
    }
    html.within("section", &[("aria-labelledby", "problems")], |html| {
        html.within("h2", &[("id", "problems")], |html| html.text("Problems"));
        html.prose("Refusals are Problem documents (RFC 9457). `type` is stable and is what programs should look at; `detail` is for people. What a definition fails with has types of its own.");
        html.table("Types of problems", &["type", "status", "meaning"], |html| {
            for ((status, name), (meaning, urn)) in problems {
                html.within("tr", &[("id", &format!("problem-{name}"))], |html| {
                    html.row_name(|html| html.code(urn.as_str().unwrap_or(name)));
                    html.cell(|html| html.text(&status.to_string()));
                    html.cell(|html| html.phrase(meaning));
                });
            }
        });
    });
}
