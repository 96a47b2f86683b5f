//! Both bindings.

use std::net::SocketAddr;
use std::num::NonZeroUsize;

use jf_binding_http::{HttpConfig, ListMode, Origins};
use jf_binding_ws::{InBandAuth, OnMismatch, RequireStepId, WsConfig};
use jf_core::ByteBudget;
use jf_dsl::{DefinitionName, Diagnostic};
use jf_export::OpenApi;

use super::super::{Config, faults, kind::ALL};

impl Config {
    /// Whether there is an HTTP API at all (HTTP-006).
    #[must_use]
    pub fn serves_http(&self) -> bool {
        !self.texts("http.hidden").iter().any(|name| name == ALL)
    }

    /// The definitions that are not reachable over HTTP (HTTP-006), unless none is.
    #[must_use]
    pub fn hidden(&self) -> Vec<DefinitionName> {
        let names = self.texts("http.hidden");
        names.iter().filter_map(|name| DefinitionName::parse(name.as_str()).ok()).collect()
    }

    /// The fault of a hidden definition that is not there: misspelt, it would be reachable.
    pub(crate) fn unknown_hidden(&self, name: &str) -> Diagnostic {
        let message = format!("`http.hidden` names `{name}`, which is not among the definitions");
        self.fault_at("http.hidden", &faults::CONTRADICTION, message)
    }

    /// Whether runs can be listed over HTTP.
    #[must_use]
    pub fn lists_runs(&self) -> bool {
        self.serves_http() && self.text("http.list") != "off"
    }

    /// Where the contract of the HTTP API is served, if it is.
    #[must_use]
    pub fn contract_path(&self) -> Option<String> {
        self.optional_text("http.contract").filter(|_| self.serves_http())
    }

    /// The path that serves every journey over WebSocket, if there is one (MUX-2).
    #[must_use]
    pub fn shared_endpoint(&self) -> Option<String> {
        self.optional_text("websocket.sharedEndpoint")
    }

    /// What the contract says of the HTTP API beside its definitions.
    #[must_use]
    pub fn contract(&self) -> OpenApi {
        let base = self.optional_text("publicBaseUrl").unwrap_or_default();
        let options = OpenApi::default()
            .with_server(format!("{}/api/v1", base.trim_end_matches('/')))
            .with_list(self.lists_runs())
            .with_cross_origin(!self.texts("http.allowedOrigins").is_empty());
        self.hidden()
            .into_iter()
            .fold(options, |options, name| options.without_journey(name.clone()).without_api(name))
    }

    /// The HTTP binding of a server that listens at the address.
    #[must_use]
    pub fn http(&self, listener: SocketAddr) -> HttpConfig {
        let origins = Origins::default()
            .with_own(self.own_origins(listener))
            .and_then(|origins| origins.with_allowed(self.texts("http.allowedOrigins")))
            .and_then(|origins| match self.knows_certificates() {
                true => origins.with_ambient_identity(),
                false => Ok(origins),
            })
            .expect("the kinds of the keys and what excludes each other were checked");
        let hidden = self.hidden().into_iter().fold(HttpConfig::default(), |config, name| {
            config.without_journey(name.clone()).without_api(name)
        });
        hidden
            .with_body_bytes(self.body_bytes())
            .with_json_depth(self.size("limits.jsonDepth"))
            .with_header_bytes(self.size("http.headerBytes"))
            .with_list_mode(if self.lists_runs() { ListMode::Operator } else { ListMode::Off })
            .with_page_sizes(self.positive("http.pageSize"), self.positive("http.maxPageSize"))
            .with_origins(origins)
            .with_heartbeat(self.millis("http.heartbeatMs"))
            .with_status_interval(self.millis("websocket.statusMinIntervalMs"))
            .with_streams_per_caller(self.size("http.maxStreamsPerCaller"))
    }

    /// What bodies and payloads take together; one of each fits in any case.
    #[must_use]
    pub fn payload_budget(&self) -> ByteBudget {
        let least = self.body_bytes().max(self.size("websocket.limits.maxMessageBytes"));
        ByteBudget::new(self.size("limits.bodyBudget").max(least))
    }

    /// The origins a server is served under (ORG-1).
    pub(super) fn own_origins(&self, listener: SocketAddr) -> Vec<String> {
        let port = listener.port();
        match self.optional_text("publicBaseUrl") {
            Some(base) => {
                let (scheme, rest) = base.split_once("://").expect("the kind of the key was checked");
                vec![format!("{scheme}://{}", rest.split('/').next().unwrap_or_default())]
            }
            None if listener.ip().is_loopback() => {
                let scheme = self.scheme();
                ["127.0.0.1", "[::1]", "localhost"].map(|host| format!("{scheme}://{host}:{port}")).to_vec()
            }
            None => Vec::new(),
        }
    }

    /// The WebSocket binding of a server that listens at the address.
    #[must_use]
    pub fn websocket(&self, listener: SocketAddr) -> WsConfig {
        let size = |path: &str| NonZeroUsize::new(self.size(path)).expect("the key has no zero");
        let mut config = WsConfig::default();
        config.public_base_url = self.optional_text("publicBaseUrl");
        config.listener = Some(listener);
        config.listener_has_tls = self.scheme() == "https";
        config.ambient_identity = self.knows_certificates();
        config.allowed_origins = self.texts("websocket.allowedOrigins");
        config.require_origin = self.flag("websocket.requireOrigin");
        config.on_mismatch = match self.text("websocket.onMismatch").as_str() {
            "close" => OnMismatch::Close,
            "allow" => OnMismatch::Allow,
            _ => OnMismatch::Reject,
        };
        config.require_step_id = match self.text("websocket.requireStepId").as_str() {
            "shared" => RequireStepId::Shared,
            _ => RequireStepId::Never,
        };
        config.in_band_auth = match self.text("websocket.inBandAuth").as_str() {
            "off" => InBandAuth::Off,
            _ => InBandAuth::Optional,
        };
        config.subprotocol_token = self.flag("websocket.subprotocolToken");
        config.shared_endpoint = self.shared_endpoint();
        config.catalog = self.flag("websocket.catalog");
        config.status_min_interval = self.millis("websocket.statusMinIntervalMs");
        config.write_timeout = self.millis("websocket.writeTimeoutMs");
        config.heartbeat.interval = self.millis("websocket.heartbeat.intervalMs");
        config.heartbeat.timeout = self.millis("websocket.heartbeat.timeoutMs");
        config.drain_window = self.drain_window();
        config.caps.connections = self.size("http.maxConnections");
        config.caps.per_address = self.size("http.maxConnectionsPerAddress");
        config.limits.max_message_bytes = size("websocket.limits.maxMessageBytes");
        config.limits.max_payload_bytes = size("websocket.limits.maxPayloadBytes");
        config.limits.max_payload_depth = size("limits.jsonDepth");
        config.limits.max_in_flight = size("websocket.limits.maxInFlight");
        config.limits.max_subscriptions = self.size("websocket.limits.maxSubscriptions");
        config.limits.rate_per_sec = self.positive("websocket.limits.ratePerSec");
        config.limits.burst = self.positive("websocket.limits.burst");
        config.limits.idle_ms = self.long("websocket.limits.idleMs");
        config.limits.max_lifetime_ms = self.whole("websocket.limits.maxLifetimeMs");
        config.limits.max_replay_events = self.positive("websocket.limits.maxReplayEvents");
        config.limits.max_outbound_bytes = size("websocket.limits.maxOutboundBytes");
        config
    }
}
