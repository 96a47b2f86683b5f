//! The WebSocket protocol over the embedded engine, by the suite that any engine behind it is run through: over a port, and over a pipe
//! without any HTTP.

use std::sync::Arc;

use jf_binding_ws::{WsBinding, WsConfig};
use jf_core::Caller;
use jf_dsl::Catalog;
use jf_engine::EmbeddedEngine;
use jf_testkit::Dialer;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;

async fn binding(catalog: Catalog) -> WsBinding {
    let engine = EmbeddedEngine::builder(catalog).build().await.unwrap();
    WsBinding::new(Arc::new(engine), WsConfig::default()).unwrap()
}

async fn over_a_port(catalog: Catalog) -> Dialer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = binding(catalog).await.attach(axum::Router::new());
    tokio::spawn(axum::serve(listener, app).into_future());
    Dialer::port(address)
}

async fn over_a_pipe(catalog: Catalog) -> Dialer {
    let binding = binding(catalog).await;
    Dialer::pipe(move |path| pipe(&binding, &path))
}

/// A conversation about a path; gives the client's end of it.
fn pipe(binding: &WsBinding, path: &str) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(4 << 10);
    let talk = binding.converse_over(path, Caller::internal("pipe"), ours).expect("the path is there");
    tokio::spawn(talk);
    theirs
}

mod port {
    jf_testkit::ws_suite!(super::over_a_port);
}

mod pipe {
    jf_testkit::ws_suite!(super::over_a_pipe);
}
