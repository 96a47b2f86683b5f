//! A run that is driven through a story, with what must hold of it at every step.

use std::collections::BTreeMap;

use jf_core::spi::{TaskErrorKind, TaskWrite, WriteTarget};
use jf_core::{Caller, Epoch, JourneyId, LogDocument, Problem, StepRef, StepTarget};
use jf_machine::{
    ActivationId, CompensationOrder, Effect, Effects, Env, Input, Limits, PlatformValues, Program, Run,
    Submission, TaskFailure, TaskReturn, TimerId, apply, pending_effects, prepare_start,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The world around a run.
pub(super) struct World {
    now: Timestamp,
    epoch: Epoch,
    platform: PlatformValues,
    limits: Limits,
}

impl Default for World {
    fn default() -> Self {
        let mut limits = Limits::default();
        // Small enough that stories come by them.
        (limits.transitions_per_segment, limits.evaluations_per_apply) = (200, 5);
        (limits.context_bytes, limits.flows_per_run) = (4_096, 12);
        Self {
            now: "2026-01-01T00:00:00Z".parse().expect("a time"),
            epoch: Epoch::parse("e1").expect("an epoch"),
            platform: PlatformValues::default(),
            limits,
        }
    }
}

impl World {
    pub(super) fn env(&self) -> Env<'_> {
        Env::new(self.now, 7, &self.epoch, &self.platform, &self.limits)
    }
}

/// A run with what it has asked for.
pub(super) struct Driven {
    program: &'static Program,
    world: World,
    run: Run,
    seq: u64,
    has_outcome: bool,
    finished: bool,
    tasks: Vec<ActivationId>,
    timers: BTreeMap<TimerId, Timestamp>,
    order: Option<Box<CompensationOrder>>,
}

impl Driven {
    pub(super) fn begin(program: &'static Program) -> Self {
        let world = World::default();
        let initial =
            prepare_start(program, json!({ "k": 0 }), &caller(), &world.limits).expect("a valid start");
        let run = Run::new(program, id("main"), initial, &world.env(), || id("other"));
        Self::of(program, world, run)
    }

    fn of(program: &'static Program, world: World, run: Run) -> Self {
        let (tasks, timers) = (Vec::new(), BTreeMap::new());
        let mut driven = Self {
            program,
            world,
            run,
            seq: 0,
            has_outcome: false,
            finished: false,
            tasks,
            timers,
            order: None,
        };
        driven.feed(Input::Begin);
        driven
    }

    pub(super) fn snapshot(&self) -> Vec<u8> {
        self.run.to_snapshot()
    }

    /// What a byte of a story means; letters, so that stories can be read.
    pub(super) fn happens(&mut self, byte: u8) {
        match byte {
            b'0'..=b'9' => self.pass(i64::from(byte - b'0')),
            b'a'..=b'h' => self.finish(byte - b'a', Ok(vec![write("k", json!(i64::from(byte % 3) - 1))])),
            b'A'..=b'H' => {
                let kind =
                    if byte.is_multiple_of(2) { TaskErrorKind::Reported } else { TaskErrorKind::Fault };
                let problem = Problem::new("urn:fuzz", "fuzz").with("byte", byte);
                self.finish(byte - b'A', Err(TaskFailure { kind, problem }));
            }
            b'i'..=b'p' => self.submit(byte - b'i', json!(1)),
            b'I'..=b'N' => self.submit(byte - b'I', json!(0)),
            b'O' | b'P' => self.submit(byte - b'O', json!("refused")),
            b'q' => {
                self.world.now = self.world.now.saturating_add(SignedDuration::from_secs(30)).expect("a time")
            }
            b'r' => self.run = self.read_back(),
            b's' => self.finish(0, Ok(vec![write("big", json!("x".repeat(3_000))), write("k", json!(9))])),
            b'x' => self.feed(Input::CancelRequested { if_head: None, traceparent: None }),
            b'y' => self.compensation_starts(),
            b'z' if self.order.is_some() => self.feed(Input::CompensationEnded),
            b'v' => self.finish(0, Ok(vec![write("view", json!({ "ref": 1, "phase": 2 }))])),
            // Not what the run waits for.
            other => self.stale(other),
        }
    }

    fn pass(&mut self, seconds: i64) {
        self.world.now = self.world.now.saturating_add(SignedDuration::from_secs(seconds)).expect("a time");
        self.catch_up();
    }

    fn finish(&mut self, nth: u8, result: Result<Vec<TaskWrite>, TaskFailure>) {
        if let Some(activation) = self.tasks.get(usize::from(nth) % self.tasks.len().max(1)).copied() {
            // What is overdue may abandon it first.
            self.catch_up();
            self.tasks.retain(|task| *task != activation);
            self.feed(Input::TaskFinished { activation, result: result.map(TaskReturn::from) });
        }
    }

    fn submit(&mut self, nth: u8, payload: Value) {
        let steps = submissions(&self.run);
        if let Some(Input::StepSubmitted(mut submission)) = steps.into_iter().nth(usize::from(nth)) {
            submission.payload = payload;
            self.feed(Input::StepSubmitted(submission));
        }
    }

    /// The compensation goes its own way with the same letters; here it only begins, as it does for an engine.
    fn compensation_starts(&mut self) {
        if let Some(order) = self.order.clone() {
            let mut world = World::default();
            world.now = self.world.now;
            let run = Run::compensation(self.program, *order, &world.env()).expect("the program has one");
            Self::of(self.program, world, run).pass(30);
            self.feed(Input::CompensationStarted);
        }
    }

