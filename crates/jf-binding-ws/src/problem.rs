//! Refused handshakes: Problem documents over HTTP (HS-1).

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use jf_core::EngineError;

/// The answer to a handshake that is refused.
pub(crate) fn refusal(error: EngineError) -> Response<Body> {
    let retry_after = error.retry_after();
    let status = StatusCode::from_u16(error.kind().status()).expect("kinds have HTTP statuses");
    let body = serde_json::to_vec(&error.into_problem()).expect("problems have text keys");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(after) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
    }
    response
}
