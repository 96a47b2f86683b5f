//! `JF51xx`: tasks (04 §1). What a plugin finds is reported under its own rules.

use super::{Fault, RuleInfo};
use crate::capabilities::TaskFinding;
use crate::diagnostic::Severity;
use crate::rules::shape::shorten;
use crate::suggest::closest;

pub(super) const RULES: &[&RuleInfo] = &[&UNKNOWN_KIND, &FINDING, &REMARK, &COOKIES_ELSEWHERE];

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

pub(crate) fn unknown_kind(kind: &str, known: &[String]) -> Fault {
    let fault = Fault::new(&UNKNOWN_KIND, format!("no plugin is registered for `{}`", shorten(kind)));
    let suggestion = closest(kind, known.iter().map(String::as_str));
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
