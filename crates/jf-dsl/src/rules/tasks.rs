//! `JF51xx`: tasks (04 §1). What a plugin finds is reported under its own rules.

use super::{Fault, RuleInfo};
use crate::capabilities::TaskFinding;
use crate::diagnostic::Severity;
use crate::openapi::Failure;
use crate::rules::shape::{self, shorten};
use crate::suggest::meant;
use crate::value::duration::IsoDuration;

pub(super) const RULES: &[&RuleInfo] = &[
    &UNKNOWN_KIND,
    &FINDING,
    &REMARK,
    &COOKIES_ELSEWHERE,
    &NO_EFFECT,
    &INTERVAL_TOO_SHORT,
    &SCHEMA_DOES_NOT_LOAD,
    &NO_KAFKA_CONNECTION,
    &UNKNOWN_PROFILE,
    &AUTHENTICATES_ONLY,
];

static UNKNOWN_KIND: RuleInfo = RuleInfo::error(
    5101,
    "TSK-002",
    "no plugin for the task kind",
    "`task.kind` names a plugin and the major version of its contract, and this build has none of that kind. There is no \
     fallback to another version or plugin.\n\n\
     Use one of the kinds the message lists, or run an engine that registers this one.",
);

static FINDING: RuleInfo = RuleInfo::error(
    5102,
    "TSK-004",
    "the configuration of a task is at fault",
    "Every task plugin checks its own configuration when the definition is loaded and names the member at fault. The rule of \
     the diagnostic is that of the plugin.",
);

static REMARK: RuleInfo = RuleInfo::warning(
    5103,
    "TSK-004",
    "the configuration of a task deserves a look",
    "The task plugin accepts the configuration but points at something that is probably not meant. The rule of the \
     diagnostic is that of the plugin.",
);

static COOKIES_ELSEWHERE: RuleInfo = RuleInfo::error(
    5104,
    "TSK-014",
    "cookies on a task that makes no HTTP call",
    "`cookies` decides whether an HTTP call uses the cookie jar of the run. Only `httpCall:v1` tasks have it.",
);

static NO_EFFECT: RuleInfo = RuleInfo::warning(
    5105,
    "TSK-110",
    "a member without effect",
    "The member is known, but next to another one of the task it changes nothing: a cache is not written by `get`, and a header \
     `Accept` of the task says what `accept` would say.\n\n\
     Remove one of the two.",
);

static INTERVAL_TOO_SHORT: RuleInfo = RuleInfo::error(
    5106,
    "TSK-102",
    "an interval that is too short",
    "The time between two scheduled runs must be positive and not below the minimum of the platform, which is one minute unless \
     configured. The same is checked of computed intervals when the task runs.",
);

static SCHEMA_DOES_NOT_LOAD: RuleInfo = RuleInfo::error(
    5107,
    "TSK-081",
    "a schema file that does not load",
    "`keySchemaRef` and `valueSchemaRef` name files under the folder of the definition that hold a JSON Schema of draft 2020-12, in \
     JSON or YAML. They are read and compiled when the definition is loaded, by the rules of schemas that are written in place: \
     references stay inside the file.",
);

static NO_KAFKA_CONNECTION: RuleInfo = RuleInfo::warning(
    5108,
    "TSK-083",
    "no connection to publish over",
    "The task names no `connectionSecretRef`, and the platform has no default for it. The task will fail whenever it runs.\n\n\
     Name a secret that holds the connection, or configure `plugins.kafkaPublish.defaultConnectionSecretRef`.",
);

static UNKNOWN_PROFILE: RuleInfo = RuleInfo::warning(
    5109,
    "TSK-123",
    "a profile that is not configured",
    "Auth tasks take their settings from a profile of the platform; without `profile` it is the one called `default`. There is none of \
     this name, so the task will fail whenever it runs.",
);

static AUTHENTICATES_ONLY: RuleInfo = RuleInfo::error(
    5110,
    "TSK-125",
    "a member that auth tasks do not have",
    "Auth tasks find out who is calling and nothing else. Whether the caller may do what is asked is decided by the journey: scopes, \
     roles and subjects are in the context afterwards, where a `choice` can look at them. `source` is an object of `location` and \
     `name`; its older form as one text is no longer read.",
);

pub(crate) fn unknown_kind(kind: &str, known: &[String]) -> Fault {
    let fault = Fault::new(&UNKNOWN_KIND, format!("no plugin is registered for `{}`", shorten(kind)));
    let suggestion = meant(kind, known.iter().map(String::as_str));
    match (suggestion, known) {
        (None, []) => fault.help("this build has no task plugin at all"),
        (None, known) => fault.help(format!("registered: {}", known.join(", "))),
        (suggestion, _) => fault.suggest(suggestion),
    }
}

pub(crate) fn finding(finding: TaskFinding) -> Fault {
    let info = if finding.severity == Severity::Error { &FINDING } else { &REMARK };
    let fault = Fault::new(info, finding.message).rule(finding.rule);
    let fault = match finding.help {
        Some(help) => fault.help(help),
        None => fault,
    };
    fault.suggest(finding.suggestion.as_deref())
}

pub(crate) fn cookies_elsewhere() -> Fault {
    Fault::new(&COOKIES_ELSEWHERE, "`cookies` belongs to `httpCall:v1` tasks")
}

/// The member changes nothing next to something else.
pub(crate) fn no_effect(member: &str, next_to: &str) -> Fault {
    Fault::new(&NO_EFFECT, format!("`{member}` has no effect next to {next_to}"))
        .help("remove one of the two")
}

pub(crate) fn interval_too_short(minimum: &IsoDuration) -> Fault {
    Fault::new(
        &INTERVAL_TOO_SHORT,
        format!("the interval must be positive and at least `{}`", minimum.as_str()),
    )
}

pub(crate) fn schema_does_not_load(file: &str, failure: &Failure) -> Fault {
    failure.label(Fault::new(
        &SCHEMA_DOES_NOT_LOAD,
        format!("`{}` does not load as a JSON Schema: {}", shorten(file), failure.message),
    ))
}

pub(crate) fn no_kafka_connection() -> Fault {
    Fault::new(&NO_KAFKA_CONNECTION, "the task names no connection and the platform has no default")
        .help("name a secret with `connectionSecretRef`")
}

/// `named` says whether the task names the profile, or means `default` by saying nothing.
pub(crate) fn unknown_profile(name: &str, named: bool, known: &[String]) -> Fault {
    let message = if named {
        format!("no profile `{}` is configured", shorten(name))
    } else {
        "the task has no `profile`, and none called `default` is configured".to_owned()
    };
    let fault = Fault::new(&UNKNOWN_PROFILE, message);
    let suggestion = meant(name, known.iter().map(String::as_str)).filter(|_| named);
    match (suggestion, known) {
        (None, []) => fault.help("no profile is configured for this kind of task"),
        (None, known) => fault.help(format!("configured: {}", known.join(", "))),
        (suggestion, _) => fault.suggest(suggestion),
    }
}

pub(crate) fn authenticates_only(member: &str) -> Fault {
    Fault::new(&AUTHENTICATES_ONLY, format!("auth tasks have no `{member}`"))
        .help("check it in a `choice` after the task, where the outcome is in the context")
}

pub(crate) fn source_as_text() -> Fault {
    Fault::new(&AUTHENTICATES_ONLY, "`source` is no longer written as text")
        .help("write `source: { location: header, name: Authorization, scheme: Bearer }`")
}

pub(crate) fn no_attributes_here() -> Fault {
    shape::does_not_fit("this task cannot write attributes")
        .help("write to the context, and use a transform with `target.kind: attributes` afterwards")
}
