//! `GET /journeys/{journeyId}/events`: the log of a run as server-sent events (HTTP-100 to HTTP-106).

mod counted;
mod feed;
mod frame;
mod parameters;

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jf_core::{EngineError, EngineErrorKind, Opened, Replaying, SubscribeOptions, Subscription};

use crate::respond;
use crate::router::{Binding, Inbound};
use feed::Feed;

pub(crate) use counted::Streams;

/// Opens a stream.
///
/// # Errors
/// InvalidInput for parameters that are unknown, repeated or unreadable; NotFound; SubscriptionLimit; those of
/// [`Engine::events`](jf_core::Engine::events).
pub(crate) async fn events(
    binding: &Binding,
    run: &str,
    mut inbound: Inbound<'_>,
) -> Result<Response, EngineError> {
    let is_head = inbound.is_head();
    let caller = inbound.caller();
    let options = parameters::read(&caller)?;
    let run = binding.run(run).await?;
    let place = binding.streams.admit(&caller).ok_or_else(|| {
        EngineError::new(EngineErrorKind::SubscriptionLimit).with_detail("too many event streams are open")
    })?;
    let (subscription, opened) =
        Subscription::open(Arc::clone(&binding.engine), run, options.clone(), &caller).await?;
    if is_over(&options, &opened) {
        return Ok(respond::empty(StatusCode::NO_CONTENT));
    }
    let body = if is_head {
        Body::empty()
    } else {
        Body::from_stream(
            Feed::new(subscription, options.conflate, caller, &binding.config, place).into_stream(),
        )
    };
    Ok(streaming(body))
}

/// Whether a reader that has a cursor has seen everything there will ever be (HTTP-104).
fn is_over(options: &SubscribeOptions, opened: &Opened) -> bool {
    let last_wanted =
        if options.filter.outcome { opened.head.seq } else { opened.head.seq.saturating_sub(1) };
    let resumes = matches!(options.replay, Replaying::After(_)) && opened.recovered;
    resumes && opened.ended && opened.after >= last_wanted
}

fn streaming(body: Body) -> Response {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}
