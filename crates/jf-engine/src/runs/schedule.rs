//! What runs have to do with schedules: making them, being begun by them, and telling them of their end (05 §7).
//!
//! Nothing guards a schedule while it is worked with. What becomes of it stands in the commit of the run it concerns, together with the
//! revision it was read at; when another commit was quicker, it is read and worked with anew.

use std::sync::Arc;

use jf_core::{EngineError, JourneyId, ScheduleId};
use jf_machine::{Effect, Fact, Input, PutMode, Schedule, ScheduleEvent, ScheduleOrder};
use jf_store::{Commit, OutboxEntry, Revision, ScheduleChange, StoreError, StoreErrorKind};
use serde_json::Value;
use tokio::sync::oneshot;

use super::cell::Loaded;
use super::commit::NotCommitted;
use super::message::{BeginScheduled, Message};
use super::turn::Turn;
use crate::schedules::StoredAt;

/// The schedule that a transaction was computed from.
pub(super) enum Basis {
    /// A task has found it.
    Found(Revision),
    /// It has begun the run.
    Begun(Box<StoredAt>),
}

/// What a transaction does to schedules.
#[derive(Default)]
pub(super) struct ScheduleWork {
    pub(super) put: Option<(Box<Schedule>, PutMode)>,
    /// The schedule of the run that has ended, with what the run leaves to the next one.
    pub(super) ended: Option<(ScheduleId, Arc<Value>)>,
}

impl ScheduleWork {
    pub(super) const fn is_none(&self) -> bool {
        self.put.is_none() && self.ended.is_none()
    }
}

/// A change of a schedule with what is told of it.
struct Change {
    change: ScheduleChange,
    schedule: Schedule,
    events: Vec<ScheduleEvent>,
}

impl Turn {
    /// Answers a task that asks which schedule there is (TSK-104), as often as it takes to be right.
    pub(super) async fn check_schedule(&mut self, order: Box<ScheduleOrder>) {
        loop {
            if self.load().await.is_err() {
                return;
            }
            let found = match order.identity() {
                Some(identity) => self.shared().newest_schedule(identity).await,
                None => Ok(None),
            };
            let found = match found {
                Ok(found) => found,
                Err(error) => return drop(self.failed_to_read(&error)),
            };
            let before = self.loaded().standing();
            let mut transaction = self.transaction();
            self.apply_overdue(&mut transaction).await;
            transaction.basis = found.as_ref().map(|found| Basis::Found(found.revision));
            let existing = found.map(|found| Box::new(found.schedule));
            // Dropped when its activation is gone, never refused.
            let _ =
                self.apply(Input::ScheduleChecked { order: order.clone(), existing }, &mut transaction).await;
            match self.try_commit(transaction).await {
                Err(NotCommitted::Stale(cancelled)) => {
                    // Nothing of it has happened: the run is as it was, and what was asked of it meanwhile waits again.
                    self.loaded().put_back(before);
                    for cancel in cancelled {
                        let message = Message::Cancel(Box::new(cancel));
                        let none = self.active.post(message);
                        debug_assert!(none.is_none(), "this turn goes on");
                    }
                }
                Ok(_) | Err(NotCommitted::Failed(_)) => return,
            }
        }
    }

    /// Becomes the run that is due by a schedule (ENG-081), unless none is any more.
    pub(super) async fn begin_scheduled(&mut self, begin: BeginScheduled) {
        let BeginScheduled { schedule, done } = begin;
        let shared = Arc::clone(self.shared());
        let settled = |done: oneshot::Sender<()>| {
            // The scheduler may be gone with its engine.
            let _ = done.send(());
        };
        let mut known = match shared.schedule(&schedule).await {
            Ok(Some(known)) => known,
            Ok(None) => return settled(done),
            Err(error) => return tracing::warn!(%error, %schedule, "a schedule that is due cannot be read"),
        };
        let definition = known.schedule.identity().definition;
        let Some(deployed) = shared.deployment.version(&definition.name, &definition.version).cloned() else {
            if shared.let_rest(known).await {
                settled(done);
            }
            return;
        };
        let mut transaction = self.transaction();
        let env = shared.env(&deployed, transaction.now);
        let id = self.id().clone();
        let Some(run) = known.schedule.begin(&deployed.program, id, &env, JourneyId::random) else {
            // The clock was set back since the scheduler has looked at it.
            return;
        };
        transaction.basis = Some(Basis::Begun(Box::new(known)));
        self.cell().loaded = Some(Loaded::new(deployed, run));
        // A beginning is never refused.
        let _ = self.apply(Input::Begin, &mut transaction).await;
        match self.try_commit(transaction).await {
            Ok(_) => settled(done),
            Err(NotCommitted::Stale(_)) => {
                self.cell().loaded = None;
                settled(done);
            }
            Err(NotCommitted::Failed(_)) => {}
        }
    }

