//! A run in a small world: definitions from text, a fake language, a fake task, a clock that stands still, and the invariants of
//! every run checked after every input.

pub(crate) mod arbitrary;
pub(crate) mod explore;
mod isolation;
mod mini;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jf_core::spi::{
    LoadContext, PreparedTask, Registries, TaskContext, TaskDescriptor, TaskError, TaskOutput, TaskPlugin,
};
use jf_core::spi::{TaskErrorKind, TaskWrite, WriteTarget};
use jf_core::{
    ActiveStep, Caller, EngineError, Epoch, HeadCondition, JourneyId, JourneyOutcome, JourneyStatus,
    LogDocument, Phase, Problem, StepRef, StepTarget, exact_json,
};
use jf_dsl::{Diagnostics, Loaded, SourceFile, TaskConfig};
use jf_machine::{
    ActivationId, CompensationOrder, Diagnostic, Effect, Effects, Env, Fact, Input, Limits, LogEntry,
    PlatformValues, Program, PutMode, Refused, Run, Schedule, ScheduleOrder, Submission, TaskFailure,
    TaskOrder, TimerId, apply, pending_effects, prepare_start,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(crate) use mini::Mini;

/// Names of members that `serde_json` may take for something of its own when it reads a value.
pub(crate) const RAW: &str = "$serde_json::private::RawValue";
pub(crate) const NUMBER: &str = "$serde_json::private::Number";

/// Written by tasks that fail after it and by submissions that are refused: it must never be seen in a run.
pub(crate) const NEVER_WRITTEN: &str = "never written";

/// A task that does nothing of its own: tests say what it gave back.
#[derive(Debug)]
pub(crate) struct FakeTask(TaskDescriptor);

impl FakeTask {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self(TaskDescriptor::new(kind, json!({})))
    }
}

#[async_trait]
impl PreparedTask for FakeTask {
    async fn execute(&self, _: TaskContext) -> Result<TaskOutput, TaskError> {
        Ok(TaskOutput::none())
    }
}

impl TaskPlugin for FakeTask {
    fn descriptor(&self) -> &TaskDescriptor {
        &self.0
    }

    fn prepare(&self, _: &TaskConfig, _: &mut LoadContext<'_>) -> Option<Arc<dyn PreparedTask>> {
        Some(Arc::new(Self(self.0.clone())))
    }
}

pub(crate) fn registries() -> Registries {
    let task = FakeTask::new("fake:v1");
    Registries::builder()
        .binding("http")
        .binding("websocket")
        .expression(Arc::new(Mini))
        .task(Arc::new(task))
        .features(Program::FEATURES.iter().copied())
        .build()
        .unwrap()
}

fn definition(kind: &str, spec: &str) -> String {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "apiVersion: v1\nkind: {kind}\nmetadata: {{ name: test, version: 1.2.0, tags: [static] }}\nspec:\n{spec}"
    )
}

/// Loads a definition from the members of its `spec`.
pub(crate) fn load(kind: &str, spec: &str) -> Result<Loaded, Diagnostics> {
    jf_dsl::load(&SourceFile::new("test.journey.yaml", definition(kind, spec)), &registries())
}

/// Links a definition from the members of its `spec`.
pub(crate) fn program(kind: &str, spec: &str) -> Program {
    let loaded = load(kind, spec).unwrap_or_else(|problems| panic!("{problems}"));
    Program::link(&loaded, &registries()).unwrap()
}

pub(crate) fn journey(spec: &str) -> Program {
    program("Journey", spec)
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn caller() -> Caller {
    Caller::internal("test")
}

/// What a run has asked for so far, and the world it lives in.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) program: Arc<Program>,
    pub(crate) run: Run,
    pub(crate) now: Timestamp,
    pub(crate) limits: Limits,
    pub(crate) platform: PlatformValues,
    pub(crate) epoch: Epoch,
    pub(crate) log: Vec<LogEntry>,
    pub(crate) facts: Vec<Fact>,
    /// Tasks that run.
    pub(crate) tasks: Vec<TaskOrder>,
    pub(crate) timers: BTreeMap<TimerId, Timestamp>,
    pub(crate) finished: bool,
    /// Schedules that are looked for.
    pub(crate) checks: Vec<ScheduleOrder>,
    /// Schedules that were put.
    pub(crate) put: Vec<(Schedule, PutMode)>,
    /// What the end of a scheduled run leaves to the next one.
    pub(crate) left: Option<Arc<Value>>,
    /// The compensation that is to be started.
    pub(crate) order: Option<CompensationOrder>,
    /// How often the machine asked to be continued.
    pub(crate) continued: usize,
    /// Whether the run is read back from its snapshot at every pause.
    pub(crate) reload_when_paused: bool,
    seed: u64,
}

