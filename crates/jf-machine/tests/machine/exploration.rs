//! Small programs explored whole: every order of ticks, results, submissions, time-outs, cancellations and ends of compensation, from
//! every state they can reach. What must hold stands in `World` and in `support::explore`; here are the programs, and the ends that each
//! of them can come to.

use jf_machine::Program;
use serde_json::json;

use crate::support::explore::{Explorer, Reach};
use crate::support::{World, journey, urn};

/// Explores a program and compares its ends.
fn explored(name: &str, explorer: Explorer, program: Program, ends: &[&str]) -> Reach {
    let reach = explorer.explore(name, World::start(program, json!({ "k": 0 })));
    let mut expected: Vec<String> = ends.iter().map(|end| (*end).to_owned()).collect();
    expected.sort();
    assert_eq!(reach.ends.iter().cloned().collect::<Vec<_>>(), expected, "{name}");
    reach
}

fn conflict() -> String {
    urn("path-conflict")
}

/// Also ENG-063, ENG-073.
#[test]
fn inv_4_an_approval_with_time_out_and_deadline() {
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
  s1: { type: webhook, webhook: { input: { schema: { type: integer } }, timeoutSec: 2, onTimeout: late }, next: done }
  late: { type: fail, errorCode: LATE, reason: r }
  done: { type: succeed }
execution: { maxDurationSec: 6, onTimeout: { errorCode: TOO_LONG, reason: r } }
";
    let ends = ["JOURNEY_CANCELLED", "LATE", "SUCCEEDED", "TOO_LONG", "urn:failed", &conflict()];
    let reach = explored("approval", Explorer::ALL, journey(spec), &ends);
    assert!(reach.states > 60 && reach.moves > 3 * reach.states, "{} {}", reach.states, reach.moves);
}

#[test]
fn inv_4_timers_and_tasks_in_a_loop_without_end() {
    let spec = "
start: rest
states:
  rest: { type: timer, timer: { duration: PT1S }, next: call }
  call: { type: task, task: { kind: 'fake:v1' }, next: more }
  more:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: '{\"$eq\":[\"=context.k\",1]}' } }, next: s1 }]
    default: rest
  s1: { type: wait, wait: { input: { schema: { type: integer } }, timeoutSec: 2, onTimeout: rest }, next: done }
  done: { type: succeed }
lifecycle: { cancellable: false }
";
    explored("loop", Explorer::ALL, journey(spec), &["SUCCEEDED", "urn:failed", &conflict()]);
}

/// A wait with a time-out and a task, a timer, and a webhook side by side. Also STA-105 to STA-109, STA-113, STA-114, STA-116.
fn branches(join: &str) -> Program {
    journey(&format!(
        "
start: race
states:
  race:
    type: parallel
    parallel:
      branches:
        - name: left
          start: sign
          states:
            sign: {{ type: wait, wait: {{ input: {{ schema: {{ type: integer }} }}, timeoutSec: 2, onTimeout: late }}, next: call }}
            call: {{ type: task, task: {{ kind: 'fake:v1' }}, next: end }}
            late: {{ type: fail, errorCode: LATE, reason: r }}
            end: {{ type: succeed, outputVar: k }}
        - {{ name: middle, start: nap, states: {{ nap: {{ type: timer, timer: {{ duration: PT3S }}, next: end }}, end: {{ type: succeed }} }} }}
        - {{ name: right, start: sign, states: {{ sign: {{ type: webhook, webhook: {{ input: {{ schema: {{ type: integer }} }} }}, next: end }}, end: {{ type: succeed, outputVar: payload }} }} }}
      join: {{ {join} }}
    next: after
  after: {{ type: wait, wait: {{ input: {{ schema: {{ type: integer }} }} }}, next: done }}
  done: {{ type: succeed }}
execution: {{ maxDurationSec: 5, onTimeout: {{ errorCode: TOO_LONG, reason: r }} }}
"
    ))
}

