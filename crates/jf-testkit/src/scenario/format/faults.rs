//! `JF7xxx`: what can be wrong with a scenario file, and the pages behind it.

use jf_core::dsl::RuleInfo;

/// Where the rules of the format stand.
const FORMAT: &str = "scenarios";

pub(super) static UNKNOWN_KEY: RuleInfo = RuleInfo::error(
    7001,
    FORMAT,
    "an unknown key in a scenario",
    "The format has no key of this name here. An expectation that is silently ignored would be a test that cannot fail, so unknown \
        keys are errors.\n\nCorrect the spelling or remove the key. All keys stand in docs/reference/scenarios.md.",
);

pub(super) static WRONG_VALUE: RuleInfo = RuleInfo::error(
    7002,
    FORMAT,
    "a value in a scenario that its key does not take",
    "Every key takes values of one kind, which the message names. Text that looks like a number or a boolean needs quotes in YAML.",
);

pub(super) static MISSING: RuleInfo = RuleInfo::error(
    7003,
    FORMAT,
    "a missing key in a scenario",
    "The mapping needs the key that the message names. A step has exactly one action, and `expect` beside it if it expects something.",
);

pub(super) static UNKNOWN_NAME: RuleInfo = RuleInfo::error(
    7004,
    FORMAT,
    "a name that nothing in the scenario has",
    "Steps name runs by the `as` of an earlier `start` (default `run`), or as `$name` by an id that an earlier `!capture name` has bound; \
        `calls` steps name stubs of this scenario, and each stub has a name of its own.",
);

pub(super) static NOT_HERE: RuleInfo = RuleInfo::error(
    7005,
    FORMAT,
    "something that cannot be expected here",
    "What can come back depends on the step: a `start` gives `status`, `outcome`, `started` or `error`, a `list` gives `page`, and so on. \
        `document` goes with documents, `problem` with `error`, `status` and `body` with `response`, `kinds` with `events`.",
);

pub(super) static NO_MATCHER: RuleInfo = RuleInfo::error(
    7006,
    FORMAT,
    "a tag that is no matcher, or a matcher where nothing is matched",
    "Matchers are `!present`, `!absent`, `!any`, `!string`, `!number`, `!matches \"regex\"`, `!exact {…}`, `!unordered […]` and \
        `!capture name`. They stand in expectations; inputs, payloads and replies are plain values.",
);

pub(crate) static FAILED: RuleInfo = RuleInfo::error(
    7100,
    FORMAT,
    "a scenario fails",
    "What came back, or what was called, is not what the scenario expects at this place. Below the excerpt stand the difference (`-` is \
        expected, `+` is what came) and the states that the runs took.",
);

/// The pages of the format, beside those of the language.
pub static SCENARIO_RULES: &[&RuleInfo] =
    &[&UNKNOWN_KEY, &WRONG_VALUE, &MISSING, &UNKNOWN_NAME, &NOT_HERE, &NO_MATCHER, &FAILED];
