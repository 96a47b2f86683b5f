//! What happens to runs without anybody asking: results of tasks, due times, recovery.

use std::sync::Arc;
use std::time::Duration;

use jf_machine::{Effect, Input, pending_effects};
use tokio::sync::oneshot;

use super::active::ActiveRun;
use super::message::{Message, TaskFinished};
use super::turn::Turn;
use crate::clock::after;
use crate::load::Work;
use crate::tasks;
use crate::work::perform;

/// Pause after the first failure; doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Turn {
    /// A task has ended. Its result is dropped when its activation is gone (TSK-013).
    pub(super) async fn task_finished(&mut self, finished: TaskFinished) {
        let TaskFinished { activation, result, notification, took, segment } = finished;
        let in_flight = self.cell().tasks.len();
        self.cell().tasks.retain(|(other, _)| *other != activation);
        if self.cell().tasks.len() == in_flight || self.load().await.is_err() {
            // Abandoned just before it ended, or lost with the store: it is run again then.
            return;
        }
        let mut transaction = self.transaction();
        self.apply_overdue(&mut transaction).await;
        transaction.task = Some((segment, took));
        // Results are dropped, never refused.
        let counted = self.apply(Input::TaskFinished { activation, result }, &mut transaction).await;
        if self.commit(transaction).await.is_ok()
            && counted.unwrap_or(false)
            && let Some(job) = notification
        {
            tasks::in_background(self.shared(), self.id(), job);
        }
    }

    /// Applies what is due.
    pub(super) async fn wake(&mut self, done: oneshot::Sender<()>) {
        if self.load().await.is_err() {
            return;
        }
        let mut transaction = self.transaction();
        if self.apply_overdue(&mut transaction).await && self.commit(transaction).await.is_ok() {
            let _ = done.send(());
        }
    }

    /// Finds out what is pending and does it: what is overdue, the rest of a stretch of pure states, tasks whose result is not
    /// known (ENG-101).
    pub(super) async fn recover(&mut self) {
        self.cell().recovering = false;
        if self.load().await.is_err() {
            return;
        }
        let mut transaction = self.transaction();
        self.apply_overdue(&mut transaction).await;
        // Without effect unless pure states are left to run.
        let _ = self.apply(Input::Resume, &mut transaction).await;
        if !self.recover_companion(&mut transaction).await {
            return;
        }
        if self.commit(transaction).await.is_err() {
            return;
        }
        let shared = Arc::clone(self.shared());
        let now = shared.clock.now();
        let loaded = self.loaded();
        let run = loaded.run();
        if run.is_pending() {
            let in_motion = run.in_motion();
            let pending = pending_effects(&loaded.deployed.program, run, &shared.env(&loaded.deployed, now));
            if in_motion {
                self.cell().motion.get_or_insert_with(|| shared.load.enter(Work::Motion));
            }
            for effect in pending {
                match effect {
                    Effect::RunTask(order)
                        if !self.cell().tasks.iter().any(|(running, _)| *running == order.activation) =>
                    {
                        self.start_task(*order);
                    }
                    Effect::CheckSchedule(order) => self.ask_for_schedule(order),
                    _ => {}
                }
            }
        }
        let run = self.loaded().run();
        if let Some(due) = run.next_due() {
            shared.alarm.set(due);
        }
        // What a commit of unknown fate has left to others: they look for themselves what there is to do.
        if let Some(companion) = run.compensated_by(run.seq()).cloned() {
            self.tell(&companion, Message::Recover);
        }
        self.tell_end_of_compensation();
    }
}

impl ActiveRun {
    /// Looks at the run once more, in the turn that goes on.
    pub(super) fn recover_now(self: &Arc<Self>) {
        if let Some(turn) = self.post(Message::Recover) {
            perform(turn.drive(), &self.shared().runtime);
        }
    }

    /// Looks at the run again after a pause that grows with the failures before.
    pub(super) fn recover_later(self: &Arc<Self>, failures: u32) {
        let pause = FIRST_PAUSE.saturating_mul(1 << failures.min(16)).min(LONGEST_PAUSE);
        let until = after(self.shared().clock.now(), pause);
        let active = Arc::clone(self);
        self.shared().runtime.spawn(async move {
            active.shared().clock.sleep_until(until).await;
            if let Some(turn) = active.post(Message::Recover) {
                turn.drive().await;
            }
        });
    }
}
