use jf_core::TerminationKind;
use jf_machine::Hold;
use serde_json::{Value, json};

use crate::support::{World, journey, refusal, submission, urn};

/// Branches `a`, `b`, `c` of one task each, and a join.
fn three(join: &str) -> World {
    let branch = |name: &str| {
        format!(
            "{{ name: {name}, start: {name}1, states: {{ {name}1: {{ type: task, task: {{ kind: 'fake:v1' }}, next: end }}, end: {{ type: succeed, outputVar: v }} }} }}"
        )
    };
    let spec = format!(
        "
start: both
states:
  both: {{ type: parallel, parallel: {{ branches: [{}, {}, {}], join: {{ {join} }} }}, next: done }}
  done: {{ type: succeed }}
",
        branch("a"),
        branch("b"),
        branch("c")
    );
    World::start(journey(&spec), json!({ "k": 1 }))
}

/// Two branches that wait, one of them for a time, and a join.
fn race(join: &str) -> String {
    format!(
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
            sign: {{ type: wait, wait: {{ input: {{ schema: {{}} }}, timeoutSec: 30, onTimeout: late, response: {{ outputVar: view }} }}, next: call }}
            call: {{ type: task, task: {{ kind: 'fake:v1' }}, next: end }}
            late: {{ type: fail, errorCode: LATE, reason: r }}
            end: {{ type: succeed }}
        - name: right
          start: sign
          states:
            sign: {{ type: webhook, webhook: {{ input: {{ schema: {{}} }} }}, next: rest }}
            rest: {{ type: timer, timer: {{ duration: PT10S }}, next: end }}
            end: {{ type: succeed }}
      join: {{ {join} }}
    next: after
  after: {{ type: task, task: {{ kind: 'fake:v1' }}, next: done }}
  done: {{ type: succeed }}
"
    )
}

fn outcome(phase: &str, kind: &str, output: Value, error: Value) -> Value {
    json!({ "phase": phase, "terminationKind": kind, "output": output, "error": error })
}

/// Also STA-104, STA-111, STA-112.
#[test]
fn sta_110_branches_with_their_contexts_and_outcomes() {
    let mut world = three("strategy: allOf, resultVar: r");
    assert_eq!(world.running(), ["a1", "b1", "c1"]);
    assert_eq!(world.state(), "both", "ENG-022");
    world.finish_at("b1", &[("v", json!("B"))]);
    for task in &world.tasks {
        assert_eq!(task.evaluation.context(), &json!({ "k": 1 }), "STA-104: no branch sees another's writes");
    }
    world.finish_at("c1", &[("v", json!(null))]);
    world.finish_at("a1", &[]);
    let branches = json!({
        "a": { "k": 1, "_outcome": outcome("SUCCEEDED", "Success", json!({ "k": 1 }), json!(null)) },
        "b": { "k": 1, "v": "B", "_outcome": outcome("SUCCEEDED", "Success", json!("B"), json!(null)) },
        "c": { "k": 1, "v": null, "_outcome": outcome("SUCCEEDED", "Success", json!(null), json!(null)) },
    });
    assert_eq!(world.output(), &json!({ "k": 1, "r": branches }), "STA-112: nothing else is merged");
    assert!(world.output()["r"].as_object().unwrap().keys().eq(["a", "b", "c"]), "in document order");
}

#[test]
fn sta_106_when_the_branches_are_joined() {
    // (strategy, policy, what happens, what has ended then)
    let cases = [
        ("allOf", "collectAll", &["+a", "+b"][..], false),
        ("allOf", "collectAll", &["+a", "-b", "+c"], true),
        ("allOf", "failFast", &["+a", "-b"], true),
        ("allOf", "failFast", &["+a", "+b"], false),
        ("allOf", "ignoreErrors", &["-a", "-b"], false),
        ("anyOf", "collectAll", &["-a", "-b"], false),
        ("anyOf", "collectAll", &["-a", "+b"], true),
        ("anyOf", "collectAll", &["-a", "-b", "-c"], true),
        ("anyOf", "failFast", &["-c"], true),
        ("firstCompleted", "collectAll", &["-b"], true),
        ("firstCompleted", "ignoreErrors", &["+b"], true),
    ];
    for (strategy, policy, ends, joined) in cases {
        let mut world = three(&format!(
            "strategy: {strategy}, errorPolicy: {policy}, resultVar: r, mapper: {{ lang: mini, expr: '1' }}"
        ));
        for end in ends {
            assert!(!world.finished, "{strategy} {policy} {ends:?}");
            let state = format!("{}1", &end[1..]);
            if end.starts_with('+') { world.finish_at(&state, &[]) } else { world.fail_at(&state, "urn:x") }
        }
        assert_eq!(world.finished, joined, "{strategy} {policy} {ends:?}");
        assert!(!joined || world.tasks.is_empty(), "STA-108: {strategy} {policy} {ends:?}");
    }
}

