//! Refusals as Problem documents (HTTP-026, HTTP-027, HTTP-072, HTTP-076).

use std::time::Duration;

use axum::response::Response;
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use jf_core::{EngineError, EngineErrorKind, ErrorClass, Problem};

use crate::respond::{self, Media};

/// The one body of every 404 (HTTP-076): unknown, removed, denied and never possible look alike.
const NOT_FOUND: &[u8] = br#"{"type":"urn:journeyforge:error:not-found","title":"Not Found","status":404}"#;
/// What is left to say when even the Problem could not be written.
const INTERNAL: &[u8] =
    br#"{"type":"urn:journeyforge:error:internal","title":"Internal Error","status":500}"#;

/// When to come back, if the engine does not say.
const RETRY: Duration = Duration::from_secs(1);

/// The answer to a request that was refused.
pub(crate) fn answer(error: EngineError) -> Response {
    report(&error);
    let replayed = error.is_replayed();
    let retry_after = retry_after(&error);
    let kind = error.kind();
    let mut response = match kind {
        EngineErrorKind::NotFound => respond::bytes(StatusCode::NOT_FOUND, Media::Problem, NOT_FOUND),
        _ => document(kind, &error.into_problem()),
    };
    respond::mark_replayed(&mut response, replayed);
    if let Some(after) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, after);
    }
    response
}

/// 404 for whatever is not there.
pub(crate) fn not_found() -> Response {
    respond::bytes(StatusCode::NOT_FOUND, Media::Problem, NOT_FOUND)
}

/// 405 with the methods that work (HTTP-003).
pub(crate) fn method_not_allowed(allow: &'static str) -> Response {
    let kind = EngineErrorKind::MethodNotAllowed;
    let problem =
        Problem::of(kind).with_detail(format!("this address takes {}", allow.replace(", ", " and ")));
    let mut response = document(kind, &problem);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// 401 with the challenge of the platform.
pub(crate) fn unauthenticated(challenge: &HeaderValue) -> Response {
    let kind = EngineErrorKind::Unauthenticated;
    let mut response = document(kind, &Problem::of(kind));
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge.clone());
    response
}

/// The `Retry-After` that belongs to an error: always for 429 and 503 (HTTP-026), in whole seconds, rounded up.
pub(crate) fn retry_after(error: &EngineError) -> Option<HeaderValue> {
    let due = matches!(error.kind().class(), ErrorClass::Limited | ErrorClass::Unavailable);
    let after = error.retry_after().or(due.then_some(RETRY))?;
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    Some(HeaderValue::from(seconds.max(1)))
}

/// Tells the log what callers must not see (ENG-142). Nothing else reports the cause of an internal error.
pub(crate) fn report(error: &EngineError) {
    if error.kind() == EngineErrorKind::Internal {
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        tracing::error!(cause, "a request ended in internal trouble");
    }
}

fn document(kind: EngineErrorKind, problem: &Problem) -> Response {
    let status = StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    respond::json(status, Media::Problem, problem)
        .unwrap_or_else(|_| respond::bytes(StatusCode::INTERNAL_SERVER_ERROR, Media::Problem, INTERNAL))
}

#[cfg(test)]
mod tests {
    use super::{INTERNAL, NOT_FOUND, retry_after};
    use jf_core::{EngineError, EngineErrorKind};
    use std::time::Duration;

    #[test]
    fn http_076_the_prepared_bodies_are_the_problems_of_the_table() {
        for (prepared, kind) in
            [(NOT_FOUND, EngineErrorKind::NotFound), (INTERNAL, EngineErrorKind::Internal)]
        {
            assert_eq!(prepared, serde_json::to_vec(EngineError::new(kind).problem()).unwrap());
        }
    }

    #[test]
    fn http_026_waits_are_whole_seconds_and_never_none() {
        let after = |error: EngineError| retry_after(&error).map(|value| value.to_str().unwrap().to_owned());
        let busy = || EngineError::new(EngineErrorKind::Unavailable);
        assert_eq!(after(busy()).as_deref(), Some("1"));
        assert_eq!(after(busy().with_retry_after(Duration::ZERO)).as_deref(), Some("1"));
        assert_eq!(after(busy().with_retry_after(Duration::from_millis(2001))).as_deref(), Some("3"));
        assert_eq!(after(EngineError::new(EngineErrorKind::RateLimited)).as_deref(), Some("1"));
        assert_eq!(after(EngineError::not_found()), None);
        assert_eq!(after(EngineError::new(EngineErrorKind::Internal)), None);
    }
}
