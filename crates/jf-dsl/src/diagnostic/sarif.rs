//! Diagnostics as SARIF 2.1.0, for code scanning and editors.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::set::Diagnostics;
use super::{Applicability, Code, Diagnostic, Fix};
use crate::rules::RuleInfo;
use crate::source::{SourceFile, Span};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The name under which consumers know the root of the checked-out sources.
const ROOT: &str = "%SRCROOT%";
/// What may stand in a path of a URI as it is (RFC 3986, `pchar` and `/`).
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b'+')
    .remove(b'=')
    .remove(b',');

/// What a SARIF log says of the tool that wrote it, and of where it ran.
#[derive(Debug, Clone, Copy)]
pub struct SarifRun<'a> {
    /// The name of the tool.
    pub tool: &'a str,
    /// Its version, as semantic versioning writes it.
    pub version: &'a str,
    /// The pages behind the codes; those that occur are part of the log.
    pub rules: &'a [&'a RuleInfo],
    /// The absolute folder that relative names of files start from. Files below it are named relative to `%SRCROOT%`, others by
    /// `file:` URIs. Without it names stay as they are.
    pub root: Option<&'a Path>,
}

impl Diagnostics {
    /// The diagnostics as one SARIF 2.1.0 log with one run.
    ///
    /// Columns count Unicode scalar values (`columnKind: unicodeCodePoints`), the end is exclusive. A result has the JSON path as
    /// its logical location, the further places as related locations, and the fixes, whose descriptions mark guesses.
    #[must_use]
    pub fn to_sarif(&self, run: &SarifRun<'_>) -> Value {
        let codes: BTreeSet<Code> = self.iter().map(|diagnostic| diagnostic.code).collect();
        let rules: Vec<&RuleInfo> = codes
            .iter()
            .filter_map(|code| run.rules.iter().find(|info| info.code == *code).copied())
            .collect();
        let writer = Writer { run, rules: &rules };
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": run.tool,
                    "semanticVersion": run.version,
                    "rules": rules.iter().map(|info| descriptor(info)).collect::<Vec<_>>(),
                }},
                "columnKind": "unicodeCodePoints",
                "newlineSequences": ["\r\n", "\n", "\r"],
                "originalUriBaseIds": {ROOT: {"description": {"text": "the folder that the command ran in"}}},
                "results": self.iter().map(|diagnostic| writer.result(diagnostic)).collect::<Vec<_>>(),
            }],
        })
    }
}

/// The page behind a code.
fn descriptor(info: &RuleInfo) -> Value {
    let first = info.explanation.split("\n\n").next().unwrap_or_default();
    json!({
        "id": info.code.to_string(),
        "shortDescription": {"text": info.title},
        "fullDescription": {"text": first},
        "help": {"text": info.page(), "markdown": info.markdown()},
        "defaultConfiguration": {"level": info.severity.as_str()},
        "properties": {"rule": info.rule},
    })
}

struct Writer<'a> {
    run: &'a SarifRun<'a>,
    rules: &'a [&'a RuleInfo],
}

impl Writer<'_> {
    fn result(&self, diagnostic: &Diagnostic) -> Value {
        let mut result = Map::new();
        result.insert("ruleId".to_owned(), json!(diagnostic.code.to_string()));
        if let Some(index) = self.rules.iter().position(|info| info.code == diagnostic.code) {
            result.insert("ruleIndex".to_owned(), json!(index));
        }
        result.insert("level".to_owned(), json!(diagnostic.severity.as_str()));
        result.insert("message".to_owned(), json!({"text": message(diagnostic)}));
        if let Some(source) = &diagnostic.source {
            let mut location = self.location(source, diagnostic.span);
            location["logicalLocations"] = json!([{"fullyQualifiedName": diagnostic.path.to_string()}]);
            result.insert("locations".to_owned(), json!([location]));
            let labels = diagnostic.labels.iter().enumerate().map(|(id, label)| {
                let source = label.source.as_ref().unwrap_or(source);
                let mut location = self.location(source, Some(label.span));
                location["id"] = json!(id + 1);
                location["message"] = json!({"text": label.message});
                location
            });
            let labels: Vec<Value> = labels.collect();
            if !labels.is_empty() {
                result.insert("relatedLocations".to_owned(), Value::Array(labels));
            }
            let fixes: Vec<Value> = diagnostic.fixes.iter().map(|fix| self.fix(source, fix)).collect();
            if !fixes.is_empty() {
                result.insert("fixes".to_owned(), Value::Array(fixes));
            }
            let fingerprint = self.fingerprint(source, diagnostic);
            result.insert("partialFingerprints".to_owned(), json!({"journeyForge/v1": fingerprint}));
        }
        result.insert("properties".to_owned(), json!({"rule": diagnostic.rule}));
        Value::Object(result)
    }

    fn location(&self, source: &SourceFile, span: Option<Span>) -> Value {
        let mut physical = json!({"artifactLocation": self.artifact(source)});
        if let Some(span) = span {
            physical["region"] = region(source, span);
        }
        json!({"physicalLocation": physical})
    }

    fn fix(&self, source: &SourceFile, fix: &Fix) -> Value {
        let replacements = fix.edits.iter().map(|edit| {
            let mut replacement = json!({"deletedRegion": region(source, edit.span)});
            if !edit.replacement.is_empty() {
                replacement["insertedContent"] = json!({"text": edit.replacement});
            }
            replacement
        });
        let guess = fix.applicability == Applicability::MaybeIncorrect;
        let text = if guess { format!("{} (a guess)", fix.message) } else { fix.message.clone() };
        json!({
            "description": {"text": text},
            "artifactChanges": [{
                "artifactLocation": self.artifact(source),
                "replacements": replacements.collect::<Vec<_>>(),
            }],
        })
    }

    fn artifact(&self, source: &SourceFile) -> Value {
        let (uri, relative) = self.uri(source.name());
        if relative { json!({"uri": uri, "uriBaseId": ROOT}) } else { json!({"uri": uri}) }
    }

    /// The URI of a file, and whether it is relative to the root.
    fn uri(&self, name: &str) -> (String, bool) {
        let Some(root) = self.run.root else { return (encoded(&normal(Path::new(name))), true) };
        let (root, path) = (normal(root), normal(&root.join(name)));
        match path.strip_prefix(&root) {
            Ok(below) => (encoded(below), true),
            Err(_) => {
                let path = encoded(&path);
                let slash = if path.starts_with('/') { "" } else { "/" };
                (format!("file://{slash}{path}"), false)
            }
        }
    }

    /// What stays the same when lines move: the file, the code, the path and the words.
    fn fingerprint(&self, source: &SourceFile, diagnostic: &Diagnostic) -> String {
        let (uri, _) = self.uri(source.name());
        let text = format!("{uri}\n{}\n{}\n{}", diagnostic.code, diagnostic.path, diagnostic.message);
        Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn message(diagnostic: &Diagnostic) -> String {
    match &diagnostic.help {
        Some(help) => format!("{}\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    }
}

fn region(source: &SourceFile, span: Span) -> Value {
    let (start, end) = (source.position(span.start), source.position(span.end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// A path without `.` and without `..` where that is possible by the letter.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(normal.components().next_back(), Some(Component::Normal(_))) => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

fn encoded(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if std::path::MAIN_SEPARATOR == '\\' { text.replace('\\', "/") } else { text.into_owned() };
    utf8_percent_encode(&text, PATH).to_string()
}
