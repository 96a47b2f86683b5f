//! Control flow over more states than anybody writes; the rules of 02 §2 have their case files.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::fmt::Write;

use jf_dsl::{SourceFile, StaticCapabilities, load};

#[test]
fn sta_010_large_graphs_are_judged_without_deep_recursion() {
    let mut text = String::from(
        "apiVersion: v1\nkind: Journey\nmetadata: { name: case, version: 1.0.0 }\nspec:\n  start: s0\n  states:\n",
    );
    for at in 0..1_990 {
        let next = at + 1;
        writeln!(text, "    s{at}: {{ type: transform, transform: {{ lang: jq, expr: . }}, next: s{next} }}")
            .unwrap();
    }
    text.push_str("    s1990: { type: succeed }\n");
    let loaded = load(&SourceFile::new("case.journey.yaml", text), &StaticCapabilities::full()).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
}
