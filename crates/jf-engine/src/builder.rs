//! Building an engine.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jf_core::spi::{
    Clock, Connectors, ExpressionEngine, HttpConnector, NoSecrets, Registries, RegistriesBuilder,
    RegistryError, SecretResolver, TaskPlugin,
};
use jf_dsl::{Catalog, DefinitionName, Kind, State, TaskConfig, Version};
use jf_store::{MemoryStore, Store, StoreError};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::clock::SystemClock;
use crate::config::EngineConfig;
use crate::deployment::Deployment;
use crate::engine::EmbeddedEngine;
use crate::guard::{Decisions, Silence};
use crate::keys::StartKeys;
use crate::links::LinkBase;
use crate::load::Load;
use crate::metrics::Metrics;
use crate::no_http::NoHttp;
use crate::runs::ActiveRuns;
use crate::scheduler::{self, Alarm, DueRuns, DueSchedules};
use crate::shared::{Numbers, Shared};
use crate::spans::{SpanBridge, Spans};
use crate::watches::Watches;
use crate::{recovery, sweeper, withdrawn};

/// Collects what an [`EmbeddedEngine`] is made of; see [`EmbeddedEngine::builder`].
///
/// Without a store it keeps runs in memory; without a clock it uses that of the host; without secrets it knows none.
#[derive(Debug)]
#[must_use]
pub struct EngineBuilder {
    catalog: Catalog,
    registries: Option<Registries>,
    pieces: RegistriesBuilder,
    has_pieces: bool,
    store: Option<Arc<dyn Store>>,
    clock: Option<Arc<dyn Clock>>,
    http: Option<Arc<dyn HttpConnector>>,
    secrets: Option<Arc<dyn SecretResolver>>,
    bridge: Option<Arc<dyn SpanBridge>>,
    config: EngineConfig,
}

/// One thing that keeps an engine from being built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildFault {
    /// A definition needs something that is not there.
    Definition {
        /// The kind of the definition.
        kind: Kind,
        /// Its name.
        name: DefinitionName,
        /// Its version.
        version: Version,
        /// What is missing.
        message: String,
    },
    /// The registered pieces contradict each other.
    Registry(RegistryError),
    /// Both a whole set of registries and single pieces were given.
    RegistriesAndPieces,
    /// The catalog has tasks, and nothing to send requests with was given.
    NoConnector,
    /// A setting makes no sense.
    Setting {
        /// Which.
        name: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// There is no tokio runtime to run in.
    NoRuntime,
    /// The store cannot be used.
    Store(StoreError),
}

