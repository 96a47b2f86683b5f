//! The cookie jar of a run (TSK-070 to TSK-076) and what of it its client gets (HTTP-060 to HTTP-063).

use std::fmt;

use http::HeaderValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ClientCookie;

/// The cookies that a run has received with the responses to its calls, in the order in which they first came.
///
/// Plain data: what a response sets, and which cookies go with a request, is for the plugin that makes the calls. Its `Debug` form shows
/// no names and no values.
///
/// ```
/// use jf_core::spi::{CookieChange, CookieJar, JarCookie, JarLimits};
///
/// let mut jar = CookieJar::default();
/// let session = JarCookie::new("session", "s3cr3t", "shop.example.com", "/");
/// jar.apply(CookieChange::Keep(session.clone()), JarLimits::default());
/// jar.apply(CookieChange::Delete(session), JarLimits::default());
/// assert!(jar.cookies().is_empty());
/// assert_eq!(jar.to_client("2026-01-02T03:04:05Z".parse()?).len(), 1, "the client is to forget it too");
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CookieJar {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<JarCookie>,
    /// What responses have deleted, for the client (TSK-073).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deleted: Vec<JarCookie>,
}

/// A cookie with what its sender said of it. The jar knows it by domain, path and name (TSK-072).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JarCookie {
    /// The name.
    pub name: String,
    /// The value as received, quotes included.
    pub value: String,
    /// The effective domain, in lower case and without a leading dot.
    pub domain: String,
    /// Only for the host that set it, and no host below.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub host_only: bool,
    /// The effective path.
    pub path: String,
    /// Over https only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secure: bool,
    /// Not for scripts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub http_only: bool,
    /// Which requests of other sites it goes with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_site: Option<SameSite>,
    /// When it ends; `None` for one of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// Which requests of other sites a cookie goes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SameSite {
    /// None.
    Strict,
    /// Navigations.
    Lax,
    /// All.
    None,
}

/// What a response does to the jar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CookieChange {
    /// Keeps a cookie, in the place of one of the same domain, path and name.
    Keep(JarCookie),
    /// Removes that one, and remembers it.
    Delete(JarCookie),
}

/// Bounds of a jar (TSK-076).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct JarLimits {
    /// How many cookies are kept, and how many deletions remembered; of more the oldest go.
    pub cookies: usize,
    /// The largest cookie, name, value, domain and path together, in bytes; larger ones are not kept.
    pub cookie_bytes: usize,
}

impl Default for JarLimits {
    fn default() -> Self {
        Self { cookies: 300, cookie_bytes: 4096 }
    }
}

impl CookieJar {
    /// The cookies, the oldest first. Some may have expired.
    #[must_use]
    pub fn cookies(&self) -> &[JarCookie] {
        &self.cookies
    }

    /// Whether there is nothing in it and nothing was deleted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty() && self.deleted.is_empty()
    }

    /// Takes note of what a response does. The last writer wins; a cookie that is replaced keeps its age (RFC 6265, 5.3).
    pub fn apply(&mut self, change: CookieChange, limits: JarLimits) {
        match change {
            CookieChange::Keep(cookie) if cookie.size() > limits.cookie_bytes => {}
            CookieChange::Keep(cookie) => {
                self.deleted.retain(|other| !other.is_named_like(&cookie));
                match self.cookies.iter_mut().find(|other| other.is_named_like(&cookie)) {
                    Some(older) => *older = cookie,
                    None => push_within(&mut self.cookies, cookie, limits.cookies),
                }
            }
            CookieChange::Delete(mut cookie) => {
                self.cookies.retain(|other| !other.is_named_like(&cookie));
                self.deleted.retain(|other| !other.is_named_like(&cookie));
                if cookie.size() <= limits.cookie_bytes {
                    cookie.value.clear();
                    push_within(&mut self.deleted, cookie, limits.cookies);
                }
            }
        }
    }

    /// Forgets what is not chosen, deletions too.
    pub fn retain(&mut self, chosen: impl Fn(&JarCookie) -> bool) {
        self.cookies.retain(&chosen);
        self.deleted.retain(&chosen);
    }

    /// `Set-Cookie` lines for a client: the cookies with what is left of their lifetime at `now`, then the deletions (HTTP-062,
    /// HTTP-063). What has expired is left out.
    #[must_use]
    pub fn to_client(&self, now: Timestamp) -> Vec<ClientCookie> {
        let kept = self.cookies.iter().filter_map(|cookie| {
            let left = cookie.expires.map(|end| end.duration_since(now));
            if left.is_some_and(|left| !left.is_positive()) {
                return None;
            }
            // Rounded up: the last moments of a cookie are no deletion.
            cookie.line(left.map(|left| left.as_secs() + i64::from(left.subsec_nanos() > 0)))
        });
        let deleted = self.deleted.iter().filter_map(|cookie| cookie.line(Some(0)));
        kept.chain(deleted).map(ClientCookie::new).collect()
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cookies, deleted } = self;
        f.debug_struct("CookieJar").field("cookies", &cookies.len()).field("deleted", &deleted.len()).finish()
    }
}

