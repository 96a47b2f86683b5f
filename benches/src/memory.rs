//! Resident memory of the real server per idle WebSocket connection.

use std::net::SocketAddr;

use futures::StreamExt;
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::place::Place;
use crate::report::Report;

/// Files beside the sockets.
const OTHER_FILES: usize = 200;

pub(crate) fn measure(connections: &[usize], report: &mut Report) {
    let Some(place) = Place::new() else {
        report.skipped("resident memory", "build the server first: cargo build --release -p jf-cli");
        return;
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    for (index, &connections) in connections.iter().enumerate() {
        let name = format!("per idle connection, {connections} connections");
        if open_files().is_some_and(|most| most < connections + OTHER_FILES) {
            report.skipped(&name, "too few open files are allowed: ulimit -n");
            continue;
        }
        let server = place.serve("");
        let idle = server.resident();
        if index == 0 {
            report.at_most("resident memory of an idle server", idle as f64 / 1024.0 / 1024.0, " MiB", 30.0);
        }
        // A first round warms allocator and code up, so that only what connections cost is counted.
        drop(runtime.block_on(connect(server.address(), connections / 10)));
        let before = server.resident();
        let held = runtime.block_on(connect(server.address(), connections));
        let each = server.resident().saturating_sub(before) as f64 / connections as f64 / 1024.0;
        report.at_most(&name, each, " KiB", 12.0);
        drop(held);
    }
}

/// How many files this process, and the server that it starts, may have open; where the system tells.
fn open_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
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
