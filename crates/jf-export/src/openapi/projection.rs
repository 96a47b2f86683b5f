//! What a request brings along beside its body (HTTP-030 to HTTP-035), as parameters.

use jf_dsl::{Projection, WritePath};

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
        if !DESCRIBED_OTHERWISE.contains(&name.as_str().to_ascii_lowercase().as_str()) {
            operation.string_parameter("header", name.as_str(), &description);
        }
    }
}

/// The paths that the request writes beside the body (HTTP-094).
pub(super) fn written(projection: &Projection) -> impl Iterator<Item = &WritePath> {
    projection.query_to_context.values().chain(projection.headers_to_context.values())
}
