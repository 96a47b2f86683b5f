//! A system that listens: what `jf serve` runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jf_binding_http::Readiness;
use jf_binding_ws::Drain;
use jf_core::{DrainReport, Engine};
use tokio::task::JoinHandle;

use crate::config::{Config, Use};
use crate::console::{Console, Desk};
use crate::definitions::Definitions;
use crate::host::{Host, HostError, Listener};
use crate::metrics::{Scraped, ServerMetrics};
use crate::server::{Server, Stop, Tls};

/// How long the last answers may take to reach their callers after the drain window.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// A running server. It runs until it is drained; dropping it leaves it running.
///
/// ```
/// use jf_cli::{Config, Definitions, Purpose, Serving};
/// # use jf_dsl::SourceFile;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # let source = SourceFile::new("hello.journey.yaml", "{apiVersion: v1, kind: Journey, metadata: {name: hello, version: 1.0.0}, spec: {start: done, states: {done: {type: succeed}}}}");
/// let config = Config::default().with("http.listen", "127.0.0.1:0")?.with("store", "memory")?;
/// let definitions = Definitions::from_sources(vec![source], &config, Purpose::Deploy)?;
/// let serving = Serving::begin(&definitions, &config).await?;
/// println!("{}", serving.url());
/// serving.drain().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Debug)]
pub struct Serving {
    host: Host,
    address: SocketAddr,
    readiness: Readiness,
    sockets: Drain,
    stop: Stop,
    accepting: JoinHandle<()>,
    scraped: Option<Scraped>,
    console: Option<Console>,
    window: Duration,
    tls: Option<Tls>,
}

impl Serving {
    /// Opens the port, builds the system and begins to serve. Must be called within a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// When TLS or the port cannot be had, or a part refuses its settings.
    pub async fn begin(definitions: &Definitions, config: &Config) -> Result<Self, HostError> {
        let tls = config.tls().map(Tls::load).transpose()?;
        let wanted = config.listen();
        let failed = |error| HostError::Listen { listener: Listener::Service, address: wanted, error };
        let server = Server::bind(wanted, config.server_limits()).await.map_err(failed)?;
        let address = server.address().map_err(failed)?;
        let scraped = match config.metrics_listen() {
            Some(wanted) => {
                let failed =
                    |error| HostError::Listen { listener: Listener::Metrics, address: wanted, error };
                let server = Scraped::bind(wanted, config.server_limits()).await.map_err(failed)?;
                let address = server.address().map_err(failed)?;
                Some((server, address))
            }
            None => None,
        };
        let desk = Desk::open(config).await?;
        let host = Host::build(definitions, config, Use::Server(address)).await?;
        let site = host.site(address)?;
        let console = desk.map(|desk| desk.serve(&host, &site, tls.as_ref())).transpose()?;
        let (app, readiness, sockets) = (site.app, site.readiness, site.sockets);
        let stop = server.stop();
        let mut server = server.with_hosts(config.hosts(address));
        if let Some(proxies) = config.proxies() {
            server = server.with_proxies(proxies);
        }
        if let Some(tls) = &tls {
            server = server.with_tls(tls.clone());
        }
        let accepting = tokio::spawn(server.serve(app));
        let metrics = ServerMetrics::new(&host, stop.clone(), sockets.clone());
        let scraped = scraped.map(|(server, address)| Scraped::begin(server, address, metrics));
        readiness.set_ready();
        let window = config.drain_window();
        Ok(Self { host, address, readiness, sockets, stop, accepting, scraped, console, window, tls })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as the begin of a URL.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Its certificates, if it speaks TLS.
    #[must_use]
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// Where its metrics are, if the configuration has them served.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.scraped.as_ref().map(Scraped::address)
    }

    /// Where the console is, if the configuration has it served.
    #[must_use]
    pub fn console_address(&self) -> Option<SocketAddr> {
        self.console.as_ref().map(Console::address)
    }

    pub(crate) const fn console(&self) -> Option<&Console> {
        self.console.as_ref()
    }

    /// The engine behind it.
    #[must_use]
    pub fn engine(&self) -> &Arc<dyn Engine> {
        self.host.engine()
    }

    /// Stops in good order within the drain window (DRAIN-1, DRAIN-2): probes and commands are told that the server drains, what is in
    /// flight is finished, WebSocket connections are announced the end and closed, and the port is given back.
    pub async fn drain(self) -> DrainReport {
        let window = self.window;
        self.drain_within(window).await
    }

    /// The same for a server that nobody takes the place of: WebSocket connections with nothing in flight are closed within this time, if
    /// it is shorter than the drain window ([`Drain::begin_within`](jf_binding_ws::Drain::begin_within)).
    pub async fn drain_within(self, spread: Duration) -> DrainReport {
        self.readiness.set_draining();
        self.stop.begin();
        // Waits for replies end a little before the connections do, so that the replies still find their way (ENG-006).
        let waits = self.window.mul_f64(0.9);
        let engine = self.host.engine().drain(waits);
        let sockets = async {
            self.sockets.begin_within(spread);
            tokio::time::timeout(self.window + LAST_ANSWERS, self.sockets.closed()).await
        };
        // The engine comes first: once a client was told that the server drains, no command is taken over any binding.
        let (report, _) = futures::join!(engine, sockets);
        self.stop.finish(LAST_ANSWERS).await;
        // It ends with `finish`; an error would be a panic of the accept loop, which was logged.
        let _ = self.accepting.await;
        if let Some(console) = self.console {
            console.end(LAST_ANSWERS).await;
        }
        if let Some(scraped) = self.scraped {
            scraped.end(LAST_ANSWERS).await;
        }
        report
    }
}