    fn stale(&mut self, byte: u8) {
        self.catch_up();
        let number = u64::from(byte % 16);
        let activation: ActivationId = serde_json::from_value(json!(number)).expect("a number");
        let armed = self.timers.contains_key(&TimerId::Activation(activation));
        let input = match byte / 16 % 3 {
            0 if !self.tasks.contains(&activation) => {
                Input::TaskFinished { activation, result: Ok(TaskReturn::default()) }
            }
            1 if !armed => Input::TimerFired { activation },
            2 if !armed => Input::WaitTimedOut { activation },
            _ => Input::Resume,
        };
        let before = self.run.clone();
        self.feed(input);
        assert!(self.run == before, "ENG-071: what nobody waits for had an effect");
    }

    fn catch_up(&mut self) {
        while let Some(input) = self.run.overdue(self.world.now) {
            self.apply(input);
        }
    }

    fn feed(&mut self, input: Input) {
        self.catch_up();
        self.apply(input);
    }

    /// Applies an input to the run, and to what a restart would make of it: both go on alike.
    fn apply(&mut self, input: Input) {
        let before = self.run.clone();
        let mut restarted = self.read_back();
        let other = self.through(&mut restarted, input.clone());
        let mut run = self.run.clone();
        let effects = self.through(&mut run, input);
        assert_eq!(format!("{effects:?}"), format!("{other:?}"), "ENG-101: a restart can be seen");
        assert!(run == restarted, "ENG-101: a restart can be seen");
        self.run = run;
        match effects {
            None => assert!(self.run == before, "a refused input changed the run"),
            Some(effects) => {
                assert!(effects.changed() || self.run == before);
                effects.into_iter().for_each(|effect| self.take(effect));
            }
        }
        self.check();
    }

    fn through(&self, run: &mut Run, input: Input) -> Option<Effects> {
        let env = self.world.env();
        let mut effects = apply(self.program, run, input, &env).ok()?;
        while effects.is_unfinished() {
            effects.append(apply(self.program, run, Input::Resume, &env).expect("never refused"));
        }
        Some(effects)
    }

    fn take(&mut self, effect: Effect) {
        assert!(!self.finished, "an effect after the end: {effect:?}");
        match effect {
            Effect::Emit(entry) => {
                self.seq += 1;
                assert!(entry.seq == self.seq && !self.has_outcome, "ENG-106: gapless, the outcome last");
                self.has_outcome = matches!(entry.document, LogDocument::Outcome(_));
            }
            Effect::ArmTimer { timer, due } => assert!(self.timers.insert(timer, due).is_none()),
            Effect::DisarmTimer { timer } => assert!(self.timers.remove(&timer).is_some()),
            Effect::RunTask(order) => self.tasks.push(order.activation),
            Effect::AbandonTask { activation } => {
                let running = self.tasks.iter().position(|task| *task == activation);
                self.tasks.remove(running.expect("it runs"));
            }
            Effect::StartCompensation(order) => {
                assert!(self.order.replace(order).is_none(), "ENG-090: once");
            }
            Effect::Finish => self.finished = true,
            _ => {}
        }
    }

    /// What is pending can be told from the run alone, and the log ends with the run.
    fn check(&self) {
        assert_eq!((self.run.seq(), self.run.phase().is_final()), (self.seq, self.finished));
        assert_eq!(self.has_outcome, self.finished);
        let (mut tasks, mut timers) = (Vec::new(), BTreeMap::new());
        for effect in pending_effects(self.program, &self.run, &self.world.env()) {
            match effect {
                Effect::RunTask(order) => tasks.push(order.activation),
                Effect::ArmTimer { timer, due } => drop(timers.insert(timer, due)),
                _ => {}
            }
        }
        assert_eq!((&tasks, &timers), (&self.tasks, &self.timers), "ENG-101");
        assert_eq!(self.run.next_due(), self.timers.values().min().copied());
        let waits = !tasks.is_empty() || !timers.is_empty() || !self.run.active_steps().is_empty();
        assert!(waits || self.finished || self.run.awaits_compensation(), "a run that waits for nothing");
    }

    fn read_back(&self) -> Run {
        let back = Run::from_snapshot(&self.run.to_snapshot()).expect("a run can be read back");
        assert!(back == self.run, "a snapshot lost something");
        back
    }
}

/// A submission to each of the active steps.
pub(super) fn submissions(run: &Run) -> Vec<Input> {
    let steps = run.active_steps().iter().filter_map(|step| {
        let address = step.address.clone().unwrap_or_else(|| step.step_id.to_string());
        let target = StepTarget::Any(StepRef::parse(&address).ok()?);
        Some(Input::StepSubmitted(Submission::new(target, json!(1), caller())))
    });
    steps.collect()
}

/// The inputs that what is pending would lead to.
pub(super) fn inputs_of(pending: &Effects) -> Vec<Input> {
    let inputs = pending.iter().filter_map(|effect| match effect {
        Effect::RunTask(order) => {
            let (activation, result) = (order.activation, Ok(vec![write("k", json!(1))].into()));
            Some(Input::TaskFinished { activation, result })
        }
        Effect::ArmTimer { timer: TimerId::Activation(activation), .. } => {
            Some(Input::TimerFired { activation: *activation })
        }
        _ => None,
    });
    inputs.collect()
}

fn write(name: &str, value: Value) -> TaskWrite {
    TaskWrite { target: WriteTarget::Var(name.into()), value }
}

fn caller() -> Caller {
    Caller::internal("fuzz")
}

fn id(name: &str) -> JourneyId {
    JourneyId::parse(name).expect("an id")
}
