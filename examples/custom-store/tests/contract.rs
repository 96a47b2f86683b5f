//! The shelf against the contract of the trait (ENG-100).

use std::sync::Arc;

use custom_store::Shelf;
use jf_store::Store;

jf_testkit::store_suite!(|retention| async move { Arc::new(Shelf::new(retention)) as Arc<dyn Store> });
