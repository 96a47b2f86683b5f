//! Journeys as a part of a service that has routes, users and layers of its own.
//!
//! | file | what it shows |
//! |---|---|
//! | `lib.rs` | both bindings below a prefix, behind the service's authentication, with operators who may list runs |
//! | `tls.rs` | a TLS listener for `axum::serve` that hands client certificates on |
//! | `main.rs` | the whole, served |

pub mod tls;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, map_response};
use axum::response::Response;
use axum::routing::get;
use http::header::{AUTHORIZATION, CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY};
use http::{HeaderValue, StatusCode};
use jf_binding_http::{
    CertificateHeader, Document, Hosts, HttpConfig, InvalidDocument, Origins, Readiness, TrustedProxies,
    document_router, health_router,
};
use jf_binding_ws::{Drain, WsConfig};
use jf_core::spi::Registries;
use jf_core::{Caller, Engine, EngineError, EngineErrorKind, PeerCertificates, Principal};
use jf_dsl::{Catalog, SourceFile};
use jf_engine::{EmbeddedEngine, EngineConfig};
use jf_export::{OpenApi, contract_site};

/// Where the journeys are in the service.
pub const PREFIX: &str = "/flows";
/// How long the end may take.
pub const WINDOW: Duration = Duration::from_secs(5);
/// How the service is known to its clients.
pub const HOST: &str = "service.localhost";

const JOURNEY: &str = include_str!("../leave.journey.yaml");

/// The engine over the one journey. Call it inside a tokio runtime.
///
/// # Errors
/// When the journey has errors, or the engine lacks something that it needs.
pub async fn engine() -> Result<Arc<dyn Engine>, Box<dyn Error>> {
    let registries = Registries::builder().binding("http").binding("websocket").build()?;
    let loaded = jf_dsl::load(&SourceFile::new("leave.journey.yaml", JOURNEY), &registries)?;
    let mut config = EngineConfig::default();
    // Links are made by the engine, for every binding alike, so it is the one that has to know the prefix.
    config.public_base_url = Some(PREFIX.to_owned());
    let engine = EmbeddedEngine::builder(Catalog::new(vec![loaded])?).registries(registries).config(config);
    Ok(Arc::new(engine.build().await?))
}

/// The service: its own routes, and the journeys below [`PREFIX`]. `port` is where clients reach it; `sockets` and `readiness` are how its end is announced.
///
/// # Errors
/// When a part refuses its settings.
pub fn app(
    engine: Arc<dyn Engine>,
    port: u16,
    sockets: Drain,
    readiness: Readiness,
) -> Result<Router, Box<dyn Error>> {
    let origin = format!("https://{HOST}:{port}");
    let http = HttpConfig::default()
        .with_operators(Arc::new(operators))
        // Readers of events are sent away when the end begins; an open stream would put it off.
        .with_drain(readiness.clone(), WINDOW)
        // Pages of the service may use the API; those of others may not, with the certificates of their visitors least of all.
        .with_origins(Origins::default().with_own([&origin])?.with_ambient_identity()?);
    let mut websocket = WsConfig::default();
    websocket.allowed_origins = vec![origin];
    websocket.ambient_identity = true;
    websocket.http_base = format!("{PREFIX}/api/v1");
    websocket.drain = sockets;
    websocket.drain_window = WINDOW;

    let journeys = jf_binding_http::router(Arc::clone(&engine), http);
    let journeys = journeys.merge(contract(&*engine)?);
    let journeys = jf_binding_ws::attach(journeys, engine, websocket)?;
    // Layers of the service around the journeys alone. They hold for WebSocket handshakes as well.
    let journeys = journeys.layer(from_fn(authenticate));

    let service = Router::new().route("/", get(home)).nest(PREFIX, journeys);
    // For load balancers, beside everything else: `/livez` and `/readyz`.
    let service = service.merge(health_router(readiness));
    // And one around everything.
    let service = service.layer(map_response(strict));
    Ok(Hosts::only([HOST])?.attach(service))
}

/// The contract of the journeys: `/contract` for people, `/contract/openapi.json` for programs.
fn contract(engine: &dyn Engine) -> Result<Router, InvalidDocument> {
    let options = OpenApi::default().with_server(format!("{PREFIX}/api/v1")).with_list(true);
    let files = contract_site(&engine.catalog(), &options, "/contract");
    let documents = files.into_iter().map(|file| {
        let document = Document::new(&file.path, file.media_type, file.content)?;
        match &file.content_security_policy {
            Some(policy) => document.with_header(CONTENT_SECURITY_POLICY, policy),
            None => Ok(document),
        }
    });
    Ok(document_router(documents.collect::<Result<Vec<_>, _>>()?))
}

/// The service behind proxies in those networks, which end TLS and tell the certificates of clients in `Client-Cert` (RFC 9440).
///
/// # Errors
/// When one of the networks is none.
pub fn behind_proxies(app: Router, networks: &[&str]) -> Result<Router, Box<dyn Error>> {
    let proxies = TrustedProxies::new(networks, CertificateHeader::rfc9440("client-cert".parse()?))?;
    Ok(proxies.attach(app))
}

/// Who may list all runs: nobody whom the service does not know as such.
fn operators(caller: &Caller) -> Result<(), EngineError> {
    match caller.principal() {
        Some("olga") => Ok(()),
        Some(_) => Err(EngineError::new(EngineErrorKind::Forbidden)),
        None => Err(EngineError::new(EngineErrorKind::Unauthenticated)),
    }
}

/// The service's own authentication: a token that is wrong is refused, one that is right names the caller, and without one the journeys decide
/// what a stranger may do. Tokens of a real service are signed or looked up; these are names.
async fn authenticate(mut request: Request, next: Next) -> Result<Response, StatusCode> {
    if let Some(value) = request.headers().get(AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        let user = token.filter(|token| ["mia", "olga"].contains(token)).ok_or(StatusCode::UNAUTHORIZED)?;
        let principal = Principal::new(user);
        request.extensions_mut().insert(principal);
    }
    Ok(next.run(request).await)
}

/// A page of the service itself. It sees the same certificates as the journeys do.
async fn home(request: Request) -> String {
    let certificates = request.extensions().get::<PeerCertificates>().map_or(0, |chain| chain.chain().len());
    format!("the journeys are below {PREFIX}; you have shown {certificates} certificates\n")
}

async fn strict(mut response: Response) -> Response {
    let value = HeaderValue::from_static("max-age=31536000");
    response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, value);
    response
}
