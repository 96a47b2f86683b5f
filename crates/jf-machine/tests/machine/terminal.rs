use jf_core::TerminationKind;
use jf_machine::{Diagnostic, Fact};
use serde_json::{Value, json};

use crate::support::{World, journey, urn};

fn succeed(member: &str, input: Value) -> World {
    World::start(journey(&format!("start: done\nstates:\n  done: {{ type: succeed{member} }}\n")), input)
}

fn fail(code: &str, reason: &str, input: Value) -> World {
    let spec =
        format!("start: end\nstates:\n  end: {{ type: fail, errorCode: '{code}', reason: '{reason}' }}\n");
    World::start(journey(&spec), input)
}

#[test]
fn sta_035_the_output_is_the_variable_or_the_whole_context() {
    let input = json!({ "a": { "b": 1 }, "n": null });
    assert_eq!(succeed("", input.clone()).output(), &input);
    assert_eq!(succeed(", outputVar: a", input.clone()).output(), &json!({ "b": 1 }));
    assert_eq!(succeed(", outputVar: n", input).output(), &Value::Null, "the key exists");
}

#[test]
fn sta_036_a_missing_output_variable_is_told_and_the_whole_context_is_the_output() {
    let world = succeed(", outputVar: gone", json!({ "a": 1 }));
    assert_eq!(world.output(), &json!({ "a": 1 }));
    let told = |fact: &Fact| matches!(fact, Fact::Diagnostic(Diagnostic::OutputVarMissing(state)) if *state == "done");
    assert!(world.facts.iter().any(told));
    assert!(!succeed("", json!({})).facts.iter().any(told));
}

#[test]
fn sta_039_code_and_reason_take_values_from_the_context_and_the_platform() {
    let input = json!({ "why": { "code": "E7", "n": 5.0 } });
    let world =
        fail("X_${context.why.code}", "in ${platform.journey.name}: ${context.why.n} of $${n}", input);
    assert_eq!(world.error(), ("X_E7", "in test: 5 of ${n}"));
    assert_eq!(world.run.termination(), Some(TerminationKind::Fail));
}

/// Also EXP-054, ENG-142.
#[test]
fn sta_039_a_placeholder_without_value_fails_with_its_own_code() {
    for (code, reason) in [("${context.gone}", "r"), ("c", "${context.a.b}")] {
        let world = fail(code, reason, json!({ "a": 1 }));
        assert_eq!(world.error().0, urn("interpolation"));
        assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError), "EXP-054");
        assert!(!world.problem().to_string().contains("context."), "ENG-142");
        let told = |fact: &Fact| matches!(fact, Fact::Diagnostic(Diagnostic::PlaceholderUnresolved { .. }));
        assert!(world.facts.iter().any(told));
    }
}

/// Also STA-041.
#[test]
fn sta_040_the_problem_of_a_fail_is_its_own_or_the_one_of_the_context() {
    let own = fail("E", "why", json!({ "problem": { "type": "other", "status": 403 } }));
    assert_eq!(own.problem(), &json!({ "type": "E", "title": "why" }));
    let named = fail(
        "${context.problem.type}",
        "why",
        json!({ "problem": { "type": "E", "status": 403, "x": [1] } }),
    );
    assert_eq!(named.problem(), &json!({ "type": "E", "status": 403, "x": [1], "title": "why" }));
    assert_eq!(named.error(), ("E", "why"));
    let titled = fail("E", "why", json!({ "problem": { "type": "E", "title": "kept" } }));
    assert_eq!(titled.problem(), &json!({ "type": "E", "title": "kept" }));
    assert_eq!(titled.error(), ("E", "why"), "STA-041: the reason of a fail is its own");
    assert_eq!(
        fail("E", "why", json!({ "problem": "text" })).problem(),
        &json!({ "type": "E", "title": "why" })
    );
}
