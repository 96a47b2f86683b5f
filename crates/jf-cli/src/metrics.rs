//! The metrics of a server, on a listener of their own.
//!
//! They tell what is deployed and how much is going on, which is nobody's business outside: they are not served where journeys are,
//! and not at all unless the configuration names an address.

use std::net::SocketAddr;
use std::sync::Weak;
use std::time::Duration;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use jf_binding_http::Hosts;
use jf_binding_ws::Drain;
use jf_engine::{EngineMetrics, Metric, MetricKind};
use jf_store_sqlite::SqliteStore;
use prometheus::core::Collector;
use prometheus::{Encoder, IntCounter, IntGaugeVec, Opts, TextEncoder};
use tokio::task::JoinHandle;

use crate::host::Host;
use crate::server::{Server, ServerLimits, Stop};

/// What a server measures beside its engine.
const CONNECTIONS: (&str, &str, &[&str]) = (
    "journeyforge_connections",
    "Open connections of clients, one of a WebSocket counted there and no longer as http",
    &["binding"],
);
const BUILD: (&str, &str, &[&str]) =
    ("journeyforge_build_info", "The version of the server, as a label of the number 1", &["version"]);

const TRANSACTIONS: (&str, &str, &[&str]) = (
    "journeyforge_store_transactions_total",
    "Transactions of the database that commits have shared, where runs live in a file",
    &[],
);

/// What a server counts and measures: all of its engine, and its connections.
#[derive(Debug, Clone)]
pub struct ServerMetrics {
    engine: Option<EngineMetrics>,
    file: Weak<SqliteStore>,
    http: Stop,
    sockets: Drain,
}

impl ServerMetrics {
    pub(crate) fn new(host: &Host, http: Stop, sockets: Drain) -> Self {
        Self { engine: host.metrics().cloned(), file: Weak::clone(host.file()), http, sockets }
    }

    /// Name, type, labels and meaning of every metric, in the order of the text.
    pub fn table() -> impl Iterator<Item = (&'static str, &'static str, &'static [&'static str], &'static str)>
    {
        let engine = EngineMetrics::TABLE.iter();
        let of_engine =
            engine.map(|Metric { name, kind, labels, help, .. }| (*name, kind.as_str(), *labels, *help));
        let gauge = MetricKind::Gauge.as_str();
        let own = [CONNECTIONS, BUILD].map(|(name, help, labels)| (name, gauge, labels, help));
        let counted = (TRANSACTIONS.0, MetricKind::Counter.as_str(), TRANSACTIONS.2, TRANSACTIONS.1);
        of_engine.chain(own).chain([counted])
    }

    /// Everything as Prometheus text, format 0.0.4.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = self.engine.as_ref().map(EngineMetrics::to_text).unwrap_or_default().into_bytes();
        let connections = gauges(&CONNECTIONS);
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        connections.with_label_values(&["http"]).set(count(self.http.open_connections()));
        connections.with_label_values(&["websocket"]).set(count(self.sockets.open_connections()));
        let build = gauges(&BUILD);
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let mut families = [connections.collect(), build.collect()].concat();
        if let Some(file) = self.file.upgrade() {
            let opts = Opts::new(TRANSACTIONS.0, TRANSACTIONS.1);
            let transactions = IntCounter::with_opts(opts).expect("the name is valid");
            transactions.inc_by(file.group_commits());
            families.extend(transactions.collect());
        }
        // Writing to memory does not fail.
        let written = TextEncoder::new().encode(&families, &mut text);
        debug_assert!(written.is_ok(), "{written:?}");
        String::from_utf8(text).unwrap_or_default()
    }

    /// `GET /metrics` and nothing else.
    fn router(self) -> Router {
        let answer = move || {
            let text = self.to_text();
            std::future::ready(
                (
                    [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (CACHE_CONTROL, "no-store")],
                    text,
                )
                    .into_response(),
            )
        };
        Router::new().route("/metrics", get(answer))
    }
}

fn gauges((name, help, labels): &(&str, &str, &[&str])) -> IntGaugeVec {
    IntGaugeVec::new(Opts::new(*name, *help), labels).expect("the names are valid")
}

/// The listener for metrics.
#[derive(Debug)]
pub(crate) struct Scraped {
    address: SocketAddr,
    stop: Stop,
    accepting: JoinHandle<()>,
}

impl Scraped {
    /// Opens the port; nothing is accepted yet.
    pub(crate) async fn bind(address: SocketAddr, limits: ServerLimits) -> std::io::Result<Server> {
        /// A scraper needs one.
        const CONNECTIONS: usize = 32;
        let limits = ServerLimits {
            connections: CONNECTIONS,
            connections_per_address: CONNECTIONS,
            requests_per_second: 0,
            ..limits
        };
        let server = Server::bind(address, limits).await?;
        let is_local = server.address().is_ok_and(|address| address.ip().is_loopback());
        Ok(if is_local { server.with_hosts(Hosts::loopback()) } else { server })
    }

    pub(crate) fn begin(server: Server, address: SocketAddr, metrics: ServerMetrics) -> Self {
        let stop = server.stop();
        Self { address, stop, accepting: tokio::spawn(server.serve(metrics.router())) }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn end(self, grace: Duration) {
        self.stop.finish(grace).await;
        // It ends with `finish`; an error would be a panic of the accept loop, which was logged.
        let _ = self.accepting.await;
    }
}
