//! `POST /journeys/{journeyId}/steps/cancel` (HTTP-005, HTTP-024).

use axum::response::Response;
use jf_core::{Cancel, EngineError, Submitted};

use crate::router::{Binding, Inbound};
use crate::{conditional, idempotency, problem, respond};

/// Cancels the run. The body is ignored, whatever it is (HTTP-011).
///
/// # Errors
/// Those of the request, then those of [`Engine::cancel`](jf_core::Engine::cancel).
pub(crate) async fn cancel(
    binding: &Binding,
    run: &str,
    mut inbound: Inbound<'_>,
) -> Result<Response, EngineError> {
    let run = binding.run(run).await?;
    let key = idempotency::key(&inbound.parts.headers)?;
    let if_head = conditional::if_match(&inbound.parts.headers)?;
    let request = Cancel::new(run).with_key(key).with_if_head(if_head);
    settle(binding.engine.cancel(request, &inbound.caller()).await?).await
}

/// The answer to an admitted submission or cancellation: the status it led to.
///
/// # Errors
/// Internal when the document has no JSON form.
pub(super) async fn settle(submitted: Submitted) -> Result<Response, EngineError> {
    let replayed = submitted.replayed;
    let mut response = match submitted.settled().await {
        Ok(status) => respond::document(&status)?,
        Err(error) => problem::answer(error),
    };
    respond::mark_replayed(&mut response, replayed);
    Ok(response)
}
