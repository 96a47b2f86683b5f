//! Who may use the console: pages of its own, and where there is a token, those who know it.
//!
//! What a layer further out has judged already is the host name ([`Hosts`](jf_binding_http::Hosts)).

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jf_binding_http::addressee;
use jf_core::{Authority, EngineErrorKind, PageOrigin};

use crate::config::Token;
use crate::problem::refusal;

/// The path that takes the token and gives the session.
pub(crate) const SESSION: &str = "/session";
/// The header with the session. It is no cookie: those go to every port of a host, and come with requests that nobody has meant.
const SESSION_HEADER: HeaderName = HeaderName::from_static("journeyforge-console-session");
/// The entry of a subprotocol offer with the session; scripts can give a WebSocket no header.
const SESSION_CARRIER: &str = "session.console.journeyforge.";

/// The checks in front of everything that shows or changes runs.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Those of its pages. Whether a proxy in front of a plain listener speaks TLS is not to be seen from here.
    schemes: &'static [&'static str],
    lock: Option<Lock>,
}

#[derive(Debug)]
struct Lock {
    token: Token,
    /// The one session of this process. It ends with it.
    session: Token,
    /// Its text, for whoever knows the token.
    text: String,
}

impl Gate {
    pub(crate) fn new(token: Option<Token>, has_tls: bool) -> Result<Self, getrandom::Error> {
        let lock = token.map(|token| {
            let (session, text) = Token::random()?;
            Ok(Lock { token, session, text })
        });
        let schemes: &[&str] = if has_tls { &["https"] } else { &["http", "https"] };
        Ok(Self { schemes, lock: lock.transpose()? })
    }

    /// Whether the request comes from a page of this console, or from no page at all.
    fn is_own<B>(&self, request: &http::Request<B>) -> bool {
        let headers = request.headers();
        // What browsers of today say of every request; `none` is the address bar.
        if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
            return false;
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let origin = match (origins.next(), origins.next()) {
            (None, _) => return true,
            (Some(origin), None) => origin.to_str().ok().and_then(|text| PageOrigin::parse(text).ok()),
            _ => None,
        };
        let (Some(origin), Ok(Some(Authority { host, port }))) = (origin, addressee(request)) else {
            return false;
        };
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let mut own =
            self.schemes.iter().map(|scheme| PageOrigin::parse(&format!("{scheme}://{host}{port}")));
        own.any(|own| own.as_ref() == Ok(&origin))
    }

    fn is_open_for(&self, headers: &HeaderMap) -> bool {
        let Some(lock) = &self.lock else { return true };
        let shown = headers.get(SESSION_HEADER).and_then(|value| value.to_str().ok());
        shown.into_iter().chain(carried(headers)).any(|text| lock.session.is(text))
    }
}

/// The entries of a subprotocol offer.
fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// Sessions in a subprotocol offer.
fn carried(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    offered(headers).filter_map(|entry| entry.strip_prefix(SESSION_CARRIER))
}

/// Takes out what only the gate needs: neither session nor origin is the business of a journey, and cookies of other servers of the host are
/// nobody's here.
fn cleaned(headers: &mut HeaderMap) {
    for name in [COOKIE, ORIGIN, SESSION_HEADER] {
        headers.remove(name);
    }
    if carried(headers).next().is_none() {
        return;
    }
    let rest: Vec<_> = offered(headers).filter(|entry| !entry.starts_with(SESSION_CARRIER)).collect();
    let rest = HeaderValue::try_from(rest.join(", ")).expect("parts of header values are one");
    if rest.is_empty() {
        headers.remove(SEC_WEBSOCKET_PROTOCOL);
    } else {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, rest);
    }
}

/// Lets a request through, without what only the gate needs.
pub(crate) async fn guard(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    if !gate.is_own(&request) {
        return refusal(EngineErrorKind::Forbidden, "the console is for pages of its own");
    }
    if !gate.is_open_for(request.headers()) {
        return refusal(EngineErrorKind::Unauthenticated, "the console wants its token");
    }
    cleaned(request.headers_mut());
    next.run(request).await
}

/// `GET` tells whether the console is open for the caller, `POST` shows the token and gets the session.
pub(crate) async fn session(State(gate): State<Arc<Gate>>, request: Request) -> Response {
    if !gate.is_own(&request) {
        return refusal(EngineErrorKind::Forbidden, "the console is for pages of its own");
    }
    let (parts, body) = request.into_parts();
    match (&gate.lock, parts.method) {
        (Some(lock), Method::POST) => {
            let text = to_bytes(body, Token::MOST).await.unwrap_or_default();
            match std::str::from_utf8(&text) {
                Ok(text) if lock.token.is(text) => open(Some(&lock.text)),
                // Not `forbidden`, which is what pages of others get: whoever has mistyped is to be told so.
                _ => {
                    tracing::warn!("a wrong token was shown to the console");
                    refusal(EngineErrorKind::Unauthenticated, "this is not the token of the console")
                }
            }
        }
        _ if gate.is_open_for(&parts.headers) => open(None),
        _ => refusal(EngineErrorKind::Unauthenticated, "the console wants its token"),
    }
}

