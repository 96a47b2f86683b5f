//! What a platform may set (§22 of the protocol). Every value has a default; none comes from a definition.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use jf_core::ByteBudget;
use serde::Serialize;

use crate::authenticator::Authenticator;
use crate::drain::Drain;
use crate::origin::Origins;

/// Settings of the binding. Begin with `default()` and change what differs.
///
/// ```
/// use std::time::Duration;
///
/// let mut config = jf_binding_ws::WsConfig::default();
/// config.allowed_origins.push("https://shop.example".to_owned());
/// config.heartbeat.interval = Duration::from_secs(20);
/// # let _ = config;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WsConfig {
    /// Base of the server as clients see it; its origin counts as ours (ORG-1).
    pub public_base_url: Option<String>,
    /// Where the server listens. On a loopback address, and without a public base URL, its origins count as ours.
    pub listener: Option<SocketAddr>,
    /// The listener speaks TLS, so that its own origins begin with `https`.
    pub listener_has_tls: bool,
    /// Further origins that may connect: `scheme://host[:port]`, exactly; `null`; or `*` alone.
    pub allowed_origins: Vec<String>,
    /// Refuse handshakes without `Origin` (ORG-2).
    pub require_origin: bool,
    /// The platform takes identity from cookies or client certificates. Excludes `*` in `allowed_origins` (ORG-3).
    pub ambient_identity: bool,
    /// What happens to a handshake that does not offer the subprotocol a definition asks for (SP-1).
    pub on_mismatch: OnMismatch,
    /// Accept a bearer token as an entry of the offered subprotocols, for scripts in browsers (SP-6).
    pub subprotocol_token: bool,
    /// Whether frames may carry a credential (AUTH-5).
    pub in_band_auth: InBandAuth,
    /// Who judges bearer tokens for the platform. Without one the platform knows nobody by a token: a token in a frame then takes the place of
    /// the `Authorization` header of the handshake, for the tasks of journeys to judge, unless a layer in front has said who the
    /// client is, or when that ends.
    pub authenticator: Option<Arc<dyn Authenticator>>,
    /// What happens when a credential expires that the platform knows the expiry of (AUTH-4).
    pub on_expiry: OnExpiry,
    /// One more path that serves every definition without a subprotocol of its own (MUX-2); usually `/ws/journeys`. A definition
    /// that names this path itself may not have one either (SP-5).
    pub shared_endpoint: Option<String>,
    /// Whether a step needs a `stepId` where its type is shared by several states (RT-8).
    pub require_step_id: RequireStepId,
    /// Tell in `welcome` what can be started.
    pub catalog: bool,
    /// Base of the HTTP binding, for the addresses of documents that are too large for a frame (LIM-3).
    pub http_base: String,
    /// What one connection may do.
    pub limits: Limits,
    /// How many connections there may be.
    pub caps: Caps,
    /// What the payloads of all connections that are not answered yet may take together; beyond it they are `unavailable`. A clone of the
    /// budget of another binding is shared with it. Up to 4 KiB at a time of each connection are not counted.
    pub payload_budget: ByteBudget,
    /// How dead connections are found.
    pub heartbeat: Heartbeat,
    /// Time between the announcement of a shutdown and the last close (DRAIN-4: less than the grace of the platform).
    pub drain_window: Duration,
    /// Least time between two conflated status pushes of one run on one connection (FLOW-8). Where each status is wanted it would only
    /// make the reader fall behind.
    pub status_min_interval: Duration,
    /// A write without progress for so long ends the connection (FLOW-6).
    pub write_timeout: Duration,
    /// Bytes of replies that may wait to be written; a single one is always allowed (FLOW-6).
    pub reply_backlog_bytes: NonZeroUsize,
    /// How shutdown is announced. Keep a clone of it.
    pub drain: Drain,
}

impl Default for WsConfig {
    fn default() -> Self {
        Self {
            public_base_url: None,
            listener: None,
            listener_has_tls: false,
            allowed_origins: Vec::new(),
            require_origin: false,
            ambient_identity: false,
            on_mismatch: OnMismatch::Reject,
            subprotocol_token: false,
            in_band_auth: InBandAuth::Optional,
            authenticator: None,
            on_expiry: OnExpiry::Close,
            shared_endpoint: None,
            require_step_id: RequireStepId::Never,
            catalog: true,
            http_base: "/api/v1".to_owned(),
            limits: Limits::default(),
            caps: Caps::default(),
            payload_budget: ByteBudget::default(),
            heartbeat: Heartbeat::default(),
            drain_window: Duration::from_secs(20),
            status_min_interval: Duration::from_millis(50),
            write_timeout: Duration::from_secs(10),
            reply_backlog_bytes: size(4 << 20),
            drain: Drain::new(),
        }
    }
}

