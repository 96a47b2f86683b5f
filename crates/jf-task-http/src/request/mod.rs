//! The request of a call: checked and compiled once, built for every execution.

mod body;
mod headers;
mod text;
mod url;

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jf_core::dsl::{CallTarget, HttpCall, HttpMethod};
use jf_core::spi::{HttpExchange, LoadContext, TaskContext, TaskError};

use self::body::BodyPlan;
use self::headers::HeaderPlan;
use self::url::UrlPlan;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

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
    /// The header that names the activation, if requests of this method are to carry one.
    idempotency: Option<HeaderName>,
    limits: Limits,
}

impl RequestPlan {
    /// Compiles the members that make up the request. `None` when an error was reported.
    /// `idempotency` is the header by which others may know a repeated request.
    pub(crate) fn of(
        call: &HttpCall,
        limits: Limits,
        idempotency: Option<&HeaderName>,
        load: &mut LoadContext<'_>,
    ) -> Option<Self> {
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
        let method = method_of(method);
        let idempotency = idempotency.filter(|_| !method.is_safe()).cloned();
        Some(Self { method, url: url?, headers: headers?, body, idempotency, limits })
    }

    /// Builds the request, with nothing left to be looked up (TSK-050).
    ///
    /// # Errors
    /// Placeholders without a value (EXP-054), values that a URL or a header cannot carry (EXP-055, EXP-056), mapper errors, and a
    /// body that its content type cannot carry (TSK-037).
    pub(crate) fn build(&self, context: &TaskContext, timeout: Duration) -> Result<HttpExchange, TaskError> {
        let limit = self.limits.request_bytes;
        let evaluation = &context.evaluation;
        let url = self.url.render(evaluation)?;
        let mut headers = self.headers.render(evaluation, &context.passthrough)?;
        let body = match &self.body {
            Some(body) => Some(body.render(evaluation, &mut headers, limit)?),
            None => None,
        };
        self.add_defaults(&mut headers, context);
        let mut exchange = HttpExchange::new(self.method.clone(), url, timeout, self.limits.response_bytes);
        exchange.headers = headers;
        exchange.body = body;
        Ok(exchange)
    }
}

impl RequestPlan {
    /// What the engine says of itself ranks below everything that was written (TSK-035).
    fn add_defaults(&self, headers: &mut HeaderMap, context: &TaskContext) {
        if let Some(trace) = &context.trace
            && !headers.contains_key(TRACEPARENT)
            && let Ok(parent) = HeaderValue::from_str(trace.traceparent())
        {
            headers.insert(TRACEPARENT, parent);
            let state = trace.tracestate().and_then(|state| HeaderValue::from_str(state).ok());
            if let Some(state) = state {
                headers.entry(TRACESTATE).or_insert(state);
            }
        }
        if let Some(name) = &self.idempotency
            && !headers.contains_key(name)
            && let Ok(attempt) = HeaderValue::from_str(&context.attempt)
        {
            headers.insert(name, attempt);
        }
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
