//! What a request brings along beside its body (HTTP-030 to HTTP-035), as parameters.

use jf_dsl::{MetadataBindings, Projection, WritePath};

use super::operation::Operation;

/// Headers that OpenAPI describes by other means; a parameter of the name is ignored there.
const DESCRIBED_OTHERWISE: [&str; 3] = ["accept", "authorization", "content-type"];

/// Adds the headers and query parameters that are written into the context or passed on.
pub(super) fn parameters(operation: &mut Operation, projection: &Projection) {
    for (name, path) in &projection.query_to_context {
        operation.string_parameter("query", name, &format!("Written to `{path}`."));
    }
    let written =
        projection.headers_to_context.iter().map(|(name, path)| (name, format!("Written to `{path}`.")));
    let passed = projection.headers_passthrough.iter().map(|header| (&header.from, "Passed on.".to_owned()));
    for (name, description) in written.chain(passed) {
        header(operation, name.as_str(), &description);
    }
}

/// Adds the headers that tags and attributes of the run are taken from (ENG-120).
pub(super) fn labels(operation: &mut Operation, bindings: &MetadataBindings) {
    for source in &bindings.tags.from_headers {
        header(operation, source.header.as_str(), "Becomes a tag of the run.");
    }
    for (name, source) in &bindings.attributes.from_headers {
        header(operation, source.header.as_str(), &format!("Becomes the attribute `{name}` of the run."));
    }
    let tags = bindings.tags.from_baggage.iter();
    let mut keys: Vec<&str> =
        tags.chain(bindings.attributes.from_baggage.values()).map(|source| source.key.as_str()).collect();
    keys.dedup();
    if !keys.is_empty() {
        let keys = keys.join("`, `");
        header(
            operation,
            "baggage",
            &format!("W3C baggage; tags or attributes of the run are made of `{keys}`."),
        );
    }
}

fn header(operation: &mut Operation, name: &str, description: &str) {
    if !DESCRIBED_OTHERWISE.contains(&name.to_ascii_lowercase().as_str()) {
        operation.string_parameter("header", name, description);
    }
}

/// The paths that the request writes beside the body (HTTP-094).
pub(super) fn written(projection: &Projection) -> impl Iterator<Item = &WritePath> {
    projection.query_to_context.values().chain(projection.headers_to_context.values())
}
