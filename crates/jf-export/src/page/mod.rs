//! A contract as a page for people: one file of HTML, without scripts and without anything from elsewhere.

mod html;
mod operations;
mod problems;
mod schemas;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use html::Html;

const STYLE: &str = include_str!("style.css");

/// A page as [`openapi_page`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The whole page, in UTF-8.
    pub html: String,
    /// The `Content-Security-Policy` it works under: nothing but its own style, no frames around it. The page says the same
    /// of itself, as far as a page can.
    pub content_security_policy: String,
}

/// A document of [`openapi`](crate::openapi()) or [`openapi_of_catalog`](crate::openapi_of_catalog) as a page: operations with their
/// parameters, bodies and answers, schemas, and the types of problems.
///
/// `downloads` are links to show at the top, each a text and an address relative to that of the page.
///
/// ```
/// use jf_export::openapi_page;
///
/// let contract = serde_json::json!({ "openapi": "3.1.0", "info": { "title": "Tea & biscuits", "version": "1" }, "paths": {} });
/// let page = openapi_page(&contract, &[("OpenAPI 3.1", "openapi.json")]);
/// assert!(page.html.contains("<h1>Tea &amp; biscuits</h1>"));
/// assert!(page.content_security_policy.starts_with("default-src 'none'"));
/// ```
#[must_use]
pub fn openapi_page(document: &Value, downloads: &[(&str, &str)]) -> Page {
    let digest = BASE64_STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'");
    let info = &document["info"];
    let title = info["title"].as_str().unwrap_or("API");
    let mut html = Html::default();
    html.markup("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.within("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)], |_| {});
    html.markup("\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.within("title", &[], |html| html.text(title));
    // Markup, not text: the hash in the policy is that of exactly these bytes.
    html.markup("\n<style>").markup(STYLE).markup("</style>\n</head>\n<body>\n");
    html.within("a", &[("class", "skip"), ("href", "#content")], |html| html.text("Skip to content"));
    html.within("header", &[], |html| {
        html.within("h1", &[], |html| html.text(title));
        html.within("p", &[], |html| {
            html.text("Version ");
            html.text(info["version"].as_str().unwrap_or("?"));
            html.text(", served at ");
            html.code(document["servers"][0]["url"].as_str().unwrap_or("/"));
        });
        if let Some(description) = info["description"].as_str() {
            html.prose(description);
        }
        if !downloads.is_empty() {
            html.within("ul", &[("class", "downloads")], |html| {
                for (text, address) in downloads {
                    html.within("li", &[], |html| html.link(address, text));
                }
            });
        }
    });
    html.within("nav", &[("aria-label", "Contents")], |html| {
        operations::contents(html, document);
        html.within("ul", &[], |html| {
            for (place, text) in [("#schemas", "Schemas"), ("#problems", "Problems")] {
                html.within("li", &[], |html| html.link(place, text));
            }
        });
    });
    html.within("main", &[("id", "content")], |html| {
        operations::sections(html, document);
        schemas::section(html, document);
        problems::section(html, document);
    });
    html.markup("\n</body>\n</html>\n");
    let content_security_policy = format!("{policy}; frame-ancestors 'none'");
    Page { html: html.finish(), content_security_policy }
}

/// What a value is, or what its `$ref` into the document leads to.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let target = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// The members of an object in their order; none of anything else.
fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// The strings of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}
