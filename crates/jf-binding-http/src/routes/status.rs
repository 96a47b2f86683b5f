//! `GET /journeys/{journeyId}` (HTTP-021).

use axum::response::Response;
use jf_core::EngineError;

use crate::router::{Binding, Inbound};
use crate::{conditional, respond};

/// Answers where the run stands; 304 when the reader knows.
///
/// # Errors
/// Those of [`Engine::get_status`](jf_core::Engine::get_status).
pub(crate) async fn status(
    binding: &Binding,
    run: &str,
    mut inbound: Inbound<'_>,
) -> Result<Response, EngineError> {
    let run = binding.run(run).await?;
    let caller = inbound.caller();
    let status = binding.engine.get_status(&run, &caller).await?;
    // After the guard (HTTP-019): who may not read learns nothing from a 304 either.
    if conditional::is_seen(caller.headers(), &status.at) {
        return Ok(respond::not_modified(&status.at));
    }
    respond::document(&status)
}
