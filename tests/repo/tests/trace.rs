//! The trace of this repository.

use std::path::Path;

use jf_repo_tests::{EXCEPTIONS, Kind, Level, Trace, exception, find_root, page, report};

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
        .filter(|id| exception(id).is_none())
        .collect();
    assert!(missing.is_empty(), "no test or scenario cites {missing:?}");
}

/// What is excused must not be held after all, or the excuse stays when its reason is gone.
#[test]
fn every_exception_is_one() {
    let trace = trace();
    for exception in &EXCEPTIONS {
        let place = trace.spec().rules().iter().position(|rule| rule.id == exception.id);
        let citations = &trace.citations()[place.expect(exception.id)];
        let is_cited = citations.iter().any(|citation| citation.kind.is_tested());
        assert_eq!(is_cited, exception.in_part, "{}: {}", exception.id, exception.reason);
    }
}

/// `JF_BLESS=1` writes the page anew.
#[test]
fn the_page_of_the_rules_of_websocket_is_current() {
    let root = find_root(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("this crate lies in the repository");
    let mut text = Vec::new();
    page::websocket(&trace(), &mut text).expect("a vector takes everything");
    let file = root.join("docs/reference/websocket-rules.md");
    if std::env::var_os("JF_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&file, &text).expect("the page can be written");
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    let text = String::from_utf8(text).expect("text");
    let line = text.lines().zip(there.lines()).find(|(new, old)| new != old);
    assert!(text == there, "set JF_BLESS=1 to write {} anew: {line:?}", file.display());
}
