//! Everything that can happen to a run: every order of the inputs it may get, from every state it can reach, until nothing new comes.
//!
//! States are compared in a form in which runs that will behave alike are equal: times are told from now, and the numbers of flows,
//! segments and activations by their order alone. So a loop leads back to where it was, and small programs are explored whole.

use std::collections::{BTreeSet, HashSet, VecDeque};

use jf_core::spi::{TaskErrorKind, TaskWrite, WriteTarget};
use jf_core::{Phase, Problem};
use jf_machine::{ActivationId, Input, LogEntry, Run, TaskFailure, TaskReturn};
use serde_json::{Value, json};

use super::{NEVER_WRITTEN, World, apply_to, head, parse, submission};

/// One thing that may happen next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Move {
    /// A second passes, and what is due fires.
    Tick,
    /// Nobody looks at the clock for a while: whatever comes next finds all that is overdue (ENG-073).
    Oversleep,
    /// The task at that place among those that run ends, writing `k`.
    Finish(usize, i64),
    /// It ends with a Problem of its own.
    Fail(usize),
    /// It ends with writes of which the last conflicts with the first.
    Conflict(usize),
    /// A submission to a step, by its address.
    Submit(String, i64),
    Cancel,
    CompensationStarted,
    CompensationEnded,
}

/// What was reached.
pub(crate) struct Reach {
    pub(crate) states: usize,
    pub(crate) moves: usize,
    /// How many moves the longest of the shortest ways has.
    pub(crate) depth: usize,
    /// The phase of each end, or its code.
    pub(crate) ends: BTreeSet<String>,
    /// The worlds in which a compensation was asked for, one for each that differs.
    pub(crate) compensations: Vec<World>,
}

/// How the moves of an exploration are chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Explorer {
    /// Payloads of submissions and results of tasks: `0..values`.
    pub(crate) values: i64,
    /// Whether somebody may cancel.
    pub(crate) cancels: bool,
    /// Whether tasks may fail.
    pub(crate) fails: bool,
    /// Give up beyond so many states: a program that has more is too large to be explored whole.
    pub(crate) most: usize,
}

impl Explorer {
    pub(crate) const ALL: Self = Self { values: 2, cancels: true, fails: true, most: 4_000 };

    /// Explores everything, and checks at every state and move what must hold there.
    #[expect(clippy::print_stdout, reason = "how much was explored is worth knowing")]
    pub(crate) fn explore(self, name: &str, start: World) -> Reach {
        let mut seen = HashSet::from([canonical(&start)]);
        let mut reach =
            Reach { states: 1, moves: 0, depth: 0, ends: BTreeSet::new(), compensations: Vec::new() };
        let mut frontier = VecDeque::from([(start, 0)]);
        while let Some((world, depth)) = frontier.pop_front() {
            reach.depth = reach.depth.max(depth);
            nothing_else_counts(&world);
            for happens in self.moves(&world) {
                reach.moves += 1;
                let next = taken(&world, &happens);
                if !seen.insert(canonical(&next)) {
                    continue;
                }
                assert!(seen.len() <= self.most, "{name}: more than {} states", self.most);
                match next.run.phase() {
                    Phase::Running => {}
                    Phase::Succeeded => drop(reach.ends.insert("SUCCEEDED".to_owned())),
                    Phase::Failed => drop(reach.ends.insert(next.error().0.to_owned())),
                }
                if next.order.is_some() && world.order.is_none() {
                    reach.compensations.push(next.clone());
                }
                frontier.push_back((next, depth + 1));
            }
        }
        reach.states = seen.len();
        println!("{name}: {} states, {} moves, {} deep", reach.states, reach.moves, reach.depth);
        reach
    }

    fn moves(self, world: &World) -> Vec<Move> {
        let mut moves = Vec::new();
        if world.order.is_some() {
            moves.extend([Move::CompensationStarted, Move::CompensationEnded]);
        }
        if world.run.phase().is_final() || world.run.awaits_compensation() {
            return moves;
        }
        for task in 0..world.tasks.len() {
            moves.extend((0..self.values).map(|value| Move::Finish(task, value)));
            if self.fails {
                moves.extend([Move::Fail(task), Move::Conflict(task)]);
            }
        }
        for address in world.addresses() {
            moves.extend((0..self.values).map(|value| Move::Submit(address.clone(), value)));
        }
        if !world.timers.is_empty() {
            moves.extend([Move::Tick, Move::Oversleep]);
        }
        if self.cancels {
            moves.push(Move::Cancel);
        }
        moves
    }
}

/// The world after a move, which is the same for a run that was read back before it and at every pause of pure states (ENG-101,
/// ENG-107). What comes twice counts once.
fn taken(world: &World, happens: &Move) -> World {
    let mut next = world.clone();
    let input = take(&mut next, happens);
    let mut restarted = world.clone();
    restarted.run = Run::from_snapshot(&world.run.to_snapshot()).unwrap();
    restarted.limits.evaluations_per_apply = 1;
    restarted.reload_when_paused = true;
    take(&mut restarted, happens);
    assert!(shown(&next) == shown(&restarted), "{happens:?}: a restart can be seen");
    if let Some(input) = input {
        without_effect(&next, input, "it came twice");
    }
    next
}

fn shown(world: &World) -> (&[LogEntry], &[jf_machine::Fact], &Run, Vec<ActivationId>) {
    (&world.log, &world.facts, &world.run, world.tasks.iter().map(|task| task.activation).collect())
}

