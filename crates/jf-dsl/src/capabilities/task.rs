//! What a task plugin is asked about a configuration, and what it answers.

use std::path::Path;

use crate::diagnostic::Severity;
use crate::json_path::JsonPath;
use crate::model::definition::Definition;

/// Where a task stands.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct TaskSite<'a> {
    /// The definition it belongs to. When the document has other errors, what could not be read is missing from it:
    /// look up blocks, mappers and configuration keys, but draw no conclusion from states that are not there.
    pub definition: &'a Definition,
    /// The path of the `task` object.
    pub path: &'a JsonPath,
    /// The folder that relative references start from (DEF-065).
    pub base: Option<&'a Path>,
    /// The names that are bound at its expressions beside those that are bound everywhere: `outcome` and `output` inside of
    /// compensation (EXP-011).
    pub extra: &'a [&'static str],
}

impl<'a> TaskSite<'a> {
    /// A site without a base folder and without further names.
    #[must_use]
    pub const fn new(definition: &'a Definition, path: &'a JsonPath) -> Self {
        Self { definition, path, base: None, extra: &[] }
    }

    /// With the folder that relative references start from.
    #[must_use]
    pub const fn with_base(mut self, base: Option<&'a Path>) -> Self {
        self.base = base;
        self
    }

    /// With names that are bound there and not everywhere.
    #[must_use]
    pub const fn with_extra(mut self, extra: &'a [&'static str]) -> Self {
        self.extra = extra;
        self
    }
}

/// One thing a plugin has to say about a configuration (TSK-004).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskFinding {
    /// How bad it is.
    pub severity: Severity,
    /// The rule of the specification, like `TSK-022`; a plugin without one uses `TSK-004`.
    pub rule: &'static str,
    /// The member at fault, read from the `task` object: `$` is the object itself.
    pub path: JsonPath,
    /// One sentence: lower case, no final period.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What to write instead, when that is one word.
    pub suggestion: Option<String>,
}

impl TaskFinding {
    /// An error.
    #[must_use]
    pub fn error(rule: &'static str, path: JsonPath, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, rule, path, message: message.into(), help: None, suggestion: None }
    }

    /// A warning.
    #[must_use]
    pub fn warning(rule: &'static str, path: JsonPath, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(rule, path, message) }
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
}
