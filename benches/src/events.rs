//! Starts beside event streams that nobody reads, against the same server without them.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::Client;
use crate::load::Rounds;
use crate::report::Report;
use crate::{Effort, http, system};

/// Streams that are opened and never read.
const STREAMS: usize = 8;

/// How often the run that they watch takes a step.
const PACE: Duration = Duration::from_millis(1);

pub(crate) fn measure(clients: usize, effort: Effort, report: &mut Report) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be built");
    runtime.block_on(async {
        let watched = http::serve(system::http_router().await).await;
        let alone = http::serve(system::http_router().await).await;
        let run = keep_busy(watched).await;
        keep_busy(alone).await;
        let mut streams = Vec::new();
        for _ in 0..STREAMS {
            streams.push(watch(watched, &run).await);
        }
        let mine = http::starts(watched, clients).await;
        let theirs = http::starts(alone, clients).await;
        let rounds = Rounds::take(effort.rounds, effort.time, mine, theirs).await;
        let name =
            format!("HTTP start → outcome, {clients} clients, beside {STREAMS} event streams nobody reads");
        report.ratio(name, &rounds, 0.90);
        drop(streams);
    });
}

/// Begins a run that takes a step every so often, and goes on until the program ends.
async fn keep_busy(address: SocketAddr) -> String {
    let mut client = Client::connect(address, "/", "").await;
    let begun = client.post("/api/v1/journeys/loop/start", "{}", "RUNNING").await;
    let begun: Value = serde_json::from_str(&begun).expect("a status is JSON");
    let run = begun["journeyId"].as_str().expect("a status names its run").to_owned();
    let step = format!("/api/v1/journeys/{run}/steps/ask");
    tokio::spawn(async move {
        // Long enough that the socket of a stream is full soon.
        let body = format!(r#"{{"decision":"again","comment":"{}"}}"#, "x".repeat(200));
        loop {
            client.post(&step, &body, "RUNNING").await;
            tokio::time::sleep(PACE).await;
        }
    });
    run
}

/// Asks for the events of a run from the beginning, and leaves the answer where it is.
async fn watch(address: SocketAddr, run: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts connections");
    let request = format!(
        "GET /api/v1/journeys/{run}/events HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("the connection is open");
    stream
}