/// Lets it happen. Returns the input if it must not count a second time.
fn take(world: &mut World, happens: &Move) -> Option<Input> {
    let write = |target, value| TaskWrite { target, value };
    let finish = |world: &mut World, task: usize, result: Result<Vec<TaskWrite>, TaskFailure>| {
        let activation = world.tasks[task].activation;
        // What is overdue may abandon it first.
        world.catch_up();
        world.tasks.retain(|task| task.activation != activation);
        let input = Input::TaskFinished { activation, result: result.map(TaskReturn::from) };
        world.feed(input.clone()).unwrap();
        Some(input)
    };
    match happens {
        Move::Tick => {
            world.pass(1);
            None
        }
        Move::Oversleep => {
            world.now = world.timers.values().max().copied().unwrap_or(world.now).max(world.now);
            None
        }
        Move::Finish(task, value) => {
            finish(world, *task, Ok(vec![write(WriteTarget::Var("k".into()), json!(value))]))
        }
        Move::Fail(task) => {
            let problem = Problem::new("urn:failed", "failed");
            finish(world, *task, Err(TaskFailure { kind: TaskErrorKind::Reported, problem }))
        }
        Move::Conflict(task) => {
            let below = WriteTarget::Path("k.x".parse().unwrap());
            let first = write(WriteTarget::Var("k".into()), json!(NEVER_WRITTEN));
            finish(world, *task, Ok(vec![first, write(below, json!(1))]))
        }
        Move::Submit(address, value) => {
            // Overdue time-outs may have ended the step.
            let _ = world.try_submit(submission(address, json!(value)));
            None
        }
        Move::Cancel => {
            let _ = world.cancel();
            None
        }
        Move::CompensationStarted => {
            world.feed(Input::CompensationStarted).unwrap();
            Some(Input::CompensationStarted)
        }
        Move::CompensationEnded => {
            world.feed(Input::CompensationEnded).unwrap();
            Some(Input::CompensationEnded)
        }
    }
}

/// Whatever the run does not wait for is dropped or refused, and leaves it as it was (ENG-042, ENG-044, ENG-054, ENG-071, TSK-013).
fn nothing_else_counts(world: &World) {
    let positions = world.positions();
    let newest = positions.keys().max().copied().unwrap_or_default();
    for number in 0..=newest + 1 {
        let activation: ActivationId = serde_json::from_value(json!(number)).unwrap();
        let position = positions.get(&number).map_or("gone", String::as_str);
        if position != "task" {
            without_effect(
                world,
                Input::TaskFinished { activation, result: Ok(TaskReturn::default()) },
                position,
            );
        }
        if position != "timer+due" {
            without_effect(world, Input::TimerFired { activation }, position);
        }
        if position != "step+due" {
            without_effect(world, Input::WaitTimedOut { activation }, position);
        }
    }
    without_effect(world, Input::Begin, "it has begun");
    without_effect(world, Input::Resume, "it does not pause");
    if world.order.is_none() {
        without_effect(world, Input::CompensationStarted, "it has none");
        without_effect(world, Input::CompensationEnded, "it has none");
    }
    for address in world.addresses() {
        let mistyped = submission(&address, json!({ "wrong": NEVER_WRITTEN }));
        let unmet = submission(&address, json!(1)).with_if_head(Some(vec![head(None, world.run.seq() + 1)]));
        for submission in [mistyped, unmet] {
            refused(world, Input::StepSubmitted(submission), &address);
        }
    }
    refused(world, Input::StepSubmitted(submission("nowhere", json!(1))), "nowhere");
}

fn without_effect(world: &World, input: Input, why: &str) {
    let mut run = world.run.clone();
    let shown = format!("{input:?}");
    let effects = apply_to(world, &mut run, input).unwrap();
    assert!(!effects.changed() && effects.iter().next().is_none() && run == world.run, "{shown}: {why}");
}

fn refused(world: &World, input: Input, step: &str) {
    let mut run = world.run.clone();
    assert!(apply_to(world, &mut run, input).is_err(), "{step} was taken");
    assert!(run == world.run, "{step}: a refused input changed the run");
}

/// What the future of a world depends on, as text: equal for worlds that will behave alike.
fn canonical(world: &World) -> String {
    let mut run = parse(&world.run.to_snapshot());
    let now = world.now.as_millisecond();
    let members = run.as_object_mut().unwrap();
    for counter in ["seq", "createdAt", "activations", "segments", "lastFlow"] {
        members.remove(counter);
    }
    members["shown"] = Value::Null;
    if let Some(end) = members.get_mut("end") {
        *end = json!([end["termination"], end["outcome"]["error"]["code"]]);
    }
    if let Some(at) = members.get_mut("deadline") {
        *at = json!(at.as_i64().unwrap() - now);
    }
    let mut flows = members["flows"].take();
    for name in ["id", "segment", "activation"] {
        let mut numbers = BTreeSet::new();
        each(&mut flows, name, &mut |number| {
            numbers.insert(number.as_u64().unwrap());
        });
        let order: Vec<u64> = numbers.into_iter().collect();
        each(&mut flows, name, &mut |number| {
            *number = json!(order.binary_search(&number.as_u64().unwrap()).unwrap());
        });
        // Branches name the flow that waits for them.
        if name == "id" {
            each(&mut flows, "flow", &mut |number| {
                *number = json!(order.binary_search(&number.as_u64().unwrap()).unwrap());
            });
        }
    }
    each(&mut flows, "due", &mut |due| *due = json!(due.as_i64().unwrap() - now));
    each(&mut flows, "transitions", &mut |count| *count = Value::Null);
    each(&mut flows, "weight", &mut |count| *count = Value::Null);
    members.insert("flows".to_owned(), flows);
    format!("{run} {}", world.order.is_some())
}

/// Every member of that name in flows, outside of contexts and results.
fn each(value: &mut Value, name: &str, change: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match key.as_str() {
                    "context" | "result" => {}
                    key if key == name => change(member),
                    _ => each(member, name, change),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, name, change)),
        _ => {}
    }
}
