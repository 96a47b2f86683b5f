//! Compensation: what follows the end of a run that did not go well (DEF-095 to DEF-098, ENG-090 to ENG-097).
//!
//! It is a run of its own with an id of its own, reserved when the main run is created: however often a crash makes an engine start
//! it again, it is the same run.

use std::fmt;
use std::sync::Arc;

use jf_core::spi::{Bindings, Compensated, Platform};
use jf_core::{JourneyId, JourneyOutcome, TerminationKind, exact_json};
use jf_dsl::{CompensationMode, JsonPath, Spec};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::link::{Expr, Linker};
use crate::machine::Machine;
use crate::measure::compact_len;
use crate::program::ScopeIndex;
use crate::root::{Compensates, Root};
use crate::{Effect, Fact, Program, Run};

/// The names bound inside of compensation, and where it is decided upon (EXP-011).
pub(crate) const BOUND: &[&str] = &["outcome", "output"];

/// The linked `spec.compensation`.
#[derive(Debug)]
pub(crate) struct LinkedCompensation {
    pub(crate) scope: ScopeIndex,
    pub(crate) mode: CompensationMode,
    /// Rules for successes; `None` always matches.
    also_for: Vec<Option<Expr>>,
}

/// How far the compensation of a run is.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Following {
    /// The id it has, or would have.
    pub(crate) id: JourneyId,
    pub(crate) stage: Stage,
    /// The number of the event that began it.
    #[serde(default)]
    pub(crate) since: Option<u64>,
}

/// Stages of a compensation, seen from the run it follows.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Stage {
    /// The run has not ended, or has ended well.
    Reserved,
    /// It is to be started. Kept until it is known to be durable (ENG-096).
    Owed(Owed),
    /// It is a run of its own.
    Begun,
}

/// What a compensation begins with.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Owed {
    /// The context at termination (ENG-091).
    #[serde(deserialize_with = "exact_json::read")]
    pub(crate) context: Arc<Value>,
    pub(crate) seen: Arc<Compensated>,
}

/// A compensation to start: a run of the same version, made with [`Run::compensation`]. Its `Debug` form shows no contexts.
#[derive(Clone)]
#[non_exhaustive]
pub struct CompensationOrder {
    /// Its address, the same however often it is ordered. If that run exists, there is nothing to start.
    pub journey_id: JourneyId,
    /// The run it compensates, to be told of its start and its end.
    pub compensates: JourneyId,
    pub(crate) owed: Owed,
}

impl fmt::Debug for CompensationOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompensationOrder")
            .field("journey_id", &self.journey_id)
            .field("compensates", &self.compensates)
            .finish_non_exhaustive()
    }
}

impl LinkedCompensation {
    pub(crate) fn link(spec: &Spec, linker: &mut Linker<'_>) -> Option<Self> {
        let compensation = spec.compensation.as_ref()?;
        let path = JsonPath::root().member("spec").member("compensation");
        let scope = linker.reserve();
        linker.binding(BOUND, |linker| {
            let path = path.clone().member("states");
            linker.scope(scope, &compensation.start, &compensation.states, &path);
        });
        let rules = compensation.also_for.iter().enumerate().map(|(at, rule)| {
            let path =
                path.clone().member("alsoFor").index(at).member("when").member("predicate").member("expr");
            rule.when.predicate.as_ref().and_then(|predicate| linker.predicate(predicate, BOUND, &path))
        });
        let also_for = rules.collect();
        Some(Self { scope, mode: compensation.mode, also_for })
    }
}

impl Machine<'_> {
    /// What the compensation of the run begins with, if its end calls for one: any end other than success does, a success if a rule
    /// of `alsoFor` matches (ENG-090). A compensation has none itself (ENG-095).
    pub(crate) fn owed(
        &mut self,
        termination: TerminationKind,
        outcome: &JourneyOutcome,
        state: &str,
        context: &Arc<Value>,
    ) -> Option<Owed> {
        let program = self.program;
        let compensation = program.compensation.as_ref()?;
        self.run.compensation.as_ref()?;
        let seen = Compensated::new(outcome_binding(termination, outcome, state), outcome.output.clone());
        let matches = termination != TerminationKind::Success
            || compensation.also_for.iter().any(|rule| self.rule_matches(rule.as_ref(), context, &seen));
        matches.then(|| Owed { context: Arc::clone(context), seen: Arc::new(seen) })
    }

    /// A rule whose predicate fails does not match (EXP-042).
    fn rule_matches(&mut self, rule: Option<&Expr>, context: &Value, seen: &Compensated) -> bool {
        let Some(predicate) = rule else { return true };
        let (platform, seed) = (self.platform_for(predicate), self.next_seed());
        let platform = platform.as_deref().map_or(&Value::Null, Platform::document);
        let bindings = Bindings::new(context, platform);
        let bindings = bindings.with_payload(&Value::Null).with_compensated(Some(seen));
        predicate.bound.test(&bindings, self.env.now, seed).unwrap_or_else(|error| {
            self.expression_failed(None, "alsoFor predicate", predicate, &error);
            false
        })
    }

    /// Asks for the compensation, in the commit that ends the run or makes it wait (ENG-096).
    pub(crate) fn follow_up(&mut self, owed: Owed) {
        let (seq, of) = (self.run.seq, self.run.journey_id.clone());
        let Some(following) = &mut self.run.compensation else { return };
        following.since = Some(seq);
        following.stage = Stage::Owed(owed.clone());
        let id = following.id.clone();
        self.report(Fact::CompensationStarted(id.clone()));
        let order = CompensationOrder { journey_id: id, compensates: of, owed };
        self.push(Effect::StartCompensation(Box::new(order)));
    }

    /// The compensation is a run of its own now: its beginning need not be kept any more.
    pub(crate) fn compensation_started(&mut self) {
        if let Some(following) = &mut self.run.compensation
            && matches!(following.stage, Stage::Owed(_))
        {
            following.stage = Stage::Begun;
            self.set_changed();
        }
    }

    /// The compensation has ended: an outcome that waited for it is published, whatever came of it (ENG-092, ENG-093).
    pub(crate) fn compensation_ended(&mut self) {
        let Some(end) = self.run.ending.take() else { return self.compensation_started() };
        self.begin_trigger();
        if let Some(following) = &mut self.run.compensation {
            following.stage = Stage::Begun;
        }
        self.publish(*end);
    }
}