/// What happens to a handshake that does not offer the subprotocol of the path (SP-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnMismatch {
    /// It is refused with 400.
    #[default]
    Reject,
    /// It is accepted and closed at once with 4406, which scripts in browsers can read.
    Close,
    /// An absent offer is accepted; a wrong one is refused.
    Allow,
}

/// Whether frames may carry a credential (AUTH-5, IDLE-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum InBandAuth {
    /// They may not.
    Off,
    /// They may.
    #[default]
    Optional,
    /// A connection whose handshake has authenticated nobody must begin with a `hello` that does. Needs an authenticator.
    Required,
}

/// What happens when a credential expires (AUTH-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnExpiry {
    /// The connection is closed with 4401.
    #[default]
    Close,
    /// Subscriptions end, and until another credential comes requests are refused as `unauthenticated`.
    Degrade,
}

/// Whether a step needs a `stepId` (RT-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RequireStepId {
    /// Never.
    #[default]
    Never,
    /// Where several states share the message type.
    Shared,
}

/// What one connection may do; told in `welcome` and constant for its life (LIM-6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a message (LIM-1).
    pub max_message_bytes: NonZeroUsize,
    /// Bytes of a payload in a message.
    pub max_payload_bytes: NonZeroUsize,
    /// Requests without their terminal reply (FLOW-5).
    pub max_in_flight: NonZeroUsize,
    /// Subscriptions (LIM-5).
    pub max_subscriptions: usize,
    /// Characters of a key (IDEM-8).
    #[serde(rename = "maxKeyBytes")]
    max_key_bytes: usize,
    /// Requests per second in the long run (LIM-4).
    pub rate_per_sec: NonZeroU32,
    /// Requests at once.
    pub burst: NonZeroU32,
    /// Milliseconds without subscription, request or frame after which the connection is closed (IDLE-1).
    pub idle_ms: NonZeroU64,
    /// Milliseconds a connection may live; 0 is no limit.
    pub max_lifetime_ms: u64,
    /// Events replayed one by one (SUB-6).
    pub max_replay_events: NonZeroU32,
    /// Bytes of a frame the server sends; larger documents are named, not sent (LIM-3).
    pub max_outbound_bytes: NonZeroUsize,
    /// Containers inside each other in a payload (LIM-2).
    #[serde(skip)]
    pub max_payload_depth: NonZeroUsize,
}

impl Default for Limits {
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).expect("not 0");
        Self {
            max_message_bytes: size((1 << 20) + (64 << 10)),
            max_payload_bytes: size(1 << 20),
            max_in_flight: size(32),
            max_subscriptions: 256,
            max_key_bytes: 255,
            rate_per_sec: number(50),
            burst: number(100),
            idle_ms: NonZeroU64::new(600_000).expect("not 0"),
            max_lifetime_ms: 0,
            max_replay_events: number(300),
            max_outbound_bytes: size(8 << 20),
            max_payload_depth: size(128),
        }
    }
}

/// How many connections there may be (LIM-4). Beyond a cap handshakes are answered 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caps {
    /// In all.
    pub connections: usize,
    /// From one address, where the server tells it (`ConnectInfo<SocketAddr>` of axum).
    pub per_address: usize,
    /// Of one principal, where a layer tells it ([`jf_core::Principal`]) or the authenticator finds it at the handshake.
    pub per_principal: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { connections: 100_000, per_address: 10_000, per_principal: 1_000 }
    }
}

/// How dead connections are found (HB-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heartbeat {
    /// Silence after which the server probes.
    pub interval: Duration,
    /// How long an answer to a probe may take; less than the interval (HB-5).
    pub timeout: Duration,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { interval: Duration::from_secs(25), timeout: Duration::from_secs(10) }
    }
}

/// The settings cannot be used. Everything that is wrong is in `problems`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the WebSocket binding cannot start: {}", problems.join("; "))]
#[non_exhaustive]
pub struct ConfigError {
    /// One sentence each, naming the setting.
    pub problems: Vec<String>,
}

