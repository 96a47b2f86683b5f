//! Ordered deliveries from the log of a run, written once for all bindings (ENG-132, ENG-133).
//!
//! A subscription is a cursor and a wake-up, not a queue: it holds nothing that grows. What is behind the cursor is read when
//! the reader can take it, so a slow reader costs nobody anything.
//!
//! Most readers call [`Subscription::next`] in a loop. A reader that holds many subscriptions, or may be full for a while, uses
//! the two halves of it: [`Subscription::poll_ready`] waits and touches nothing but the wake-up, [`Subscription::pull`] reads.
//! One that takes no documents for a while reads with [`Subscription::pull_notice`], so that it learns what is none.

use std::future::poll_fn;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::StreamExt;

use crate::{
    At, Caller, Cursor, Engine, EngineError, ErrorClass, Event, EventFilter, GapReason, Head, HeadSignal,
    HeadWatch, JourneyId, JourneyOutcome, JourneyStatus, Phase, Replay,
};

/// Pause before the first retry of a guard that failed by an error; doubled each time (ENG-115).
const FAULT_PAUSE: Duration = Duration::from_millis(250);
/// Failures of the guard after which the subscription ends as by denial (ENG-115).
const FAULT_LIMIT: u32 = 3;

/// Where a subscription begins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replaying {
    /// With a snapshot of the head (ENG-137).
    Latest,
    /// After a cursor.
    After(Cursor),
    /// With what comes next.
    Nothing,
}

/// What a subscriber wants.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscribeOptions {
    /// Wanted kinds.
    pub filter: EventFilter,
    /// Give only the newest pending status (the default), not each one.
    pub conflate: bool,
    /// Where to begin.
    pub replay: Replaying,
    /// Unconflated, a distance beyond this is a gap (SUB-6).
    pub max_replay: NonZeroU32,
}

impl Default for SubscribeOptions {
    fn default() -> Self {
        Self {
            filter: EventFilter::ALL,
            conflate: true,
            replay: Replaying::Latest,
            max_replay: NonZeroU32::new(300).expect("300 is not 0"),
        }
    }
}

impl SubscribeOptions {
    /// Both kinds, conflated, from `replay` on.
    #[must_use]
    pub fn from(replay: Replaying) -> Self {
        Self { replay, ..Self::default() }
    }

    /// Wants these kinds only.
    #[must_use]
    pub const fn with_filter(mut self, filter: EventFilter) -> Self {
        self.filter = filter;
        self
    }

    /// Wants the newest status only, or each one.
    #[must_use]
    pub const fn with_conflate(mut self, conflate: bool) -> Self {
        self.conflate = conflate;
        self
    }

    /// Bounds what is replayed one by one.
    #[must_use]
    pub const fn with_max_replay(mut self, max_replay: NonZeroU32) -> Self {
        self.max_replay = max_replay;
        self
    }
}

/// What a new subscription starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The head at the time.
    pub head: Head,
    /// The cursor in force: deliveries are after it.
    pub after: u64,
    /// Everything after the wanted cursor will be delivered; `false` when a gap follows.
    pub recovered: bool,
    /// The run has ended: the event at the head is the outcome.
    pub ended: bool,
}

/// One thing to tell the subscriber.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "deliveries are short-lived values on their way to a socket")]
pub enum Delivery {
    /// The run changed.
    Status {
        /// The document.
        status: At<JourneyStatus>,
        /// Wanted statuses elided just before this one.
        skipped: u64,
        /// A state read, not one logged event.
        snapshot: bool,
    },
    /// The run ended. [`Delivery::Completed`] follows.
    Outcome {
        /// The document.
        outcome: At<JourneyOutcome>,
        /// Wanted statuses elided just before it.
        skipped: u64,
        /// A state read, not one logged event.
        snapshot: bool,
    },
    /// The events `from`…`to` cannot be delivered one by one; a snapshot follows.
    Gap {
        /// Identity of the present log.
        head: Head,
        /// First missing number.
        from: u64,
        /// Last missing number.
        to: u64,
        /// Why.
        reason: GapReason,
    },
    /// A guard failed by an error; ask again after the pause (ENG-115).
    Withheld {
        /// How long to wait.
        pause: Duration,
    },
    /// The outcome was reached, wanted or not; the subscription is over.
    Completed,
    /// The run was removed or is no longer visible, which look alike (ENG-114); the subscription is over.
    Gone,
}

