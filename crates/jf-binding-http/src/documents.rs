//! Finished documents beside the API: a contract, a page, whatever does not change while the server runs.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use sha2::{Digest, Sha256};

use crate::{conditional, problem};

/// A finished document at an address of its own; see [`document_router`].
///
/// ```
/// use jf_binding_http::Document;
///
/// let document = Document::new("/contract/openapi.json", "application/json", "{}").unwrap();
/// assert!(Document::new("contract", "text/plain", "").is_err());
/// ```
#[derive(Debug, Clone)]
pub struct Document {
    path: String,
    content: Arc<Content>,
}

#[derive(Debug)]
struct Content {
    tag: String,
    headers: HeaderMap,
    body: Bytes,
}

/// A document that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDocument {
    /// The path is not one, or has what a router reads as a pattern.
    #[error("`{0}` is not the path of a document")]
    Path(String),
    /// The text cannot be a header.
    #[error("`{0}` is not the value of a header")]
    Header(String),
}

impl Document {
    /// A document at a path from the root of the router, with its `Content-Type`.
    ///
    /// # Errors
    /// When the path does not begin with `/`, has a query, a fragment, white space or a pattern (`{…}`, or a segment that begins with `:`
    /// or `*`), or the media type cannot be a header.
    pub fn new(path: &str, media_type: &str, body: impl Into<Bytes>) -> Result<Self, InvalidDocument> {
        let plain = path.bytes().all(|b| b.is_ascii_graphic() && !b"?#{}".contains(&b));
        if !plain || !path.starts_with('/') || path.contains("/:") || path.contains("/*") {
            return Err(InvalidDocument::Path(path.to_owned()));
        }
        let body = body.into();
        let digest = Sha256::digest(&body);
        // Half of the digest names the content well enough.
        let tag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(&digest[..16]));
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, value(media_type)?);
        headers.insert(ETAG, value(&tag)?);
        // May be kept, and must be asked for again: the next deployment brings another one.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        Ok(Self { path: path.to_owned(), content: Arc::new(Content { tag, headers, body }) })
    }

    /// Adds a header, such as a `Content-Security-Policy`; one of the same name is replaced.
    ///
    /// # Errors
    /// When the text cannot be a header.
    pub fn with_header(mut self, name: HeaderName, text: &str) -> Result<Self, InvalidDocument> {
        let Content { tag, headers, body } = &*self.content;
        let mut headers = headers.clone();
        headers.insert(name, value(text)?);
        self.content = Arc::new(Content { tag: tag.clone(), headers, body: body.clone() });
        Ok(self)
    }
}

fn value(text: &str) -> Result<HeaderValue, InvalidDocument> {
    HeaderValue::try_from(text).map_err(|_| InvalidDocument::Header(text.to_owned()))
}

/// Serves documents: GET and HEAD with an entity tag, 304 to those who have them (`If-None-Match`), 405 for other methods.
///
/// The router has no fallback; merge it into the one that [`router`](crate::router()) gives, or nest it. Of documents at one path
/// the last counts. Nothing is read or computed per request.
///
/// ```
/// use jf_binding_http::{Document, InvalidDocument, document_router};
///
/// # fn app() -> Result<axum::Router, InvalidDocument> {
/// let page = Document::new("/about", "text/html; charset=utf-8", "<!doctype html><title>About</title>")?
///     .with_header(http::header::CONTENT_SECURITY_POLICY, "default-src 'none'")?;
/// Ok(axum::Router::new().merge(document_router([page])))
/// # }
/// # app().unwrap();
/// ```
pub fn document_router(documents: impl IntoIterator<Item = Document>) -> Router {
    let documents: HashMap<String, Arc<Content>> =
        documents.into_iter().map(|document| (document.path, document.content)).collect();
    documents.into_iter().fold(Router::new(), |router, (path, content)| {
        router.merge(Router::new().route(&path, any(serve)).with_state(content))
    })
}

async fn serve(State(content): State<Arc<Content>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return problem::method_not_allowed("GET, HEAD");
    }
    let seen = conditional::has_tag(request.headers(), &content.tag);
    // The server leaves the body of an answer to HEAD away, and keeps its length.
    let mut response = if seen {
        crate::respond::empty(StatusCode::NOT_MODIFIED)
    } else {
        Response::new(Body::from(content.body.clone()))
    };
    let headers = response.headers_mut();
    headers.clone_from(&content.headers);
    if seen {
        headers.remove(CONTENT_TYPE);
    }
    response
}
