//! The engine, its store, and the bounds of expressions.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jf_core::spi::{EvalLimits, LogLevel};
use jf_dsl::MetadataLimits;
use jf_engine::{EngineConfig, PluginLogs};
use jf_machine::OutputValidation;
use jf_store::{MemoryStore, Retention, Store};
use jf_store_sqlite::{Check, OpenError, SqliteConfig, SqliteStore, Synchronous};
use serde_json::Value;

use super::super::{Config, kind};

impl Config {
    /// The engine. Metadata limits come from the caller, since definitions may bring some (DEF-116).
    #[must_use]
    pub fn engine(&self, metadata: MetadataLimits) -> EngineConfig {
        let mut config = EngineConfig::default();
        config.environment = self.text("environment").into();
        config.public_base_url = self.optional_text("publicBaseUrl");
        config.sync_wait = self.duration("limits.syncWait");
        config.early_submission = self.duration("limits.earlySubmission");
        config.limits.schedule_minimum = self.schedule_minimum();
        config.start_keys_kept = self.duration("limits.startKeys");
        config.concurrent_tasks = self.size("limits.concurrentTasks");
        config.admission = self.size("limits.admission");
        config.background_jobs = self.size("limits.backgroundJobs");
        config.trace_sample_ratio = f64::from(self.count("observability.traces.samplePercent")) / 100.0;
        config.plugin_logs = self.plugin_logs();
        config.limits.transitions_per_segment = self.count("limits.transitionsPerSegment");
        config.limits.transitions_per_trigger = self.count("limits.transitionsPerTrigger");
        config.limits.flows_per_run = self.size("limits.flowsPerRun");
        config.limits.context_bytes = self.size("limits.contextBytes");
        config.limits.jar.cookies = self.size("limits.cookiesPerJar");
        config.limits.jar.cookie_bytes = self.size("limits.cookieBytes");
        config.commands_per_run = self.size("limits.commandsPerRun");
        config.concurrent_guards = self.size("limits.concurrentGuards");
        config.guard_reuse = self.duration("limits.guardReuse");
        config.denial_hold = self.duration("limits.denialHold");
        config.limits.guard_evaluation = self.duration("limits.guardEvaluation");
        config.limits.metadata = metadata;
        config.limits.output_validation = match self.text("validation.output").as_str() {
            "off" => OutputValidation::Off,
            "enforce" => OutputValidation::Enforce,
            _ => OutputValidation::Warn,
        };
        config
    }

    /// How much plugins tell (ENG-136).
    #[must_use]
    pub fn plugin_logs(&self) -> PluginLogs {
        let level = |value: &Value| -> LogLevel {
            let level = value.as_str().and_then(|text| text.parse().ok());
            level.expect("the kind of the key was checked")
        };
        let default = Value::String(self.text("observability.plugins.default"));
        let mut logs = PluginLogs::default().with_default(level(&default));
        for (plugin, given) in self.below("observability.plugins.byType") {
            logs = logs.with_type(plugin, level(&given.value));
        }
        for (definition, given) in self.below("observability.plugins.byJourney") {
            logs = logs.with_journey(definition, level(&given.value));
        }
        for (path, given) in self.below("observability.plugins.byState") {
            let (definition, state) = path.split_once('.').expect("the key has two names");
            logs = logs.with_state(definition, state, level(&given.value));
        }
        logs
    }

    /// The file that runs live in; `None` when they live in memory. A path of the configuration file is relative to that file.
    #[must_use]
    pub fn store_file(&self) -> Option<PathBuf> {
        let text = self.text("store");
        let file = kind::store(&text).expect("the kind of the key was checked")?;
        Some(self.relative("store", file.to_path_buf()))
    }

    /// Opens the store that runs live in. Blocks its thread when that is a file.
    ///
    /// # Errors
    /// When the file cannot be used; nothing takes its place.
    pub fn store(&self) -> Result<Arc<dyn Store>, OpenError> {
        Ok(match self.sqlite_store()? {
            Some(store) => store,
            None => self.memory_store(),
        })
    }

    /// The store of the file that runs live in; `None` when they live in memory.
    pub(crate) fn sqlite_store(&self) -> Result<Option<Arc<SqliteStore>>, OpenError> {
        self.store_file().map(|file| self.store_in(file)).transpose()
    }

    /// Opens the store in that file.
    pub(crate) fn store_in(&self, file: PathBuf) -> Result<Arc<SqliteStore>, OpenError> {
        let synchronous = match self.text("sqlite.synchronous").as_str() {
            "normal" => Synchronous::Normal,
            _ => Synchronous::Full,
        };
        let check = match self.text("sqlite.check").as_str() {
            "full" => Check::Full,
            _ => Check::Quick,
        };
        let config = SqliteConfig::new(file).with_retention(self.retention());
        let store = SqliteStore::open(&config.with_synchronous(synchronous).with_check(check))?;
        Ok(Arc::new(store))
    }

    /// A store in memory, empty.
    pub(crate) fn memory_store(&self) -> Arc<dyn Store> {
        let live_runs = self.size("limits.memoryLiveRuns");
        Arc::new(MemoryStore::with_retention(self.retention()).with_live_runs(live_runs))
    }

    /// How long the store keeps what has ended.
    #[must_use]
    pub fn retention(&self) -> Retention {
        Retention::default()
            .with_ended_runs(self.duration("retention.endedRuns"))
            .with_memory_runs(self.size("retention.memoryRuns"))
            .with_events(self.size("retention.events"))
            .with_events_after_end(self.duration("retention.eventsAfterEnd"))
    }

    /// The limits of an expression language (EXP-045).
    #[must_use]
    pub fn expression_limits(&self, lang: &str) -> EvalLimits {
        let value = |common: &str| {
            let name = common.rsplit('.').next().unwrap_or_default();
            let own = format!("plugins.expressions.engines.{lang}.{name}");
            self.optional_whole(&own).unwrap_or_else(|| self.whole(common))
        };
        let time = Duration::from_millis(value("plugins.expressions.defaults.maxEvalMs"));
        let output_bytes = value("plugins.expressions.defaults.maxOutputBytes");
        EvalLimits::default()
            .with_time(time)
            .with_output_bytes(usize::try_from(output_bytes).unwrap_or(usize::MAX))
    }
}
