//! The ways a scenario can be run.

use std::fmt;
use std::sync::Arc;

/// What lies between the scenario and the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DriverKind {
    /// Nothing: the engine is called in process.
    Engine,
    /// The HTTP binding.
    Http,
    /// The WebSocket binding; what it does not carry goes over HTTP.
    WebSocket,
}

impl DriverKind {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Engine, Self::Http, Self::WebSocket];

    /// As scenarios and reports spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Http => "http",
            Self::WebSocket => "websocket",
        }
    }

    /// The driver of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|driver| driver.as_str() == text)
    }
}

impl fmt::Display for DriverKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One way to run a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Variant {
    /// The driver.
    pub driver: DriverKind,
    /// The store, by the name the host has for it.
    pub store: Arc<str>,
    /// Whether the system is restarted after every step.
    pub restart: bool,
}

impl Variant {
    /// A driver on a store, without restarts but those of the scenario itself.
    #[must_use]
    pub fn new(driver: DriverKind, store: impl Into<Arc<str>>) -> Self {
        Self { driver, store: store.into(), restart: false }
    }

    /// With a restart after every step.
    #[must_use]
    pub fn with_restart(mut self, restart: bool) -> Self {
        self.restart = restart;
        self
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.driver, self.store)?;
        if self.restart { f.write_str(", restarts") } else { Ok(()) }
    }
}
