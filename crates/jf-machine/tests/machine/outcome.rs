use jf_core::{Phase, TerminationKind};
use jf_machine::{Diagnostic, Fact, OutputValidation};
use serde_json::{Value, json};

use crate::support::{World, journey, urn};

fn ended(spec: &str, input: Value) -> World {
    World::start(journey(spec), input)
}

const SUCCEED: &str = "start: end\nstates:\n  end: { type: succeed, outputVar: out }\n";
const FAIL: &str =
    "start: end\nstates:\n  end: { type: fail, errorCode: 'E_${context.code}', reason: why }\n";

/// Also ENG-025, ENG-026, ENG-020.
#[test]
fn eng_024_the_outcome_document() {
    let world = ended(SUCCEED, json!({ "out": { "a": 1 } }));
    let document = serde_json::to_value(world.outcome()).unwrap();
    let expected = json!({ "journeyId": "r1", "journeyName": "test", "phase": "SUCCEEDED", "status": "SUCCEEDED", "output": { "a": 1 }, "tags": ["static"] });
    assert_eq!(document, expected);
    let world = ended(FAIL, json!({ "code": 1 }));
    let document = serde_json::to_value(world.outcome()).unwrap();
    let error = json!({ "code": "E_1", "reason": "why", "problem": { "type": "E_1", "title": "why" } });
    let expected = json!({ "journeyId": "r1", "journeyName": "test", "phase": "FAILED", "status": "FAILED", "output": null, "error": error, "tags": ["static"] });
    assert_eq!(document, expected, "ENG-025, ENG-026");
}

#[test]
fn eng_027_the_status_is_a_code_of_the_output() {
    let outcomes = "outcomes: { any: { when: { phase: SUCCEEDED } }, bad: { when: { phase: FAILED } } }\n";
    let status = |spec: &str, out: Value| ended(spec, json!({ "out": out })).outcome().status.clone();
    let named = format!("{SUCCEED}{outcomes}");
    for (out, plain, classified) in [
        (json!({ "status": "APPROVED" }), "APPROVED", "APPROVED"),
        (json!({ "status": 7.0 }), "7", "7"),
        (json!({ "status": false }), "false", "false"),
        (json!({ "status": "" }), "SUCCEEDED", "any"),
        (json!({ "status": null }), "SUCCEEDED", "any"),
        (json!({ "status": {} }), "SUCCEEDED", "any"),
        (json!("status"), "SUCCEEDED", "any"),
    ] {
        assert_eq!(status(SUCCEED, out.clone()), plain, "{out}");
        assert_eq!(status(&named, out.clone()), classified, "{out}");
    }
    let failed = ended(&format!("{FAIL}{outcomes}"), json!({ "code": 1 }));
    assert_eq!(
        (failed.outcome().status.as_str(), failed.outcome().outcome_id.as_deref()),
        ("bad", Some("bad"))
    );
}

/// Also ENG-029.
#[test]
fn eng_028_members_of_the_response_variable_are_added_except_reserved_ones() {
    let response = "output: { response: { outputVar: view, schema: { type: object } } }\n";
    let view = json!({ "ref": "R1", "status": "mine", "output": 1, "phase": 2, "activeSteps": [], "currentState": "free here" });
    let input = json!({ "out": 1, "code": 1, "view": view });
    for spec in [SUCCEED, FAIL] {
        let world = ended(&format!("{spec}{response}"), input.clone());
        assert_eq!(
            Value::Object(world.outcome().projection.clone()),
            json!({ "ref": "R1", "currentState": "free here" })
        );
        let skipped = world.facts.iter().find_map(|fact| match fact {
            Fact::Diagnostic(Diagnostic::ProjectionSkipped(names)) => Some(names.clone()),
            _ => None,
        });
        assert_eq!(skipped.unwrap(), ["status", "output", "phase", "activeSteps"], "ENG-029");
    }
    for view in [json!("text"), json!([1]), json!(null)] {
        let world = ended(&format!("{SUCCEED}{response}"), json!({ "out": 1, "view": view }));
        assert!(world.outcome().projection.is_empty());
    }
}