/// How a join with that strategy and policy, and no mapper, can end the run beside a success, the deadline and a cancellation.
fn failures(strategy: &str, policy: &str) -> Vec<String> {
    let of_left = vec!["LATE".to_owned(), "urn:failed".to_owned(), conflict()];
    match (strategy, policy) {
        (_, "ignoreErrors") => Vec::new(),
        // The timer and the webhook never fail, so one of them comes in time whatever the left one does.
        ("anyOf", "collectAll") => Vec::new(),
        _ => of_left,
    }
}

fn every_join(strategy: &str) {
    let explorer = Explorer { values: 1, ..Explorer::ALL };
    for policy in ["collectAll", "failFast", "ignoreErrors"] {
        let name = format!("{strategy} {policy}");
        let program = branches(&format!("strategy: {strategy}, errorPolicy: {policy}, resultVar: r"));
        let failures = failures(strategy, policy);
        let mut ends = vec!["JOURNEY_CANCELLED", "SUCCEEDED", "TOO_LONG"];
        ends.extend(failures.iter().map(String::as_str));
        explored(&name, explorer, program, &ends);
    }
}

#[test]
fn sta_106_every_order_in_which_all_branches_end() {
    every_join("allOf");
}

#[test]
fn sta_106_every_order_until_any_branch_succeeds() {
    every_join("anyOf");
}

#[test]
fn sta_106_every_order_until_the_first_branch_ends() {
    every_join("firstCompleted");
}

/// A parallel in a subjourney whose failure is captured, and one in a branch of it. Also STA-092, STA-042, ENG-040.
#[test]
fn sta_088_a_parallel_in_a_subjourney_and_another_one_in_its_branch() {
    let spec = "
start: run
states:
  run: { type: subjourney, subjourney: { ref: sub, resultVar: r, resultKind: outcome, onFailure: { behavior: capture } }, next: judge }
  judge:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: '{\"$eq\":[\"=context.r.phase\",\"SUCCEEDED\"]}' } }, next: done }]
    default: caught
  caught: { type: fail, errorCode: 'CAUGHT_${context.r.error.code}', reason: r }
  done: { type: succeed }
subjourneys:
  sub:
    start: outer
    states:
      outer:
        type: parallel
        parallel:
          branches:
            - name: x
              start: inner
              states:
                inner:
                  type: parallel
                  parallel:
                    branches:
                      - { name: p, start: hold, states: { hold: { type: wait, wait: { input: { schema: { type: integer } } }, next: e }, e: { type: succeed } } }
                      - { name: q, start: call, states: { call: { type: task, task: { kind: 'fake:v1' }, next: e }, e: { type: succeed } } }
                    join: { strategy: anyOf, errorPolicy: failFast }
                  next: hold
                hold: { type: webhook, webhook: { input: { schema: { type: integer } }, timeoutSec: 2, onTimeout: e }, next: e }
                e: { type: succeed }
            - { name: y, start: call, states: { call: { type: task, task: { kind: 'fake:v1' }, next: e }, e: { type: succeed } } }
          join: { strategy: allOf }
        next: e
      e: { type: succeed }
execution: { maxDurationSec: 4, onTimeout: { errorCode: TOO_LONG, reason: r } }
";
    let caught = format!("CAUGHT_{}", conflict());
    let ends = ["JOURNEY_CANCELLED", "SUCCEEDED", "TOO_LONG", "CAUGHT_urn:failed", &caught];
    explored("nested", Explorer { values: 1, ..Explorer::ALL }, journey(spec), &ends);
}

/// The same subjourney in two branches, and a loop around both. Also STA-070, STA-091, ENG-041, ENG-042.
#[test]
fn sta_088_subjourneys_in_branches_of_a_loop() {
    let spec = "
start: both
states:
  both:
    type: parallel
    parallel:
      branches:
        - { name: a, start: run, states: { run: { type: subjourney, subjourney: { ref: sub }, next: e }, e: { type: succeed } } }
        - { name: b, start: run, states: { run: { type: subjourney, subjourney: { ref: sub, resultVar: r, onFailure: { behavior: capture } }, next: e }, e: { type: succeed } } }
      join: { strategy: firstCompleted, resultVar: r, mapper: { lang: mini, expr: '\"=branches.b._outcome.phase\"' } }
    next: judge
  judge:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: '{\"$eq\":[\"=context.r\",\"SUCCEEDED\"]}' } }, next: done }]
    default: both
  done: { type: succeed }
