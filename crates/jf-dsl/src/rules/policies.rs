//! `JF24xx`: policies, cookies and errors (01 §14, §15).

use super::{Fault, RuleInfo};
use crate::capabilities::PolicyKind;
use crate::rules::shape::shorten;
use crate::source::Span;
use crate::suggest::Meant;

pub(super) const RULES: &[&RuleInfo] = &[
    &UNKNOWN_POLICY,
    &PASSED_OVER,
    &NEVER_RETRIED,
    &NOT_A_SECRET,
    &TOKEN_ENDPOINT,
    &BAD_PATTERN,
    &INCLUDE_WITHOUT_EFFECT,
    &UNKNOWN_NORMALISER,
    &UNUSED_NORMALISER,
];

static UNKNOWN_POLICY: RuleInfo = RuleInfo::error(
    2401,
    "DEF-131",
    "an unknown policy",
    "The id names neither an entry of `definitions` under `spec.policies` nor a policy of the platform. A call without the \
     policy that its author asked for would be retried or authenticated differently, so it is refused.\n\n\
     Correct the id, add the policy, or configure it on the platform.",
);

static PASSED_OVER: RuleInfo = RuleInfo::warning(
    2402,
    "DEF-073",
    "an unknown default policy is passed over",
    "The default names no known policy. Unlike a policy that a task names itself it is only passed over: the next default in \
     the order of DEF-072 counts. The default of `httpClientAuth` is documentation and never applied.",
);

static NEVER_RETRIED: RuleInfo = RuleInfo::warning(
    2403,
    "DEF-133",
    "attempts that are never made",
    "`maxAttempts` allows more than one attempt, but `retryOn` names no result that another attempt follows.\n\n\
     Add `retryOn`, for example `[NETWORK_ERROR, TIMEOUT, HTTP_5XX]`, or set `maxAttempts: 1`.",
);

static NOT_A_SECRET: RuleInfo = RuleInfo::error(
    2404,
    "DEF-141",
    "a secret that is not referred to",
    "Secrets are never written into a definition, which is stored, versioned and shown. The member takes a reference, \
     `secret://` and a name of `[A-Za-z0-9._~/-]`, that the platform resolves when the call is made.\n\n\
     If a real secret stood here, replace it at its source: it has been seen.",
);

static TOKEN_ENDPOINT: RuleInfo = RuleInfo::error(
    2405,
    "DEF-138",
    "a token endpoint that is no absolute https URL",
    "Client credentials are sent to the token endpoint, so it is an absolute `https` URL. `http` is allowed in development \
     mode only.",
);

static BAD_PATTERN: RuleInfo = RuleInfo::error(
    2406,
    "DEF-159",
    "a pattern that does not compile",
    "Patterns are regular expressions that are searched for in time linear in the length of the text. Look-around, \
     back-references and possessive quantifiers cannot be matched that way and are not available.",
);

static INCLUDE_WITHOUT_EFFECT: RuleInfo = RuleInfo::warning(
    2407,
    "DEF-159",
    "a filter of cookies without effect",
    "`include` says which cookies `mode: filtered` returns. With another mode it has no effect, and `filtered` without names \
     and patterns returns nothing.",
);

static UNKNOWN_NORMALISER: RuleInfo = RuleInfo::error(
    2408,
    "TSK-046",
    "an unknown normaliser",
    "`errorMapping.normaliserRef` names a key of `spec.errors.normalisers`, and there is none of this id.",
);

static UNUSED_NORMALISER: RuleInfo = RuleInfo::warning(
    2409,
    "DEF-172",
    "a normaliser that nothing uses",
    "A normaliser is used only where `errorMapping.normaliserRef` of a task names it, and none does. It may be left over, or \
     a reference may be missing.",
);

pub(crate) fn unknown_policy(id: &str, suggestion: Option<&str>, rule: &'static str) -> Fault {
    Fault::new(&UNKNOWN_POLICY, format!("there is no policy `{}`", shorten(id)))
        .rule(rule)
        .suggest(suggestion)
}

pub(crate) fn passed_over(id: &str, suggestion: Option<&str>, kind: PolicyKind) -> Fault {
    let rule = match kind {
        PolicyKind::HttpResilience => "DEF-073",
        PolicyKind::HttpClientAuth => "DEF-140",
    };
    Fault::new(&PASSED_OVER, format!("there is no policy `{}`; the default is passed over", shorten(id)))
        .rule(rule)
        .suggest(suggestion)
}

pub(crate) fn never_retried() -> Fault {
    Fault::new(&NEVER_RETRIED, "no second attempt is ever made: `retryOn` names no result")
        .help("add `retryOn`, or set `maxAttempts: 1`")
}

/// The value is not shown: it may be a secret.
pub(crate) fn not_a_secret(or_file: bool) -> Fault {
    let expected = if or_file { "a relative file path or a reference" } else { "a reference" };
    Fault::new(&NOT_A_SECRET, format!("expected {expected} like `secret://name`"))
}

pub(crate) fn token_endpoint(reason: &str) -> Fault {
    Fault::new(&TOKEN_ENDPOINT, reason)
}

pub(crate) fn bad_pattern(reason: &str) -> Fault {
    // The pattern parser names what the language leaves out; then the rule of the subset is the one that is broken.
    let left_out = ["look-around", "backreferences", "possessive"].iter().any(|word| reason.contains(word));
    Fault::new(&BAD_PATTERN, format!("the pattern does not compile: {reason}")).rule(if left_out {
        "DEF-160"
    } else {
        "DEF-159"
    })
}

pub(crate) fn include_without_effect(filtered: bool) -> Fault {
    let message = if filtered {
        "`filtered` returns nothing: `include` names no cookie"
    } else {
        "`include` has no effect without `mode: filtered`"
    };
    Fault::new(&INCLUDE_WITHOUT_EFFECT, message)
}

pub(crate) fn unknown_normaliser(id: &str, suggestion: Option<Meant<'_>>) -> Fault {
    Fault::new(
        &UNKNOWN_NORMALISER,
        format!("there is no normaliser `{}` in `spec.errors.normalisers`", shorten(id)),
    )
    .suggest(suggestion)
}

pub(crate) fn unused_normaliser(id: &str) -> Fault {
    Fault::new(&UNUSED_NORMALISER, format!("nothing uses the normaliser `{}`", shorten(id)))
}

/// Two members of which the second has no place beside the first.
pub(crate) fn superfluous_credential(member: &str, method: &str, at: Span) -> Fault {
    super::shape::does_not_fit(format!("`{member}` has no use with `{method}`"))
        .rule("DEF-138")
        .label(at, "the method")
}