#[test]
fn sta_113_which_failures_fail_the_state() {
    // (strategy, policy, ends, the code of the failure)
    let cases = [
        ("allOf", "collectAll", &["-b", "-a", "+c"][..], Some("urn:b")),
        ("allOf", "failFast", &["+a", "-c"], Some("urn:c")),
        ("allOf", "ignoreErrors", &["-b", "-a", "+c"], None),
        ("anyOf", "collectAll", &["-b", "+a"], None),
        ("anyOf", "collectAll", &["-b", "-c", "-a"], Some("urn:b")),
        ("anyOf", "failFast", &["-a"], Some("urn:a")),
        ("anyOf", "ignoreErrors", &["-b", "-c", "-a"], None),
        ("firstCompleted", "collectAll", &["-c"], Some("urn:c")),
        ("firstCompleted", "failFast", &["-c"], Some("urn:c")),
        ("firstCompleted", "collectAll", &["+c"], None),
        ("firstCompleted", "ignoreErrors", &["-c"], None),
    ];
    for (strategy, policy, ends, code) in cases {
        for mapper in [false, true] {
            let mapped = if mapper { ", mapper: { lang: mini, expr: '1' }" } else { "" };
            let mut world =
                three(&format!("strategy: {strategy}, errorPolicy: {policy}, resultVar: r{mapped}"));
            for end in ends {
                let (state, code) = (format!("{}1", &end[1..]), format!("urn:{}", &end[1..]));
                if end.starts_with('+') {
                    world.finish_at(&state, &[])
                } else {
                    world.fail_at(&state, code.leak())
                }
            }
            match code.filter(|_| !mapper) {
                Some(code) => {
                    assert_eq!(world.error().0, code, "{strategy} {policy} {ends:?}");
                    assert_eq!(
                        (world.run.termination(), world.state().as_str()),
                        (Some(TerminationKind::Fail), "both")
                    );
                }
                None => assert!(!world.output()["r"].is_null(), "{strategy} {policy} {ends:?}"),
            }
        }
    }
}

/// Also STA-110, EXP-011.
#[test]
fn sta_108_losers_are_cancelled_and_the_mapper_sees_it() {
    let mut world = three("strategy: anyOf, resultVar: r, mapper: { lang: mini, expr: '{\"$bindings\":1}' }");
    world.fail_at("c1", "urn:c");
    world.finish_at("b1", &[("v", json!(7)), ("_outcome", json!("mine"))]);
    let cancelled = json!({ "code": urn("branch-cancelled"), "reason": "Branch Cancelled" });
    let seen = &world.output()["r"];
    assert_eq!(
        seen["branches"],
        json!({
            "a": { "_outcome": outcome("FAILED", "Cancel", json!(null), cancelled) },
            "b": { "k": 1, "v": 7, "_outcome": outcome("SUCCEEDED", "Success", json!(7), json!(null)) },
            "c": { "k": 1, "_outcome": outcome("FAILED", "Fail", json!(null), json!({ "code": "urn:c", "reason": "urn:c" })) },
        })
    );
    assert_eq!(
        (&seen["context"], &seen["payload"], &seen["error"]),
        (&json!({ "k": 1 }), &json!(null), &json!(null))
    );
}

