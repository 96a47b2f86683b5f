//! What a task tells operators (TSK-005, TSK-010, ENG-136).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// How much a plugin tells, from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What went wrong and reaches nobody else.
    #[default]
    Error,
    /// What is likely to go wrong.
    Warn,
    /// What operators of a healthy system may want to know.
    Info,
    /// One line for every execution.
    Debug,
    /// More than that.
    Trace,
}

impl LogLevel {
    /// Every level, in order.
    pub const ALL: [Self; 6] = [Self::Off, Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// The level as configurations name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// The text names no level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a level: off, error, warn, info, debug or trace")]
pub struct InvalidLogLevel;

impl FromStr for LogLevel {
    type Err = InvalidLogLevel;

    fn from_str(text: &str) -> Result<Self, InvalidLogLevel> {
        Self::ALL.into_iter().find(|level| level.as_str() == text).ok_or(InvalidLogLevel)
    }
}

/// A name with what it stands for, in a line of a task.
pub type LogField<'a> = (&'static str, &'a dyn fmt::Display);

/// Where the lines of one task go. Implemented by engines, which add run, definition and state.
pub trait TaskLogger: fmt::Debug + Send + Sync + 'static {
    /// Takes a line. Never blocks.
    fn log(&self, level: LogLevel, message: &'static str, fields: &[LogField<'_>]);

    /// Counts an error, whether its line is wanted or not. Never blocks.
    fn count_error(&self) {}
}

/// The telemetry handle of a task (TSK-005). Its level comes from the configuration of the platform alone (ENG-136).
///
/// A message is a fixed sentence; fields hold names, codes and numbers. Neither ever holds tokens, keys, header or cookie values,
/// certificates or bodies, at any level (TSK-010).
///
/// ```
/// use jf_core::spi::TaskContext;
///
/// fn answered(context: &TaskContext, status: u16) {
///     context.telemetry.debug("the service has answered", &[("status", &status)]);
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct TaskTelemetry {
    level: Option<LogLevel>,
    logger: Option<Arc<dyn TaskLogger>>,
}

impl TaskTelemetry {
    /// A handle that passes lines up to a level on.
    #[must_use]
    pub fn new(level: LogLevel, logger: Arc<dyn TaskLogger>) -> Self {
        Self { level: Some(level), logger: Some(logger) }
    }

    /// A handle that passes nothing on.
    #[must_use]
    pub fn silent() -> Self {
        Self::default()
    }

    /// Whether lines of a level are passed on.
    #[must_use]
    pub fn is_enabled(&self, level: LogLevel) -> bool {
        level != LogLevel::Off && self.level.is_some_and(|most| level <= most)
    }

    /// Something went wrong that reaches nobody else. Counted whatever the level (TSK-051).
    pub fn error(&self, message: &'static str, fields: &[LogField<'_>]) {
        if let Some(logger) = &self.logger {
            logger.count_error();
        }
        self.log(LogLevel::Error, message, fields);
    }

    /// Something is likely to go wrong.
    pub fn warn(&self, message: &'static str, fields: &[LogField<'_>]) {
        self.log(LogLevel::Warn, message, fields);
    }

    /// Something that operators of a healthy system may want to know.
    pub fn info(&self, message: &'static str, fields: &[LogField<'_>]) {
        self.log(LogLevel::Info, message, fields);
    }

    /// Something about every execution.
    pub fn debug(&self, message: &'static str, fields: &[LogField<'_>]) {
        self.log(LogLevel::Debug, message, fields);
    }

    fn log(&self, level: LogLevel, message: &'static str, fields: &[LogField<'_>]) {
        if let Some(logger) = self.logger.as_ref().filter(|_| self.is_enabled(level)) {
            logger.log(level, message, fields);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LogField, LogLevel, TaskLogger, TaskTelemetry};
    use std::sync::{Arc, Mutex};

    #[derive(Debug, Default)]
    struct Lines(Mutex<Vec<&'static str>>);

    impl TaskLogger for Lines {
        fn log(&self, level: LogLevel, _: &'static str, _: &[LogField<'_>]) {
            self.0.lock().expect("nothing panics").push(level.as_str());
        }
    }

    #[test]
    fn eng_136_a_level_holds_back_what_lies_above_it() {
        for level in LogLevel::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
            let lines = Arc::new(Lines::default());
            let handle = TaskTelemetry::new(level, Arc::clone(&lines) as _);
            handle.error("e", &[]);
            handle.warn("w", &[]);
            handle.info("i", &[]);
            handle.debug("d", &[]);
            let told = lines.0.lock().expect("nothing panics").len();
            assert_eq!(told, LogLevel::ALL.iter().position(|other| *other == level).unwrap_or(0).min(4));
        }
        assert!("loud".parse::<LogLevel>().is_err());
        assert!(!TaskTelemetry::silent().is_enabled(LogLevel::Error));
    }
}
