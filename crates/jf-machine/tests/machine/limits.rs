use jf_core::{Phase, TerminationKind};
use jf_machine::{Effect, Env, Input, Program, Run, apply};
use serde_json::json;

use crate::support::{World, journey, urn};

/// Counts `n` up to `context.to`.
fn counting() -> Program {
    journey(
        "
start: inc
states:
  inc: { type: transform, transform: { mapper: { lang: mini, expr: '{\"$add\":[\"=context.n\",1]}' }, target: { kind: var }, resultVar: n }, next: more }
  more:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: '{\"$lt\":[\"=context.n\",\"=context.to\"]}' } }, next: inc }]
    default: done
  done: { type: succeed, outputVar: n }
execution: { maxDurationSec: 60, onTimeout: { errorCode: T, reason: r } }
",
    )
}

#[test]
fn eng_066_too_many_transitions_in_one_segment_end_the_run() {
    // Two per turn and the terminal state: 4 999 turns make 9 999 transitions.
    let world = World::start(counting(), json!({ "n": 0, "to": 4999 }));
    assert_eq!(world.output(), 4999);
    let world = World::start(counting(), json!({ "n": 0, "to": 5000 }));
    assert_eq!(world.error().0, urn("transition-limit"));
    assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError));
    let world = World::with(counting(), json!({ "n": 0, "to": 5 }), |world| {
        world.limits.transitions_per_segment = 10
    });
    assert_eq!(world.error().0, urn("transition-limit"));
    assert_eq!(
        world.problem()["detail"],
        "more than 10 transitions of one flow in one segment, the next one to state `done`"
    );
    let world =
        World::with(counting(), json!({ "n": 0, "to": 5 }), |world| world.limits.transitions_per_trigger = 9);
    let detail = &world.problem()["detail"];
    assert_eq!(*detail, "more than 9 transitions of all flows after one input, the next one to state `more`");
}

#[test]
fn eng_066_a_new_segment_counts_anew_and_a_task_result_does_not() {
    let spec = |between: &str| {
        format!(
            "
start: a
states:
  a: {{ type: transform, transform: {{ mapper: {{ lang: mini, expr: '{{}}' }} }}, next: between }}
  between: {between}
  b: {{ type: transform, transform: {{ mapper: {{ lang: mini, expr: '{{}}' }} }}, next: done }}
  done: {{ type: succeed }}
"
        )
    };
    let three = |world: &mut World| world.limits.transitions_per_segment = 3;
    let mut world =
        World::with(journey(&spec("{ type: task, task: { kind: 'fake:v1' }, next: b }")), json!({}), three);
    world.finish(&[]);
    assert_eq!(world.error().0, urn("transition-limit"));
    let wait = "{ type: wait, wait: { input: { schema: {} } }, next: b }";
    let mut world = World::with(journey(&spec(wait)), json!({}), three);
    world.submit("between", json!(1));
    assert_eq!(world.run.phase(), Phase::Succeeded);
}

/// Also ENG-107.
#[test]
fn eng_062_a_loop_of_pure_states_can_be_interrupted_between_evaluations() {
    let program = counting();
    let mut world = World::prepared(program, json!({ "n": 0, "to": 1000 }), |_| {});
    let step = |world: &World, run: &mut Run, input| {
        let env = Env::new(world.now, 1, &world.epoch, &world.platform, &world.limits);
        apply(&world.program, run, input, &env).unwrap()
    };
    let mut run = world.run.clone();
    let effects = step(&world, &mut run, Input::Begin);
    assert!(effects.is_unfinished());
    assert!(matches!(effects.iter().last(), Some(Effect::Continue)));
    assert_eq!(run.seq(), 1, "ENG-107: no event in between");
    assert_eq!(run.status().current_state, "inc");
    assert!(run.in_motion());
    // The deadline comes while the loop is at work.
    world.now = run.deadline().unwrap();
    assert!(matches!(run.overdue(world.now), Some(Input::DeadlineReached)));
    let ended = step(&world, &mut run, Input::DeadlineReached);
    assert!(!ended.is_unfinished());
    assert_eq!(run.termination(), Some(TerminationKind::Timeout));
    assert!(!step(&world, &mut run, Input::Resume).changed());
}

#[test]
fn eng_107_where_the_machine_pauses_makes_no_difference() {
    let story = |per_apply| {
        let world = World::with(counting(), json!({ "n": 0, "to": 100 }), |world| {
            world.limits.evaluations_per_apply = per_apply;
        });
        (world.story(), world.output().clone(), world.facts.clone(), world.continued)
    };
    let (one, output, facts, continued) = story(1);
    let all = story(10_000);
    assert_eq!((one, output, facts), (all.0, all.1, all.2));
    assert_eq!((continued, all.3), (200, 0), "one pause after every evaluation");
}
