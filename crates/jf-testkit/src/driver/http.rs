//! The HTTP binding.

use std::net::SocketAddr;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jf_core::Head;
use jf_core::dsl::Catalog;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Answer, ApiAnswer, CancelRun, Driver, DriverError, Request, Run, Seen, Start, Submit};
use crate::client::header_map;
use crate::{ClientError, HttpClient, HttpResponse};

const BASE: &str = "/api/v1";
/// What may stand in a path segment or parameter as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Drives a server through its HTTP binding.
#[derive(Debug, Clone)]
pub struct HttpDriver {
    client: HttpClient,
    catalog: Catalog,
}

impl HttpDriver {
    /// Drives the server at that address, which serves `catalog`: the routes of its Apis stand there.
    #[must_use]
    pub fn new(server: SocketAddr, catalog: Catalog) -> Self {
        Self { client: HttpClient::new(server), catalog }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        request: &Request,
        extra: &[(&str, Option<String>)],
        body: Option<&Value>,
    ) -> Result<HttpResponse, DriverError> {
        let mut headers: HeaderMap = header_map(&request.headers)?;
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in extra {
            pairs.extend(value.iter().map(|value| ((*name).to_owned(), value.clone())));
        }
        if body.is_some() {
            pairs.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        headers.extend(header_map(&pairs)?);
        let body: Bytes = body.map(Value::to_string).unwrap_or_default().into();
        let path = format!("{BASE}{path}{}", query(&request.query));
        Ok(self.client.send_bytes(method, &path, headers, body).await?)
    }

    async fn command(
        &self,
        path: &str,
        request: &Request,
        key: Option<String>,
        if_head: Option<Head>,
        body: Option<&Value>,
    ) -> Result<HttpResponse, DriverError> {
        let condition = if_head.map(|head| format!("\"{head}\""));
        let extra = [("idempotency-key", key), ("if-match", condition)];
        self.send(Method::POST, path, request, &extra, body).await
    }
}

#[async_trait]
impl Driver for HttpDriver {
    fn name(&self) -> &'static str {
        "http"
    }

    async fn start(&self, start: Start) -> Result<Answer, DriverError> {
        let path = format!("/journeys/{}/start", encode(&start.journey));
        let response = self.command(&path, &start.request, start.key, None, Some(&start.input)).await?;
        if response.status == StatusCode::ACCEPTED {
            return Ok(Answer::Started(seen(&response)?));
        }
        document(&response)
    }

    async fn submit(&self, submit: Submit) -> Result<Answer, DriverError> {
        let path = format!("/journeys/{}/steps/{}", encode(&submit.run.id), encode(&submit.step));
        let (key, if_head) = (submit.key, submit.if_head);
        document(&self.command(&path, &submit.request, key, if_head, Some(&submit.payload)).await?)
    }

    async fn status(&self, run: &Run, request: &Request) -> Result<Answer, DriverError> {
        let path = format!("/journeys/{}", encode(&run.id));
        document(&self.send(Method::GET, &path, request, &[], None).await?)
    }

    async fn outcome(&self, run: &Run, request: &Request) -> Result<Answer, DriverError> {
        let path = format!("/journeys/{}/result", encode(&run.id));
        document(&self.send(Method::GET, &path, request, &[], None).await?)
    }

    async fn cancel(&self, cancel: CancelRun) -> Result<Answer, DriverError> {
        let path = format!("/journeys/{}/steps/cancel", encode(&cancel.run.id));
        document(&self.command(&path, &cancel.request, cancel.key, cancel.if_head, None).await?)
    }

    async fn list(&self, parameters: &[(String, String)]) -> Result<Answer, DriverError> {
        let request = Request { headers: Vec::new(), query: parameters.to_vec() };
        let response = self.send(Method::GET, "/journeys", &request, &[], None).await?;
        Ok(match response.status {
            StatusCode::OK => Answer::Page(response.json()?),
            _ => Answer::Error(problem(&response)?),
        })
    }

    async fn call_api(&self, api: &str, input: Value, request: &Request) -> Result<Answer, DriverError> {
        let deployed = self.catalog.api(api);
        let route = deployed
            .map_or_else(|| format!("/apis/{}", encode(api)), |api| api.definition.http_route().into_owned());
        let response = self.send(Method::POST, &route, request, &[], Some(&input)).await?;
        if deployed.is_none() {
            return Ok(Answer::Error(problem(&response)?));
        }
        let (status, body) = (response.status.as_u16(), response.json()?);
        Ok(Answer::Response(ApiAnswer { status, headers: Some(response.headers), body }))
    }

    async fn events(&self, _run: &Run, _after: u64) -> Result<Answer, DriverError> {
        Err(DriverError::NotCarried { driver: self.name(), what: "the log of a run".to_owned() })
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

pub(super) fn query(parameters: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// A status or an outcome, told apart by their members, or a refusal.
fn document(response: &HttpResponse) -> Result<Answer, DriverError> {
    if response.status != StatusCode::OK {
        return Ok(Answer::Error(problem(response)?));
    }
    let seen = seen(response)?;
    let is_status = seen.document.get("currentState").is_some();
    Ok(if is_status { Answer::Status(seen) } else { Answer::Outcome(seen) })
}

fn seen(response: &HttpResponse) -> Result<Seen, DriverError> {
    let tag = response.header("etag").and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    let head =
        tag.ok_or_else(|| ClientError::protocol(format!("no entity tag of a head (HTTP-019): {response}")))?;
    let replayed = response.header("idempotency-replayed") == Some("true");
    Ok(Seen { document: response.json()?, head, replayed, headers: Some(response.headers.clone()) })
}

/// The Problem, which must say the status it is sent with.
fn problem(response: &HttpResponse) -> Result<Value, DriverError> {
    let problem = response.json()?;
    let told = problem["status"].as_u64();
    let media = response.header("content-type");
    if told != Some(response.status.as_u16().into()) || media != Some("application/problem+json") {
        return Err(
            ClientError::protocol(format!("no Problem (HTTP-027, HTTP-072): {media:?} {response}")).into()
        );
    }
    Ok(problem)
}
