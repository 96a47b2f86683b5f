//! Definitions with what is said about them, complete and in order; [`README.md`](cases/README.md) beside them says how
//! they are written.
//!
//! `JF_BLESS=1` rewrites the rendered texts.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use jf_dsl::rules;

use support::case::{self, Case};
use support::inventory::Inventory;

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
