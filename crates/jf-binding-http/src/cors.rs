//! Origins: which pages may use the API, and which requests of foreign pages are refused (HTTP-028).

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use jf_core::{PageOrigin, rests_on_ambient_identity};

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
    own: Vec<PageOrigin>,
    allowed: Vec<PageOrigin>,
    /// Pages without an origin, which send `null`.
    null: bool,
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
            self.own.push(parse(origin.as_ref())?);
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
                "null" => self.null = true,
                origin => self.allowed.push(parse(origin)?),
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
        let text = match (origins.next(), origins.next()) {
            (None, _) => return Standing::Absent,
            (Some(origin), None) => origin,
            (Some(_), Some(_)) => return Standing::Foreign,
        };
        let origin = text.to_str().ok().and_then(|text| PageOrigin::parse(text).ok());
        let is_in = |list: &[PageOrigin]| origin.as_ref().is_some_and(|origin| list.contains(origin));
        if is_in(&self.own) {
            Standing::Own
        } else if self.any || is_in(&self.allowed) || (self.null && text == "null") {
            Standing::Allowed(text.clone())
        } else {
            Standing::Foreign
        }
    }

    /// Tells the browser of an allowed page that it may see the answer, and caches what the answer depends on.
    pub(crate) fn decorate(&self, standing: Standing, headers: &mut HeaderMap) {
        if !self.allowed.is_empty() || self.null {
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

fn parse(origin: &str) -> Result<PageOrigin, InvalidOrigin> {
    PageOrigin::parse(origin).map_err(|_| InvalidOrigin::Form(origin.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{InvalidOrigin, Origins, Standing};
    use http::header::ORIGIN;
    use http::{HeaderMap, HeaderValue};

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
        assert_eq!(judge(&["https://API.example:443"]), Standing::Own, "the same origin, written otherwise");
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
