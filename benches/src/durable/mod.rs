//! Journeys in memory and on a SQLite file against a service written by hand, which makes four commits per flow and keeps them the same way.

mod service;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use jf_binding_http::HttpConfig;
use jf_dsl::Catalog;
use jf_engine::{EmbeddedEngine, NoHttp};
use jf_store::{MemoryStore, Store};
use jf_store_sqlite::{SqliteConfig, SqliteStore, Synchronous};

use crate::client::Client;
use crate::load::{Rounds, Work};
use crate::report::Report;
use crate::task::Instant;
use crate::{Effort, http, system};

const BODY: &str = r#"{"orderId":"A-1017","amount":120,"customer":{"id":"c-9","tier":"gold"}}"#;

const WAITING: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: waiting, version: 1.0.0 }
spec:
  lifecycle: { startMode: sync }
  start: ask
  states:
    ask: { type: wait, wait: { input: { schema: { type: object, required: [orderId] } } }, next: done }
    done: { type: succeed, outputVar: orderId }
";

/// Starts a flow that runs to its end.
struct Flow(Client);

impl Work for Flow {
    async fn once(&mut self) -> usize {
        self.0.send("SUCCEEDED").await;
        1
    }
}

/// Starts a flow that waits, and answers it.
struct RoundTrip {
    client: Client,
    start: &'static str,
    /// What stands before and after the id in the path of the step.
    step: [&'static str; 2],
}

impl Work for RoundTrip {
    async fn once(&mut self) -> usize {
        let started = self.client.post(self.start, BODY, "RUNNING").await;
        let (_, id) = started.split_once(r#""journeyId":""#).expect("the answer names the run");
        let (id, _) = id.split_once('"').expect("the name ends");
        let path = format!("{}{id}{}", self.step[0], self.step[1]);
        self.client.post(&path, BODY, "SUCCEEDED").await;
        1
    }
}

/// Where both sides keep what they commit.
#[derive(Debug, Clone, Copy)]
enum Kept {
    Memory,
    File(Synchronous),
}

impl Kept {
    const ALL: [(&str, Self); 3] = [
        ("memory", Self::Memory),
        ("SQLite NORMAL", Self::File(Synchronous::Normal)),
        ("SQLite FULL", Self::File(Synchronous::Full)),
    ];
}

pub(crate) fn measure(clients: &[usize], effort: Effort, report: &mut Report) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be built");
    let folder = tempfile::tempdir().expect("a folder for the files");
    runtime.block_on(async {
        for (name, kept) in Kept::ALL {
            let file = |side: &str| folder.path().join(format!("{side}-{name}.db"));
            let ours = http::serve(journeys(&file("journeys"), kept).await).await;
            let theirs = http::serve(service::router(&file("service"), kept)).await;
            for &count in clients {
                let (mine, reference) = (
                    flows(ours, "/api/v1/journeys/three-tasks/start", count).await,
                    flows(theirs, "/flow", count).await,
                );
                let rounds = Rounds::take(effort.rounds, effort.time, mine, reference).await;
                report.ratio(format!("three tasks, {name}, {count} clients"), &rounds, 0.80);
                let step = ["/api/v1/journeys/", "/steps/ask"];
                let (mine, reference) = (
                    round_trips(ours, "/api/v1/journeys/waiting/start", step, count).await,
                    round_trips(theirs, "/start", ["/step/", ""], count).await,
                );
                let rounds = Rounds::take(effort.rounds, effort.time, mine, reference).await;
                let what = "start → wait → step → outcome";
                report.ratio(format!("{what}, {name}, {count} clients"), &rounds, 0.80);
            }
        }
    });
}

async fn flows(address: SocketAddr, path: &str, count: usize) -> Vec<Flow> {
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(Flow(Client::connect(address, path, BODY).await));
    }
    clients
}

async fn round_trips(
    address: SocketAddr,
    start: &'static str,
    step: [&'static str; 2],
    count: usize,
) -> Vec<RoundTrip> {
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(RoundTrip { client: Client::connect(address, start, BODY).await, start, step });
    }
    clients
}

/// The HTTP binding over the embedded engine.
async fn journeys(file: &Path, kept: Kept) -> Router {
    let registries = system::registries_with(Arc::new(Instant::new()));
    let loaded = [system::THREE_TASKS, WAITING].map(|text| system::load_with(text, &registries));
    let catalog = Catalog::new(loaded.to_vec()).expect("the definitions go together");
    let store: Arc<dyn Store> = match kept {
        Kept::Memory => Arc::new(MemoryStore::new()),
        Kept::File(synchronous) => {
            let config = SqliteConfig::new(file).with_synchronous(synchronous);
            Arc::new(SqliteStore::open(&config).expect("the file can be made"))
        }
    };
    let engine = EmbeddedEngine::builder(catalog)
        .registries(registries)
        .store(store)
        .http(Arc::new(NoHttp))
        .build()
        .await
        .expect("the engine has everything it needs");
    jf_binding_http::router(Arc::new(engine), HttpConfig::default())
}
