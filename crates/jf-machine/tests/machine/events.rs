use jf_core::LogDocument;
use serde_json::json;

use crate::support::{World, at, journey};

#[test]
fn eng_107_the_creation_comes_before_the_first_state() {
    let spec = "
start: hold
states:
  hold: { type: wait, wait: { input: { schema: {} } }, next: done }
  done: { type: succeed }
";
    let mut world = World::start(journey(spec), json!({}));
    assert_eq!(world.story(), ["hold []", "hold [hold]"]);
    world.submit("hold", json!(1));
    assert_eq!(world.story(), ["hold []", "hold [hold]", "SUCCEEDED"], "the outcome alone");
}

#[test]
fn eng_107_a_run_of_pure_states_has_two_events() {
    let spec = "
start: map
states:
  map: { type: transform, transform: { mapper: { lang: mini, expr: '{}' } }, next: done }
  done: { type: succeed }
";
    assert_eq!(World::start(journey(spec), json!({})).story(), ["map []", "SUCCEEDED"]);
}

/// SEQ-3 too.
#[test]
fn eng_107_a_trigger_makes_an_event_only_if_the_status_differs() {
    let spec = "
start: first
states:
  first: { type: task, task: { kind: 'fake:v1' }, next: second }
  second: { type: task, task: { kind: 'fake:v1' }, next: pick }
  pick:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: '\"=context.go\"' } }, next: done }]
    default: second
  done: { type: succeed }
";
    let mut world = World::start(journey(spec), json!({ "go": false }));
    assert_eq!(world.story(), ["first []"], "the start stopped where the creation said");
    world.finish(&[]);
    assert_eq!(world.story(), ["first []", "second []"]);
    world.finish(&[]);
    world.finish(&[]);
    assert_eq!(world.story(), ["first []", "second []"], "back at the same task: no event");
    world.finish(&[("go", json!(true))]);
    assert_eq!(world.story(), ["first []", "second []", "SUCCEEDED"]);
}

#[test]
fn eng_107_an_accepted_submission_always_moves_the_head() {
    let spec = "
start: hold
states:
  hold: { type: wait, wait: { input: { schema: {} } }, next: pick }
  pick:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: '{\"$eq\":[\"=payload\",\"go\"]}' } }, next: done }]
    default: hold
  done: { type: succeed }
";
    let mut world = World::start(journey(spec), json!({}));
    world.pass(1);
    for seq in 3..6 {
        world.submit("hold", json!("again"));
        assert_eq!(world.run.seq(), seq, "the step was left and entered");
    }
    let LogDocument::Status(last) = &world.log.last().unwrap().document else { panic!("a status") };
    assert_eq!(last.updated_at, at("2026-01-01T00:00:01Z"));
}

#[test]
fn eng_107_new_attributes_are_worth_an_event() {
    let spec = "
start: call
states:
  call: { type: task, task: { kind: 'fake:v1' }, next: tag }
  tag: { type: transform, transform: { mapper: { lang: mini, expr: '{\"k\":\"=context.k\"}' }, target: { kind: attributes } }, next: again }
  again:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: 'false' } }, next: done }]
    default: call
  done: { type: succeed }
";
    let mut world = World::start(journey(spec), json!({}));
    world.finish(&[("k", json!("v"))]);
    assert_eq!(world.story(), ["call []", "call []"]);
    assert_eq!(world.run.status().attributes["k"], "v");
}

#[test]
fn eng_021_times_never_run_backwards() {
    let spec = "
start: call
states:
  call: { type: task, task: { kind: 'fake:v1' }, next: hold }
  hold: { type: wait, wait: { input: { schema: {} } }, next: done }
  done: { type: succeed }
";
    let mut world = World::start(journey(spec), json!({}));
    world.now = at("2026-01-01T00:00:05.0009Z");
    world.finish(&[]);
    assert_eq!(world.run.updated_at(), at("2026-01-01T00:00:05Z"), "whole milliseconds");
    assert_eq!(world.run.created_at(), at("2026-01-01T00:00:00Z"));
    // A clock that jumps back does not take the log with it.
    world.now = at("2026-01-01T00:00:04Z");
    world.feed_unchecked(jf_machine::Input::StepSubmitted(crate::support::submission("hold", json!(1))));
    assert_eq!((world.run.seq(), world.run.updated_at()), (3, at("2026-01-01T00:00:05Z")));
}

#[test]
fn eng_022_current_state_follows_the_run() {
    let spec = "
start: first
states:
  first: { type: task, task: { kind: 'fake:v1' }, next: rest }
  rest: { type: timer, timer: { duration: PT1S }, next: end }
  end: { type: fail, errorCode: E, reason: r }
";
    let mut world = World::start(journey(spec), json!({}));
    assert_eq!(world.state(), "first");
    world.finish(&[]);
    assert_eq!(world.state(), "rest");
    world.pass(1);
    assert_eq!(world.state(), "end", "the state where the run ended");
    let status = world.run.status();
    assert_eq!((status.phase, status.updated_at), (jf_core::Phase::Failed, at("2026-01-01T00:00:01Z")));
}
