//! What the cases share: a served engine, and short ways to ask it.

use std::net::SocketAddr;

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jf_core::dsl::Catalog;
use serde_json::Value;

use crate::engine_cases::world::{APPROVAL, catalog};
use crate::{HttpClient, HttpResponse};

/// Serves the HTTP binding over an engine; implemented by closures.
pub trait HttpHost: Send + Sync {
    /// Serves a fresh engine with the journeys of `catalog`, for as long as the runtime lives, and tells where.
    fn serve(&self, catalog: Catalog) -> BoxFuture<'_, SocketAddr>;
}

impl<F, R> HttpHost for F
where
    F: Fn(Catalog) -> R + Send + Sync,
    R: Future<Output = SocketAddr> + Send + 'static,
{
    fn serve(&self, catalog: Catalog) -> BoxFuture<'_, SocketAddr> {
        Box::pin(self(catalog))
    }
}

/// A served engine.
pub(super) struct World {
    http: HttpClient,
}

/// Header lines of a request.
pub(super) type Lines<'a> = &'a [(&'static str, &'a str)];

impl World {
    pub(super) async fn new(host: &dyn HttpHost) -> Self {
        Self { http: HttpClient::new(host.serve(catalog()).await) }
    }

    pub(super) async fn ask(&self, method: Method, path: &str, lines: Lines<'_>, body: &str) -> HttpResponse {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let value = HeaderValue::from_str(value).expect("a header value");
            headers.append(HeaderName::from_static(name), value);
        }
        self.http.send_bytes(method, path, headers, body.to_owned().into()).await.expect("an answer")
    }

    pub(super) async fn get(&self, path: &str) -> HttpResponse {
        self.ask(Method::GET, path, &[], "").await
    }

    pub(super) async fn post(&self, path: &str, body: &str) -> HttpResponse {
        self.ask(Method::POST, path, &[], body).await
    }

    /// The address of a run that waits.
    pub(super) async fn waiting(&self) -> String {
        let path = format!("/api/v1/journeys/{APPROVAL}/start");
        run_of(&self.post(&path, r#"{"orderId":"A-17"}"#).await)
    }

    /// The address of a run that was approved.
    pub(super) async fn ended(&self) -> String {
        let run = self.waiting().await;
        let answer = self.post(&format!("{run}/steps/approval"), r#"{"decision":"approve"}"#).await;
        assert_eq!(answer.status, 200, "{answer}");
        run
    }
}

/// The address of the run that a document is about.
pub(super) fn run_of(answer: &HttpResponse) -> String {
    assert!(answer.status.is_success(), "{answer}");
    let id = json(answer)["journeyId"].as_str().expect("documents name their run").to_owned();
    format!("/api/v1/journeys/{id}")
}

pub(super) fn json(answer: &HttpResponse) -> Value {
    answer.json().expect("answers are JSON")
}

/// HTTP-019, HTTP-027: a document of the API, with its tag.
pub(super) fn assert_document(answer: &HttpResponse, status: u16) -> Value {
    assert_eq!(answer.status, status, "{answer}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
    let tag = answer.header("etag").expect("documents have a tag");
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.contains('.'), "{tag}");
    json(answer)
}

/// HTTP-027, HTTP-072: a Problem, and nothing that belongs to documents.
pub(super) fn assert_problem(answer: &HttpResponse, status: u16, slug: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    assert_eq!(answer.header("etag"), None, "{what}");
    let problem = json(answer);
    assert_eq!(problem["type"], format!("urn:journeyforge:error:{slug}"), "{what}");
    assert_eq!(problem["status"], status, "{what}");
    assert_eq!(answer.header("allow").is_some(), status == 405, "{what}");
}
