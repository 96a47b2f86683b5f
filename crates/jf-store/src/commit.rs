//! The one thing that is ever written.

use std::collections::HashSet;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use jf_core::{JourneyId, LogDocument};
use jiff::Timestamp;

use crate::{
    KeyScope, NewKey, OutboxEntry, RunIndex, ScheduleChangeKind, Snapshot, StoreError, StoreErrorKind,
};

/// How often a run was committed, from 1. It cannot be the head of the log, since a commit may hold several events or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(NonZeroU64);

impl Revision {
    /// Revision of a run that was just created.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The revision with this number; 0 is none.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The right of one engine process to commit (ENG-102). A later claim ends every earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim(u64);

impl Claim {
    /// The claim with this number; stores give out growing ones.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// One event of a run's log (ENG-106).
#[derive(Debug, Clone, PartialEq)]
pub struct LogRecord {
    /// Its number.
    pub seq: u64,
    /// What it says. A store may keep less, as long as it gives back an equal document.
    pub document: LogDocument,
}

/// One change of one run with everything that belongs to it. Happens as a whole or not at all.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Commit {
    /// The right to write.
    pub claim: Claim,
    /// The run.
    pub run: JourneyId,
    /// The revision the change was computed from; `None` creates the run.
    pub expected: Option<Revision>,
    /// When it happens, by the engine's clock.
    pub at: Timestamp,
    /// The run from now on.
    pub snapshot: Arc<dyn Snapshot>,
    /// What may be known of it from now on.
    pub index: RunIndex,
    /// What it adds to the log: numbers without a hole, up to the head of `index`.
    pub events: Vec<LogRecord>,
    /// Caller keys that it uses up.
    pub keys: Vec<NewKey>,
    /// What it does beyond the run.
    pub outbox: Vec<OutboxEntry>,
}

impl Commit {
    /// Creates a run.
    #[must_use]
    pub fn create(
        claim: Claim,
        run: JourneyId,
        at: Timestamp,
        snapshot: Arc<dyn Snapshot>,
        index: RunIndex,
    ) -> Self {
        let (events, keys, outbox) = (Vec::new(), Vec::new(), Vec::new());
        Self { claim, run, expected: None, at, snapshot, index, events, keys, outbox }
    }

    /// Changes a run that stands at revision `expected`.
    #[must_use]
    pub fn update(
        claim: Claim,
        run: JourneyId,
        expected: Revision,
        at: Timestamp,
        snapshot: Arc<dyn Snapshot>,
        index: RunIndex,
    ) -> Self {
        Self { expected: Some(expected), ..Self::create(claim, run, at, snapshot, index) }
    }

    /// With these events.
    #[must_use]
    pub fn with_events(mut self, events: Vec<LogRecord>) -> Self {
        self.events = events;
        self
    }

    /// With one more caller key.
    #[must_use]
    pub fn with_key(mut self, key: NewKey) -> Self {
        self.keys.push(key);
        self
    }

    /// With one more thing to do beyond the run.
    #[must_use]
    pub fn with_outbox(mut self, entry: OutboxEntry) -> Self {
        self.outbox.push(entry);
        self
    }

    /// Holds the commit to sentence 6 of the contract of [`Store`](crate::Store), with `before` as the run stands; for stores.
    ///
    /// # Errors
    /// Invalid.
    pub fn check(&self, before: Option<&RunIndex>) -> Result<(), StoreError> {
        let head = before.map_or(0, |index| index.head);
        let in_order = self.events.iter().zip(head + 1..).all(|(record, seq)| record.seq == seq);
        if !in_order || head + self.events.len() as u64 != self.index.head {
            return Err(self.invalid("events continue the log without a hole, up to the head"));
        }
        let own = self.keys.iter().all(|new| {
            new.record.run == self.run && !matches!(&new.scope, KeyScope::Run(run) if *run != self.run)
        });
        if !own {
            return Err(self.invalid("keys name the run of the commit"));
        }
        match before {
            Some(before) if !self.index.follows(before) => {
                Err(self
                    .invalid("creation time, definition, tags, final phase and set attributes never change"))
            }
            _ => Ok(()),
        }
    }

    /// Holds the outbox to what sentence 20 says of its entries, whatever the store holds; for stores.
    ///
    /// # Errors
    /// Invalid.
    pub fn check_outbox(&self) -> Result<(), StoreError> {
        let mut runs = HashSet::from([&self.run]);
        let mut schedules = HashSet::new();
        for entry in &self.outbox {
            let first = match entry {
                OutboxEntry::Create(new) => {
                    let seqs = new.events.iter().map(|record| record.seq);
                    if !seqs.eq(1..=new.index.head) {
                        return Err(self.invalid("the log of a new run begins with 1 and ends at its head"));
                    }
                    runs.insert(&new.run)
                }
                OutboxEntry::Wake(run) => runs.insert(run),
                OutboxEntry::Schedule(change) => schedules.insert(&change.id),
            };
            if !first {
                return Err(self.invalid("an outbox speaks of each run and schedule once"));
            }
        }
        // Otherwise whether one may be added would depend on the others.
        let added = self.outbox.iter().filter_map(|entry| match entry {
            OutboxEntry::Schedule(change) => match &change.kind {
                ScheduleChangeKind::Add { index, .. } => Some(&index.identity),
                _ => None,
            },
            _ => None,
        });
        let mut identities = HashSet::new();
        if !added.into_iter().all(|identity| identities.insert(identity)) {
            return Err(self.invalid("an outbox adds one schedule of an identity"));
        }
        Ok(())
    }

    fn invalid(&self, why: &'static str) -> StoreError {
        StoreError::new(StoreErrorKind::Invalid).with("run", &self.run).with("reason", why)
    }
}
