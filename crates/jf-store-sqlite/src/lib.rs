//! The durable store in one SQLite file.
//!
//! This crate is row 3 of the house: it implements [`jf_store::Store`] over a file, and knows nothing of what journeys mean. SQLite is
//! compiled in; the file uses a write-ahead log, and one thread shares each wait for the disk among all commits that are there. A commit is
//! durable in a journal first; its run comes to its rows a moment later, with many others.
//!
//! ```
//! use std::sync::Arc;
//!
//! use jf_store::Store;
//! use jf_store_sqlite::{SqliteConfig, SqliteStore};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let config = SqliteConfig::new(folder.path().join("runs.db"));
//! let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&config)?);
//! assert!(store.is_durable());
//!
//! // A file belongs to one process at a time, and to one store in it.
//! let second = SqliteStore::open(&config).unwrap_err();
//! assert!(second.to_string().contains("has it open already"));
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//!
//! - When a commit returns, the disk has it ([`Synchronous::Full`]); the process may be killed at any moment, the power may fail.
//! - A file that cannot be used is refused with the reason ([`OpenErrorKind`]). Nothing else takes its place.
//! - A file of an earlier version is brought up to date when it is opened; one of a later version is refused.
//! - What need not be kept is removed a little at a time; the space is used anew, the file does not shrink.
//!
//! [`check`], [`backup`] and [`restored`] are for operators.

mod codec;
mod config;
mod definitions;
mod error;
mod fresh;
mod journal;
mod lock;
mod maintenance;
mod open;
mod reader;
mod rows;
mod schedules;
mod schema;
mod store;
mod writer;

pub use config::{Check, SqliteConfig, Synchronous};
pub use error::{OpenError, OpenErrorKind};
pub use maintenance::{CheckReport, backup, check, restored};
pub use store::SqliteStore;
