//! The kinds of values that configuration keys take.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use jf_binding_http::{CertificateHeader, Hosts, Origins, TrustedProxies};
use jf_dsl::{DefinitionName, IsoDuration, Version};
use jf_task_http::{HostPattern, Origin};
use serde_json::Value;

/// What a configuration key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A non-empty string.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds.
    Whole {
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
    },
    /// An ISO-8601 duration of fixed length, such as `PT30S` or `P30D`.
    Duration,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// Address and port.
    Address,
    /// The name of an HTTP header that no client of HTTP sets itself.
    HeaderName,
    /// An absolute `http(s)` URL without query and fragment.
    BaseUrl,
    /// A path from the server root.
    Path,
    /// A list of origins, or `["*"]`.
    Origins,
    /// A list of host patterns.
    Hosts,
    /// A list of host names.
    HostNames,
    /// A list of addresses and networks.
    Networks,
    /// The path of a file.
    File,
    /// A list of names of definitions, or `["*"]`.
    Names,
    /// A list of `{from, to}`, each an origin; `to` may be `self`.
    Rewrites,
    /// A Semantic Version.
    Version,
    /// `memory`, or `sqlite:` and a file.
    Store,
    /// Any JSON value.
    Json,
}

impl Kind {
    /// The kind in words, as the reference page shows it.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Whole { least, most } => format!("whole number, {least}–{most}"),
            Self::Duration => "ISO-8601 duration".to_owned(),
            Self::Choice(words) => {
                words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            }
            Self::Address => "`address:port`".to_owned(),
            Self::HeaderName => "name of a header".to_owned(),
            Self::BaseUrl => "URL".to_owned(),
            Self::Path => "path".to_owned(),
            Self::Origins => "list of origins".to_owned(),
            Self::Hosts => "list of hosts".to_owned(),
            Self::HostNames => "list of host names".to_owned(),
            Self::Networks => "list of addresses and networks".to_owned(),
            Self::File => "file".to_owned(),
            Self::Names => "list of names".to_owned(),
            Self::Rewrites => "list of `{from, to}`".to_owned(),
            Self::Version => "version".to_owned(),
            Self::Store => "`memory`, `sqlite:FILE`".to_owned(),
            Self::Json => "any value".to_owned(),
        }
    }

    /// Judges a value; the message completes "`key` …".
    pub(super) fn check(self, value: &Value) -> Result<(), String> {
        match self {
            Self::Text => text(value).map(drop),
            Self::Flag => value.as_bool().map(drop).ok_or_else(|| "must be `true` or `false`".to_owned()),
            Self::Whole { least, most } => match value.as_u64() {
                Some(number) if (least..=most).contains(&number) => Ok(()),
                _ => Err(format!("must be a whole number from {least} to {most}")),
            },
            Self::Duration => duration(text(value)?).map(drop),
            Self::Choice(words) => {
                if value.as_str().is_some_and(|word| words.contains(&word)) {
                    return Ok(());
                }
                Err(format!("must be one of {}", words.join(", ")))
            }
            Self::Address => match value {
                Value::String(text) => address(text).map(drop),
                other => Err(no_address(&other.to_string())),
            },
            Self::HeaderName => header_name(text(value)?),
            Self::BaseUrl => base_url(text(value)?),
            Self::Path => path(text(value)?),
            Self::Origins => origins(value),
            Self::Hosts => each(value, |host| {
                text(host)?.parse::<HostPattern>().map(drop).map_err(|error| format!("has {host}, {error}"))
            }),
            Self::File => text(value).map(drop),
            Self::Networks => each(value, |network| {
                TrustedProxies::new([text(network)?], CertificateHeader::rfc9440(http::header::VIA))
                    .map(drop)
                    .map_err(|error| format!("has {error}"))
            }),
            Self::HostNames => each(value, |name| {
                Hosts::only([text(name)?]).map(drop).map_err(|error| format!("has {error}"))
            }),
            Self::Names => names(value),
            Self::Rewrites => each(value, rewrite),
            Self::Version => version(value),
            Self::Store => store(text(value)?).map(drop),
            Self::Json => Ok(()),
        }
    }
}

/// The `to` of a rewrite that stands for the server itself.
pub(super) const SELF: &str = "self";

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().filter(|text| !text.is_empty()).ok_or_else(|| "must be a non-empty string".to_owned())
}

/// Reads a duration whose length is the same on every day.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let example = "such as `PT30S` or `P30D`";
    let iso = IsoDuration::parse(text).map_err(|_| format!("must be an ISO-8601 duration {example}"))?;
    let days = text.split('T').next().unwrap_or_default();
    if days.contains(['Y', 'M']) {
        return Err(format!("must be a duration of fixed length {example}: years and months differ"));
    }
    let start = jiff::Timestamp::UNIX_EPOCH;
    let length = iso.after(start).map(|end| end.duration_since(start));
    length.and_then(|length| Duration::try_from(length).ok()).ok_or_else(|| "is too long".to_owned())
}

