//! The way from a journey file to a router.

use std::sync::Arc;

use axum::Router;
use jf_binding_http::HttpConfig;
use jf_binding_ws::{ConfigError, WsConfig};
use jf_core::Engine;
use jf_dsl::{Catalog, Diagnostics, SourceFile, StaticCapabilities, load};

/// What can keep the example from starting.
#[derive(Debug)]
pub enum AppError {
    /// The journey is not valid.
    Definitions(Diagnostics),
    /// The WebSocket binding refuses its settings.
    WebSocket(ConfigError),
}

impl std::fmt::Display for AppError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Definitions(found) => f.write_str(&found.to_terminal(Default::default())),
            Self::WebSocket(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AppError {}

/// The journey of this example, checked against what [`Desk`](crate::Desk) can do: no expression language, no task.
///
/// # Errors
/// When the journey is not valid.
pub fn catalog() -> Result<Catalog, AppError> {
    let capabilities = StaticCapabilities::new().with_binding("http").with_binding("websocket");
    let source = SourceFile::new("ticket.journey.yaml", include_str!("../ticket.journey.yaml"));
    let loaded = load(&source, &capabilities).map_err(AppError::Definitions)?;
    Catalog::new(vec![loaded]).map_err(AppError::Definitions)
}

/// Both bindings over an engine, on one port.
///
/// # Errors
/// When the WebSocket binding refuses its settings.
pub fn app(engine: Arc<dyn Engine>, http: HttpConfig, websocket: WsConfig) -> Result<Router, AppError> {
    let http = jf_binding_http::router(Arc::clone(&engine), http);
    jf_binding_ws::attach(http, engine, websocket).map_err(AppError::WebSocket)
}
