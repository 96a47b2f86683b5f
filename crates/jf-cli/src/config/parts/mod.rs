//! The parts of a system as the configuration sets them, one file per part.

mod bindings;
mod definitions;
mod engine;
mod outbound;
mod transport;

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use jf_dsl::Diagnostic;

use super::{Config, faults, kind};
use crate::console::ConsoleError;
use crate::server::ServerLimits;

/// What a system is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Use {
    /// A server that listens at the address: `self` in `connectors.http.rewrite` leads there, and private networks are denied
    /// unless the configuration says otherwise.
    Server(SocketAddr),
    /// A command on somebody's own machine: private networks are open unless the configuration says otherwise.
    Command,
}

impl Config {
    /// Where to listen.
    #[must_use]
    pub fn listen(&self) -> SocketAddr {
        kind::address(&self.text("http.listen")).expect("the kind of the key was checked")
    }

    /// Where metrics are served, if they are (ENG-135).
    #[must_use]
    pub fn metrics_listen(&self) -> Option<SocketAddr> {
        let text = self.optional_text("observability.metrics.listen")?;
        Some(kind::address(&text).expect("the kind of the key was checked"))
    }

    /// Where the console is served, if it is.
    #[must_use]
    pub fn console_listen(&self) -> Option<SocketAddr> {
        let text = self.optional_text("console.listen")?;
        Some(kind::address(&text).expect("the kind of the key was checked"))
    }

    /// The token of the console, if it has one.
    ///
    /// # Errors
    /// When the file cannot be read, or holds none.
    pub fn console_token(&self) -> Result<Option<jf_console::Token>, ConsoleError> {
        let Some(file) = self.file_at("console.tokenFile") else { return Ok(None) };
        match std::fs::read_to_string(&file) {
            Err(error) => Err(ConsoleError::TokenFile { file, error }),
            Ok(text) => match jf_console::Token::new(text.trim()) {
                Err(error) => Err(ConsoleError::Token { file, error }),
                Ok(token) => Ok(Some(token)),
            },
        }
    }

    /// The bounds of the listener.
    #[must_use]
    pub fn server_limits(&self) -> ServerLimits {
        ServerLimits {
            connections: self.size("http.maxConnections"),
            connections_per_address: self.size("http.maxConnectionsPerAddress"),
            requests_per_second: self.count("http.requestsPerSecond"),
            header_bytes: self.size("http.headerBytes"),
            header_timeout: self.millis("http.headerTimeoutMs"),
            body_timeout: self.millis("http.bodyTimeoutMs"),
            body_deadline: self.millis("http.bodyDeadlineMs"),
            keep_alive: self.millis("http.keepAliveMs"),
            handshake_timeout: self.millis("http.tls.handshakeTimeoutMs"),
            handshakes: self.size("http.tls.maxHandshakes"),
            write_timeout: self.millis("http.writeTimeoutMs"),
        }
    }

    /// The largest input of a definition (HTTP-013).
    pub(crate) fn body_bytes(&self) -> usize {
        self.size("limits.bodyBytes")
    }

    /// How long a stopping server finishes what is in flight.
    #[must_use]
    pub fn drain_window(&self) -> Duration {
        self.millis("websocket.drain.windowMs")
    }

    /// Values that exclude each other.
    pub(super) fn contradictions(&self) -> Vec<Diagnostic> {
        let rule = &faults::CONTRADICTION;
        let mut faults = Vec::new();
        let mut less = |small: &str, large: &str, equal: bool, why: &str| {
            let (a, b) = (self.whole(small), self.whole(large));
            if a > b || (a == b && !equal) {
                let relation = if equal { "must not exceed" } else { "must be less than" };
                let at = if self.values.contains_key(small) { small } else { large };
                faults.push(self.fault_at(
                    at,
                    rule,
                    format!("`{small}` ({a}) {relation} `{large}` ({b}): {why}"),
                ));
            }
        };
        less(
            "websocket.heartbeat.timeoutMs",
            "websocket.heartbeat.intervalMs",
            false,
            "else healthy peers are taken for dead",
        );
        less(
            "websocket.limits.maxPayloadBytes",
            "websocket.limits.maxMessageBytes",
            true,
            "a payload travels in a message",
        );
        less("http.pageSize", "http.maxPageSize", true, "pages would be larger than allowed");
        if let Some(path) = self.optional_text("http.contract")
            && self.optional_text("websocket.sharedEndpoint").as_ref() == Some(&path)
        {
            faults.push(self.fault_at(
                "http.contract",
                rule,
                format!("`http.contract` is `{path}`, which is the address of `websocket.sharedEndpoint`"),
            ));
        }
        faults.extend(self.transport_contradictions());
        faults
    }

    fn texts(&self, path: &str) -> Vec<String> {
        self.list(path).iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    }

    fn positive(&self, path: &str) -> NonZeroU32 {
        NonZeroU32::new(self.count(path)).expect("the key has no zero")
    }

    fn long(&self, path: &str) -> NonZeroU64 {
        NonZeroU64::new(self.whole(path)).expect("the key has no zero")
    }
}

#[cfg(test)]
mod tests;
