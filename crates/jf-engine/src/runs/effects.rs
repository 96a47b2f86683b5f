//! What is done once a commit holds.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use jf_core::Caller;
use jf_machine::{Effect, ScheduleOrder, SegmentId, TaskOrder};
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::cell::Segment;
use super::message::{Message, TaskFinished};
use super::replies::Waiter;
use super::turn::Turn;
use crate::load::Work;
use crate::tasks::{self, Done, Outset, Slot};
use crate::telemetry::Report;

impl Turn {
    /// Tells everybody whom the commit concerns, and performs the effects.
    pub(super) fn committed(
        &mut self,
        now: Timestamp,
        due: Option<Timestamp>,
        task: Option<(SegmentId, Duration)>,
        effects: Vec<Effect>,
    ) {
        let run = self.loaded().run();
        let (seq, in_motion, ended) = (run.seq(), run.in_motion(), run.outcome().is_some());
        self.shared().watches.publish(self.id(), seq, ended);
        if let Some(due) = due {
            self.shared().alarm.set(due);
        }
        match (in_motion, &self.cell().motion) {
            (true, None) => self.cell().motion = Some(self.shared().load.enter(Work::Motion)),
            (false, Some(_)) => self.cell().motion = None,
            _ => {}
        }
        let segment = task.map_or_else(|| self.loaded().run().last_segment(), |(segment, _)| segment);
        let span = self.segment_span(segment);
        for effect in effects {
            match effect {
                Effect::RunTask(order) => self.start_task(*order),
                Effect::AbandonTask { activation } => {
                    self.cell().tasks.retain(|(other, _)| *other != activation);
                }
                Effect::Report(fact) => {
                    let (shared, loaded) = self.shared_and_loaded();
                    let report = Report {
                        deployed: &loaded.deployed,
                        run: loaded.run(),
                        now,
                        took: task.map(|(_, took)| took),
                        metrics: &shared.metrics,
                    };
                    span.in_scope(|| report.fact(&fact));
                }
                Effect::CheckSchedule(order) => self.ask_for_schedule(order),
                // The rest belonged into the commit.
                _ => {}
            }
        }
        self.note_in_spans(&span);
        self.tell_end_of_compensation();
        self.answer_waiters();
        let cell = self.cell();
        cell.retry_held = !cell.held.is_empty();
    }

    /// Remembers the inbound request of a segment while it goes on (TSK-008, HTTP-041).
    pub(super) fn remember(&mut self, id: SegmentId, caller: Caller, passthrough: HeaderMap) {
        if !self.loaded().run().has_stopped(id) {
            let inbound = Some((caller, Arc::new(passthrough)));
            self.cell().segments.push(Segment { id, inbound, span: None });
        }
    }

    /// Has this very turn look for a schedule, once it has done what it is at.
    pub(super) fn ask_for_schedule(&self, order: Box<ScheduleOrder>) {
        let none = self.active.post(Message::CheckSchedule(order));
        debug_assert!(none.is_none(), "this turn goes on");
    }

    /// Sends a task out. Its result comes back as a message.
    pub(super) fn start_task(&mut self, order: TaskOrder) {
        let (running, abandoned) = oneshot::channel();
        let (shared, active) = (Arc::clone(self.shared()), Arc::clone(&self.active));
        let definition = self.loaded().deployed.program.identity().clone();
        let journey_id = self.id().clone();
        let origin = self.origin(order.segment);
        let span = shared.spans.task(&self.segment_span(order.segment), &order.state, &order.kind);
        let trace = shared.spans.outbound(&span, &origin, shared.numbers.seed());
        let (caller, passthrough) = self.inbound(order.segment).cloned().unzip();
        let passthrough = passthrough.unwrap_or_default();
        let outset = Outset { definition, journey_id, caller, passthrough, slot: Slot::PerTask, trace, span };
        let (activation, segment) = (order.activation, order.segment);
        self.cell().tasks.push((activation, running));
        shared.runtime.clone().spawn(async move {
            let done = tokio::select! {
                biased;
                // The other side was dropped: the result would not count any more (TSK-013).
                _ = abandoned => return,
                done = tasks::run(&shared, order, outset) => done,
            };
            let Done { result, notification, took } = done;
            let message = TaskFinished { activation, result, notification, took, segment };
            // From here on it is a turn like any other, which nobody may drop.
            if let Some(turn) = active.post(Message::TaskFinished(Box::new(message))) {
                turn.drive().await;
            }
        });
    }

    /// Answers the callers whose segment is over.
    fn answer_waiters(&mut self) {
        if self.cell().waiters.is_empty() && self.cell().segments.is_empty() {
            return;
        }
        let shared = Arc::clone(self.shared());
        let (snapshot, deployed) = {
            let loaded = self.loaded();
            (Arc::clone(&loaded.snapshot), Arc::clone(&loaded.deployed))
        };
        let run = &snapshot.0;
        let cell = self.cell();
        cell.segments.retain(|segment| !run.has_stopped(segment.id));
        let stopped = |waiter: &mut Waiter| match waiter {
            Waiter::Start(_) | Waiter::Cancel(_) => run.is_settled(),
            Waiter::Step { segment, .. } => run.has_stopped(*segment),
        };
        for waiter in cell.waiters.extract_if(.., stopped) {
            match waiter {
                Waiter::Start(waiters) => waiters.answer(shared.start_reply(&deployed, run)),
                Waiter::Cancel(waiters) => waiters.answer(Box::new(shared.status(&deployed, run))),
                Waiter::Step { segment, address, waiters } => {
                    waiters.answer(shared.step_reply(&deployed, run, &address, Some(segment)))
                }
            }
        }
    }
}
