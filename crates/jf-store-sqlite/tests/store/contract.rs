//! The contract of stores, held by the store in a file.

use std::sync::Arc;

use crate::support::{Folder, Reopening};
use futures::future::BoxFuture;
use jf_store::{Retention, Store};
use jf_store_sqlite::{SqliteConfig, SqliteStore};
use jf_testkit::StoreHost;

/// Stores in files of their own.
struct Files(Folder);

impl StoreHost for Files {
    fn store(&self, retention: Retention) -> BoxFuture<'_, Arc<dyn Store>> {
        let config = SqliteConfig::new(self.0.file()).with_retention(retention);
        Box::pin(async move { Arc::new(SqliteStore::open(&config).unwrap()) as Arc<dyn Store> })
    }
}

/// Stores that are closed and opened after each operation: nothing is kept beside the file.
struct Restarting(Folder);

impl StoreHost for Restarting {
    fn store(&self, retention: Retention) -> BoxFuture<'_, Arc<dyn Store>> {
        let config = SqliteConfig::new(self.0.file()).with_retention(retention);
        Box::pin(async move { Arc::new(Reopening::new(config)) as Arc<dyn Store> })
    }
}

mod open {
    use super::{Files, Folder};
    jf_testkit::store_suite!(Files(Folder::new()));
}

mod reopened {
    use super::{Folder, Restarting};
    jf_testkit::store_suite!(Restarting(Folder::new()));
}