#[test]
fn sta_109_a_branch_that_ends_at_once_comes_before_those_behind_it() {
    let spec = "
start: both
states:
  both:
    type: parallel
    parallel:
      branches:
        - { name: slow, start: t, states: { t: { type: task, task: { kind: 'fake:v1' }, next: e }, e: { type: succeed } } }
        - { name: quick, start: e, states: { e: { type: succeed } } }
        - { name: late, start: t, states: { t: { type: task, task: { kind: 'fake:v1' }, next: e }, e: { type: succeed } } }
      join: { strategy: firstCompleted, resultVar: r }
    next: done
  done: { type: succeed }
";
    let world = World::start(journey(spec), json!({}));
    assert!(world.tasks.is_empty(), "a task that is not needed any more does not go out");
    let kinds: Vec<&str> = ["slow", "quick", "late"]
        .map(|name| world.output()["r"][name]["_outcome"]["terminationKind"].as_str().unwrap())
        .to_vec();
    assert_eq!(kinds, ["Cancel", "Success", "Cancel"]);
    assert_eq!(world.story(), ["both []", "SUCCEEDED"], "ENG-107: one trigger");
}

#[test]
fn sta_115_a_join_mapper_that_fails_fails_the_state() {
    let mut world = three(
        "strategy: firstCompleted, resultVar: r, errorPolicy: ignoreErrors, mapper: { lang: mini, expr: '{\"$fail\":1}' }",
    );
    world.finish_at("a1", &[]);
    assert!(world.error().0.ends_with("null-dereference"));
    assert_eq!(
        (world.run.termination(), world.state().as_str()),
        (Some(TerminationKind::RuntimeError), "both")
    );
}

/// Also DEF-203.
#[test]
fn sta_111_a_result_too_large_for_the_parent_fails_the_state() {
    let mut world = three("strategy: allOf, resultVar: r");
    world.limits.context_bytes = 150;
    world.finish_at("a1", &[("v", json!("x".repeat(100)))]);
    world.finish_at("b1", &[("v", json!("x".repeat(100)))]);
    world.finish_at("c1", &[]);
    assert_eq!(world.error().0, urn("internal"));
}

/// Also STA-105, STA-116, ENG-041, ENG-042, ENG-031.
#[test]
fn eng_040_steps_of_branches_and_their_addresses() {
    let mut world = World::start(journey(&race("strategy: allOf")), json!({}));
    assert_eq!(world.addresses(), ["race~left~sign", "race~right~sign"]);
    let due: Vec<bool> = world.run.active_steps().iter().map(|step| step.due_at.is_some()).collect();
    assert_eq!(due, [true, false]);
    assert_eq!(world.state(), "race");
    let (slug, status, problem) = refusal(world.try_submit(submission("sign", json!(1))));
    assert_eq!((slug, status), ("step-ambiguous", 409));
    assert_eq!(problem.extensions["candidates"], json!(["race~left~sign", "race~right~sign"]));
    let taken =
        world.try_submit(submission("race~right~sign", json!(1))).unwrap().accepted().unwrap().clone();
    assert_eq!(taken.step.to_string(), "race~right~sign", "RT-7");
    assert!(world.run.has_stopped(taken.segment), "ENG-046: the other branch does not matter");
    assert_eq!(world.addresses(), ["race~left~sign"]);
    world.submit("sign", json!(2));
    assert_eq!(world.running(), ["call"]);
    world.pass(10);
    assert_eq!(world.running(), ["call"], "a timer that fires in one branch moves that branch alone");
    world.finish_at("call", &[]);
    assert_eq!(world.running(), ["after"]);
    world.finish_at("after", &[]);
    let story = ["race []", "race [sign sign]", "race [sign]", "race []", "after []", "SUCCEEDED"];
    assert_eq!(world.story(), story, "ENG-107: the end of a branch alone is no event");
}

#[test]
fn sta_116_a_time_out_acts_on_its_branch_alone() {
    let mut world =
        World::start(journey(&race("strategy: allOf, errorPolicy: ignoreErrors, resultVar: r")), json!({}));
    world.pass(30);
    assert_eq!(world.addresses(), ["race~right~sign"]);
    world.submit("sign", json!(1));
    world.pass(10);
    world.finish_at("after", &[]);
    assert_eq!(world.output()["r"]["left"]["_outcome"]["error"]["code"], "LATE");
}

