//! `POST /journeys/{journeyId}/steps/{stepId}` (HTTP-022).

use axum::response::Response;
use jf_core::{EngineError, StepRef, StepTarget, SubmitStep};
use serde_json::Value;

use super::cancel::settle;
use crate::router::{Binding, Inbound};
use crate::{conditional, idempotency};

/// Submits the body, which is the payload (HTTP-017), to a step.
///
/// # Errors
/// Those of the request, then those of [`Engine::submit_step`](jf_core::Engine::submit_step).
pub(crate) async fn submit(
    binding: &Binding,
    run: &str,
    step: &str,
    mut inbound: Inbound<'_>,
) -> Result<Response, EngineError> {
    let run = binding.run(run).await?;
    // What cannot be an id is handed on as an address that no step has, so that the engine gives its usual answer, in its usual
    // order: unknown run, known key, and then no such step (HTTP-023, ENG-042).
    let step = StepRef::parse(step).unwrap_or_else(|_| StepRef::Address(step.into()));
    let key = idempotency::key(&inbound.parts.headers)?;
    let if_head = conditional::if_match(&inbound.parts.headers)?;
    let empty = || EngineError::invalid_input("a step takes its payload as body: send a JSON value");
    let payload: Value = inbound.json(&binding.config).await?.ok_or_else(empty)?;
    let request = SubmitStep::new(run, StepTarget::Any(step), payload).with_key(key).with_if_head(if_head);
    settle(binding.engine.submit_step(request, &inbound.caller()).await?).await
}