/// Reads an address with a port; `localhost` is the loopback address of version 4.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| no_address(text))
}

/// What an address looks like, with the port that was given if that is all there is.
fn no_address(given: &str) -> String {
    let port = given.trim_start_matches(':').parse::<u16>().unwrap_or(8080);
    format!(
        "must be `address:port`, such as `127.0.0.1:{port}`, `localhost:{port}` or, for every interface, `0.0.0.0:{port}`, not `{given}`"
    )
}

fn header_name(text: &str) -> Result<(), String> {
    let name: http::HeaderName =
        text.parse().map_err(|_| "must be the name of a header, such as `Idempotency-Key`".to_owned())?;
    let reserved =
        ["host", "connection", "content-length", "content-type", "transfer-encoding", "te", "upgrade"];
    if reserved.contains(&name.as_str()) {
        return Err(format!("must not be `{name}`, which HTTP itself needs"));
    }
    Ok(())
}

fn base_url(text: &str) -> Result<(), String> {
    let fault = || "must be an absolute http or https URL without query and fragment".to_owned();
    let (scheme, rest) = text.split_once("://").ok_or_else(fault)?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let plain = matches!(scheme, "http" | "https") && !path.contains(['?', '#', ' ']);
    if plain && format!("{scheme}://{authority}").parse::<Origin>().is_ok() { Ok(()) } else { Err(fault()) }
}

fn path(text: &str) -> Result<(), String> {
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && !b"?#{}".contains(&b));
    let pattern = text.contains("/:") || text.contains("/*");
    let own = text.starts_with('/') && !text.starts_with("//") && !jf_dsl::is_server_path(text);
    if plain && !pattern && own {
        return Ok(());
    }
    Err("must be a path such as `/ws/journeys`, beside those of the server: `/api`, `/livez`, `/readyz`"
        .to_owned())
}

/// The entry of a list that stands for everything there is.
pub(super) const ALL: &str = "*";

fn all_stands_alone(value: &Value) -> Result<(), String> {
    let items = value.as_array().ok_or_else(|| "must be a list".to_owned())?;
    if items.iter().any(|item| item == ALL) && items.len() > 1 {
        return Err("has `*` beside others; write it alone".to_owned());
    }
    Ok(())
}

fn names(value: &Value) -> Result<(), String> {
    all_stands_alone(value)?;
    each(value, |item| match text(item)? {
        ALL => Ok(()),
        name => DefinitionName::parse(name)
            .map(drop)
            .map_err(|_| format!("has {item}, which is no name of a definition, such as `loan-approval`")),
    })
}

fn origins(value: &Value) -> Result<(), String> {
    all_stands_alone(value)?;
    each(value, |item| {
        Origins::default().with_allowed([text(item)?]).map(drop).map_err(|_| {
            format!("has {item}, which is no origin: write scheme, host and port only, such as `https://app.example.com`")
        })
    })
}

fn rewrite(rule: &Value) -> Result<(), String> {
    let object = rule.as_object().ok_or_else(|| "must be a list of {from, to}".to_owned())?;
    if let Some(other) = object.keys().find(|name| !matches!(name.as_str(), "from" | "to")) {
        return Err(format!("has a rule with the unknown member `{other}`; a rule is {{from, to}}"));
    }
    for side in ["from", "to"] {
        let origin = object.get(side).ok_or_else(|| format!("has a rule without `{side}`"))?;
        let origin = text(origin).map_err(|fault| format!("has a rule whose `{side}` {fault}"))?;
        if side == "to" && origin == SELF {
            continue;
        }
        origin.parse::<Origin>().map_err(|error| format!("has the `{side}` `{origin}`, {error}"))?;
    }
    Ok(())
}

fn version(value: &Value) -> Result<(), String> {
    let fault = || "must be a version such as `1.2.0`; quote it".to_owned();
    text(value).map_err(|_| fault())?.parse::<Version>().map(drop).map_err(|_| fault())
}

/// The file of a SQLite store; `None` for the one in memory.
pub(super) fn store(text: &str) -> Result<Option<&Path>, String> {
    match text.strip_prefix("sqlite:") {
        None if text == "memory" => Ok(None),
        Some("") => Err("names no file after `sqlite:`".to_owned()),
        Some(file) => Ok(Some(Path::new(file))),
        None => Err(format!("must be `memory` or `sqlite:FILE`, not `{text}`")),
    }
}