/// A position in one run's log that moves forward.
pub struct Subscription {
    engine: Arc<dyn Engine>,
    journey_id: JourneyId,
    filter: EventFilter,
    conflate: bool,
    max_replay: NonZeroU32,
    watch: HeadWatch,
    head: u64,
    /// The run is known to have ended at the head.
    ended: bool,
    stale: bool,
    cursor: Head,
    pending: Pending,
    /// Up to this head there is nothing to tell but a document, which was put off.
    put_off: Option<u64>,
    faults: u32,
}

/// What comes before the next look at the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    Nothing,
    Gap {
        from: u64,
        reason: GapReason,
    },
    Snapshot,
    /// The outcome has been told or is not wanted.
    End,
    /// The wake-up says that the run is gone.
    Removed,
    Over,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription")
            .field("journey_id", &self.journey_id)
            .field("cursor", &self.cursor)
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

impl Subscription {
    /// Opens a subscription; the guard is evaluated. The wake-up is attached before the first read, so that no commit falls
    /// between them (SUB-5).
    ///
    /// # Errors
    /// Those of [`Engine::events`]: NotFound, Unsupported, Unavailable, Internal.
    pub async fn open(
        engine: Arc<dyn Engine>,
        journey_id: JourneyId,
        options: SubscribeOptions,
        caller: &Caller,
    ) -> Result<(Self, Opened), EngineError> {
        let watch = engine.watch(&journey_id).await?;
        let from = match &options.replay {
            Replaying::After(cursor) => cursor.clone(),
            Replaying::Latest | Replaying::Nothing => Cursor::beginning(),
        };
        let probe = engine.events(&journey_id, from.clone(), NonZeroU32::MIN, caller).await?;
        let (head, ended) = (probe.head().clone(), probe.is_ended());
        let mut subscription = Self {
            engine,
            journey_id,
            filter: options.filter,
            conflate: options.conflate,
            max_replay: options.max_replay,
            watch,
            head: head.seq,
            ended,
            stale: false,
            cursor: head.clone(),
            pending: Pending::Nothing,
            put_off: None,
            faults: 0,
        };
        let mut recovered = true;
        match options.replay {
            Replaying::Latest => subscription.pending = Pending::Snapshot,
            Replaying::Nothing if ended => subscription.pending = Pending::End,
            Replaying::Nothing => {}
            Replaying::After(_) => {
                subscription.cursor.seq = from.after;
                let reason = match probe {
                    Replay::Gone { reason, .. } => Some(reason),
                    Replay::Events { .. } => subscription.too_far(),
                };
                if let Some(reason) = reason {
                    recovered = false;
                    subscription.lose(reason);
                } else if from.after == head.seq && ended {
                    subscription.pending = Pending::End;
                }
            }
        }
        let after = subscription.cursor.seq;
        Ok((subscription, Opened { head, after, recovered, ended }))
    }

    /// The run.
    #[must_use]
    pub const fn journey_id(&self) -> &JourneyId {
        &self.journey_id
    }

    /// Everything up to here has been delivered or elided.
    #[must_use]
    pub const fn cursor(&self) -> &Head {
        &self.cursor
    }

    /// Which kinds are wanted.
    #[must_use]
    pub const fn filter(&self) -> EventFilter {
        self.filter
    }

