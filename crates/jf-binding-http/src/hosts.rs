//! The host names a server answers to: the one request header that a page of another site cannot choose, but its owner can.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::header::HOST;
use http::{Method, Version};
use jf_core::{Authority, EngineError, EngineErrorKind};

use crate::problem;

/// Which host names requests may be addressed to. By default any; malformed ones are refused in any case.
///
/// A page that has its own name point to the address of this server is of the same origin with it, and its browser lets it read
/// every answer (*DNS rebinding*). What gives it away is the name. So a server that trusts whoever reaches it, on a loopback address above
/// all, should answer to names that only its own users use: `localhost` and those below it, addresses, which nobody can point
/// elsewhere, and what it is told.
///
/// It also holds requests to RFC 9112, 3.2: exactly one `Host` in HTTP/1.1, and in HTTP/2 none that differs from `:authority`.
///
/// ```
/// use jf_binding_http::Hosts;
///
/// let hosts = Hosts::only(["journeys.example.com"])?;
/// let judge = |host: &str| hosts.judge(&http::Request::get("/").header("host", host).body(()).unwrap());
/// assert!(judge("journeys.example.com:8080").is_ok());
/// assert!(judge("127.0.0.1:8080").is_ok());
/// assert!(judge("rebound.example").is_err());
/// # Ok::<(), jf_binding_http::InvalidHost>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// Lower case; `None` for every name.
    names: Option<Arc<HashSet<Box<str>>>>,
}

/// A text that is no host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host name: expected one like journeys.example.com, without scheme and port")]
pub struct InvalidHost(String);

impl Hosts {
    /// These names, beside addresses, `localhost` and the names below it.
    ///
    /// # Errors
    /// When a text is not a host name.
    pub fn only<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Result<Self, InvalidHost> {
        let names: Result<HashSet<Box<str>>, InvalidHost> = names
            .into_iter()
            .map(|name| {
                let name = name.as_ref();
                if Authority::is_name(name) {
                    Ok(plain(name).into())
                } else {
                    Err(InvalidHost(name.to_owned()))
                }
            })
            .collect();
        Ok(Self { names: Some(Arc::new(names?)) })
    }

    /// Addresses, `localhost` and the names below it: what a loopback listener has.
    #[must_use]
    pub fn loopback() -> Self {
        Self { names: Some(Arc::default()) }
    }

    /// Whether a request may be answered here.
    ///
    /// # Errors
    /// InvalidInput when it does not say in one well-formed way whom it is addressed to, Forbidden when it is somebody else.
    pub fn judge<B>(&self, request: &http::Request<B>) -> Result<(), EngineError> {
        let uri = request.uri();
        // Only CONNECT has a target that is an authority (RFC 9112, 3.2.3); a path without its slash looks like one.
        if uri.scheme().is_none() && uri.authority().is_some() && request.method() != Method::CONNECT {
            return Err(EngineError::invalid_input("the target of the request is no path"));
        }
        let addressee = addressee(request)?;
        let (Some(names), Some(Authority { host, .. })) = (&self.names, addressee) else { return Ok(()) };
        if is_nobodys(host) || names.contains(plain(host).as_str()) {
            return Ok(());
        }
        let detail = "the server does not answer to the host name of this request";
        Err(EngineError::new(EngineErrorKind::Forbidden).with_detail(detail))
    }

    /// Puts the check in front of a router.
    pub fn attach(self, inner: Router) -> Router {
        inner.layer(from_fn_with_state(self, check))
    }
}

async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    match hosts.judge(&request) {
        Ok(()) => next.run(request).await,
        Err(error) => problem::answer(error),
    }
}

/// Whom a request is addressed to: the authority of its target, which is all there is in HTTP/2, else its `Host`. `None` if it need not say so,
/// as in HTTP/1.0.
///
/// ```
/// use http::{Request, Version};
/// use jf_binding_http::addressee;
///
/// let old = Request::get("/").header("host", "a.example:81").body(())?;
/// let new = Request::get("https://a.example:81/").version(Version::HTTP_2).body(())?;
/// for request in [old, new] {
///     let addressee = addressee(&request).unwrap().unwrap();
///     assert_eq!((addressee.host, addressee.port), ("a.example", Some("81")));
/// }
/// # Ok::<(), http::Error>(())
/// ```
///
/// # Errors
/// InvalidInput when it is not said in one well-formed way (RFC 9112, 3.2; RFC 9113, 8.3.1).
pub fn addressee<B>(request: &http::Request<B>) -> Result<Option<Authority<'_>>, EngineError> {
    let refused = |detail: &str| Err(EngineError::invalid_input(detail));
    let mut lines = request.headers().get_all(HOST).iter();
    let named = match (lines.next(), lines.next()) {
        (Some(_), Some(_)) => return refused("`Host` is given more than once"),
        (Some(line), None) => match line.to_str().ok().and_then(Authority::parse) {
            Some(named) => Some(named),
            None => return refused("`Host` is no host"),
        },
        (None, _) => None,
    };
    // A target in the absolute form wins over the header, which has to be there all the same (RFC 9112, 3.2.2).
    let target = match request.uri().authority().map(|authority| Authority::parse(authority.as_str())) {
        Some(None) => return refused("the host of the target is none"),
        target => target.flatten(),
    };
    let is_same = |a: Authority<'_>, b: Authority<'_>| {
        a.host.eq_ignore_ascii_case(b.host) && a.port.unwrap_or_default() == b.port.unwrap_or_default()
    };
    match request.version() {
        Version::HTTP_11 if named.is_none() => return refused("`Host` is missing"),
        Version::HTTP_10 | Version::HTTP_11 => {}
        _ => match (target, named) {
            (Some(target), Some(named)) if !is_same(target, named) => {
                return refused("`:authority` and `Host` differ");
            }
            (None, None) => return refused("`:authority` is missing"),
            _ => {}
        },
    }
    Ok(target.or(named))
}

