//! Origins: which pages may use the API, and which requests of foreign pages are refused (HTTP-028).

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use jf_core::rests_on_ambient_identity;

/// The origins of pages and how far they are trusted. The default allows none and knows none as its own.
///
/// *Own* origins are those the API itself is served under (ORG-1): of the public base URL, or of a loopback listener. *Allowed*
/// ones get CORS headers and answers to preflights. A POST of any other page that rests on a cookie or a client certificate
/// is refused; what rests on a credential the page had to know is not, and neither are requests without `Origin`, which no
/// browser sends across sites.
///
/// ```
/// use jf_binding_http::Origins;
///
/// let origins = Origins::default()
///     .with_own(["https://api.example.org"])?
///     .with_allowed(["https://shop.example.org", "http://localhost:5173"])?
///     .with_ambient_identity()?;
/// # Ok::<(), jf_binding_http::InvalidOrigin>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Origins {
    own: Vec<HeaderValue>,
    allowed: Vec<HeaderValue>,
    any: bool,
    ambient: bool,
}

/// An origin list that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidOrigin {
    /// Not the origin of a page.
    #[error(
        "`{0}` is not an origin: expected scheme://host, with :port if it is not the default one, without a path"
    )]
    Form(String),
    /// Every page would act with the identity of its visitors.
    #[error("`*` cannot be allowed together with cookie or client-certificate identity: list the origins")]
    AnyWithAmbientIdentity,
}

impl Origins {
    /// Names origins the API is served under.
    ///
    /// # Errors
    /// When a text is not an origin.
    pub fn with_own<T: AsRef<str>>(
        mut self,
        origins: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidOrigin> {
        for origin in origins {
            self.own.push(serialized(origin.as_ref())?);
        }
        Ok(self)
    }

    /// Allows origins: exact ones, `null` for pages without one, or `*` for every page.
    ///
    /// # Errors
    /// When a text is not an origin, or `*` meets ambient identity.
    pub fn with_allowed<T: AsRef<str>>(
        mut self,
        origins: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidOrigin> {
        for origin in origins {
            match origin.as_ref() {
                "*" => self.any = true,
                "null" => self.allowed.push(HeaderValue::from_static("null")),
                origin => self.allowed.push(serialized(origin)?),
            }
        }
        self.checked()
    }

    /// Says that callers are identified by cookies or client certificates: allowed pages may send them along.
    ///
    /// # Errors
    /// When `*` is allowed.
    pub fn with_ambient_identity(mut self) -> Result<Self, InvalidOrigin> {
        self.ambient = true;
        self.checked()
    }

    fn checked(self) -> Result<Self, InvalidOrigin> {
        if self.any && self.ambient { Err(InvalidOrigin::AnyWithAmbientIdentity) } else { Ok(self) }
    }

    /// Judges the request's `Origin`.
    pub(crate) fn judge(&self, headers: &HeaderMap) -> Standing {
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Standing::Absent,
            (Some(origin), None) if self.own.contains(origin) => Standing::Own,
            (Some(origin), None) if self.any || self.allowed.contains(origin) => {
                Standing::Allowed(origin.clone())
            }
            _ => Standing::Foreign,
        }
    }

    /// Tells the browser of an allowed page that it may see the answer, and caches what the answer depends on.
    pub(crate) fn decorate(&self, standing: Standing, headers: &mut HeaderMap) {
        if !self.allowed.is_empty() {
            headers.append(VARY, HeaderValue::from_static("origin"));
        }
        let Standing::Allowed(origin) = standing else { return };
        let shown = if self.any { HeaderValue::from_static("*") } else { origin };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, shown);
        if self.ambient {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("etag, location, retry-after, idempotency-replayed"),
        );
    }
}

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// No page, or one of a browser that had no reason to say.
    Absent,
    /// A page of this very API.
    Own,
    /// A page that may use the API.
    Allowed(HeaderValue),
    /// Any other page, and headers no browser sends.
    Foreign,
}

