//! HTTP start → outcome of a three-state journey against a bare axum handler that reads and writes documents of the same sizes.

use std::net::SocketAddr;

use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::client::Client;
use crate::load::{Rounds, Work};
use crate::report::Report;
use crate::{Effort, system};

const BODY: &str = r#"{"orderId":"A-1017","amount":120,"customer":{"id":"c-9","tier":"gold"}}"#;

/// A client that posts one thing over and over.
pub(crate) struct Start {
    client: Client,
    expected: &'static str,
}

impl Work for Start {
    async fn once(&mut self) -> usize {
        self.client.send(self.expected).await;
        1
    }
}

pub(crate) fn measure(clients: &[usize], effort: Effort, report: &mut Report) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be built");
    runtime.block_on(async {
        let ours = serve(system::http_router().await).await;
        let answer = answer_size(ours).await;
        let reference = serve(reference(answer)).await;
        for &count in clients {
            let mine = starts(ours, count).await;
            let theirs = posts(reference, "/echo", "padding", count).await;
            let rounds = Rounds::take(effort.rounds, effort.time, mine, theirs).await;
            report.ratio(format!("HTTP start → outcome, {count} clients"), &rounds, 0.60);
        }
    });
}

/// Clients that start runs and wait for their outcomes.
pub(crate) async fn starts(address: SocketAddr, count: usize) -> Vec<Start> {
    posts(address, "/api/v1/journeys/three-states/start", "SUCCEEDED", count).await
}

async fn posts(address: SocketAddr, path: &str, expected: &'static str, count: usize) -> Vec<Start> {
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(Start { client: Client::connect(address, path, BODY).await, expected });
    }
    clients
}

pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// How long the answer of the journey is, so that the reference can write one of the same length.
async fn answer_size(address: SocketAddr) -> usize {
    Client::connect(address, "/api/v1/journeys/three-states/start", BODY).await.send("SUCCEEDED").await
}

/// Reads a JSON body, builds a JSON answer of the wanted size from it, writes it. No journey, no state.
fn reference(size: usize) -> Router {
    let empty = json!({ "orderId": "A-1017", "amount": 120, "padding": "" }).to_string().len();
    let padding = "x".repeat(size.saturating_sub(empty));
    let handler = move |Json(body): Json<Value>| {
        let answer = json!({ "orderId": body["orderId"], "amount": body["amount"], "padding": padding });
        async move { Json(answer) }
    };
    Router::new().route("/echo", post(handler))
}
