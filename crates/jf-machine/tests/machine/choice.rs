use jf_core::TerminationKind;
use jf_machine::{Diagnostic, Fact};
use serde_json::{Value, json};

use crate::support::{World, journey, urn};

fn choose(rules: &[&str], default: bool) -> String {
    let rules: Vec<String> = rules
        .iter()
        .enumerate()
        .map(|(at, expr)| {
            format!("{{ when: {{ predicate: {{ lang: mini, expr: '{expr}' }} }}, next: end{at} }}")
        })
        .collect();
    let default = if default { "default: end9" } else { "" };
    let ends: String = (0..10)
        .map(|at| format!("  set{at}: {{ type: transform, transform: {{ mapper: {{ lang: mini, expr: '{at}' }}, target: {{ kind: var }}, resultVar: taken }}, next: out }}\n"))
        .collect();
    format!(
        "start: pick\nstates:\n  pick:\n    type: choice\n    choices: [{}]\n    {default}\n{ends}  out: {{ type: succeed, outputVar: taken }}\n",
        rules.join(", ").replace("end", "set")
    )
    .replace("default: end", "default: set")
}

fn taken(rules: &[&str], input: Value) -> Value {
    World::start(journey(&choose(rules, true)), input).output().clone()
}

#[test]
fn sta_026_the_first_true_predicate_decides_and_later_ones_are_not_evaluated() {
    let is = |n: i64| format!(r#"{{"$eq":["=context.n",{n}]}}"#);
    assert_eq!(taken(&[&is(1), &is(2)], json!({ "n": 1 })), 0);
    assert_eq!(taken(&[&is(1), &is(2)], json!({ "n": 2 })), 1);
    assert_eq!(taken(&[&is(1), &is(2)], json!({ "n": 3 })), 9, "default");
    assert_eq!(taken(&["true", r#"{"$fail":1}"#], json!({})), 0);
}

#[test]
fn sta_027_only_booleans_decide() {
    for not_boolean in ["1", "null", r#""true""#, "{}", "[]"] {
        let world = World::start(journey(&choose(&[not_boolean], true)), json!({}));
        assert_eq!(world.error().0, urn("internal"), "{not_boolean}");
    }
}

/// Also EXP-043.
#[test]
fn sta_028_a_failing_predicate_is_an_internal_runtime_error_with_details_for_telemetry_only() {
    let world = World::start(journey(&choose(&[r#"{"$fail":1}"#], true)), json!({}));
    assert_eq!(world.error().0, urn("internal"));
    assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError));
    assert!(!world.problem().to_string().contains("NULL"), "{}", world.problem());
    let told = world.facts.iter().any(|fact| {
        matches!(fact, Fact::Diagnostic(Diagnostic::ExpressionFailed { state: Some(state), lang, code, .. })
            if *state == "pick" && *lang == "mini" && code == "MN_NULL_DEREFERENCE")
    });
    assert!(told, "EXP-043: {:?}", world.facts);
}

#[test]
fn sta_029_no_match_and_no_default_is_a_runtime_error() {
    let world = World::start(journey(&choose(&["false"], false)), json!({}));
    assert_eq!(world.error().0, urn("no-choice-matched"));
    assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError));
    assert_eq!(world.problem()["status"], 500);
}
