use jf_core::spi::{TaskError, TaskWrite, WriteTarget};
use jf_core::{Phase, Problem, TerminationKind};
use jf_machine::{Fact, Input, TaskFailure, TaskReturn};
use serde_json::json;

use crate::support::{World, journey, urn};

const CALL: &str = "
start: call
states:
  call: { type: task, task: { kind: 'fake:v1' }, next: done }
  done: { type: succeed }
";

/// Also STA-021.
#[test]
fn sta_020_a_task_runs_once_and_takes_next() {
    let mut world = World::start(journey(CALL), json!({ "id": 7 }));
    assert_eq!(world.state(), "call");
    let task = world.task();
    assert_eq!((task.state.as_str(), task.kind.as_str()), ("call", "fake:v1"));
    assert_eq!(task.evaluation.context(), &json!({ "id": 7 }));
    world.finish(&[("reply", json!({ "ok": true }))]);
    assert_eq!(world.output(), &json!({ "id": 7, "reply": { "ok": true } }));
    assert!(world.tasks.is_empty());
}

#[test]
fn sta_022_a_reported_problem_fails_the_run_and_another_fault_is_a_runtime_error() {
    let problem = || Problem::new("urn:x:denied", "Denied").with_status(403).with("code", "X1");
    let cases = [
        (TaskError::reported(problem()), TerminationKind::Fail),
        (TaskError::fault(problem()), TerminationKind::RuntimeError),
    ];
    for (error, termination) in cases {
        let mut world = World::start(journey(CALL), json!({}));
        world.fail_task(error.into());
        assert_eq!(world.run.termination(), Some(termination));
        assert_eq!(world.error(), ("urn:x:denied", "Denied"));
        assert_eq!(
            world.problem(),
            &json!({ "type": "urn:x:denied", "title": "Denied", "status": 403, "code": "X1" })
        );
    }
}

#[test]
fn sta_023_a_fault_without_a_problem_is_internal() {
    let mut world = World::start(journey(CALL), json!({}));
    world.fail_task(TaskFailure::internal());
    assert_eq!(world.error().0, urn("internal"));
    assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError));
}

/// Also DEF-203: a Problem becomes part of the run.
#[test]
fn sta_022_a_problem_beyond_all_bounds_is_kept_without_its_extensions() {
    let deep = (0..600).fold(json!(1), |inner, _| json!([inner]));
    for huge in [deep, json!("x".repeat(5_000_000))] {
        let mut world = World::start(journey(CALL), json!({}));
        let problem = Problem::new("urn:x", "X").with_status(403).with("more", huge);
        world.fail_task(TaskError::reported(problem).into());
        assert_eq!(world.problem(), &json!({ "type": "urn:x", "title": "X", "status": 403 }));
    }
}

#[test]
fn sta_041_the_reason_is_title_then_detail_then_code() {
    let full = Problem::new("urn:x", "title").with_detail("detail");
    let mut detail = full.clone();
    detail.title = None;
    let mut bare = detail.clone();
    bare.detail = None;
    for (problem, reason) in [(full, "title"), (detail, "detail"), (bare, "urn:x")] {
        let mut world = World::start(journey(CALL), json!({}));
        world.fail_task(TaskError::reported(problem).into());
        assert_eq!(world.error(), ("urn:x", reason));
    }
}

#[test]
fn tsk_006_writes_go_where_they_say_in_order() {
    let mut world = World::start(journey(CALL), json!({ "keep": 1 }));
    let write = |target, value| TaskWrite { target, value };
    let writes = vec![
        write(WriteTarget::Var("a".into()), json!(1)),
        write(WriteTarget::Path("b.c".parse().unwrap()), json!(2)),
        write(WriteTarget::Var("a".into()), json!(3)),
    ];
    let activation = world.task().activation;
    world.tasks.clear();
    world.feed(Input::TaskFinished { activation, result: Ok(writes.into()) }).unwrap();
    assert_eq!(world.output(), &json!({ "keep": 1, "a": 3, "b": { "c": 2 } }));
}

