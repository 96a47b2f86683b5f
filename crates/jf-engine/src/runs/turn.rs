//! The right to change a run, and the loop that makes use of it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jf_core::{EngineError, EngineErrorKind, JourneyId};
use jf_store::StoreErrorKind;

use super::active::ActiveRun;
use super::cell::{Cell, Loaded};
use super::message::Message;
use super::submit::Holding;
use crate::metrics::Refusal;
use crate::shared::{Shared, store_error, unavailable, unreadable};
use crate::snapshot::RunSnapshot;

/// The exclusive right to change one run. It is driven to its end by one future, wherever that is polled.
pub(crate) struct Turn {
    pub(super) active: Arc<ActiveRun>,
    /// `None` once the turn was given back.
    cell: Option<Box<Cell>>,
}

impl Turn {
    pub(super) const fn new(active: Arc<ActiveRun>, cell: Box<Cell>) -> Self {
        Self { active, cell: Some(cell) }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        self.active.shared()
    }

    /// Takes messages until there are none. A panic inside ends the turn, not the thread or the engine.
    pub(crate) fn drive(self) -> BoxFuture<'static, ()> {
        let id = self.active.id().clone();
        let work = AssertUnwindSafe(self.work()).catch_unwind().map(move |done| {
            if done.is_err() {
                tracing::error!(run = %id, "applying an input panicked");
            }
        });
        Box::pin(work)
    }

    async fn work(mut self) {
        let mut taken = 0_usize;
        while let Some(message) = self.active.next(&mut self.cell) {
            self.handle(message).await;
            taken += 1;
            if taken.is_multiple_of(TURN) {
                // The rest of a long turn is not for the caller who happened to be first.
                tokio::task::yield_now().await;
            }
            while std::mem::take(&mut self.cell().retry_held) {
                Box::pin(self.retry_held()).await;
            }
        }
    }

    pub(super) async fn handle(&mut self, message: Message) {
        let Some(message) = self.in_order(message) else { return };
        match message {
            Message::Begin(begin) => self.begin(begin).await,
            Message::Submit(submit) => self.submit(submit, Holding::First).await,
            Message::TaskFinished(finished) => self.task_finished(*finished).await,
            // Every turn is as large as the largest of these, and allocated: what is seldom stays out of it.
            seldom => Box::pin(self.handle_seldom(seldom)).await,
        }
    }

    async fn handle_seldom(&mut self, message: Message) {
        match message {
            Message::Repeat(repeat) => self.repeat(*repeat).await,
            Message::GiveUp(held) => self.give_up(held).await,
            Message::Cancel(cancel) => self.cancel(*cancel).await,
            Message::Judged(number, verdict) => self.judged(number, verdict).await,
            Message::Wake(done) => self.wake(done).await,
            Message::Created(companion) => self.created(*companion).await,
            Message::Compensated => self.compensated().await,
            Message::CheckSchedule(order) => self.check_schedule(order).await,
            Message::BeginScheduled(begin) => self.begin_scheduled(*begin).await,
            Message::TakeCookies(reply) => self.take_cookies(reply).await,
            Message::Recover => self.recover().await,
            Message::Begin(_) | Message::Submit(_) | Message::TaskFinished(_) => {}
        }
    }

    pub(super) fn id(&self) -> &JourneyId {
        self.active.id()
    }

    pub(super) fn cell(&mut self) -> &mut Cell {
        self.cell.as_mut().expect("a turn has its cell until it is given back")
    }

    /// The run, which [`Turn::load`] or a creation has brought into memory.
    pub(super) fn loaded(&mut self) -> &mut Loaded {
        self.cell().loaded.as_mut().expect("the run was loaded")
    }

    /// Both at a time: clones of what all threads share are what they wait for.
    pub(super) fn shared_and_loaded(&mut self) -> (&Shared, &mut Loaded) {
        let cell = self.cell.as_mut().expect("a turn has its cell until it is given back");
        (self.active.shared(), cell.loaded.as_mut().expect("the run was loaded"))
    }

    /// Brings the run into memory.
    pub(super) async fn load(&mut self) -> Result<(), EngineError> {
        if self.cell().loaded.is_some() {
            return Ok(());
        }
        let stored = match self.shared().store.load(self.id()).await {
            Ok(stored) => stored.ok_or_else(EngineError::not_found)?,
            Err(error) => return Err(self.failed(store_error(&error), error.kind())),
        };
        let snapshot =
            RunSnapshot::from_stored(&stored.snapshot).map_err(|error| unreadable(self.id(), error))?;
        let deployed = match self.shared().version_of(self.id(), &stored.index.definition).await {
            Ok(deployed) => deployed,
            Err(error) if error.kind() == EngineErrorKind::Unavailable => {
                return Err(self.failed(error, StoreErrorKind::Unavailable));
            }
            Err(error) => return Err(error),
        };
        self.cell().loaded = Some(Loaded::stored(deployed, snapshot, stored.revision, stored.index));
        Ok(())
    }

    /// The store has failed: what is known of the run may be wrong, so it is forgotten, and looked at again after a while. A task
    /// whose result was lost with it runs again then, which is what would happen after a crash (ENG-101).
    pub(super) fn failed(&mut self, error: EngineError, kind: StoreErrorKind) -> EngineError {
        self.forget();
        if kind == StoreErrorKind::Full {
            // A run that was to begin: there is nothing to look at.
            self.shared().metrics.refused(Refusal::Admission);
            return error;
        }
        if kind == StoreErrorKind::LostClaim {
            tracing::error!(run = %self.id(), "another engine has claimed the store");
            let cell = self.cell();
            cell.waiters.clear();
            cell.motion = None;
            return error;
        }
        let cell = self.cell();
        let failures = cell.failures;
        cell.failures = failures.saturating_add(1);
        // One pause is enough, however many commands find the store unavailable meanwhile.
        if !std::mem::replace(&mut cell.recovering, true) {
            self.active.recover_later(failures);
        }
        error
    }

    fn forget(&mut self) {
        let cell = self.cell();
        cell.loaded = None;
        cell.tasks.clear();
        // The numbers of segments whose commit failed are given again.
        cell.segments.clear();
        for held in std::mem::take(&mut cell.held) {
            let _ = held.submit.reply.send(Err(unavailable()));
        }
    }
}

impl Drop for Turn {
    /// A turn that broke off in the middle leaves the run to be recovered.
    fn drop(&mut self) {
        if self.cell.take().is_some() {
            self.active.abandon();
            self.active.recover_later(BROKEN);
        }
    }
}

/// Messages after which a turn lets others have the thread.
const TURN: usize = 16;

/// Counts a broken turn like some failures in a row: trying again at once would most likely break again.
const BROKEN: u32 = 5;
