//! What the protocol has no frame for: which runs there are, and of which version one is.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Uri};
use jf_core::{Engine, EngineError, JourneyId};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::problem;

/// The listing of the HTTP binding, at the address of the console (HTTP-080 to HTTP-083).
pub(crate) async fn list(State(api): State<axum::Router>, mut request: Request) -> Response {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    // A path and a query that were one already.
    let Ok(uri) = Uri::try_from(format!("/api/v1/journeys{query}")) else {
        return problem::answer(EngineError::not_found());
    };
    *request.uri_mut() = uri;
    match api.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The definition version of a run and whether it compensates another one, by which the page knows the graph. Unguarded, like the listing: it tells
/// a run that a guard denies from none.
pub(crate) async fn version(State(engine): State<Arc<dyn Engine>>, Path(id): Path<String>) -> Response {
    match described(&*engine, &id).await {
        Ok(body) => json_answer(body.to_string().into()),
        Err(error) => problem::answer(error),
    }
}

async fn described(engine: &dyn Engine, id: &str) -> Result<Value, EngineError> {
    let id = JourneyId::parse(id)?;
    let definition = engine.locate(&id).await?;
    let mut body = json!({ "journeyName": definition.name(), "version": definition.version().to_string() });
    if engine.is_compensation(&id).await? {
        body["compensation"] = Value::Bool(true);
    }
    Ok(body)
}

/// A JSON document that belongs to this moment.
pub(crate) fn json_answer(body: bytes::Bytes) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}
