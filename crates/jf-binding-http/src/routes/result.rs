//! `GET /journeys/{journeyId}/result` (HTTP-021, HTTP-060).

use axum::response::Response;
use jf_core::EngineError;

use crate::router::{Binding, Inbound};
use crate::{conditional, respond};

/// Answers how the run ended; 304 when the reader knows.
///
/// # Errors
/// Those of [`Engine::get_outcome`](jf_core::Engine::get_outcome).
pub(crate) async fn result(
    binding: &Binding,
    run: &str,
    mut inbound: Inbound<'_>,
) -> Result<Response, EngineError> {
    let run = binding.run(run).await?;
    let head_only = inbound.is_head();
    let caller = inbound.caller();
    let outcome = binding.engine.get_outcome(&run, &caller).await?;
    if conditional::is_seen(caller.headers(), &outcome.at) {
        return Ok(respond::not_modified(&outcome.at));
    }
    let mut response = respond::document(&outcome)?;
    // Only an answer that carries the document uses the cookies up, and trouble with them changes nothing else (HTTP-064).
    if !head_only && let Ok(cookies) = binding.engine.take_cookies(&run, &caller).await {
        respond::add_cookies(&mut response, cookies);
    }
    Ok(response)
}
