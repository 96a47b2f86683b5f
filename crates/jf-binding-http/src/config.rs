//! What an embedder can set.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use jf_core::ByteBudget;
use jf_dsl::DefinitionName;

use crate::cors::Origins;
use crate::operators::{Admission, Operators};
use crate::routes::health::Readiness;

/// Settings of the binding. Every one has the default of the specification.
///
/// ```
/// use jf_binding_http::{HttpConfig, ListMode};
///
/// let config = HttpConfig::default().with_body_bytes(64 * 1024).with_list_mode(ListMode::Off);
/// ```
#[derive(Debug, Clone)]
pub struct HttpConfig {
    pub(crate) body_bytes: usize,
    pub(crate) body_budget: usize,
    pub(crate) budget: Option<ByteBudget>,
    pub(crate) json_depth: usize,
    pub(crate) header_bytes: usize,
    pub(crate) list_mode: ListMode,
    pub(crate) operators: Admission,
    pub(crate) page_size: NonZeroU32,
    pub(crate) max_page_size: NonZeroU32,
    pub(crate) origins: Origins,
    pub(crate) challenge: HeaderValue,
    pub(crate) hidden_journeys: HashSet<DefinitionName>,
    pub(crate) hidden_apis: HashSet<DefinitionName>,
    pub(crate) heartbeat: Duration,
    pub(crate) status_interval: Duration,
    pub(crate) streams_per_caller: usize,
    pub(crate) readiness: Readiness,
    pub(crate) drain_window: Duration,
}

/// Who may list runs (HTTP-080).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListMode {
    /// Operators (the default): those whom [`HttpConfig::with_operators`] lets in; without it whoever reaches the address, so protect it.
    #[default]
    Operator,
    /// Authenticated callers, their own runs only: those whose attribute `subjectId` is the subject of the
    /// [`Principal`](jf_core::Principal) a layer in front has set (HTTP-083).
    SelfService,
    /// Nobody: the address is 404.
    Off,
}

impl HttpConfig {
    /// The deepest nesting that [`with_json_depth`](Self::with_json_depth) accepts. Values are walked recursively everywhere,
    /// so depth is stack.
    pub const MAX_JSON_DEPTH: usize = 256;

    /// Limits request bodies, in bytes; 1 MiB by default (HTTP-013).
    #[must_use]
    pub const fn with_body_bytes(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    /// Limits what the bodies of all requests that are being received or answered take together, in bytes; 256 MiB by default, and never
    /// less than one body may have. Beyond it requests are answered 503 with `Retry-After` (HTTP-026).
    #[must_use]
    pub const fn with_body_budget(mut self, bytes: usize) -> Self {
        self.body_budget = bytes;
        self
    }

    /// Takes the bytes of bodies out of a budget that others take from, too, in place of one of its own.
    #[must_use]
    pub fn with_shared_budget(mut self, budget: ByteBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Limits how many arrays and objects of a body lie inside each other; 128 by default (HTTP-013), at most
    /// [`MAX_JSON_DEPTH`](Self::MAX_JSON_DEPTH), which larger values are taken as.
    #[must_use]
    pub const fn with_json_depth(mut self, depth: usize) -> Self {
        self.json_depth = if depth > Self::MAX_JSON_DEPTH { Self::MAX_JSON_DEPTH } else { depth };
        self
    }

    /// Limits the header section, in bytes as sent; 32 KiB by default (HTTP-013). The listener should refuse what is much
    /// larger before it gets here.
    #[must_use]
    pub const fn with_header_bytes(mut self, bytes: usize) -> Self {
        self.header_bytes = bytes;
        self
    }

    /// Says who may list runs.
    #[must_use]
    pub const fn with_list_mode(mut self, mode: ListMode) -> Self {
        self.list_mode = mode;
        self
    }

    /// Says who the operators of [`ListMode::Operator`] are; everybody by default.
    #[must_use]
    pub fn with_operators(mut self, operators: Arc<dyn Operators>) -> Self {
        self.operators = Admission(Some(operators));
        self
    }

    /// Sets the page size of a listing without `pageSize`, and the largest one; 50 and 200 by default (HTTP-081). The default
    /// is lowered to the maximum if it is above it.
    #[must_use]
    pub fn with_page_sizes(mut self, default: NonZeroU32, max: NonZeroU32) -> Self {
        self.page_size = default.min(max);
        self.max_page_size = max;
        self
    }

    /// Says which pages may use the API (HTTP-028); none by default.
    #[must_use]
    pub fn with_origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// Sets the `WWW-Authenticate` of 401 answers; `Bearer` by default.
    #[must_use]
    pub fn with_challenge(mut self, challenge: HeaderValue) -> Self {
        self.challenge = challenge;
        self
    }

    /// Sets after how much silence an event stream sends a comment; 25 s by default (HTTP-105).
    #[must_use]
    pub const fn with_heartbeat(mut self, silence: Duration) -> Self {
        self.heartbeat = silence;
        self
    }

    /// Sets the least time between two statuses of a conflated event stream; 50 ms by default (FLOW-8).
    #[must_use]
    pub const fn with_status_interval(mut self, interval: Duration) -> Self {
        self.status_interval = interval;
        self
    }

    /// Limits how many event streams one caller may have open, a principal or else a network; 500 by default (HTTP-105).
    #[must_use]
    pub const fn with_streams_per_caller(mut self, streams: usize) -> Self {
        self.streams_per_caller = streams;
        self
    }

    /// Ends event streams when `readiness` says that the server drains, each with the advice to come back after a time of its own
    /// within `window` (HTTP-105); without it they go on until their connections are closed.
    #[must_use]
    pub fn with_drain(mut self, readiness: Readiness, window: Duration) -> Self {
        self.readiness = readiness;
        self.drain_window = window;
        self
    }

    /// Turns the HTTP surface of a Journey off (HTTP-006): its name and its runs are 404 here, and listings leave them out.
    #[must_use]
    pub fn without_journey(mut self, name: DefinitionName) -> Self {
        self.hidden_journeys.insert(name);
        self
    }

    /// Turns the HTTP surface of an Api off: its route is 404.
    #[must_use]
    pub fn without_api(mut self, name: DefinitionName) -> Self {
        self.hidden_apis.insert(name);
        self
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            body_budget: ByteBudget::DEFAULT,
            budget: None,
            json_depth: 128,
            header_bytes: 32 * 1024,
            list_mode: ListMode::default(),
            operators: Admission::default(),
            page_size: NonZeroU32::new(50).expect("50 is not 0"),
            max_page_size: NonZeroU32::new(200).expect("200 is not 0"),
            origins: Origins::default(),
            challenge: HeaderValue::from_static("Bearer"),
            hidden_journeys: HashSet::new(),
            hidden_apis: HashSet::new(),
            heartbeat: Duration::from_secs(25),
            status_interval: Duration::from_millis(50),
            streams_per_caller: 500,
            readiness: Readiness::starting(),
            drain_window: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HttpConfig;
    use std::num::NonZeroU32;

    #[test]
    fn http_013_defaults_and_bounds_of_limits() {
        let config = HttpConfig::default();
        assert_eq!((config.body_bytes, config.json_depth, config.header_bytes), (1 << 20, 128, 32 << 10));
        assert_eq!(config.with_json_depth(usize::MAX).json_depth, HttpConfig::MAX_JSON_DEPTH);
    }

    #[test]
    fn http_081_the_default_page_is_never_above_the_largest() {
        let size = |n| NonZeroU32::new(n).unwrap();
        assert_eq!(HttpConfig::default().with_page_sizes(size(50), size(10)).page_size, size(10));
    }
}
