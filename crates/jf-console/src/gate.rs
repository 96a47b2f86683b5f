//! Who may use the console: pages of its own, and where there is a token, those who know it.
//!
//! What a layer further out has judged already is the host name ([`Hosts`](jf_binding_http::Hosts)).

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, COOKIE, HOST, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jf_core::{EngineErrorKind, PageOrigin};

use crate::config::Token;
use crate::problem::refusal;

/// The path that takes the token and gives the cookie.
pub(crate) const SESSION: &str = "/session";
const COOKIE_NAME: &str = "journeyforge_console";

/// The checks in front of everything that shows or changes runs.
#[derive(Debug)]
pub(crate) struct Gate {
    scheme: &'static str,
    lock: Option<Lock>,
}

#[derive(Debug)]
struct Lock {
    token: Token,
    /// The one cookie of this process. It ends with it.
    session: Token,
    cookie: HeaderValue,
}

impl Gate {
    pub(crate) fn new(token: Option<Token>, has_tls: bool) -> Result<Self, getrandom::Error> {
        let lock = token.map(|token| {
            let (session, text) = Token::random()?;
            let secure = if has_tls { "; Secure" } else { "" };
            let cookie = format!("{COOKIE_NAME}={text}; Path=/; HttpOnly; SameSite=Strict{secure}");
            let mut cookie =
                HeaderValue::try_from(cookie).expect("base64 and ASCII words are a header value");
            cookie.set_sensitive(true);
            Ok(Lock { token, session, cookie })
        });
        Ok(Self { scheme: if has_tls { "https" } else { "http" }, lock: lock.transpose()? })
    }

    /// Whether the request comes from a page of this console, or from no page at all.
    fn is_own(&self, headers: &HeaderMap) -> bool {
        // What browsers of today say of every request; `none` is the address bar.
        if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
            return false;
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let (origin, host) = match (origins.next(), origins.next(), headers.get(HOST)) {
            (None, _, _) => return true,
            (Some(origin), None, Some(host)) => (origin.to_str(), host.to_str()),
            _ => return false,
        };
        let (Ok(origin), Ok(host)) = (origin, host) else { return false };
        let own = PageOrigin::parse(&format!("{}://{host}", self.scheme));
        own.is_ok() && own == PageOrigin::parse(origin)
    }

    fn is_open_for(&self, headers: &HeaderMap) -> bool {
        let Some(lock) = &self.lock else { return true };
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut cookies =
            lines.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        cookies.any(|(name, value)| name == COOKIE_NAME && lock.session.is(value))
    }
}

/// Lets a request through, without what only the gate needs: neither the cookie nor the origin is the business of a journey.
pub(crate) async fn guard(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    if !gate.is_own(request.headers()) {
        return refusal(EngineErrorKind::Forbidden, "the console is for pages of its own");
    }
    if !gate.is_open_for(request.headers()) {
        return refusal(EngineErrorKind::Unauthenticated, "the console wants its token");
    }
    let headers = request.headers_mut();
    headers.remove(COOKIE);
    headers.remove(ORIGIN);
    next.run(request).await
}

/// `GET` tells whether the console is open for the caller, `POST` shows the token.
pub(crate) async fn session(State(gate): State<Arc<Gate>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !gate.is_own(&parts.headers) {
        return refusal(EngineErrorKind::Forbidden, "the console is for pages of its own");
    }
    match (&gate.lock, parts.method) {
        (_, Method::GET) if gate.is_open_for(&parts.headers) => open(None),
        (Some(_), Method::GET) => refusal(EngineErrorKind::Unauthenticated, "the console wants its token"),
        (None, _) => open(None),
        (Some(lock), _) => {
            let text = to_bytes(body, Token::MOST).await.unwrap_or_default();
            match std::str::from_utf8(&text) {
                Ok(text) if lock.token.is(text) => open(Some(&lock.cookie)),
                _ => refusal(EngineErrorKind::Forbidden, "this is not the token of the console"),
            }
        }
    }
}

fn open(cookie: Option<&HeaderValue>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        response.headers_mut().insert(SET_COOKIE, cookie.clone());
    }
    response
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
