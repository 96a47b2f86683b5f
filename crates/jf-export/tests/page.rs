//! The page of a contract: complete, safe, and whole in itself.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::collections::BTreeSet;

use jf_dsl::{Catalog, SourceFile, StaticCapabilities, load};
use jf_export::{OpenApi, contract_site, openapi, openapi_page};
use serde_json::Value;

/// A journey that tries to be markup wherever it may.
const HOSTILE: &str = r##"
apiVersion: v1
kind: Journey
metadata: { name: hostile, version: 1.0.0, description: "</title><script>alert(1)</script> `x` & y" }
spec:
  start: '<b>'
  input:
    schema:
      description: "<img src=x onerror=alert(1)>"
      type: object
      properties:
        "\"><script>": { type: [string, 'null'], pattern: "^<i>$", default: "</pre>" }
        self: { $ref: '#' }
  bindings: { http: { start: { queryToContext: { '<q>': q } } } }
  states:
    '<b>': { type: wait, wait: { input: { schema: { enum: ["<u>", 1] } } }, next: done }
    done: { type: succeed }
"##;

fn catalog() -> Catalog {
    let source = SourceFile::new("hostile", HOSTILE);
    let loaded = load(&source, &StaticCapabilities::full()).unwrap_or_else(|faults| panic!("{faults}"));
    Catalog::new(vec![loaded]).unwrap()
}

fn document() -> Value {
    let catalog = catalog();
    openapi(&catalog.journey("hostile").unwrap().definition, &OpenApi::default().with_list(true))
}

/// The values of an attribute.
fn values<'h>(html: &'h str, attribute: &str) -> BTreeSet<&'h str> {
    let mark = format!(" {attribute}=\"");
    html.match_indices(&mark).map(|(at, _)| html[at + mark.len()..].split('"').next().unwrap()).collect()
}

#[test]
fn nothing_of_a_definition_becomes_markup() {
    let html = openapi_page(&document(), &[("<a>", "x.json")]).html;
    for markup in ["<script", "<img", "<b>", "<u>", "<i>", "<q>", "<a>"] {
        assert!(!html.contains(markup), "{markup}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; <code>x</code> &amp; y"));
    // Elements that were opened are closed, in order.
    let mut open = Vec::new();
    let body = html.split_once("</style>").unwrap().1;
    for tag in body.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
        match tag.strip_prefix('/') {
            Some("head" | "html") => {}
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None => open.push(tag.split(' ').next().unwrap()),
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_says_so() {
    let page = openapi_page(&document(), &[]);
    assert!(values(&page.html, "src").is_empty());
    assert!(values(&page.html, "href").iter().all(|address| address.starts_with('#')));
    assert!(!page.html.contains("url(") && !page.html.contains("@import") && !page.html.contains(" style="));
    let own = page.content_security_policy.strip_suffix("; frame-ancestors 'none'").unwrap();
    assert!(page.html.contains(&format!("content=\"{own}\"")));
}

#[test]
fn every_link_of_the_page_leads_somewhere_and_every_place_is_one() {
    let html = openapi_page(&document(), &[]).html;
    let ids = values(&html, "id");
    assert_eq!(html.matches(" id=\"").count(), ids.len(), "no id is there twice");
    for address in values(&html, "href").into_iter().filter_map(|address| address.strip_prefix('#')) {
        assert!(ids.contains(address), "#{address} leads nowhere");
    }
    for label in values(&html, "aria-labelledby") {
        assert!(ids.contains(label), "{label} labels nothing");
    }
}

#[test]
fn the_page_tells_what_the_document_tells() {
    let document = document();
    let html = openapi_page(&document, &[]).html;
    let told = |text: &str| {
        let text =
            text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        assert!(html.contains(&text), "{text}");
    };
    for (path, item) in document["paths"].as_object().unwrap() {
        told(path);
        let operations = item.as_object().unwrap().iter().filter(|(method, _)| *method != "head");
        for (_, operation) in operations {
            told(operation["summary"].as_str().unwrap());
        }
    }
    let components = &document["components"];
    for (name, schema) in components["schemas"].as_object().unwrap() {
        told(name);
        schema["properties"].as_object().into_iter().flatten().for_each(|(property, _)| told(property));
    }
    for parameter in components["parameters"].as_object().unwrap().values() {
        told(parameter["name"].as_str().unwrap());
    }
    for response in components["responses"].as_object().unwrap().values() {
        let problems = &response["content"]["application/problem+json"]["examples"];
        for problem in problems.as_object().unwrap().values() {
            told(problem["value"]["type"].as_str().unwrap());
        }
    }
}

#[test]
fn files_of_a_site_find_each_other_by_relative_links() {
    for (path, page, first) in [
        ("/contract", "/contract", "contract/openapi.json"),
        ("/a/b/", "/a/b", "b/openapi.json"),
        ("/", "/", "openapi.json"),
    ] {
        let files = contract_site(&catalog(), &OpenApi::default(), path);
        assert_eq!(files[0].path, page);
        let folder = files[0].path.rsplit_once('/').unwrap().0;
        let links = values(&files[0].content, "href");
        let links: BTreeSet<_> = links.into_iter().filter(|address| !address.starts_with('#')).collect();
        assert!(links.contains(first), "{links:?}");
        let reached: BTreeSet<_> = links.iter().map(|link| format!("{folder}/{link}")).collect();
        let others: BTreeSet<_> = files[1..].iter().map(|file| file.path.clone()).collect();
        assert_eq!(reached, others);
    }
}
