//! The engine on the memory store.

#![expect(clippy::unwrap_used, reason = "tests: most of this are helpers that clippy does not see as tests")]

mod engine;

use std::sync::Arc;

use engine::support;
use jf_store::{MemoryStore, Retention, Store};

/// Whether a fault of the store is tried: all are.
const fn tries_fault(_: usize) -> bool {
    true
}

/// A new and empty store.
fn store(retention: Retention) -> Arc<dyn Store> {
    Arc::new(MemoryStore::with_retention(retention))
}
