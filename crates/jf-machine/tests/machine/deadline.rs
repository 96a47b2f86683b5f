use std::time::Duration;

use jf_core::{Phase, TerminationKind};
use jf_machine::{Input, Program, TaskReturn};
use serde_json::json;

use crate::support::{World, at, journey, program, urn};

const STATES: &str = "
start: call
states:
  call: { type: task, task: { kind: 'fake:v1' }, next: hold }
  hold: { type: wait, wait: { input: { schema: {} } }, next: done }
  done: { type: succeed }
";

fn declared() -> Program {
    journey(&format!(
        "{STATES}execution: {{ maxDurationSec: 100, onTimeout: {{ errorCode: TOO_LONG, reason: took too long }} }}\n"
    ))
}

/// Also ENG-063.
#[test]
fn eng_062_at_the_deadline_everything_ends() {
    let mut world = World::start(declared(), json!({}));
    let activation = world.task().activation;
    assert_eq!(world.task().deadline, Some(at("2026-01-01T00:01:40Z")));
    assert_eq!(world.task().budget(at("2026-01-01T00:01:39Z")), Some(Duration::from_secs(1)));
    assert_eq!(world.task().budget(at("2026-01-01T00:02:00Z")), Some(Duration::ZERO));
    world.pass(100);
    assert_eq!(world.error(), ("TOO_LONG", "took too long"));
    assert_eq!(world.problem(), &json!({ "type": "TOO_LONG", "title": "took too long", "status": 504 }));
    assert_eq!(world.run.termination(), Some(TerminationKind::Timeout));
    assert!(world.tasks.is_empty(), "the call is abandoned");
    let late = world.feed(Input::TaskFinished { activation, result: Ok(TaskReturn::default()) }).unwrap();
    assert!(!late.changed(), "ENG-063: a result after the deadline is dropped");
}

#[test]
fn eng_060_the_clock_runs_while_parked() {
    let mut world = World::start(declared(), json!({}));
    world.pass(60);
    world.finish(&[]);
    assert_eq!(world.steps(), ["hold"]);
    world.pass(39);
    assert_eq!(world.run.phase(), Phase::Running);
    world.pass(1);
    assert_eq!(world.error().0, "TOO_LONG");
}

#[test]
fn eng_063_an_end_before_the_deadline_wins() {
    let mut world = World::start(declared(), json!({}));
    world.finish(&[]);
    world.submit("hold", json!(1));
    assert_eq!(world.run.phase(), Phase::Succeeded);
    world.now = at("2026-01-01T01:00:00Z");
    assert!(world.run.overdue(world.now).is_none());
    assert!(!world.feed(Input::DeadlineReached).unwrap().changed());
}

#[test]
fn eng_073_what_is_overdue_comes_first_in_order_of_due_time() {
    let spec = "
start: first
states:
  first: { type: timer, timer: { duration: PT10S }, next: second }
  second: { type: timer, timer: { until: '2026-01-01T00:00:20Z' }, next: hold }
  hold: { type: wait, wait: { input: { schema: {} } }, next: done }
  done: { type: succeed }
execution: { maxDurationSec: 30, onTimeout: { errorCode: T, reason: r } }
";
    let mut world = World::start(journey(spec), json!({}));
    world.now = at("2026-01-01T00:00:29Z");
    world.submit("hold", json!(1));
    assert_eq!(world.run.phase(), Phase::Succeeded, "both timers fired before the submission");

    let mut world = World::start(journey(spec), json!({}));
    world.now = at("2026-01-01T00:00:30Z");
    world.catch_up();
    assert_eq!(world.error().0, "T", "the deadline is overdue too, after the timers");
}

#[test]
fn def_091_the_budget_is_the_smallest_of_all_bounds() {
    let due = |declared: bool, default: Option<u64>, bound: Option<u64>, cap: Option<u64>| {
        let states = if declared { self::declared() } else { journey(STATES) };
        let world = World::with(states, json!({}), |world| {
            world.limits.metadata.execution.default_max_duration_sec = default;
            world.limits.metadata.execution.max_duration_upper_bound_sec = bound;
            world.limits.max_duration = cap.map(Duration::from_secs);
        });
        world.run.deadline().map(|deadline| (deadline - world.run.created_at()).get_seconds())
    };
    let cases = [
        ((true, None, None, None), Some(100)),
        ((true, Some(5), None, None), Some(100)),
        ((true, None, Some(50), None), Some(50)),
        ((true, None, Some(50), Some(20)), Some(20)),
        ((true, None, Some(500), None), Some(100)),
        ((false, None, None, None), None),
        ((false, Some(70), None, None), Some(70)),
        ((false, Some(70), Some(60), None), Some(60)),
        ((false, None, None, Some(30)), Some(30)),
    ];
    for ((declared, default, bound, cap), expected) in cases {
        assert_eq!(due(declared, default, bound, cap), expected, "{declared} {default:?} {bound:?} {cap:?}");
    }
}

#[test]
fn def_091_clamping_keeps_the_words_of_the_definition() {
    let mut world =
        World::with(declared(), json!({}), |world| world.limits.max_duration = Some(Duration::from_secs(1)));
    world.pass(1);
    assert_eq!(world.error().0, "TOO_LONG");
}

#[test]
fn def_092_a_deadline_nobody_declared_has_a_code_of_its_own() {
    let mut world = World::with(journey(STATES), json!({}), |world| {
        world.limits.metadata.execution.default_max_duration_sec = Some(10);
    });
    world.pass(10);
    assert_eq!(world.error().0, urn("timeout"));
    assert_eq!(world.problem()["status"], 504);
}

#[test]
fn eng_062_apis_have_deadlines_too() {
    let spec = "
start: call
states:
  call: { type: task, task: { kind: 'fake:v1' }, next: done }
  done: { type: succeed }
execution: { maxDurationSec: 5, onTimeout: { errorCode: SLOW, reason: r } }
";
    let mut world = World::start(program("Api", spec), json!({}));
    world.pass(5);
    assert_eq!(world.error().0, "SLOW");
    assert!(world.log.is_empty(), "an Api has no log");
}
