use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use jf_core::dsl::{CookieDomain, JarDomain};
use jf_core::spi::{CookieChange, CookieJar, JarLimits};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use url::Url;

use super::{JarPlan, default_path, path_matches};

fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

fn plan(domains: &[&str]) -> JarPlan {
    let domain = |pattern: &&str| JarDomain::new(CookieDomain::parse(*pattern).unwrap());
    JarPlan { domains: domains.iter().map(domain).collect(), sends: true }
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// A jar filled by responses, given as URL and line.
fn filled(plan: &JarPlan, responses: &[(&str, &'static str)]) -> CookieJar {
    let mut jar = CookieJar::default();
    for (from, line) in responses {
        let mut headers = HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static(line))]);
        let changes = plan.take(&mut headers, &url(from), now());
        changes.into_iter().for_each(|change| jar.apply(change, JarLimits::default()));
    }
    jar
}

fn sent(plan: &JarPlan, jar: &CookieJar, to: &str) -> String {
    let header = plan.header(jar, &url(to), now());
    header.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[test]
fn tsk_071_effective_domain_and_path_follow_the_rfc() {
    let plan = plan(&[".example.com", "example.com", "10.0.0.1"]);
    for (from, line, domain, path, host_only) in [
        ("https://a.example.com/x/y", "n=v", "a.example.com", "/x", true),
        ("https://A.Example.COM/", "n=v", "a.example.com", "/", true),
        ("https://a.example.com/x/", "n=v; Path=", "a.example.com", "/x", true),
        ("https://a.example.com/x/y", "n=v; Path=relative", "a.example.com", "/x", true),
        ("https://a.example.com/x/y", "n=v; Path=/z", "a.example.com", "/z", true),
        ("https://a.example.com/", "n=v; Domain=example.com", "example.com", "/", false),
        ("https://a.example.com/", "n=v; Domain=.EXAMPLE.com", "example.com", "/", false),
        ("https://a.example.com/", "n=v; Domain=a.example.com", "a.example.com", "/", false),
        ("https://a.example.com/", "n=v; Domain=", "a.example.com", "/", true),
        ("http://10.0.0.1/", "n=v; Domain=10.0.0.1", "10.0.0.1", "/", false),
    ] {
        let jar = filled(&plan, &[(from, line)]);
        let [cookie] = jar.cookies() else { panic!("{line}: {jar:?}") };
        assert_eq!(
            (&*cookie.domain, &*cookie.path, cookie.host_only),
            (domain, path, host_only),
            "{from} {line}"
        );
    }
    for (from, line) in [
        ("https://a.example.com/", "n=v; Domain=b.example.com"),
        ("https://a.example.com/", "n=v; Domain=x.a.example.com"),
        ("https://a.example.com/", "n=v; Domain=other.com"),
        ("https://a.example.com/", "n=v; Domain=com"),
        ("http://10.0.0.1/", "n=v; Domain=0.0.1"),
        ("https://a.example.com/", "no cookie"),
        ("https://a.example.com/", "=v"),
        ("https://elsewhere.org/", "n=v"),
    ] {
        assert!(filled(&plan, &[(from, line)]).is_empty(), "{from} {line}");
    }
}

#[test]
fn tsk_072_lines_the_jar_does_not_take_are_not_in_the_result() {
    let mut headers = HeaderMap::new();
    for line in ["a=1", "b=2; Domain=example.com", "c=3; Domain=evil.org", "d=4; Max-Age=0", "nonsense"] {
        headers.append(SET_COOKIE, HeaderValue::from_static(line));
    }
    headers.append(SET_COOKIE, HeaderValue::from_bytes(b"e=\xff").unwrap());
    headers.insert("x-kept", HeaderValue::from_static("1"));
    let changes = plan(&["a.example.com"]).take(&mut headers, &url("https://a.example.com/"), now());
    assert_eq!(changes.len(), 2);
    let left: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
    assert_eq!(left, ["a=1", "d=4; Max-Age=0"], "`example.com` matches no pattern");
    assert_eq!(headers["x-kept"], "1");

    let mut headers = HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("a=1"))]);
    assert!(plan(&[]).take(&mut headers, &url("https://a.example.com/"), now()).is_empty());
    assert!(headers.is_empty(), "DEF-157: a jar without domains keeps nothing");
}

#[test]
fn tsk_073_what_is_over_when_it_comes_deletes() {
    let plan = plan(&["a.example.com"]);
    for line in ["n=v; Max-Age=0", "n=v; Max-Age=-1", "n=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT"] {
        let mut headers = HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static(line))]);
        let changes = plan.take(&mut headers, &url("https://a.example.com/"), now());
        assert!(matches!(&changes[..], [CookieChange::Delete(cookie)] if cookie.name == "n"), "{line}");
    }
}

