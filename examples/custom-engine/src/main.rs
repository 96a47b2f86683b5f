//! Serves the example on 127.0.0.1:8080, or on the address given as the only argument.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use custom_engine::{Desk, app, catalog};
use jf_binding_http::{HttpConfig, Readiness, health_router};
use jf_binding_ws::WsConfig;
use jf_core::Engine;
use tokio::net::TcpListener;

/// How long the end may take.
const WINDOW: Duration = Duration::from_secs(5);

#[tokio::main]
#[expect(clippy::print_stdout, reason = "whoever starts it wants to know where it listens")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;

    let engine: Arc<dyn Engine> = Arc::new(Desk::new(Arc::new(catalog()?)));
    // What `/readyz` says, and what ends the streams of events.
    let readiness = Readiness::starting();
    let http = HttpConfig::default().with_drain(readiness.clone(), WINDOW);
    let mut websocket = WsConfig::default();
    websocket.listener = Some(address);
    // Clients have this long to go once the end was announced; those left are closed.
    websocket.drain_window = WINDOW;
    let sockets = websocket.drain.clone();
    let app = app(Arc::clone(&engine), http, websocket)?.merge(health_router(readiness.clone()));
    readiness.set_ready();

    println!("listening on http://{address}");
    // Frames are small; held back to be sent together they would wait for each other's acknowledgements.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            // An error means that there is no such signal here; then nothing ends the server but its end.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            readiness.set_draining();
            sockets.begin();
            engine.drain(WINDOW).await;
            // Nobody else waits for connections that were upgraded.
            sockets.closed().await;
        })
        .await?;
    Ok(())
}
