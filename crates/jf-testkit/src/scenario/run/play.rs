//! One scenario in one variant, step by step.

use std::collections::BTreeMap;

use jf_core::Head;
use jf_core::dsl::Span;
use jf_core::spi::Clock;

use super::super::format::{Action, CallExpected, FAILED, RequestParts, Step};
use super::super::report::{Failure, Verdict};
use super::super::{Deployment, Scenario, Variant};
use super::check;
use super::system::{Stuck, System, World};
use super::trail;
use crate::expected::{Bindings, DiffKind, DiffLine};
use crate::{Answer, CancelRun, Driver, DriverError, RecordedCall, Request, Run, Start, Submit};

/// A scenario that is being run.
pub(super) struct Play<'a> {
    scenario: &'a Scenario,
    deployment: &'a dyn Deployment,
    variant: &'a Variant,
    world: World,
    /// `None` for the moment of a restart.
    system: Option<System>,
    bindings: Bindings,
    /// Runs by name, in the order of their names, with the head that was seen last.
    runs: BTreeMap<String, (Run, Head)>,
}

/// What is wrong, before the trails are added.
pub(super) struct Wrong {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) diff: Vec<DiffLine>,
}

impl Wrong {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None, diff: Vec::new() }
    }
}

/// How a step ends when it does not go well.
enum Trouble {
    Wrong(Wrong),
    Skip(String),
    Broken(String),
}

impl From<Wrong> for Trouble {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl<'a> Play<'a> {
    /// Runs the scenario.
    pub(super) fn all(
        scenario: &'a Scenario,
        deployment: &'a dyn Deployment,
        variant: &'a Variant,
    ) -> Verdict {
        let mut play = match Self::begin(scenario, deployment, variant) {
            Ok(play) => play,
            Err(message) => return Verdict::Broken(message),
        };
        for (at, step) in scenario.steps.iter().enumerate() {
            match play.step(step) {
                Ok(()) => {}
                Err(Trouble::Wrong(wrong)) => {
                    return Verdict::Failed(Box::new(play.failure(at, step, wrong)));
                }
                Err(Trouble::Skip(reason)) => return Verdict::Skipped(reason),
                Err(Trouble::Broken(message)) => return Verdict::Broken(message),
            }
        }
        Verdict::Passed
    }

    fn begin(
        scenario: &'a Scenario,
        deployment: &'a dyn Deployment,
        variant: &'a Variant,
    ) -> Result<Self, String> {
        let mut world = World::new(scenario, variant)?;
        let system = System::begin(deployment, &mut world, variant.driver)?;
        let (bindings, runs) = (Bindings::default(), BTreeMap::new());
        Ok(Self { scenario, deployment, variant, world, system: Some(system), bindings, runs })
    }

    fn system(&self) -> &System {
        self.system.as_ref().expect("there is a system but for the moment of a restart")
    }

