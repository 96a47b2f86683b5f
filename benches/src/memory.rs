//! Resident memory of the real server per idle WebSocket connection.

use std::net::SocketAddr;

use futures::StreamExt;
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::report::Report;
use crate::server::Server;
use crate::system;

pub(crate) fn measure(connections: usize, report: &mut Report) {
    let Some(jf) = Server::binary() else {
        report.skipped("resident memory", "build the server first: cargo build --release -p jf-cli");
        return;
    };
    let folder = std::env::temp_dir().join(format!("jf-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the definition");
    std::fs::write(folder.join("loop.journey.yaml"), system::LOOP).expect("the folder is writable");
    let config = "http.maxConnections: 100000\nhttp.maxConnectionsPerAddress: 100000\n";
    std::fs::write(folder.join("jf.yaml"), config).expect("the folder is writable");

    let server = Server::start(&jf, &folder, &[]);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    let idle = server.resident();
    report.at_most("resident memory of an idle server", idle as f64 / 1024.0 / 1024.0, " MiB", 30.0);
    // A first round warms allocator and code up, so that only what connections cost is counted.
    drop(runtime.block_on(connect(server.address(), connections / 10)));
    let before = server.resident();
    let held = runtime.block_on(connect(server.address(), connections));
    let each = server.resident().saturating_sub(before) as f64 / connections as f64 / 1024.0;
    report.at_most(&format!("per idle connection, {connections} connections"), each, " KiB", 12.0);
    drop(held);
    drop(server);
    let _ = std::fs::remove_dir_all(folder);
}

async fn connect(address: SocketAddr, connections: usize) -> Vec<WebSocketStream<TcpStream>> {
    let mut sockets = Vec::with_capacity(connections);
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await.expect("the server accepts connections");
        let url = format!("ws://{address}/ws/journeys/loop");
        let mut socket = client_async(url, stream).await.expect("the handshake succeeds").0;
        let welcome = socket.next().await.expect("a welcome").expect("a readable welcome");
        assert!(welcome.is_text());
        sockets.push(socket);
    }
    sockets
}
