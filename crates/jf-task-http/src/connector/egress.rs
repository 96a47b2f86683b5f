//! Where requests may go, and where they go instead (TSK-038).

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use jf_core::spi::{HttpFailure, HttpFailureKind};
use url::{Host, Url};

use super::address::is_public;
use crate::config::{ConnectorConfig, HostPattern, Origin};

const UNLISTED: &str = "the host is not in `allowHosts`";
const PRIVATE: &str = "the target lies in a private network, which `denyPrivateNetworks` refuses";

/// The egress rules of one configuration.
#[derive(Debug)]
pub(super) struct Egress {
    rewrite: HashMap<Origin, Origin>,
    exempt: HashSet<Origin>,
    allowed: Option<Vec<HostPattern>>,
    deny_private: bool,
}

/// Which client carries an admitted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The one whose resolver knows the rules.
    Ruled,
    /// The one for targets of `rewrite`, which may be anywhere.
    Exempt,
}

impl Egress {
    pub(super) fn new(config: &ConnectorConfig) -> Self {
        let mut rewrite = HashMap::new();
        for rule in &config.rewrite {
            rewrite.entry(rule.from.clone()).or_insert_with(|| rule.to.clone());
        }
        Self {
            exempt: rewrite.values().cloned().collect(),
            rewrite,
            allowed: config.allow_hosts.clone(),
            deny_private: config.denies_private_networks(),
        }
    }

    /// Whether some requests go past the address rules while others do not.
    pub(super) fn has_exemptions(&self) -> bool {
        self.deny_private && !self.exempt.is_empty()
    }

    /// Whether names must be resolved under the address rules.
    pub(super) const fn denies_private(&self) -> bool {
        self.deny_private
    }

    /// Judges the URL by its original host, then rewrites it, then judges where it really goes.
    ///
    /// # Errors
    /// `BLOCKED` when a rule refuses it. Names are judged later, by the resolver.
    pub(super) fn admit(&self, url: &mut Url) -> Result<Way, HttpFailure> {
        if let Some(allowed) = &self.allowed {
            let host = url.host();
            if !host.is_some_and(|host| allowed.iter().any(|pattern| pattern.matches(&host))) {
                return Err(blocked(UNLISTED));
            }
        }
        let origin = Origin::of(url).ok_or_else(|| blocked("the scheme is not `http` or `https`"))?;
        let target = match self.rewrite.get(&origin) {
            Some(target) => {
                target.apply(url);
                target
            }
            None => &origin,
        };
        if !self.deny_private {
            return Ok(Way::Ruled);
        }
        if self.exempt.contains(target) {
            return Ok(Way::Exempt);
        }
        // The client connects to literal addresses without asking its resolver.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        match literal {
            Some(address) if !is_public(address) => Err(private()),
            _ => Ok(Way::Ruled),
        }
    }
}

/// The refusal of an address.
pub(super) fn private() -> HttpFailure {
    blocked(PRIVATE)
}

/// The configuration that would have let a refused request pass.
pub(super) fn remedy(refused: &HttpFailure) -> &'static str {
    match refused.message() {
        UNLISTED => "add the host to `connectors.http.allowHosts`",
        PRIVATE => {
            "name the origin in `connectors.http.rewrite`, or set `connectors.http.denyPrivateNetworks: false`"
        }
        _ => "use `http` or `https`",
    }
}

fn blocked(message: &str) -> HttpFailure {
    HttpFailure::new(HttpFailureKind::Blocked, message)
}

#[cfg(test)]
mod tests {
    use jf_core::spi::HttpFailureKind;
    use serde_json::{Value, json};
    use url::Url;

    use super::{Egress, Way};
    use crate::config::ConnectorConfig;

    fn admit(config: Value, url: &str) -> Result<(String, Way), String> {
        let config: ConnectorConfig = serde_json::from_value(config).unwrap();
        let mut url = Url::parse(url).unwrap();
        match Egress::new(&config).admit(&mut url) {
            Ok(way) => Ok((url.into(), way)),
            Err(failure) => {
                assert_eq!(failure.kind(), HttpFailureKind::Blocked);
                Err(failure.message().to_owned())
            }
        }
    }

    #[test]
    fn tsk_038_literal_private_addresses_are_refused_in_every_spelling() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1:8080/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]/",
            "http://169.254.169.254/latest/meta-data/",
            "https://10.0.0.8/",
        ] {
            let refused = admit(json!({}), url).unwrap_err();
            assert!(refused.contains("private network"), "{url}: {refused}");
            assert!(admit(json!({ "denyPrivateNetworks": false }), url).is_ok(), "{url}");
        }
        assert_eq!(admit(json!({}), "https://8.8.8.8/x").unwrap().1, Way::Ruled);
        assert_eq!(admit(json!({}), "https://api.example.com/x").unwrap().1, Way::Ruled);
    }

    #[test]
    fn tsk_038_rewrite_replaces_the_origin_and_exempts_its_target() {
        let config =
            || json!({ "rewrite": [{ "from": "https://api.example.com", "to": "http://127.0.0.1:9000" }] });
        let rewritten = admit(config(), "https://api.example.com:443/a/b?c=d%2Fe").unwrap();
        assert_eq!(rewritten, ("http://127.0.0.1:9000/a/b?c=d%2Fe".to_owned(), Way::Exempt));
        // The target itself is exempt, its neighbours are not.
        assert_eq!(admit(config(), "http://127.0.0.1:9000/x").unwrap().1, Way::Exempt);
        assert!(admit(config(), "http://127.0.0.1:9001/x").is_err());
        // Another port or scheme is another origin.
        for other in
            ["https://api.example.com:8443/a", "http://api.example.com/a", "https://www.api.example.com/a"]
        {
            assert_eq!(admit(config(), other).unwrap(), (other.to_owned(), Way::Ruled));
        }
    }

    #[test]
    fn tsk_038_allow_hosts_sees_the_original_host() {
        let config = |hosts: Value| {
            json!({
                "allowHosts": hosts,
                "rewrite": [{ "from": "https://a.example.com", "to": "http://stub.internal:1" }],
            })
        };
        let hosts = json!(["a.example.com", ".partner.example"]);
        assert!(
            admit(config(hosts.clone()), "https://A.example.com./x").is_ok(),
            "case and final dot do not matter"
        );
        assert!(admit(config(hosts.clone()), "https://eu.partner.example/x").is_ok());
        for refused in [
            "https://b.example.com/",
            "https://partner.example/",
            "https://evilpartner.example/",
            "http://stub.internal:1/",
        ] {
            assert!(admit(config(hosts.clone()), refused).unwrap_err().contains("allowHosts"), "{refused}");
        }
        assert!(admit(config(json!([])), "https://a.example.com/").is_err(), "an empty list allows nothing");
        assert!(admit(json!({}), "https://a.example.com/").is_ok(), "no list allows everything");
    }
}
