//! The parts of a system as the configuration sets them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use jf_binding_http::{HttpConfig, ListMode, Origins};
use jf_binding_ws::{OnMismatch, RequireStepId, WsConfig};
use jf_core::spi::{EvalLimits, RegistriesBuilder};
use jf_dsl::{Diagnostic, MetadataLimits, SizeLimits, Version};
use jf_engine::EngineConfig;
use jf_machine::OutputValidation;
use jf_store::{MemoryStore, Retention, Store};
use jf_task_http::{ConnectorConfig, Rewrite};
use serde_json::Value;

use super::faults::{self, ConfigRule};
use super::{Config, kind};
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
            keep_alive: self.millis("http.keepAliveMs"),
        }
    }

    /// How long a stopping server finishes what is in flight.
    #[must_use]
    pub fn drain_window(&self) -> Duration {
        self.millis("websocket.drain.windowMs")
    }

    /// Whether runs can be listed over HTTP.
    #[must_use]
    pub fn lists_runs(&self) -> bool {
        self.text("http.list") != "off"
    }

    /// The HTTP binding of a server that listens at the address.
    #[must_use]
    pub fn http(&self, listener: SocketAddr) -> HttpConfig {
        let origins = Origins::default()
            .with_own(self.own_origins(listener))
            .and_then(|origins| origins.with_allowed(self.texts("http.allowedOrigins")))
            .expect("the kinds of the keys were checked");
        HttpConfig::default()
            .with_body_bytes(self.size("limits.bodyBytes"))
            .with_json_depth(self.size("limits.jsonDepth"))
            .with_header_bytes(self.size("http.headerBytes"))
            .with_list_mode(if self.lists_runs() { ListMode::Operator } else { ListMode::Off })
            .with_page_sizes(self.positive("http.pageSize"), self.positive("http.maxPageSize"))
            .with_origins(origins)
    }

    /// The origins a server is served under (ORG-1).
    fn own_origins(&self, listener: SocketAddr) -> Vec<String> {
        let port = listener.port();
        match self.optional_text("publicBaseUrl") {
            Some(base) => {
                let (scheme, rest) = base.split_once("://").expect("the kind of the key was checked");
                vec![format!("{scheme}://{}", rest.split('/').next().unwrap_or_default())]
            }
            None if listener.ip().is_loopback() => {
                ["127.0.0.1", "[::1]", "localhost"].map(|host| format!("http://{host}:{port}")).to_vec()
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
        config.subprotocol_token = self.flag("websocket.subprotocolToken");
        config.shared_endpoint = self.optional_text("websocket.sharedEndpoint");
        config.catalog = self.flag("websocket.catalog");
        config.status_min_interval = self.millis("websocket.statusMinIntervalMs");
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

    /// The engine. Metadata limits come from the caller, since definitions may bring some (DEF-116).
    #[must_use]
    pub fn engine(&self, metadata: MetadataLimits) -> EngineConfig {
        let mut config = EngineConfig::default();
        config.environment = self.text("environment").into();
        config.public_base_url = self.optional_text("publicBaseUrl");
        config.sync_wait = self.duration("limits.syncWait");
        config.early_submission = self.duration("limits.earlySubmission");
        config.start_keys_kept = self.duration("limits.startKeys");
        config.concurrent_tasks = self.size("limits.concurrentTasks");
        config.admission = self.size("limits.admission");
        config.background_jobs = self.size("limits.backgroundJobs");
        config.limits.transitions_per_segment = self.count("limits.transitionsPerSegment");
        config.limits.context_bytes = self.size("limits.contextBytes");
        config.limits.metadata = metadata;
        config.limits.output_validation = match self.text("validation.output").as_str() {
            "off" => OutputValidation::Off,
            "enforce" => OutputValidation::Enforce,
            _ => OutputValidation::Warn,
        };
        config
    }

    /// Where runs live, empty.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        debug_assert_eq!(self.text("store"), "memory", "the kind of the key takes nothing else yet");
        Arc::new(MemoryStore::with_retention(self.retention()))
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

    /// The way out.
    #[must_use]
    pub fn connector(&self, purpose: Use) -> ConnectorConfig {
        let mut config = ConnectorConfig::default();
        config.rewrite = self.rewrites(purpose);
        config.allow_hosts = self.get("connectors.http.allowHosts").map(|_| {
            let hosts = self.texts("connectors.http.allowHosts");
            hosts.iter().map(|host| host.parse().expect("the kind of the key was checked")).collect()
        });
        let is_server = matches!(purpose, Use::Server(_));
        let denies = self.optional_flag("connectors.http.denyPrivateNetworks").unwrap_or(is_server);
        config.deny_private_networks = Some(denies);
        config.timeout_ms = self.long("connectors.http.timeoutMs");
        config.connect_timeout_ms = self.long("connectors.http.connectTimeoutMs");
        config.max_response_bytes = self.long("connectors.http.maxResponseBytes");
        config.max_request_bytes = self.long("connectors.http.maxRequestBytes");
        config.pool.max_idle_per_host = self.size("connectors.http.pool.maxIdlePerHost");
        config.pool.idle_timeout_ms = self.long("connectors.http.pool.idleTimeoutMs");
        config
    }

    /// The rewriting rules, `self` resolved. A command has no listener: rules to it are left out.
    fn rewrites(&self, purpose: Use) -> Vec<Rewrite> {
        let own = match purpose {
            Use::Server(listener) => Some(format!("http://{}", reachable(listener))),
            Use::Command => None,
        };
        let origin = |text: &str| text.parse().expect("the kind of the key was checked");
        let rules = self.list("connectors.http.rewrite");
        let rules = rules.iter().filter_map(|rule| {
            let side = |name: &str| rule.get(name).and_then(Value::as_str);
            let to = side("to")?;
            let to = if to == kind::SELF { own.as_deref()? } else { to };
            Some(Rewrite { from: origin(side("from")?), to: origin(to) })
        });
        rules.collect()
    }

    /// What registries take from the configuration; engines and plugins are registered by the caller.
    pub(crate) fn registries(
        &self,
        mut builder: RegistriesBuilder,
        metadata: MetadataLimits,
    ) -> RegistriesBuilder {
        for (path, given) in self.below("platform.config") {
            let (definition, key) = path.split_once('.').expect("the key has two names");
            builder = builder.platform_config(definition, key, given.value.clone());
        }
        let mut sizes = SizeLimits::default();
        sizes.file_bytes = self.size("limits.definition.fileBytes");
        sizes.nesting = self.size("limits.definition.nesting");
        sizes.states = self.size("limits.definition.states");
        builder.metadata_limits(metadata).size_limits(sizes).development(self.flag("development"))
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
        EvalLimits { time, output_bytes: usize::try_from(output_bytes).unwrap_or(usize::MAX) }
    }

    /// The limits on metadata: the given values over those of a `MetadataLimits` document (DEF-116).
    #[must_use]
    pub fn metadata_limits(&self, document: MetadataLimits) -> MetadataLimits {
        let mut limits = document;
        let given = |path: &str| self.values.get(path).and_then(|given| given.value.as_u64());
        for (path, limit) in [
            ("metadataLimits.definitionTags.maxCount", &mut limits.definition_tags_max_count),
            ("metadataLimits.instanceTags.maxCount", &mut limits.instance_tags_max_count),
            ("metadataLimits.instanceTags.maxLength", &mut limits.instance_tags_max_length),
            ("metadataLimits.attributes.maxKeys", &mut limits.attributes_max_keys),
            ("metadataLimits.attributes.maxKeyLength", &mut limits.attributes_max_key_length),
            ("metadataLimits.attributes.maxValueLength", &mut limits.attributes_max_value_length),
        ] {
            *limit = given(path).unwrap_or(*limit);
        }
        let execution = given("metadataLimits.execution.defaultMaxDurationSec");
        limits.default_max_duration_sec = execution.or(limits.default_max_duration_sec);
        let bound = given("metadataLimits.execution.maxDurationUpperBoundSec");
        limits.max_duration_upper_bound_sec = bound.or(limits.max_duration_upper_bound_sec);
        limits
    }

    /// The versions that are pinned to serve new runs (DEF-028).
    #[must_use]
    pub fn pins(&self) -> Vec<(String, Version)> {
        let pins = self.below("serve");
        pins.map(|(name, given)| {
            let version = given.value.as_str().and_then(|text| text.parse().ok());
            (name.to_owned(), version.expect("the kind of the key was checked"))
        })
        .collect()
    }

    /// The fault of a pin that nothing deployed answers to.
    pub(crate) fn unknown_pin(&self, name: &str, deployed: &[String]) -> Diagnostic {
        let fault = self.fault_at(
            &format!("serve.{name}"),
            &faults::CONTRADICTION,
            format!("`serve.{name}` names a version that is not among the definitions"),
        );
        fault.help(if deployed.is_empty() {
            format!("there is no definition `{name}`")
        } else {
            format!("deployed: {}", deployed.join(", "))
        })
    }

    /// The fault of a configured value for a definition that is not there.
    pub(crate) fn unknown_definitions<'a>(&'a self, known: &'a [&str]) -> Vec<&'a str> {
        let mut names: Vec<&str> = self
            .below("platform.config")
            .filter_map(|(path, _)| path.split('.').next())
            .filter(|name| !known.contains(name))
            .collect();
        names.dedup();
        names
    }

    /// Values that exclude each other.
    pub(super) fn contradictions(&self) -> Vec<Diagnostic> {
        let rule: &ConfigRule = &faults::CONTRADICTION;
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

/// The address under which a listener can be reached from its own machine.
fn reachable(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listener.port())
}

#[cfg(test)]
mod tests {
    use jf_binding_ws::WsConfig;
    use jf_core::spi::EvalLimits;
    use jf_dsl::MetadataLimits;
    use jf_engine::EngineConfig;
    use jf_store::Retention;
    use jf_task_http::ConnectorConfig;
    use serde_json::json;

    use super::{Config, Use};

    /// The table and the crates below agree on what holds without configuration.
    #[test]
    fn eng_145_defaults_are_those_of_the_parts() {
        let config = Config::default();
        assert_eq!(config.engine(MetadataLimits::default()), EngineConfig::default());
        assert_eq!(config.retention(), Retention::default());
        assert_eq!(config.expression_limits("jq"), EvalLimits::default());
        assert_eq!(config.metadata_limits(MetadataLimits::default()), MetadataLimits::default());
        let server = Use::Server("127.0.0.1:8080".parse().unwrap());
        let mut connector = ConnectorConfig::default();
        connector.deny_private_networks = Some(true);
        assert_eq!(config.connector(server), connector);
        let (ours, theirs) = (config.websocket("127.0.0.1:8080".parse().unwrap()), WsConfig::default());
        assert_eq!(ours.limits, theirs.limits);
        assert_eq!((ours.heartbeat, ours.drain_window), (theirs.heartbeat, theirs.drain_window));
        assert_eq!(ours.status_min_interval, theirs.status_min_interval);
    }

    #[test]
    fn tsk_038_self_is_the_listener_and_nothing_without_one() {
        let rules = json!([{"from": "http://pricing.example", "to": "self"}, {"from": "http://a.example", "to": "http://b.example"}]);
        let config = Config::default().with("connectors.http.rewrite", rules).unwrap();
        let targets = |purpose| -> Vec<String> {
            config.connector(purpose).rewrite.iter().map(|rule| rule.to.to_string()).collect()
        };
        let any = Use::Server("0.0.0.0:9000".parse().unwrap());
        assert_eq!(targets(any), ["http://127.0.0.1:9000", "http://b.example:80"]);
        assert_eq!(targets(Use::Server("[::]:9000".parse().unwrap()))[0], "http://[::1]:9000");
        assert_eq!(targets(Use::Command), ["http://b.example:80"]);
        assert!(!config.connector(Use::Command).denies_private_networks());
        assert!(config.connector(any).denies_private_networks());
    }

    #[test]
    fn exp_045_limits_of_one_language_win_over_the_common_ones() {
        let config = Config::default()
            .with("plugins.expressions.defaults.maxEvalMs", 100)
            .and_then(|config| config.with("plugins.expressions.engines.jq.maxEvalMs", 200))
            .unwrap();
        assert_eq!(config.expression_limits("jq").time.as_millis(), 200);
        assert_eq!(config.expression_limits("jsonata").time.as_millis(), 100);
    }

    #[test]
    fn def_116_the_configuration_wins_over_the_document_and_the_document_over_the_defaults() {
        let mut document = MetadataLimits::default();
        (document.attributes_max_keys, document.instance_tags_max_count) = (3, 4);
        let config = Config::default().with("metadataLimits.attributes.maxKeys", 5).unwrap();
        let limits = config.metadata_limits(document);
        assert_eq!(
            (limits.attributes_max_keys, limits.instance_tags_max_count, limits.instance_tags_max_length),
            (5, 4, 40)
        );
    }

    #[test]
    fn org_1_own_origins_are_the_public_one_or_those_of_a_loopback_listener() {
        let config = Config::default().with("publicBaseUrl", "https://j.example.com/flows").unwrap();
        assert_eq!(config.own_origins("127.0.0.1:80".parse().unwrap()), ["https://j.example.com"]);
        assert_eq!(Config::default().own_origins("127.0.0.1:81".parse().unwrap()).len(), 3);
        assert!(Config::default().own_origins("0.0.0.0:81".parse().unwrap()).is_empty());
    }
}
