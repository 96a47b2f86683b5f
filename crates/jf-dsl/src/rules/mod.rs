//! The rules: what each diagnostic code means, and the words in which a fault is reported.
//!
//! One file per topic. A file holds the [`RuleInfo`] of its codes, small constructors that say what is wrong, and, where
//! the rule is more than the shape of one member, the check itself.

pub(crate) mod bindings;
pub(crate) mod catalog;
pub(crate) mod expressions;
pub(crate) mod features;
pub(crate) mod flow;
pub(crate) mod metadata;
pub(crate) mod schemas;
pub(crate) mod shape;
pub(crate) mod states;
pub(crate) mod syntax;
pub(crate) mod tasks;

use std::sync::OnceLock;

use crate::diagnostic::{Code, Diagnostic, Label, Severity};
use crate::json_path::JsonPath;
use crate::source::{SourceFile, Span};

/// What a diagnostic code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleInfo {
    /// The code.
    pub code: Code,
    /// How bad a fault of this kind is.
    pub severity: Severity,
    /// The rule of the specification behind it. Codes for the shape of members report the rule of the member instead.
    pub rule: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What it is about, why it matters and how to repair it.
    pub explanation: &'static str,
}

impl RuleInfo {
    pub(crate) const fn error(
        code: u16,
        rule: &'static str,
        title: &'static str,
        explanation: &'static str,
    ) -> Self {
        Self { code: Code::new(code), severity: Severity::Error, rule, title, explanation }
    }

    pub(crate) const fn warning(
        code: u16,
        rule: &'static str,
        title: &'static str,
        explanation: &'static str,
    ) -> Self {
        Self { code: Code::new(code), severity: Severity::Warning, rule, title, explanation }
    }
}

/// All rules in order of their codes.
#[must_use]
pub fn all() -> &'static [RuleInfo] {
    static ALL: OnceLock<Vec<RuleInfo>> = OnceLock::new();
    ALL.get_or_init(|| {
        let topics: [&[&RuleInfo]; 11] = [
            syntax::RULES,
            shape::RULES,
            features::RULES,
            metadata::RULES,
            schemas::RULES,
            flow::RULES,
            states::RULES,
            expressions::RULES,
            bindings::RULES,
            tasks::RULES,
            catalog::RULES,
        ];
        let mut all: Vec<RuleInfo> = topics.into_iter().flatten().map(|info| **info).collect();
        all.sort_by_key(|info| info.code);
        all
    })
}

/// What a code means.
///
/// ```
/// let code = "JF3002".parse().unwrap();
/// assert_eq!(jf_dsl::explain(code).unwrap().rule, "STA-005");
/// ```
#[must_use]
pub fn explain(code: Code) -> Option<&'static RuleInfo> {
    let all = all();
    all.binary_search_by_key(&code, |info| info.code).ok().map(|at| &all[at])
}

/// What is wrong, before it is known where.
#[derive(Debug)]
#[must_use]
pub(crate) struct Fault {
    info: &'static RuleInfo,
    rule: &'static str,
    message: String,
    help: Option<String>,
    suggestion: Option<String>,
    labels: Vec<Label>,
}

impl Fault {
    pub(crate) fn new(info: &'static RuleInfo, message: impl Into<String>) -> Self {
        Self {
            info,
            rule: info.rule,
            message: message.into(),
            help: None,
            suggestion: None,
            labels: Vec::new(),
        }
    }

    /// The rule of the member, for codes that serve many rules.
    pub(crate) fn rule(mut self, rule: &'static str) -> Self {
        self.rule = rule;
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What to write instead.
    pub(crate) fn suggest(mut self, suggestion: Option<&str>) -> Self {
        if let Some(word) = suggestion {
            self.help.get_or_insert_with(|| format!("did you mean `{word}`?"));
            self.suggestion = Some(word.to_owned());
        }
        self
    }

    pub(crate) fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    pub(crate) fn label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: message.into() });
        self
    }

    pub(crate) fn at(self, path: JsonPath, source: &SourceFile, span: Span) -> Diagnostic {
        self.diagnostic(path).at(source, span)
    }

    /// A fault that is in no document.
    pub(crate) fn without_position(self) -> Diagnostic {
        self.diagnostic(JsonPath::root())
    }

    fn diagnostic(self, path: JsonPath) -> Diagnostic {
        let mut diagnostic =
            Diagnostic::new(self.info.severity, self.info.code, self.rule, path, self.message);
        diagnostic.help = self.help;
        diagnostic.suggestion = self.suggestion;
        diagnostic.labels = self.labels;
        diagnostic
    }
}

#[cfg(test)]
mod tests {
    use super::{all, explain};

    #[test]
    fn codes_are_unique_and_explained() {
        for pair in all().windows(2) {
            assert!(pair[0].code < pair[1].code, "{} is used twice", pair[1].code);
        }
        for info in all() {
            assert_eq!(explain(info.code), Some(info));
            assert!(!info.title.is_empty() && info.explanation.len() > 60, "{} has no page", info.code);
        }
    }
}
