//! Both bindings on one port, in a `main` of your own.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use embed_http_and_ws::{app, engine};
use jf_binding_ws::Drain;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let engine = engine().await?;
    let drain = Drain::new();
    // The bindings give a router like any other: routes of your own stand beside them, layers go around.
    let own = Router::new()
        .route("/", get(|| async { "POST a guess to /api/v1/journeys/guess-the-number/start\n" }));
    let app = app(Arc::clone(&engine), drain.clone())?.merge(own);

    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    print_line(&format!(
        "listening on http://{} and ws://{0}/ws/journeys/guess-the-number",
        listener.local_addr()?
    ));
    let stop = async move {
        // Without signals there is no other way to stop than to kill the process.
        let _ = tokio::signal::ctrl_c().await;
        drain.begin();
        engine.drain(Duration::from_secs(10)).await;
        drain.closed().await;
    };
    Ok(axum::serve(listener, app).with_graceful_shutdown(stop).await?)
}

#[expect(clippy::print_stdout, reason = "a program may speak")]
fn print_line(text: &str) {
    println!("{text}");
}