fn open(session: Option<&str>) -> Response {
    let uncached = (CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match session {
        None => (StatusCode::NO_CONTENT, [uncached]).into_response(),
        Some(text) => {
            let media = (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
            ([uncached, media], text.to_owned()).into_response()
        }
    }
}

/// What every answer says to browsers: nothing from elsewhere, no code in the page, in nobody's frame.
pub(crate) static HEADERS: [(HeaderName, HeaderValue); 6] = [
    (
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        ),
    ),
    (HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY")),
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

#[cfg(test)]
mod tests {
    use http::header::{COOKIE, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
    use http::{HeaderMap, Request, Version};

    use super::{Gate, SESSION_CARRIER, SESSION_HEADER, cleaned};
    use crate::config::Token;

    fn headers(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    /// ORG-1: HTTP/2 has no `Host`, and its pages are pages of their own all the same.
    #[test]
    fn org_1_the_host_is_where_the_version_has_it() {
        let gate = Gate::new(None, true).unwrap();
        let own = |version, target: &str, host: Option<&str>, origin: &str| {
            let request = Request::post(target).version(version).header(ORIGIN, origin);
            let request = host.into_iter().fold(request, |request, host| request.header("host", host));
            gate.is_own(&request.body(()).unwrap())
        };
        let page = "https://ops.example:8443";
        for (version, target, host, is_own) in [
            (Version::HTTP_2, "https://ops.example:8443/session", None, true),
            (Version::HTTP_2, "https://ops.example:8443/session", Some("ops.example:8443"), true),
            (Version::HTTP_2, "https://ops.example/session", None, false),
            (Version::HTTP_2, "https://other.example:8443/session", None, false),
            (Version::HTTP_2, "https://ops.example:8443/session", Some("other.example:8443"), false),
            (Version::HTTP_2, "/session", None, false),
            (Version::HTTP_11, "/session", Some("ops.example:8443"), true),
            (Version::HTTP_11, "https://other.example:8443/session", Some("ops.example:8443"), false),
            (Version::HTTP_11, "/session", None, false),
        ] {
            assert_eq!(own(version, target, host, page), is_own, "{version:?} {target} {host:?}");
        }
    }

    /// ORG-1: where a proxy ends TLS, the listener is plain and its pages are not.
    #[test]
    fn org_1_a_plain_listener_has_pages_of_both_schemes_and_one_with_tls_of_one() {
        let own = |has_tls: bool, host: &str, origin: &str| {
            let request = Request::get("/").header("host", host).header(ORIGIN, origin).body(()).unwrap();
            Gate::new(None, has_tls).unwrap().is_own(&request)
        };
        for (host, origin, plain, tls) in [
            ("ops.example", "https://ops.example", true, true),
            ("ops.example", "http://ops.example", true, false),
            ("ops.example:8443", "https://ops.example:8443", true, true),
            ("127.0.0.1:8090", "http://127.0.0.1:8090", true, false),
            ("127.0.0.1:8090", "https://ops.example", false, false),
            ("ops.example", "https://ops.example:8443", false, false),
            ("ops.example", "https://ops.example.evil", false, false),
            ("ops.example", "ftp://ops.example", false, false),
            ("ops.example", "null", false, false),
        ] {
            assert_eq!(own(false, host, origin), plain, "{host} {origin}");
            assert_eq!(own(true, host, origin), tls, "{host} {origin}, with TLS");
        }
    }

    #[test]
    fn a_session_opens_as_a_header_and_in_an_offer_and_as_nothing_else() {
        let gate = Gate::new(Some(Token::new("correct-horse-battery-staple").unwrap()), false).unwrap();
        let text = gate.lock.as_ref().unwrap().text.clone();
        let entry = format!("{SESSION_CARRIER}{text}");
        for (name, value, opens) in [
            (SESSION_HEADER, text.clone(), true),
            (SESSION_HEADER, format!("{text}x"), false),
            (SEC_WEBSOCKET_PROTOCOL, format!("journeyforge.v1,{entry}"), true),
            (SEC_WEBSOCKET_PROTOCOL, entry.clone(), true),
            (SEC_WEBSOCKET_PROTOCOL, text.clone(), false),
            (SEC_WEBSOCKET_PROTOCOL, format!("{entry}x"), false),
            (COOKIE, format!("journeyforge_console={text}"), false),
        ] {
            assert_eq!(gate.is_open_for(&headers(&[(name, &value)])), opens, "{value}");
        }
        assert!(!gate.is_open_for(&HeaderMap::new()));
    }

    /// AUTH-1: nothing of the gate reaches the caller that journeys see, and what they are to see does.
    #[test]
    fn auth_1_what_the_gate_needs_goes_no_further() {
        let mut shown = headers(&[
            (SESSION_HEADER, "s"),
            (COOKIE, "a=b"),
            (ORIGIN, "http://x"),
            (SEC_WEBSOCKET_PROTOCOL, "journeyforge.v1, session.console.journeyforge.s"),
            (SEC_WEBSOCKET_PROTOCOL, "base64url.bearer.journeyforge.YQ"),
            (http::header::HOST, "x"),
        ]);
        cleaned(&mut shown);
        assert_eq!(
            shown,
            headers(&[
                (SEC_WEBSOCKET_PROTOCOL, "journeyforge.v1, base64url.bearer.journeyforge.YQ"),
                (http::header::HOST, "x"),
            ])
        );
        let mut alone = headers(&[(SEC_WEBSOCKET_PROTOCOL, "session.console.journeyforge.s")]);
        cleaned(&mut alone);
        assert!(alone.is_empty());
    }
}
