//! `JF520x`: what HTTP calls send (04 §2, §4).

use super::{Fault, RuleInfo};
use crate::rules::shape::{self, shorten};
use crate::source::Span;

pub(super) const RULES: &[&RuleInfo] =
    &[&REPLACED_AUTHORIZATION, &HEADER_OF_TRANSPORT, &HEADER_TWICE, &LITERAL_PLACEHOLDER];

static REPLACED_AUTHORIZATION: RuleInfo = RuleInfo::warning(
    5201,
    "TSK-035",
    "an `Authorization` header that is never sent",
    "Headers are laid over each other: defaults, headers that are passed through, headers of the task, and last what the auth policy of \
     the call adds. The policy sends an `Authorization` header of its own, which replaces this one.\n\n\
     Remove the header, or `auth`.",
);

static HEADER_OF_TRANSPORT: RuleInfo = RuleInfo::error(
    5202,
    "TSK-004",
    "a header that the transport sets",
    "`Host`, `Content-Length`, `Transfer-Encoding`, `Connection`, `Upgrade`, `TE`, `Trailer`, `Keep-Alive` and `Proxy-*` say how a \
     message is carried. The transport sets them as they must be; a value chosen by a definition would break the message or reach \
     another server.",
);

static HEADER_TWICE: RuleInfo = RuleInfo::error(
    5203,
    "TSK-027",
    "a header that is set twice",
    "Header names ignore case, and `headers` and `params.headers` are one set. Two values for one name say nothing about which of \
     them is meant.\n\n\
     Keep one of the two.",
);

static LITERAL_PLACEHOLDER: RuleInfo = RuleInfo::warning(
    5204,
    "EXP-057",
    "a placeholder in a literal body",
    "`${…}` is replaced in texts: URLs, headers, parameters, a body that is a string. In a body that is written as an object or array it \
     is sent as it stands.\n\n\
     Compute the body with `body: { mapper: … }`, or write it as a string.",
);

/// The names that DEF-188 lists, in lower case.
const OF_TRANSPORT: [&str; 8] =
    ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "keep-alive"];

/// What is wrong with a name as that of a header that calls send; `rule` is for a name that is no token.
pub(crate) fn header_name(name: &str, rule: &'static str) -> Option<Fault> {
    if !crate::header::is_token(name) {
        return Some(shape::malformed(name, "header name", "it is not an HTTP token").rule(rule));
    }
    let lower = name.to_ascii_lowercase();
    let of_transport = OF_TRANSPORT.contains(&&*lower) || lower.starts_with("proxy-");
    of_transport.then(|| {
        Fault::new(
            &HEADER_OF_TRANSPORT,
            format!("the header `{}` is set by the transport and cannot be chosen", shorten(name)),
        )
        .rule(rule)
    })
}

/// Whether the text as written can be the value of a header (EXP-056).
pub(crate) fn fits_header(text: &str) -> bool {
    !text.chars().any(|c| c != '\t' && c.is_ascii_control())
}

pub(crate) fn header_value(rule: &'static str) -> Fault {
    shape::malformed_value("the text holds a character that headers must not have")
        .rule(rule)
        .help("line breaks and control characters are not allowed")
}

pub(crate) fn header_twice(name: &str, first: Span) -> Fault {
    Fault::new(&HEADER_TWICE, format!("the header `{}` is set twice", shorten(name)))
        .label(first, "the first time")
        .help("header names ignore case, and `headers` and `params.headers` are one set")
}

pub(crate) fn replaced_authorization() -> Fault {
    Fault::new(&REPLACED_AUTHORIZATION, "the auth policy of the call replaces this header")
}

pub(crate) fn replaced_default_authorization() -> Fault {
    Fault::new(
        &REPLACED_AUTHORIZATION,
        "the policy replaces the `Authorization` header of `spec.defaults.http.headers`",
    )
}

pub(crate) fn literal_placeholder() -> Fault {
    Fault::new(&LITERAL_PLACEHOLDER, "`${` is not replaced inside a literal body")
        .help("compute the body with `body: { mapper: … }`, or write it as a string")
}
