//! The request of a call: checked and compiled once, built for every execution.

mod body;
mod headers;
mod text;
mod url;

use std::time::Duration;

use http::{HeaderMap, Method};
use jf_core::dsl::{CallTarget, HttpCall, HttpMethod};
use jf_core::spi::{Evaluation, HttpExchange, LoadContext, TaskError};

use self::body::BodyPlan;
use self::headers::HeaderPlan;
use self::url::UrlPlan;

/// Bounds of requests and responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) request_bytes: usize,
    pub(crate) response_bytes: usize,
}

/// Everything needed to build the request of one `httpCall:v1` task.
#[derive(Debug)]
pub(crate) struct RequestPlan {
    method: Method,
    url: UrlPlan,
    headers: HeaderPlan,
    body: Option<BodyPlan>,
    limits: Limits,
}

impl RequestPlan {
    /// Compiles the members that make up the request. `None` when an error was reported.
    pub(crate) fn of(call: &HttpCall, limits: Limits, load: &mut LoadContext<'_>) -> Option<Self> {
        let method = match &call.target {
            CallTarget::Operation { operation_ref } => operation_ref.operation.method,
            CallTarget::Url { method, .. } => *method,
        };
        let url = UrlPlan::of(call, load);
        let headers = HeaderPlan::of(call, load);
        let body = match &call.body {
            Some(body) => Some(BodyPlan::of(body, load)?),
            None => None,
        };
        Some(Self { method: method_of(method), url: url?, headers: headers?, body, limits })
    }

    /// Builds the request, with nothing left to be looked up (TSK-050).
    ///
    /// # Errors
    /// Placeholders without a value (EXP-054), values that a URL or a header cannot carry (EXP-055, EXP-056), mapper errors, and a
    /// body that its content type cannot carry (TSK-037).
    pub(crate) fn build(
        &self,
        evaluation: &Evaluation,
        passthrough: &HeaderMap,
        timeout: Duration,
    ) -> Result<HttpExchange, TaskError> {
        let limit = self.limits.request_bytes;
        let url = self.url.render(evaluation)?;
        let mut headers = self.headers.render(evaluation, passthrough)?;
        let body = match &self.body {
            Some(body) => Some(body.render(evaluation, &mut headers, limit)?),
            None => None,
        };
        let mut exchange = HttpExchange::new(self.method.clone(), url, timeout, self.limits.response_bytes);
        exchange.headers = headers;
        exchange.body = body;
        Ok(exchange)
    }
}

const fn method_of(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}
