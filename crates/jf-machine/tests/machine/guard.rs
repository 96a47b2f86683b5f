//! The read guard (ENG-110 to ENG-112).

use jf_core::Caller;
use jf_core::spi::{TaskErrorKind, TaskWrite, WriteTarget};
use jf_core::{EngineErrorKind, Problem};
use jf_machine::{
    Diagnostic, Effect, Env, Fact, Input, Program, Run, TaskFailure, TaskOrder, Verdict, apply,
};
use serde_json::{Value, json};

use crate::support::{World, at, caller, journey};

/// A journey whose guard has these states; one of them is `judge`.
fn guarded(states: &str, members: &str) -> Program {
    journey(&format!(
        "
start: sub
states:
  sub: {{ type: subjourney, subjourney: {{ ref: inner, input: {{ mapper: {{ lang: mini, expr: '{{\"k\":9}}' }} }} }}, next: end }}
  end: {{ type: succeed, outputVar: k }}
subjourneys:
  inner: {{ start: ask, states: {{ ask: {{ type: wait, wait: {{ input: {{ schema: {{}} }} }}, next: e }}, e: {{ type: succeed }} }} }}
  guard: {{ start: judge, states: {{ {states} }} }}
access: {{ read: {{ guardRef: guard }} }}
{members}
"
    ))
}

/// A guard whose output is what an expression gives.
fn says(expr: &str) -> String {
    format!(
        "judge: {{ type: transform, transform: {{ mapper: {{ lang: mini, expr: '{expr}' }}, target: {{ kind: var }}, resultVar: said }}, next: done }}, \
         done: {{ type: succeed, outputVar: said }}"
    )
}

const ASKS: &str = "judge: { type: task, task: { kind: 'fake:v1' }, next: done }, done: { type: succeed, outputVar: answer }";

/// The guard of one read, which has begun.
struct Read {
    world: World,
    run: Run,
    tasks: Vec<TaskOrder>,
    others: Vec<String>,
    seed: u64,
}

impl Read {
    fn of(world: &World, seed: u64) -> Self {
        let env = Env::new(world.now, seed, &world.epoch, &world.platform, &world.limits);
        let run = world.run.read_guard(&world.program, &caller(), &env).expect("there is a guard");
        let mut read = Self { world: world.clone(), run, tasks: Vec::new(), others: Vec::new(), seed };
        read.feed(Input::Begin);
        read
    }

    fn feed(&mut self, input: Input) {
        let World { program, now, limits, platform, epoch, .. } = &self.world;
        let env = Env::new(*now, self.seed, epoch, platform, limits);
        for effect in apply(program, &mut self.run, input, &env).expect("guards refuse nothing") {
            match effect {
                Effect::RunTask(order) => self.tasks.push(*order),
                Effect::ArmTimer { .. } | Effect::DisarmTimer { .. } | Effect::Finish => {}
                other => self.others.push(format!("{other:?}")),
            }
        }
    }

    fn answer(&mut self, result: Result<Value, TaskFailure>) {
        let target = WriteTarget::Var("answer".into());
        let result = result.map(|value| vec![TaskWrite { target, value }].into());
        let activation = self.tasks.pop().expect("a task runs").activation;
        self.feed(Input::TaskFinished { activation, result });
    }
}

fn verdict(states: &str) -> Verdict {
    let world = World::start(guarded(states, ""), json!({ "k": 1, "owner": "ann" }));
    Read::of(&world, 3).run.verdict()
}

fn failed(slug: &str) -> Verdict {
    Verdict::Failed { code: format!("urn:journeyforge:error:{slug}") }
}

