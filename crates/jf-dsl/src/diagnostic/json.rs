//! Diagnostics as JSON, for tools.

use serde::Serialize;
use serde_json::Value;

use super::set::Diagnostics;
use super::{Code, Diagnostic, Edit, Fix, Label, Severity};
use crate::source::{SourceFile, Span};

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
    #[serde(flatten)]
    region: Region,
    suggestion: Option<&'a str>,
    labels: Vec<LabelEntry<'a>>,
    fixes: Vec<FixEntry<'a>>,
}

#[derive(Serialize)]
struct LabelEntry<'a> {
    file: Option<&'a str>,
    message: &'a str,
    #[serde(flatten)]
    region: Region,
}

#[derive(Serialize)]
struct FixEntry<'a> {
    message: &'a str,
    applicability: &'static str,
    edits: Vec<EditEntry<'a>>,
}

#[derive(Serialize)]
struct EditEntry<'a> {
    #[serde(flatten)]
    region: Region,
    replacement: &'a str,
}

/// Where something begins and ends; all four are `null` where that is not known.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Region {
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
}

impl Region {
    fn of(source: Option<&SourceFile>, span: Option<Span>) -> Self {
        let Some((source, span)) = source.zip(span) else { return Self::default() };
        let (start, end) = (source.position(span.start), source.position(span.end));
        Self {
            line: Some(start.line),
            column: Some(start.column),
            end_line: Some(end.line),
            end_column: Some(end.column),
        }
    }
}

impl Diagnostics {
    /// The diagnostics of a check over `files` files as one JSON object:
    ///
    /// `{"files", "errors", "warnings", "diagnostics": [{"file", "code", "severity", "rule", "path", "message", "help",
    /// "line", "column", "endLine", "endColumn", "suggestion", "labels", "fixes"}]}`
    ///
    /// Lines and columns count from 1, columns in Unicode scalar values, and the end is exclusive. Without a position
    /// the four are `null`. A label is `{"file", "message", "line", "column", "endLine", "endColumn"}`, a fix is
    /// `{"message", "applicability", "edits": [{"line", "column", "endLine", "endColumn", "replacement"}]}` with the
    /// applicability `machineApplicable` or `maybeIncorrect`. Members may be added, none is taken away.
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
        let label = |label: &'a Label| {
            let source = label.source.as_ref().or(source);
            LabelEntry {
                file: source.map(SourceFile::name),
                message: &label.message,
                region: Region::of(source, Some(label.span)),
            }
        };
        let edit = |edit: &'a Edit| EditEntry {
            region: Region::of(source, Some(edit.span)),
            replacement: &edit.replacement,
        };
        let fix = |fix: &'a Fix| FixEntry {
            message: &fix.message,
            applicability: fix.applicability.as_str(),
            edits: fix.edits.iter().map(edit).collect(),
        };
        Self {
            file: source.map(SourceFile::name),
            code: diagnostic.code,
            severity: diagnostic.severity.as_str(),
            rule: diagnostic.rule,
            path: diagnostic.path.to_string(),
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            region: Region::of(source, diagnostic.span),
            suggestion: diagnostic.suggestion.as_deref(),
            labels: diagnostic.labels.iter().map(label).collect(),
            fixes: diagnostic.fixes.iter().map(fix).collect(),
        }
    }
}