impl WsConfig {
    /// Checks what can be checked without an engine.
    pub(crate) fn check(&self) -> Result<Origins, ConfigError> {
        let mut problems = Vec::new();
        let mut check = |holds: bool, problem: &str| {
            if !holds {
                problems.push(problem.to_owned());
            }
        };
        check(
            self.heartbeat.timeout < self.heartbeat.interval && !self.heartbeat.timeout.is_zero(),
            "`heartbeat.timeout` must be less than `heartbeat.interval` and not 0",
        );
        check(
            self.limits.max_payload_bytes <= self.limits.max_message_bytes,
            "`limits.maxPayloadBytes` must not exceed `limits.maxMessageBytes`",
        );
        check(!self.drain_window.is_zero(), "the drain window must not be 0");
        check(!self.write_timeout.is_zero(), "the write time-out must not be 0");
        let times =
            [self.heartbeat.interval, self.drain_window, self.write_timeout, self.status_min_interval];
        check(times.iter().all(|time| *time <= LONGEST), "a time of the WebSocket settings exceeds a day");
        let any = self.allowed_origins.iter().any(|origin| origin == "*");
        check(!any || self.allowed_origins.len() == 1, "`allowedOrigins` has other entries beside `*`");
        check(
            !(any && self.ambient_identity),
            "`allowedOrigins: [\"*\"]` is not possible together with identity from cookies or client certificates",
        );
        check(
            self.in_band_auth != InBandAuth::Required || self.authenticator.is_some(),
            "`inBandAuth: required` needs an authenticator: without one any token would do",
        );
        if let Some(path) = &self.shared_endpoint {
            check(
                path.starts_with('/')
                    && !path.starts_with("//")
                    && !jf_dsl::is_server_path(path)
                    && is_plain_path(path),
                "`sharedEndpoint` must be a path beside those of the server: `/api`, `/livez`, `/readyz`",
            );
        }
        let origins = Origins::new(self, &mut problems);
        if problems.is_empty() { Ok(origins) } else { Err(ConfigError { problems }) }
    }
}

/// Longer times are mistakes, and could not be added to the clock in the end.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

fn is_plain_path(path: &str) -> bool {
    path.bytes().all(|b| b.is_ascii_graphic() && !b"?#{}".contains(&b))
}

const fn size(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("not 0")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::WsConfig;

    fn problems(change: impl FnOnce(&mut WsConfig)) -> Vec<String> {
        let mut config = WsConfig::default();
        change(&mut config);
        config.check().map_or_else(|error| error.problems, |_| Vec::new())
    }

    #[test]
    fn hb_5_the_interval_exceeds_the_time_out() {
        assert_eq!(problems(|_| ()), Vec::<String>::new());
        assert_eq!(problems(|c| c.heartbeat.timeout = c.heartbeat.interval).len(), 1);
        assert_eq!(problems(|c| c.heartbeat.timeout = Duration::ZERO).len(), 1);
    }

    #[test]
    fn times_beyond_a_day_are_mistakes() {
        assert_eq!(problems(|c| c.drain_window = Duration::MAX).len(), 1);
        assert_eq!(problems(|c| c.heartbeat.interval = Duration::from_secs(100_000)).len(), 1);
    }

    #[test]
    fn org_3_any_origin_and_ambient_identity_exclude_each_other() {
        assert_eq!(problems(|c| c.allowed_origins = vec!["*".into()]), Vec::<String>::new());
        let both = problems(|c| {
            c.allowed_origins = vec!["*".into()];
            c.ambient_identity = true;
        });
        assert_eq!(both.len(), 1);
    }

    #[test]
    fn idle_2_a_required_credential_needs_somebody_to_judge_it() {
        assert_eq!(problems(|c| c.in_band_auth = super::InBandAuth::Required).len(), 1);
    }

    /// Also WS-006, HTTP-029.
    #[test]
    fn mux_2_the_shared_endpoint_is_no_path_of_the_server() {
        let shared = |path: &str| problems(|c| c.shared_endpoint = Some(path.to_owned())).len();
        for path in ["/ws/journeys", "/", "/apis"] {
            assert_eq!(shared(path), 0, "{path}");
        }
        for path in ["/api", "/api/v1/ws", "/livez", "/readyz", "ws", "//ws", "/ws?x", ""] {
            assert_eq!(shared(path), 1, "{path}");
        }
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let all = problems(|c| {
            c.allowed_origins = vec!["*".into(), "https://a/b".into()];
            c.shared_endpoint = Some("/api/ws".into());
            c.drain_window = Duration::ZERO;
            c.limits.max_payload_bytes = c.limits.max_message_bytes.saturating_add(1);
        });
        assert_eq!(all.len(), 5, "{all:?}");
    }

    #[test]
    fn lim_6_limits_are_told_by_the_names_of_the_protocol() {
        let text = serde_json::to_string(&super::Limits::default()).unwrap();
        assert_eq!(
            text,
            r#"{"maxMessageBytes":1114112,"maxPayloadBytes":1048576,"maxInFlight":32,"maxSubscriptions":256,"maxKeyBytes":255,"ratePerSec":50,"burst":100,"idleMs":600000,"maxLifetimeMs":0,"maxReplayEvents":300,"maxOutboundBytes":8388608}"#
        );
    }
}