    /// Counts a status document that the subscriber got in another way, as the reply to a command, as delivery of everything
    /// up to it, the outcome excepted (SEQ-5). Ignored while a gap or a snapshot is due, which comes first.
    pub fn delivered_status(&mut self, at: &Head, phase: Phase) {
        let seq = if phase.is_final() { at.seq.saturating_sub(1) } else { at.seq };
        if at.epoch == self.cursor.epoch && seq > self.cursor.seq && self.pending == Pending::Nothing {
            self.cursor.seq = seq;
        }
    }

    /// Counts an outcome document that the subscriber got in another way as delivery of it: [`Delivery::Completed`] is next
    /// (SEQ-5).
    pub fn delivered_outcome(&mut self, at: &Head) {
        if at.epoch == self.cursor.epoch && self.pending != Pending::Over {
            self.cursor.seq = self.cursor.seq.max(at.seq);
            self.pending = Pending::End;
        }
    }

    /// Whether what is next is the outcome, as far as the wake-up knows: of many subscriptions that are ready these go first (FLOW-4).
    /// Asks the wake-up only, and registers with it as [`Subscription::poll_ready`] does.
    pub fn is_at_the_end(&mut self, cx: &mut Context<'_>) -> bool {
        while !matches!(self.pending, Pending::Removed | Pending::Over)
            && let Poll::Ready(signal) = self.watch.poll_next_unpin(cx)
        {
            self.hear(signal);
        }
        self.ended && self.filter.outcome && (self.conflate || self.cursor.seq + 1 >= self.head)
    }

    /// Looks at the log even without a wake-up. Call it at least every 30 s, since wake-ups may be lost (ENG-132).
    pub fn touch(&mut self) {
        self.stale = true;
    }

    /// Waits for the next thing to tell, and reads it as late as possible. The guard is evaluated for every delivery, with the
    /// metadata of `caller` at that moment (ENG-114).
    ///
    /// Cancel safe: the cursor moves only with a returned delivery. After [`Delivery::Completed`] or [`Delivery::Gone`] it never
    /// returns.
    ///
    /// # Errors
    /// Unavailable or Internal trouble of the engine; the subscription stays as it was and may be polled again.
    pub async fn next(&mut self, caller: &Caller) -> Result<Delivery, EngineError> {
        loop {
            poll_fn(|cx| self.poll_ready(cx)).await;
            if let Some(delivery) = self.pull(caller).await? {
                return Ok(delivery);
            }
        }
    }

