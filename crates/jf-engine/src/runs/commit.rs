//! Applying inputs and committing what they made of the run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jf_core::{EngineError, EngineErrorKind};
use jf_machine::{Accepted, Effect, Effects, Input, LogEntry, Refused, SegmentId, apply};
use jf_store::{Commit, LogRecord, NewKey, OutboxEntry, StoreErrorKind};
use jiff::Timestamp;

use super::compensation::Companion;
use super::message::{CancelRun, Message};
use super::schedule::{Basis, ScheduleWork};
use super::turn::Turn;
use crate::shared::store_error;

/// Inputs that were applied and wait for one commit, with what depends on it.
pub(super) struct Transaction {
    /// The time of all of it.
    pub(super) now: Timestamp,
    pub(super) effects: Effects,
    pub(super) keys: Vec<NewKey>,
    /// The task whose end is applied: the segment that sent it out, and how long it ran.
    pub(super) task: Option<(SegmentId, Duration)>,
    /// Cancellations that came while pure states went on.
    cancelled: Vec<CancelRun>,
    /// A run that is created by the same commit.
    pub(super) companion: Option<Companion>,
    /// The schedule it was computed from.
    pub(super) basis: Option<Basis>,
}

/// Why a transaction does not hold.
pub(super) enum NotCommitted {
    /// A schedule is not what the transaction was computed from. Nothing has happened; the run must be put back to what it was before.
    /// These cancellations are still to be decided.
    Stale(Vec<CancelRun>),
    /// The commit failed. The run is forgotten; what was to be done is derived anew from the store.
    Failed(EngineError),
}

/// Effects by what is done with them.
pub(super) struct Sorted {
    /// For the log.
    pub(super) records: Vec<LogRecord>,
    pub(super) schedules: ScheduleWork,
    /// To be performed after the commit.
    pub(super) later: Vec<Effect>,
}

impl Turn {
    pub(super) fn transaction(&self) -> Transaction {
        let now = self.shared().clock.now();
        let (effects, keys, cancelled) = (Effects::default(), Vec::new(), Vec::new());
        Transaction { now, effects, keys, task: None, cancelled, companion: None, basis: None }
    }

    /// Applies what is overdue, before anything else (ENG-073). Tells whether anything was.
    pub(super) async fn apply_overdue(&mut self, transaction: &mut Transaction) -> bool {
        let mut applied = false;
        while let Some(input) = self.loaded().run().overdue(transaction.now) {
            let due = self.loaded().run().next_due();
            // What is due is never refused, and is due no longer once it was applied.
            if !self.apply(input, transaction).await.unwrap_or(false) {
                break;
            }
            applied = true;
            if let Some(due) = due {
                let lag = Duration::try_from(transaction.now.duration_since(due));
                self.shared().metrics.lagged(lag.unwrap_or_default());
            }
        }
        applied
    }

    /// Applies one input with everything that follows without I/O. Tells whether the run has changed.
    pub(super) async fn apply(
        &mut self,
        input: Input,
        transaction: &mut Transaction,
    ) -> Result<bool, Refused> {
        let (changed, mut unfinished) = self.apply_part(input, transaction)?;
        // A long stretch of pure states: others get the thread, the clock and cancellations are looked at (ENG-062).
        while unfinished {
            tokio::task::yield_now().await;
            transaction.now = transaction.now.max(self.shared().clock.now());
            self.interrupt(transaction);
            if self.loaded().run().phase().is_final() {
                break;
            }
            (_, unfinished) = self.apply_part(Input::Resume, transaction)?;
        }
        Ok(changed)
    }

    pub(super) fn apply_part(
        &mut self,
        input: Input,
        transaction: &mut Transaction,
    ) -> Result<(bool, bool), Refused> {
        let (shared, loaded) = self.shared_and_loaded();
        let env = shared.env(&loaded.deployed, transaction.now);
        let run = &mut Arc::make_mut(&mut loaded.snapshot).0;
        let effects = apply(&loaded.deployed.program, run, input, &env)?;
        let (changed, unfinished) = (effects.changed(), effects.is_unfinished());
        transaction.effects.append(effects);
        Ok((changed, unfinished))
    }

    /// In the middle of pure states: the deadline and other overdue inputs, then a cancellation that waits.
    fn interrupt(&mut self, transaction: &mut Transaction) {
        while let Some(input) = self.loaded().run().overdue(transaction.now) {
            if !matches!(self.apply_part(input, transaction), Ok((true, _))) {
                break;
            }
        }
        // What a guard has to judge waits for its turn.
        if self.loaded().deployed.program.guards_reads() {
            return;
        }
        let Some(cancel) = self.active.next_cancel() else { return };
        match self.apply_part(cancel.input(), transaction) {
            Ok(_) => transaction.cancelled.push(*cancel),
            Err(refused) => {
                let _ = cancel.reply.send(Err(refused.into_error()));
            }
        }
    }

