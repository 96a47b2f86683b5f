//! `JF31xx`: single states (02).

use super::{Fault, RuleInfo};
use crate::rules::shape::shorten;
use crate::source::Span;

pub(super) const RULES: &[&RuleInfo] = &[
    &RESERVED_ID,
    &UNUSUAL_ID,
    &NOT_ON_API,
    &RESULT_IN_PAYLOAD,
    &CHOICE_WITHOUT_DEFAULT,
    &SINGLE_BRANCH,
    &DUPLICATE_BRANCH,
    &RESULTS_DROPPED,
    &NEEDS_RESULT_VAR,
];

static RESERVED_ID: RuleInfo = RuleInfo::error(
    3101,
    "DEF-034",
    "a reserved id for a step",
    "The ids of `wait` and `webhook` states become URL segments and link relations. `cancel`, `self`, `result` and \
     `compensation` have a meaning of their own there, so no external-input state can be called that, at any depth.\n\n\
     Rename the state.",
);

static UNUSUAL_ID: RuleInfo = RuleInfo::warning(
    3102,
    "DEF-035",
    "an unusual state id",
    "Ids of letters, digits, `_` and `-`, starting with a letter, read the same in URLs, logs and diagrams. Others work but \
     are percent-encoded in URLs.",
);

static NOT_ON_API: RuleInfo = RuleInfo::error(
    3103,
    "STA-004",
    "a state that an Api cannot have",
    "An Api is one request answered by one response: it cannot park for input or time, schedule runs, or write attributes. \
     That holds in branches and subjourneys too.\n\n\
     Make the definition a `kind: Journey`, or leave the state out.",
);

static RESULT_IN_PAYLOAD: RuleInfo = RuleInfo::warning(
    3104,
    "STA-006",
    "a result stored as `payload`",
    "`context.payload` belongs to the engine: it holds the last submission and is cleared when a run parks at a `wait` or \
     `webhook`. A result stored there is lost then.\n\n\
     Use another variable.",
);

static CHOICE_WITHOUT_DEFAULT: RuleInfo = RuleInfo::warning(
    3105,
    "STA-015",
    "a choice without a default",
    "When no predicate is true and there is no `default`, the run fails with \
     `urn:journeyforge:error:no-choice-matched`. A `default` makes the other case explicit, even if it leads to a `fail` \
     state with a message of your own.",
);

static SINGLE_BRANCH: RuleInfo = RuleInfo::warning(
    3106,
    "STA-100",
    "a parallel with one branch",
    "A `parallel` state with a single branch runs nothing side by side. The states of the branch could stand in its place.",
);

static DUPLICATE_BRANCH: RuleInfo = RuleInfo::error(
    3107,
    "STA-101",
    "a branch name that is already there",
    "Branches are addressed by name in the join (`branches.<name>`) and in step addresses, so names are unique within a \
     `parallel` state.",
);

static RESULTS_DROPPED: RuleInfo = RuleInfo::warning(
    3108,
    "STA-111",
    "the results of the branches are dropped",
    "Branch contexts are never merged into the parent by themselves. Without `join.resultVar` nothing that the branches \
     computed can be read afterwards; a `mapper` without `resultVar` is evaluated for nothing.\n\n\
     Add `resultVar`, unless the branches are there for their effects alone.",
);

static NEEDS_RESULT_VAR: RuleInfo = RuleInfo::warning(
    3109,
    "STA-086",
    "a setting without effect",
    "`resultKind` and `onFailure.behavior: capture` decide what is written at `resultVar`. Without a `resultVar` nothing is \
     written, and a captured failure leaves no trace.",
);

pub(crate) fn reserved_id(id: &str) -> Fault {
    Fault::new(&RESERVED_ID, format!("`{id}` is reserved and cannot name a `wait` or `webhook` state"))
}

pub(crate) fn unusual_id(id: &str) -> Fault {
    Fault::new(&UNUSUAL_ID, format!("the state id `{}` is unusual", shorten(id)))
        .help("use letters, digits, `_` and `-`, starting with a letter")
}

pub(crate) fn not_on_api(what: &str) -> Fault {
    Fault::new(&NOT_ON_API, format!("{what} are not allowed in an Api"))
}

pub(crate) fn result_in_payload() -> Fault {
    Fault::new(&RESULT_IN_PAYLOAD, "the engine clears `payload`").help("use another variable")
}

pub(crate) fn choice_without_default() -> Fault {
    Fault::new(&CHOICE_WITHOUT_DEFAULT, "the choice has no `default`")
        .help("a run that matches no choice fails with `urn:journeyforge:error:no-choice-matched`")
}

pub(crate) fn single_branch() -> Fault {
    Fault::new(&SINGLE_BRANCH, "the parallel state has one branch only")
}

pub(crate) fn duplicate_branch(name: &str, first: Span) -> Fault {
    Fault::new(&DUPLICATE_BRANCH, format!("the branch `{}` is already there", shorten(name)))
        .label(first, "the first one")
}

pub(crate) fn results_dropped(has_mapper: bool) -> Fault {
    let message = if has_mapper {
        "the result of the mapper is dropped: there is no `resultVar`"
    } else {
        "the results of the branches are dropped: there is no `resultVar`"
    };
    Fault::new(&RESULTS_DROPPED, message)
}

pub(crate) fn needs_result_var(member: &str) -> Fault {
    Fault::new(&NEEDS_RESULT_VAR, format!("`{member}` has no effect without `resultVar`"))
}