/// Also EXP-014, EXP-011.
#[test]
fn def_151_the_first_matching_rule_classifies() {
    let rules = |phase: &str, predicates: &[&str]| {
        let rules: Vec<String> = predicates
            .iter()
            .enumerate()
            .map(|(at, expr)| {
                format!(
                    "r{at}: {{ when: {{ phase: {phase}, predicate: {{ lang: mini, expr: '{expr}' }} }} }}"
                )
            })
            .collect();
        format!("outcomes: {{ {} }}\n", rules.join(", "))
    };
    let id = |spec: &str, rules: String, input: Value| {
        ended(&format!("{spec}{rules}"), input).outcome().outcome_id.clone()
    };
    let by_output = r#"{"$eq":["=output.n",1]}"#;
    let by_context = r#"{"$eq":["=context.c",2]}"#;
    let of = |rules: String, out: i64, c: i64| id(SUCCEED, rules, json!({ "out": { "n": out }, "c": c }));
    assert_eq!(of(rules("SUCCEEDED", &[by_output, by_context]), 1, 2).as_deref(), Some("r0"));
    assert_eq!(of(rules("SUCCEEDED", &[by_output, by_context]), 0, 2).as_deref(), Some("r1"));
    assert_eq!(of(rules("SUCCEEDED", &[by_output, by_context]), 0, 0), None);
    assert_eq!(of(rules("FAILED", &["true"]), 1, 2), None, "the phase must match");
    // EXP-014: a predicate of a failed run sees the error twice.
    for predicate in [
        r#"{"$eq":["=error.code","E_1"]}"#,
        r#"{"$eq":["=context.error.code","E_1"]}"#,
        r#"{"$eq":["=context.error.reason","why"]}"#,
    ] {
        assert_eq!(
            id(FAIL, rules("FAILED", &[predicate]), json!({ "code": 1 })).as_deref(),
            Some("r0"),
            "{predicate}"
        );
    }
    let own = id(
        FAIL,
        rules("FAILED", &[r#"{"$eq":["=context.error","own"]}"#]),
        json!({ "code": 1, "error": "own" }),
    );
    assert_eq!(own.as_deref(), Some("r0"), "an error member of its own stays");
    assert_eq!(
        id(FAIL, rules("FAILED", &[r#"{"$eq":["=payload",null]}"#]), json!({ "code": 1, "payload": 7 }))
            .as_deref(),
        Some("r0"),
        "EXP-011"
    );
}

/// Also EXP-043.
#[test]
fn exp_042_an_outcome_predicate_that_fails_does_not_match() {
    let spec = format!(
        "{SUCCEED}outcomes: {{ broken: {{ when: {{ phase: SUCCEEDED, predicate: {{ lang: mini, expr: '{{\"$fail\":1}}' }} }} }}, next: {{ when: {{ phase: SUCCEEDED }} }} }}\n"
    );
    let world = ended(&spec, json!({ "out": 1 }));
    assert_eq!(world.outcome().outcome_id.as_deref(), Some("next"));
    let told = |fact: &Fact| matches!(fact, Fact::Diagnostic(Diagnostic::ExpressionFailed { state: None, code, .. }) if code == "MN_NULL_DEREFERENCE");
    assert!(world.facts.iter().any(told), "EXP-043");
}

#[test]
fn def_056_the_output_schema_is_checked_as_the_platform_wants() {
    let spec = format!("{SUCCEED}output: {{ schema: {{ type: object }} }}\n");
    let end = |mode, out: Value| {
        World::with(journey(&spec), json!({ "out": out }), |world| world.limits.output_validation = mode)
    };
    let told = |world: &World| {
        world
            .facts
            .iter()
            .any(|fact| matches!(fact, Fact::Diagnostic(Diagnostic::OutputSchema { violations: 1 })))
    };
    for (mode, phase, event) in [
        (OutputValidation::Off, Phase::Succeeded, false),
        (OutputValidation::Warn, Phase::Succeeded, true),
        (OutputValidation::Enforce, Phase::Failed, true),
    ] {
        let world = end(mode, json!(1));
        assert_eq!((world.run.phase(), told(&world)), (phase, event), "{mode:?}");
        assert!(!told(&end(mode, json!({}))), "{mode:?}");
    }
    let world = end(OutputValidation::Enforce, json!(1));
    assert_eq!(world.error().0, urn("internal"));
    assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError));
    assert_eq!(OutputValidation::default(), OutputValidation::Warn);
}

/// What no answer can read any more is not kept with the run.
#[test]
fn eng_048_an_ended_run_keeps_its_context_only_where_answers_may_read_it() {
    let input = json!({ "out": 1, "view": {} });
    assert_eq!(ended(SUCCEED, input.clone()).kept_context(), None);
    let step =
        "  ask: { type: wait, wait: { input: { schema: {} }, response: { outputVar: view } }, next: end }\n";
    assert_eq!(ended(&format!("{SUCCEED}{step}"), input.clone()).kept_context(), Some(input));
}

/// The document of the last event is the one that every later read shows, whatever is asked of the run then.
#[test]
fn eng_036_an_outcome_is_classified_once() {
    let spec = format!(
        "{FAIL}outcomes: {{ late: {{ when: {{ phase: FAILED, predicate: {{ lang: mini, expr: '{{\"$eq\":[\"=platform.environment\",\"first\"]}}' }} }} }} }}\n"
    );
    let mut world = World::with(journey(&spec), json!({ "code": 1 }), |world| {
        world.platform.environment = "first".into();
    });
    let published = world.outcome().clone();
    assert_eq!(published.outcome_id.as_deref(), Some("late"));
    world.platform.environment = "second".into();
    assert!(!world.cancel().unwrap().changed());
    world.run = jf_machine::Run::from_snapshot(&world.run.to_snapshot()).unwrap();
    assert!(*world.outcome() == published);
    let last = world.log.last().map(|entry| entry.document.clone());
    assert!(matches!(last, Some(jf_core::LogDocument::Outcome(outcome)) if *outcome == published));
}
