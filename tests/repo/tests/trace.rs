//! The trace of this repository.

use std::path::Path;

use jf_repo_tests::{Kind, Level, Trace, find_root, report};

fn trace() -> Trace {
    let root = find_root(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("this crate lies in the repository");
    Trace::load(&root).expect("the repository can be read")
}

#[test]
fn every_cited_rule_exists_and_is_defined_once() {
    let mut out = Vec::new();
    let good = report::check(&trace(), &mut out).expect("a vector takes everything");
    assert!(good, "{}", String::from_utf8_lossy(&out));
}

#[test]
fn every_prefix_of_the_readme_has_rules() {
    let trace = trace();
    let readme = include_str!("../../../docs/spec/README.md");
    let rows =
        readme.lines().filter(|line| line.starts_with("| [")).filter_map(|line| line.split('|').nth(2));
    let prefixes: Vec<&str> = rows.flat_map(str::split_whitespace).collect();
    assert!(prefixes.len() > 8, "{prefixes:?}");
    for prefix in &prefixes {
        assert!(trace.spec().has_prefix(prefix), "{prefix}");
    }
    for rule in trace.spec().rules() {
        assert!(prefixes.contains(&rule.prefix()), "{} is not in the README", rule.id);
    }
}

#[test]
fn citations_of_tests_and_of_code_are_told_apart() {
    let trace = trace();
    let mut all = trace.citations().iter().flatten();
    assert!(all.clone().any(|c| c.kind == Kind::Test && !c.name.is_empty()), "no test cites a rule");
    assert!(all.all(|c| c.kind != Kind::Source || !c.file.contains("tests/")), "test code as implementation");
}

/// What no test of this build can hold, wholly or in part, with the reason.
const NOT_HELD: [(&str, &str); 5] = [
    ("EXP-032", "MAY: further expression engines are for whoever adds one"),
    ("CMP-2", "speaks of compression, which is off: CMP-1"),
    ("HS-1", "in part: extended CONNECT (RFC 8441) is not offered, see decision 0028"),
    ("SP-9", "there is one major of the protocol yet, so that nothing can be picked"),
    ("ENG-087", "MAY: administration of schedules is outside the specification"),
];

#[test]
fn every_rule_of_states_expressions_the_engine_http_and_websocket_is_held() {
    let trace = trace();
    let rules = trace.spec().rules().iter().zip(trace.citations());
    let missing: Vec<&str> = rules
        .filter(|(rule, _)| {
            ["02", "03", "05", "06", "07", "protocol"].contains(&rule.chapter())
                && rule.level != Level::Withdrawn
        })
        .filter(|(_, citations)| !citations.iter().any(|citation| citation.kind.is_tested()))
        .map(|(rule, _)| rule.id.as_str())
        .filter(|id| !NOT_HELD.iter().any(|(excused, _)| excused == id))
        .collect();
    assert!(missing.is_empty(), "no test or scenario cites {missing:?}");
}
