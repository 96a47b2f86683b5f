//! The persistence interface of the embedded engine, and the complete in-memory store.
//!
//! This crate is row 2 of the house: it knows the ids and documents of `jf-core` and nothing else. An engine keeps everything
//! that must outlive a call in a [`Store`]; a store knows how to keep it and nothing of what it means. The one way to write is
//! [`Store::commit`], which makes a [`Commit`] happen as a whole or not at all.
//!
//! What a run *is* stays opaque: a [`Snapshot`] that a durable store encodes and a store in memory may hold as it is. What a store
//! may look at is the [`RunIndex`]: enough to find a run, list it, and know when it needs attention.
//!
//! [`Store`] documents its contract as numbered sentences; the test kit makes a test of each, for any store (`store_suite!`).
//!
//! ```
//! use std::sync::Arc;
//!
//! use jf_core::spi::DefinitionIdentity;
//! use jf_core::{JourneyId, Phase};
//! use jf_store::{Commit, EncodeError, MemoryStore, RunIndex, Snapshot, Store, StoredSnapshot};
//!
//! #[derive(Debug)]
//! struct Counter(u64);
//!
//! impl Snapshot for Counter {
//!     fn encode(&self) -> Result<Vec<u8>, EncodeError> {
//!         Ok(self.0.to_string().into_bytes())
//!     }
//! }
//!
//! # fn identity() -> DefinitionIdentity {
//! #     let kind = jf_core::dsl::Kind::Journey;
//! #     let name = jf_core::dsl::DefinitionName::parse("counter").expect("a name");
//! #     DefinitionIdentity { kind, name, version: jf_core::dsl::Version::new(1, 0, 0) }
//! # }
//! # futures::executor::block_on(async {
//! let store = MemoryStore::new();
//! let claim = store.claim().await?;
//! let (run, now) = (JourneyId::random(), jiff::Timestamp::UNIX_EPOCH);
//!
//! let index = RunIndex::new(identity(), now, Phase::Running);
//! let created = store.commit(Commit::create(claim, run.clone(), now, Arc::new(Counter(1)), index.clone())).await?;
//! store.commit(Commit::update(claim, run.clone(), created, now, Arc::new(Counter(2)), index)).await?;
//!
//! let stored = store.load(&run).await?.expect("it was committed");
//! let StoredSnapshot::Live(live) = stored.snapshot else { panic!("a store in memory keeps what it was given") };
//! assert_eq!(live.encode()?, b"2");
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! # }).unwrap();
//! ```

mod commit;
mod definition;
mod error;
mod index;
mod key;
mod memory;
mod outbox;
mod read;
mod retention;
mod schedule;
mod snapshot;
mod store;

pub use commit::{Claim, Commit, LogRecord, Revision};
pub use definition::{DefinitionSource, FileSource};
pub use error::{StoreError, StoreErrorKind};
pub use index::{Attributes, RunIndex, Tags};
pub use key::{Fingerprint, KeyRecord, KeyScope, NewKey};
pub use memory::MemoryStore;
pub use outbox::{NewRun, OutboxEntry};
pub use read::{DueRun, EventPage, ListKey, RunFilter, StoredRun, Swept};
pub use retention::Retention;
pub use schedule::{DueSchedule, ScheduleChange, ScheduleChangeKind, ScheduleIndex, StoredSchedule};
pub use snapshot::{EncodeError, Snapshot, StoredSnapshot};
pub use store::Store;
