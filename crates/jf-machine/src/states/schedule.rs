//! `schedule:v1`: has runs of the journey start by time (04 §12). The one core kind without a plugin.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use jf_core::run_fault;
use jf_core::spi::ScheduleIdentity;
use jf_dsl::{Given, IsoDuration, JsonPath, Mapper, OnExisting, SiteClass, StateId, TaskKind, parse_rfc3339};
use jiff::Timestamp;
use serde_json::{Number, Value};

use super::task::handed_out;
use super::{Index, Next};
use crate::failure::Failure;
use crate::link::{Expr, Linker};
use crate::machine::Machine;
use crate::measure::compact_len;
use crate::program::StateIndex;
use crate::schedule::{Plan, without_payload};
use crate::{ActivationId, Effect, Fact, PutMode, Schedule, ScheduleEvent, time};

/// A linked `schedule:v1` task.
#[derive(Debug)]
pub(crate) struct ScheduleTask {
    kind: TaskKind,
    start: StateId,
    interval: OrMapped<IsoDuration>,
    max_runs: OrMapped<NonZeroU64>,
    start_at: Option<OrMapped<Timestamp>>,
    subject: Option<Expr>,
    context: Option<Expr>,
    on_existing: OnExisting,
    next: StateIndex,
}

/// A value that is known, or computed.
#[derive(Debug)]
enum OrMapped<T> {
    Literal(T),
    Mapped(Expr),
}

/// A schedule that a task wants: to be held against those that are there, then given back with
/// [`Input::ScheduleChecked`](crate::Input::ScheduleChecked). Its `Debug` form shows neither context nor subject.
#[derive(Clone)]
#[non_exhaustive]
pub struct ScheduleOrder {
    /// Names the result; part of the run, hence the same when the order is repeated after a crash.
    pub activation: ActivationId,
    /// The state.
    pub state: StateId,
    identity: Option<ScheduleIdentity>,
    plan: Result<(ScheduleIdentity, Plan), Failure>,
}

impl ScheduleOrder {
    /// The identity whose newest schedule is wanted; `None` when it makes no difference to what comes of the order.
    #[must_use]
    pub const fn identity(&self) -> Option<&ScheduleIdentity> {
        self.identity.as_ref()
    }
}

