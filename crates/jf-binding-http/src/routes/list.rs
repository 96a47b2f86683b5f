//! `GET /journeys` (HTTP-080 to HTTP-083).

use std::num::NonZeroU32;

use axum::response::Response;
use http::StatusCode;
use jf_core::{EngineError, EngineErrorKind, ListQuery, Phase, Principal};
use jf_dsl::DefinitionName;

use crate::config::{HttpConfig, ListMode};
use crate::problem;
use crate::respond::{self, Media};
use crate::router::{Binding, Inbound};
use crate::routes::query::{Shown, check_once};

const SUBJECT: &str = "subjectId";

/// Answers a page of runs.
///
/// # Errors
/// Those of the operators' admission, InvalidInput for parameters that are unknown, repeated or unreadable, then those of [`Engine::list`](jf_core::Engine::list).
pub(crate) async fn list(binding: &Binding, mut inbound: Inbound<'_>) -> Result<Response, EngineError> {
    let config = &binding.config;
    let own = match (config.list_mode, inbound.parts.extensions.get::<Principal>()) {
        (ListMode::SelfService, None) => return Ok(problem::unauthenticated(&config.challenge)),
        (ListMode::SelfService, Some(principal)) => Some(principal.subject().to_owned()),
        (ListMode::Operator | ListMode::Off, _) => None,
    };
    let caller = inbound.caller();
    if config.list_mode == ListMode::Operator {
        match config.operators.admit(&caller).await {
            Err(error) if error.kind() == EngineErrorKind::Unauthenticated => {
                return Ok(problem::unauthenticated(&config.challenge));
            }
            admitted => admitted?,
        }
    }
    let mut query = query(caller.query(), config)?;
    if let Some(subject) = own {
        query.attributes.insert(SUBJECT.to_owned(), subject);
    }
    let mut page = binding.engine.list(query, &caller).await?;
    if !config.hidden_journeys.is_empty() {
        page.items.retain(|status| !config.hidden_journeys.contains(&status.journey_name));
    }
    respond::json(StatusCode::OK, Media::Json, &page)
}

fn query(parameters: &[(String, String)], config: &HttpConfig) -> Result<ListQuery, EngineError> {
    let mut query = ListQuery::new(config.page_size);
    check_once(parameters, |name| name == "tag")?;
    for (name, value) in parameters {
        match name.as_str() {
            "journeyName" => {
                query.journey = Some(parse(name, value, "a journey name", |v| DefinitionName::parse(v).ok())?)
            }
            "phase" => query.phase = Some(parse(name, value, "RUNNING, SUCCEEDED or FAILED", phase)?),
            "tag" => query.tags.push(value.clone()),
            "pageSize" => {
                let max = config.max_page_size;
                // A sign is no digit, though Rust reads `+`.
                let digits = |v: &&str| v.bytes().all(|byte| byte.is_ascii_digit());
                let size =
                    |v: &str| Some(v).filter(digits)?.parse().ok().filter(|size: &NonZeroU32| *size <= max);
                query.page_size = parse(name, value, &format!("a number from 1 to {max}"), size)?;
            }
            "pageToken" => query.page_token = Some(value.clone()),
            "includeCompensation" => {
                query.include_compensation = parse(name, value, "true or false", |v| v.parse().ok())?
            }
            attribute if ListQuery::ATTRIBUTES.contains(&attribute) => {
                query.attributes.insert(name.clone(), value.clone());
            }
            _ => {
                return Err(EngineError::invalid_input(format!(
                    "there is no parameter {} here",
                    Shown(name)
                )));
            }
        }
    }
    Ok(query)
}

fn phase(text: &str) -> Option<Phase> {
    [Phase::Running, Phase::Succeeded, Phase::Failed].into_iter().find(|phase| phase.as_str() == text)
}

fn parse<T>(
    name: &str,
    value: &str,
    expected: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, EngineError> {
    read(value).ok_or_else(|| EngineError::invalid_input(format!("the parameter {name} takes {expected}")))
}