/// Also ENG-107.
#[test]
fn sta_108_a_losing_step_is_deactivated_with_the_join() {
    let mut world = World::start(journey(&race("strategy: firstCompleted")), json!({}));
    world.submit("race~left~sign", json!(1));
    world.finish_at("call", &[]);
    assert!(world.steps().is_empty() && world.timers.is_empty());
    assert_eq!(world.story(), ["race []", "race [sign sign]", "race [sign]", "after []"]);
    let (slug, ..) = refusal(world.try_submit(submission("race~right~sign", json!(1))));
    assert_eq!(slug, "step-not-active");
}

#[test]
fn sta_114_deadline_and_cancellation_end_the_whole_run() {
    let spec = format!(
        "{}execution: {{ maxDurationSec: 20, onTimeout: {{ errorCode: T, reason: r }} }}\n",
        race("strategy: anyOf, errorPolicy: ignoreErrors")
    );
    let mut late = World::start(journey(&spec), json!({}));
    assert!(late.timers.values().all(|due| Some(*due) <= late.run.deadline()), "STA-116: clamped");
    late.submit("race~left~sign", json!(1));
    late.pass(20);
    assert_eq!((late.error().0, late.state().as_str()), ("T", "race"));
    assert!(late.tasks.is_empty() && late.timers.is_empty());
    let mut cancelled = World::start(journey(&spec), json!({}));
    cancelled.cancel().unwrap();
    assert_eq!((cancelled.error().0, cancelled.state().as_str()), ("JOURNEY_CANCELLED", "race"));
}

/// Also ENG-046.
#[test]
fn eng_047_the_answer_waits_for_what_the_flow_continues_into() {
    let mut world = World::start(journey(&race("strategy: anyOf")), json!({}));
    let right =
        world.try_submit(submission("race~right~sign", json!(1))).unwrap().accepted().unwrap().clone();
    let left = world.try_submit(submission("race~left~sign", json!(1))).unwrap().accepted().unwrap().clone();
    assert!(world.run.has_stopped(right.segment) && !world.run.has_stopped(left.segment));
    world.finish_at("call", &[("view", json!({ "ref": 1 }))]);
    assert_eq!(world.running(), ["after"]);
    assert!(!world.run.has_stopped(left.segment), "through the join and beyond");
    assert_eq!(world.task().segment, left.segment, "TSK-008");
    let shown = world.run.step_response(&world.program, &left.address, Some(left.segment));
    assert_eq!(Value::Object(shown.members), json!({ "ref": 1 }), "ENG-048: as it was when the scope ended");
    world.finish_at("after", &[]);
    assert!(world.run.has_stopped(left.segment));
    let replayed = world.run.step_response(&world.program, &left.address, None);
    assert!(replayed.members.is_empty(), "ENG-048: a replay after the end of the branch adds none");
}

#[test]
fn eng_047_a_segment_goes_on_in_all_branches_it_splits_into() {
    let spec = "
start: ask
states:
  ask: { type: wait, wait: { input: { schema: {} } }, next: both }
  both:
    type: parallel
    parallel:
      branches:
        - { name: a, start: t, states: { t: { type: task, task: { kind: 'fake:v1' }, next: hold }, hold: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } }
        - { name: b, start: hold, states: { hold: { type: wait, wait: { input: { schema: {} } }, next: u }, u: { type: task, task: { kind: 'fake:v1' }, next: e }, e: { type: succeed } } }
      join: { strategy: allOf }
    next: done
  done: { type: succeed }
";
    let mut world = World::start(journey(spec), json!({}));
    let taken = world.try_submit(submission("ask", json!(1))).unwrap().accepted().unwrap().clone();
    assert!(!world.run.has_stopped(taken.segment), "branch a is in motion");
    let other = world.try_submit(submission("both~b~hold", json!(1))).unwrap().accepted().unwrap().clone();
    world.finish_at("t", &[]);
    assert!(world.run.has_stopped(taken.segment), "b moves in a segment of its own");
    assert!(!world.run.has_stopped(other.segment));
}

