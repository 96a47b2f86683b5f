use jf_core::TerminationKind;
use jf_machine::TaskFailure;
use serde_json::{Value, json};

use crate::support::{World, journey, submission, urn};

/// A parent that runs `sub` with the given members of its call.
fn calling(call: &str, sub: &str) -> String {
    format!(
        "
start: run
states:
  run: {{ type: subjourney, subjourney: {{ ref: sub{call} }}, next: done }}
  done: {{ type: succeed }}
subjourneys:
  sub:
{}
",
        sub.trim_matches('\n').lines().map(|line| format!("    {line}\n")).collect::<String>()
    )
}

const ECHO: &str = "
start: note
states:
  note: { type: transform, transform: { mapper: { lang: mini, expr: '\"=context\"' }, target: { kind: var }, resultVar: seen }, next: end }
  end: { type: succeed, outputVar: seen }
";

const FAILS: &str = "
start: end
states:
  end: { type: fail, errorCode: NO, reason: because }
";

const ASKS: &str = "
start: ask
states:
  ask: { type: wait, wait: { input: { schema: {} }, timeoutSec: 60, onTimeout: late, response: { outputVar: view } }, next: call }
  call: { type: task, task: { kind: 'fake:v1' }, next: end }
  late: { type: fail, errorCode: LATE, reason: r }
  end: { type: succeed, outputVar: view }
";

fn result(call: &str, sub: &str, input: Value) -> Value {
    World::start(journey(&calling(call, sub)), input).output()["r"].clone()
}

#[test]
fn sta_087_the_child_begins_with_the_mapped_input_or_with_nothing() {
    let input = ", input: { mapper: { lang: mini, expr: '{\"a\":\"=context.k\",\"p\":\"=payload\"}' } }, resultVar: r";
    assert_eq!(result(input, ECHO, json!({ "k": 1, "payload": 2 })), json!({ "a": 1, "p": 2 }));
    assert_eq!(result(", resultVar: r", ECHO, json!({ "k": 1 })), json!({}));
}

#[test]
fn sta_087_an_input_that_fails_belongs_to_the_parent_and_is_not_captured() {
    let wrong = [("7", "type-mismatch"), ("{\"$fail\":1}", "null-dereference")];
    for (expr, slug) in wrong {
        let call = format!(
            ", input: {{ mapper: {{ lang: mini, expr: '{expr}' }} }}, resultVar: r, onFailure: {{ behavior: capture }}"
        );
        let world = World::start(journey(&calling(&call, ECHO)), json!({}));
        assert!(world.error().0.ends_with(slug), "EXP-024, EXP-042: {:?}", world.error());
        assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError));
    }
}

/// Also DEF-203.
#[test]
fn sta_087_the_context_of_a_child_is_bounded_like_any_other() {
    let call = ", input: { mapper: { lang: mini, expr: '{\"a\":{\"$repeat\":[200]}}' } }";
    let world =
        World::with(journey(&calling(call, ECHO)), json!({}), |world| world.limits.context_bytes = 100);
    assert_eq!(world.error().0, urn("internal"));
}

/// Also STA-089.
#[test]
fn sta_090_what_is_written_to_the_parent() {
    let outcome = ", resultVar: r, resultKind: outcome";
    let capture = ", onFailure: { behavior: capture }";
    let good = json!({ "phase": "SUCCEEDED", "terminationKind": "Success", "output": {}, "error": null });
    assert_eq!(result(outcome, ECHO, json!({})), good);
    let bad = json!({ "phase": "FAILED", "terminationKind": "Fail", "output": null, "error": { "code": "NO", "reason": "because" } });
    assert_eq!(result(&format!("{outcome}{capture}"), FAILS, json!({})), bad);
    assert_eq!(result(&format!(", resultVar: r{capture}"), FAILS, json!({ "r": 1 })), Value::Null);
    let untouched = World::start(journey(&calling("", ECHO)), json!({ "k": 1 }));
    assert_eq!(untouched.output(), &json!({ "k": 1 }), "without resultVar the parent is untouched");
}

#[test]
fn sta_091_a_failure_is_that_of_the_parent_state() {
    let spec = format!(
        "{}output: {{ response: {{ outputVar: r, schema: {{ type: object }} }} }}\n",
        calling(", resultVar: r", FAILS)
    );
    let world = World::start(journey(&spec), json!({}));
    assert_eq!(world.error(), ("NO", "because"));
    assert_eq!(world.run.termination(), Some(TerminationKind::Fail));
    assert_eq!(world.state(), "run", "ENG-030: a state of the top level");
    assert!(world.outcome().projection.is_empty(), "resultVar stays unset");
}

#[test]
fn sta_091_a_failed_task_of_the_child_keeps_its_termination_kind() {
    let mut world = World::start(journey(&calling("", ASKS)), json!({}));
    world.submit("ask", json!(1));
    world.fail_task(TaskFailure::internal());
    assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError));
    assert_eq!(world.problem()["status"], 500);
}

