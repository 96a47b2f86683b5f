//! The engine on the memory store.

#![expect(clippy::unwrap_used, reason = "tests: most of this are helpers that clippy does not see as tests")]

mod engine;

use std::sync::Arc;

use engine::support;
use jf_store::{MemoryStore, Retention, Store};

/// Of so many faults one is tried.
const FAULTS_OF: usize = 1;

/// A new and empty store.
fn store(retention: Retention) -> Arc<dyn Store> {
    Arc::new(MemoryStore::with_retention(retention))
}