#[test]
fn eng_059_what_may_be_held_in_branches() {
    let mut world = World::start(journey(&race("strategy: firstCompleted")), json!({}));
    world.submit("race~left~sign", json!(1));
    let hold = |world: &mut World, step| world.try_submit(submission(step, json!(1))).unwrap_err().hold();
    assert_eq!(
        hold(&mut world, "race~left~sign"),
        Hold::WithKey,
        "its last activation ended in this segment"
    );
    world.finish_at("call", &[]);
    assert_eq!(hold(&mut world, "race~right~sign"), Hold::WithKey, "and so did that of the loser");
    assert_eq!(hold(&mut world, "sign"), Hold::WithKey);
    world.finish_at("after", &[]);
    assert_eq!(hold(&mut world, "sign"), Hold::Never, "ended");
}

#[test]
fn sta_068_running_branches_keep_their_payload() {
    let spec = "
start: ask
states:
  ask: { type: wait, wait: { input: { schema: {} } }, next: both }
  both:
    type: parallel
    parallel:
      branches:
        - { name: a, start: t, states: { t: { type: task, task: { kind: 'fake:v1' }, next: e }, e: { type: succeed, outputVar: payload } } }
        - { name: b, start: hold, states: { hold: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } }
      join: { strategy: allOf, resultVar: r, mapper: { lang: mini, expr: '{\"$bindings\":1}' } }
    next: done
  done: { type: succeed }
";
    let mut world = World::start(journey(spec), json!({}));
    world.submit("ask", json!("sent"));
    assert_eq!(world.context(), json!({}), "the frozen parent has lost it with the parking of b");
    assert_eq!(world.task().evaluation.context(), &json!({ "payload": "sent" }), "a still runs");
    world.finish_at("t", &[]);
    world.submit("hold", json!("other"));
    let seen = &world.output()["r"];
    assert_eq!(seen["context"], json!({}), "STA-110");
    assert_eq!(seen["branches"]["a"]["_outcome"]["output"], "sent");
    assert_eq!(seen["branches"]["b"]["_outcome"]["output"], json!({ "payload": "other" }));
}

#[test]
fn sta_057_branches_share_the_attributes_of_the_run() {
    let branch = |name: &str| {
        format!(
            "{{ name: {name}, start: {name}1, states: {{ {name}1: {{ type: task, task: {{ kind: 'fake:v1' }}, next: tag }}, tag: {{ type: transform, transform: {{ mapper: {{ lang: mini, expr: '{{\"who\":\"{name}\"}}' }}, target: {{ kind: attributes }} }}, next: end }}, end: {{ type: succeed }} }} }}"
        )
    };
    let spec = format!(
        "start: both\nstates:\n  both: {{ type: parallel, parallel: {{ branches: [{}, {}], join: {{ strategy: allOf, resultVar: r, errorPolicy: ignoreErrors }} }}, next: done }}\n  done: {{ type: succeed }}\n",
        branch("a"),
        branch("b")
    );
    let mut world = World::start(journey(&spec), json!({}));
    world.finish_at("b1", &[]);
    assert_eq!(world.run.status().attributes["who"], "b", "as soon as the state is left");
    world.finish_at("a1", &[]);
    assert_eq!(world.run.attributes()["who"], "b");
    assert_eq!(
        world.output()["r"]["a"]["_outcome"]["error"]["code"],
        urn("attribute-exists"),
        "the later one fails"
    );
}

#[test]
fn eng_066_transitions_are_counted_by_flow_and_segment() {
    let spec = "
start: both
states:
  both:
    type: parallel
    parallel:
      branches: [{ name: a, start: e, states: { e: { type: succeed } } }]
      join: { strategy: allOf }
    next: both
  done: { type: succeed }
";
    let world = World::with(journey(spec), json!({}), |world| world.limits.transitions_per_segment = 50);
    assert_eq!(world.error().0, urn("transition-limit"));
    let entered = world
        .facts
        .iter()
        .filter(|fact| matches!(fact, jf_machine::Fact::StateEntered(id) if *id == *"both"))
        .count();
    assert_eq!(entered, 50, "the same segment goes through the branches");

    let rests = spec.replace(
        "start: e, states: {",
        "start: t, states: { t: { type: timer, timer: { duration: PT1S }, next: e },",
    );
    let mut world = World::with(journey(&rests), json!({}), |world| world.limits.transitions_per_segment = 5);
    world.pass(20);
    assert!(!world.finished, "every round is a segment of its own");
}

