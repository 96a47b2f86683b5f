//! The origins of pages, read in one way by every binding on HTTP (HTTP-028, ORG-1).

use std::fmt;

use crate::Authority;

/// The origin of a page in the form browsers write it: `scheme://host`, with `:port` if it is not the default one, in lower case.
///
/// Two texts are the same origin if and only if they parse to equal values.
///
/// ```
/// use jf_core::PageOrigin;
///
/// assert_eq!(PageOrigin::parse("HTTPS://Shop.Example:443")?, PageOrigin::parse("https://shop.example")?);
/// assert_eq!(PageOrigin::of_url("https://api.example/base/")?.as_str(), "https://api.example");
/// assert!(PageOrigin::parse("https://shop.example/").is_err());
/// # Ok::<(), jf_core::NoOrigin>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageOrigin(Box<str>);

/// A text that is not the origin of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an origin: expected scheme://host, with :port if it is not the default one, without a path")]
pub struct NoOrigin;

impl PageOrigin {
    /// Reads an origin. `null`, which pages without one have, is none.
    ///
    /// # Errors
    /// When the text is anything else: a path, a query, credentials, a wildcard, a port that is no number.
    pub fn parse(text: &str) -> Result<Self, NoOrigin> {
        let (scheme, authority) = text.split_once("://").ok_or(NoOrigin)?;
        let scheme_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.bytes().all(scheme_byte) {
            return Err(NoOrigin);
        }
        let scheme = scheme.to_ascii_lowercase();
        let Authority { host, port } = Authority::parse(authority).ok_or(NoOrigin)?;
        let port = port.map(|port| port.parse::<u16>().map_err(|_| NoOrigin)).transpose()?;
        let port = port.filter(|port| !matches!((scheme.as_str(), port), ("http", 80) | ("https", 443)));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self(format!("{scheme}://{}{port}", host.to_ascii_lowercase()).into()))
    }

    /// The origin of an absolute URL.
    ///
    /// # Errors
    /// When scheme or host are missing or of no known form.
    pub fn of_url(url: &str) -> Result<Self, NoOrigin> {
        let (scheme, rest) = url.split_once("://").ok_or(NoOrigin)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        Self::parse(&format!("{scheme}://{}", &rest[..end]))
    }

    /// The origin as browsers write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PageOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{NoOrigin, PageOrigin};

    #[test]
    fn http_028_org_1_origins_are_read_as_browsers_write_them() {
        for (given, written) in [
            ("https://Shop.Example:443", "https://shop.example"),
            ("HTTPS://shop.example", "https://shop.example"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("https://shop.example:80", "https://shop.example:80"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[::1]", "http://[::1]"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(PageOrigin::parse(given).unwrap().as_str(), written);
        }
    }

    #[test]
    fn http_028_org_1_what_is_no_origin() {
        for bad in [
            "",
            "*",
            "null",
            "shop.example",
            "https://",
            "https://:443",
            "https://a/",
            "https://a?x",
            "https://a b",
            "https://u@a",
            "https://a@b:1",
            "https://a:x",
            "https://a:+1",
            "https://a:99999",
            "https://a:",
            "://a",
            "ht tp://a",
            "https://*.example",
            "https://a\\b",
            "http://[::g]",
            "http://[::1",
        ] {
            assert_eq!(PageOrigin::parse(bad), Err(NoOrigin), "{bad}");
        }
    }

    #[test]
    fn org_1_the_origin_of_a_base_url() {
        for (url, origin) in [
            ("https://api.example/base/", "https://api.example"),
            ("http://api.example:8080?x", "http://api.example:8080"),
            ("https://api.example", "https://api.example"),
        ] {
            assert_eq!(PageOrigin::of_url(url).unwrap().as_str(), origin);
        }
        for bad in ["api.example/base", "https:///base", "https://u@api.example/"] {
            assert_eq!(PageOrigin::of_url(bad), Err(NoOrigin), "{bad}");
        }
    }
}