subjourneys:
  sub:
    start: sign
    states:
      sign: { type: wait, wait: { input: { schema: { type: integer } }, timeoutSec: 2, onTimeout: rest }, next: judge }
      judge:
        type: choice
        choices: [{ when: { predicate: { lang: mini, expr: '{\"$eq\":[\"=payload\",1]}' } }, next: rest }]
        default: bad
      rest: { type: timer, timer: { duration: PT1S }, next: e }
      bad: { type: fail, errorCode: BAD, reason: r }
      e: { type: succeed }
";
    explored("loop of branches", Explorer::ALL, journey(spec), &["JOURNEY_CANCELLED", "SUCCEEDED"]);
}

fn compensated(mode: &str) -> Program {
    journey(&format!(
        "
start: ask
states:
  ask: {{ type: wait, wait: {{ input: {{ schema: {{ type: integer }} }}, timeoutSec: 2, onTimeout: bad }}, next: pick }}
  pick:
    type: choice
    choices: [{{ when: {{ predicate: {{ lang: mini, expr: '{{\"$eq\":[\"=payload\",1]}}' }} }}, next: call }}]
    default: done
  call: {{ type: task, task: {{ kind: 'fake:v1' }}, next: done }}
  bad: {{ type: fail, errorCode: NO, reason: because }}
  done: {{ type: succeed, outputVar: k }}
compensation:
  mode: {mode}
  alsoFor: [{{ when: {{ predicate: {{ lang: mini, expr: '{{\"$eq\":[\"=output\",1]}}' }} }} }}]
  start: undo
  states:
    undo:
      type: parallel
      parallel:
        branches:
          - {{ name: a, start: call, states: {{ call: {{ type: task, task: {{ kind: 'fake:v1' }}, next: e }}, e: {{ type: succeed }} }} }}
          - {{ name: b, start: sign, states: {{ sign: {{ type: wait, wait: {{ input: {{ schema: {{ type: integer }} }}, timeoutSec: 1, onTimeout: e }}, next: e }}, e: {{ type: succeed }} }} }}
        join: {{ strategy: allOf }}
      next: judge
    judge:
      type: choice
      choices: [{{ when: {{ predicate: {{ lang: mini, expr: '{{\"$eq\":[\"=outcome.phase\",\"FAILED\"]}}' }} }}, next: undone }}]
      default: e
    undone: {{ type: fail, errorCode: UNDONE, reason: r }}
    e: {{ type: succeed }}
execution: {{ maxDurationSec: 3, onTimeout: {{ errorCode: TOO_LONG, reason: r }} }}
"
    ))
}

/// The run and its compensation, both whole. Also ENG-090, ENG-093, ENG-095, ENG-096.
#[test]
fn eng_092_runs_with_compensation_and_their_compensations() {
    for mode in ["async", "sync"] {
        let ends = ["JOURNEY_CANCELLED", "NO", "SUCCEEDED", "TOO_LONG", "urn:failed", &conflict()];
        let reach = explored(mode, Explorer::ALL, compensated(mode), &ends);
        assert!(reach.compensations.len() > ends.len(), "every end but most successes");
        let mut seen = std::collections::BTreeSet::new();
        for (at, mut main) in reach.compensations.into_iter().enumerate() {
            let world = main.compensate();
            let explorer = Explorer { values: 1, ..Explorer::ALL };
            // Cancelling a compensation is tried, and refused (ENG-094).
            let reach = explorer.explore(&format!("{mode} compensation {at}"), world);
            assert!(reach.compensations.is_empty(), "ENG-095");
            seen.extend(reach.ends);
        }
        let expected = ["SUCCEEDED", "TOO_LONG", "UNDONE", "urn:failed", &conflict()];
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        expected.sort();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
    }
}