fn each(value: &Value, check: impl Fn(&Value) -> Result<(), String>) -> Result<(), String> {
    value.as_array().ok_or_else(|| "must be a list".to_owned())?.iter().try_for_each(check)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{Kind, duration};

    fn accepted(kind: Kind, good: &[Value], bad: &[Value]) {
        for value in good {
            assert_eq!(kind.check(value), Ok(()), "{value}");
        }
        for value in bad {
            assert!(kind.check(value).is_err(), "{value}");
        }
    }

    #[test]
    fn each_kind_takes_its_values_only() {
        accepted(Kind::Text, &[json!("a")], &[json!(""), json!(1)]);
        accepted(Kind::Flag, &[json!(true)], &[json!("true"), json!(0)]);
        accepted(
            Kind::Whole { least: 1, most: 9 },
            &[json!(1), json!(9)],
            &[json!(0), json!(10), json!(1.5), json!("1")],
        );
        accepted(Kind::Choice(&["a", "b"]), &[json!("a")], &[json!("A"), json!(null)]);
        accepted(
            Kind::Address,
            &[json!("127.0.0.1:0"), json!("localhost:80"), json!("[::]:80")],
            &[json!("8080"), json!(":8080"), json!("host:80")],
        );
        for given in [json!("9100"), json!(":9100"), json!(9100)] {
            let told = Kind::Address.check(&given).unwrap_err();
            assert!(told.contains("`address:port`, such as `127.0.0.1:9100`"), "{told}");
        }
        accepted(Kind::Version, &[json!("1.2.0")], &[json!("1.2"), json!(1.2)]);
        accepted(
            Kind::Store,
            &[json!("memory"), json!("sqlite:runs.db"), json!("sqlite:/var/lib/jf/runs.db")],
            &[json!("sqlite:"), json!("disk"), json!("runs.db")],
        );
    }

    #[test]
    fn http_054_the_public_base_is_an_absolute_url() {
        accepted(
            Kind::BaseUrl,
            &[json!("https://j.example.com"), json!("http://localhost:8080/flows/")],
            &[json!("j.example.com"), json!("https://"), json!("https://a/b?c"), json!("ftp://a")],
        );
    }

    /// Also WS-006, HTTP-029.
    #[test]
    fn mux_2_paths_of_the_server_are_taken() {
        accepted(
            Kind::Path,
            &[json!("/ws/journeys"), json!("/apis"), json!("/readyz/ws")],
            &[
                json!("ws"),
                json!("//ws"),
                json!("/api"),
                json!("/api/ws"),
                json!("/livez"),
                json!("/readyz"),
                json!("/ws/{name}"),
                json!("/ws/:name"),
            ],
        );
    }

    #[test]
    fn org_1_origins_are_exact() {
        accepted(
            Kind::Origins,
            &[json!([]), json!(["*"]), json!(["https://a.example", "null"])],
            &[
                json!("*"),
                json!(["*", "https://a.example"]),
                json!(["a.example"]),
                json!(["https://a.example/x"]),
            ],
        );
    }

    #[test]
    fn http_006_hidden_definitions_are_named_or_all_of_them() {
        accepted(
            Kind::Names,
            &[json!([]), json!(["*"]), json!(["loan-approval", "price-quote"])],
            &[json!("*"), json!(["*", "loans"]), json!(["Loans"]), json!([""]), json!([1])],
        );
    }

    #[test]
    fn tsk_144_proxies_are_addresses_and_networks() {
        accepted(
            Kind::Networks,
            &[json!([]), json!(["10.0.0.7", "10.0.0.0/8", "::1", "2001:db8::/32"])],
            &[json!("10.0.0.7"), json!(["proxy.example"]), json!(["10.0.0.0/40"]), json!([""]), json!(["*"])],
        );
        accepted(
            Kind::HostNames,
            &[json!([]), json!(["journeys.example.com", "intranet"])],
            &[json!("a"), json!(["https://a.example"]), json!(["a.example:80"]), json!(["*"]), json!([1])],
        );
    }

    #[test]
    fn tsk_038_rewrites_name_two_origins_or_the_server_itself() {
        accepted(
            Kind::Rewrites,
            &[
                json!([]),
                json!([{"from": "https://a.example", "to": "self"}, {"from": "http://b", "to": "http://c:1"}]),
            ],
            &[
                json!([{"from": "self", "to": "http://c"}]),
                json!([{"from": "http://a"}]),
                json!([{"from": "http://a", "to": "http://b", "via": 1}]),
            ],
        );
    }

    #[test]
    fn durations_have_a_fixed_length() {
        assert_eq!(duration("P1DT0.5S"), Ok(Duration::from_millis(86_400_500)));
        assert_eq!(duration("PT0S"), Ok(Duration::ZERO));
        for bad in ["P1M", "P1Y", "30s", "-PT1S", ""] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
