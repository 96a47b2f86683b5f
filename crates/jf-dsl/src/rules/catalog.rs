//! `JF53xx`: definitions that cannot be deployed together.

use super::{Fault, RuleInfo};
use crate::rules::shape::shorten;

pub(super) const RULES: &[&RuleInfo] = &[
    &OTHER_BODY,
    &LOADED_TWICE,
    &ROUTE_TAKEN,
    &RESERVED_PATH,
    &OTHER_SUBPROTOCOL,
    &START_AND_STEP,
    &PIN_WITHOUT_VERSION,
    &METHOD_TAKEN,
    &CHANNEL_TAKEN,
];

static OTHER_BODY: RuleInfo = RuleInfo::error(
    5301,
    "DEF-029",
    "one version with two bodies",
    "Two files have the same kind, name and version but different bodies. A version is what a run keeps until it ends, so \
     one version is one body; comments and layout do not count.\n\n\
     Give the changed definition a new version.",
);

static LOADED_TWICE: RuleInfo = RuleInfo::warning(
    5302,
    "DEF-029",
    "a definition loaded twice",
    "Two files have the same kind, name, version and body. The second one changes nothing; it is probably a copy that was \
     left behind.",
);

static ROUTE_TAKEN: RuleInfo = RuleInfo::error(
    5303,
    "DEF-191",
    "two Apis on one path",
    "Two Apis of different names would answer the same path. Versions of one Api share a path; different Apis cannot.\n\n\
     Set another `spec.bindings.http.route.path`.",
);

static RESERVED_PATH: RuleInfo = RuleInfo::error(
    5304,
    "WS-006",
    "an endpoint on a path of the server",
    "A WebSocket endpoint must not lie under `/api/`, where the HTTP API is served, or on another route of the server.\n\n\
     Leave `endpoint.path` out to get `/ws/journeys/<name>`, or choose a path elsewhere.",
);

static OTHER_SUBPROTOCOL: RuleInfo = RuleInfo::error(
    5305,
    "WS-012",
    "one endpoint with two subprotocols",
    "Several definitions may share an endpoint path, but a connection has one subprotocol, so they must agree on it.",
);

static START_AND_STEP: RuleInfo = RuleInfo::error(
    5306,
    "WS-012",
    "a message type that starts and submits on one path",
    "On one endpoint the type of a message selects the operation. Over all definitions and versions that share the path, a \
     type either starts a run or submits to one.\n\n\
     Rename one of the two, or serve the definitions on different paths.",
);

static PIN_WITHOUT_VERSION: RuleInfo = RuleInfo::error(
    5307,
    "DEF-028",
    "a pinned version that is not deployed",
    "The configuration names the version that serves new runs (`serve.<name>`), and no such version is deployed.\n\n\
     Deploy the version, or correct the pin.",
);

static METHOD_TAKEN: RuleInfo = RuleInfo::error(
    5308,
    "BND-003",
    "two Apis as one gRPC method",
    "Two Apis of different names would answer the same gRPC method. Versions of one Api share it; different Apis cannot.\n\n\
     Set another `service` or `method` under `spec.bindings.grpc`.",
);

static CHANNEL_TAKEN: RuleInfo = RuleInfo::error(
    5309,
    "BND-012",
    "a channel that belongs to another definition",
    "A message has one effect, not one for every definition that listens: a start channel belongs to one Journey and is no \
     step channel of another. Step channels may be shared, since the run that a message names decides.\n\n\
     Use another channel.",
);

pub(crate) fn other_body(file: &str) -> Fault {
    Fault::new(
        &OTHER_BODY,
        format!("`{}` has the same kind, name and version with another body", shorten(file)),
    )
    .help("give the changed definition a new version")
}

pub(crate) fn loaded_twice(file: &str) -> Fault {
    Fault::new(&LOADED_TWICE, format!("`{}` is the same definition", shorten(file)))
}

pub(crate) fn route_taken(path: &str, by: &str) -> Fault {
    Fault::new(&ROUTE_TAKEN, format!("the path `{}` belongs to the Api `{by}` already", shorten(path)))
        .help("set another `route.path`")
}

pub(crate) fn reserved_path(path: &str) -> Fault {
    Fault::new(&RESERVED_PATH, format!("the path `{}` belongs to the HTTP server", shorten(path)))
}

pub(crate) fn other_subprotocol(path: &str, by: &str) -> Fault {
    let message = format!("`{by}` is served at `{}` with another subprotocol", shorten(path));
    Fault::new(&OTHER_SUBPROTOCOL, message)
}

pub(crate) fn start_and_step(message_type: &str, by: &str, starts_there: bool) -> Fault {
    let (there, here) = if starts_there { ("starts", "submits to") } else { ("submits to", "starts") };
    let message =
        format!("the type `{}` {there} `{by}` on this path and {here} this one", shorten(message_type));
    Fault::new(&START_AND_STEP, message)
}

pub(crate) fn method_taken(method: &str, by: &str) -> Fault {
    Fault::new(&METHOD_TAKEN, format!("the method `{}` belongs to the Api `{by}` already", shorten(method)))
        .help("set another `service` or `method`")
}

pub(crate) fn channel_taken(channel: &str, by: &str, starts_there: bool, starts_here: bool) -> Fault {
    let verb = |starts: bool| if starts { "starts runs of" } else { "submits to" };
    let message = match (starts_there, starts_here) {
        (true, true) => format!("the channel `{}` starts runs of `{by}` already", shorten(channel)),
        (there, here) => {
            format!("the channel `{}` {} `{by}` and {} this one", shorten(channel), verb(there), verb(here))
        }
    };
    Fault::new(&CHANNEL_TAKEN, message).help("use another channel")
}

pub(crate) fn pin_without_version(name: &str, version: &str) -> Fault {
    Fault::new(&PIN_WITHOUT_VERSION, format!("`serve.{name}` names version {version}, which is not deployed"))
}
