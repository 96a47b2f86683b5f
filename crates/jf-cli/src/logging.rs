//! The log of a running command: structured lines on standard error.
//!
//! Nothing below this crate logs payloads, headers, tokens or context values, at any level (TSK-010). Libraries of others may: what they
//! tell about single requests and frames, below the level `info`, is left out whatever the filter says.

use std::io::{self, IsTerminal};

use clap::ValueEnum;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, ParseError, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LogError {
    /// The filter is not one; beside it is what it was given with.
    #[error("{0}: `{1}` is no log filter: {2}")]
    Filter(&'static str, String, ParseError),
    /// The format in the variable is not one; flags are checked before.
    #[error("JF_LOG_FORMAT: `{0}` is no log format; use `text` or `json`")]
    Format(String),
    /// The process has a log already.
    #[error(transparent)]
    Twice(#[from] TryInitError),
}

/// Starts the log of the process, with flags before the variables `JF_LOG` and `JF_LOG_FORMAT`.
pub(crate) fn init(filter: Option<&str>, format: Option<LogFormat>, default: &str) -> Result<(), LogError> {
    let variable = std::env::var("JF_LOG").ok().filter(|text| !text.is_empty());
    let (given, filter) = match (filter, variable) {
        (Some(flag), _) => ("--log", flag.to_owned()),
        (None, Some(variable)) => ("JF_LOG", variable),
        (None, None) => ("default", default.to_owned()),
    };
    let filter = EnvFilter::try_new(&filter).map_err(|error| LogError::Filter(given, filter, error))?;
    let format = match format {
        Some(format) => format,
        None => match std::env::var("JF_LOG_FORMAT").ok().filter(|text| !text.is_empty()) {
            Some(text) => LogFormat::from_str(&text, true).map_err(|_| LogError::Format(text))?,
            None => LogFormat::default(),
        },
    };
    let filter = filter.and(filter_fn(may_be_logged));
    let lines = fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Text => {
            let colours = io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            let lines = lines.with_ansi(colours).with_target(false);
            tracing_subscriber::registry().with(lines.with_filter(filter)).try_init()?;
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false);
            tracing_subscriber::registry().with(lines.with_filter(filter)).try_init()?;
        }
    }
    Ok(())
}

/// Our own lines, and what others tell of themselves rather than of what they carry.
fn may_be_logged(line: &Metadata<'_>) -> bool {
    let target = line.target();
    target.starts_with("jf_") || target.starts_with("journeyforge") || *line.level() <= Level::INFO
}

/// Sends panics to the log instead of standard error: with their place, without their message, which may hold values.
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(location, "panic: this is a defect of the program");
    }));
}
