//! The contract of stores, held by the store in memory.

use std::sync::Arc;

use jf_store::{MemoryStore, Retention, Store};

async fn memory(retention: Retention) -> Arc<dyn Store> {
    Arc::new(MemoryStore::with_retention(retention))
}

jf_testkit::store_suite!(memory);

/// Sentence 17 is a permission, of which this store makes use.
#[test]
fn s17_eng_104_memory_keeps_the_youngest_ended_runs() {
    jf_testkit::in_runtime(jf_testkit::store_cases::s17_eng_104_memory_keeps_the_youngest_ended_runs(
        &memory,
    ));
}
