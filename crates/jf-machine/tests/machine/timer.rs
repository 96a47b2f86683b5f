use jf_core::{Phase, TerminationKind};
use jf_machine::Input;
use serde_json::json;

use crate::support::{World, at, journey, urn};

fn timer(block: &str) -> String {
    format!(
        "start: rest\nstates:\n  rest: {{ type: timer, timer: {block}, next: done }}\n  done: {{ type: succeed }}\n"
    )
}

/// Also STA-081, ENG-007, STA-075, STA-076, ENG-070.
#[test]
fn sta_077_a_timer_parks_until_its_due_time() {
    let cases = [
        ("{ duration: PT90S }", "2026-01-01T00:01:30Z"),
        ("{ duration: P1M }", "2026-02-01T00:00:00Z"),
        ("{ until: '2026-01-01T00:00:05+00:00' }", "2026-01-01T00:00:05Z"),
        ("{ duration: { mapper: { lang: mini, expr: '\"=context.wait\"' } } }", "2026-01-01T00:00:02.500Z"),
        ("{ until: { mapper: { lang: mini, expr: '\"=context.until\"' } } }", "2026-01-01T00:00:01.001Z"),
    ];
    for (block, due) in cases {
        let input = json!({ "wait": "PT2.5S", "until": "2026-01-01T00:00:01.0002Z" });
        let mut world = World::start(journey(&timer(block)), input);
        assert_eq!(world.run.next_due(), Some(at(due)), "{block}");
        assert_eq!((world.state().as_str(), world.steps().len()), ("rest", 0), "STA-081");
        assert!(world.run.is_settled(), "ENG-007");
        world.now = at(due);
        world.catch_up();
        assert_eq!(world.run.phase(), Phase::Succeeded, "{block}");
    }
}

/// Also EXP-042.
#[test]
fn sta_078_a_mapper_result_of_the_wrong_form_fails_the_state() {
    for (member, value) in [
        ("duration", json!("90 seconds")),
        ("duration", json!(90)),
        ("duration", json!("-PT1S")),
        ("duration", json!("P99999999Y")),
        ("until", json!("tomorrow")),
        ("until", json!("2026-01-01")),
        ("until", json!(null)),
    ] {
        let block = format!("{{ {member}: {{ mapper: {{ lang: mini, expr: '{value}' }} }} }}");
        let world = World::start(journey(&timer(&block)), json!({}));
        assert_eq!(world.error().0, urn("timer-value"), "{block}");
        assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError));
    }
    let failing = "{ until: { mapper: { lang: mini, expr: '{\"$fail\":1}' } } }";
    let world = World::start(journey(&timer(failing)), json!({}));
    assert_eq!(world.problem()["code"], "MN_NULL_DEREFERENCE", "EXP-042");
}

#[test]
fn sta_079_a_due_time_that_is_not_in_the_future_takes_next_at_once() {
    for block in
        ["{ until: '2026-01-01T00:00:00Z' }", "{ until: '2020-01-01T00:00:00Z' }", "{ duration: PT0S }"]
    {
        let world = World::start(journey(&timer(block)), json!({}));
        assert_eq!(world.run.phase(), Phase::Succeeded, "{block}");
        assert!(world.timers.is_empty());
    }
}

/// Also ENG-071.
#[test]
fn sta_080_firing_keeps_the_payload_and_stale_firings_are_dropped() {
    let spec = "
start: hold
states:
  hold: { type: wait, wait: { input: { schema: {} } }, next: rest }
  rest: { type: timer, timer: { duration: PT10S }, next: call }
  call: { type: task, task: { kind: 'fake:v1' }, next: done }
  done: { type: succeed }
";
    let mut world = World::start(journey(spec), json!({}));
    world.submit("hold", json!("kept"));
    let Some(fired @ Input::TimerFired { .. }) = world.run.overdue(at("2026-01-01T00:00:10Z")) else {
        panic!("a timer")
    };
    assert!(world.run.overdue(at("2026-01-01T00:00:09.999Z")).is_none());
    world.pass(10);
    assert_eq!(world.task().evaluation.bindings().payload(), "kept");
    assert_ne!(world.task().segment, jf_machine::SegmentId::FIRST, "a timer begins a segment of its own");
    assert!(!world.feed(fired).unwrap().changed(), "ENG-071");
    world.finish(&[]);
    assert_eq!(world.output(), &json!({ "payload": "kept" }));
}

/// Also STA-081.
#[test]
fn eng_061_due_times_are_clamped_to_the_deadline() {
    let spec = timer("{ duration: P1D }")
        + "execution: { maxDurationSec: 60, onTimeout: { errorCode: T, reason: r } }\n";
    let mut world = World::start(journey(&spec), json!({}));
    assert_eq!(world.run.next_due(), Some(at("2026-01-01T00:01:00Z")));
    world.pass(60);
    assert_eq!(world.error().0, "T", "STA-081: a timer does not extend the deadline");
}