impl fmt::Display for BuildFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Definition { kind, name, version, message } => {
                write!(f, "{kind} {name} {version}: {message}")
            }
            Self::Registry(error) => error.fmt(f),
            Self::RegistriesAndPieces => {
                f.write_str("give either `registries` or single expression engines and task plugins, not both")
            }
            Self::NoConnector => f.write_str(
                "the catalog has tasks but there is no HTTP connector: give one with `http`, or `NoHttp` if no task needs it",
            ),
            Self::Setting { name, reason } => write!(f, "setting `{name}`: {reason}"),
            Self::NoRuntime => f.write_str("an engine is built inside a tokio runtime"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

/// Everything that keeps an engine from being built, at once.
#[derive(Debug)]
pub struct BuildError {
    faults: Vec<BuildFault>,
}

impl BuildError {
    /// The faults; at least one.
    #[must_use]
    pub fn faults(&self) -> &[BuildFault] {
        &self.faults
    }
}

impl fmt::Display for BuildError {
    /// One line per fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildError {}

impl EngineBuilder {
    pub(crate) fn new(catalog: Catalog) -> Self {
        Self {
            catalog,
            registries: None,
            pieces: Registries::builder(),
            has_pieces: false,
            store: None,
            clock: None,
            http: None,
            secrets: None,
            bridge: None,
            config: EngineConfig::default(),
        }
    }

    /// The registries that the catalog was loaded with: expression engines, task plugins, platform configuration.
    pub fn registries(mut self, registries: Registries) -> Self {
        self.registries = Some(registries);
        self
    }

    /// Adds an expression engine, where no whole set of registries is given.
    pub fn expression(mut self, engine: Arc<dyn ExpressionEngine>) -> Self {
        self.pieces = self.pieces.expression(engine);
        self.has_pieces = true;
        self
    }

    /// Adds a task plugin, where no whole set of registries is given.
    pub fn task(mut self, plugin: Arc<dyn TaskPlugin>) -> Self {
        self.pieces = self.pieces.task(plugin);
        self.has_pieces = true;
        self
    }

    /// Where runs are kept.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// The time.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The way out for requests of tasks (TSK-009).
    pub fn http(mut self, connector: Arc<dyn HttpConnector>) -> Self {
        self.http = Some(connector);
        self
    }

    /// Where secrets come from (DEF-141).
    pub fn secrets(mut self, secrets: Arc<dyn SecretResolver>) -> Self {
        self.secrets = Some(secrets);
        self
    }

    /// Joins the spans of the engine with a tracing system; see [`SpanBridge`].
    pub fn span_bridge(mut self, bridge: Arc<dyn SpanBridge>) -> Self {
        self.bridge = Some(bridge);
        self
    }

    /// All connectors and the clock in one.
    pub fn connectors(self, connectors: Connectors) -> Self {
        self.http(connectors.http).secrets(connectors.secrets).clock(connectors.clock)
    }

    /// Settings.
    pub fn config(mut self, config: EngineConfig) -> Self {
        self.config = config;
        self
    }

    /// Links the definitions, claims the store, takes up what was left there and begins to look after due times.
    ///
    /// # Errors
    /// Everything that is missing or makes no sense, at once.
    pub async fn build(self) -> Result<EmbeddedEngine, BuildError> {
        let mut faults = check_settings(&self.config);
        let runtime = Handle::try_current();
        if runtime.is_err() {
            faults.push(BuildFault::NoRuntime);
        }
        if self.http.is_none() && has_tasks(&self.catalog) {
            faults.push(BuildFault::NoConnector);
        }
        let registries = match (self.registries, self.pieces.build()) {
            (Some(_), _) if self.has_pieces => {
                faults.push(BuildFault::RegistriesAndPieces);
                None
            }
            (Some(registries), _) => Some(registries),
            (None, Ok(pieces)) => Some(pieces),
            (None, Err(error)) => {
                faults.push(BuildFault::Registry(error));
                None
            }
        };
        let deployment = registries.map(|registries| {
            let catalog = self.catalog.clone();
            let linked = Deployment::link(catalog, &registries, &self.config.environment, &mut faults);
            (linked, registries)
        });
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let (Some((deployment, registries)), Ok(runtime), true) = (deployment, runtime, faults.is_empty())
        else {
            return Err(BuildError { faults });
        };
        // Claimed last: whoever held the store before loses it by this.
        let claimed = async { Ok((store.epoch().await?, store.claim().await?)) };
        let (epoch, claim) =
            claimed.await.map_err(|error| BuildError { faults: vec![BuildFault::Store(error)] })?;

        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let kept = withdrawn::keep(&self.catalog, &registries, &*store, claim, &*clock).await;
        kept.map_err(|faults| BuildError { faults })?;
        let http = self.http.unwrap_or_else(|| Arc::new(NoHttp));
        let secrets = self.secrets.unwrap_or_else(|| Arc::new(NoSecrets));
        let seed = clock.now().as_nanosecond() as u64;
        let (alarm, schedule_alarm) = (Arc::new(Alarm::new()), Arc::new(Alarm::new()));
        let shared = Arc::new(Shared {
            connectors: Connectors::new(http, secrets, Arc::clone(&clock)),
            links: LinkBase::new(self.config.public_base_url.as_deref()),
            load: Load::new(self.config.admission),
            tasks: Arc::new(Semaphore::new(self.config.concurrent_tasks.min(Semaphore::MAX_PERMITS))),
            guards: Semaphore::new(self.config.concurrent_guards.min(Semaphore::MAX_PERMITS)),
            decisions: Decisions::new(self.config.guard_reuse),
            silence: Silence::new(self.config.denial_hold),
            background: Arc::new(Semaphore::new(self.config.background_jobs.min(Semaphore::MAX_PERMITS))),
            runs: ActiveRuns::new(),
            watches: Arc::new(Watches::default()),
            alarm: Arc::clone(&alarm),
            schedule_alarm: Arc::clone(&schedule_alarm),
            start_keys: StartKeys::default(),
            draining: AtomicBool::new(false),
            drained: CancellationToken::new(),
            numbers: Numbers::new(seed),
            metrics: Metrics::new(),
            spans: Spans::new(self.bridge, self.config.trace_sample_ratio),
            config: self.config,
            deployment,
            store,
            clock,
            runtime: runtime.clone(),
            epoch,
            claim,
        });
        shared.announce();
        let stop = CancellationToken::new();
        runtime.spawn(recovery::run(Arc::downgrade(&shared), stop.clone()));
        let engine = || Arc::downgrade(&shared);
        runtime.spawn(scheduler::run::<DueRuns>(engine(), alarm, stop.clone()));
        runtime.spawn(scheduler::run::<DueSchedules>(engine(), schedule_alarm, stop.clone()));
        runtime.spawn(sweeper::run(Arc::downgrade(&shared), stop.clone()));
        Ok(EmbeddedEngine::new(shared, stop.drop_guard()))
    }
}

fn check_settings(config: &EngineConfig) -> Vec<BuildFault> {
    let mut faults = Vec::new();
    let mut positive = |name, holds: bool| {
        if !holds {
            faults.push(BuildFault::Setting { name, reason: "must be positive" });
        }
    };
    positive("admission", config.admission > 0);
    positive("concurrent_tasks", config.concurrent_tasks > 0);
    positive("commands_per_run", config.commands_per_run > 0);
    positive("concurrent_guards", config.concurrent_guards > 0);
    positive("sweep_interval", !config.sweep_interval.is_zero());
    positive("limits.transitions_per_segment", config.limits.transitions_per_segment > 0);
    positive("limits.transitions_per_trigger", config.limits.transitions_per_trigger > 0);
    positive("limits.flows_per_run", config.limits.flows_per_run > 0);
    positive("limits.evaluations_per_apply", config.limits.evaluations_per_apply > 0);
    positive("limits.context_bytes", config.limits.context_bytes > 0);
    positive("limits.guard_evaluation", !config.limits.guard_evaluation.is_zero());
    if !(0.0..=1.0).contains(&config.trace_sample_ratio) {
        faults.push(BuildFault::Setting { name: "trace_sample_ratio", reason: "must be from 0 to 1" });
    }
    faults
}

fn has_tasks(catalog: &Catalog) -> bool {
    let mut states = catalog.iter().flat_map(|loaded| loaded.definition.all_states());
    // Schedules are kept by the engine itself.
    states
        .any(|(_, state)| matches!(state, State::Task(task) if !matches!(task.task, TaskConfig::Schedule(_))))
}
