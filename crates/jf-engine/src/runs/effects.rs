//! What is done once a commit holds.

use std::sync::Arc;

use http::HeaderMap;
use jf_core::Caller;
use jf_machine::{Effect, SegmentId, TaskOrder};
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::cell::Segment;
use super::message::{Message, TaskFinished};
use super::replies::Waiter;
use super::turn::Turn;
use crate::load::Work;
use crate::tasks::{self, Outset};
use crate::telemetry;

impl Turn {
    /// Tells everybody whom the commit concerns, and performs the effects.
    pub(super) fn committed(&mut self, due: Option<Timestamp>, effects: Vec<Effect>) {
        let shared = Arc::clone(&self.shared);
        let run = self.loaded().run();
        let (seq, in_motion) = (run.seq(), run.in_motion());
        shared.watches.publish(self.id(), seq);
        if let Some(due) = due {
            shared.alarm.set(due);
        }
        let cell = self.cell();
        match (in_motion, &cell.motion) {
            (true, None) => cell.motion = Some(shared.load.enter(Work::Motion)),
            (false, Some(_)) => cell.motion = None,
            _ => {}
        }
        for effect in effects {
            match effect {
                Effect::RunTask(order) => self.start_task(*order),
                Effect::AbandonTask { activation } => {
                    self.cell().tasks.retain(|(other, _)| *other != activation);
                }
                Effect::Report(fact) => {
                    let loaded = self.loaded();
                    telemetry::report(loaded.deployed.program.identity(), loaded.run(), &fact);
                }
                Effect::StartCompensation(order) => self.start_compensation(*order),
                // The rest belonged into the commit.
                _ => {}
            }
        }
        self.tell_end_of_compensation();
        self.answer_waiters();
        let cell = self.cell();
        cell.retry_held = !cell.held.is_empty();
    }

    /// Remembers the inbound request of a segment while it goes on (TSK-008, HTTP-041).
    pub(super) fn remember(&mut self, id: SegmentId, caller: Caller, passthrough: HeaderMap) {
        if !self.loaded().run().has_stopped(id) {
            let passthrough = Arc::new(passthrough);
            self.cell().segments.push(Segment { id, caller, passthrough });
        }
    }

    /// Sends a task out. Its result comes back as a message.
    pub(super) fn start_task(&mut self, order: TaskOrder) {
        let (running, abandoned) = oneshot::channel();
        let (shared, active) = (Arc::clone(&self.shared), Arc::clone(&self.active));
        let definition = self.loaded().deployed.program.identity().clone();
        let journey_id = self.id().clone();
        let segment = self.cell().segments.iter().find(|segment| segment.id == order.segment);
        let outset = Outset {
            definition,
            journey_id,
            caller: segment.map(|segment| segment.caller.clone()),
            passthrough: segment.map(|segment| Arc::clone(&segment.passthrough)).unwrap_or_default(),
        };
        let activation = order.activation;
        self.cell().tasks.push((activation, running));
        shared.runtime.clone().spawn(async move {
            let done = tokio::select! {
                biased;
                // The other side was dropped: the result would not count any more (TSK-013).
                _ = abandoned => return,
                done = tasks::run(&shared, order, outset) => done,
            };
            let message = TaskFinished { activation, result: done.result, notification: done.notification };
            // From here on it is a turn like any other, which nobody may drop.
            if let Some(turn) = active.post(&shared, Message::TaskFinished(Box::new(message))) {
                turn.drive().await;
            }
        });
    }

    /// Answers the callers whose segment is over.
    fn answer_waiters(&mut self) {
        if self.cell().waiters.is_empty() && self.cell().segments.is_empty() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let (snapshot, deployed) = {
            let loaded = self.loaded();
            (Arc::clone(&loaded.snapshot), Arc::clone(&loaded.deployed))
        };
        let run = &snapshot.0;
        let cell = self.cell();
        cell.segments.retain(|segment| !run.has_stopped(segment.id));
        let stopped = |waiter: &mut Waiter| match waiter {
            Waiter::Start(_) => run.is_settled(),
            Waiter::Step { segment, .. } => run.has_stopped(*segment),
        };
        for waiter in cell.waiters.extract_if(.., stopped) {
            match waiter {
                Waiter::Start(waiters) => waiters.answer(shared.start_reply(&deployed, run)),
                Waiter::Step { segment, step, waiters } => {
                    waiters.answer(shared.step_reply(&deployed, run, &step, Some(segment)))
                }
            }
        }
    }
}