/// Also of all flows together: branches are flows of their own, so there could be any number of transitions otherwise.
#[test]
fn eng_066_transitions_of_all_branches_are_counted_together() {
    let branch = |name: &str| {
        let spin = "{ type: choice, choices: [{ when: { predicate: { lang: mini, expr: 'false' } }, next: e }], default: s }";
        format!("{{ name: {name}, start: s, states: {{ s: {spin}, e: {{ type: succeed }} }} }}")
    };
    let branches: Vec<String> = (0..4).map(|at| branch(&format!("b{at}"))).collect();
    let spec = format!(
        "start: both\nstates:\n  both: {{ type: parallel, parallel: {{ branches: [{}], join: {{ strategy: allOf, errorPolicy: ignoreErrors }} }}, next: e }}\n  e: {{ type: succeed }}\n",
        branches.join(", ")
    );
    let entered = |flow: u32, all: u32| {
        let world = World::with(journey(&spec), json!({}), |world| {
            (world.limits.transitions_per_segment, world.limits.transitions_per_trigger) = (flow, all);
        });
        assert_eq!(world.error().0, urn("transition-limit"));
        world.facts.iter().filter(|fact| matches!(fact, jf_machine::Fact::StateEntered(_))).count()
    };
    assert_eq!(entered(100, 1_000), 101, "the first branch to pass its bound ends the run");
    assert_eq!(entered(100, 60), 60, "so do all of them together");
}

#[test]
fn eng_073_only_the_deadline_interrupts_an_input() {
    let spec = "
start: both
states:
  both:
    type: parallel
    parallel:
      branches:
        - { name: rests, start: t, states: { t: { type: timer, timer: { duration: PT1S }, next: e }, e: { type: succeed } } }
        - { name: spins, start: s, states: { s: { type: choice, choices: [{ when: { predicate: { lang: mini, expr: 'false' } }, next: e }], default: s }, e: { type: succeed } } }
      join: { strategy: allOf }
    next: done
  done: { type: succeed }
execution: { maxDurationSec: 2, onTimeout: { errorCode: T, reason: r } }
";
    let world = World::prepared(journey(spec), json!({}), |_| {});
    let mut run = world.run.clone();
    let env = |now: &str| {
        jf_machine::Env::new(now.parse().unwrap(), 0, &world.epoch, &world.platform, &world.limits)
    };
    let start = env("2026-01-01T00:00:00Z");
    assert!(
        jf_machine::apply(&world.program, &mut run, jf_machine::Input::Begin, &start)
            .unwrap()
            .is_unfinished()
    );
    assert!(
        run.overdue("2026-01-01T00:00:01.5Z".parse().unwrap()).is_none(),
        "the timer waits for the end of the input"
    );
    let due = run.overdue("2026-01-01T00:00:02Z".parse().unwrap());
    assert!(matches!(due, Some(jf_machine::Input::DeadlineReached)), "ENG-062");
}

#[test]
fn sta_042_ends_inside_of_branches_and_nested_parallels() {
    let spec = "
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
                  - { name: p, start: hold, states: { hold: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: fail, errorCode: P, reason: r } } }
                  - { name: q, start: run, states: { run: { type: subjourney, subjourney: { ref: sub }, next: e }, e: { type: succeed } } }
                join: { strategy: anyOf }
              next: e
            e: { type: succeed }
        - { name: y, start: hold, states: { hold: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } }
      join: { strategy: allOf }
    next: done
  done: { type: succeed }
subjourneys:
  sub: { start: hold, states: { hold: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } }
";
    let mut world = World::start(journey(spec), json!({}));
    let all = ["outer~x~inner~p~hold", "outer~x~inner~q~run~hold", "outer~y~hold"];
    assert_eq!(world.addresses(), all, "in document order");
    world.submit(all[0], json!(1));
    assert_eq!(world.addresses(), all[1..], "anyOf waits for a success");
    let mut done = world.clone();
    done.submit(all[1], json!(1));
    assert_eq!(done.addresses(), all[2..]);
    done.submit("hold", json!(1));
    assert!(done.outcome().error.is_none());
    world.submit(all[2], json!(1));
    world.submit("hold", json!(1));
    assert!(world.outcome().error.is_none());
}

