//! The WebSocket protocol over the toy engine, as clients see it: the suite that the embedded engine is run through, too. Over a port, and
//! over a pipe without any HTTP.

use std::sync::Arc;

use custom_engine::{Desk, app};
use jf_binding_http::HttpConfig;
use jf_binding_ws::{WsBinding, WsConfig};
use jf_core::{Caller, Engine};
use jf_dsl::Catalog;
use jf_testkit::Dialer;
use tokio::net::TcpListener;

fn desk(catalog: Catalog) -> Arc<dyn Engine> {
    Arc::new(Desk::new(Arc::new(catalog)))
}

async fn over_a_port(catalog: Catalog) -> Dialer {
    let app = app(desk(catalog), HttpConfig::default(), WsConfig::default())
        .expect("the default settings are valid");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(axum::serve(listener, app).into_future());
    Dialer::port(address)
}

async fn over_a_pipe(catalog: Catalog) -> Dialer {
    let binding = WsBinding::new(desk(catalog), WsConfig::default()).expect("the default settings are valid");
    Dialer::pipe(move |path| {
        let (ours, theirs) = tokio::io::duplex(4 << 10);
        let talk = binding.converse_over(&path, Caller::internal("pipe"), ours).expect("the path is there");
        tokio::spawn(talk);
        theirs
    })
}

mod port {
    jf_testkit::ws_suite!(super::over_a_port);
}

mod pipe {
    jf_testkit::ws_suite!(super::over_a_pipe);
}
