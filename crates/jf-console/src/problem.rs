//! Refusals as Problem documents.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{StatusCode, header};
use jf_core::{EngineError, EngineErrorKind};

/// A refusal of this kind.
pub(crate) fn refusal(kind: EngineErrorKind, detail: &str) -> Response {
    answer(EngineError::new(kind).with_detail(detail))
}

/// The answer to a request that was refused.
pub(crate) fn answer(error: EngineError) -> Response {
    let status = StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&error.into_problem()).unwrap_or_default();
    let media = HeaderValue::from_static("application/problem+json");
    (status, [(CONTENT_TYPE, media), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], body)
        .into_response()
}
