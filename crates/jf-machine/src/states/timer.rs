//! `timer`: parked until a time has come (02 §8).

use jf_core::run_fault;
use jf_dsl::{Given, IsoDuration, JsonPath, SiteClass, StateId, TimerDue, parse_rfc3339};
use jiff::Timestamp;

use super::{Index, Next};
use crate::failure::Failure;
use crate::flow::Position;
use crate::link::{Expr, Linker};
use crate::machine::Machine;
use crate::program::StateIndex;
use crate::{Fact, time};

/// A linked `timer` state.
#[derive(Debug)]
pub(crate) struct Timer {
    due: Due,
    pub(crate) next: StateIndex,
}

#[derive(Debug)]
enum Due {
    After(IsoDuration),
    AfterMapped(Expr),
    At(Timestamp),
    AtMapped(Expr),
}

impl Timer {
    pub(super) fn link(
        timer: &jf_dsl::Timer,
        path: &JsonPath,
        index: &Index,
        linker: &mut Linker<'_>,
    ) -> Option<Self> {
        let path = path.clone().member("timer");
        let due = match &timer.timer {
            TimerDue::Duration(Given::Literal(duration)) => Due::After(duration.clone()),
            TimerDue::Until(Given::Literal(at)) => Due::At(*at),
            TimerDue::Duration(Given::Mapper(mapper)) => {
                Due::AfterMapped(linker.mapper(mapper, SiteClass::Schedule, &path.member("duration"))?)
            }
            TimerDue::Until(Given::Mapper(mapper)) => {
                Due::AtMapped(linker.mapper(mapper, SiteClass::Schedule, &path.member("until"))?)
            }
        };
        Some(Self { due, next: linker.target(index, &timer.next) })
    }

    /// Computes the due time once (STA-077) and parks, unless the time has come already (STA-079).
    pub(super) fn enter(
        &self,
        id: &StateId,
        flow: usize,
        machine: &mut Machine<'_>,
    ) -> Result<Next, Failure> {
        let due = self.due_at(id, flow, machine)?;
        if due <= machine.now() {
            return Ok(Next::Go(self.next));
        }
        let due = machine.clamp(time::ceil(due));
        let activation = machine.activate();
        machine.arm(activation, due);
        machine.report(Fact::TimerArmed(id.clone(), due));
        Ok(Next::Stop(Position::Timer { activation, due }))
    }

    fn due_at(&self, id: &StateId, flow: usize, machine: &mut Machine<'_>) -> Result<Timestamp, Failure> {
        let now = machine.now();
        let due = match &self.due {
            Due::At(at) => Some(*at),
            Due::After(duration) => duration.after(now),
            Due::AtMapped(mapper) => {
                machine.compute(id, "timer until", flow, mapper)?.as_str().and_then(parse_rfc3339)
            }
            Due::AfterMapped(mapper) => {
                let value = machine.compute(id, "timer duration", flow, mapper)?;
                let duration = value.as_str().and_then(|text| IsoDuration::parse(text).ok());
                duration.and_then(|duration| duration.after(now))
            }
        };
        due.ok_or_else(|| Failure::runtime(run_fault::TIMER_VALUE))
    }
}