#[test]
fn eng_111_only_true_lets_a_read_proceed() {
    assert_eq!(verdict(&says(r#"{"allowed":true}"#)), Verdict::Allowed);
    assert_eq!(verdict(&says(r#"{"allowed":true,"why":"any other member"}"#)), Verdict::Allowed);
    assert_eq!(verdict(&says(r#"{"allowed":{"$eq":["=context.owner","ann"]}}"#)), Verdict::Allowed);
    assert_eq!(verdict(&says(r#"{"allowed":false}"#)), Verdict::Denied);
}

#[test]
fn eng_112_whatever_else_a_guard_comes_to_denies() {
    for output in [r#"{"allowed":"true"}"#, r#"{"allowed":1}"#, r#"{"allow":true}"#, "true", "null", "[true]"]
    {
        assert_eq!(verdict(&says(output)), failed("internal"), "{output}");
    }
    let fails = "judge: { type: fail, errorCode: NO, reason: r }";
    assert_eq!(verdict(fails), Verdict::Denied, "a decision of the author");
    assert!(matches!(verdict(&says(r#"{"$fail":1}"#)), Verdict::Failed { .. }), "an error of its own");
    let nowhere = "judge: { type: choice, choices: [{ when: { predicate: { lang: mini, expr: 'false' } }, next: done }] }, done: { type: succeed }";
    assert_eq!(verdict(nowhere), failed("no-choice-matched"));
}

#[test]
fn eng_110_a_guard_sees_the_top_level_context_and_leaves_no_trace() {
    let world = World::start(guarded(ASKS, ""), json!({ "k": 1 }));
    let before = world.run.clone();
    let mut read = Read::of(&world, 3);
    let order = read.tasks[0].clone();
    assert_eq!(order.evaluation.context(), &json!({ "k": 1 }), "not that of the subjourney it is in");
    let run = &order.evaluation.bindings();
    let platform = run.iter().find(|(name, _)| *name == "platform").expect("it is bound").1.clone();
    assert_eq!(platform["run"]["id"], "r1");
    assert_eq!(read.run.verdict(), failed("internal"), "not decided yet");
    read.answer(Ok(json!({ "allowed": true })));
    assert_eq!(read.run.verdict(), Verdict::Allowed);
    assert!(read.others.is_empty(), "neither log nor telemetry: {:?}", read.others);
    assert!(world.run == before, "INV-8");
    assert_eq!(world.run.verdict(), failed("internal"), "no guard");
}

#[test]
fn eng_110_an_ended_run_is_judged_by_its_last_context() {
    let mut world = World::start(guarded(ASKS, ""), json!({ "k": 1 }));
    world.submit("ask", json!("x"));
    assert!(world.finished);
    assert_eq!(Read::of(&world, 3).tasks[0].evaluation.context(), &json!({ "k": 1 }));
}

/// Also ENG-110.
#[test]
fn exp_018_a_guard_has_no_payload_whatever_its_context_holds() {
    let ended = |guard: &str| {
        let spec = format!(
            "start: ask\nstates: {{ ask: {{ type: wait, wait: {{ input: {{ schema: {{}} }} }}, next: e }}, e: {{ type: succeed }} }}\n\
             subjourneys: {{ guard: {{ start: judge, states: {{ {guard} }} }} }}\naccess: {{ read: {{ guardRef: guard }} }}\n"
        );
        let mut world = World::start(journey(&spec), json!({}));
        world.submit("ask", json!("x"));
        world
    };
    let world =
        ended(&says(r#"{"allowed":{"$eq":[{"p":"=payload","c":"=context.payload"},{"p":null,"c":"x"}]}}"#));
    assert_eq!(Read::of(&world, 3).run.verdict(), Verdict::Allowed);
    let read = Read::of(&ended(ASKS), 3);
    let evaluation = &read.tasks[0].evaluation;
    assert_eq!(
        (evaluation.bindings().payload(), &evaluation.context()["payload"]),
        (&Value::Null, &json!("x"))
    );
}

#[test]
fn eng_094_a_compensation_has_the_same_guard_on_its_own_context() {
    let compensation = "compensation: { start: undo, states: { undo: { type: task, task: { kind: 'fake:v1' }, next: end }, end: { type: succeed } } }";
    let mut world = World::start(guarded(ASKS, compensation), json!({ "k": 1 }));
    world.cancel().unwrap();
    let mut other = world.compensate();
    let order = Read::of(&other, 3).tasks.remove(0);
    let names: Vec<_> = order.evaluation.bindings().iter().map(|(name, _)| name).collect();
    assert!(!names.contains(&"outcome"), "{names:?}");
    assert_eq!(order.evaluation.context(), &json!({ "k": 1 }));
    other.finish(&[("undone", json!(true))]);
    assert_eq!(Read::of(&other, 3).tasks[0].evaluation.context(), &json!({ "k": 1, "undone": true }));
}

#[test]
fn eng_112_a_guard_has_five_seconds() {
    let world = World::start(guarded(ASKS, ""), json!({ "k": 1 }));
    let mut read = Read::of(&world, 3);
    assert_eq!(read.run.next_due(), Some(at("2026-01-01T00:00:05Z")));
    assert_eq!(read.tasks[0].deadline, Some(at("2026-01-01T00:00:05Z")), "ENG-061: calls are clamped to it");
    read.world.now = at("2026-01-01T00:00:05Z");
    let due = read.run.overdue(read.world.now).expect("its time is up");
    read.feed(due);
    assert_eq!(read.run.verdict(), failed("timeout"));
}

#[test]
fn eng_112_errors_of_tasks_fail_and_their_problems_decide() {
    let world = World::start(guarded(ASKS, ""), json!({ "k": 1 }));
    let mut read = Read::of(&world, 3);
    let problem = Problem::new("JWT_EXPIRED", "Expired");
    read.answer(Err(TaskFailure { kind: TaskErrorKind::Reported, problem }));
    assert_eq!(read.run.verdict(), Verdict::Denied, "STA-022: closer to an authored failure");
    let mut read = Read::of(&world, 3);
    read.answer(Err(TaskFailure {
        kind: TaskErrorKind::Fault,
        problem: Problem::of(EngineErrorKind::Internal),
    }));
    assert_eq!(read.run.verdict(), failed("internal"));
}

#[test]
fn eng_110_what_goes_wrong_inside_is_told_and_nothing_else() {
    let states = "judge: { type: choice, choices: [{ when: { predicate: { lang: mini, expr: '7' } }, next: done }] }, done: { type: succeed }";
    let world = World::start(guarded(states, ""), json!({ "k": 1 }));
    let env = Env::new(world.now, 3, &world.epoch, &world.platform, &world.limits);
    let mut run = world.run.read_guard(&world.program, &caller(), &env).unwrap();
    let effects = apply(&world.program, &mut run, Input::Begin, &env).unwrap();
    let facts: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Report(fact) => Some(fact),
            _ => None,
        })
        .collect();
    assert!(matches!(facts[..], [Fact::Diagnostic(Diagnostic::ExpressionFailed { .. })]), "{facts:?}");
    assert_eq!(run.seq(), world.run.seq(), "ENG-131: they name the head that was read");
}

#[test]
fn tsk_005_attempts_of_guards_have_names_of_their_own() {
    let states = "start: work\nstates: { work: { type: task, task: { kind: 'fake:v1' }, next: end }, end: { type: succeed } }";
    let guard = format!(
        "subjourneys: {{ guard: {{ start: judge, states: {{ {ASKS} }} }} }}\naccess: {{ read: {{ guardRef: guard }} }}"
    );
    let world = World::start(journey(&format!("{states}\n{guard}")), json!({}));
    let (one, other) = (Read::of(&world, 3), Read::of(&world, 4));
    let names = [&world.task().attempt, &one.tasks[0].attempt, &other.tasks[0].attempt];
    assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2], "{names:?}");
}

#[test]
fn eng_110_without_a_guard_there_is_nothing_to_ask() {
    let world = World::start(journey("start: e\nstates: { e: { type: succeed } }"), json!({}));
    assert!(!world.program.guards_reads());
    let env = Env::new(world.now, 3, &world.epoch, &world.platform, &world.limits);
    assert!(world.run.read_guard(&world.program, &Caller::internal("test"), &env).is_none());
}
