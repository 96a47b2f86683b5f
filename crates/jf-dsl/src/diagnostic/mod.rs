//! Diagnostics: what is wrong with a document, where, and what to do about it (DEF-010).

pub(crate) mod code;
pub(crate) mod fix;
pub(crate) mod github;
pub(crate) mod json;
pub(crate) mod label;
pub(crate) mod sarif;
pub(crate) mod set;
pub(crate) mod terminal;

use std::fmt;

use crate::json_path::JsonPath;
use crate::source::{SourceFile, Span};

pub use code::Code;
pub use fix::{Applicability, Edit, Fix};
pub use label::Label;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The document cannot be deployed (DEF-011).
    Error,
    /// The document can be deployed; something in it deserves a look.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One fault of a document (DEF-010).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The stable code; [`explain`](crate::explain) has its page.
    pub code: Code,
    /// The rule of the specification that it enforces, like `STA-005`.
    pub rule: &'static str,
    /// The member at fault; a missing member has the path it would have.
    pub path: JsonPath,
    /// One sentence: lower case, no final period. It never contains values that are not in the document.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What to write instead, when that is one word.
    pub suggestion: Option<String>,
    /// The document, when it came from one.
    pub source: Option<SourceFile>,
    /// The bytes at fault; for a missing member those of the object it is missing from.
    pub span: Option<Span>,
    /// Further places that belong to the fault, in this document or another one.
    pub labels: Vec<Label>,
    /// Ways to repair it, best first.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// A diagnostic without a position.
    #[must_use]
    pub fn new(
        severity: Severity,
        code: Code,
        rule: &'static str,
        path: JsonPath,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            code,
            rule,
            path,
            message: message.into(),
            help: None,
            suggestion: None,
            source: None,
            span: None,
            labels: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// With the place in a document.
    #[must_use]
    pub fn at(mut self, source: &SourceFile, span: Span) -> Self {
        self.source = Some(source.clone());
        self.span = Some(span);
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With what to write instead.
    #[must_use]
    pub fn suggestion(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// With a further place.
    #[must_use]
    pub fn label(mut self, label: Label) -> Self {
        self.labels.push(label);
        self
    }

    /// With a way to repair it.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// The repair that a program may make without asking, when there is one.
    #[must_use]
    pub fn machine_fix(&self) -> Option<&Fix> {
        self.fixes.iter().find(|fix| fix.applicability == Applicability::MachineApplicable)
    }

    /// Whether a program can repair it without asking.
    #[must_use]
    pub fn is_fixable(&self) -> bool {
        self.machine_fix().is_some()
    }

    /// Whether this is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    /// One line: `file:line:column: error[JF3001] message ($.path, STA-005)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{}:", source.name())?;
            if let Some(span) = self.span {
                let at = source.position(span.start);
                write!(f, "{}:{}:", at.line, at.column)?;
            }
            f.write_str(" ")?;
        }
        write!(f, "{}[{}] {} ({}, {})", self.severity, self.code, self.message, self.path, self.rule)
    }
}

impl std::error::Error for Diagnostic {}
