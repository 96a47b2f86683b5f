//! Systems for scenarios: the engine and the bindings of this build over a virtual clock and scripted services.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jf_core::Engine;
use jf_dsl::{Catalog, Code, Diagnostics, JsonPath};
use jf_engine::EmbeddedEngine;
use jf_store::Store;
use jf_testkit::scenario::{Deployment, Host, NotReady, Parts, Scenario};

use crate::config::{Config, NOT_YET};
use crate::definitions::{Definitions, Purpose};
use crate::host::{self, Site};
use crate::server::Server;

/// The store that lives in memory.
const MEMORY: &str = "memory";
/// The store that lives in a file.
const SQLITE: &str = "sqlite";

/// Years of virtual time pass in moments, and the runner itself sweeps when they have passed.
const SWEEP: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// What is said of a definition that needs something this build does not have: a feature, a language, a language at that place, a kind of
/// task.
const NOT_INSTALLED: [&str; 4] = ["JF2301", "JF4001", "JF4002", "JF5101"];

/// Builds the systems of [`jf_testkit::scenario::Runner`] as `jf serve` would, but for the clock, the way out, and the store.
///
/// ```
/// use std::sync::Arc;
/// use jf_cli::ScenarioHost;
/// use jf_dsl::SourceFile;
/// use jf_testkit::scenario::{Runner, Verdict};
///
/// let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/scenarios");
/// let source = SourceFile::from_path(format!("{folder}/greeting.scenario.yaml"))?;
/// let reports = Runner::new(Arc::new(ScenarioHost)).run(&[source]);
/// assert!(reports.iter().all(|report| matches!(report.verdict, Verdict::Passed)));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ScenarioHost;

impl Host for ScenarioHost {
    fn stores(&self) -> Vec<Arc<str>> {
        vec![MEMORY.into(), SQLITE.into()]
    }

    fn prepare(&self, scenario: &Scenario) -> Result<Arc<dyn Deployment>, NotReady> {
        let (config, faults) = match scenario.config() {
            Some(part) => Config::read_part(scenario.source(), part, &JsonPath::root().member("config")),
            None => (Config::default(), Diagnostics::new()),
        };
        ready(&faults)?;
        let config = with_defaults(config).map_err(|error| NotReady::Broken(error.to_string()))?;
        let definitions = Definitions::from_paths(scenario.definitions(), &config, Purpose::Deploy);
        let definitions = definitions.map_err(|error| NotReady::Broken(error.to_string()))?;
        ready(definitions.diagnostics())?;
        match definitions.catalog() {
            Some(catalog) if catalog.iter().next().is_some() => {
                Ok(Arc::new(Prepared { catalog: catalog.clone(), definitions, config }))
            }
            _ => Err(NotReady::Broken("there are no definitions in its `definitions`".to_owned())),
        }
    }
}

/// A scenario sends as fast as it can, from one address.
fn with_defaults(config: Config) -> Result<Config, crate::config::InvalidSetting> {
    config
        .with_default("websocket.limits.ratePerSec", 1_000_000)?
        .with_default("websocket.limits.burst", 1_000_000)?
        .with_default("sqlite.synchronous", "normal")
}

/// Whether nothing is in the way. Where something is not installed, and nothing else is wrong, the scenario is skipped.
fn ready(faults: &Diagnostics) -> Result<(), NotReady> {
    if !faults.has_errors() {
        return Ok(());
    }
    let is_missing =
        |code: Code| code == NOT_YET.code || NOT_INSTALLED.iter().any(|known| known.parse() == Ok(code));
    let errors: Vec<_> = faults.iter().filter(|fault| fault.is_error()).collect();
    if !errors.iter().all(|fault| is_missing(fault.code)) {
        return Err(NotReady::Invalid(faults.clone()));
    }
    let mut reasons: Vec<&str> = errors.iter().map(|fault| fault.message.as_str()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    Err(NotReady::Skipped(reasons.join("; ")))
}

/// Checked definitions with their configuration.
struct Prepared {
    catalog: Catalog,
    definitions: Definitions,
    config: Config,
}

#[async_trait]
impl Deployment for Prepared {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn store(&self, name: &str, folder: &Path) -> Result<Arc<dyn Store>, String> {
        match name {
            MEMORY => Ok(self.config.memory_store()),
            SQLITE => {
                let store =
                    self.config.store_in(folder.join("runs.db")).map_err(|error| error.to_string())?;
                Ok(store)
            }
            _ => Err(format!("there is no store `{name}`; there are `{MEMORY}` and `{SQLITE}`")),
        }
    }

    async fn engine(&self, parts: Parts) -> Result<Arc<dyn Engine>, String> {
        let mut settings = self.config.engine(self.definitions.metadata_limits());
        settings.sweep_interval = SWEEP;
        // Time passes when the scenario says so, and nobody measures it.
        settings.denial_hold = Duration::ZERO;
        let engine = EmbeddedEngine::builder(self.catalog.clone())
            .registries(self.definitions.registries().clone())
            .store(parts.store)
            .clock(parts.clock)
            .http(parts.http)
            .secrets(parts.secrets)
            .config(settings)
            .build();
        Ok(Arc::new(engine.await.map_err(|error| error.to_string())?))
    }

    async fn serve(&self, engine: Arc<dyn Engine>) -> Result<SocketAddr, String> {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server =
            Server::bind(any_port, self.config.server_limits()).await.map_err(|error| error.to_string())?;
        let address = server.address().map_err(|error| error.to_string())?;
        let site = host::Host::over(engine, &self.config).site(address);
        let Site { app, readiness, .. } = site.map_err(|error| error.to_string())?;
        tokio::spawn(server.serve(app));
        readiness.set_ready();
        Ok(address)
    }
}
