//! Resident memory per idle WebSocket connection, with the clients in a process of their own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use futures::StreamExt;
use tokio::net::TcpListener;
use tokio_tungstenite::client_async;

use crate::report::Report;
use crate::system;

pub(crate) fn measure(connections: usize, report: &mut Report) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be built");
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    let router = runtime.block_on(system::full_router());
    runtime.spawn(system::serve(listener, router));
    // One round to warm allocator and code up, so that only what connections cost is counted.
    held(address, connections / 10, resident);
    let before = resident();
    let after = held(address, connections, resident);
    let each = (after.saturating_sub(before)) as f64 / connections as f64 / 1024.0;
    report.note("resident memory of the idle server", before as f64 / 1024.0 / 1024.0, " MiB");
    report.at_most(&format!("per idle connection, {connections} connections"), each, " KiB", 12.0);
}

/// Runs `look` while another process holds the connections open.
fn held<T>(address: SocketAddr, connections: usize, look: impl FnOnce() -> T) -> T {
    let program = std::env::current_exe().expect("the program knows its own path");
    let mut child = Command::new(program)
        .args(["hold", &address.to_string(), &connections.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can start itself");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let ready = lines.next().expect("the holder says when it is ready").expect("the holder writes text");
    assert_eq!(ready, "ready");
    let seen = look();
    drop(child.stdin.take());
    child.wait().expect("the holder ends when its input ends");
    seen
}

/// Opens the connections, says so, and keeps them until its input ends.
#[expect(clippy::print_stdout, reason = "standard output is how the holder speaks to its parent")]
pub(crate) fn hold(address: SocketAddr, connections: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    let sockets = runtime.block_on(async {
        let mut sockets = Vec::with_capacity(connections);
        for _ in 0..connections {
            let stream = tokio::net::TcpStream::connect(address).await.expect("the server accepts connections");
            let url = format!("ws://{address}/ws/journeys/loop");
            let mut socket = client_async(url, stream).await.expect("the handshake succeeds").0;
            let welcome = socket.next().await.expect("a welcome").expect("a readable welcome");
            assert!(welcome.is_text());
            sockets.push(socket);
        }
        sockets
    });
    println!("ready");
    std::io::stdout().flush().expect("the parent reads");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    drop(sockets);
}

/// Resident bytes of this process.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("the memory benchmark needs a Linux system");
    let pages: usize = text.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("statm lists page counts");
    pages * 4096
}