impl JarCookie {
    /// A cookie of the session for a domain and all hosts below.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        value: impl Into<String>,
        domain: impl Into<String>,
        path: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            domain: domain.into(),
            host_only: false,
            path: path.into(),
            secure: false,
            http_only: false,
            same_site: None,
            expires: None,
        }
    }

    fn is_named_like(&self, other: &Self) -> bool {
        self.name == other.name && self.path == other.path && self.domain == other.domain
    }

    const fn size(&self) -> usize {
        self.name.len() + self.value.len() + self.domain.len() + self.path.len()
    }

    /// A `Set-Cookie` value; `None` when it has characters that no header has, which nobody has sent.
    fn line(&self, seconds: Option<i64>) -> Option<HeaderValue> {
        let Self { name, value, domain, path, .. } = self;
        let mut line = format!("{name}={value}; Domain={domain}; Path={path}");
        if let Some(seconds) = seconds {
            line.push_str(&format!("; Max-Age={seconds}"));
        }
        line.push_str(if self.secure { "; Secure" } else { "" });
        line.push_str(if self.http_only { "; HttpOnly" } else { "" });
        line.push_str(match self.same_site {
            Some(SameSite::Strict) => "; SameSite=Strict",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
            None => "",
        });
        HeaderValue::from_bytes(line.as_bytes()).ok()
    }
}

impl fmt::Debug for JarCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JarCookie")
            .field("domain", &self.domain)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The oldest goes when there are too many (TSK-076).
