//! The request of a call: checked and compiled once, built for every execution.

mod body;
mod headers;
mod text;
mod url;

use std::time::Duration;

use http::{HeaderMap, Method};
use jf_core::dsl::TaskFinding;
use jf_core::spi::{Evaluation, HttpExchange, LoadContext, TaskError};

use self::body::BodyPlan;
use self::headers::HeaderPlan;
use self::url::UrlPlan;
use crate::members::{Members, Reported, refuse};

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
    /// Checks the members that make up the request (TSK-021 to TSK-023, TSK-026 to TSK-028).
    pub(crate) fn read(
        task: &Members<'_>,
        limits: Limits,
        load: &mut LoadContext<'_>,
    ) -> Result<Self, Reported> {
        let target = check_target(task, load);
        let method = read_method(task, load);
        let params = read_params(task, load);
        // The headers of a task can be judged without its faulty `params`, and so on: report everything at once.
        let known_params = params.as_ref().ok().and_then(Option::as_ref);
        let url = UrlPlan::read(task, known_params, load);
        let headers = HeaderPlan::read(task, known_params, load);
        let body = match (&method, task.has("body")) {
            (Ok(Some(Method::GET)), true) => {
                let finding = TaskFinding::error("TSK-023", task.at("body"), "a GET request has no body")
                    .help("send the data with `params.query`, or use another method");
                Err(refuse(load, finding))
            }
            _ => BodyPlan::read(task, load),
        };
        target?;
        params?;
        let (method, url) = (method?.ok_or(Reported)?, url?.ok_or(Reported)?);
        Ok(Self { method, url, headers: headers?, body: body?, limits })
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

/// Whether the task says what to call: `method` and `url`, neither with `operationRef` (TSK-021).
fn check_target(task: &Members<'_>, load: &mut LoadContext<'_>) -> Result<(), Reported> {
    if task.has("operationRef") {
        for superfluous in ["method", "url"].into_iter().filter(|name| task.has(name)) {
            let message = format!("`{superfluous}` does not go with `operationRef`");
            load.report(
                TaskFinding::error("TSK-021", task.at(superfluous), message).help("keep one of them"),
            );
        }
        let finding = TaskFinding::error(
            "TSK-031",
            task.at("operationRef"),
            "`operationRef` is not supported by this build of the engine",
        )
        .help("write `method` and `url` instead");
        return Err(refuse(load, finding));
    }
    let (path, message) = match (task.has("method"), task.has("url")) {
        (true, true) => return Ok(()),
        (false, false) => (task.at("operationRef"), "the call has no target"),
        (false, true) => (task.at("method"), "`url` needs `method`"),
        (true, false) => (task.at("url"), "`method` needs `url`"),
    };
    Err(refuse(load, TaskFinding::error("TSK-021", path, message).help("write `method` and `url`")))
}

/// TSK-022.
fn read_method(task: &Members<'_>, load: &mut LoadContext<'_>) -> Result<Option<Method>, Reported> {
    let word = task.word("method", "TSK-022", &["GET", "POST", "PUT", "DELETE"], load)?;
    Ok(word.map(|word| match word {
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "DELETE" => Method::DELETE,
        _ => Method::GET,
    }))
}

/// `params` as far as it goes with a raw URL (TSK-026).
fn read_params<'v>(task: &Members<'v>, load: &mut LoadContext<'_>) -> Result<Option<Members<'v>>, Reported> {
    let Some(params) = task.child("params", "TSK-026", load)? else { return Ok(None) };
    // `params.body` is retired, which the loader says of every kind (DEF-012).
    load.refuse_unknown(params.path(), params.object(), &["path", "query", "headers", "body"]);
    if params.has("path") && !task.has("operationRef") {
        let finding = TaskFinding::error("TSK-026", params.at("path"), "`params.path` needs `operationRef`")
            .help("write the values into `url` with placeholders, such as `https://api.example.com/orders/${context.orderId}`");
        load.report(finding);
    }
    Ok(Some(params))
}
