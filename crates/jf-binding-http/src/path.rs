//! From a request path to what it means (HTTP-001 to HTTP-005).
//!
//! Segments are decoded before they are compared, so that `%63ancel` is `cancel` and `%2F` never separates anything; a router
//! that matches the raw text could not tell either.

use std::borrow::Cow;

use http::Method;
use jf_dsl::DefinitionName;
use percent_encoding::percent_decode_str;

/// The base of all routes of the binding.
pub(crate) const BASE: &str = "/api/v1";

/// What a path of the binding addresses. Ids are not judged here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target<'p> {
    /// `/journeys`
    Journeys,
    /// `/journeys/{journeyId}`
    Status(Cow<'p, str>),
    /// `/journeys/{journeyId}/result`
    Outcome(Cow<'p, str>),
    /// `/journeys/{journeyId}/events`
    Events(Cow<'p, str>),
    /// `/journeys/{journeyName}/start`
    Start(Cow<'p, str>),
    /// `/journeys/{journeyId}/steps/cancel`
    Cancel(Cow<'p, str>),
    /// `/journeys/{journeyId}/steps/{stepId}`
    Step(Cow<'p, str>, Cow<'p, str>),
    /// The route of an Api.
    Api(DefinitionName),
}

impl<'p> Target<'p> {
    /// The meaning of a raw path; `None` when nothing is there. `apis` tells the Api at a decoded path below the base.
    pub(crate) fn of(path: &'p str, apis: impl FnOnce(&str) -> Option<DefinitionName>) -> Option<Self> {
        let mut segments = path.strip_prefix('/')?.split('/').map(decode);
        let mut next = || segments.next();
        if next()?? != "api" || next()?? != "v1" {
            return None;
        }
        let first = next()??;
        if first != "journeys" {
            let name = match path.strip_prefix(BASE) {
                Some(below) if !path.contains('%') => apis(below),
                _ => apis(&joined(std::iter::once(Some(first)).chain(segments))?),
            };
            return name.map(Self::Api);
        }
        let Some(id) = next() else { return Some(Self::Journeys) };
        let Some(verb) = next() else { return Some(Self::Status(id?)) };
        let (id, verb, last, more) = (id?, verb?, next(), next());
        match (verb.as_ref(), last, more) {
            ("start", None, _) => Some(Self::Start(id)),
            ("result", None, _) => Some(Self::Outcome(id)),
            ("events", None, _) => Some(Self::Events(id)),
            ("steps", Some(step), None) => match step? {
                cancel if cancel == "cancel" => Some(Self::Cancel(id)),
                step => Some(Self::Step(id, step)),
            },
            _ => None,
        }
    }

    /// The methods that work here, as an `Allow` header says them.
    pub(crate) const fn allow(&self) -> &'static str {
        if self.is_read() { "GET, HEAD" } else { "POST" }
    }

    /// Whether the method works here.
    pub(crate) fn takes(&self, method: &Method) -> bool {
        if self.is_read() { method == Method::GET || method == Method::HEAD } else { method == Method::POST }
    }

    const fn is_read(&self) -> bool {
        matches!(self, Self::Journeys | Self::Status(_) | Self::Outcome(_) | Self::Events(_))
    }
}

/// A segment, percent-decoded once; `None` for an empty one and for what is not UTF-8, which nothing is called.
fn decode(segment: &str) -> Option<Cow<'_, str>> {
    // Hardly any is encoded.
    let decoded = match segment.contains('%') {
        true => percent_decode_str(segment).decode_utf8().ok()?,
        false => Cow::Borrowed(segment),
    };
    Some(decoded).filter(|segment| !segment.is_empty())
}

/// The decoded segments as a path again. A decoded `/` would shift the borders, so no route contains one.
fn joined<'p>(segments: impl Iterator<Item = Option<Cow<'p, str>>>) -> Option<String> {
    let mut route = String::new();
    for segment in segments {
        let segment = segment.filter(|segment| !segment.contains('/'))?;
        route.push('/');
        route.push_str(&segment);
    }
    Some(route)
}

#[cfg(test)]
mod tests {
    use super::Target;
    use jf_dsl::DefinitionName;

    /// An Api is deployed at every route that can be written as a name: `/apis/price` is `apis-price`.
    fn shown(path: &str) -> String {
        let apis = |route: &str| DefinitionName::parse(route.strip_prefix('/')?.replace('/', "-")).ok();
        Target::of(path, apis).map_or_else(|| "-".to_owned(), |target| format!("{target:?}"))
    }

    #[test]
    fn http_001_paths_and_what_they_address() {
        for (path, meaning) in [
            ("/api/v1/journeys", "Journeys"),
            ("/api/v1/journeys/k1", r#"Status("k1")"#),
            ("/api/v1/journeys/start", r#"Status("start")"#),
            ("/api/v1/journeys/k1/result", r#"Outcome("k1")"#),
            ("/api/v1/journeys/k1/events", r#"Events("k1")"#),
            ("/api/v1/journeys/order/start", r#"Start("order")"#),
            ("/api/v1/journeys/k1/steps/approve", r#"Step("k1", "approve")"#),
            ("/api/v1/journeys/k1/steps/race~a~wait", r#"Step("k1", "race~a~wait")"#),
            ("/api/v1/journeys/k1/steps/start", r#"Step("k1", "start")"#),
            ("/api/v1/apis/price", r#"Api("apis-price")"#),
            ("/api/v1/quotes/today", r#"Api("quotes-today")"#),
        ] {
            assert_eq!(shown(path), meaning, "{path}");
        }
    }

    #[test]
    fn http_003_unknown_paths_and_trailing_slashes_are_nothing() {
        for path in [
            "",
            "*",
            "/",
            "/api",
            "/api/v1",
            "/api/v1/",
            "/api/v2/journeys",
            "/API/v1/journeys",
            "//api/v1/journeys",
            "/api/v1/journeys/",
            "/api/v1/journeys//start",
            "/api/v1/journeys/k1/",
            "/api/v1/journeys/k1/result/",
            "/api/v1/journeys/k1/other",
            "/api/v1/journeys/k1/steps",
            "/api/v1/journeys/k1/steps/",
            "/api/v1/journeys/k1/steps/a/b",
            "/api/v1/journeys/k1/steps/cancel/",
            "/api/v1/journeys/order/start/now",
            "/api/v1/apis/price/",
            "/api/v1//apis/price",
            "/api/v1/apis/%70rice/",
        ] {
            assert_eq!(shown(path), "-", "{path}");
        }
    }

    #[test]
    fn http_004_segments_are_decoded_once_before_matching() {
        for (path, meaning) in [
            ("/%61pi/v1/%6Aourneys", "Journeys"),
            ("/api/v1/journeys/k1/%72esult", r#"Outcome("k1")"#),
            ("/api/v1/journeys/k1/steps/gr%C3%B6%C3%9Fe", r#"Step("k1", "größe")"#),
            ("/api/v1/journeys/k1/steps/race%7Ea%7Ewait", r#"Step("k1", "race~a~wait")"#),
            ("/api/v1/journeys/k1/steps/a%2Fb", r#"Step("k1", "a/b")"#),
            ("/api/v1/journeys/k1/steps/a%252Fb", r#"Step("k1", "a%2Fb")"#),
            ("/api/v1/journeys/k1/steps/100%", r#"Step("k1", "100%")"#),
            ("/api/v1/apis/%70rice", r#"Api("apis-price")"#),
            ("/api/%761/apis/price", r#"Api("apis-price")"#),
            ("/api/v1/apis%2Fprice", "-"),
            ("/api/v1/journeys%2Fk1", "-"),
            ("/api/v1/journeys/k1%2Fresult", r#"Status("k1/result")"#),
            ("/api/v1/journeys/k1/steps/%FF", "-"),
            ("/api/v1/apis/%FF", "-"),
        ] {
            assert_eq!(shown(path), meaning, "{path}");
        }
    }

    #[test]
    fn http_005_steps_cancel_is_the_cancellation() {
        assert_eq!(shown("/api/v1/journeys/k1/steps/cancel"), r#"Cancel("k1")"#);
        assert_eq!(shown("/api/v1/journeys/k1/steps/%63ancel"), r#"Cancel("k1")"#);
    }
}