impl fmt::Debug for ScheduleOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScheduleOrder")
            .field("activation", &self.activation)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl ScheduleTask {
    pub(super) fn link(
        task: &jf_dsl::Task,
        schedule: &jf_dsl::Schedule,
        path: &JsonPath,
        index: &Index,
        linker: &mut Linker<'_>,
    ) -> Option<Self> {
        let path = path.clone().member("task");
        let mut mapper = |mapper: &Mapper, member: &str| {
            linker.mapper(mapper, SiteClass::Schedule, &path.clone().member(member))
        };
        let interval = given(&schedule.interval, |of| mapper(of, "interval"));
        let max_runs = given(&schedule.max_runs, |of| mapper(of, "maxRuns"));
        let start_at = schedule.start_at.as_ref().map(|start_at| given(start_at, |of| mapper(of, "startAt")));
        let subject = schedule.subject_id.as_ref().map(|of| mapper(of, "subjectId"));
        let context = schedule.context.as_ref().map(|of| mapper(of, "context"));
        Some(Self {
            kind: task.task.to_kind(),
            start: schedule.start.clone(),
            interval: interval?,
            max_runs: max_runs?,
            // What is there and has a fault makes the whole faulty.
            start_at: start_at.map_or(Some(None), |value| value.map(Some))?,
            subject: subject.map_or(Some(None), |value| value.map(Some))?,
            context: context.map_or(Some(None), |value| value.map(Some))?,
            on_existing: schedule.on_existing,
            next: linker.target(index, &task.next),
        })
    }

    /// Asks what schedules there are. The run records it first, so that a crash repeats it (ENG-101).
    pub(super) fn enter(&self, id: &StateId, flow: usize, machine: &mut Machine<'_>) -> Next {
        let activation = machine.activate();
        let order = self.order(id, flow, activation, machine);
        handed_out(id, &self.kind, activation, Effect::CheckSchedule(Box::new(order)), machine)
    }

    /// What the task wants, with every value computed.
    pub(crate) fn order(
        &self,
        id: &StateId,
        flow: usize,
        activation: ActivationId,
        machine: &mut Machine<'_>,
    ) -> ScheduleOrder {
        let plan = self.plan(id, flow, machine);
        let looked_up = (self.on_existing != OnExisting::AddAnother).then_some(&plan);
        let identity = looked_up.and_then(|plan| Some(plan.as_ref().ok()?.0.clone()));
        ScheduleOrder { activation, state: id.clone(), identity, plan }
    }

    /// Puts the schedule into the commit, or fails because there is one (TSK-104, TSK-105).
    pub(crate) fn finish(
        &self,
        order: ScheduleOrder,
        existing: Option<Schedule>,
        machine: &mut Machine<'_>,
    ) -> Result<StateIndex, Failure> {
        let (state, kind, activation) = (order.state, self.kind.clone(), order.activation);
        let put = order.plan.and_then(|(identity, plan)| {
            let now = machine.now();
            match (self.on_existing, existing) {
                (OnExisting::Fail, Some(_)) => Err(Failure::reported(run_fault::SCHEDULE_EXISTS)),
                (OnExisting::Upsert, Some(existing)) => Ok((existing.replaced(plan, now), PutMode::Replace)),
                (on_existing, _) => {
                    let another = on_existing == OnExisting::AddAnother;
                    let mode = if another { PutMode::Another } else { PutMode::Only };
                    Ok((Schedule::new(machine.schedule_id(activation), identity, plan, now), mode))
                }
            }
        });
        match put {
            Ok((schedule, mode)) => {
                let replaced = mode == PutMode::Replace;
                let event = if replaced { ScheduleEvent::Replaced } else { ScheduleEvent::Added };
                machine.report(Fact::ScheduleChanged(schedule.id().clone(), event));
                machine.push(Effect::PutSchedule { schedule: Box::new(schedule), mode });
                machine.report(Fact::TaskCompleted(state, kind));
                Ok(self.next)
            }
            Err(failure) => {
                machine.report(Fact::TaskFailed(state, kind, failure.code().to_owned()));
                Err(failure)
            }
        }
    }

    fn plan(
        &self,
        id: &StateId,
        flow: usize,
        machine: &mut Machine<'_>,
    ) -> Result<(ScheduleIdentity, Plan), Failure> {
        let interval = match &self.interval {
            OrMapped::Literal(interval) => interval.clone(),
            OrMapped::Mapped(mapper) => {
                let value = machine.compute(id, "schedule interval", flow, mapper)?;
                let interval = value.as_str().and_then(|text| IsoDuration::parse(text).ok());
                interval.ok_or_else(|| invalid("`interval` must be an ISO-8601 duration"))?
            }
        };
        let max_runs = match &self.max_runs {
            OrMapped::Literal(max_runs) => *max_runs,
            OrMapped::Mapped(mapper) => {
                let value = machine.compute(id, "schedule maxRuns", flow, mapper)?;
                positive(&value).ok_or_else(|| invalid("`maxRuns` must be a positive integer"))?
            }
        };
        let start_at = match &self.start_at {
            None => None,
            Some(OrMapped::Literal(at)) => Some(*at),
            Some(OrMapped::Mapped(mapper)) => {
                let value = machine.compute(id, "schedule startAt", flow, mapper)?;
                let at = value.as_str().and_then(parse_rfc3339);
                Some(at.ok_or_else(|| invalid("`startAt` must be an RFC 3339 timestamp"))?)
            }
        };
        let subject = match &self.subject {
            None => None,
            Some(mapper) => match machine.compute(id, "schedule subjectId", flow, mapper)? {
                Value::String(text) if !text.is_empty() => Some(Arc::from(text)),
                _ => return Err(invalid("`subjectId` must be a non-empty string")),
            },
        };
        let context = match &self.context {
            None => machine.shared_context(flow),
            Some(mapper) => match machine.compute(id, "schedule context", flow, mapper)? {
                context @ Value::Object(_) => Arc::new(context),
                _ => return Err(invalid("`context` must be an object")),
            },
        };
        let context = without_payload(context);
        let limits = machine.limits();
        if interval.is_shorter_than(&limits.schedule_minimum) {
            return Err(invalid("`interval` is shorter than the platform allows"));
        }
        if compact_len(&context, limits.depth()).is_none_or(|bytes| bytes > limits.context_bytes) {
            return Err(invalid("`context` is larger than the platform allows"));
        }
        let definition = machine.program.identity().clone();
        let identity = ScheduleIdentity { definition, subject, start: self.start.clone() };
        let start_at = start_at.map(time::ceil);
        Ok((identity, Plan { interval, max_runs, start_at, context }))
    }
}

fn given<T: Clone>(given: &Given<T>, mapper: impl FnOnce(&Mapper) -> Option<Expr>) -> Option<OrMapped<T>> {
    Some(match given {
        Given::Literal(value) => OrMapped::Literal(value.clone()),
        Given::Mapper(of) => OrMapped::Mapped(mapper(of)?),
    })
}

fn invalid(why: &'static str) -> Failure {
    Failure::reported_because(run_fault::SCHEDULE_INVALID, why)
}

/// A positive integer, however its language writes it.
fn positive(value: &Value) -> Option<NonZeroU64> {
    let number = value.as_number()?;
    number.as_u64().or_else(|| whole(number)).and_then(NonZeroU64::new)
}

fn whole(number: &Number) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = number.as_f64().filter(|number| (0.0..=EXACT).contains(number) && number.fract() == 0.0)?;
    // Exact, as was just seen.
    Some(number as u64)
}
