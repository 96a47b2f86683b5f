//! The toy engine against the contract of the trait (ENG-001).

use std::sync::Arc;

use custom_engine::Desk;
use jf_core::Engine;

jf_testkit::engine_suite!(|catalog| async { Arc::new(Desk::new(Arc::new(catalog))) as Arc<dyn Engine> });
