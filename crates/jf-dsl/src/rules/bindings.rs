//! `JF50xx`: bindings (01 §16, 07 §1).

use super::{Fault, RuleInfo};
use crate::header::HeaderName;
use crate::model::state::StateType;
use crate::rules::shape::shorten;
use crate::source::Span;
use crate::suggest::{Meant, meant};

pub(super) const RULES: &[&RuleInfo] = &[
    &UNKNOWN_BINDING,
    &UNSUPPORTED_BINDING,
    &NO_SUCH_STEP,
    &PAYLOAD_FIELD,
    &HEADER_TWICE,
    &FORBIDDEN_PASSTHROUGH,
    &SENSITIVE_PASSTHROUGH,
    &INFORMATIONAL_STATUS,
    &RESERVED_TYPE,
    &SERVER_TYPE,
    &START_IS_STEP,
    &SHARED_TYPE,
    &NOT_SUBMITTABLE,
    &ADVISORY_NOT_EMPTY,
    &EMPTY_QUEUE,
    &CHANNEL_TWICE,
    &UNCONFIGURED_CHANNEL,
    &PROJECTED_NOWHERE,
];

static UNKNOWN_BINDING: RuleInfo = RuleInfo::error(
    5001,
    "DEF-180",
    "an unknown binding",
    "`spec.bindings` maps binding ids to objects, and the language knows `http`, `websocket`, `queue`, `grpc`, `cli` and \
     `function`. Configuration of providers and infrastructure belongs to the platform, not into a definition.",
);

static UNSUPPORTED_BINDING: RuleInfo = RuleInfo::error(
    5002,
    "DEF-180",
    "a binding that this build does not have",
    "The block is part of the language, but this build of the engine does not serve that transport. A definition that \
     declares it is refused rather than deployed without the access it promises.\n\n\
     Run it on a build with the binding, or remove the block.",
);

static NO_SUCH_STEP: RuleInfo = RuleInfo::error(
    5003,
    "DEF-186",
    "a step that is no external-input state",
    "The keys of `steps` are ids of `wait` and `webhook` states: those are the only states that take input. For `http` the \
     state may sit anywhere in the definition; for `websocket` and `queue` it must be under `spec.states`, branches included, \
     but not in a subjourney.",
);

static PAYLOAD_FIELD: RuleInfo = RuleInfo::error(
    5004,
    "DEF-187",
    "a projection into `payload`",
    "Headers and query parameters are projected into fields of the context. `payload` is written and cleared by the engine \
     itself, so a value projected there would be lost.\n\n\
     Choose another field.",
);

static HEADER_TWICE: RuleInfo = RuleInfo::error(
    5005,
    "DEF-188",
    "a header named twice",
    "Header names ignore case, so `X-User` and `x-user` are one header. A map holds each header once.\n\n\
     Remove one of the two.",
);

static FORBIDDEN_PASSTHROUGH: RuleInfo = RuleInfo::error(
    5006,
    "DEF-188",
    "a header that cannot be passed on",
    "Headers such as `Host`, `Content-Length`, `Connection` and `Proxy-*` describe one connection or one message. Sent on \
     with another request they would break it or open it to smuggling.",
);

static SENSITIVE_PASSTHROUGH: RuleInfo = RuleInfo::warning(
    5007,
    "DEF-188",
    "credentials are passed on",
    "The entry sends the caller's `Authorization` or `Cookie` to every service that the journey calls in this segment. That \
     may be meant; often a service of its own credentials is safer.",
);

static INFORMATIONAL_STATUS: RuleInfo = RuleInfo::warning(
    5008,
    "DEF-193",
    "a status that cannot be final",
    "Statuses 100–199 are interim answers of HTTP and cannot be the answer to a request.\n\n\
     Use a status from 200 on.",
);

static RESERVED_TYPE: RuleInfo = RuleInfo::error(
    5009,
    "WS-013",
    "a message type of the protocol",
    "The WebSocket protocol uses some types for its own frames (`subscribe`, `ping`, `getStatus`, …) and everything that \
     starts with `$`. A definition cannot use them: the frame would never reach it.\n\n\
     Choose another type; a prefix such as `order.` keeps types apart.",
);

static SERVER_TYPE: RuleInfo = RuleInfo::warning(
    5010,
    "WS-013",
    "a message type that the server sends",
    "The server sends frames of this type to clients. It still works, but logs and clients will mix the two directions up.",
);

static START_IS_STEP: RuleInfo = RuleInfo::error(
    5011,
    "WS-011",
    "one type starts and submits",
    "The type of a message selects the operation: a start type starts a run, a step type submits to one. One type cannot do \
     both.\n\n\
     Give the start a type of its own.",
);

