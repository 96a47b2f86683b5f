//! Diagnostics as JSON, for tools.

use serde::Serialize;
use serde_json::Value;

use super::set::Diagnostics;
use super::{Code, Diagnostic, Severity};

/// All diagnostics of a check over some files, as tools read them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    files: usize,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    file: Option<&'a str>,
    code: Code,
    severity: &'static str,
    rule: &'a str,
    path: String,
    message: &'a str,
    help: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    suggestion: Option<&'a str>,
}

impl Diagnostics {
    /// The diagnostics of a check over `files` files as one JSON object:
    ///
    /// `{"files", "errors", "warnings", "diagnostics": [{"file", "code", "severity", "rule", "path", "message", "help",
    /// "line", "column", "endLine", "endColumn", "suggestion"}]}`
    ///
    /// Lines and columns count from 1, columns in Unicode scalar values, and the end is exclusive. Without a position
    /// the four are `null`.
    #[must_use]
    pub fn to_json(&self, files: usize) -> Value {
        let report = Report {
            files,
            errors: self.count(Severity::Error),
            warnings: self.count(Severity::Warning),
            diagnostics: self.iter().map(Entry::of).collect(),
        };
        serde_json::to_value(report)
            .expect("the report has string keys and no custom serialisation that fails")
    }
}

impl<'a> Entry<'a> {
    fn of(diagnostic: &'a Diagnostic) -> Self {
        let source = diagnostic.source.as_ref();
        let at = source.zip(diagnostic.span);
        let start = at.map(|(source, span)| source.position(span.start));
        let end = at.map(|(source, span)| source.position(span.end));
        Self {
            file: source.map(super::SourceFile::name),
            code: diagnostic.code,
            severity: diagnostic.severity.as_str(),
            rule: diagnostic.rule,
            path: diagnostic.path.to_string(),
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            line: start.map(|at| at.line),
            column: start.map(|at| at.column),
            end_line: end.map(|at| at.line),
            end_column: end.map(|at| at.column),
            suggestion: diagnostic.suggestion.as_deref(),
        }
    }
}