impl World {
    /// A run that has begun with `input`.
    pub(crate) fn start(program: Program, input: Value) -> Self {
        Self::with(program, input, |_| {})
    }

    /// The same in another world.
    pub(crate) fn with(program: Program, input: Value, change: impl FnOnce(&mut Self)) -> Self {
        let mut world = Self::prepared(program, input, change);
        world.feed(Input::Begin).unwrap();
        world
    }

    /// A run that has not begun.
    pub(crate) fn prepared(program: Program, input: Value, change: impl FnOnce(&mut Self)) -> Self {
        let program = Arc::new(program);
        let (limits, platform, epoch) =
            (Limits::default(), PlatformValues::default(), Epoch::parse("e1").unwrap());
        let now = at("2026-01-01T00:00:00Z");
        let id = JourneyId::parse("r1").unwrap();
        let initial = || prepare_start(&program, input.clone(), &caller(), &limits).unwrap();
        let env = Env::new(now, 7, &epoch, &platform, &limits);
        let run = Run::new(&program, id.clone(), initial(), &env, second_id);
        let mut world = Self {
            run,
            now,
            limits: limits.clone(),
            platform: platform.clone(),
            epoch: epoch.clone(),
            log: Vec::new(),
            facts: Vec::new(),
            tasks: Vec::new(),
            timers: BTreeMap::new(),
            finished: false,
            checks: Vec::new(),
            put: Vec::new(),
            left: None,
            order: None,
            reload_when_paused: false,
            continued: 0,
            seed: 7,
            program: Arc::clone(&program),
        };
        change(&mut world);
        let env = Env::new(world.now, 7, &world.epoch, &world.platform, &world.limits);
        world.run = Run::new(&program, id, initial(), &env, second_id);
        world
    }

    /// The compensation of this run as a world of its own, which has begun; this one was told so.
    pub(crate) fn compensate(&mut self) -> Self {
        let order = self.order.clone().expect("a compensation was asked for");
        let mut world = self.clone();
        (world.log, world.facts, world.finished, world.order) = (Vec::new(), Vec::new(), false, None);
        let env = Env::new(world.now, 7, &world.epoch, &world.platform, &world.limits);
        world.run = Run::compensation(&self.program, order, &env).expect("the definition has one");
        world.feed(Input::Begin).unwrap();
        self.feed(Input::CompensationStarted).unwrap();
        world
    }

    fn apply(&mut self, input: Input) -> Result<Effects, Refused> {
        self.seed += 1;
        let env = Env::new(self.now, self.seed, &self.epoch, &self.platform, &self.limits);
        let mut applied = apply(&self.program, &mut self.run, input, &env)?;
        while applied.is_unfinished() {
            self.continued += 1;
            if self.reload_when_paused {
                self.run = Run::from_snapshot(&self.run.to_snapshot()).unwrap();
            }
            applied.append(apply(&self.program, &mut self.run, Input::Resume, &env).unwrap());
        }
        Ok(applied)
    }

    /// Applies an input with everything that is overdue before it, and checks the invariants.
    pub(crate) fn feed(&mut self, input: Input) -> Result<Effects, Refused> {
        self.catch_up();
        self.feed_now(input)
    }

    fn feed_now(&mut self, input: Input) -> Result<Effects, Refused> {
        let before = self.run.clone();
        let result = self.apply(input);
        isolation::check(&before, &self.run);
        match &result {
            Ok(effects) => {
                assert!(effects.changed() || (self.run == before && effects.iter().next().is_none()));
                self.take(effects);
            }
            Err(_) => assert!(self.run == before, "a refused input changed the run"),
        }
        self.check();
        result
    }