/// The same step id stands in two branches, so the id of a step that was submitted may mean another one by the time of the answer.
#[test]
fn eng_048_the_answer_reads_the_branch_that_was_submitted_to() {
    let spec = race("strategy: allOf").replace(
        "sign: { type: webhook, webhook: { input: { schema: {} } }, next: rest }",
        "sign: { type: webhook, webhook: { input: { schema: {} }, response: { outputVar: view } }, next: rest }",
    );
    let mut world = World::start(journey(&spec), json!({ "view": { "of": "both" } }));
    world.submit("race~right~sign", json!(1));
    let taken = world.try_submit(submission("sign", json!(1))).unwrap().accepted().unwrap().clone();
    assert_eq!((taken.step.to_string(), taken.address.to_string()), ("sign".into(), "race~left~sign".into()));
    let shown = |world: &World, segment| {
        Value::Object(world.run.step_response(&world.program, &taken.address, segment).members)
    };
    assert_eq!(shown(&world, Some(taken.segment)), json!({ "of": "both" }), "both scopes are live");
    assert_eq!(shown(&world, None), json!({ "of": "both" }), "a replay names the branch as well");
    world.finish_at("call", &[("view", json!({ "of": "left" }))]);
    assert_eq!(
        shown(&world, Some(taken.segment)),
        json!({ "of": "left" }),
        "as it was when the branch ended"
    );
    assert_eq!(shown(&world, None), json!({}), "a replay after the end of the branch");
    let elsewhere = jf_core::StepRef::parse("sign").unwrap();
    assert!(
        world.run.step_response(&world.program, &elsewhere, None).members.is_empty(),
        "there is no such step at the top level"
    );
}

/// ENG-059: what is remembered of steps that ended in a segment does not grow with its length.
#[test]
fn eng_059_a_loop_of_races_remembers_each_loser_once() {
    let spec = "
start: race
states:
  race:
    type: parallel
    parallel:
      branches:
        - { name: slow, start: w, states: { w: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } }
        - { name: quick, start: e, states: { e: { type: succeed } } }
      join: { strategy: firstCompleted }
    next: count
  count: { type: transform, transform: { mapper: { lang: mini, expr: '{\"$add\":[\"=context.n\",1]}' }, target: { kind: var }, resultVar: n }, next: more }
  more:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: '{\"$lt\":[\"=context.n\",\"=context.to\"]}' } }, next: race }]
    default: call
  call: { type: task, task: { kind: 'fake:v1' }, next: done }
  done: { type: succeed }
";
    let stored = |rounds: u64| {
        let mut world = World::start(journey(spec), json!({ "n": 0, "to": rounds }));
        let hold = world.try_submit(submission("race~slow~w", json!(1))).unwrap_err().hold();
        assert_eq!(hold, Hold::WithKey);
        world.run.to_snapshot().len()
    };
    assert!(stored(900) < stored(2) + 40);
}

/// Branches of branches are bounded by the platform, however small the definition is.
#[test]
fn sta_104_a_run_cannot_split_without_bound() {
    let both = |inside: &str| {
        format!(
            "{{ type: parallel, parallel: {{ branches: [{{ name: a, start: r, states: {{ r: {inside}, e: {{ type: succeed }} }} }}, {{ name: b, start: r, states: {{ r: {inside}, e: {{ type: succeed }} }} }}], join: {{ strategy: allOf }} }}, next: e }}"
        )
    };
    let rest = both("{ type: timer, timer: { duration: PT1S }, next: e }");
    let spec = format!("start: s\nstates: {{ s: {}, e: {{ type: succeed }} }}\n", both(&rest));
    let most = |flows| World::with(journey(&spec), json!({}), |world| world.limits.flows_per_run = flows);
    let mut fits = most(7);
    fits.pass(1);
    assert!(fits.outcome().error.is_none());
    let mut beyond = most(6);
    assert_eq!(beyond.timers.len(), 2, "the second one cannot split");
    beyond.pass(1);
    assert_eq!(beyond.error().0, urn("internal"));
    assert_eq!(beyond.run.termination(), Some(TerminationKind::RuntimeError));
}

