//! `JF6xxx`: what can be wrong with a configuration, and the pages behind it.

use jf_dsl::RuleInfo;

pub(super) static UNKNOWN_KEY: RuleInfo = RuleInfo::error(
    6001,
    "DEF-007",
    "an unknown configuration key",
    "The configuration has no key of this name here. A limit or an address that is silently ignored is worse than a server \
        that does not start, so unknown keys are errors.\n\n\
        Correct the spelling or remove the key. Dotted keys are shorthand for nesting: `http.listen: …` is the same as `listen` \
        below `http`. Keys that start with `x-` are free for notes. All keys stand in docs/reference/configuration.md.",
)
.with_example("http:\n  lisen: 127.0.0.1:8080\n", "http:\n  listen: 127.0.0.1:8080\n");

pub(super) static WRONG_VALUE: RuleInfo = RuleInfo::error(
    6002,
    "ENG-145",
    "a configuration value that its key does not take",
    "Every key takes values of one kind, which the message names. Units are part of the name: `…Ms` counts milliseconds, \
        `…Bytes` bytes; keys without a unit take ISO-8601 durations such as `PT30S`.\n\n\
        In YAML an unquoted `1.0` is a number; quote versions.",
)
.with_example("limits.syncWait: 30\n", "limits.syncWait: PT30S\n");

pub(crate) static NOT_YET: RuleInfo = RuleInfo::error(
    6003,
    "DEF-007",
    "a configuration key that this build does not support yet",
    "The key belongs to the configuration, but the part of the system that would read it is not in this build. It is refused \
        rather than ignored, so that nobody relies on a protection or a limit that is not there. Remove the key.",
);

pub(super) static TWICE: RuleInfo = RuleInfo::error(
    6004,
    "DEF-004",
    "a configuration key given twice",
    "The same key is written once with dots and once by nesting, with nothing to tell which one counts. Keep one of them.",
)
.with_example("http.listen: 127.0.0.1:8080\nhttp:\n  listen: 127.0.0.1:9090\n", "http.listen: 127.0.0.1:8080\n");

pub(super) static CONTRADICTION: RuleInfo = RuleInfo::error(
    6005,
    "ENG-145",
    "configuration values that exclude each other",
    "Each of the values is fine by itself, but together they cannot work: a heart-beat time-out that is not below its interval, \
        a page size above the largest one, a pinned version or a hidden definition that is not deployed. The message names both sides.",
);

pub(crate) static SECOND_LIMITS: RuleInfo = RuleInfo::error(
    6006,
    "DEF-116",
    "a second MetadataLimits document",
    "The limits on metadata hold for the whole server, so among the definitions there is at most one document of \
        `kind: MetadataLimits`. Remove one of the two, or set the limits in the configuration under `metadataLimits`, whose values win.",
);

pub(super) static UNREAD_VALUE: RuleInfo = RuleInfo::warning(
    6007,
    "DEF-081",
    "a configured value that no deployed version reads",
    "Definitions read the keys that they declare under `spec.platform.config`, nothing else. The configuration gives this \
        definition a value for a key that none of its deployed versions declares, so it has no effect on new runs. Where the key \
        is like a declared one that has no value, it is taken for a slip of the pen and an error (JF6001).\n\n\
        Remove the value, or declare the key. A value that only runs of an earlier version still need may stay until they have ended.",
)
.with_example(
    "# the definition declares `limit` only\nplatform.config.order: { limit: 10, currency: EUR }\n",
    "platform.config.order: { limit: 10 }\n",
);

/// The pages of the configuration, beside those of the language; `jf explain` shows both.
pub static CONFIG_RULES: &[&RuleInfo] =
    &[&UNKNOWN_KEY, &WRONG_VALUE, &NOT_YET, &TWICE, &CONTRADICTION, &SECOND_LIMITS, &UNREAD_VALUE];

#[cfg(test)]
mod tests {
    use super::CONFIG_RULES;

    #[test]
    fn codes_are_unique_ordered_and_explained() {
        assert!(CONFIG_RULES.windows(2).all(|pair| pair[0].code < pair[1].code));
        for info in CONFIG_RULES {
            assert!(info.code.to_string().starts_with("JF6"));
            assert!(!info.title.is_empty() && info.explanation.len() > 60, "{}", info.code);
        }
    }
}
