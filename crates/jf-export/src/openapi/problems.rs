//! The refusals that addresses can answer, as `components.responses` with the Problem types of each (ENG-140).

use serde_json::{Map, Value, json};

use super::document::PROBLEM;
use crate::schemas::reference;

/// A response of `components.responses`.
pub(super) struct Refusal {
    pub(super) name: &'static str,
    pub(super) status: &'static str,
    description: &'static str,
    /// A header that always comes along: its field and its name under `components.headers`.
    header: Option<(&'static str, &'static str)>,
    /// The last part of the Problem `type`, its `title`, and what it means to the caller.
    problems: &'static [(&'static str, &'static str, &'static str)],
}

const RETRY_AFTER: Option<(&str, &str)> = Some(("Retry-After", "RetryAfter"));

const fn refusal(
    name: &'static str,
    status: &'static str,
    description: &'static str,
    header: Option<(&'static str, &'static str)>,
    problems: &'static [(&'static str, &'static str, &'static str)],
) -> Refusal {
    Refusal { name, status, description, header, problems }
}

pub(super) const BAD_REQUEST: Refusal = refusal(
    "BadRequest",
    "400",
    "The request cannot be read, or its value does not follow the schema.",
    None,
    &[
        (
            "invalid-input",
            "Invalid Input",
            "Body, parameters or headers do not fit; `errors` lists what violates a schema.",
        ),
        (
            "metadata-limit",
            "Metadata Limit Exceeded",
            "There are more or longer tags and attributes than a run may have.",
        ),
        (
            "projection-conflict",
            "Projection Conflict",
            "A header or parameter is written where the body has a value that is no object.",
        ),
        (
            "idempotency-key-invalid",
            "Invalid Idempotency Key",
            "The key has other than 16 to 255 visible ASCII characters.",
        ),
    ],
);
pub(super) const BAD_PARAMETER: Refusal = refusal(
    "BadParameter",
    "400",
    "A parameter or header is unknown, given twice, or cannot be read.",
    None,
    &[(
        "invalid-input",
        "Invalid Input",
        "A parameter or header is unknown, given twice, or cannot be read.",
    )],
);
pub(super) const UNAUTHENTICATED: Refusal = refusal(
    "Unauthenticated",
    "401",
    "The caller is not known.",
    Some(("WWW-Authenticate", "WwwAuthenticate")),
    &[("unauthenticated", "Unauthenticated", "Authenticate with the platform.")],
);
pub(super) const FORBIDDEN: Refusal = refusal(
    "Forbidden",
    "403",
    "The platform refuses the caller, its origin or the name it called.",
    None,
    &[(
        "forbidden",
        "Forbidden",
        "The platform refuses the caller, pages of its origin, or the host name it called.",
    )],
);
pub(super) const NOT_FOUND: Refusal = refusal(
    "NotFound",
    "404",
    "There is no such thing, or the caller may not know of it.",
    None,
    &[("not-found", "Not Found", "Unknown, removed and denied look alike.")],
);
pub(super) const METHOD_NOT_ALLOWED: Refusal = refusal(
    "MethodNotAllowed",
    "405",
    "The address is there, the method is not.",
    Some(("Allow", "Allow")),
    &[("method-not-allowed", "Method Not Allowed", "`Allow` names the methods that work.")],
);
pub(super) const NOT_TERMINAL: Refusal = refusal(
    "NotTerminal",
    "409",
    "The run goes on, so there is no outcome yet.",
    None,
    &[("not-terminal", "Not Terminal", "The run goes on; ask again later.")],
);
pub(super) const STEP_CONFLICT: Refusal = refusal(
    "StepConflict",
    "409",
    "The step does not wait.",
    None,
    &[
        ("step-not-active", "Step Not Active", "`activeSteps` of the status names what waits."),
        (
            "step-ambiguous",
            "Step Ambiguous",
            "It waits in several places; use one of the addresses in `candidates`.",
        ),
    ],
);
pub(super) const NOT_CANCELLABLE: Refusal = refusal(
    "NotCancellable",
    "409",
    "The definition forbids the cancellation.",
    None,
    &[("not-cancellable", "Not Cancellable", "The definition forbids it.")],
);
pub(super) const PRECONDITION_FAILED: Refusal = refusal(
    "PreconditionFailed",
    "412",
    "The run does not stand where `If-Match` says.",
    None,
    &[("seq-mismatch", "Sequence Mismatch", "Read the status again, and decide again.")],
);
pub(super) const TOO_LARGE: Refusal = refusal(
    "TooLarge",
    "413",
    "The body is larger than it may be.",
    None,
    &[("too-large", "Too Large", "Send less.")],
);
pub(super) const UNSUPPORTED_MEDIA_TYPE: Refusal = refusal(
    "UnsupportedMediaType",
    "415",
    "The body is not `application/json`.",
    None,
    &[("unsupported-media-type", "Unsupported Media Type", "Send JSON, and say so in `Content-Type`.")],
);
pub(super) const KEY_MISMATCH: Refusal = refusal(
    "KeyMismatch",
    "422",
    "The idempotency key belongs to another request.",
    None,
    &[("idempotency-mismatch", "Idempotency Mismatch", "Draw a new key for a new command.")],
);
pub(super) const RATE_LIMITED: Refusal = refusal(
    "RateLimited",
    "429",
    "Too many requests.",
    RETRY_AFTER,
    &[
        ("rate-limited", "Rate Limited", "Wait for `Retry-After`."),
        ("subscription-limit", "Subscription Limit", "Too many event streams of this caller are open."),
    ],
);
pub(super) const HEADERS_TOO_LARGE: Refusal = refusal(
    "HeadersTooLarge",
    "431",
    "The headers are larger than they may be.",
    None,
    &[("headers-too-large", "Headers Too Large", "Send fewer or shorter headers.")],
);
pub(super) const INTERNAL_ERROR: Refusal = refusal(
    "InternalError",
    "500",
    "Unexpected trouble; whether the request had an effect is not known.",
    None,
    &[("internal", "Internal Error", "Repeat a command with the same `Idempotency-Key` to find out.")],
);
pub(super) const UNAVAILABLE: Refusal = refusal(
    "Unavailable",
    "503",
    "The service is overloaded, starting or stopping; the request had no effect.",
    RETRY_AFTER,
    &[
        ("unavailable", "Unavailable", "Wait for `Retry-After`."),
        ("draining", "Draining", "Wait for `Retry-After`; another instance will answer."),
    ],
);