static SHARED_TYPE: RuleInfo = RuleInfo::warning(
    5012,
    "WS-011",
    "several steps share a type",
    "Steps may share a message type; the step is then found by `stepId` of the message, or by what is active. A late message \
     for one step can then be taken by the other.\n\n\
     Give each step its own type, or make sure that clients send `stepId`.",
);

static NOT_SUBMITTABLE: RuleInfo = RuleInfo::warning(
    5013,
    "WS-014",
    "a step that WebSocket cannot submit",
    "The definition declares WebSocket access, but some `wait` or `webhook` states have no entry under `steps`, so no \
     message can submit to them. They can be submitted over other bindings.",
);

static ADVISORY_NOT_EMPTY: RuleInfo = RuleInfo::error(
    5014,
    "DEF-196",
    "a member in an advisory block",
    "`cli` and `function` only say that the definition is meant for that use. They are empty objects; not even `x-` members \
     are allowed.",
);

static EMPTY_QUEUE: RuleInfo = RuleInfo::warning(
    5015,
    "BND-010",
    "a queue binding without channels",
    "The block has neither `starts` nor `steps`, so no message reaches the definition.\n\n\
     Name a channel, or remove the block.",
);

static CHANNEL_TWICE: RuleInfo = RuleInfo::error(
    5016,
    "BND-012",
    "a channel with two effects",
    "A message has one effect: a start channel starts one run, so it is listed once and is no step channel. Several steps may \
     share a channel when messages carry the step id.\n\n\
     Give one of the two a channel of its own.",
);

static UNCONFIGURED_CHANNEL: RuleInfo = RuleInfo::warning(
    5017,
    "BND-013",
    "a channel that the platform does not configure",
    "Channels are logical names; which queue or topic a channel is, the configuration of the engine says. It says nothing \
     about this one, so the channel receives nothing.\n\n\
     Configure the channel, or correct its name.",
);

static PROJECTED_NOWHERE: RuleInfo = RuleInfo::warning(
    5018,
    "DEF-054",
    "a projection that the input schema forbids",
    "`spec.input.schema` is held against the body after headers and query parameters have been written into it. The schema is \
     closed (`additionalProperties: false`) and does not have this member, so every start that brings the header or \
     parameter is refused.\n\n\
     Declare the member under `properties`, or write to one that is there.",
);

/// Headers that belong to one connection or message (DEF-188).
const CONNECTION_HEADERS: [&str; 8] =
    ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "keep-alive"];

/// Frame types that only the server sends (WS-013, RT-3).
const SERVER_TYPES: [&str; 13] = [
    "welcome",
    "accepted",
    "started",
    "status",
    "outcome",
    "error",
    "subscribed",
    "unsubscribed",
    "gap",
    "bookmark",
    "authenticated",
    "authExpiring",
    "goaway",
];

pub(crate) fn unknown_binding(id: &str, known: &[&str]) -> Fault {
    Fault::new(&UNKNOWN_BINDING, format!("unknown binding `{}`", shorten(id)))
        .suggest(meant(id, known.iter().copied()))
}

pub(crate) fn unsupported_binding(id: &str) -> Fault {
    Fault::new(
        &UNSUPPORTED_BINDING,
        format!("the binding `{id}` is not supported by this build of the engine"),
    )
}

pub(crate) fn no_such_step(
    id: &str,
    found: Option<StateType>,
    suggestion: Option<Meant<'_>>,
    rule: &'static str,
) -> Fault {
    let message = match found {
        Some(found) => format!("`{id}` is a `{}` state and takes no input", found.as_str()),
        None => format!("there is no `wait` or `webhook` state `{}`", shorten(id)),
    };
    Fault::new(&NO_SUCH_STEP, message).rule(rule).suggest(suggestion)
}

/// The state exists, but not under `spec.states`.
pub(crate) fn step_elsewhere(id: &str, rule: &'static str) -> Fault {
    let message = format!("`{}` is no `wait` or `webhook` state under `spec.states`", shorten(id));
    Fault::new(&NO_SUCH_STEP, message)
        .rule(rule)
        .help("a state of that id exists only in a subjourney or in compensation, which this binding cannot submit to")
}

pub(crate) fn payload_field() -> Fault {
    Fault::new(&PAYLOAD_FIELD, "`payload` is written by the engine").help("choose another field")
}

/// A projection into a member that a closed input schema does not have; `near` is one that it has.
pub(crate) fn projected_nowhere(member: &str, near: Option<&str>) -> Fault {
    let message = format!("`spec.input.schema` is closed and has no member `{}`", shorten(member));
    let fault = Fault::new(&PROJECTED_NOWHERE, message);
    match near {
        Some(_) => fault.suggest(near),
        None => fault.help("declare it under `properties` of the schema"),
    }
}