fn push_within(list: &mut Vec<JarCookie>, cookie: JarCookie, most: usize) {
    list.push(cookie);
    let surplus = list.len().saturating_sub(most);
    list.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use super::{CookieChange, CookieJar, JarCookie, JarLimits, SameSite};
    use jiff::Timestamp;

    fn now() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    fn cookie(name: &str, value: &str) -> JarCookie {
        JarCookie::new(name, value, "example.com", "/")
    }

    fn filled(changes: impl IntoIterator<Item = CookieChange>) -> CookieJar {
        let mut jar = CookieJar::default();
        changes.into_iter().for_each(|change| jar.apply(change, JarLimits::default()));
        jar
    }

    fn lines(jar: &CookieJar) -> Vec<String> {
        let lines = jar.to_client(now()).into_iter();
        lines.map(|line| line.into_header().to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn tsk_072_the_last_writer_wins_under_domain_path_and_name() {
        let mut elsewhere = cookie("a", "3");
        elsewhere.path = "/deep".to_owned();
        let jar = filled([
            CookieChange::Keep(cookie("a", "1")),
            CookieChange::Keep(cookie("b", "2")),
            CookieChange::Keep(elsewhere.clone()),
            CookieChange::Keep(cookie("a", "4")),
        ]);
        assert_eq!(jar.cookies(), [cookie("a", "4"), cookie("b", "2"), elsewhere], "TSK-075: in their age");
    }

    #[test]
    fn tsk_073_http_062_a_deletion_removes_and_is_remembered_until_the_cookie_comes_again() {
        let jar = filled([
            CookieChange::Keep(cookie("a", "1")),
            CookieChange::Delete(cookie("a", "")),
            CookieChange::Delete(cookie("never-seen", "x")),
        ]);
        assert!(jar.cookies().is_empty() && !jar.is_empty());
        assert_eq!(
            lines(&jar),
            [
                "a=; Domain=example.com; Path=/; Max-Age=0",
                "never-seen=; Domain=example.com; Path=/; Max-Age=0"
            ]
        );
        let again = filled([CookieChange::Delete(cookie("a", "")), CookieChange::Keep(cookie("a", "2"))]);
        assert_eq!(lines(&again), ["a=2; Domain=example.com; Path=/"]);
    }

    #[test]
    fn tsk_076_a_jar_is_bounded_and_the_oldest_go() {
        let many = (0..302).map(|n| CookieChange::Keep(cookie(&format!("c{n}"), "v")));
        let jar = filled(many);
        assert_eq!(jar.cookies().len(), 300);
        assert_eq!((&*jar.cookies()[0].name, &*jar.cookies()[299].name), ("c2", "c301"));
        let many = (0..302).map(|n| CookieChange::Delete(cookie(&format!("c{n}"), "")));
        assert_eq!(lines(&filled(many)).len(), 300);
        let room = 4096 - "a".len() - "example.com".len() - "/".len();
        let largest = cookie("a", &"v".repeat(room));
        let too_large = cookie("a", &"v".repeat(room + 1));
        let jar = filled([CookieChange::Keep(largest.clone()), CookieChange::Keep(too_large)]);
        assert_eq!(jar.cookies(), [largest]);
    }

    #[test]
    fn http_063_a_line_says_what_was_received_and_the_effective_domain_and_path() {
        let mut full = cookie("sid", "\"a b\"");
        (full.host_only, full.path, full.secure, full.http_only) = (true, "/shop".to_owned(), true, true);
        full.same_site = Some(SameSite::None);
        full.expires = Some("2026-01-02T03:05:05.2Z".parse().unwrap());
        let mut lax = cookie("lax", "1");
        lax.same_site = Some(SameSite::Lax);
        let mut strict = cookie("strict", "");
        strict.same_site = Some(SameSite::Strict);
        let mut expired = cookie("expired", "1");
        expired.expires = Some(now());
        let jar = filled([full, lax, strict, expired].map(CookieChange::Keep));
        assert_eq!(
            lines(&jar),
            [
                "sid=\"a b\"; Domain=example.com; Path=/shop; Max-Age=61; Secure; HttpOnly; SameSite=None",
                "lax=1; Domain=example.com; Path=/; SameSite=Lax",
                "strict=; Domain=example.com; Path=/; SameSite=Strict",
            ]
        );
    }

    #[test]
    fn http_064_what_no_header_can_carry_is_left_out() {
        let jar = filled([cookie("a\r\nx: y", "1"), cookie("b", "2")].map(CookieChange::Keep));
        assert_eq!(lines(&jar), ["b=2; Domain=example.com; Path=/"]);
    }

    #[test]
    fn tsk_010_debug_forms_show_no_names_and_no_values() {
        let jar = filled([cookie("n4me", "s3cr3t")].map(CookieChange::Keep));
        let shown = format!("{jar:?} {:?}", CookieChange::Keep(cookie("n4me", "s3cr3t")));
        assert!(!shown.contains("n4me") && !shown.contains("s3cr3t"), "{shown}");
    }

    #[test]
    fn tsk_070_a_jar_is_stored_without_loss() {
        let jar = filled([CookieChange::Keep(cookie("a", "ä")), CookieChange::Delete(cookie("b", ""))]);
        let stored = serde_json::to_string(&jar).unwrap();
        assert_eq!(serde_json::from_str::<CookieJar>(&stored).unwrap(), jar);
    }
}
