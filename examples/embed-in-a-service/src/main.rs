//! The service of this example, with certificates from files.

use std::error::Error;
use std::path::Path;

use embed_in_a_service::{HOST, PREFIX, WINDOW, app, engine, tls};
use jf_binding_http::Readiness;
use jf_binding_ws::Drain;
use tokio::net::TcpListener;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "whoever starts it wants to know where it listens")]
async fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [certificate, key, clients] = files.as_slice() else {
        return Err("usage: embed-in-a-service CERTIFICATE KEY CLIENT-AUTHORITIES, all of them PEM".into());
    };
    let config = tls::config(Path::new(certificate), Path::new(key), Path::new(clients))?;
    let listener = TcpListener::bind("127.0.0.1:8443").await?;
    let port = listener.local_addr()?.port();
    let (engine, sockets, readiness) = (engine().await?, Drain::new(), Readiness::starting());
    let app = app(engine.clone(), port, sockets.clone(), readiness.clone())?;
    readiness.set_ready();
    println!("listening on https://{HOST}:{port}{PREFIX}/api/v1");
    let stop = async move {
        // An error means that there is no such signal here; then nothing ends the server but its end.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        readiness.set_draining();
        sockets.begin();
        engine.drain(WINDOW).await;
        sockets.closed().await;
    };
    Ok(tls::serve(tls::TlsListener::new(listener, config), app, stop).await?)
}
