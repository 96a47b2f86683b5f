//! The reference: a service as one writes it by hand for one flow. Four durable commits per flow, one writer that shares its transactions
//! among all that wait, no language, no recovery, no event log that anybody could read.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use axum::extract::{Path as Segment, State};
use axum::routing::post;
use axum::{Json, Router};
use jf_store_sqlite::Synchronous;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::Kept;

/// Commits that share a transaction at most.
const GROUP: usize = 256;

struct Write {
    flow: u64,
    step: &'static str,
    body: String,
    done: oneshot::Sender<()>,
}

/// Where changes go.
#[derive(Clone)]
enum Place {
    Memory(Arc<Mutex<Tables>>),
    File(Sender<Write>),
}

/// The tables of the file as they are without one.
#[derive(Default)]
struct Tables {
    flows: HashMap<u64, (&'static str, String)>,
    log: Vec<(u64, &'static str)>,
}

#[derive(Clone)]
struct Service {
    place: Place,
    flows: Arc<AtomicU64>,
}

impl Service {
    /// One change of a flow with one line in its log.
    async fn commit(&self, flow: u64, step: &'static str, body: &Value) {
        let body = body.to_string();
        match &self.place {
            Place::Memory(tables) => {
                let mut tables = tables.lock().expect("nobody panics with it");
                tables.flows.insert(flow, (step, body));
                tables.log.push((flow, step));
            }
            Place::File(writes) => {
                let (done, written) = oneshot::channel();
                writes
                    .send(Write { flow, step, body, done })
                    .expect("the writer lives as long as the service");
                written.await.expect("the writer answers");
            }
        }
    }
}

/// The service over a file of its own, or without one.
pub(super) fn router(file: &Path, kept: Kept) -> Router {
    let place = match kept {
        Kept::Memory => Place::Memory(Arc::default()),
        Kept::File(synchronous) => {
            let connection = open(file, synchronous).expect("the file can be made");
            let (writes, waiting) = channel();
            std::thread::spawn(move || write(&connection, &waiting).expect("the file can be written"));
            Place::File(writes)
        }
    };
    let service = Service { place, flows: Arc::default() };
    Router::new()
        .route("/flow", post(flow))
        .route("/start", post(start))
        .route("/step/{flow}", post(step))
        .with_state(service)
}

fn open(file: &Path, synchronous: Synchronous) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    let synchronous = if synchronous == Synchronous::Full { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.execute_batch(
        "CREATE TABLE flow (id INTEGER PRIMARY KEY, step TEXT NOT NULL, body TEXT NOT NULL);
         CREATE TABLE log (flow INTEGER NOT NULL, step TEXT NOT NULL);",
    )?;
    Ok(connection)
}

fn write(connection: &Connection, waiting: &Receiver<Write>) -> rusqlite::Result<()> {
    while let Ok(first) = waiting.recv() {
        let mut done = Vec::new();
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut next = Some(first);
        while let Some(write) = next {
            let sql = "INSERT INTO flow (id, step, body) VALUES (?1, ?2, ?3) \
                       ON CONFLICT (id) DO UPDATE SET step = excluded.step, body = excluded.body";
            connection.prepare_cached(sql)?.execute(params![
                write.flow.cast_signed(),
                write.step,
                write.body
            ])?;
            let sql = "INSERT INTO log (flow, step) VALUES (?1, ?2)";
            connection.prepare_cached(sql)?.execute(params![write.flow.cast_signed(), write.step])?;
            done.push(write.done);
            next = if done.len() < GROUP { waiting.try_recv().ok() } else { None };
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
        for done in done {
            let _ = done.send(());
        }
    }
    Ok(())
}

/// Three tasks, each of which adds its answer, with a commit before the first and after each.
async fn flow(State(service): State<Service>, Json(mut body): Json<Value>) -> Json<Value> {
    let flow = service.flows.fetch_add(1, Ordering::Relaxed);
    service.commit(flow, "created", &body).await;
    for task in ["one", "two", "three"] {
        body[task] = json!({ "ok": true });
        service.commit(flow, task, &body).await;
    }
    Json(json!({ "id": flow, "phase": "SUCCEEDED", "output": body }))
}

async fn start(State(service): State<Service>, Json(body): Json<Value>) -> Json<Value> {
    let flow = service.flows.fetch_add(1, Ordering::Relaxed);
    service.commit(flow, "created", &body).await;
    service.commit(flow, "waiting", &body).await;
    Json(json!({ "journeyId": flow.to_string(), "phase": "RUNNING" }))
}

async fn step(
    State(service): State<Service>,
    Segment(flow): Segment<u64>,
    Json(body): Json<Value>,
) -> Json<Value> {
    service.commit(flow, "answered", &body).await;
    service.commit(flow, "ended", &body).await;
    Json(json!({ "journeyId": flow.to_string(), "phase": "SUCCEEDED" }))
}
