//! The cookie jar of the run and one call (TSK-071 to TSK-075; RFC 6265).

use cookie::Cookie;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use jf_core::dsl::{Definition, HttpCall, JarDomain};
use jf_core::spi::{CookieChange, CookieJar, JarCookie, SameSite};
use jiff::Timestamp;
use url::{Host, Url};

/// How a call takes part in the jar of its run.
#[derive(Debug)]
pub(crate) struct JarPlan {
    domains: Vec<JarDomain>,
    /// Whether requests take cookies along (TSK-030). Responses fill the jar in any case.
    sends: bool,
}

impl JarPlan {
    /// `None` where there is no jar (DEF-157).
    pub(crate) fn of(call: &HttpCall, definition: &Definition) -> Option<Self> {
        let jar = definition.spec.cookies.jar.as_ref()?;
        Some(Self { domains: jar.domains.clone(), sends: call.cookies.use_jar })
    }

    /// The `Cookie` header of a request (TSK-074, TSK-075).
    pub(crate) fn header(&self, jar: &CookieJar, url: &Url, now: Timestamp) -> Option<HeaderValue> {
        let host = HostName::of(url).filter(|host| self.sends && self.covers(&host.text))?;
        let applies = |cookie: &&JarCookie| {
            let is_for_host = if cookie.host_only {
                cookie.domain == host.text
            } else {
                host.domain_matches(&cookie.domain)
            };
            is_for_host
                && path_matches(url.path(), &cookie.path)
                && (!cookie.secure || url.scheme() == "https")
                && cookie.expires.is_none_or(|end| now < end)
        };
        let mut sent: Vec<&JarCookie> = jar.cookies().iter().filter(applies).collect();
        // The jar has them by age, and equal ones keep their order.
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let mut header = String::new();
        for cookie in sent {
            let separator = if header.is_empty() { "" } else { "; " };
            header.extend([separator, &*cookie.name, "=", &*cookie.value]);
        }
        let mut header =
            HeaderValue::from_bytes(header.as_bytes()).ok().filter(|header| !header.is_empty())?;
        header.set_sensitive(true);
        Some(header)
    }

    /// What a response does to the jar. Lines that it takes nothing from are removed from the response, so that the result shows what the
    /// jar has seen and nothing else (TSK-072).
    pub(crate) fn take(&self, headers: &mut HeaderMap, url: &Url, now: Timestamp) -> Vec<CookieChange> {
        if !headers.contains_key(SET_COOKIE) {
            return Vec::new();
        }
        let host = HostName::of(url);
        let lines: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
        headers.remove(SET_COOKIE);
        let mut changes = Vec::with_capacity(lines.len());
        for line in lines {
            let Some(change) = host.as_ref().and_then(|host| self.read(&line, host, url, now)) else {
                continue;
            };
            changes.push(change);
            headers.append(SET_COOKIE, line);
        }
        changes
    }

    /// RFC 6265, 5.2 and 5.3.
    fn read(&self, line: &HeaderValue, host: &HostName, url: &Url, now: Timestamp) -> Option<CookieChange> {
        let received = Cookie::parse(std::str::from_utf8(line.as_bytes()).ok()?).ok()?;
        let domain = received.domain().filter(|domain| !domain.is_empty()).map(str::to_ascii_lowercase);
        // A domain that does not cover its sender is refused (TSK-071).
        if domain.as_ref().is_some_and(|domain| !host.domain_matches(domain)) {
            return None;
        }
        let host_only = domain.is_none();
        let domain = domain.unwrap_or_else(|| host.text.clone());
        if !self.covers(&domain) {
            return None;
        }
        let path = received.path().filter(|path| path.starts_with('/'));
        let path = path.unwrap_or_else(|| default_path(url.path()));
        let mut cookie = JarCookie::new(received.name(), received.value(), domain, path);
        cookie.host_only = host_only;
        cookie.secure = received.secure().unwrap_or_default();
        cookie.http_only = received.http_only().unwrap_or_default();
        cookie.same_site = received.same_site().map(|same_site| match same_site {
            cookie::SameSite::Strict => SameSite::Strict,
            cookie::SameSite::Lax => SameSite::Lax,
            cookie::SameSite::None => SameSite::None,
        });
        cookie.expires = end_of(&received, now);
        let is_over = cookie.expires.is_some_and(|end| end <= now);
        Some(if is_over { CookieChange::Delete(cookie) } else { CookieChange::Keep(cookie) })
    }

    fn covers(&self, domain: &str) -> bool {
        self.domains.iter().any(|pattern| pattern.covers(domain))
    }
}

/// A host as cookies name it: in lower case.
struct HostName {
    text: String,
    is_address: bool,
}

impl HostName {
    fn of(url: &Url) -> Option<Self> {
        Some(match url.host()? {
            Host::Domain(domain) => Self { text: domain.to_ascii_lowercase(), is_address: false },
            Host::Ipv4(address) => Self { text: address.to_string(), is_address: true },
            Host::Ipv6(address) => Self { text: address.to_string(), is_address: true },
        })
    }

    /// RFC 6265, 5.1.3: the domain itself or, of a name, one below.
    fn domain_matches(&self, domain: &str) -> bool {
        if self.text == domain {
            return true;
        }
        let below = self.text.strip_suffix(domain).is_some_and(|before| before.ends_with('.'));
        below && !self.is_address && !domain.is_empty()
    }
}

/// When a cookie ends: `Max-Age` before `Expires`; `None` for one of the session, and for an end that no calendar has.
fn end_of(received: &Cookie<'_>, now: Timestamp) -> Option<Timestamp> {
    match received.max_age() {
        Some(age) if age.whole_seconds() <= 0 => Some(now),
        Some(age) => now.checked_add(jiff::SignedDuration::from_secs(age.whole_seconds())).ok(),
        None => Timestamp::from_second(received.expires_datetime()?.unix_timestamp()).ok(),
    }
}

/// RFC 6265, 5.1.4: the path of the request up to its last slash.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

/// RFC 6265, 5.1.4.
fn path_matches(request: &str, cookie: &str) -> bool {
    let Some(below) = request.strip_prefix(cookie) else { return false };
    below.is_empty() || cookie.ends_with('/') || below.starts_with('/')
}

#[cfg(test)]
mod tests;
