//! Definitions with what is said about them, complete and in order; [`README.md`](cases/README.md) beside them says how
//! they are written.
//!
//! `JF_BLESS=1` rewrites the rendered texts.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use jf_dsl::{JsonPath, Severity, SizeLimits, SourceFile, read_tree, rules};
use serde_json::Value;

use support::build::Build;
use support::case::{self, Case, Finding};
use support::inventory::Inventory;
use support::variants::{backwards, objects, takes_anything, with_nulls};

#[expect(clippy::disallowed_methods, reason = "the test itself is told what to do, not the library")]
fn bless() -> bool {
    std::env::var_os("JF_BLESS").is_some_and(|value| value == "1")
}

fn good_and_bad() -> (Vec<Case>, Vec<Case>) {
    case::all().0.into_iter().partition(|case| case.expected.is_empty())
}

#[test]
fn def_010_every_case_is_judged_as_it_says() {
    let (cases, mut wrong) = case::all();
    wrong.extend(cases.iter().filter_map(|case| case.check(bless()).err()));
    assert!(wrong.is_empty(), "{}\n\n{} of {} cases", wrong.join("\n\n"), wrong.len(), cases.len());
    assert!(cases.len() > 100, "only {} cases", cases.len());
}

#[test]
fn def_010_every_code_has_failing_and_passing_cases_and_a_page() {
    let (good, bad) = good_and_bad();
    let mut wrong = Vec::new();
    for info in rules() {
        let code = info.code.to_string();
        let shown: Vec<_> =
            bad.iter().flat_map(|case| &case.expected).filter(|item| item.code == code).collect();
        if shown.is_empty() {
            wrong.push(format!("{code} ({}) has no failing case", info.rule));
        }
        if shown.iter().any(|item| item.severity != info.severity) {
            wrong.push(format!("{code} has cases of another severity"));
        }
        let of_code: BTreeSet<&str> = shown.iter().map(|item| &*item.rule).chain([info.rule]).collect();
        if !good.iter().any(|case| case.rule.as_deref().is_some_and(|rule| of_code.contains(rule))) {
            wrong.push(format!("{code} has no passing case named after {of_code:?}"));
        }
        assert!(info.explanation.len() > 60, "{code} has no page");
    }
    let codes: BTreeSet<String> = rules().iter().map(|info| info.code.to_string()).collect();
    assert_eq!(codes.len(), rules().len(), "codes are unique");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_static_rule_has_a_failing_case() {
    let inventory = Inventory::read();
    let (_, bad) = good_and_bad();
    let broken: BTreeSet<&str> = bad.iter().flat_map(Case::broken_rules).collect();
    let missing: BTreeSet<&String> =
        inventory.checked.iter().filter(|rule| !broken.contains(&***rule)).collect();
    println!("{}", table(&inventory, &missing));
    let mut wrong = inventory.faults.clone();
    wrong.extend(
        missing
            .iter()
            .filter(|rule| !inventory.pending.contains(**rule))
            .map(|rule| format!("{rule} has no failing case; write one, or put it under [pending] for now")),
    );
    let done = inventory.pending.iter().filter(|rule| !missing.contains(rule));
    wrong.extend(done.map(|rule| format!("{rule} is not pending any more; strike it out")));
    // A case may break a rule that the list takes for one of run time: then the list is wrong.
    let other = broken.iter().filter(|rule| !inventory.checked.contains(**rule));
    wrong.extend(other.map(|rule| format!("{rule} is broken by a case, but is not under [static]")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How much of the specification the cases hold, by chapter.
fn table(inventory: &Inventory, missing: &BTreeSet<&String>) -> String {
    let of = |chapter: &str, id: &str| id.strip_prefix(chapter).is_some_and(|rest| rest.starts_with('-'));
    let mut text = format!("{:<9}{:>7}{:>8}{:>14}  missing\n", "chapter", "rules", "static", "failing case");
    let mut totals = BTreeMap::from([("rules", 0), ("static", 0), ("shown", 0)]);
    for (chapter, rules) in &inventory.chapters {
        let checked = inventory.checked.iter().filter(|id| of(chapter, id)).count();
        let absent: Vec<&str> = missing.iter().filter(|id| of(chapter, id)).map(|id| id.as_str()).collect();
        let shown = checked - absent.len();
        text.push_str(&format!("{chapter:<9}{rules:>7}{checked:>8}{shown:>14}  {}\n", absent.join(" ")));
        for (name, count) in [("rules", *rules), ("static", checked), ("shown", shown)] {
            *totals.get_mut(name).unwrap() += count;
        }
    }
    text + &format!("{:<9}{:>7}{:>8}{:>14}", "all", totals["rules"], totals["static"], totals["shown"])
}

#[test]
fn def_003_def_005_def_009_every_case_says_the_same_as_json_and_with_empty_members() {
    let (cases, _) = case::all();
    let (mut judged, mut wrong) = (0, Vec::new());
    for case in &cases {
        let Some(source) = case.definition() else { continue };
        // What cannot be read at all has no other form; neither have the ceilings on text.
        let Ok(tree) = read_tree(&source, &SizeLimits::default()) else { continue };
        let document = tree.to_value();
        let as_written = case.findings_of(source);
        let mut same = |what: &str, document: &Value| {
            let text = serde_json::to_string_pretty(document).unwrap();
            let found = case.findings_of(SourceFile::new("case.journey.json", text));
            if found != as_written {
                wrong.push(format!("{} {what}: {found:#?}\ninstead of {as_written:#?}", case.name));
            }
        };
        same("as JSON", &document);
        same("with members that are null", &with_nulls(&document));
        if as_written.is_empty() {
            same("in another order", &backwards(&document));
        }
        judged += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(judged > 400, "only {judged} cases");
}

#[test]
fn def_007_def_010_an_unknown_member_anywhere_is_one_fault_in_its_place() {
    let (good, _) = good_and_bad();
    let (mut judged, mut wrong) = (0, Vec::new());
    // One more state, branch or attribute than a ceiling allows is another fault.
    let at_a_ceiling =
        |case: &&Case| ["DEF-014", "DEF-109"].contains(&case.rule.as_deref().unwrap_or_default());
    for case in good.iter().filter(|case| !at_a_ceiling(case)) {
        let Some(source) = case.definition() else { continue };
        let document = read_tree(&source, &SizeLimits::default()).unwrap().to_value();
        let mut places = Vec::new();
        objects(&document, &JsonPath::root(), &mut String::new(), &mut places);
        for (path, pointer) in places {
            let mut changed = document.clone();
            let object = changed.pointer_mut(&pointer).and_then(Value::as_object_mut).unwrap();
            object.insert("zzzzzz".to_owned(), Value::from(1));
            let text = serde_json::to_string(&changed).unwrap();
            let found = case.findings_of(SourceFile::new("case.journey.json", text));
            let place = path.clone().member("zzzzzz").to_string();
            let errors = found.iter().filter(|finding| finding.severity == Severity::Error).count();
            let elsewhere = found.iter().any(|finding| !finding.path.starts_with(&place));
            // In `steps` both the key and the value are wrong.
            let most = if pointer.ends_with("/steps") { 2 } else { 1 };
            if elsewhere || errors > most || (errors == 0 && !takes_anything(&document, &pointer)) {
                wrong.push(format!("{} {path}: {found:#?}", case.name));
            }
            judged += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(judged > 2_000, "only {judged} objects");
}

#[test]
fn def_010_a_fault_of_one_member_does_not_hide_that_of_another() {
    // What these say decides what the members beside them may be.
    const DECISIVE: [&str; 10] = [
        "type",
        "kind",
        "phase",
        "operation",
        "mode",
        "method",
        "format",
        "lang",
        "operationRef",
        "strategy",
    ];
    let (good, _) = good_and_bad();
    let (mut judged, mut wrong) = (0, Vec::new());
    for case in &good {
        let Some(source) = case.definition() else { continue };
        let document = read_tree(&source, &SizeLimits::default()).unwrap().to_value();
        let mut places = Vec::new();
        objects(&document, &JsonPath::root(), &mut String::new(), &mut places);
        for (path, pointer) in places {
            let broken = |names: &[&String]| {
                let mut changed = document.clone();
                let object = changed.pointer_mut(&pointer).and_then(Value::as_object_mut).unwrap();
                for name in names {
                    object[*name] = Value::from(vec![Value::Array(Vec::new())]);
                }
                let text = serde_json::to_string(&changed).unwrap();
                case.findings_of(SourceFile::new("case.journey.json", text))
            };
            let is_said = |found: &[Finding], name: &str| {
                let place = path.clone().member(name).to_string();
                found.iter().any(|finding| finding.path == place && finding.code == "JF2003")
            };
            let object = document.pointer(&pointer).and_then(Value::as_object).unwrap();
            let scalars = object.iter().filter(|(name, value)| {
                !DECISIVE.contains(&&***name) && !value.is_object() && !value.is_array() && !value.is_null()
            });
            let names: Vec<&String> =
                scalars.map(|(name, _)| name).filter(|name| is_said(&broken(&[name]), name)).collect();
            if names.len() < 2 {
                continue;
            }
            let found = broken(&names);
            let hidden: Vec<_> = names.into_iter().filter(|name| !is_said(&found, name)).collect();
            if !hidden.is_empty() {
                wrong.push(format!("{} {path}: {hidden:?}", case.name));
            }
            judged += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(judged > 300, "only {judged} objects");
}

#[test]
fn a_case_that_is_wrong_says_what_is_missing_and_what_is_too_much() {
    let (_, mut bad) = good_and_bad();
    let case = bad.iter_mut().find(|case| case.expected.len() > 1).unwrap();
    let lost = case.expected.remove(0);
    let message = case.check(false).unwrap_err();
    assert!(message.contains(&format!("+ {lost}\n")) && message.contains(&format!("# expect: {lost}\n")));
    case.expected.insert(0, lost);
    assert_eq!(case.check(false), Ok(()));
    case.expected.swap(0, 1);
    assert!(case.check(false).unwrap_err().contains("another order"));
}

#[test]
fn headers_that_say_nothing_are_refused() {
    let mut build = Build::default();
    for setting in
        ["size.sttes=4", "without-feature=loops", "development", "limits={ tags: {} }", "colour=red"]
    {
        assert!(build.set(setting).is_err(), "{setting}");
    }
    for finding in ["eror JF1001 DEF-001 $", "error JF1001 $.spec", "error JF1001 DEF-001 spec", "error"] {
        assert_eq!(Finding::parse(finding, false), None, "{finding}");
    }
    let several = Finding::parse("error JF1001 DEF-001 $[\"a in b\"] in c.yaml", true).unwrap();
    assert_eq!((&*several.path, several.file.as_deref()), ("$[\"a in b\"]", Some("c.yaml")));
}
