//! Answers: one serialisation, exact lengths, the headers every answer has (HTTP-019, HTTP-027).

use std::convert::Infallible;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use jf_core::{At, ClientCookie, EngineError, Head};
use serde::Serialize;

use crate::conditional::etag;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// What a body is, as its media type says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Problem,
}

/// An answer with a finished body. `Content-Length` follows from it.
pub(crate) fn bytes(status: StatusCode, media: Media, body: impl Into<Bytes>) -> Response {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, if media == Media::Json { JSON } else { PROBLEM_JSON });
    headers.insert(CACHE_CONTROL, NO_STORE);
    assemble(status, headers, Body::from(body.into()))
}

/// An answer with a JSON document.
///
/// # Errors
/// Internal when the document has no JSON form.
pub(crate) fn json<T: Serialize + ?Sized>(
    status: StatusCode,
    media: Media,
    document: &T,
) -> Result<Response, EngineError> {
    let mut body = Vec::with_capacity(1024);
    serde_json::to_writer(&mut body, document).map_err(EngineError::internal)?;
    Ok(bytes(status, media, body))
}

/// A 200 with a document and its entity tag.
///
/// # Errors
/// Internal when the document has no JSON form.
pub(crate) fn document<T: Serialize>(document: &At<T>) -> Result<Response, EngineError> {
    let mut response = json(StatusCode::OK, Media::Json, &document.document)?;
    response.headers_mut().insert(ETAG, etag(&document.at));
    Ok(response)
}

/// 304: the reader has the document of `head`.
pub(crate) fn not_modified(head: &Head) -> Response {
    let mut response = empty(StatusCode::NOT_MODIFIED);
    response.headers_mut().insert(ETAG, etag(head));
    response
}

/// An answer that has no body by its status.
pub(crate) fn empty(status: StatusCode) -> Response {
    // 204 and 304 have no length at all; every other empty answer has the length 0. A body of unknown length keeps the layers
    // below from inventing one.
    let body = match status {
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => {
            Body::from_stream(futures::stream::empty::<Result<Bytes, Infallible>>())
        }
        _ => Body::empty(),
    };
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CACHE_CONTROL, NO_STORE);
    assemble(status, headers, body)
}

/// Flags the answer to a repeated command (ENG-053).
pub(crate) fn mark_replayed(response: &mut Response, replayed: bool) {
    if replayed {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
}

/// Hands jar cookies to the client (HTTP-063).
pub(crate) fn add_cookies(response: &mut Response, cookies: Vec<ClientCookie>) {
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie.into_header());
    }
}

fn assemble(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