    /// Applies an input to a run whose definition was replaced, for which not all invariants can hold.
    pub(crate) fn feed_unchecked(&mut self, input: Input) {
        self.apply(input).unwrap();
    }

    fn take(&mut self, effects: &Effects) {
        for effect in effects {
            assert!(!self.finished, "an effect after the end: {effect:?}");
            match effect {
                Effect::Emit(entry) => self.log.push(entry.clone()),
                Effect::ArmTimer { timer, due } => {
                    assert!(self.timers.insert(*timer, *due).is_none(), "{timer} armed twice")
                }
                Effect::DisarmTimer { timer } => {
                    assert!(self.timers.remove(timer).is_some(), "{timer} was not armed")
                }
                Effect::RunTask(order) => self.tasks.push(TaskOrder::clone(order)),
                Effect::AbandonTask { activation } => {
                    let running = self.tasks.len() + self.checks.len();
                    self.tasks.retain(|task| task.activation != *activation);
                    self.checks.retain(|order| order.activation != *activation);
                    assert_eq!(self.tasks.len() + self.checks.len() + 1, running, "no such task");
                }
                Effect::Report(fact) => self.facts.push(fact.clone()),
                Effect::StartCompensation(order) => {
                    assert!(self.order.replace(CompensationOrder::clone(order)).is_none(), "ENG-090: once");
                }
                Effect::CheckSchedule(order) => self.checks.push(ScheduleOrder::clone(order)),
                Effect::PutSchedule { schedule, mode } => self.put.push((Schedule::clone(schedule), *mode)),
                Effect::ScheduledRunEnded { context, .. } => {
                    assert!(self.left.replace(Arc::clone(context)).is_none(), "ENG-084: once");
                }
                Effect::Finish => self.finished = true,
                Effect::Continue => panic!("continued already"),
                other => panic!("{other:?}"),
            }
        }
    }

