//! An HTTP client without opinions: no redirects, no retries, every status is an answer.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jf_core::exact_json;
use serde_json::Value;

use super::{ClientError, patiently};

/// Talks HTTP/1.1 to one server over a pool of connections. Clones share the pool.
#[derive(Clone)]
pub struct HttpClient {
    server: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// What the server answered.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, complete.
    pub body: Bytes,
}

impl HttpResponse {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body }
    }

    /// The text of a header, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; `null` when it is empty.
    ///
    /// # Errors
    /// When it is neither.
    pub fn json(&self) -> Result<Value, ClientError> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        exact_json::from_slice(&self.body)
            .map_err(|error| ClientError::protocol(format!("the body is not JSON: {error}")))
    }
}

impl fmt::Display for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), String::from_utf8_lossy(&self.body))
    }
}

impl HttpClient {
    /// A client of the server at that address.
    #[must_use]
    pub fn new(server: SocketAddr) -> Self {
        Self { server, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Sends a request without headers of its own. A body is JSON.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<HttpResponse, ClientError> {
        let mut headers = HeaderMap::new();
        if body.is_some() {
            headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        self.send_bytes(method, path, headers, body.into()).await
    }

    /// Sends any request.
    ///
    /// # Errors
    /// When there is no answer, or the path is none.
    pub async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<HttpResponse, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.server))
            .body(Full::new(body))
            .map_err(ClientError::connection)?;
        *request.headers_mut() = headers;
        patiently(async {
            let response = self.client.request(request).await.map_err(ClientError::connection)?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(ClientError::connection)?.to_bytes();
            Ok(HttpResponse::new(parts.status, parts.headers, body))
        })
        .await?
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Headers from names and values.
///
/// # Errors
/// When one cannot be sent.
pub(crate) fn header_map(pairs: &[(String, String)]) -> Result<HeaderMap, ClientError> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(ClientError::connection)?;
        headers.append(name, HeaderValue::from_str(value).map_err(ClientError::connection)?);
    }
    Ok(headers)
}
