//! Every order of inputs of small programs, up to a depth: the invariants of `World` hold at every state that can be reached.

use std::collections::BTreeSet;

use jf_core::Phase;
use serde_json::json;

use crate::support::arbitrary::Happening;
use crate::support::{World, journey};

/// What may happen next; things that cannot are refused or dropped, which is part of what is checked.
fn moves() -> Vec<Happening> {
    let mut moves = vec![
        Happening::Pass(0),
        Happening::Pass(1_000),
        Happening::Pass(4_000),
        Happening::Finish(0),
        Happening::Finish(1),
        Happening::Conflict,
        Happening::Fault(true),
        Happening::Cancel(None),
        Happening::Cancel(Some(2)),
        Happening::Covered { mask: 0b11, given: None, payload: 1 },
        Happening::Covered { mask: 0b10, given: Some(1), payload: 0 },
    ];
    for step in 0..2 {
        moves.push(Happening::Submit { step, payload: 0 });
        moves.push(Happening::Submit { step, payload: 1 });
        moves.push(Happening::Mistyped { step });
        moves.push(Happening::IfHead { step, seq: 3 });
    }
    moves.extend((0..3).map(|kind| Happening::Stale { activation: 1, kind }));
    moves
}

/// Visits everything that can be reached within `depth` moves and returns how much that is, and which ends were seen.
fn explore(spec: &str, depth: usize) -> (usize, BTreeSet<String>) {
    let mut seen = BTreeSet::new();
    let mut ends = BTreeSet::new();
    let mut frontier = vec![World::start(journey(spec), json!({ "k": 0 }))];
    for _ in 0..depth {
        let mut next = Vec::new();
        for world in &frontier {
            for happening in moves() {
                let mut world = world.clone();
                world.live(&happening);
                if !seen.insert((world.now, world.run.to_snapshot())) {
                    continue;
                }
                match world.run.phase() {
                    Phase::Running => next.push(world),
                    Phase::Succeeded => drop(ends.insert("SUCCEEDED".to_owned())),
                    Phase::Failed => drop(ends.insert(world.error().0.to_owned())),
                }
            }
        }
        frontier = next;
    }
    (seen.len(), ends)
}

#[test]
fn inv_4_every_interleaving_of_an_approval_with_time_out_and_deadline() {
    let spec = "
start: s0
states:
  s0:
    type: wait
    wait: { input: { schema: { type: integer } }, timeoutSec: 3, onTimeout: call, response: { outputVar: k } }
    next: judge
  judge:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: '{\"$eq\":[\"=payload\",1]}' } }, next: call }]
    default: s0
  call: { type: task, task: { kind: 'fake:v1' }, next: s1 }
  s1: { type: webhook, webhook: { input: { schema: {} }, timeoutSec: 2, onTimeout: late }, next: done }
  late: { type: fail, errorCode: LATE, reason: r }
  done: { type: succeed }
execution: { maxDurationSec: 7, onTimeout: { errorCode: TOO_LONG, reason: r } }
";
    let (states, ends) = explore(spec, 6);
    let expected = [
        "JOURNEY_CANCELLED",
        "LATE",
        "SUCCEEDED",
        "TOO_LONG",
        "urn:journeyforge:error:path-conflict",
        "urn:x",
    ];
    assert_eq!(ends.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    assert!(states > 300, "{states}");
}

#[test]
fn inv_4_every_interleaving_of_timers_and_tasks_in_a_loop() {
    let spec = "
start: rest
states:
  rest: { type: timer, timer: { duration: PT1S }, next: call }
  call: { type: task, task: { kind: 'fake:v1' }, next: more }
  more:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: '{\"$eq\":[\"=context.k\",1]}' } }, next: s1 }]
    default: rest
  s1: { type: wait, wait: { input: { schema: {} } }, next: done }
  done: { type: succeed }
lifecycle: { cancellable: false }
";
    let (states, ends) = explore(spec, 6);
    let expected = ["SUCCEEDED", "urn:journeyforge:error:path-conflict", "urn:x"];
    assert_eq!(ends.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    assert!(states > 300, "{states}");
}
