use jf_core::{Phase, TerminationKind};
use jf_machine::{Input, TaskReturn};
use serde_json::json;
use std::sync::Arc;

use crate::support::{World, journey, urn};

const STATES: &str = "
start: call
states:
  call: { type: task, task: { kind: 'fake:v1' }, next: hold }
  hold: { type: wait, wait: { input: { schema: {} }, timeoutSec: 9, onTimeout: rest }, next: rest }
  rest: { type: timer, timer: { duration: PT5S }, next: done }
  done: { type: succeed }
";

/// A run at the task, at the step, and at the timer.
fn runs() -> [World; 3] {
    let at_task = World::start(journey(STATES), json!({}));
    let mut at_step = at_task.clone();
    at_step.finish(&[]);
    let mut at_timer = at_step.clone();
    at_timer.submit("hold", json!(1));
    [at_task, at_step, at_timer]
}

#[test]
fn def_029_runs_go_on_with_a_replaced_definition_that_has_their_states() {
    let moved = STATES.replace("states:", "states:\n  first: { type: succeed }");
    for mut world in runs() {
        world.program = Arc::new(journey(&moved));
        assert!(!world.feed(Input::Resume).unwrap().changed());
        if !world.tasks.is_empty() {
            world.finish(&[]);
        }
        world.pass(20);
        assert_eq!(world.run.phase(), Phase::Succeeded);
    }
}

#[test]
fn def_029_a_run_that_cannot_go_on_ends_as_a_runtime_error() {
    let gone = "start: other\nstates: { other: { type: succeed } }\n";
    let retyped = "start: done\nstates:\n  call: { type: succeed }\n  hold: { type: succeed }\n  rest: { type: succeed }\n  done: { type: succeed }\n";
    for body in [gone, retyped] {
        for mut world in runs() {
            world.program = Arc::new(journey(body));
            world.feed_unchecked(Input::Resume);
            assert_eq!(world.error().0, urn("internal"));
            assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError));
        }
        // Whatever comes first finds the state gone as well.
        let [mut at_task, mut at_step, mut at_timer] = runs();
        let activation = at_task.task().activation;
        for world in [&mut at_task, &mut at_step, &mut at_timer] {
            world.program = Arc::new(journey(body));
        }
        at_task.feed_unchecked(Input::TaskFinished { activation, result: Ok(TaskReturn::default()) });
        for world in [&mut at_step, &mut at_timer] {
            world.now = world.run.next_due().unwrap();
            let overdue = world.run.overdue(world.now).unwrap();
            world.feed_unchecked(overdue);
        }
        for world in [at_task, at_step, at_timer] {
            assert_eq!(world.error().0, urn("internal"));
        }
    }
}
