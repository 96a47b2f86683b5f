//! How much plugins tell, and where it goes (ENG-136).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jf_core::JourneyId;
use jf_core::spi::{DefinitionIdentity, LogField, LogLevel, TaskLogger, TaskTelemetry};
use jf_dsl::{StateId, TaskKind};
use tracing::Span;

use crate::metrics::Metrics;

/// The log levels of plugins. The first that is set counts: of the state, of the definition, of the type of plugin, the default.
///
/// ```
/// use jf_core::spi::LogLevel;
/// use jf_engine::PluginLogs;
///
/// let logs = PluginLogs::default()
///     .with_type("httpCall", LogLevel::Warn)
///     .with_journey("orders", LogLevel::Info)
///     .with_state("orders", "charge", LogLevel::Debug);
/// assert_eq!(logs.level("orders", "charge", "httpCall"), LogLevel::Debug);
/// assert_eq!(logs.level("orders", "ship", "httpCall"), LogLevel::Info);
/// assert_eq!(logs.level("loans", "rate", "httpCall"), LogLevel::Warn);
/// assert_eq!(logs.level("loans", "rate", "cache"), LogLevel::Error);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PluginLogs {
    by_state: BTreeMap<String, BTreeMap<String, LogLevel>>,
    by_journey: BTreeMap<String, LogLevel>,
    by_type: BTreeMap<String, LogLevel>,
    default: LogLevel,
}

impl PluginLogs {
    /// The level of the plugins of one state; `definition` is its name, whatever the version.
    #[must_use]
    pub fn with_state(mut self, definition: &str, state: &str, level: LogLevel) -> Self {
        self.by_state.entry(definition.to_owned()).or_default().insert(state.to_owned(), level);
        self
    }

    /// The level of the plugins of one Journey or Api.
    #[must_use]
    pub fn with_journey(mut self, definition: &str, level: LogLevel) -> Self {
        self.by_journey.insert(definition.to_owned(), level);
        self
    }

    /// The level of one type of plugin, such as `httpCall`, whatever the version.
    #[must_use]
    pub fn with_type(mut self, plugin: &str, level: LogLevel) -> Self {
        self.by_type.insert(plugin.to_owned(), level);
        self
    }

    /// The level of all others; `error` unless set.
    #[must_use]
    pub const fn with_default(mut self, level: LogLevel) -> Self {
        self.default = level;
        self
    }

    /// The level of a plugin in a state.
    #[must_use]
    pub fn level(&self, definition: &str, state: &str, plugin: &str) -> LogLevel {
        let of_state = self.by_state.get(definition).and_then(|states| states.get(state));
        let given = of_state.or_else(|| self.by_journey.get(definition)).or_else(|| self.by_type.get(plugin));
        given.copied().unwrap_or(self.default)
    }
}

/// Writes the lines of one task as `tracing` events of the target `journeyforge::plugin`.
struct Lines {
    definition: DefinitionIdentity,
    run: JourneyId,
    state: StateId,
    task: TaskKind,
    span: Span,
    metrics: Arc<Metrics>,
}

/// The telemetry handle of a task.
pub(crate) fn handle(
    logs: &PluginLogs,
    metrics: &Arc<Metrics>,
    definition: &DefinitionIdentity,
    run: &JourneyId,
    state: &StateId,
    task: &TaskKind,
    span: &Span,
) -> TaskTelemetry {
    let level = logs.level(definition.name.as_str(), state.as_str(), task.plugin());
    let lines = Lines {
        definition: definition.clone(),
        run: run.clone(),
        state: state.clone(),
        task: task.clone(),
        span: span.clone(),
        metrics: Arc::clone(metrics),
    };
    TaskTelemetry::new(level, Arc::new(lines))
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("run", &self.run).field("state", &self.state).finish_non_exhaustive()
    }
}

impl TaskLogger for Lines {
    fn count_error(&self) {
        self.metrics.plugin_failed(&self.task);
    }

    fn log(&self, level: LogLevel, message: &'static str, fields: &[LogField<'_>]) {
        macro_rules! line {
            ($level:ident) => {
                tracing::event!(
                    target: "journeyforge::plugin",
                    parent: &self.span,
                    tracing::Level::$level,
                    run = self.run.as_str(),
                    kind = %self.definition.kind,
                    definition = self.definition.name.as_str(),
                    version = %self.definition.version,
                    state = self.state.as_str(),
                    task = self.task.as_str(),
                    "{message}{}",
                    Shown(fields)
                )
            };
        }
        match level {
            LogLevel::Off => {}
            LogLevel::Error => line!(ERROR),
            LogLevel::Warn => line!(WARN),
            LogLevel::Info => line!(INFO),
            LogLevel::Debug => line!(DEBUG),
            LogLevel::Trace => line!(TRACE),
        }
    }
}

/// Fields behind a message: `: name=value name=value`.
struct Shown<'a>(&'a [LogField<'a>]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { ": " } else { " " })?;
            write!(f, "{name}={value}")?;
        }
        Ok(())
    }
}