/// The branches that have ended, in this order, and whether well.
type Ends<'a> = &'a [(&'static str, bool)];

/// STA-106, STA-107 in one line each: whether the join condition holds.
fn holds(strategy: &str, policy: &str, ends: Ends<'_>) -> bool {
    let by_strategy = match strategy {
        "allOf" => false,
        "anyOf" => ends.iter().any(|(_, well)| *well),
        _ => !ends.is_empty(),
    };
    by_strategy || ends.len() == 3 || (policy == "failFast" && ends.iter().any(|(_, well)| !well))
}

/// STA-113: the branch whose failure is that of the state, if there is no mapper.
fn blamed(strategy: &str, policy: &str, ends: Ends<'_>) -> Option<&'static str> {
    let failed: Vec<&'static str> = ends.iter().filter(|(_, well)| !well).map(|(name, _)| *name).collect();
    let fails = match (policy, strategy) {
        ("ignoreErrors", _) => false,
        ("failFast", _) | (_, "allOf") => !failed.is_empty(),
        (_, "anyOf") => failed.len() == ends.len(),
        _ => !ends[0].1,
    };
    failed.first().filter(|_| fails).copied()
}

/// Lets the branches end in every order from here on, and counts the orders.
fn every_order(world: &World, ends: Ends<'_>, judge: &mut impl FnMut(&World, Ends<'_>) -> bool) -> usize {
    if judge(world, ends) {
        return 1;
    }
    let mut orders = 0;
    for name in ["a", "b", "c"] {
        if ends.iter().any(|(ended, _)| *ended == name) {
            continue;
        }
        for well in [true, false] {
            let mut next = world.clone();
            let state = format!("{name}1");
            match (well, name) {
                (true, _) => next.finish_at(&state, &[("v", json!(name))]),
                (false, "a") => next.fail_at(&state, "urn:a"),
                (false, "b") => next.fail_at(&state, "urn:b"),
                (false, _) => next.fail_at(&state, "urn:c"),
            }
            orders += every_order(&next, &[ends, &[(name, well)]].concat(), judge);
        }
    }
    orders
}

/// Every strategy, policy and order of ends, with a mapper and without one, against what the rules say in so many words. Also STA-102,
/// STA-103, STA-106, STA-108, STA-110, STA-113.
#[test]
fn sta_107_joins_in_every_order_of_ends() {
    let mut all = 0;
    for strategy in ["allOf", "anyOf", "firstCompleted"] {
        for given in ["collectAll", "failFast", "ignoreErrors", ""] {
            for mapped in [false, true] {
                let member = if given.is_empty() { String::new() } else { format!(", errorPolicy: {given}") };
                let mapper = ", mapper: { lang: mini, expr: '\"=branches\"' }";
                let mapper = if mapped { mapper } else { "" };
                let world = three(&format!("strategy: {strategy}{member}, resultVar: r{mapper}"));
                let policy = if given.is_empty() { "collectAll" } else { given };
                all += every_order(&world, &[], &mut |world, ends| {
                    let told = format!("{strategy} {policy} {ends:?}, mapped: {mapped}");
                    let joined = holds(strategy, policy, ends);
                    assert_eq!(world.finished, joined, "{told}");
                    if !joined {
                        return false;
                    }
                    assert!(world.tasks.is_empty(), "STA-108: {told}");
                    match blamed(strategy, policy, ends).filter(|_| !mapped) {
                        Some(name) => assert_eq!(world.error().0, format!("urn:{name}"), "{told}"),
                        None => {
                            for name in ["a", "b", "c"] {
                                let branch = &world.output()["r"][name];
                                let end = ends.iter().find(|(ended, _)| *ended == name);
                                let kind = match end {
                                    Some((_, true)) => "Success",
                                    Some((_, false)) => "Fail",
                                    None => "Cancel",
                                };
                                assert_eq!(branch["_outcome"]["terminationKind"], kind, "{told}");
                                let seen = branch.get("v").is_some();
                                assert_eq!(seen, kind == "Success", "STA-110, STA-008: {told}");
                            }
                        }
                    }
                    true
                });
            }
        }
    }
    assert_eq!(all, 516, "orders");
}
