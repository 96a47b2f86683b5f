//! Journeys on a SQLite file against a service written by hand, which makes four durable commits per flow.

mod service;
mod task;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use jf_binding_http::HttpConfig;
use jf_dsl::{Catalog, SourceFile};
use jf_engine::{EmbeddedEngine, NoHttp};
use jf_store_sqlite::{SqliteConfig, SqliteStore, Synchronous};

use crate::client::Client;
use crate::load::{self, Work};
use crate::report::Report;
use crate::{Effort, http, system};

const BODY: &str = r#"{"orderId":"A-1017","amount":120,"customer":{"id":"c-9","tier":"gold"}}"#;

const THREE_TASKS: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: three-tasks, version: 1.0.0 }
spec:
  lifecycle: { startMode: sync }
  start: one
  states:
    one: { type: task, task: { kind: 'instant:v1', resultVar: one }, next: two }
    two: { type: task, task: { kind: 'instant:v1', resultVar: two }, next: three }
    three: { type: task, task: { kind: 'instant:v1', resultVar: three }, next: done }
    done: { type: succeed, outputVar: three }
";

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

pub(crate) fn measure(clients: &[usize], effort: Effort, report: &mut Report) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be built");
    let folder = tempfile::tempdir().expect("a folder for the files");
    runtime.block_on(async {
        for (name, synchronous) in [("FULL", Synchronous::Full), ("NORMAL", Synchronous::Normal)] {
            let file = |side: &str| folder.path().join(format!("{side}-{name}.db"));
            let ours = http::serve(journeys(&file("journeys"), synchronous).await).await;
            let theirs = http::serve(service::router(&file("service"), synchronous)).await;
            for &count in clients {
                flows(ours, theirs, (name, count), effort, report).await;
                round_trips(ours, theirs, (name, count), effort, report).await;
            }
        }
    });
}

async fn flows(ours: SocketAddr, theirs: SocketAddr, of: (&str, usize), effort: Effort, report: &mut Report) {
    let (mut mine, mut reference) = (Vec::new(), Vec::new());
    let side = async |address, path| {
        let mut clients = Vec::new();
        for _ in 0..of.1 {
            clients.push(Flow(Client::connect(address, path, BODY).await));
        }
        load::run(clients, effort.time).await.0
    };
    for _ in 0..effort.rounds {
        reference.push(side(theirs, "/flow").await);
        mine.push(side(ours, "/api/v1/journeys/three-tasks/start").await);
    }
    let name = format!("three tasks, SQLite {}, {} clients", of.0, of.1);
    report.ratio(name, load::median(mine), load::median(reference), 0.80);
}

async fn round_trips(
    ours: SocketAddr,
    theirs: SocketAddr,
    of: (&str, usize),
    effort: Effort,
    report: &mut Report,
) {
    let (mut mine, mut reference) = (Vec::new(), Vec::new());
    let side = async |address, start, step| {
        let mut clients = Vec::new();
        for _ in 0..of.1 {
            clients.push(RoundTrip { client: Client::connect(address, start, BODY).await, start, step });
        }
        load::run(clients, effort.time).await.0
    };
    for _ in 0..effort.rounds {
        reference.push(side(theirs, "/start", ["/step/", ""]).await);
        let step = ["/api/v1/journeys/", "/steps/ask"];
        mine.push(side(ours, "/api/v1/journeys/waiting/start", step).await);
    }
    let name = format!("start → wait → step → outcome, SQLite {}, {} clients", of.0, of.1);
    report.ratio(name, load::median(mine), load::median(reference), 0.80);
}

/// The HTTP binding over the embedded engine on a file.
async fn journeys(file: &Path, synchronous: Synchronous) -> Router {
    let registries = system::registries_with(Arc::new(task::Instant::new()));
    let load = |text: &str| {
        jf_dsl::load(&SourceFile::new("bench.journey.yaml", text), &registries)
            .unwrap_or_else(|found| panic!("the definition is valid: {found:?}"))
    };
    let catalog = Catalog::new(vec![load(THREE_TASKS), load(WAITING)]).expect("the definitions go together");
    let config = SqliteConfig::new(file).with_synchronous(synchronous);
    let store = SqliteStore::open(&config).expect("the file can be made");
    let engine = EmbeddedEngine::builder(catalog)
        .registries(registries)
        .store(Arc::new(store))
        .http(Arc::new(NoHttp))
        .build()
        .await
        .expect("the engine has everything it needs");
    jf_binding_http::router(Arc::new(engine), HttpConfig::default())
}
