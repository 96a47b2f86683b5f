//! `JF20xx`: the shape of members. These codes serve many rules; the rule of a diagnostic is that of the member.

use super::{Fault, RuleInfo};
use crate::suggest::meant;

pub(super) const RULES: &[&RuleInfo] = &[
    &UNKNOWN_MEMBER,
    &MISSING_MEMBER,
    &WRONG_TYPE,
    &NOT_ALLOWED_VALUE,
    &OUT_OF_RANGE,
    &EMPTY,
    &MALFORMED,
    &DOES_NOT_FIT,
    &RETIRED,
    &MISPLACED,
    &DEPRECATED,
    &TOO_MANY,
];

static UNKNOWN_MEMBER: RuleInfo = RuleInfo::error(
    2001,
    "DEF-007",
    "an unknown member",
    "The object has a fixed shape and no member of this name. Configuration that is silently ignored is worse than a \
     rejected file, above all in time-outs, bindings and retries, so unknown members are errors.\n\n\
     Correct the spelling, move the member to where it belongs, or remove it. Keys that start with `x-` are free for notes \
     and tools. Members below an unknown one were not looked into.",
);

static MISSING_MEMBER: RuleInfo = RuleInfo::error(
    2002,
    "DEF-010",
    "a required member is missing",
    "The object needs the member. It is reported at the path it would have. A member whose value is `null` or empty counts \
     as missing.",
);

static WRONG_TYPE: RuleInfo = RuleInfo::error(
    2003,
    "DEF-010",
    "a value of the wrong type",
    "The member takes a value of another type.\n\n\
     In YAML an unquoted `1.0`, `true` or `null` is a number, a boolean or null; quote it when text is meant. `yes`, `no`, \
     `on` and `off` are text, not booleans.",
);

static NOT_ALLOWED_VALUE: RuleInfo = RuleInfo::error(
    2004,
    "DEF-010",
    "a value that is not allowed here",
    "The member takes one of a few values, which the message lists. They are compared exactly, case included.",
);

static OUT_OF_RANGE: RuleInfo = RuleInfo::error(
    2005,
    "DEF-010",
    "a number out of range",
    "The member takes numbers of a certain range. Units are part of the member's name: `timeoutSec` counts seconds, \
     `timeoutMs` milliseconds.",
);

static EMPTY: RuleInfo = RuleInfo::error(
    2006,
    "DEF-010",
    "an empty value",
    "The member must not be empty: an empty string, list or map says nothing here.",
);

static MALFORMED: RuleInfo = RuleInfo::error(
    2007,
    "DEF-010",
    "text of another form",
    "The text does not have the form the member needs: an identifier, a state id, a path, a version, a duration, a time, a \
     header name. The message says which and why.",
);

static DOES_NOT_FIT: RuleInfo = RuleInfo::error(
    2008,
    "DEF-010",
    "members that do not go together",
    "The member is known but cannot stand beside another one, needs another one, or belongs to another kind of definition. \
     The message names the two.",
);

static RETIRED: RuleInfo = RuleInfo::error(
    2009,
    "DEF-012",
    "a retired spelling",
    "Earlier drafts of the language spelled this differently. The old spelling has no meaning any more; the help names what \
     took its place.",
);

static MISPLACED: RuleInfo = RuleInfo::error(
    2010,
    "STA-025",
    "a member in the wrong place",
    "The member exists, but one level up or down from here. A predicate is written\n\n\
     \x20   when:\n\x20     predicate:\n\x20       lang: jq\n\x20       expr: .context.approved\n\n\
     the sources of tags and attributes stand under `fromPayload`, `fromHeaders` or `fromBaggage`, and `next` stands beside the \
     block of its state, never inside.",
);

static DEPRECATED: RuleInfo = RuleInfo::warning(
    2011,
    "STA-063",
    "a deprecated place",
    "The member is still understood here, but it has moved: `wait.default` and `webhook.default` became `next` of the state, \
     and `resultVar` of a transform stands inside the `transform` block. It may be refused by a later version.",
);

