//! The way out: what calls of tasks may reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use jf_task_http::{ConnectorConfig, Rewrite};
use serde_json::Value;

use super::super::{Config, kind};
use super::Use;

impl Config {
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
        config.idempotency_header = self
            .optional_text("connectors.http.idempotencyHeader")
            .map(|name| name.parse().expect("the kind of the key was checked"));
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
