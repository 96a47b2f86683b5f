//! Another service that remembers every call.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// One call: what was asked for, for which order, and the number that it was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) what: String,
    pub(crate) order: u64,
    pub(crate) number: u64,
}

/// A service that answers every `POST /{what}` with a number of its own, and writes it down first.
#[derive(Clone)]
pub(crate) struct Ledger {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    arrived: watch::Sender<usize>,
}

impl Ledger {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ledger = Self { address, calls: Arc::default(), arrived: watch::channel(0).0 };
        let app = Router::new().route("/{what}", post(Self::take)).with_state(ledger.clone());
        tokio::spawn(axum::serve(listener, app).into_future());
        ledger
    }

    async fn take(State(ledger): State<Self>, Path(what): Path<String>, body: String) -> impl IntoResponse {
        let body: Value = serde_json::from_str(&body).unwrap();
        let order = body["number"].as_u64().unwrap();
        let number = {
            let mut calls = ledger.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let number = calls.len() as u64 + 1;
            calls.push(Call { what, order, number });
            number
        };
        ledger.arrived.send_modify(|arrived| *arrived += 1);
        ([(CONTENT_TYPE, "application/json")], json!({ "call": number }).to_string())
    }

    /// The configuration that sends calls of all services here.
    pub(crate) fn config(&self) -> String {
        let rewrite = ["stock", "bank"]
            .map(|service| format!("{{ from: 'http://{service}.example', to: 'http://{}' }}", self.address));
        let settings = "http.requestsPerSecond: 100000\nlimits.scheduleMinInterval: PT0.1S\n";
        format!("connectors.http.rewrite: [{}]\n{settings}", rewrite.join(", "))
    }

    /// Everything that was asked for, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Completes at the `further`-th call from now on, before it is answered or just then.
    pub(crate) async fn arrivals(&self, further: usize) {
        let mut arrived = self.arrived.subscribe();
        let wanted = *arrived.borrow() + further;
        let _ = arrived.wait_for(|arrived| *arrived >= wanted).await;
    }
}
