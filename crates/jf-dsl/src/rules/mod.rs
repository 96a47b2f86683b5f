//! The rules: what each diagnostic code means, and the words in which a fault is reported.
//!
//! One file per topic. A file holds the [`RuleInfo`] of its codes, small constructors that say what is wrong, and, where
//! the rule is more than the shape of one member, the check itself.

pub(crate) mod bindings;
pub(crate) mod calls;
pub(crate) mod catalog;
mod examples;
pub(crate) mod expressions;
pub(crate) mod features;
pub(crate) mod flow;
pub(crate) mod metadata;
pub(crate) mod operations;
mod page;
pub(crate) mod policies;
pub(crate) mod schemas;
pub(crate) mod shape;
pub(crate) mod states;
pub(crate) mod syntax;
pub(crate) mod tasks;

use std::sync::OnceLock;

use crate::diagnostic::{Applicability, Code, Diagnostic, Edit, Fix, Label, Severity};
use crate::edit;
use crate::json_path::JsonPath;
use crate::source::{SourceFile, Span};
use crate::suggest::Meant;

pub use page::Example;

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
    /// The mistake, and how it is put right.
    pub example: Option<Example>,
}

impl RuleInfo {
    /// A rule whose violation is an error; for codes of crates above this one (`JF6xxx` and up).
    #[must_use]
    pub const fn error(
        code: u16,
        rule: &'static str,
        title: &'static str,
        explanation: &'static str,
    ) -> Self {
        Self { code: Code::new(code), severity: Severity::Error, rule, title, explanation, example: None }
    }

    /// A rule whose violation is a warning; for codes of crates above this one (`JF6xxx` and up).
    #[must_use]
    pub const fn warning(
        code: u16,
        rule: &'static str,
        title: &'static str,
        explanation: &'static str,
    ) -> Self {
        Self { code: Code::new(code), severity: Severity::Warning, rule, title, explanation, example: None }
    }

    /// A fault of this kind, without a position.
    #[must_use]
    pub fn diagnostic(&self, path: JsonPath, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.severity, self.code, self.rule, path, message)
    }
}

/// All rules in order of their codes.
#[must_use]
pub fn all() -> &'static [RuleInfo] {
    static ALL: OnceLock<Vec<RuleInfo>> = OnceLock::new();
    ALL.get_or_init(|| {
        let topics: [&[&RuleInfo]; 14] = [
            syntax::RULES,
            shape::RULES,
            features::RULES,
            metadata::RULES,
            schemas::RULES,
            policies::RULES,
            flow::RULES,
            states::RULES,
            expressions::RULES,
            bindings::RULES,
            tasks::RULES,
            calls::RULES,
            operations::RULES,
            catalog::RULES,
        ];
        let mut all: Vec<RuleInfo> = topics.into_iter().flatten().map(|info| complete(info)).collect();
        all.sort_by_key(|info| info.code);
        all
    })
}

/// The rule with its example.
fn complete(info: &RuleInfo) -> RuleInfo {
    RuleInfo { example: examples::of(info.code), ..*info }
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
    remedies: Vec<Remedy>,
}

/// A repair, before it is known where.
#[derive(Debug)]
enum Remedy {
    /// The word that takes the place of the scalar that is shown, in the style in which that one is written.
    Word(String, Applicability),
    /// The word that takes the place of a scalar that says another one.
    Rename { old: String, word: String },
    /// Text that takes the place of what is shown.
    Text(String),
    /// Changes that are known.
    Fix(Fix),
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
            remedies: Vec::new(),
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

    /// What was probably meant. Where the word is sure ([`Meant::sure`]), writing it is a repair that a program may make;
    /// a plain `&str` is a guess.
    pub(crate) fn suggest<'m>(mut self, meant: Option<impl Into<Meant<'m>>>) -> Self {
        if let Some(Meant { word, sure }) = meant.map(Into::into) {
            self.help.get_or_insert_with(|| format!("did you mean `{word}`?"));
            self.suggestion = Some(word.to_owned());
            let how = if sure { Applicability::MachineApplicable } else { Applicability::MaybeIncorrect };
            self.remedies.push(Remedy::Word(word.to_owned(), how));
        }
        self
    }

    /// The word that takes the place of the one that is shown: that of a retired name whose meaning is another name's now.
    pub(crate) fn rename(mut self, old: &str, word: &str) -> Self {
        self.suggestion = Some(word.to_owned());
        self.remedies.push(Remedy::Rename { old: old.to_owned(), word: word.to_owned() });
        self
    }

    /// The text that takes the place of what is shown, as it is.
    pub(crate) fn replace_by(mut self, text: String) -> Self {
        self.suggestion = Some(text.clone());
        self.remedies.push(Remedy::Text(text));
        self
    }

    /// A repair that consists of more than one word; `None` when there is none after all.
    pub(crate) fn fix(mut self, fix: Option<Fix>) -> Self {
        self.remedies.extend(fix.map(Remedy::Fix));
        self
    }

    /// Forgets the repairs: made here they would do harm. What was suggested is still said.
    pub(crate) fn without_fix(mut self) -> Self {
        self.remedies.clear();
        self
    }

    pub(crate) fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    /// A further place of the same document.
    pub(crate) fn label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label::new(span, message));
        self
    }

    /// A further place of another document.
    pub(crate) fn label_in(mut self, source: &SourceFile, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label::elsewhere(source, span, message));
        self
    }

    pub(crate) fn at(mut self, path: JsonPath, source: &SourceFile, span: Span) -> Diagnostic {
        let remedies = std::mem::take(&mut self.remedies);
        let mut diagnostic = self.diagnostic(path).at(source, span);
        diagnostic.fixes = remedies.into_iter().filter_map(|remedy| remedy.at(source, span)).collect();
        diagnostic
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

impl Remedy {
    fn at(self, source: &SourceFile, span: Span) -> Option<Fix> {
        match self {
            Self::Fix(fix) => Some(fix),
            Self::Text(text) => {
                let message = format!("write `{text}`");
                Some(Fix::new(message, vec![Edit::new(span, text)]))
            }
            Self::Rename { old, word } => {
                let edit = edit::renamed(source, span, &old, &word)?;
                Some(Fix::new(format!("write `{word}`"), vec![edit]))
            }
            Self::Word(word, applicability) => {
                let edit = edit::scalar(source, span, &word)?;
                let fix = Fix::new(format!("write `{word}`"), vec![edit]);
                Some(if applicability == Applicability::MachineApplicable { fix } else { fix.as_guess() })
            }
        }
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
