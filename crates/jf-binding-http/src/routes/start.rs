//! `POST /journeys/{journeyName}/start` (HTTP-020).

use axum::response::Response;
use http::header::{ETAG, LOCATION};
use http::{HeaderValue, StatusCode};
use jf_core::{At, EngineError, Head, JourneyStartResponse, StartReply, StartRequest};
use serde_json::{Map, Value};

use crate::conditional::etag;
use crate::respond::{self, Media};
use crate::router::{Binding, Inbound};
use crate::{idempotency, problem};

/// Starts a run of `journey`.
///
/// # Errors
/// Those of the request, then those of [`Engine::start`](jf_core::Engine::start).
pub(crate) async fn start(
    binding: &Binding,
    journey: &str,
    mut inbound: Inbound<'_>,
) -> Result<Response, EngineError> {
    let mut request = StartRequest::new(journey, Value::Null)?.with_cookies();
    if binding.config.hidden_journeys.contains(&request.journey) {
        return Err(EngineError::not_found());
    }
    request.key = idempotency::key(&inbound.parts.headers)?;
    request.input = inbound.json(&binding.config).await?.unwrap_or_else(|| Value::Object(Map::new()));
    let started = binding.engine.start(request, &inbound.caller()).await?;
    let replayed = started.replayed;
    let mut response = match started.settled().await {
        Ok(StartReply::Started(started)) => accepted(&started)?,
        Ok(StartReply::Status(status)) => respond::document(&status)?,
        Ok(StartReply::Outcome { outcome, cookies }) => {
            let mut response = respond::document(&outcome)?;
            // HTTP-060: replays carry none.
            if !replayed {
                respond::add_cookies(&mut response, cookies);
            }
            response
        }
        Ok(_) => return Err(EngineError::internal("the engine gave a reply this binding does not know")),
        Err(error) => problem::answer(error),
    };
    respond::mark_replayed(&mut response, replayed);
    Ok(response)
}

/// 202: the document never changes, so its tag is that of the creation (HTTP-019), and the `Location` is in it.
fn accepted(started: &At<JourneyStartResponse>) -> Result<Response, EngineError> {
    let mut response = respond::json(StatusCode::ACCEPTED, Media::Json, &started.document)?;
    let headers = response.headers_mut();
    headers.insert(ETAG, etag(&Head::new(started.at.epoch.clone(), 1)));
    let location = HeaderValue::from_str(&started.document.status_url).map_err(EngineError::internal)?;
    headers.insert(LOCATION, location);
    Ok(response)
}