impl Standing {
    /// Whether the request is to be refused: foreign, able to change something, and resting on ambient identity.
    pub(crate) fn is_forbidden(&self, parts: &Parts) -> bool {
        *self == Self::Foreign && parts.method == Method::POST && rests_on_ambient_identity(parts)
    }

    /// Whether the request asks for leave to send another one.
    pub(crate) fn is_preflight(&self, parts: &Parts) -> bool {
        matches!(self, Self::Allowed(_))
            && parts.method == Method::OPTIONS
            && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }
}

/// The headers that grant a preflight: the methods that work, and the request headers it asks for.
pub(crate) fn grant(allow: &'static str, asked: &HeaderMap, granted: &mut HeaderMap) {
    granted.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(allow));
    for names in asked.get_all(ACCESS_CONTROL_REQUEST_HEADERS) {
        granted.append(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    granted.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    granted.insert(VARY, HeaderValue::from_static("access-control-request-headers"));
}

/// An origin as browsers write it: lower case, without the default port.
fn serialized(origin: &str) -> Result<HeaderValue, InvalidOrigin> {
    let invalid = || InvalidOrigin::Form(origin.to_owned());
    let (scheme, authority) = origin.split_once("://").ok_or_else(invalid)?;
    let scheme_chars = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.bytes().all(scheme_chars) {
        return Err(invalid());
    }
    let scheme = scheme.to_ascii_lowercase();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            (host, Some(port.parse::<u16>().map_err(|_| invalid())?))
        }
        _ => (authority, None),
    };
    let v6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let valid = match v6 {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        }
    };
    if !valid {
        return Err(invalid());
    }
    let port = port.filter(|port| !matches!((scheme.as_str(), port), ("http", 80) | ("https", 443)));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    HeaderValue::try_from(format!("{scheme}://{}{port}", host.to_ascii_lowercase())).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::{InvalidOrigin, Origins, Standing, serialized};
    use http::header::ORIGIN;
    use http::{HeaderMap, HeaderValue};

    #[test]
    fn http_028_origins_are_normalised_as_browsers_write_them() {
        for (given, written) in [
            ("https://Shop.Example:443", "https://shop.example"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("https://shop.example:80", "https://shop.example:80"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[::1]", "http://[::1]"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(serialized(given).unwrap(), written);
        }
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
            "https://a:x",
            "https://a:99999",
            "https://a:",
            "://a",
            "ht tp://a",
            "https://*.example",
            "http://[::g]",
        ] {
            assert_eq!(serialized(bad), Err(InvalidOrigin::Form(bad.to_owned())));
        }
    }

    #[test]
    fn http_028_origins_match_exactly() {
        let origins = Origins::default()
            .with_own(["https://api.example"])
            .unwrap()
            .with_allowed(["https://shop.example", "null"])
            .unwrap();
        let judge = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(ORIGIN, HeaderValue::from_static(line));
            }
            origins.judge(&headers)
        };
        assert_eq!(judge(&[]), Standing::Absent);
        assert_eq!(judge(&["https://api.example"]), Standing::Own);
        for allowed in ["https://shop.example", "null"] {
            assert_eq!(judge(&[allowed]), Standing::Allowed(HeaderValue::from_static(allowed)));
        }
        for foreign in [
            &["http://shop.example"][..],
            &["https://shop.example:444"],
            &["https://shop.example.evil"],
            &["https://evil-shop.example"],
            &["https://shop.example/"],
            &["https://shop.example", "https://evil.example"],
            &[""],
        ] {
            assert_eq!(judge(foreign), Standing::Foreign, "{foreign:?}");
        }
        let null = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("null"))]);
        assert_eq!(Origins::default().judge(&null), Standing::Foreign);
    }

    #[test]
    fn http_028_a_star_never_goes_with_ambient_identity() {
        let any = Origins::default().with_allowed(["*"]).unwrap();
        assert_eq!(any.with_ambient_identity().unwrap_err(), InvalidOrigin::AnyWithAmbientIdentity);
        let ambient = Origins::default().with_ambient_identity().unwrap();
        assert_eq!(ambient.with_allowed(["*"]).unwrap_err(), InvalidOrigin::AnyWithAmbientIdentity);
    }
}