impl Run {
    /// A compensation run to which nothing has happened yet. It has a budget of its own, neither tags nor attributes, and sees no
    /// inbound request (ENG-094, ENG-095, HTTP-041). `None` when the definition was replaced by one without compensation (DEF-029).
    #[must_use]
    pub fn compensation(program: &Program, order: CompensationOrder, env: &crate::Env<'_>) -> Option<Self> {
        let start = program.start_of(program.compensation.as_ref()?.scope).place();
        let CompensationOrder { journey_id, compensates, owed } = order;
        // The limits may have shrunk since: a context beyond them can still be read, and every write to it fails.
        let weight = compact_len(&owed.context, env.limits.depth()).unwrap_or(usize::MAX);
        let mut run = Self::at(program, start, journey_id, (owed.context, weight), env);
        run.root = Root::Compensation(Box::new(Compensates { run: compensates, seen: owed.seen }));
        Some(run)
    }

    /// The run it compensates, if it is a compensation: it is left out of lists, and not cancelled by users (ENG-094).
    #[must_use]
    pub fn compensates(&self) -> Option<&JourneyId> {
        match &self.root {
            Root::Compensation(of) => Some(&of.run),
            Root::States | Root::Guard { .. } => None,
        }
    }

    /// Its compensation, once it has begun with the event of that number or one before (HTTP-050).
    #[must_use]
    pub fn compensated_by(&self, seq: u64) -> Option<&JourneyId> {
        let following = self.compensation.as_ref()?;
        following.since.filter(|since| *since <= seq).map(|_| &following.id)
    }

    /// Whether it has come to its end and waits for its compensation to publish it (ENG-092).
    #[must_use]
    pub const fn awaits_compensation(&self) -> bool {
        self.ending.is_some()
    }

    /// The compensation whose end it waits for. That may have come unnoticed, should it have been the last commit before a crash.
    #[must_use]
    pub fn awaited_compensation(&self) -> Option<&JourneyId> {
        self.ending.as_ref()?;
        self.compensation.as_ref().map(|following| &following.id)
    }

    /// Reserves the id of the compensation, if the definition has one.
    pub(crate) fn reserve_compensation(&mut self, program: &Program, id: impl FnOnce() -> JourneyId) {
        let compensation = program.compensation.as_ref();
        self.compensation =
            compensation.map(|_| Box::new(Following { id: id(), stage: Stage::Reserved, since: None }));
    }

    /// The compensation that is still to be begun: its run has ended, and was not told of it.
    #[must_use]
    pub fn owed_compensation(&self) -> Option<CompensationOrder> {
        let following = self.compensation.as_ref()?;
        let Stage::Owed(owed) = &following.stage else { return None };
        let (journey_id, compensates) = (following.id.clone(), self.journey_id.clone());
        Some(CompensationOrder { journey_id, compensates, owed: owed.clone() })
    }
}

/// `outcome` as compensation sees it (ENG-091).
fn outcome_binding(termination: TerminationKind, outcome: &JourneyOutcome, state: &str) -> Value {
    let error = outcome.error.as_ref().map_or(Value::Null, |error| {
        let mut members = Map::new();
        members.insert("code".to_owned(), Value::from(error.code.as_str()));
        members.insert("reason".to_owned(), Value::from(error.reason.as_str()));
        Value::Object(members)
    });
    let mut members = Map::new();
    let text = |text: &str| Value::from(text);
    members.insert("phase".to_owned(), text(outcome.phase.as_str()));
    members.insert("terminationKind".to_owned(), text(termination.as_str()));
    members.insert("error".to_owned(), error);
    members.insert("terminatedAtState".to_owned(), text(state));
    members.insert("journeyId".to_owned(), text(outcome.journey_id.as_str()));
    members.insert("journeyName".to_owned(), text(outcome.journey_name.as_str()));
    Value::Object(members)
}
