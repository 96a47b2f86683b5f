//! The scenarios of the corpus beside this repository, if it is there: everything in them is accepted, and what is not run says why.

use std::path::Path;

use jf_dsl::TerminalStyle;
use jf_testkit::scenario::{Verdict, to_text};

use super::{everything, scenarios_in};

#[test]
fn the_corpus_passes_or_says_what_is_missing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/scenarios");
    if !folder.is_dir() {
        println!("skipped: there is no corpus at {}", folder.display());
        return;
    }
    let sources = scenarios_in(&folder);
    assert!(!sources.is_empty());
    let reports = everything().run(&sources);
    let fine = |verdict: &Verdict| matches!(verdict, Verdict::Passed | Verdict::Skipped(_));
    assert!(
        reports.iter().all(|report| fine(&report.verdict)),
        "\n{}",
        to_text(&reports, TerminalStyle::Plain)
    );
}
