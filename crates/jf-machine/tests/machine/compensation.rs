use jf_core::{JourneyId, Phase, TerminationKind};
use jf_machine::{Diagnostic, Fact, Input, Run};
use serde_json::{Value, json};

use crate::support::{World, journey, refusal, submission};

/// A journey that asks, and a compensation with a task.
fn compensated(members: &str) -> String {
    format!(
        "
start: ask
states:
  ask: {{ type: wait, wait: {{ input: {{ schema: {{}} }}, response: {{ outputVar: view }} }}, next: pick }}
  pick:
    type: choice
    choices: [{{ when: {{ predicate: {{ lang: mini, expr: '{{\"$eq\":[\"=payload\",\"ok\"]}}' }} }}, next: done }}]
    default: bad
  bad: {{ type: fail, errorCode: NO, reason: because }}
  done: {{ type: succeed, outputVar: k }}
compensation:
  start: undo
  states:
    undo: {{ type: task, task: {{ kind: 'fake:v1' }}, next: note }}
    note: {{ type: transform, transform: {{ mapper: {{ lang: mini, expr: '{{\"$bindings\":1}}' }}, target: {{ kind: var }}, resultVar: seen }}, next: end }}
    end: {{ type: succeed, outputVar: seen }}
{members}
execution: {{ maxDurationSec: 60, onTimeout: {{ errorCode: SLOW, reason: r }} }}
"
    )
}

fn ended(members: &str, payload: &str) -> World {
    let mut world = World::start(journey(&compensated(members)), json!({ "k": 1 }));
    world.pass(1);
    world.submit("ask", json!(payload));
    world
}

fn links(world: &World) -> Vec<bool> {
    (1..=world.run.seq()).map(|seq| world.run.compensated_by(seq).is_some()).collect()
}

/// Also ENG-091, ENG-096, EXP-011, DEF-096.
#[test]
fn eng_090_a_failure_is_compensated_once_by_a_run_of_its_own() {
    let mut world = ended("", "no");
    assert_eq!(world.outcome().phase, Phase::Failed, "ENG-092: published first");
    assert_eq!(links(&world), [false, false, true], "with the commit of the outcome");
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::CompensationStarted(_))));
    let mut other = world.compensate();
    assert!(!world.run.is_pending(), "it is durable: nothing is owed any more");
    assert_eq!(other.run.compensates().map(JourneyId::as_str), Some("r1"));
    assert_eq!(
        other.task().evaluation.context(),
        &json!({ "k": 1, "payload": "no" }),
        "the context at termination"
    );
    let names: Vec<_> = other.task().evaluation.bindings().iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["context", "payload", "error", "platform", "outcome", "output"]);
    other.finish(&[]);
    let seen = other.output();
    let outcome = json!({
        "phase": "FAILED", "terminationKind": "Fail", "error": { "code": "NO", "reason": "because" },
        "terminatedAtState": "bad", "journeyId": "r1", "journeyName": "test"
    });
    assert_eq!((&seen["outcome"], &seen["output"]), (&outcome, &json!(null)));
    assert_eq!(seen["platform"]["run"]["id"], "r2", "EXP-015");
    assert!(other.facts.iter().any(|fact| matches!(fact, Fact::CompensationEnded(_))), "ENG-093");
    assert!(other.order.is_none(), "ENG-095: never of itself");
}

#[test]
fn eng_096_what_is_owed_survives_a_restart() {
    let world = ended("", "no");
    assert!(world.run.is_pending());
    let back = Run::from_snapshot(&world.run.to_snapshot()).unwrap();
    assert!(back.is_pending());
    let mut again = world.clone();
    again.run = back;
    let other = again.compensate();
    assert_eq!(other.task().evaluation.context(), &json!({ "k": 1, "payload": "no" }));
    // Told twice, it stays as it is.
    assert!(!again.feed(Input::CompensationStarted).unwrap().changed());
    assert!(!again.feed(Input::CompensationEnded).unwrap().changed());
}

