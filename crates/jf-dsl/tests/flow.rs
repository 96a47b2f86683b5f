//! Control flow over more states than anybody writes; the rules of 02 §2 have their case files.

use std::fmt::Write;

use jf_dsl::{SourceFile, StaticCapabilities, load};

#[test]
fn def_014_large_graphs_are_judged_without_deep_recursion() {
    let chain = |states: usize| {
        let mut text = String::from(
            "apiVersion: v1\nkind: Journey\nmetadata: { name: case, version: 1.0.0 }\nspec:\n  start: s1\n  states:\n",
        );
        for at in 1..states {
            let next = at + 1;
            writeln!(
                text,
                "    s{at}: {{ type: transform, transform: {{ lang: jq, expr: . }}, next: s{next} }}"
            )
            .unwrap();
        }
        writeln!(text, "    s{states}: {{ type: succeed }}").unwrap();
        load(&SourceFile::new("case.journey.yaml", text), &StaticCapabilities::full())
    };
    let loaded = chain(2_000).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let faults = chain(2_001).unwrap_err();
    let found: Vec<String> = faults.iter().map(|item| format!("{} {}", item.rule, item.path)).collect();
    assert_eq!(found, ["DEF-014 $.spec.states.s2001"]);
}

#[test]
fn def_014_long_chains_of_subjourneys_are_judged_without_deep_recursion() {
    let mut text = String::from(
        "apiVersion: v1\nkind: Journey\nmetadata: { name: case, version: 1.0.0 }\nspec:\n  start: s\n  states:\n    \
         s: { type: subjourney, subjourney: { ref: c0 }, next: e }\n    e: { type: succeed }\n  subjourneys:\n",
    );
    for at in 0..900 {
        let next = at + 1;
        writeln!(
            text,
            "    c{at}: {{ start: s, states: {{ s: {{ type: subjourney, subjourney: {{ ref: c{next} }}, next: e }}, e: {{ type: succeed }} }} }}"
        )
        .unwrap();
    }
    let last = "    c900: { start: e, states: { e: { type: succeed } } }\n";
    let found = |text: String| -> Vec<String> {
        let source = SourceFile::new("case.journey.yaml", text);
        let faults = load(&source, &StaticCapabilities::full()).unwrap_err();
        faults.iter().map(|item| format!("{} {}", item.rule, item.path)).collect()
    };
    let chain = found(text.clone() + last);
    assert_eq!(chain, ["DEF-014 $.spec.subjourneys.c15.states.s.subjourney"], "the 17th level");
    let circle = found(text.replace("ref: c900 }", "ref: c0 }"));
    assert_eq!(circle, ["DEF-044 $.spec.subjourneys.c0"]);
}