#[test]
fn sta_092_deadline_and_cancellation_are_never_captured() {
    let spec = calling(", resultVar: r, resultKind: outcome, onFailure: { behavior: capture }", ASKS);
    let deadline = "execution: { maxDurationSec: 9, onTimeout: { errorCode: T, reason: r } }\n";
    let mut late = World::start(journey(&format!("{spec}{deadline}")), json!({}));
    late.pass(9);
    assert_eq!((late.error().0, late.state().as_str()), ("T", "run"));
    let mut cancelled = World::start(journey(&spec), json!({}));
    cancelled.cancel().unwrap();
    assert_eq!((cancelled.error().0, cancelled.state().as_str()), ("JOURNEY_CANCELLED", "run"));
    // What is captured: the failure of the child, here after its own time-out.
    let mut captured = World::start(journey(&spec), json!({}));
    captured.pass(60);
    assert_eq!(captured.output()["r"]["error"]["code"], "LATE");
}

/// Also ENG-040, ENG-031, ENG-022.
#[test]
fn sta_088_waits_inside_are_steps_of_the_run() {
    let mut world =
        World::start(journey(&calling(", resultVar: r", ASKS)), json!({ "view": { "a": "parent" } }));
    assert_eq!((world.state().as_str(), world.addresses()), ("ask", vec!["run~ask".to_owned()]));
    let taken =
        world.try_submit(submission("run~ask", json!({ "x": 1 }))).unwrap().accepted().unwrap().clone();
    assert_eq!(taken.step.to_string(), "ask", "RT-7: the id says it all");
    assert!(!world.run.has_stopped(taken.segment));
    assert_eq!(
        world.task().evaluation.context(),
        &json!({ "payload": { "x": 1 } }),
        "the child's own context"
    );
    world.finish(&[("view", json!({ "ref": "R1", "phase": "no" }))]);
    assert!(world.run.has_stopped(taken.segment));
    assert_eq!(world.output()["r"]["ref"], "R1");
    let shown = world.run.step_response(&world.program, &taken.address, Some(taken.segment));
    assert_eq!(
        Value::Object(shown.members),
        json!({ "ref": "R1" }),
        "ENG-048: as it was when the scope ended"
    );
    let replayed = world.run.step_response(&world.program, &taken.address, None);
    assert!(replayed.members.is_empty(), "ENG-048: a replay adds none");
}

#[test]
fn eng_048_the_answer_reads_the_scope_of_the_step() {
    let mut world = World::start(journey(&calling("", ASKS)), json!({ "view": { "of": "parent" } }));
    assert!(world.run.start_response(&world.program).members.is_empty(), "the child has no such variable");
    let taken = world.try_submit(submission("ask", json!(1))).unwrap().accepted().unwrap().clone();
    for segment in [Some(taken.segment), None] {
        let shown = world.run.step_response(&world.program, &taken.address, segment);
        assert!(shown.members.is_empty(), "nor has it now");
    }
}

#[test]
fn sta_068_the_payload_is_removed_from_frozen_parents() {
    let spec = "
start: first
states:
  first: { type: wait, wait: { input: { schema: {} } }, next: run }
  run: { type: subjourney, subjourney: { ref: sub, input: { mapper: { lang: mini, expr: '{\"got\":\"=payload\"}' } } }, next: done }
  done: { type: succeed }
subjourneys:
  sub:
    start: rest
    states:
      rest: { type: timer, timer: { duration: PT5S }, next: second }
      second: { type: wait, wait: { input: { schema: {} } }, next: end }
      end: { type: succeed }
";
    let mut world = World::start(journey(spec), json!({ "k": 1 }));
    world.submit("first", json!("secret"));
    assert_eq!(world.context(), json!({ "k": 1, "payload": "secret" }), "a timer keeps it (STA-080)");
    world.pass(5);
    assert_eq!(world.steps(), ["second"]);
    assert_eq!(world.context(), json!({ "k": 1 }), "the parent is frozen at a subjourney");
    world.submit("second", json!(2));
    assert_eq!(world.output(), &json!({ "k": 1 }));
}

#[test]
fn eng_040_addresses_of_nested_subjourneys() {
    let spec = "
start: outer
states:
  outer: { type: subjourney, subjourney: { ref: one }, next: again }
  again: { type: subjourney, subjourney: { ref: two }, next: done }
  done: { type: succeed }
subjourneys:
  one: { start: inner, states: { inner: { type: subjourney, subjourney: { ref: two }, next: end }, end: { type: succeed } } }
  two: { start: sign, states: { sign: { type: wait, wait: { input: { schema: {} } }, next: end }, end: { type: succeed } } }
";
    let mut world = World::start(journey(spec), json!({}));
    assert_eq!(world.addresses(), ["outer~inner~sign"]);
    for wrong in ["again~sign", "inner~sign", "outer~sign"] {
        assert!(world.try_submit(submission(wrong, json!(1))).is_err(), "{wrong}");
    }
    world.submit("outer~inner~sign", json!(1));
    assert_eq!(world.addresses(), ["again~sign"]);
    world.submit("sign", json!(1));
    assert!(world.finished);
}

#[test]
fn eng_066_states_of_subjourneys_count() {
    let spec = "
start: run
states:
  run: { type: subjourney, subjourney: { ref: sub }, next: run }
  done: { type: succeed }
subjourneys: { sub: { start: end, states: { end: { type: succeed } } } }
";
    let mut world = World::with(journey(spec), json!({}), |world| world.limits.evaluations_per_apply = 4);
    assert_eq!(world.error().0, urn("transition-limit"));
    assert!(world.continued > 100, "loops without expressions give way too");
    assert!(world.cancel().unwrap().iter().next().is_none());
}
