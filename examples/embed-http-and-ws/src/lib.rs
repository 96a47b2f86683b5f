//! A whole system from library crates: one journey, the embedded engine, HTTP and WebSocket on one router.
//!
//! `main.rs` serves it; the test drives it over both bindings.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use jf_binding_http::HttpConfig;
use jf_binding_ws::WsConfig;
use jf_core::Engine;
use jf_core::spi::Registries;
use jf_dsl::{Catalog, SourceFile};
use jf_engine::EmbeddedEngine;
use jf_expr_jq::JaqEngine;

/// A journey that waits for guesses until one is right.
const JOURNEY: &str = include_str!("../guess.journey.yaml");

/// The engine over the one journey. Call it inside a tokio runtime.
///
/// # Errors
/// When the journey has errors, or the engine lacks something that it needs.
pub async fn engine() -> Result<Arc<dyn Engine>, Box<dyn Error>> {
    // What is installed: one language; the bindings that definitions may name. Tasks would be registered here too.
    let registries =
        Registries::builder().expression(Arc::new(JaqEngine)).binding("http").binding("websocket").build()?;
    // One value answers the loader's questions and compiles what the definition contains.
    let loaded = jf_dsl::load(&SourceFile::new("guess.journey.yaml", JOURNEY), &registries)?;
    let catalog = Catalog::new(vec![loaded])?;
    Ok(Arc::new(EmbeddedEngine::builder(catalog).registries(registries).build().await?))
}

/// Both bindings over an engine, as one router.
///
/// # Errors
/// When the WebSocket binding refuses its settings.
pub fn app(engine: Arc<dyn Engine>, websocket: WsConfig) -> Result<Router, Box<dyn Error>> {
    let http = jf_binding_http::router(Arc::clone(&engine), HttpConfig::default());
    Ok(jf_binding_ws::attach(http, engine, websocket)?)
}