/// Of an engine of somebody's own, which may lack what is optional.
pub(super) const UNSUPPORTED: Refusal = refusal(
    "Unsupported",
    "501",
    "This engine lacks the operation.",
    None,
    &[("unsupported", "Unsupported", "This engine lacks the operation.")],
);

/// All of them.
const ALL: [&Refusal; 18] = [
    &BAD_REQUEST,
    &BAD_PARAMETER,
    &UNAUTHENTICATED,
    &FORBIDDEN,
    &NOT_FOUND,
    &METHOD_NOT_ALLOWED,
    &NOT_TERMINAL,
    &STEP_CONFLICT,
    &NOT_CANCELLABLE,
    &PRECONDITION_FAILED,
    &TOO_LARGE,
    &UNSUPPORTED_MEDIA_TYPE,
    &KEY_MISMATCH,
    &RATE_LIMITED,
    &HEADERS_TOO_LARGE,
    &INTERNAL_ERROR,
    &UNAVAILABLE,
    &UNSUPPORTED,
];

/// `components.responses`.
pub(super) fn responses() -> Map<String, Value> {
    ALL.iter().map(|refusal| (refusal.name.to_owned(), refusal.response())).collect()
}

impl Refusal {
    fn response(&self) -> Value {
        let status: u16 = self.status.parse().unwrap_or_default();
        let examples: Map<_, _> = self
            .problems
            .iter()
            .map(|(slug, title, meaning)| {
                let problem = json!({ "type": format!("urn:journeyforge:error:{slug}"), "title": title, "status": status });
                ((*slug).to_owned(), json!({ "summary": meaning, "value": problem }))
            })
            .collect();
        let content = json!({ PROBLEM: { "schema": reference("Problem"), "examples": examples } });
        match self.header {
            None => json!({ "description": self.description, "content": content }),
            Some((field, name)) => {
                let headers = json!({ field: { "$ref": format!("#/components/headers/{name}") } });
                json!({ "description": self.description, "headers": headers, "content": content })
            }
        }
    }
}
