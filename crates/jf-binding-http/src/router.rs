//! The one entrance: what every request passes, and the way to the operation it means.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{Method, StatusCode, Uri};
use jf_core::{ByteBudget, ByteShare, Caller, Engine, EngineError, EngineErrorKind, JourneyId};
use serde_json::Value;

use crate::caller::caller;
use crate::config::{HttpConfig, ListMode};
use crate::cors::Standing;
use crate::path::Target;
use crate::routes::events::Streams;
use crate::{body, cors, problem, respond, routes};

/// The HTTP API of an engine, as one axum router (HTTP-001).
///
/// It answers everything below `/api/v1` and 404 for any other path: it is a router's *fallback*, since Apis come and go with
/// deployments and are looked up in [`Engine::catalog`] at each request. Add routes of your own with
/// [`Router::route`] or [`Router::merge`] (of routers without a fallback), they come first; wrap the whole in layers as usual.
///
/// The router opens no port and keeps nothing between requests but the number of event streams of each caller. The one task it ever starts reads on what the client
/// of a refused request still sends, so that it can read the answer. What a layer in front can tell it
/// are request extensions: [`Principal`](jf_core::Principal), [`PeerCertificates`](jf_core::PeerCertificates) and
/// [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo).
pub fn router(engine: Arc<dyn Engine>, config: HttpConfig) -> Router {
    let streams = Streams::new(config.streams_per_caller);
    let bodies =
        config.budget.clone().unwrap_or_else(|| ByteBudget::new(config.body_budget.max(config.body_bytes)));
    Router::new().fallback(serve).with_state(Arc::new(Binding { engine, config, streams, bodies }))
}

/// What the routes share.
pub(crate) struct Binding {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) config: HttpConfig,
    pub(crate) streams: Streams,
    bodies: ByteBudget,
}

/// A request on its way to an operation.
pub(crate) struct Inbound<'u> {
    pub(crate) parts: Parts,
    pub(crate) uri: &'u Uri,
    pub(crate) body: &'u mut Body,
    /// Kept until the request is answered: what came of the body is in memory as long.
    pub(crate) share: ByteShare,
}

impl Inbound<'_> {
    /// The body as JSON, `None` when it is empty.
    ///
    /// # Errors
    /// As [`body::read`].
    pub(crate) async fn json(&mut self, config: &HttpConfig) -> Result<Option<Value>, EngineError> {
        body::read(&self.parts.headers, self.body, &mut self.share, config).await
    }

    /// Who asks; takes the headers along.
    pub(crate) fn caller(&mut self) -> Caller {
        caller(&mut self.parts, self.uri)
    }

    pub(crate) fn is_head(&self) -> bool {
        self.parts.method == Method::HEAD
    }
}

async fn serve(State(binding): State<Arc<Binding>>, request: Request) -> Response {
    let (mut parts, mut body) = request.into_parts();
    let leftover = body::leftover(&parts);
    let uri = std::mem::take(&mut parts.uri);
    let standing = binding.config.origins.judge(&parts.headers);
    let mut response = match binding.admit(&standing, &parts) {
        Err(error) => problem::answer(error),
        Ok(()) => match binding.target(uri.path()) {
            None => problem::not_found(),
            Some(target) if standing.is_preflight(&parts) => {
                let mut response = respond::empty(StatusCode::NO_CONTENT);
                cors::grant(target.allow(), &parts.headers, response.headers_mut());
                response
            }
            Some(target) => {
                binding
                    .perform(
                        target,
                        Inbound { parts, uri: &uri, body: &mut body, share: binding.bodies.share() },
                    )
                    .await
            }
        },
    };
    body::discard(body, leftover);
    binding.config.origins.decorate(standing, response.headers_mut());
    response
}

impl Binding {
    /// What is refused whatever the path means, like a platform layer in front would (HTTP-013, HTTP-028).
    fn admit(&self, standing: &Standing, parts: &Parts) -> Result<(), EngineError> {
        if standing.is_forbidden(parts) {
            return Err(EngineError::new(EngineErrorKind::Forbidden).with_detail(
                "pages of this origin may not use the API with cookies or client certificates",
            ));
        }
        // A line is a name, a colon, a space, a value and a line break.
        let size: usize =
            parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let limit = self.config.header_bytes;
        if size > limit {
            return Err(EngineError::new(EngineErrorKind::HeadersTooLarge)
                .with_detail(format!("the headers are larger than {limit} bytes")));
        }
        Ok(())
    }

    /// What the path means here and now; an Api only if it is deployed and shown.
    fn target<'p>(&self, path: &'p str) -> Option<Target<'p>> {
        Target::of(path, |route| {
            let catalog = self.engine.catalog();
            let name = &catalog.api_at(route)?.definition.metadata.name;
            (!self.config.hidden_apis.contains(name)).then(|| name.clone())
        })
        .filter(|target| *target != Target::Journeys || self.config.list_mode != ListMode::Off)
    }

    async fn perform(&self, target: Target<'_>, inbound: Inbound<'_>) -> Response {
        if !target.takes(&inbound.parts.method) {
            return problem::method_not_allowed(target.allow());
        }
        let answer = match target {
            Target::Start(journey) => routes::start::start(self, &journey, inbound).await,
            Target::Status(run) => routes::status::status(self, &run, inbound).await,
            Target::Outcome(run) => routes::result::result(self, &run, inbound).await,
            Target::Events(run) => routes::events::events(self, &run, inbound).await,
            Target::Step(run, step) => routes::steps::submit(self, &run, &step, inbound).await,
            Target::Cancel(run) => routes::cancel::cancel(self, &run, inbound).await,
            Target::Journeys => routes::list::list(self, inbound).await,
            Target::Api(name) => routes::api::call(self, name, inbound).await,
        };
        answer.unwrap_or_else(problem::answer)
    }

    /// The run to ask about where a path names one: that one, or nobody's where its definition is not shown here (HTTP-006). So it is
    /// refused as an unknown run is by the very operation, which the engine may take its time for (ENG-113).
    ///
    /// # Errors
    /// NotFound for a text that names no run, and trouble of the engine.
    pub(crate) async fn run(&self, text: &str) -> Result<JourneyId, EngineError> {
        let run = JourneyId::parse(text).map_err(|_| EngineError::not_found())?;
        if !self.config.hidden_journeys.is_empty() {
            match self.engine.locate(&run).await {
                Ok(definition) if self.config.hidden_journeys.contains(&definition.metadata.name) => {
                    return Ok(JourneyId::random());
                }
                Err(error) if error.kind() != EngineErrorKind::NotFound => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(run)
    }
}
