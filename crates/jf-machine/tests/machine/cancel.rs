use std::sync::Arc;

use jf_core::{HeadCondition, Phase, TerminationKind};
use jf_machine::{Input, TaskReturn};
use serde_json::json;

use crate::support::{World, head, journey, refusal};

const STATES: &str = "
start: call
states:
  call: { type: task, task: { kind: 'fake:v1' }, next: hold }
  hold:
    type: wait
    wait: { input: { schema: {} }, timeoutSec: 60, onTimeout: done }
    next: done
  done: { type: succeed }
";

fn cancel_at(if_head: Option<Vec<HeadCondition>>) -> Input {
    Input::CancelRequested { if_head, traceparent: None }
}

/// Also ENG-022, ENG-030.
#[test]
fn eng_055_cancel_ends_the_run_and_everything_it_waits_for() {
    let mut world = World::start(journey(STATES), json!({}));
    let activation = world.task().activation;
    world.cancel().unwrap();
    assert_eq!(world.error(), ("JOURNEY_CANCELLED", "Cancelled by user"));
    assert_eq!(world.run.termination(), Some(TerminationKind::Cancel));
    assert!(world.tasks.is_empty());
    assert!(
        !world.feed(Input::TaskFinished { activation, result: Ok(TaskReturn::default()) }).unwrap().changed()
    );

    let mut world = World::start(journey(STATES), json!({}));
    world.finish(&[]);
    world.cancel().unwrap();
    assert!(world.timers.is_empty() && world.steps().is_empty());
    assert_eq!(world.state(), "hold", "ENG-022: the state where the run ended");
}

/// Also ENG-054.
#[test]
fn eng_056_cancel_of_an_ended_run_changes_nothing() {
    let mut world = World::start(journey(STATES), json!({}));
    world.finish(&[]);
    world.submit("hold", json!(1));
    let nothing = world.feed(cancel_at(Some(vec![head(None, 1)]))).unwrap();
    assert!(!nothing.changed(), "ENG-054: it ignores the precondition too");
    assert_eq!(world.run.phase(), Phase::Succeeded);
}

/// Also HTTP-023.
#[test]
fn eng_056_a_run_that_cannot_be_cancelled_refuses() {
    let mut world =
        World::start(journey(&format!("{STATES}lifecycle: {{ cancellable: false }}\n")), json!({}));
    let (slug, status, _) = refusal(world.cancel());
    assert_eq!((slug, status), ("not-cancellable", 409));
    let refused = refusal(world.feed(cancel_at(Some(Vec::new()))));
    assert_eq!(refused.0, "not-cancellable", "HTTP-023: before the precondition");
}

#[test]
fn eng_054_cancel_takes_a_precondition() {
    let mut world = World::start(journey(STATES), json!({}));
    let (slug, status, _) = refusal(world.feed(cancel_at(Some(vec![head(None, 9)]))));
    assert_eq!((slug, status), ("seq-mismatch", 412));
    world.feed(cancel_at(Some(vec![head(Some("e1"), 1)]))).unwrap();
    assert_eq!(world.run.phase(), Phase::Failed);
}

/// Also EXP-015, ENG-105.
#[test]
fn http_016_a_cancellation_is_the_last_inbound_request() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for traceparent in [Some(Arc::from(trace)), None] {
        let mut world = World::start(journey(STATES), json!({}));
        let expected = traceparent.clone();
        world.feed(Input::CancelRequested { if_head: None, traceparent }).unwrap();
        assert_eq!(world.run.traceparent(), expected.as_deref());
    }
    let mut world =
        World::start(journey(&format!("{STATES}lifecycle: {{ cancellable: false }}\n")), json!({}));
    refusal(world.feed(Input::CancelRequested { if_head: None, traceparent: Some(trace.into()) }));
    assert_eq!(world.run.traceparent(), None, "what is refused has no effect");
}
