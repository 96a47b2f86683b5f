//! The definitions as the page needs them: names, schemas, graphs.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use jf_dsl::{Catalog, Kind, Loaded, StartMode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::graph;

/// Every deployed version of every journey, by name and version, with what tells it from the catalogue of another deployment.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    body: Bytes,
    tag: HeaderValue,
}

impl Document {
    pub(crate) fn new(catalog: &Catalog) -> Self {
        let journeys = catalog.iter().filter(|loaded| loaded.definition.kind == Kind::Journey);
        let journeys: Vec<Value> = journeys.map(|loaded| journey(catalog, loaded)).collect();
        let body = Bytes::from(json!({ "journeys": journeys }).to_string());
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&body)));
        Self { body, tag: HeaderValue::try_from(tag).expect("base64 in quotes is a header value") }
    }

    /// The document, unless the caller has it: the page asks whenever it has been connected anew.
    pub(crate) fn answer(self, headers: &HeaderMap) -> Response {
        let kept = [(CACHE_CONTROL, HeaderValue::from_static("private, no-cache")), (ETAG, self.tag.clone())];
        // What is compared may have been packed on its way.
        let is_same = |known: &[u8]| known.strip_prefix(b"W/").unwrap_or(known) == self.tag.as_bytes();
        if headers.get_all(IF_NONE_MATCH).iter().any(|known| is_same(known.as_bytes())) {
            return (StatusCode::NOT_MODIFIED, kept).into_response();
        }
        let media = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (kept, media, self.body).into_response()
    }
}

fn journey(catalog: &Catalog, loaded: &Loaded) -> Value {
    let definition = &loaded.definition;
    let (metadata, spec) = (&definition.metadata, &definition.spec);
    let serving = catalog.journey(metadata.name.as_str());
    let serving = serving.is_some_and(|serving| serving.definition.version() == definition.version());
    let mut journey = json!({
        "name": metadata.name,
        "version": metadata.version.to_string(),
        "serving": serving,
        "tags": metadata.tags,
        "startMode": match spec.lifecycle.start_mode {
            StartMode::Sync => "sync",
            StartMode::Async => "async",
        },
        "cancellable": spec.lifecycle.cancellable,
        "guarded": spec.access.read.as_ref().is_some_and(|read| read.guard_ref.is_some()),
        "graph": graph::scope(&spec.start, &spec.states),
        "subjourneys": graph::subjourneys(definition),
    });
    if let Some(description) = &metadata.description {
        journey["description"] = Value::from(description.as_str());
    }
    if let Some(input) = &spec.input {
        journey["input"] = input.schema.json().clone();
    }
    if let Some(compensation) = &spec.compensation {
        journey["compensation"] = graph::scope(&compensation.start, &compensation.states);
    }
    journey
}
