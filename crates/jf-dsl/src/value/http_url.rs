//! Absolute URLs of outbound calls (TSK-022, EXP-055, DEF-067).

use std::fmt;

use url::Url;

use super::template::Template;

/// An absolute `http` or `https` URL in its normal form, without fragment and without user name or password.
///
/// URL parsers repair without a word: they drop control characters, turn backslashes round, and look for an authority
/// further on when there is none in its place (`https:///path`). Here such a text is no URL.
///
/// ```
/// use jf_dsl::HttpUrl;
///
/// assert_eq!(HttpUrl::parse("HTTPS://h.example/a b#part").unwrap().as_str(), "https://h.example/a%20b");
/// assert!(HttpUrl::parse("https:///path").is_err());
/// assert!(HttpUrl::parse("ftp://h.example").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HttpUrl(String);

/// The text is no URL that a call could have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHttpUrl {
    /// It is relative, of another scheme, or has no authority.
    #[error("is not an absolute `http` or `https` URL")]
    NotAbsolute,
    /// It holds credentials, which belong into a policy.
    #[error("must not hold a user name or password")]
    Credentials,
    /// It holds a control character or a backslash.
    #[error("holds a character that URLs must not have")]
    Character,
    /// It is longer than implementations agree on carrying.
    #[error("is too long")]
    TooLong,
}

impl HttpUrl {
    /// The longest URL in bytes, which HTTP implementations agree on carrying.
    pub const LONGEST: usize = 65_534;

    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// When the text is no absolute `http` or `https` URL, or one that calls must not have.
    pub fn parse(text: &str) -> Result<Self, InvalidHttpUrl> {
        if text.contains(|c: char| c.is_ascii_control() || c == '\\') {
            return Err(InvalidHttpUrl::Character);
        }
        let authority = text.split_once("://").map_or("", |(_, rest)| rest);
        if authority.is_empty() || authority.starts_with(['/', '?', '#']) {
            return Err(InvalidHttpUrl::NotAbsolute);
        }
        let mut url = Url::parse(text).map_err(|_| InvalidHttpUrl::NotAbsolute)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidHttpUrl::NotAbsolute);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidHttpUrl::Credentials);
        }
        url.set_fragment(None);
        if url.as_str().len() > Self::LONGEST {
            return Err(InvalidHttpUrl::TooLong);
        }
        Ok(Self(url.into()))
    }

    /// Checks what the literal text of a template tells of the URL it will be (EXP-055).
    ///
    /// # Errors
    ///
    /// When no value of its placeholders makes a URL of it.
    pub fn check_template(template: &Template) -> Result<(), InvalidHttpUrl> {
        let prefix = template.literal_prefix();
        if template.is_literal() {
            return Self::parse(&prefix).map(|_| ());
        }
        match prefix.split_once("://") {
            Some((scheme, rest))
                if ["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) =>
            {
                match rest.find(['/', '?', '#']) {
                    Some(end) => Self::parse(&prefix[..scheme.len() + "://".len() + end]).map(|_| ()),
                    None if rest.contains('@') => Err(InvalidHttpUrl::Credentials),
                    None => Ok(()),
                }
            }
            // The placeholder makes up the scheme as well.
            None if "https://".starts_with(&prefix.to_ascii_lowercase()) => Ok(()),
            _ => Err(InvalidHttpUrl::NotAbsolute),
        }
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<HttpUrl> for String {
    fn from(url: HttpUrl) -> Self {
        url.0
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{HttpUrl, Template};

    #[test]
    fn tsk_022_the_url_is_absolute_http_as_far_as_the_text_tells() {
        let check = |text: &str| HttpUrl::check_template(&Template::parse(text).unwrap());
        for good in [
            "http://h",
            "HTTPS://h/p?q#f",
            "https://${context.host}/x",
            "https://api.${context.region}.example.com/x",
            "https://h:${context.port}",
            "${context.base}/x",
            "h${context.rest}",
            "https://h/$${literal}/${context.a}",
            "https://[::1]:8080/${context.a}",
            "https://h/a@b/${context.a}",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/x",
            "ftp://h/x",
            "h/x",
            "https:///x",
            "https:h/x",
            "https://h\\x",
            "https://",
            "file:///${context.a}",
            "//h/${context.a}",
            "/x/${context.a}",
            "https://h:99999/${context.a}",
            "https:// h/x",
            "https://h/a\nb",
            "https://user:pw@h/x",
            "https://user@h/${context.a}",
            "https://user@${context.host}/x",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