    /// What must hold of every run at every commit.
    fn check(&mut self) {
        // ENG-106, INV-1: gapless numbers; the outcome is the last event, and there is one exactly when the run has ended.
        for (index, entry) in self.log.iter().enumerate() {
            assert_eq!(entry.seq, index as u64 + 1);
            let last = index + 1 == self.log.len();
            let outcome = matches!(entry.document, LogDocument::Outcome(_));
            assert_eq!(outcome, last && self.run.phase().is_final());
        }
        if let Some(last) = self.log.last() {
            assert_eq!((self.run.seq(), self.run.updated_at()), (last.seq, last.at));
            match &last.document {
                LogDocument::Status(status) => assert_eq!(**status, self.run.status(), "reads show the head"),
                LogDocument::Outcome(outcome) => assert!(Some(outcome) == self.run.outcome()),
            }
        }
        assert_eq!(self.finished, self.run.phase().is_final());
        assert!(self.run.updated_at() <= self.now);
        // ENG-070: what is armed is what the run waits for, and it finds its overdue inputs itself.
        assert_eq!(self.run.next_due(), self.timers.values().min().copied());
        for timer in self.timers.values() {
            assert!(self.run.deadline().is_none_or(|deadline| *timer <= deadline), "ENG-061");
        }
        let snapshot = self.run.to_snapshot();
        assert!(
            !String::from_utf8_lossy(&snapshot).contains(NEVER_WRITTEN),
            "STA-008: a failed state has written"
        );
        let parsed = parse(&snapshot);
        let flows = parsed["flows"].as_array().unwrap();
        for flow in flows.iter().filter(|flow| flow["position"].get("step").is_some()) {
            // STA-068: no payload in the contexts of a flow that is parked at a step, nor in frozen ones around it. (A timer keeps it,
            // STA-080.)
            let mut around = Some(flow);
            while let Some(flow) = around {
                let scopes = flow["scopes"].as_array().unwrap();
                assert!(scopes.iter().all(|scope| scope["context"].get("payload").is_none()), "{flow}");
                around =
                    flow.get("branch").map(|of| flows.iter().find(|flow| flow["id"] == of["flow"]).unwrap());
            }
        }
        // ENG-045, INV-4: what was entered and not left is where the flows stand, so every activation ends once.
        let mut open = BTreeMap::<&str, i64>::new();
        for fact in &self.facts {
            match fact {
                Fact::StateEntered(id) => *open.entry(id.as_str()).or_default() += 1,
                Fact::StateExited(id) => *open.entry(id.as_str()).or_default() -= 1,
                _ => {}
            }
        }
        open.retain(|_, count| *count != 0);
        let mut standing = BTreeMap::<&str, i64>::new();
        for flow in flows {
            let scopes = flow["scopes"].as_array().unwrap();
            let entered = scopes.len() - usize::from(flow["position"] == "moving");
            for scope in &scopes[..entered] {
                *standing.entry(scope["state"].as_str().unwrap()).or_default() += 1;
            }
            // A flow that is split has branches, and waits for nothing else.
            let has_branches = flows.iter().any(|other| other["branch"]["flow"] == flow["id"]);
            assert_eq!(flow["position"] == "split", has_branches, "{flow}");
        }
        assert_eq!(open, standing);
        // ENG-031: the active steps are those where flows are parked, each with an address that names it alone.
        let parked = flows.iter().filter(|flow| flow["position"].get("step").is_some()).count();
        assert_eq!(parked, self.run.active_steps().len());
        let addresses: BTreeSet<_> = self.run.active_steps().iter().map(address).collect();
        assert_eq!(addresses.len(), parked);
        // A run never waits for nothing.
        let works = !self.tasks.is_empty() || !self.checks.is_empty();
        let waits = works || !self.run.active_steps().is_empty() || !self.timers.is_empty();
        assert!(waits || self.finished || self.run.awaits_compensation());
        // Serialisation loses nothing, and what is pending can be told from the run alone.
        let back = Run::from_snapshot(&snapshot).unwrap();
        assert!(back == self.run, "snapshot differs");
        let env = Env::new(self.now, 0, &self.epoch, &self.platform, &self.limits);
        let (mut timers, mut tasks, mut checks) = (BTreeMap::new(), Vec::new(), Vec::new());
        for effect in pending_effects(&self.program, &back, &env) {
            match effect {
                Effect::ArmTimer { timer, due } => drop(timers.insert(timer, due)),
                Effect::RunTask(task) => tasks.push((task.activation, task.attempt)),
                Effect::CheckSchedule(order) => checks.push(order.activation),
                // What a schedule is made of is computed anew, and fails anew.
                Effect::Report(Fact::Diagnostic(Diagnostic::ExpressionFailed { .. })) => {}
                // ENG-096: asked for until the run was told of it.
                Effect::StartCompensation(order) => {
                    assert_eq!(Some(&order.journey_id), self.order.as_ref().map(|order| &order.journey_id));
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(timers, self.timers);
        assert!(self.checks.iter().map(|order| order.activation).eq(checks));
        let running: Vec<_> =
            self.tasks.iter().map(|task| (task.activation, Arc::clone(&task.attempt))).collect();
        assert_eq!(tasks, running);
    }

    /// Applies what is overdue, in the order of ENG-073.
    pub(crate) fn catch_up(&mut self) {
        while let Some(input) = self.run.overdue(self.now) {
            let first = self.timers.iter().map(|(timer, due)| (*due, *timer)).min().unwrap();
            assert!(first.0 <= self.now);
            assert_eq!(matches!(input, Input::DeadlineReached), first.1 == TimerId::Deadline);
            self.feed_now(input).unwrap();
        }
    }

    /// Lets time pass, one timer after the other.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.pass_millis(1_000 * seconds);
    }

    pub(crate) fn pass_millis(&mut self, millis: i64) {
        let target = self.now + SignedDuration::from_millis(millis);
        while let Some(due) = self.run.next_due().filter(|due| *due <= target) {
            self.now = self.now.max(due);
            self.catch_up();
        }
        self.now = target;
    }

    /// The context of the top-level scope, or what came of it.
    pub(crate) fn context(&self) -> Value {
        let output = || self.run.outcome().map(|outcome| outcome.output.clone());
        self.kept_context().or_else(output).unwrap()
    }

    /// The context of the top-level scope; an ended run keeps it only where something may read it.
    pub(crate) fn kept_context(&self) -> Option<Value> {
        let parsed = parse(&self.run.to_snapshot());
        let place = if self.finished { "/end/context" } else { "/flows/0/scopes/0/context" };
        parsed.pointer(place).cloned()
    }

    /// The one task that runs.
    pub(crate) fn task(&self) -> &TaskOrder {
        let [task] = &self.tasks[..] else { panic!("{} tasks run", self.tasks.len()) };
        task
    }

    /// The schedule that is looked for.
    pub(crate) fn check_order(&self) -> &ScheduleOrder {
        let [order] = &self.checks[..] else { panic!("{} schedules are looked for", self.checks.len()) };
        order
    }

    /// Answers what was found.
    pub(crate) fn found(&mut self, existing: Option<Schedule>) {
        let order = Box::new(self.check_order().clone());
        self.checks.clear();
        let existing = existing.map(Box::new);
        self.feed(Input::ScheduleChecked { order, existing }).unwrap();
    }

    /// The schedule that was put last.
    pub(crate) fn schedule(&self) -> Schedule {
        self.put.last().expect("a schedule was put").0.clone()
    }

    /// The run that a schedule begins now, as a world of its own, if one is due.
    pub(crate) fn scheduled(&self, schedule: &mut Schedule, id: &str) -> Option<Self> {
        let mut world = self.clone();
        (world.log, world.facts, world.finished, world.order) = (Vec::new(), Vec::new(), false, None);
        (world.tasks, world.checks, world.put, world.left) = (Vec::new(), Vec::new(), Vec::new(), None);
        world.timers.clear();
        world.run = self.begun_by(schedule, id)?;
        world.feed(Input::Begin).unwrap();
        Some(world)
    }

    /// The same before it has begun.
    pub(crate) fn begun_by(&self, schedule: &mut Schedule, id: &str) -> Option<Run> {
        let env = Env::new(self.now, 7, &self.epoch, &self.platform, &self.limits);
        schedule.begin(&self.program, JourneyId::parse(id).unwrap(), &env, second_id)
    }

    fn end_task(&mut self) -> ActivationId {
        let activation = self.task().activation;
        self.tasks.clear();
        activation
    }

    /// Ends the task that runs at a state, with writes to variables.
    pub(crate) fn finish_at(&mut self, state: &str, writes: &[(&str, Value)]) {
        let at = self.tasks.iter().position(|task| task.state.as_str() == state).expect("it runs");
        let activation = self.tasks.remove(at).activation;
        let write = |(name, value): &(&str, Value)| TaskWrite {
            target: WriteTarget::Var((*name).into()),
            value: value.clone(),
        };
        let result = Ok(writes.iter().map(write).collect::<Vec<_>>().into());
        self.feed(Input::TaskFinished { activation, result }).unwrap();
    }

    /// Ends the task that runs at a state with a Problem it reports.
    pub(crate) fn fail_at(&mut self, state: &str, code: &'static str) {
        let at = self.tasks.iter().position(|task| task.state.as_str() == state).expect("it runs");
        let activation = self.tasks.remove(at).activation;
        let failure = TaskFailure { kind: TaskErrorKind::Reported, problem: Problem::new(code, code) };
        self.feed(Input::TaskFinished { activation, result: Err(failure) }).unwrap();
    }

    /// The states at which tasks run.
    pub(crate) fn running(&self) -> Vec<&str> {
        self.tasks.iter().map(|task| task.state.as_str()).collect()
    }

    /// The active steps by their addresses.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.run.active_steps().iter().map(address).collect()
    }

    /// Where flows stand, by the number of their activation.
    pub(crate) fn positions(&self) -> BTreeMap<u64, String> {
        let parsed = parse(&self.run.to_snapshot());
        let flows = parsed["flows"].as_array().unwrap().iter();
        let positions = flows.filter_map(|flow| {
            flow["position"].as_object()?.iter().next().map(|(kind, at)| {
                (
                    at["activation"].as_u64().unwrap(),
                    format!("{kind}{}", if at.get("due").is_some() { "+due" } else { "" }),
                )
            })
        });
        positions.collect()
    }

    /// Ends the running task with writes to variables.
    pub(crate) fn finish(&mut self, writes: &[(&str, Value)]) {
        let write = |(name, value): &(&str, Value)| TaskWrite {
            target: WriteTarget::Var((*name).into()),
            value: value.clone(),
        };
        let result = Ok(writes.iter().map(write).collect::<Vec<_>>().into());
        let activation = self.end_task();
        self.feed(Input::TaskFinished { activation, result }).unwrap();
    }

    /// Ends the running task badly.
    pub(crate) fn fail_task(&mut self, failure: TaskFailure) {
        let activation = self.end_task();
        self.feed(Input::TaskFinished { activation, result: Err(failure) }).unwrap();
    }

    pub(crate) fn try_submit(&mut self, submission: Submission) -> Result<Effects, Refused> {
        self.feed(Input::StepSubmitted(submission))
    }

    pub(crate) fn submit(&mut self, step: &str, payload: Value) {
        self.try_submit(submission(step, payload)).unwrap();
    }

    pub(crate) fn cancel(&mut self) -> Result<Effects, Refused> {
        self.feed(Input::CancelRequested { if_head: None, traceparent: None })
    }

    pub(crate) fn outcome(&self) -> &JourneyOutcome {
        self.run.outcome().expect("the run has ended")
    }

    pub(crate) fn output(&self) -> &Value {
        assert_eq!(self.run.phase(), Phase::Succeeded, "{:?}", self.outcome().error);
        &self.outcome().output
    }

    /// Code and reason of the failure.
    pub(crate) fn error(&self) -> (&str, &str) {
        let error = self.outcome().error.as_ref().expect("the run has failed");
        (&error.code, &error.reason)
    }

    pub(crate) fn problem(&self) -> &Value {
        self.outcome().error.as_ref().and_then(|error| error.problem.as_ref()).expect("a problem")
    }

    pub(crate) fn steps(&self) -> Vec<&str> {
        self.run.active_steps().iter().map(|step| step.step_id.as_str()).collect()
    }

    pub(crate) fn state(&self) -> String {
        self.run.status().current_state.to_string()
    }

    /// The log in short: a status as its state with the active steps, the outcome as its phase.
    pub(crate) fn story(&self) -> Vec<String> {
        let status = |status: &JourneyStatus| {
            let steps: Vec<_> = status.active_steps.iter().map(|step| step.step_id.as_str()).collect();
            format!("{} [{}]", status.current_state, steps.join(" "))
        };
        let entries = self.log.iter().map(|entry| match &entry.document {
            LogDocument::Status(document) => status(document),
            LogDocument::Outcome(outcome) => outcome.phase.to_string(),
        });
        entries.collect()
    }
}

/// Applies one input to a run as it would be applied in a world, and leaves the world as it is.
pub(crate) fn apply_to(world: &World, run: &mut Run, input: Input) -> Result<Effects, Refused> {
    let env = Env::new(world.now, 0, &world.epoch, &world.platform, &world.limits);
    apply(&world.program, run, input, &env)
}

pub(crate) fn any(step: &str) -> StepTarget {
    StepTarget::Any(StepRef::parse(step).unwrap())
}

pub(crate) fn submission(step: &str, payload: Value) -> Submission {
    Submission::new(any(step), payload, caller())
}

pub(crate) fn head(epoch: Option<&str>, seq: u64) -> HeadCondition {
    HeadCondition { epoch: epoch.map(|epoch| Epoch::parse(epoch).unwrap()), seq }
}

/// The id of the compensation of the run.
fn second_id() -> JourneyId {
    JourneyId::parse("r2").unwrap()
}

fn address(step: &ActiveStep) -> String {
    step.address.clone().unwrap_or_else(|| step.step_id.to_string())
}

/// A snapshot as JSON, behind the number of its format.
fn parse(snapshot: &[u8]) -> Value {
    let mut parser = serde_json::Deserializer::from_slice(&snapshot[1..]);
    parser.disable_recursion_limit();
    exact_json::read(&mut parser).unwrap()
}

/// Kind and status of a refusal.
pub(crate) fn refusal(result: Result<Effects, Refused>) -> (&'static str, u16, Problem) {
    let error: EngineError = result.unwrap_err().into();
    (error.kind().slug(), error.kind().status(), error.into_problem())
}

/// The problem type of a run failure.
pub(crate) fn urn(slug: &str) -> String {
    format!("urn:journeyforge:error:{slug}")
}
