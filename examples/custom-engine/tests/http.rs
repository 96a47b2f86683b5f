//! The HTTP binding over the toy engine, as clients see it: the suite that the embedded engine is run through, too.

use std::net::SocketAddr;
use std::sync::Arc;

use custom_engine::{Desk, app};
use jf_binding_http::HttpConfig;
use jf_binding_ws::WsConfig;
use jf_core::Engine;
use jf_dsl::Catalog;
use tokio::net::TcpListener;

async fn serve(catalog: Catalog) -> SocketAddr {
    let engine: Arc<dyn Engine> = Arc::new(Desk::new(Arc::new(catalog)));
    let app =
        app(engine, HttpConfig::default(), WsConfig::default()).expect("the default settings are valid");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

jf_testkit::http_suite!(serve);