/// Whether nobody can point the name to an address of their choice.
fn is_nobodys(host: &str) -> bool {
    const LOCAL: &str = "localhost";
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_local = match host.len().checked_sub(LOCAL.len()).and_then(|start| host.split_at_checked(start)) {
        Some((below, end)) => end.eq_ignore_ascii_case(LOCAL) && (below.is_empty() || below.ends_with('.')),
        None => false,
    };
    is_local || host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

/// A name as it is compared: in lower case, without the dot that ends a full one.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{Hosts, InvalidHost};
    use http::{Request, Version};
    use jf_core::EngineErrorKind;

    fn judged(hosts: &Hosts, version: Version, target: &str, lines: &[&str]) -> Option<EngineErrorKind> {
        let mut request = Request::get(target).version(version);
        for line in lines {
            request = request.header("host", *line);
        }
        hosts.judge(&request.body(()).unwrap()).err().map(|error| error.kind())
    }

    #[test]
    fn http_054_a_request_names_its_host_once_and_well() {
        let any = Hosts::default();
        for (version, target, lines, is_good) in [
            (Version::HTTP_11, "/", &["a.example"][..], true),
            (Version::HTTP_11, "/", &["a.example:8080"], true),
            (Version::HTTP_11, "/", &["[::1]:8080"], true),
            (Version::HTTP_11, "/", &[], false),
            (Version::HTTP_11, "/", &[""], false),
            (Version::HTTP_11, "/", &["a", "a"], false),
            (Version::HTTP_11, "/", &["a", "b"], false),
            (Version::HTTP_11, "/", &["a b"], false),
            (Version::HTTP_11, "/", &["a/b"], false),
            (Version::HTTP_11, "/", &["user@a"], false),
            (Version::HTTP_11, "/", &["a:x"], false),
            (Version::HTTP_11, "/", &["a:99999"], false),
            (Version::HTTP_11, "/", &[":80"], false),
            (Version::HTTP_11, "http://a.example/", &[], false),
            (Version::HTTP_11, "http://a.example/", &["b.example"], true),
            (Version::HTTP_11, "http://u@a.example/", &["a.example"], false),
            (Version::HTTP_11, "a.example", &["a.example"], false),
            (Version::HTTP_10, "/", &[], true),
            (Version::HTTP_10, "/", &["a", "b"], false),
            (Version::HTTP_2, "https://a.example/", &[], true),
            (Version::HTTP_2, "https://a.example/", &["a.example"], true),
            (Version::HTTP_2, "https://a.example/", &["b.example"], false),
            (Version::HTTP_2, "/", &["a.example"], true),
            (Version::HTTP_2, "/", &[], false),
        ] {
            let expected = (!is_good).then_some(EngineErrorKind::InvalidInput);
            assert_eq!(judged(&any, version, target, lines), expected, "{version:?} {target} {lines:?}");
        }
    }

    #[test]
    fn http_028_names_of_others_are_refused() {
        let hosts = Hosts::only(["Journeys.Example."]).unwrap();
        for good in [
            "journeys.example",
            "JOURNEYS.example.:443",
            "localhost:8080",
            "app.localhost",
            "127.0.0.1:8080",
            "127.0.0.2",
            "[::1]:8080",
            "192.0.2.1",
        ] {
            assert_eq!(judged(&hosts, Version::HTTP_11, "/", &[good]), None, "{good}");
        }
        for bad in [
            "rebound.example",
            "journeys.example.evil.test",
            "evil-journeys.example",
            "a.journeys.example",
            "localhost.evil.test",
            "127.0.0.1.evil.test",
            "evillocalhost",
        ] {
            let refused = Some(EngineErrorKind::Forbidden);
            assert_eq!(judged(&hosts, Version::HTTP_11, "/", &[bad]), refused, "{bad}");
            let target = format!("http://{bad}/");
            let disguised = judged(&hosts, Version::HTTP_11, &target, &["localhost"]);
            assert_eq!(disguised, refused, "the target wins: {bad}");
        }
        assert_eq!(
            judged(&Hosts::loopback(), Version::HTTP_11, "/", &["journeys.example"]),
            Some(EngineErrorKind::Forbidden)
        );
        assert_eq!(judged(&Hosts::loopback(), Version::HTTP_10, "/", &[]), None, "no browser speaks it");
        for bad in ["", "https://a", "a:80", "a/b", ".a", "*"] {
            assert_eq!(Hosts::only([bad]).unwrap_err(), InvalidHost(bad.to_owned()));
        }
    }
}
