//! The HTTP binding over the embedded engine, by the suite that any engine behind it is run through.

use std::net::SocketAddr;
use std::sync::Arc;

use jf_binding_http::HttpConfig;
use jf_dsl::Catalog;
use jf_engine::EmbeddedEngine;
use jf_store::{MemoryStore, Store};
use tokio::net::TcpListener;

async fn serve(catalog: Catalog, store: Arc<dyn Store>) -> SocketAddr {
    let engine = EmbeddedEngine::builder(catalog).store(store).build().await.unwrap();
    let app = jf_binding_http::router(Arc::new(engine), HttpConfig::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

mod in_memory {
    use super::{Arc, Catalog, MemoryStore, serve};

    jf_testkit::http_suite!(|catalog: Catalog| serve(catalog, Arc::new(MemoryStore::default())));
}