/// Also DEF-097, ENG-097.
#[test]
fn eng_090_a_success_is_compensated_if_a_rule_matches() {
    let rule =
        |expr: &str| format!("  alsoFor: [{{ when: {{ predicate: {{ lang: mini, expr: '{expr}' }} }} }}]");
    let cases = [
        (String::new(), false),
        ("  alsoFor: []".to_owned(), false),
        ("  alsoFor: [{ when: {} }]".to_owned(), true),
        (rule(r#"{"$eq":["=output",1]}"#), true),
        (rule(r#"{"$eq":["=outcome.terminatedAtState","done"]}"#), true),
        (rule(r#"{"$eq":["=context.payload","ok"]}"#), true),
        (rule(r#"{"$eq":["=payload","ok"]}"#), false),
        (rule("false"), false),
    ];
    for (rule, due) in cases {
        assert_eq!(ended(&rule, "ok").order.is_some(), due, "{rule}");
    }
    let broken = ended(&rule("7"), "ok");
    assert!(broken.order.is_none(), "EXP-042: a rule that fails does not match");
    let told = |fact: &Fact| {
        matches!(fact, Fact::Diagnostic(Diagnostic::ExpressionFailed { site: "alsoFor predicate", .. }))
    };
    assert!(broken.facts.iter().any(told), "EXP-043");
}

/// Also ENG-055, ENG-062.
#[test]
fn eng_090_cancellation_and_deadline_are_compensated() {
    let mut cancelled = World::start(journey(&compensated("")), json!({}));
    cancelled.cancel().unwrap();
    let mut late = World::start(journey(&compensated("")), json!({}));
    late.pass(60);
    for (mut world, kind) in [(cancelled, "Cancel"), (late, "Timeout")] {
        let mut other = world.compensate();
        other.finish(&[]);
        assert_eq!(other.output()["outcome"]["terminationKind"], kind);
    }
}

/// Also ENG-047, ENG-093, ENG-107, HTTP-050.
#[test]
fn eng_092_a_synchronous_compensation_holds_the_outcome_back() {
    let mut world = World::start(journey(&compensated("  mode: sync")), json!({ "view": { "ref": 1 } }));
    let taken = world.try_submit(submission("ask", json!("no"))).unwrap().accepted().unwrap().clone();
    assert!(
        world.run.awaits_compensation() && !world.run.is_settled() && !world.run.has_stopped(taken.segment)
    );
    assert_eq!((world.run.phase(), world.state().as_str()), (Phase::Running, "bad"));
    assert!(world.timers.is_empty(), "deadlines no longer apply");
    assert_eq!(world.story(), ["ask []", "ask [ask]", "bad []"]);
    assert_eq!(links(&world), [false, false, true]);
    let meanwhile = world.run.step_response(&world.program, &taken.address, Some(taken.segment));
    assert_eq!(Value::Object(meanwhile.members), json!({ "ref": 1 }), "ENG-048: the answer at the limit");
    let mut other = world.compensate();
    world.pass(100);
    assert!(!world.cancel().unwrap().changed(), "the status unchanged, at once");
    assert_eq!(refusal(world.try_submit(submission("ask", json!(1)))).0, "step-not-active");
    assert!(!world.run.is_pending(), "it is parked like any other that waits");
    let awaited = world.run.awaited_compensation().map(JourneyId::as_str);
    assert_eq!(awaited, Some("r2"), "how its end is found again after a crash");
    other.fail_task(jf_machine::TaskFailure::internal());
    assert_eq!(other.run.phase(), Phase::Failed);
    world.feed(Input::CompensationEnded).unwrap();
    assert_eq!(world.error(), ("NO", "because"), "ENG-093: whatever became of it");
    assert_eq!(world.run.termination(), Some(TerminationKind::Fail));
    assert_eq!(world.story().last().unwrap(), "FAILED");
    assert!(world.run.is_settled() && world.run.has_stopped(taken.segment) && !world.run.is_pending());
    let shown = world.run.step_response(&world.program, &taken.address, Some(taken.segment));
    assert_eq!(Value::Object(shown.members), json!({ "ref": 1 }));
}

#[test]
fn eng_092_a_success_without_matching_rule_is_not_held_back() {
    let world = ended("  mode: sync", "ok");
    assert_eq!(world.output(), &json!(1));
    assert!(links(&world).iter().all(|linked| !linked));
}

/// Also ENG-095.
#[test]
fn eng_094_a_compensation_is_a_run_with_budget_and_steps_of_its_own() {
    let spec = "
start: bad
states: { bad: { type: fail, errorCode: NO, reason: r } }
compensation:
  start: both
  states:
    both:
      type: parallel
      parallel:
        branches: [{ name: a, start: hold, states: { hold: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } }]
        join: { strategy: allOf }
      next: end
    end: { type: fail, errorCode: ALSO, reason: r }
outcomes: { never: { when: { phase: FAILED } } }
execution: { maxDurationSec: 60, onTimeout: { errorCode: SLOW, reason: r } }
metadata: { bindings: { attributes: { fromPayload: { who: { path: who } } } } }
";
    let mut world = World::start(journey(spec), json!({ "who": "ann" }));
    world.pass(50);
    let mut other = world.compensate();
    assert_eq!(other.run.deadline(), Some("2026-01-01T00:01:50Z".parse().unwrap()), "a budget of its own");
    assert!(other.run.tags().is_empty() && other.run.attributes().is_empty());
    assert_eq!(refusal(other.cancel()).0, "not-cancellable");
    assert_eq!(other.addresses(), ["both~a~hold"]);
    let by_type = jf_core::StepTarget::Covered { given: None, ids: ["hold".parse().unwrap()].into() };
    let typed = jf_machine::Submission::new(by_type, json!(1), crate::support::caller());
    assert_eq!(
        refusal(other.try_submit(typed)).0,
        "step-not-active",
        "WS-032: only states under spec.states"
    );
    let mut late = other.clone();
    late.pass(60);
    assert_eq!(late.error().0, "SLOW");
    other.submit("hold", json!(1));
    assert_eq!((other.error().0, other.outcome().outcome_id.as_deref()), ("ALSO", None));
    assert!(other.order.is_none() && late.order.is_none());
}

/// Its steps are those of its own states, whatever ids the main run has.
#[test]
fn eng_048_a_step_of_a_compensation_answers_from_its_own_block() {
    let spec = "
start: ask
states:
  ask: { type: wait, wait: { input: { schema: {} } }, next: bad }
  bad: { type: fail, errorCode: NO, reason: because }
compensation:
  start: ask
  states:
    ask: { type: wait, wait: { input: { schema: {} }, response: { outputVar: view } }, next: end }
    end: { type: succeed }
";
    let mut world = World::start(journey(spec), json!({ "view": { "ref": 1 } }));
    world.submit("ask", json!(1));
    let mut other = world.compensate();
    let taken = other.try_submit(submission("ask", json!(1))).unwrap().accepted().unwrap().clone();
    assert!(other.finished);
    for segment in [Some(taken.segment), None] {
        let shown = other.run.step_response(&other.program, &taken.address, segment);
        assert_eq!(Value::Object(shown.members), json!({ "ref": 1 }));
    }
}
