//! The published journeys, judged as their verdicts say.
//!
//! The corpus is not part of the repository; the tests say so and pass where it is absent.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jf_dsl::{Diagnostics, Node, NodeValue, SizeLimits, SourceFile, StaticCapabilities, load, read_tree};

/// What is compared: a path and the rule reported there.
type Finding = (String, String);

#[expect(clippy::print_stdout, reason = "says why the tests did nothing")]
fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: there is no corpus at {}", folder.display());
    None
}

/// A build with everything; the engines of the expression languages take any text.
fn stand_in() -> StaticCapabilities {
    let languages = ["dataweave", "jsonata", "jolt"];
    languages.into_iter().fold(StaticCapabilities::full(), StaticCapabilities::with_language)
}

fn expected(verdict: &Node, list: &str) -> BTreeSet<Finding> {
    let items = verdict.member(list).map_or(&[][..], |member| member.value.items());
    let text = |item: &Node, name: &str| item.member(name).unwrap().value.as_str().unwrap().to_string();
    let findings = items.iter().map(|item| (text(item, "path"), text(item, "rule")));
    findings.collect()
}

fn found(all: &Diagnostics, errors: bool) -> BTreeSet<Finding> {
    let items = all.iter().filter(|item| item.is_error() == errors);
    items.map(|item| (item.path.to_string(), item.rule.to_owned())).collect()
}

fn judge(file: &Path, capabilities: &StaticCapabilities) -> Diagnostics {
    match load(&SourceFile::from_path(file).unwrap(), capabilities) {
        Ok(loaded) => loaded.warnings,
        Err(faults) => faults,
    }
}

#[test]
fn def_010_published_journeys_are_judged_as_their_verdicts_say() {
    let Some(corpus) = corpus() else { return };
    let verdicts = SourceFile::from_path(corpus.join("verdicts.yaml")).unwrap();
    let verdicts = read_tree(&verdicts, &SizeLimits::default()).unwrap();
    let capabilities = stand_in();
    let mut judged = 0;
    let mut wrong = Vec::new();
    for folder in verdicts.members() {
        for file in folder.value.members() {
            let path = corpus.join(&*folder.key).join(&*file.key);
            let all = judge(&path, &capabilities);
            let (errors, warnings) = (found(&all, true), found(&all, false));
            let (must_err, must_warn) = (expected(&file.value, "errors"), expected(&file.value, "warnings"));
            let others_allowed = !must_err.is_empty() || all.has_errors();
            if errors != must_err
                || !must_warn.is_subset(&warnings)
                || (!others_allowed && warnings != must_warn)
            {
                wrong
                    .push(format!("{}/{}: expected {must_err:?} {must_warn:?}\n{all}", folder.key, file.key));
            }
            judged += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(judged > 60, "only {judged} files were judged");
}

/// Without an engine for the language of the corpus the errors are the same, and one more at every expression.
#[test]
fn exp_002_without_an_engine_every_expression_is_reported() {
    let Some(corpus) = corpus() else { return };
    let verdicts = SourceFile::from_path(corpus.join("verdicts.yaml")).unwrap();
    let verdicts = read_tree(&verdicts, &SizeLimits::default()).unwrap();
    let mut wrong = Vec::new();
    for folder in verdicts.members() {
        for file in folder.value.members() {
            let all = judge(&corpus.join(&*folder.key).join(&*file.key), &StaticCapabilities::full());
            let (languages, others): (BTreeSet<_>, BTreeSet<_>) =
                found(&all, true).into_iter().partition(|(_, rule)| rule == "EXP-002");
            let expressions = match file.value.member("expressions").map(|member| &member.value.value) {
                Some(NodeValue::Number(number)) => number.as_u64().unwrap(),
                _ => 0,
            };
            if languages.len() as u64 != expressions || others != expected(&file.value, "errors") {
                wrong.push(format!("{}/{}: {expressions} expressions\n{all}", folder.key, file.key));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn def_010_every_finding_has_a_position_in_its_file() {
    let Some(corpus) = corpus() else { return };
    for folder in ["as-published", "repaired"] {
        for entry in std::fs::read_dir(corpus.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if !path.to_string_lossy().ends_with(".journey.yaml") {
                continue;
            }
            for item in &judge(&path, &stand_in()) {
                let (source, span) = (item.source.as_ref().unwrap(), item.span.unwrap());
                assert!(span.start < span.end && span.end <= source.text().len(), "{item}");
            }
        }
    }
}
