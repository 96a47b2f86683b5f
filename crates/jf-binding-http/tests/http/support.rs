//! Requests in, answers out.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use jf_binding_http::{HttpConfig, router};
use serde_json::Value;
use tower::ServiceExt;

use crate::fake::{FakeEngine, Script};

/// A received answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?.to_str().unwrap();
        assert!(values.next().is_none(), "{name} is given more than once");
        Some(first)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A Problem of the table of ENG-140, complete and consistent (HTTP-027).
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, slug: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("content-length"), Some(self.body.len().to_string().as_str()));
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:journeyforge:error:{slug}"));
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string());
    }

    /// A JSON document of the API (HTTP-027).
    #[track_caller]
    pub(crate) fn assert_document(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("content-length"), Some(self.body.len().to_string().as_str()));
        self.json()
    }

    /// The text of a Problem's `detail`.
    pub(crate) fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap_or_default().to_owned()
    }
}

/// Sends one request.
pub(crate) async fn send(app: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

pub(crate) fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(body.into()).unwrap()
}

/// The same request with one more header.
pub(crate) fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().append(name, value.parse().unwrap());
    request
}

/// An engine that follows the script, and the binding in front of it.
pub(crate) fn scripted(script: Script) -> (Router, Arc<FakeEngine>) {
    configured(script, HttpConfig::default())
}

pub(crate) fn configured(script: Script, config: HttpConfig) -> (Router, Arc<FakeEngine>) {
    let engine = FakeEngine::new(script);
    (router(engine.clone(), config), engine)
}
