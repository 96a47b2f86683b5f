//! `JF6xxx`: what can be wrong with a configuration, and the pages behind it.

use jf_dsl::{Diagnostic, JsonPath, Severity};

/// A code of the command itself, beside those of the language; `jf explain` shows both.
#[derive(Debug)]
#[non_exhaustive]
pub struct ConfigRule {
    /// The code.
    pub code: &'static str,
    /// The rule of the specification behind it.
    pub rule: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What it is about, why it matters and how to repair it.
    pub explanation: &'static str,
}

pub(super) static UNKNOWN_KEY: ConfigRule = ConfigRule {
    code: "JF6001",
    rule: "DEF-007",
    title: "an unknown configuration key",
    explanation: "The configuration has no key of this name here. A limit or an address that is silently ignored is worse than a server \
        that does not start, so unknown keys are errors.\n\n\
        Correct the spelling or remove the key. Dotted keys are shorthand for nesting: `http.listen: …` is the same as `listen` \
        below `http`. Keys that start with `x-` are free for notes. All keys stand in docs/reference/configuration.md.",
};

pub(super) static WRONG_VALUE: ConfigRule = ConfigRule {
    code: "JF6002",
    rule: "ENG-145",
    title: "a configuration value that its key does not take",
    explanation: "Every key takes values of one kind, which the message names. Units are part of the name: `…Ms` counts milliseconds, \
        `…Bytes` bytes; keys without a unit take ISO-8601 durations such as `PT30S`.\n\n\
        In YAML an unquoted `1.0` is a number; quote versions.",
};

pub(super) static NOT_YET: ConfigRule = ConfigRule {
    code: "JF6003",
    rule: "DEF-007",
    title: "a configuration key that this build does not support yet",
    explanation: "The key belongs to the configuration, but the part of the system that would read it is not in this build. It is refused \
        rather than ignored, so that nobody relies on a protection or a limit that is not there. Remove the key.",
};

pub(super) static TWICE: ConfigRule = ConfigRule {
    code: "JF6004",
    rule: "DEF-004",
    title: "a configuration key given twice",
    explanation: "The same key is written once with dots and once by nesting, with nothing to tell which one counts. Keep one of them.",
};

pub(super) static CONTRADICTION: ConfigRule = ConfigRule {
    code: "JF6005",
    rule: "ENG-145",
    title: "configuration values that exclude each other",
    explanation: "Each of the values is fine by itself, but together they cannot work: a heart-beat time-out that is not below its interval, \
        a page size above the largest one, a pinned version or a hidden definition that is not deployed. The message names both sides.",
};

pub(crate) static SECOND_LIMITS: ConfigRule = ConfigRule {
    code: "JF6006",
    rule: "DEF-116",
    title: "a second MetadataLimits document",
    explanation: "The limits on metadata hold for the whole server, so among the definitions there is at most one document of \
        `kind: MetadataLimits`. Remove one of the two, or set the limits in the configuration under `metadataLimits`, whose values win.",
};

/// The pages of the configuration.
pub static CONFIG_RULES: &[&ConfigRule] =
    &[&UNKNOWN_KEY, &WRONG_VALUE, &NOT_YET, &TWICE, &CONTRADICTION, &SECOND_LIMITS];

impl ConfigRule {
    /// An error of this kind, without a position.
    pub(crate) fn error(&self, path: JsonPath, message: impl Into<String>) -> Diagnostic {
        let code = self.code.parse().expect("the codes of this file have the form of codes");
        Diagnostic::new(Severity::Error, code, self.rule, path, message)
    }
}

#[cfg(test)]
mod tests {
    use super::CONFIG_RULES;

    #[test]
    fn codes_are_unique_ordered_and_explained() {
        assert!(CONFIG_RULES.windows(2).all(|pair| pair[0].code < pair[1].code));
        for info in CONFIG_RULES {
            assert!(info.code.starts_with("JF6") && info.code.parse::<jf_dsl::Code>().is_ok());
            assert!(!info.title.is_empty() && info.explanation.len() > 60, "{}", info.code);
        }
    }
}