    /// Commits with what becomes of schedules. Gives the revision, and what is to be told of the schedules.
    ///
    /// # Errors
    /// As [`Store::commit`](jf_store::Store::commit). `StaleSchedule`: what the transaction was computed from is no more.
    pub(super) async fn commit_with_schedules(
        &mut self,
        commit: Commit,
        basis: Option<Basis>,
        work: ScheduleWork,
    ) -> Result<(Revision, Vec<Effect>), StoreError> {
        let shared = Arc::clone(self.shared());
        let mut changes = Vec::new();
        let mut ended = work.ended;
        let is_guess = match (basis, work.put) {
            (Some(Basis::Begun(known)), _) => {
                let (mut schedule, mut events) = (known.schedule, vec![ScheduleEvent::RunBegun]);
                if let Some((_, context)) = ended.take() {
                    // It came to its end without stopping anywhere.
                    self.end_run_of(&mut schedule, context, &mut events);
                }
                changes.push(Change::replace(schedule, known.revision, events));
                true
            }
            (basis, Some((mut schedule, mode))) => {
                let mut events = Vec::new();
                if let Some((_, context)) = ended.take_if(|(id, _)| id == schedule.id()) {
                    self.end_run_of(&mut schedule, context, &mut events);
                }
                changes.push(match (basis, mode) {
                    (Some(Basis::Found(revision)), PutMode::Replace) => {
                        Change::replace(*schedule, revision, events)
                    }
                    (_, mode) => Change::add(*schedule, mode != PutMode::Another, events),
                });
                true
            }
            (_, None) => false,
        };
        loop {
            let mut attempt = commit.clone();
            let mut all: Vec<Change> = Vec::new();
            if let Some((id, context)) = &ended
                && let Some(known) = shared.schedule(id).await?
                && known.schedule.running() == Some(self.id())
            {
                let (mut schedule, mut events) = (known.schedule, Vec::new());
                self.end_run_of(&mut schedule, Arc::clone(context), &mut events);
                all.push(Change::replace(schedule, known.revision, events));
            }
            let entries = changes.iter().chain(&all).map(|one| OutboxEntry::Schedule(one.change.clone()));
            attempt.outbox.extend(entries);
            match shared.store.commit(attempt).await {
                Ok(revision) => {
                    changes.append(&mut all);
                    let told = changes.into_iter().flat_map(|one| {
                        if let Some(due) = one.schedule.due().filter(|_| !one.schedule.is_exhausted()) {
                            shared.schedule_alarm.set(due);
                        }
                        let id = one.schedule.id().clone();
                        one.events
                            .into_iter()
                            .map(move |event| Effect::Report(Fact::ScheduleChanged(id.clone(), event)))
                    });
                    return Ok((revision, told.collect()));
                }
                // The end of the run counts whatever its schedule was: it is told anew.
                Err(error) if error.kind() == StoreErrorKind::StaleSchedule && !is_guess => {}
                Err(error) => {
                    // Should it hold nevertheless, something may be due.
                    shared.schedule_alarm.set(shared.clock.now());
                    return Err(error);
                }
            }
        }
    }

    /// The end of this run as its schedule takes it (ENG-084).
    fn end_run_of(&self, schedule: &mut Schedule, context: Arc<Value>, events: &mut Vec<ScheduleEvent>) {
        if schedule.run_ended(self.id(), context) {
            events.push(ScheduleEvent::RunEnded { ended: schedule.runs_ended() });
        }
        if schedule.is_exhausted() {
            events.push(ScheduleEvent::Exhausted);
        }
    }

    /// The store has failed before there was anything to commit.
    fn failed_to_read(&mut self, error: &StoreError) -> EngineError {
        self.failed(crate::shared::store_error(error), error.kind())
    }
}

impl Change {
    fn add(schedule: Schedule, sole: bool, events: Vec<ScheduleEvent>) -> Self {
        let (index, snapshot) = crate::schedules::stored(&schedule);
        let change = ScheduleChange::add(schedule.id().clone(), index, snapshot, sole);
        Self { change, schedule, events }
    }

    /// A schedule that has had all its runs is no more (TSK-104).
    fn replace(schedule: Schedule, expected: Revision, events: Vec<ScheduleEvent>) -> Self {
        let id = schedule.id().clone();
        let change = if schedule.is_exhausted() {
            ScheduleChange::remove(id, expected)
        } else {
            let (index, snapshot) = crate::schedules::stored(&schedule);
            ScheduleChange::replace(id, expected, index, snapshot)
        };
        Self { change, schedule, events }
    }
}
