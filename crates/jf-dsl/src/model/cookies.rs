//! `spec.cookies`: the cookie jar of a run (01 §15).

use schemars::JsonSchema;
use serde::Serialize;

use super::skip::is_default;
use crate::ids::CookieDomain;
use crate::value::pattern::Pattern;

/// The cookie jar of a run and what of it the caller gets. [DEF-155]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Cookies {
    /// The jar; without it no cookie is kept or sent. [DEF-157]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jar: Option<CookieJar>,
    /// Which cookies of the jar the caller gets. [DEF-158]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_to_client: Option<ReturnToClient>,
}

/// Where cookies are taken from and sent to. [DEF-157]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct CookieJar {
    /// The hosts whose cookies are kept; none are where the list is empty. [DEF-155, DEF-157]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<JarDomain>,
}

/// Hosts whose cookies are kept. [DEF-155]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct JarDomain {
    /// One host, or with a leading dot every host that ends like this. [DEF-156]
    pub pattern: CookieDomain,
}

impl JarDomain {
    /// The hosts of a pattern.
    #[must_use]
    pub const fn new(pattern: CookieDomain) -> Self {
        Self { pattern }
    }

    /// Whether cookies of that host or effective domain are kept: of the host itself, or with a leading dot of every one that ends so, in
    /// any case of letters. [DEF-155, DEF-156]
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        let pattern = self.pattern.as_str();
        let Some(before) = host.len().checked_sub(pattern.len()) else { return false };
        let fits = if pattern.starts_with('.') { before > 0 } else { before == 0 };
        fits && host.get(before..).is_some_and(|ending| ending.eq_ignore_ascii_case(pattern))
    }
}

/// Which cookies of the jar the caller gets. [DEF-158]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct ReturnToClient {
    /// `none`, `allFromAllowedDomains` or `filtered`. [DEF-158]
    pub mode: ReturnMode,
    /// What `filtered` lets through. [DEF-159]
    #[serde(skip_serializing_if = "is_default")]
    pub include: IncludedCookies,
}

/// Which cookies of the jar the caller gets. [DEF-158]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ReturnMode {
    /// None.
    None,
    /// All.
    AllFromAllowedDomains,
    /// Those that `include` names.
    Filtered,
}

/// The cookies that `filtered` lets through. [DEF-159]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IncludedCookies {
    /// Their names, compared exactly. [DEF-159]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Regular expressions that are searched for in their names, unanchored. [DEF-159, DEF-160]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub name_patterns: Vec<Pattern>,
}

#[cfg(test)]
mod tests {
    use super::JarDomain;
    use crate::ids::CookieDomain;

    #[test]
    fn def_155_def_156_a_pattern_is_one_host_or_all_below() {
        let covers =
            |pattern: &str, host: &str| JarDomain::new(CookieDomain::parse(pattern).unwrap()).covers(host);
        for (pattern, host, expected) in [
            ("api.example.com", "api.example.com", true),
            ("api.example.com", "API.Example.com", true),
            ("API.example.com", "api.example.com", true),
            ("api.example.com", "v1.api.example.com", false),
            ("api.example.com", "example.com", false),
            ("api.example.com", "xapi.example.com", false),
            (".example.com", "api.example.com", true),
            (".example.com", "a.b.EXAMPLE.com", true),
            (".example.com", "example.com", false),
            (".example.com", "badexample.com", false),
            (".example.com", ".example.com", false),
            ("example.com", "", false),
            (".com", "größe.com", true),
            ("10.0.0.1", "10.0.0.1", true),
        ] {
            assert_eq!(covers(pattern, host), expected, "{pattern} {host}");
        }
    }
}