pub(crate) fn header_twice(name: &str, first: Span) -> Fault {
    Fault::new(&HEADER_TWICE, format!("the header `{}` is named twice", shorten(name)))
        .label(first, "the first time")
}

/// What is wrong with passing a header on under this name.
pub(crate) fn passthrough_target(to: &HeaderName) -> Option<Fault> {
    let name = to.as_str();
    let proxy = name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("proxy-"));
    if proxy || CONNECTION_HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header)) {
        return Some(Fault::new(&FORBIDDEN_PASSTHROUGH, format!("`{name}` belongs to the connection")));
    }
    let credentials = ["authorization", "cookie"].iter().any(|header| name.eq_ignore_ascii_case(header));
    credentials.then(|| {
        Fault::new(&SENSITIVE_PASSTHROUGH, format!("the caller's `{name}` is sent to every service called"))
    })
}

/// What is wrong with the route path of an Api (DEF-189).
pub(crate) fn route_fault(path: &str) -> Option<&'static str> {
    let segments = path.strip_prefix('/');
    if let Some(fault) = endpoint_fault(path) {
        Some(fault)
    } else if segments.is_some_and(|rest| rest.split('/').any(str::is_empty)) {
        Some("a segment is empty")
    } else if path.contains('%') {
        Some("it must not contain `%`: write it decoded, as request paths are before they are compared")
    } else if path == "/journeys" || path.starts_with("/journeys/") {
        Some("`/journeys` belongs to the journeys API")
    } else {
        None
    }
}

/// What is wrong with the path of a WebSocket endpoint (WS-004).
pub(crate) fn endpoint_fault(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        Some("it must start with `/`")
    } else if path.starts_with("//") {
        Some("it must not name a host")
    } else if path.contains(['?', '#']) {
        Some("it must not have a query or fragment")
    } else if path.contains(['{', '}']) {
        Some("path parameters are not available")
    } else if path.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Some("it must not contain whitespace")
    } else {
        None
    }
}

pub(crate) fn informational_status() -> Fault {
    Fault::new(&INFORMATIONAL_STATUS, "a status below 200 cannot be the final answer")
}

pub(crate) fn reserved_type(text: &str, reason: &str) -> Fault {
    Fault::new(&RESERVED_TYPE, format!("`{}` cannot be a message type: {reason}", shorten(text)))
}

pub(crate) fn is_server_type(text: &str) -> bool {
    SERVER_TYPES.contains(&text)
}

pub(crate) fn server_type(text: &str) -> Fault {
    Fault::new(&SERVER_TYPE, format!("the server sends frames of the type `{text}`"))
}

pub(crate) fn start_is_step(text: &str, start: Span) -> Fault {
    Fault::new(&START_IS_STEP, format!("`{}` is the start type already", shorten(text)))
        .label(start, "the start type")
}

pub(crate) fn step_is_start(text: &str, step: Span) -> Fault {
    Fault::new(&START_IS_STEP, format!("`{}` is a step type already", shorten(text)))
        .label(step, "the step type")
}

pub(crate) fn shared_type(text: &str, first: Span) -> Fault {
    Fault::new(&SHARED_TYPE, format!("another step has the type `{}`", shorten(text)))
        .label(first, "the first use")
}

pub(crate) fn not_submittable(ids: &[&str]) -> Fault {
    const SHOWN: usize = 12;
    let mut list =
        ids.iter().take(SHOWN).map(|id| format!("`{}`", shorten(id))).collect::<Vec<_>>().join(", ");
    if ids.len() > SHOWN {
        list.push_str(", …");
    }
    Fault::new(&NOT_SUBMITTABLE, format!("no message can submit to {list}"))
}

pub(crate) fn advisory_not_empty(name: &str) -> Fault {
    Fault::new(&ADVISORY_NOT_EMPTY, format!("`{}` is not allowed, the block is empty", shorten(name)))
}

pub(crate) fn empty_queue() -> Fault {
    Fault::new(&EMPTY_QUEUE, "no channel is named, so no message has an effect")
}

pub(crate) fn channel_twice(channel: &str, first: Span) -> Fault {
    Fault::new(&CHANNEL_TWICE, format!("the channel `{}` starts runs already", shorten(channel)))
        .label(first, "the first use")
}

pub(crate) fn channel_starts(channel: &str, start: Span) -> Fault {
    Fault::new(&CHANNEL_TWICE, format!("the channel `{}` starts runs and cannot submit", shorten(channel)))
        .label(start, "it starts runs here")
}

pub(crate) fn unconfigured_channel(channel: &str) -> Fault {
    Fault::new(
        &UNCONFIGURED_CHANNEL,
        format!("the channel `{}` is not configured and receives nothing", shorten(channel)),
    )
}
