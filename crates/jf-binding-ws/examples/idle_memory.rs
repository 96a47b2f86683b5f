//! How much memory an idle connection costs the server, HTTP server and all:
//! `cargo run --release -p jf-binding-ws --example idle_memory -- 2000`.
//!
//! The clients live in a process of their own, so that only the server's half is measured.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement for a terminal")]

#[expect(dead_code, reason = "shared with the tests")]
#[path = "../tests/ws/engine.rs"]
mod engine;
#[path = "../tests/ws/journeys.rs"]
mod journeys;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use axum::Router;
use futures::StreamExt;
use jf_binding_ws::WsConfig;
use tokio::net::{TcpListener, TcpStream};
use tungstenite::client::IntoClientRequest;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [role, address, count] if role == "clients" => clients(address, count.parse().unwrap()).await,
        [] => server(1000).await,
        [count, ..] => server(count.parse().unwrap()).await,
    }
}

async fn server(count: usize) {
    let mut config = WsConfig::default();
    config.limits.idle_ms = u64::MAX.try_into().unwrap();
    let engine = engine::ScriptedEngine::new(journeys::shop());
    let app = jf_binding_ws::attach(Router::new(), engine, config).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let measured = tokio::task::spawn_blocking(move || {
        let before = resident();
        let mut clients = Command::new(std::env::current_exe().unwrap())
            .args(["clients", &address, &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(clients.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        let after = resident();
        drop(clients.stdin.take());
        clients.wait().unwrap();
        after.saturating_sub(before)
    });
    let bytes = measured.await.unwrap();
    println!("{count} idle connections: {} bytes each", bytes / count);
}

/// Opens the connections, says so, and keeps them until its input ends.
async fn clients(address: &str, count: usize) {
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        let stream = TcpStream::connect(address).await.unwrap();
        let request = format!("ws://{address}/ws/journeys/order").into_client_request().unwrap();
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        socket.next().await.unwrap().unwrap();
        open.push(socket);
    }
    println!("ready");
    std::io::stdout().flush().unwrap();
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()).unwrap()).await.unwrap();
}

/// Resident memory of this process.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}