#[test]
fn tsk_071_lifetimes_max_age_before_expires() {
    let plan = plan(&["a.example.com"]);
    let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    for (line, expires) in [
        ("n=v", None),
        ("n=v; Max-Age=60", at("2026-01-02T03:05:05Z")),
        ("n=v; Expires=Sat, 02 Jan 2027 03:04:05 GMT", at("2027-01-02T03:04:05Z")),
        ("n=v; Expires=Saturday, 02-Jan-27 03:04:05 GMT", at("2027-01-02T03:04:05Z")),
        ("n=v; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", at("2026-01-02T03:05:05Z")),
        ("n=v; Expires=some day", None),
        ("n=v; Max-Age=soon", None),
    ] {
        let jar = filled(&plan, &[("https://a.example.com/", line)]);
        assert_eq!(jar.cookies()[0].expires, expires, "{line}");
    }
    let ages = filled(&plan, &[("https://a.example.com/", "n=v; Max-Age=9223372036854775807")]);
    assert!(ages.cookies()[0].expires.is_none_or(|end| end > now() + SignedDuration::from_hours(24)));
}

#[test]
fn tsk_075_which_cookies_go_where() {
    let plan = plan(&[".example.com"]);
    let jar = filled(
        &plan,
        &[
            ("https://a.example.com/", "host=1"),
            ("https://a.example.com/", "all=2; Domain=a.example.com"),
            ("https://a.example.com/deep/er", "deep=3"),
            ("https://a.example.com/", "secret=4; Secure"),
            ("https://a.example.com/", "short=5; Max-Age=1"),
            ("https://a.example.com/", "\"q\"=\"a b\"; Path=/deep"),
        ],
    );
    for (to, cookies) in [
        ("https://a.example.com/", "host=1; all=2; secret=4; short=5"),
        ("http://a.example.com/", "host=1; all=2; short=5"),
        ("https://b.a.example.com/", "all=2"),
        ("https://b.example.com/", ""),
        ("https://a.example.com/deep", "deep=3; \"q\"=\"a b\"; host=1; all=2; secret=4; short=5"),
        ("https://a.example.com/deep/", "deep=3; \"q\"=\"a b\"; host=1; all=2; secret=4; short=5"),
        ("https://a.example.com/deeper", "host=1; all=2; secret=4; short=5"),
    ] {
        assert_eq!(sent(&plan, &jar, to), cookies, "{to}");
    }
    let later = now() + SignedDuration::from_secs(1);
    let header = plan.header(&jar, &url("http://a.example.com/"), later).unwrap();
    assert_eq!(header, "host=1; all=2", "one has expired");
    assert!(header.is_sensitive());
}

#[test]
fn tsk_075_a_host_without_pattern_gets_nothing_that_covers_it() {
    let jar = filled(&plan(&["example.com"]), &[("https://example.com/", "a=1; Domain=example.com")]);
    assert_eq!(sent(&plan(&["example.com"]), &jar, "https://example.com/"), "a=1");
    assert_eq!(sent(&plan(&["example.com"]), &jar, "https://www.example.com/"), "");
    assert_eq!(sent(&plan(&["example.com", ".example.com"]), &jar, "https://www.example.com/"), "a=1");
}

#[test]
fn tsk_075_paths_match_by_segments() {
    for (request, cookie, matches) in [
        ("/", "/", true),
        ("/a", "/", true),
        ("/a", "/a", true),
        ("/a/b", "/a", true),
        ("/a/b", "/a/", true),
        ("/ab", "/a", false),
        ("/a", "/a/", false),
        ("/", "/a", false),
    ] {
        assert_eq!(path_matches(request, cookie), matches, "{request} {cookie}");
    }
    for (request, path) in [("/", "/"), ("/a", "/"), ("/a/", "/a"), ("/a/b", "/a"), ("", "/")] {
        assert_eq!(default_path(request), path);
    }
}

proptest! {
    /// Whatever a server sends, nothing panics, and what is kept comes from an allowed domain that covers its sender.
    #[test]
    fn tsk_072_nothing_but_allowed_cookies_is_kept(
        line in "[a-z]{0,3}=?[ -~]{0,12}(; ?(Domain|Path|Max-Age|Expires|SameSite|Secure)(=[ -~]{0,16}|=(\\.?a?\\.?example\\.com))?){0,3}"
    ) {
        let plan = plan(&[".example.com"]);
        let mut headers = HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_str(&line).unwrap())]);
        for change in plan.take(&mut headers, &url("https://a.example.com/x"), now()) {
            let (CookieChange::Keep(cookie) | CookieChange::Delete(cookie)) = change;
            prop_assert_eq!(&cookie.domain, "a.example.com");
            prop_assert!(cookie.path.starts_with('/') && !cookie.name.is_empty());
            let mut jar = CookieJar::default();
            jar.apply(CookieChange::Keep(cookie), JarLimits::default());
            let shown = jar.to_client(Timestamp::UNIX_EPOCH).into_iter().map(|line| line.into_header());
            prop_assert!(shown.into_iter().all(|line| line.to_str().is_ok_and(|line| line.contains("; Domain=a.example.com; "))));
        }
    }
}
