//! One folder per diagnostic code under `cases/`: files that have the fault and files that do not.
//!
//! A bad file shows its code and no other, so that every case also holds DEF-010: one fault gives one diagnostic. The
//! rendered text is a snapshot.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jf_dsl::{
    Capabilities, Catalog, Code, DefinitionName, Diagnostic, Diagnostics, Document, ExpressionCheck,
    ExpressionFault, ExpressionFaultKind, ExpressionSite, Feature, JsonPath, MetadataLimits, SiteClass,
    SizeLimits, SourceFile, StaticCapabilities, TaskFinding, TaskKind, TaskSite, TerminalStyle, Version,
    check_configuration, load_document, rules,
};
use serde_json::{Value, json};

/// An engine and a plugin that judge a little, so that every rule can be broken.
struct Judging(StaticCapabilities);

impl Capabilities for Judging {
    fn supports(&self, feature: Feature) -> bool {
        self.0.supports(feature)
    }

    fn binding(&self, id: &str) -> bool {
        self.0.binding(id)
    }

    fn languages(&self) -> Vec<String> {
        self.0.languages()
    }

    fn check_expression(&self, site: &ExpressionSite<'_>) -> ExpressionCheck {
        let fault = |kind, message: &str| ExpressionFault::new(kind, message);
        let rejected = if let Some(at) = site.expr.find("((") {
            fault(ExpressionFaultKind::Syntax, "unexpected `(`").at(at + 1..at + 2)
        } else if site.class == SiteClass::Predicate && site.lang == "jq" && !site.expr.contains("==") {
            fault(ExpressionFaultKind::NotBoolean, "the predicate yields a number")
        } else if site.context.is_some() && site.expr.contains("ordr") {
            fault(ExpressionFaultKind::ImpossiblePath, "the context has no member `ordr`")
                .help("did you mean `order`?")
        } else {
            return self.0.check_expression(site);
        };
        ExpressionCheck::Rejected(vec![rejected])
    }

    fn task_kinds(&self) -> Vec<String> {
        self.0.task_kinds()
    }

    fn check_task(&self, kind: &TaskKind, config: &Value, _: &TaskSite<'_>) -> Vec<TaskFinding> {
        let url = JsonPath::root().member("url");
        match config["url"].as_str() {
            _ if kind.as_str() != "httpCall:v1" => Vec::new(),
            None => vec![TaskFinding::error("TSK-021", url, "`url` is missing")],
            Some(text) if text.starts_with("http:") => {
                vec![TaskFinding::warning("TSK-022", url, "the call is not encrypted").suggestion("https")]
            }
            Some(_) => Vec::new(),
        }
    }

    fn metadata_limits(&self) -> MetadataLimits {
        self.0.metadata_limits()
    }

    fn platform_config(&self, definition: &DefinitionName, key: &str) -> Option<Value> {
        self.0.platform_config(definition, key)
    }

    fn size_limits(&self) -> SizeLimits {
        self.0.size_limits()
    }
}

/// The build that the files of a code are judged by.
fn capabilities(code: &str) -> Judging {
    let mut limits = MetadataLimits::default();
    limits.max_duration_upper_bound_sec = Some(3_600);
    let mut sizes = SizeLimits::default();
    if code == "JF1012" {
        sizes.file_bytes = 400;
    }
    if code == "JF2012" {
        sizes.states = 4;
    }
    let all = StaticCapabilities::full()
        .with_language_except("jolt", &[SiteClass::Predicate, SiteClass::StatusExpr])
        .with_task("cache:v1")
        .with_limits(limits)
        .with_sizes(sizes)
        .with_config("case", "baseUrl", json!("https://example.com"))
        .without_binding("queue");
    Judging(if code == "JF2301" { all.without(Feature::Parallel) } else { all })
}

/// Codes that cannot come alone: an Api without a way to an end is always a cycle that never waits.
const ALONGSIDE: [(&str, &str); 1] = [("JF3005", "JF3006")];

/// What is said about files that are deployed together.
fn judge(files: &[PathBuf], code: &str) -> Diagnostics {
    let capabilities = capabilities(code);
    let mut all = Diagnostics::new();
    let mut loaded = Vec::new();
    for file in files {
        let source = SourceFile::from_path(file).unwrap();
        match load_document(&source, &capabilities) {
            Ok(Document::Definition(definition)) => {
                all.append(definition.warnings.clone());
                if let Err(faults) = check_configuration(&definition, &capabilities) {
                    all.append(faults);
                }
                loaded.push(*definition);
            }
            Ok(Document::MetadataLimits { warnings, .. }) => all.append(warnings),
            Ok(other) => panic!("a document of an unknown kind: {other:?}"),
            Err(faults) => all.append(faults),
        }
    }
    let mut pins = BTreeMap::new();
    if code == "JF5307" {
        pins.insert(DefinitionName::parse("case").unwrap(), Version::new(2, 0, 0));
    }
    if !all.has_errors() {
        match Catalog::with_pins(loaded, &pins) {
            Ok(catalog) => all.append(catalog.warnings().clone()),
            Err(faults) => all.append(faults),
        }
    }
    all
}

/// The files of a case whose names start like this; those with a number are deployed together, others stand alone.
fn groups(folder: &Path, prefix: &str) -> BTreeMap<String, Vec<PathBuf>> {
    let mut groups: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with(prefix) {
            let stem = name.split('.').next().unwrap().trim_end_matches(|c: char| c.is_ascii_digit());
            let format = if name.ends_with(".json") { "json" } else { "yaml" };
            groups.entry(format!("{}.{format}", stem.trim_end_matches('-'))).or_default().push(path);
        }
    }
    groups.values_mut().for_each(|files| files.sort());
    groups
}

fn case(code: Code) -> PathBuf {
    Path::new("tests/cases").join(code.to_string())
}

#[test]
fn def_010_bad_files_show_their_code_and_no_other() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let code = rule.code.to_string();
        for (name, files) in groups(&case(rule.code), "bad") {
            let found = judge(&files, &code);
            let other = |item: &&Diagnostic| {
                item.code != rule.code && !ALONGSIDE.contains(&(&*code, &*item.code.to_string()))
            };
            if found.iter().any(|item| other(&item)) || !found.iter().any(|item| item.code == rule.code) {
                wrong.push(format!("{code}/{name}:\n{found}"));
            }
            for item in found.iter().filter(|item| item.code == rule.code) {
                assert_eq!(item.severity, rule.severity, "{code}");
            }
            insta::with_settings!({ snapshot_path => "snapshots/diagnostics", prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(format!("{code}-{name}"), found.to_terminal(TerminalStyle::Plain));
            });
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn def_010_good_files_show_nothing() {
    for rule in rules() {
        let code = rule.code.to_string();
        for (name, files) in groups(&case(rule.code), "good") {
            let found = judge(&files, &code);
            assert!(found.is_empty(), "{code}/{name}:\n{found}");
        }
    }
}

#[test]
fn def_010_every_code_has_bad_and_good_files_and_a_page() {
    let mut codes = BTreeSet::new();
    for rule in rules() {
        assert!(codes.insert(rule.code.to_string()), "{} is there twice", rule.code);
        assert!(rule.explanation.len() > 60, "{} has no page", rule.code);
        for prefix in ["bad", "good"] {
            let folder = case(rule.code);
            assert!(
                folder.is_dir() && !groups(&folder, prefix).is_empty(),
                "{} has no {prefix} file",
                rule.code
            );
        }
    }
    for entry in fs::read_dir("tests/cases").unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(codes.contains(&name), "{name} is no code");
    }
}