#[test]
fn tsk_007_a_conflicting_write_fails_the_state_with_nothing_written() {
    let spec = format!("{CALL}output: {{ response: {{ outputVar: view, schema: {{ type: object }} }} }}\n");
    let mut world = World::start(journey(&spec), json!({ "view": { "before": 1 }, "n": 1 }));
    let writes = vec![
        TaskWrite { target: WriteTarget::Var("view".into()), value: json!({ "after": 1 }) },
        TaskWrite { target: WriteTarget::Path("n.x".parse().unwrap()), value: json!(2) },
    ];
    let activation = world.task().activation;
    world.tasks.clear();
    world.feed(Input::TaskFinished { activation, result: Ok(writes.into()) }).unwrap();
    assert_eq!(world.error().0, urn("path-conflict"));
    assert_eq!(world.outcome().projection["before"], 1, "the context is as it was at entry");
}

#[test]
fn tsk_013_results_of_tasks_that_are_gone_are_dropped() {
    let mut world = World::start(journey(CALL), json!({}));
    let activation = world.task().activation;
    world.finish(&[]);
    assert_eq!(world.run.phase(), Phase::Succeeded);
    let late = world.feed(Input::TaskFinished { activation, result: Ok(TaskReturn::default()) }).unwrap();
    assert!(!late.changed());
}

#[test]
fn eng_101_an_attempt_has_one_name_over_all_repetitions_and_each_entry_its_own() {
    let spec = "
start: call
states:
  call: { type: task, task: { kind: 'fake:v1' }, next: again }
  again:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: '{\"$eq\":[\"=context.done\",true]}' } }, next: done }]
    default: call
  done: { type: succeed }
";
    let mut world = World::start(journey(spec), json!({}));
    let first = world.task().attempt.clone();
    assert!(first.starts_with("r1."), "unique over all runs: {first}");
    // `World` compares what is pending after a restart with what runs, after every input.
    world.finish(&[]);
    let second = world.task().attempt.clone();
    assert_ne!(first, second);
    world.finish(&[("done", json!(true))]);
    assert_eq!(world.run.phase(), Phase::Succeeded);
}

#[test]
fn tsk_008_recovered_tasks_name_the_segment_they_were_begun_in() {
    let world = World::start(journey(CALL), json!({}));
    assert_eq!(world.task().segment, jf_machine::SegmentId::FIRST);
    let back = jf_machine::Run::from_snapshot(&world.run.to_snapshot()).unwrap();
    let env = jf_machine::Env::new(world.now, 0, &world.epoch, &world.platform, &world.limits);
    let pending = jf_machine::pending_effects(&world.program, &back, &env);
    let segments: Vec<_> = pending
        .iter()
        .filter_map(|effect| match effect {
            jf_machine::Effect::RunTask(task) => Some(task.segment),
            _ => None,
        })
        .collect();
    assert_eq!(segments, [jf_machine::SegmentId::FIRST], "whose request an engine has forgotten by then");
}

/// Also STA-007, ENG-131.
#[test]
fn eng_130_telemetry_tells_of_states_and_tasks() {
    let mut world = World::start(journey(CALL), json!({}));
    world.finish(&[]);
    let state = |id: &str| jf_dsl::StateId::parse(id).unwrap();
    let kind = || jf_dsl::TaskKind::parse("fake:v1").unwrap();
    let expected = [
        Fact::JourneyStarted,
        Fact::StateEntered(state("call")),
        Fact::TaskStarted(state("call"), kind()),
        Fact::TaskCompleted(state("call"), kind()),
        Fact::StateExited(state("call")),
        Fact::StateEntered(state("done")),
        Fact::StateExited(state("done")),
        Fact::JourneyCompleted { status: "SUCCEEDED".to_owned() },
    ];
    assert_eq!(world.facts, expected);
}
