//! `POST` to the route of an Api (HTTP-066, HTTP-073).

use axum::response::Response;
use http::StatusCode;
use http::header::RETRY_AFTER;
use jf_core::{ApiReply, CallApi, EngineError, EngineErrorKind};
use jf_dsl::DefinitionName;
use serde_json::{Map, Value};

use crate::problem;
use crate::respond::{self, Media};
use crate::router::{Binding, Inbound};

/// Calls an Api.
///
/// Whatever goes wrong from here on is answered in the definition's envelope: what the binding refuses as well as what keeps the
/// engine from running the call. Only when the engine cannot give that either, the plain Problem has to do.
///
/// # Errors
/// NotFound when the Api has gone meanwhile; those of [`Engine::call_api`](jf_core::Engine::call_api) as a last resort.
pub(crate) async fn call(
    binding: &Binding,
    api: DefinitionName,
    mut inbound: Inbound<'_>,
) -> Result<Response, EngineError> {
    let body = inbound.json(&binding.config).await;
    let caller = inbound.caller();
    let (request, retry_after) = match body {
        Ok(body) => (CallApi::new(api.clone(), body.unwrap_or_else(|| Value::Object(Map::new()))), None),
        Err(error) => {
            let retry_after = problem::retry_after(&error);
            (CallApi::refused(api.clone(), error.into_problem()), retry_after)
        }
    };
    let error = match binding.engine.call_api(request, &caller).await {
        Ok(reply) => {
            let mut response = answer(reply)?;
            response.headers_mut().extend(retry_after.map(|after| (RETRY_AFTER, after)));
            return Ok(response);
        }
        Err(error) if error.kind() == EngineErrorKind::NotFound => return Err(error),
        Err(error) => error,
    };
    let refusal = CallApi::refused(api, error.problem().clone());
    let Ok(reply) = binding.engine.call_api(refusal, &caller).await else { return Err(error) };
    problem::report(&error);
    let mut response = answer(reply)?;
    if let Some(after) = problem::retry_after(&error) {
        response.headers_mut().insert(RETRY_AFTER, after);
    }
    Ok(response)
}

fn answer(reply: ApiReply) -> Result<Response, EngineError> {
    let status =
        StatusCode::from_u16(reply.status).ok().filter(|status| (200..600).contains(&status.as_u16()));
    let status =
        status.ok_or_else(|| EngineError::internal("the engine gave a status that cannot end a request"))?;
    let mut response = match status {
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED => {
            respond::empty(status)
        }
        _ => respond::json(status, if reply.is_problem { Media::Problem } else { Media::Json }, &reply.body)?,
    };
    respond::add_cookies(&mut response, reply.cookies);
    Ok(response)
}