    /// Commits the transaction and performs what it asks for.
    ///
    /// # Errors
    /// When the commit failed. The run is forgotten; what was to be done is derived anew from the store.
    pub(super) async fn commit(&mut self, transaction: Transaction) -> Result<Option<Accepted>, EngineError> {
        match self.try_commit(transaction).await {
            Ok(accepted) => Ok(accepted),
            Err(NotCommitted::Failed(error)) => Err(error),
            // What was not computed from a schedule cannot be refused for one.
            Err(NotCommitted::Stale(cancelled)) => {
                drop(cancelled);
                let error = EngineError::new(EngineErrorKind::Internal);
                Err(self.failed(error, StoreErrorKind::StaleSchedule))
            }
        }
    }

    /// The same for a transaction that was computed from a schedule.
    pub(super) async fn try_commit(
        &mut self,
        mut transaction: Transaction,
    ) -> Result<Option<Accepted>, NotCommitted> {
        self.begin_companion(&mut transaction).await;
        let Transaction { now, effects, keys, task, cancelled, mut companion, basis } = transaction;
        if !effects.changed() {
            return Ok(None);
        }
        let accepted = effects.accepted().cloned();
        let Sorted { records, schedules, mut later } = split(effects);
        let (claim, id) = (self.shared().claim, self.id().clone());
        let loaded = self.loaded();
        let (index, snapshot) = (loaded.index(), Arc::clone(&loaded.snapshot));
        let due = index.due;
        let commit = match loaded.revision {
            None => Commit::create(claim, id, now, snapshot, index),
            Some(revision) => Commit::update(claim, id, revision, now, snapshot, index),
        };
        let mut commit = commit.with_events(records);
        commit.keys = keys;
        commit.outbox.extend(companion.as_mut().map(Companion::entry));
        commit.outbox.extend(self.waits_for_this().map(OutboxEntry::Wake));
        let begun = Instant::now();
        let committed = if schedules.is_none() && !matches!(basis, Some(Basis::Begun(_))) {
            self.shared().store.commit(commit).await
        } else {
            let with_schedules = Box::pin(self.commit_with_schedules(commit, basis, schedules)).await;
            with_schedules.map(|(revision, mut told)| {
                later.append(&mut told);
                revision
            })
        };
        match committed {
            Ok(revision) => {
                self.loaded().revision = Some(revision);
                self.shared().metrics.committed(begun.elapsed());
            }
            Err(error) if error.kind() == StoreErrorKind::StaleSchedule => {
                return Err(NotCommitted::Stale(cancelled));
            }
            Err(error) => {
                self.shared().metrics.commit_failed();
                for cancel in cancelled {
                    let _ = cancel.reply.send(Err(store_error(&error)));
                }
                return Err(NotCommitted::Failed(self.failed(store_error(&error), error.kind())));
            }
        }
        self.cell().failures = 0;
        self.committed(now, due, task, later);
        if let Some(companion) = companion {
            let id = companion.id().clone();
            self.tell(&id, Message::Created(Box::new(companion)));
        }
        for cancel in cancelled {
            self.answer_cancelled(cancel);
        }
        Ok(accepted)
    }
}

/// Splits what belongs into the commit from what comes after it. Timers are part of the run and of its index.
pub(super) fn split(effects: Effects) -> Sorted {
    // A creation that comes to an end at once makes two.
    let mut records = Vec::with_capacity(2);
    let mut schedules = ScheduleWork::default();
    // Collected in the place of the effects.
    let later = effects.into_iter().filter_map(|effect| match effect {
        Effect::Emit(entry) => {
            records.push(record(entry));
            None
        }
        Effect::PutSchedule { schedule, mode } => {
            schedules.put = Some((schedule, mode));
            None
        }
        Effect::ScheduledRunEnded { schedule, context } => {
            schedules.ended = Some((schedule, context));
            None
        }
        Effect::ArmTimer { .. }
        | Effect::DisarmTimer { .. }
        | Effect::StartCompensation(_)
        | Effect::Finish
        | Effect::Continue => None,
        effect => Some(effect),
    });
    let later = later.collect();
    Sorted { records, schedules, later }
}

fn record(entry: LogEntry) -> LogRecord {
    LogRecord { seq: entry.seq, document: entry.document }
}
