//! Which pages may connect (ORG-1 to ORG-3): browsers let any page open a WebSocket and send cookies along.

use std::collections::HashSet;

use http::HeaderMap;
use http::header::ORIGIN;
use jf_core::PageOrigin;

use crate::config::WsConfig;

/// The origins a handshake may come from.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    exact: HashSet<PageOrigin>,
    /// Pages without an origin, which send `null`.
    null: bool,
    any: bool,
    required: bool,
}

impl Origins {
    /// Collects them; entries that are no origins become problems.
    pub(crate) fn new(config: &WsConfig, problems: &mut Vec<String>) -> Self {
        let mut origins = Self { required: config.require_origin, ..Self::default() };
        for entry in &config.allowed_origins {
            match entry.as_str() {
                "*" => origins.any = true,
                "null" => origins.null = true,
                entry => match PageOrigin::parse(entry) {
                    Ok(origin) => drop(origins.exact.insert(origin)),
                    Err(_) => {
                        problems.push(format!("`{entry}` in `allowedOrigins` is not `scheme://host[:port]`"))
                    }
                },
            }
        }
        match (&config.public_base_url, config.listener) {
            (Some(base), _) => match PageOrigin::of_url(base) {
                Ok(origin) => drop(origins.exact.insert(origin)),
                Err(_) => problems.push("`publicBaseUrl` is not an absolute URL".to_owned()),
            },
            (None, Some(address)) if address.ip().is_loopback() => {
                let scheme = if config.listener_has_tls { "https" } else { "http" };
                for host in ["127.0.0.1", "[::1]", "localhost"] {
                    origins.exact.extend(PageOrigin::parse(&format!("{scheme}://{host}:{}", address.port())));
                }
            }
            (None, _) => {}
        }
        origins
    }

    /// Whether a handshake with these headers may go on. `ambient` tells that its identity came by itself, as with a cookie;
    /// then "any" is not enough.
    pub(crate) fn admit(&self, headers: &HeaderMap, ambient: bool) -> bool {
        let mut values = headers.get_all(ORIGIN).iter();
        match (values.next(), values.next()) {
            (None, _) => !self.required,
            (Some(origin), None) => {
                let origin = origin.to_str().unwrap_or_default();
                let known = match PageOrigin::parse(origin) {
                    Ok(origin) => self.exact.contains(&origin),
                    Err(_) => self.null && origin == "null",
                };
                known || (self.any && !ambient)
            }
            (Some(_), Some(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Origins;
    use crate::WsConfig;
    use http::header::ORIGIN;
    use http::{HeaderMap, HeaderValue};

    fn origins(change: impl FnOnce(&mut WsConfig)) -> Origins {
        let mut config = WsConfig::default();
        change(&mut config);
        config.check().unwrap()
    }

    fn admits(origins: &Origins, values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ORIGIN, HeaderValue::from_str(value).unwrap());
        }
        origins.admit(&headers, false)
    }

    #[test]
    fn org_1_look_alikes_and_other_ports_are_refused() {
        let origins = origins(|c| {
            c.allowed_origins = vec!["https://shop.example".into(), "http://dev.example:8080".into()]
        });
        for good in [
            "https://shop.example",
            "https://shop.example:443",
            "HTTPS://SHOP.example",
            "http://dev.example:8080",
        ] {
            assert!(admits(&origins, &[good]), "{good}");
        }
        for bad in [
            "http://shop.example",
            "https://shop.example:8443",
            "https://shop.example.evil.test",
            "https://evilshop.example",
            "https://shop.example/",
            "https://shop.example@evil.test",
            "https://shop.example:",
            "http://dev.example",
            "null",
            "",
            "*",
            "shop.example",
        ] {
            assert!(!admits(&origins, &[bad]), "{bad}");
        }
        assert!(!admits(&origins, &["https://shop.example", "https://shop.example"]), "one header line only");
    }

    #[test]
    fn org_1_null_only_if_listed() {
        assert!(admits(&origins(|c| c.allowed_origins = vec!["null".into()]), &["null"]));
        assert!(!admits(&origins(|_| ()), &["null"]));
    }

    #[test]
    fn org_1_own_origins_come_from_the_base_url_or_a_loopback_listener() {
        let public = origins(|c| {
            c.public_base_url = Some("https://api.example/base/".into());
            c.listener = Some("127.0.0.1:8080".parse().unwrap());
        });
        assert!(admits(&public, &["https://api.example"]));
        assert!(!admits(&public, &["http://127.0.0.1:8080"]));
        let local = origins(|c| c.listener = Some("127.0.0.1:8080".parse().unwrap()));
        for good in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
            assert!(admits(&local, &[good]), "{good}");
        }
        assert!(!admits(&local, &["http://localhost:3000"]));
        let encrypted = origins(|c| {
            c.listener = Some("127.0.0.1:8443".parse().unwrap());
            c.listener_has_tls = true;
        });
        assert!(admits(&encrypted, &["https://localhost:8443"]));
        assert!(!admits(&encrypted, &["http://localhost:8443"]));
        let open = origins(|c| c.listener = Some("0.0.0.0:8080".parse().unwrap()));
        assert!(!admits(&open, &["http://localhost:8080"]));
    }

    #[test]
    fn org_2_an_absent_origin_is_allowed_unless_required() {
        assert!(admits(&origins(|_| ()), &[]));
        assert!(!admits(&origins(|c| c.require_origin = true), &[]));
    }

    #[test]
    fn org_3_any_origin_is_not_enough_for_ambient_identity() {
        let any = origins(|c| c.allowed_origins = vec!["*".into()]);
        assert!(admits(&any, &["https://anywhere.test"]));
        let mut headers = HeaderMap::new();
        headers.append(ORIGIN, HeaderValue::from_static("https://anywhere.test"));
        assert!(!any.admit(&headers, true));
    }
}