    fn step(&mut self, step: &Step) -> Result<(), Trouble> {
        match &step.action {
            Action::Advance(duration) => {
                let target = duration.after(self.world.clock.now());
                let target = target.ok_or_else(|| Wrong::new(step.span, "time ends before that"))?;
                self.system().advance_to(target).map_err(|stuck| stuck_at(step.span, stuck))?;
            }
            Action::Calls { expected, unordered } => self.calls(step.span, expected, *unordered)?,
            Action::Topics => return Err(Trouble::Skip("the host publishes to no topics".to_owned())),
            Action::Restart => self.restart()?,
            action => {
                let answer = self.ask(step.span, action)?;
                self.remember(action, &answer);
                check::answer(step, &answer, &mut self.bindings)?;
            }
        }
        self.system().settle().map_err(|stuck| stuck_at(step.span, stuck))?;
        if let Some((call, misfits)) = self.world.http.first_unmatched() {
            return Err(unexpected_call(step.span, &call, misfits).into());
        }
        if self.variant.restart && !matches!(step.action, Action::Restart) {
            // What is on its way is asked for again; to the scenario that is one call.
            self.world.http.take_back();
            self.restart()?;
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<(), Trouble> {
        self.system = None;
        let system = System::begin(self.deployment, &mut self.world, self.variant.driver);
        self.system = Some(system.map_err(|message| Trouble::Broken(format!("after a restart: {message}")))?);
        Ok(())
    }

    /// Sends a request through the first driver that carries it.
    fn ask(&self, span: Span, action: &Action) -> Result<Answer, Trouble> {
        let mut refusal = String::new();
        for driver in &self.system().drivers {
            let asked = self.system().ask(self.send(&**driver, span, action));
            match asked.map_err(|stuck| stuck_at(span, stuck))? {
                Ok(answer) => return Ok(answer),
                Err(Unsent::Wrong(wrong)) => return Err(wrong.into()),
                Err(Unsent::Driver(DriverError::NotCarried { .. })) => {}
                Err(Unsent::Driver(error)) => {
                    refusal = error.to_string();
                    break;
                }
            }
        }
        Err(Wrong::new(span, format!("there is no answer: {refusal}")).into())
    }

    async fn send(&self, driver: &dyn Driver, span: Span, action: &Action) -> Result<Answer, Unsent> {
        let request = |parts: &RequestParts| Request {
            headers: self.bindings.insert_pairs(&parts.headers),
            query: self.bindings.insert_pairs(&parts.query),
        };
        let text = |text: &str| self.bindings.insert_text(text);
        let key = |key: &Option<String>| key.as_deref().map(text);
        let answer = match action {
            Action::Start { journey, input, key: start_key, request: parts, .. } => {
                let mut start = Start::new(text(journey), self.bindings.insert_all(input));
                start.key = key(start_key);
                start.request = request(parts);
                driver.start(start).await
            }
            Action::Submit { run, step, payload, key: step_key, if_seq, request: parts } => {
                let (run, head) = self.run(run, span)?;
                let mut submit = Submit::new(&run, text(step), self.bindings.insert_all(payload));
                submit.key = key(step_key);
                submit.if_head = if_head(*if_seq, head, span)?;
                submit.request = request(parts);
                driver.submit(submit).await
            }
            Action::Outcome { run, request: parts } => {
                driver.outcome(&self.run(run, span)?.0, &request(parts)).await
            }
            Action::Status { run, request: parts } => {
                driver.status(&self.run(run, span)?.0, &request(parts)).await
            }
            Action::Cancel { run, key: cancel_key, if_seq, request: parts } => {
                let (run, head) = self.run(run, span)?;
                let mut cancel = CancelRun::new(&run);
                cancel.key = key(cancel_key);
                cancel.if_head = if_head(*if_seq, head, span)?;
                cancel.request = request(parts);
                driver.cancel(cancel).await
            }
            Action::List(parameters) => driver.list(&self.bindings.insert_pairs(parameters)).await,
            Action::CallApi { api, input, request: parts } => {
                driver.call_api(&text(api), self.bindings.insert_all(input), &request(parts)).await
            }
            Action::Events { run, after } => driver.events(&self.run(run, span)?.0, *after).await,
            Action::Advance(_) | Action::Calls { .. } | Action::Topics | Action::Restart => {
                return Err(Unsent::Wrong(Wrong::new(span, "this step sends nothing")));
            }
        };
        Ok(answer?)
    }

    /// The run of that name, or the one whose id was captured; the head that was seen last, if any.
    fn run(&self, name: &str, span: Span) -> Result<(Run, Option<Head>), Wrong> {
        if let Some(captured) = name.strip_prefix('$') {
            let id = self.bindings.insert_text(name);
            let by_id = self.runs.values().find(|(run, _)| run.id == id);
            let known = by_id.map(|(run, head)| (run.clone(), Some(head.clone())));
            let bound = self.bindings.get(captured).is_some();
            let unknown = || Wrong::new(span, format!("`{captured}` was not captured"));
            return known.or_else(|| bound.then(|| (Run::new("", id), None))).ok_or_else(unknown);
        }
        let found = self.runs.get(name).map(|(run, head)| (run.clone(), Some(head.clone())));
        found.ok_or_else(|| Wrong::new(span, format!("there is no run `{name}`: its start was refused")))
    }

    /// Keeps the run of a start, and the head of every answer.
    fn remember(&mut self, action: &Action, answer: &Answer) {
        let Some(head) = answer.seen().map(|seen| seen.head.clone()) else { return };
        match action {
            Action::Start { run: name, .. } => {
                // A document without the name of its journey is one of the journey that was asked for.
                if let Some(run) = answer.run() {
                    self.runs.insert(name.clone(), (run, head));
                }
            }
            Action::Submit { run, .. }
            | Action::Status { run, .. }
            | Action::Outcome { run, .. }
            | Action::Cancel { run, .. } => {
                if let Some((_, seen)) = self.runs.get_mut(run) {
                    *seen = head;
                }
            }
            _ => {}
        }
    }

    fn calls(&mut self, span: Span, expected: &[CallExpected], unordered: bool) -> Result<(), Wrong> {
        let actual = self.world.http.take_calls();
        let name = |call: &RecordedCall| call.rule.clone().unwrap_or_else(|| format!("{call:?}"));
        let mut found: Vec<String> = actual.iter().map(name).collect();
        let mut wanted: Vec<String> =
            expected.iter().flat_map(|call| std::iter::repeat_n(call.stub.clone(), call.times)).collect();
        if unordered {
            found.sort();
            wanted.sort();
        }
        if found == wanted {
            return Ok(());
        }
        let mut wrong = Wrong::new(span, "other calls were made");
        wrong.diff = check::lists(&wanted, &found);
        Err(wrong)
    }

    fn failure(&self, at: usize, step: &Step, wrong: Wrong) -> Failure {
        let path = jf_core::dsl::JsonPath::root().member("steps").index(at);
        let message = format!("step {}, {}: {}", at + 1, step.action.name(), wrong.message);
        let mut diagnostic = FAILED.diagnostic(path, message).at(&self.scenario.source, wrong.span);
        if let Some(help) = wrong.help {
            diagnostic = diagnostic.help(help);
        }
        let trails = self.system.as_ref().map(|system| trail::of(system, &self.runs)).unwrap_or_default();
        Failure::new(diagnostic, at + 1, step.action.name(), wrong.diff, trails)
    }
}

/// Why a request was not sent, or has no answer.
enum Unsent {
    Wrong(Wrong),
    Driver(DriverError),
}

impl From<Wrong> for Unsent {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl From<DriverError> for Unsent {
    fn from(error: DriverError) -> Self {
        Self::Driver(error)
    }
}

fn if_head(if_seq: Option<u64>, seen: Option<Head>, span: Span) -> Result<Option<Head>, Wrong> {
    let Some(seq) = if_seq else { return Ok(None) };
    let seen = seen.ok_or_else(|| Wrong::new(span, "`ifSeq` needs a run that the scenario has started"))?;
    Ok(Some(Head::new(seen.epoch, seq)))
}

fn stuck_at(span: Span, stuck: Stuck) -> Trouble {
    let message = match stuck {
        Stuck::Nothing => "there is no answer, and nothing that could bring one",
        Stuck::Endless => "there is no answer, however far time moves on",
        Stuck::Busy => "the system does not come to rest",
    };
    Wrong::new(span, message).into()
}

fn unexpected_call(span: Span, call: &RecordedCall, misfits: Vec<(String, String)>) -> Wrong {
    let mut wrong = Wrong::new(span, format!("no stub fits the call {} {}", call.method, call.url));
    let reasons: Vec<String> =
        misfits.into_iter().map(|(name, reason)| format!("`{name}`: {reason}")).collect();
    wrong.help = Some(if reasons.is_empty() {
        "add a stub that answers it".to_owned()
    } else {
        format!("not the stub {}", reasons.join("; not the stub "))
    });
    if let Some(body) = call.json() {
        wrong.diff =
            vec![DiffLine::new(DiffKind::Actual, format!("body: {}", crate::expected::short(&body)))];
    }
    wrong
}