static TOO_MANY: RuleInfo = RuleInfo::error(
    2012,
    "DEF-014",
    "more than the ceiling",
    "Definitions have ceilings on their size: 2 000 states, 64 branches per parallel, 16 levels of nested parallel and \
     subjourney states, unless the platform configures others. Regular expressions have one too, over all schemas and name \
     patterns of a definition: what they compile to must stay small. Large repetitions (`{1,900}`) of classes such as `\\w` \
     and `\\p{L}` are the usual cause; `maxLength` bounds a text at no cost.",
);

pub(crate) fn unknown_member(name: &str, known: &[&str]) -> Fault {
    let fault = Fault::new(&UNKNOWN_MEMBER, format!("unknown member `{}`", shorten(name)));
    match meant(name, known.iter().copied()) {
        None if (1..=MOST_LISTED).contains(&known.len()) => {
            fault.help(format!("known here: {}", list(known)))
        }
        meant => fault.suggest(meant),
    }
}

/// Longer lists than this are not read.
const MOST_LISTED: usize = 12;

pub(crate) fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

pub(crate) fn missing(name: &str) -> Fault {
    Fault::new(&MISSING_MEMBER, format!("`{name}` is missing"))
}

pub(crate) fn wrong_type(expected: &str, found: &str) -> Fault {
    Fault::new(&WRONG_TYPE, format!("expected {expected}, found {found}"))
}

pub(crate) fn not_one_of(found: &str, allowed: &[&str]) -> Fault {
    let list = list(allowed);
    let expected =
        if allowed.len() == 1 { format!("expected {list}") } else { format!("expected one of {list}") };
    Fault::new(&NOT_ALLOWED_VALUE, format!("{expected}, found `{}`", shorten(found)))
        .suggest(meant(found, allowed.iter().copied()))
}

pub(crate) fn too_small(least: i128) -> Fault {
    Fault::new(&OUT_OF_RANGE, format!("must be at least {least}"))
}

pub(crate) fn too_large_number() -> Fault {
    Fault::new(&OUT_OF_RANGE, "the number is too large")
}

pub(crate) fn not_between(least: i128, most: i128) -> Fault {
    Fault::new(&OUT_OF_RANGE, format!("must be between {least} and {most}"))
}

/// A number that is not above 0 and at most 1.
pub(crate) fn not_a_share() -> Fault {
    Fault::new(&OUT_OF_RANGE, "must be above 0 and at most 1")
}

pub(crate) fn empty(what: &str) -> Fault {
    Fault::new(&EMPTY, format!("expected {what} that is not empty"))
}

pub(crate) fn malformed(text: &str, what: &str, reason: &str) -> Fault {
    Fault::new(&MALFORMED, format!("`{}` is not a valid {what}: {reason}", shorten(text)))
}

pub(crate) fn malformed_value(reason: impl Into<String>) -> Fault {
    Fault::new(&MALFORMED, reason)
}

/// The member cannot stand where another one stands, or needs another one.
pub(crate) fn does_not_fit(message: impl Into<String>) -> Fault {
    Fault::new(&DOES_NOT_FIT, message)
}

pub(crate) fn retired(old: &str, replacement: &str) -> Fault {
    Fault::new(&RETIRED, format!("`{old}` is a retired spelling")).help(format!("use {replacement}"))
}

pub(crate) fn retired_expr_ref() -> Fault {
    retired("exprRef", "an inline `expr`, or `mapperRef` and `spec.mappers`")
}

pub(crate) fn misplaced(name: &str, place: &str) -> Fault {
    Fault::new(&MISPLACED, format!("`{name}` is in the wrong place")).help(format!("it belongs {place}"))
}

pub(crate) fn deprecated(message: impl Into<String>, instead: impl Into<String>) -> Fault {
    Fault::new(&DEPRECATED, message).help(instead)
}

pub(crate) fn too_many(what: &str, limit: usize) -> Fault {
    Fault::new(&TOO_MANY, format!("more than {limit} {what}"))
}

pub(crate) fn too_heavy_patterns() -> Fault {
    Fault::new(&TOO_MANY, "the regular expressions of the definition are too large together")
        .help("use smaller repetitions; `maxLength` bounds the length of a text")
}

/// Long values of the document are cut in messages.
pub(crate) fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
