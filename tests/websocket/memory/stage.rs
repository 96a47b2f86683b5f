//! The system in memory as a stage for transcripts.

use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::BodyExt;
use jf_core::Caller;
use jf_testkit::transcript::{Line, Need, Refused, Stage};
use serde_json::Value;
use tower::ServiceExt;

use super::{Memory, MemoryLine};

/// A fresh system for one transcript.
pub(crate) struct MemoryStage(Option<Memory>);

impl MemoryStage {
    pub(crate) const fn new(memory: Memory) -> Self {
        Self(Some(memory))
    }

    fn memory(&self) -> &Memory {
        self.0.as_ref().unwrap()
    }

    async fn ask(&self, request: Request<Body>) -> (u16, Value) {
        let app = self.memory().binding.attach(self.memory().http.clone());
        let response = app.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}

#[async_trait]
impl Stage for MemoryStage {
    fn can(&self, need: &Need) -> Result<(), String> {
        match need {
            Need::Tokens if !self.memory().settings.desk => Err("tokens are not judged here".to_owned()),
            _ => Ok(()),
        }
    }

    /// The handshake is answered by the binding, as a request without a connection behind it: one that would be accepted is not, since
    /// nothing can be handed over, and is held in memory instead.
    async fn connect(&mut self, path: &str, headers: &[(String, String)]) -> Result<Box<dyn Line>, Refused> {
        let mut request = Request::get(path)
            .header("host", "127.0.0.1")
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .body(Body::empty())
            .unwrap();
        let mut own = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            own.append(name, HeaderValue::from_str(value).unwrap());
        }
        request.headers_mut().extend(own.clone());
        let app = self.memory().binding.attach(self.memory().http.clone());
        let response = app.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        if problem["type"] != "urn:journeyforge:error:unsupported" {
            return Err(Refused::new(status, problem));
        }
        let plain = path.split('?').next().unwrap_or(path);
        let caller = Caller::request("websocket", Method::GET, plain).headers(own).build_untraced();
        Ok(Box::new(MemoryLine::open(&self.memory().binding, plain, caller)))
    }

    async fn http(&mut self, method: &str, path: &str, body: Option<String>) -> Result<(u16, Value), String> {
        let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.into()),
            None => request.body(Body::empty()),
        };
        Ok(self.ask(request.map_err(|error| error.to_string())?).await)
    }

    async fn advance(&mut self, by: Duration) -> Result<(), String> {
        tokio::time::sleep(by).await;
        Ok(())
    }

    async fn restart(&mut self) -> Result<(), String> {
        let memory = self.0.take().unwrap();
        self.0 = Some(memory.restarted().await);
        Ok(())
    }

    async fn drain(&mut self) -> Result<(), String> {
        self.memory().drain.begin();
        Ok(())
    }
}
