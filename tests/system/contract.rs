//! The embedded engine against the contract of the trait (ENG-001).

use std::sync::Arc;

use jf_core::Engine;
use jf_engine::EmbeddedEngine;

jf_testkit::engine_suite!(|catalog| async {
    let engine = EmbeddedEngine::builder(catalog).build().await;
    Arc::new(engine.expect("the suite needs no pieces")) as Arc<dyn Engine>
});
