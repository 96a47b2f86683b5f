//! One configured call, run for every activation of its state.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::header::COOKIE;
use jf_core::spi::{
    Evaluation, HttpExchange, HttpFailure, HttpFailureKind, HttpReceived, PreparedTask, TaskContext,
    TaskError, TaskOutput, WriteTarget,
};
use jiff::SignedDuration;
use serde_json::Value;
use url::Url;

use crate::cookies::JarPlan;
use crate::error_mapping::MappingPlan;
use crate::notify::{Failures, notification};
use crate::request::RequestPlan;
use crate::result::CallResult;

/// A checked `httpCall:v1`.
#[derive(Debug)]
pub(crate) struct PreparedCall {
    pub(crate) request: RequestPlan,
    /// `None` where there is no cookie jar.
    pub(crate) jar: Option<JarPlan>,
    pub(crate) timeout: Duration,
    pub(crate) mode: Mode,
}

/// TSK-024.
#[derive(Debug)]
pub(crate) enum Mode {
    RequestResponse { result_var: Arc<str>, error_mapping: Option<MappingPlan> },
    Notify { failures: Failures },
}

#[async_trait]
impl PreparedTask for PreparedCall {
    async fn execute(&self, context: TaskContext) -> Result<TaskOutput, TaskError> {
        let timeout = context.budget.map_or(self.timeout, |budget| budget.min(self.timeout));
        let mut exchange = self.request.build(&context, timeout)?;
        let jar = self.jar.as_ref().and_then(|jar| Some((jar, Url::parse(&exchange.url).ok()?)));
        if let Some((plan, url)) = &jar {
            add_cookies(plan, url, &context, &mut exchange);
        }
        match &self.mode {
            Mode::RequestResponse { result_var, error_mapping } => {
                let mut outcome = send(&context, exchange).await;
                match &outcome {
                    Ok(received) => {
                        let status = received.status.as_u16();
                        context.telemetry.debug("the call was answered", &[("status", &status)]);
                    }
                    Err(failure) => {
                        let reason = failure.kind().as_str();
                        context.telemetry.warn("the call got no answer", &[("reason", &reason)]);
                    }
                }
                let cookies = match (&jar, &mut outcome) {
                    (Some((plan, url)), Ok(received)) => {
                        plan.take(&mut received.headers, url, context.connectors.clock.now())
                    }
                    _ => Vec::new(),
                };
                let output =
                    output(&context.evaluation, result_var, error_mapping.as_ref(), CallResult::of(outcome))?;
                Ok(output.with_cookies(cookies))
            }
            Mode::Notify { failures } => {
                let connector = Arc::clone(&context.connectors.http);
                let work = notification(connector, exchange, context.telemetry, failures.clone());
                Ok(TaskOutput::none().with_notification(work))
            }
        }
    }
}

/// TSK-074: a `Cookie` header that somebody wrote stays as it is.
fn add_cookies(plan: &JarPlan, url: &Url, context: &TaskContext, exchange: &mut HttpExchange) {
    let Some(jar) = context.cookies.as_ref().filter(|_| !exchange.headers.contains_key(COOKIE)) else {
        return;
    };
    if let Some(header) = plan.header(jar, url, context.connectors.clock.now()) {
        exchange.headers.insert(COOKIE, header);
    }
}

/// One attempt (TSK-055).
async fn send(context: &TaskContext, exchange: HttpExchange) -> Result<HttpReceived, HttpFailure> {
    let Some(budget) = context.budget.filter(|budget| *budget <= exchange.timeout) else {
        return context.connectors.http.send(exchange).await;
    };
    let clock = &context.connectors.clock;
    let deadline =
        SignedDuration::try_from(budget).ok().and_then(|budget| clock.now().checked_add(budget).ok());
    let outcome = if budget.is_zero() {
        // ENG-061: an operation is not started with no budget left.
        Err(HttpFailure::new(HttpFailureKind::Timeout, "the time budget of the run is spent"))
    } else {
        context.connectors.http.send(exchange).await
    };
    // It was the budget of the run that ended the attempt. Then the run times out and has no result, so none may arrive before its
    // deadline by the engine's clock.
    if let (Err(failure), Some(deadline)) = (&outcome, deadline)
        && failure.kind() == HttpFailureKind::Timeout
    {
        clock.sleep_until(deadline).await;
    }
    outcome
}

/// The result, and what `errorMapping` makes of it (TSK-040, TSK-045).
fn output(
    evaluation: &Evaluation,
    result_var: &Arc<str>,
    error_mapping: Option<&MappingPlan>,
    result: CallResult,
) -> Result<TaskOutput, TaskError> {
    let target = WriteTarget::Var(Arc::clone(result_var));
    let Some(mapping) = error_mapping.filter(|_| !result.ok) else {
        return Ok(TaskOutput::none().with_write(target, result.value));
    };
    // The mapper sees the context with the result stored in it.
    let mut context = evaluation.context().clone();
    let Some(members) = context.as_object_mut() else {
        return Ok(TaskOutput::none().with_write(target, result.value));
    };
    members.insert(result_var.to_string(), result.value);
    let mapped = mapping.apply(evaluation, &context, result_var)?;
    let result = context.get_mut(&**result_var).map_or(Value::Null, Value::take);
    Ok(TaskOutput::none().with_write(target, result).with_write(mapped.target, mapped.value))
}
