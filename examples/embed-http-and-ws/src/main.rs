//! Both bindings on one port, in a `main` of your own.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use embed_http_and_ws::{app, engine};
use jf_binding_ws::WsConfig;
use tokio::net::TcpListener;

/// How long the end may take.
const WINDOW: Duration = Duration::from_secs(5);

#[tokio::main]
#[expect(clippy::print_stdout, reason = "whoever starts it wants to know where it listens")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    let address = listener.local_addr()?;

    let engine = engine().await?;
    let mut websocket = WsConfig::default();
    // Pages of this server may connect; those of others are named in `allowed_origins`.
    websocket.listener = Some(address);
    // Clients have this long to go once the end was announced; those left are closed.
    websocket.drain_window = WINDOW;
    let sockets = websocket.drain.clone();
    // The bindings give a router like any other: routes of your own stand beside them, layers go around.
    let own = Router::new()
        .route("/", get(|| async { "POST a guess to /api/v1/journeys/guess-the-number/start\n" }));
    let app = app(Arc::clone(&engine), websocket)?.merge(own);

    println!("listening on http://{address} and ws://{address}/ws/journeys/guess-the-number");
    // Frames are small; held back to be sent together they would wait for each other's acknowledgements.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    // With the address of the peer the WebSocket binding can limit the connections that come from one.
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let stop = async move {
        // An error means that there is no such signal here; then nothing ends the server but its end.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        sockets.begin();
        engine.drain(WINDOW).await;
        // Nobody else waits for connections that were upgraded.
        sockets.closed().await;
    };
    Ok(axum::serve(listener, service).with_graceful_shutdown(stop).await?)
}