    /// Whether [`Subscription::pull`] may have something to tell. Asks the wake-up only, never the engine; after the last
    /// delivery it stays pending.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.pending {
                Pending::Over => return Poll::Pending,
                Pending::Nothing if self.head <= self.cursor.seq && !self.stale => {}
                Pending::Nothing | Pending::Snapshot if self.is_put_off() && !self.stale => {}
                _ => return Poll::Ready(()),
            }
            let signal = ready!(self.watch.poll_next_unpin(cx));
            self.hear(signal);
        }
    }

    fn hear(&mut self, signal: Option<HeadSignal>) {
        match signal {
            Some(HeadSignal::Moved(head)) => self.head = self.head.max(head),
            Some(HeadSignal::Ended(head)) => {
                self.head = self.head.max(head);
                self.ended = true;
            }
            Some(HeadSignal::Removed) | None => self.pending = Pending::Removed,
        }
    }

    /// Reads what is next, without waiting for anything to happen; every read is guarded. `None` when there is nothing to tell,
    /// or nothing that is wanted.
    ///
    /// Cancel safe: the cursor moves only with a returned value.
    ///
    /// # Errors
    /// Those of [`Subscription::next`].
    pub async fn pull(&mut self, caller: &Caller) -> Result<Option<Delivery>, EngineError> {
        self.put_off = None;
        let pulled = match self.pending {
            Pending::Over => Ok(None),
            Pending::End => Ok(Some(self.end(Delivery::Completed))),
            Pending::Removed => Ok(Some(self.end(Delivery::Gone))),
            Pending::Gap { from, reason } => self.gap(from, reason, caller).await.map(Some),
            Pending::Snapshot => self.snapshot(caller).await,
            Pending::Nothing if self.conflate => self.pull_head(caller).await,
            Pending::Nothing => self.pull_log(caller).await,
        };
        pulled.or_else(|error| self.fault(error).map(Some))
    }

    /// Reads as [`Subscription::pull`] does, for a reader that takes no document now (FLOW-7). Gaps and ends are told. A status or
    /// outcome is not, and stays where it is: it is put off until [`Subscription::take_up`], and then read anew, as it is by then.
    /// Until then, or until something happens that may be no document, [`Subscription::poll_ready`] stays pending.
    ///
    /// Cancel safe as [`Subscription::pull`] is.
    ///
    /// # Errors
    /// Those of [`Subscription::next`].
    pub async fn pull_notice(&mut self, caller: &Caller) -> Result<Option<Delivery>, EngineError> {
        let (cursor, pending) = (self.cursor.clone(), self.pending);
        let pulled = self.pull(caller).await?;
        if let Some(Delivery::Status { .. } | Delivery::Outcome { .. }) = pulled {
            (self.cursor, self.pending) = (cursor, pending);
            self.put_off = Some(self.head);
            return Ok(None);
        }
        Ok(pulled)
    }

    /// A document was put off, and nothing has happened since.
    #[must_use]
    pub fn is_put_off(&self) -> bool {
        self.put_off.is_some_and(|head| self.head <= head)
    }

    /// Takes documents again: one that was put off is next.
    pub const fn take_up(&mut self) {
        self.put_off = None;
    }

    async fn gap(&mut self, from: u64, reason: GapReason, caller: &Caller) -> Result<Delivery, EngineError> {
        let head = self.read(caller).await?;
        self.cursor = head.clone();
        self.pending = Pending::Snapshot;
        Ok(Delivery::Gap { from, to: head.seq, head, reason })
    }

    /// The head, by way of the log, so that the guard speaks first.
    async fn read(&mut self, caller: &Caller) -> Result<Head, EngineError> {
        let replay =
            self.engine.events(&self.journey_id, Cursor::beginning(), NonZeroU32::MIN, caller).await?;
        Ok(replay.head().clone())
    }

    async fn snapshot(&mut self, caller: &Caller) -> Result<Option<Delivery>, EngineError> {
        let status = self.engine.get_status(&self.journey_id, caller).await?;
        if !status.document.phase.is_final() {
            self.advance(&status.at);
            self.pending = Pending::Nothing;
            return Ok(self.filter.status.then_some(Delivery::Status { status, skipped: 0, snapshot: true }));
        }
        if !self.filter.outcome {
            self.advance(&status.at);
            self.pending = Pending::End;
            return Ok(None);
        }
        let outcome = self.engine.get_outcome(&self.journey_id, caller).await?;
        self.advance(&outcome.at);
        self.pending = Pending::End;
        Ok(Some(Delivery::Outcome { outcome, skipped: 0, snapshot: true }))
    }

    /// Conflated: reads the document at the head; what lies between is a subtraction, since numbers have no holes.
    async fn pull_head(&mut self, caller: &Caller) -> Result<Option<Delivery>, EngineError> {
        let status = self.engine.get_status(&self.journey_id, caller).await?;
        if status.at.epoch != self.cursor.epoch {
            self.lose(GapReason::Epoch);
            return Ok(None);
        }
        if status.at.seq <= self.cursor.seq {
            self.advance(&self.cursor.clone());
            return Ok(None);
        }
        if status.document.phase.is_final() {
            return self.pull_end(status.at, caller).await;
        }
        let skipped = status.at.seq - self.cursor.seq - 1;
        self.advance(&status.at);
        Ok(self.filter.status.then_some(Delivery::Status { status, skipped, snapshot: false }))
    }

    /// The run has ended at `end`: its outcome, or else the last status before it, and then the end.
    async fn pull_end(&mut self, end: Head, caller: &Caller) -> Result<Option<Delivery>, EngineError> {
        let elided = end.seq - self.cursor.seq - 1;
        if self.filter.outcome {
            let outcome = self.engine.get_outcome(&self.journey_id, caller).await?;
            self.advance(&outcome.at);
            self.pending = Pending::End;
            let skipped = if self.filter.status { elided } else { 0 };
            return Ok(Some(Delivery::Outcome { outcome, skipped, snapshot: false }));
        }
        let mut last = None;
        if elided > 0 && self.filter.status {
            let before = Cursor { epoch: Some(end.epoch.clone()), after: end.seq - 2 };
            if let Replay::Events { mut items, .. } =
                self.engine.events(&self.journey_id, before, NonZeroU32::MIN, caller).await?
                && let Some(At { at, document: Event::Status(status) }) = items.pop()
            {
                last = Some(Delivery::Status {
                    status: At::new(at, status),
                    skipped: elided - 1,
                    snapshot: false,
                });
            }
        }
        self.advance(&end);
        self.pending = Pending::End;
        Ok(last)
    }

    /// Unconflated: the next event of the log, one at a time, since every delivery is a guarded read of its own moment.
    async fn pull_log(&mut self, caller: &Caller) -> Result<Option<Delivery>, EngineError> {
        let from = Cursor::from(self.cursor.clone());
        let (items, head) = match self.engine.events(&self.journey_id, from, NonZeroU32::MIN, caller).await? {
            Replay::Gone { reason, .. } => {
                self.lose(reason);
                return Ok(None);
            }
            Replay::Events { items, head, .. } => (items, head),
        };
        self.head = head.seq;
        self.stale = false;
        self.faults = 0;
        if let Some(reason) = self.too_far() {
            self.lose(reason);
            return Ok(None);
        }
        let Some(At { at, document }) = items.into_iter().next() else {
            self.head = self.cursor.seq;
            return Ok(None);
        };
        self.cursor = at.clone();
        let wanted = self.filter.wants(document.kind());
        Ok(match document {
            Event::Status(status) => {
                let status = At::new(at, status);
                wanted.then_some(Delivery::Status { status, skipped: 0, snapshot: false })
            }
            Event::Outcome(outcome) => {
                self.pending = Pending::End;
                let outcome = At::new(at, outcome);
                wanted.then_some(Delivery::Outcome { outcome, skipped: 0, snapshot: false })
            }
        })
    }

    fn too_far(&self) -> Option<GapReason> {
        let behind = self.head.saturating_sub(self.cursor.seq);
        (!self.conflate && behind > u64::from(self.max_replay.get())).then_some(GapReason::Limit)
    }

    fn lose(&mut self, reason: GapReason) {
        let seen = if reason == GapReason::Epoch { 0 } else { self.cursor.seq };
        self.cursor.seq = seen;
        self.pending = Pending::Gap { from: seen + 1, reason };
    }

    fn advance(&mut self, at: &Head) {
        self.cursor = at.clone();
        self.head = at.seq;
        self.stale = false;
        self.faults = 0;
    }

    fn end(&mut self, last: Delivery) -> Delivery {
        self.pending = Pending::Over;
        last
    }

    fn fault(&mut self, error: EngineError) -> Result<Delivery, EngineError> {
        if error.is_guard_fault() {
            self.faults += 1;
            if self.faults < FAULT_LIMIT {
                return Ok(Delivery::Withheld { pause: FAULT_PAUSE * (1 << (self.faults - 1)) });
            }
        }
        match error.kind().class() {
            ErrorClass::NotFound => Ok(self.end(Delivery::Gone)),
            _ => Err(error),
        }
    }
}

#[cfg(test)]
#[path = "subscription_tests.rs"]
mod tests;
