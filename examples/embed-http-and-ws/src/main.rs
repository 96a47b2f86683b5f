//! Both bindings on one port, in a `main` of your own.

use std::error::Error;

use embed_http_and_ws::serve;
use tokio::net::TcpListener;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "whoever starts it wants to know where it listens")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address} and ws://{address}/ws/journeys/guess-the-number");
    let stop = async {
        // An error means that there is no such signal here; then nothing ends the server but its end.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    serve(listener, stop).await
}
