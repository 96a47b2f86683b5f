//! Host and port, read in one way wherever a request or a page names them.

use std::net::Ipv6Addr;

/// Whom a request is addressed to, or where a page comes from: a name, an IPv4 address or an IPv6 address in brackets, and perhaps a port.
///
/// ```
/// use jf_core::Authority;
///
/// let read = Authority::parse("[::1]:8080").unwrap();
/// assert_eq!((read.host, read.port), ("[::1]", Some("8080")));
/// assert_eq!(Authority::parse("shop.example").unwrap().port, None);
/// assert!(Authority::parse("ann@shop.example").is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority<'a> {
    /// The host as it is written; upper and lower case are the same host.
    pub host: &'a str,
    /// What follows the colon, which is a number below 65536 or nothing; `None` without a colon.
    pub port: Option<&'a str>,
}

impl<'a> Authority<'a> {
    /// Reads `host` or `host:port`; `None` for what is more or less than that.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let is_port = |port: &str| {
            port.is_empty() || (port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok())
        };
        let is_host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
            None => Self::is_name(host),
        };
        (is_host && port.is_none_or(is_port)).then_some(Self { host, port })
    }

    /// Whether a text has the form of a name, or of an IPv4 address.
    #[must_use]
    pub fn is_name(text: &str) -> bool {
        let byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        !text.is_empty() && !text.starts_with('.') && text.bytes().all(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::Authority;

    #[test]
    fn http_028_org_1_hosts_and_ports_have_one_form() {
        for (text, host, port) in [
            ("a", "a", None),
            ("A.example.:443", "A.example.", Some("443")),
            ("a:", "a", Some("")),
            ("127.0.0.1:80", "127.0.0.1", Some("80")),
            ("[::1]", "[::1]", None),
            ("[::1]:0", "[::1]", Some("0")),
        ] {
            assert_eq!(Authority::parse(text), Some(Authority { host, port }), "{text}");
        }
        for bad in [
            "", ":80", ".a", "a b", "a/b", "u@a", "a:+1", "a:x", "a:65536", "a:1:2", "::1", "[::1", "[::g]",
            "[a]",
        ] {
            assert_eq!(Authority::parse(bad), None, "{bad}");
        }
    }
}
