//! The log of a run as clients may read it (ENG-106 to ENG-109).

use std::sync::Arc;

use crate::{Epoch, Head, JourneyOutcome, JourneyStatus};

/// A document together with the head at which it was true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// Place in the log.
    pub at: Head,
    /// The document, `_links` included.
    pub document: T,
}

impl<T> At<T> {
    /// `document` as of `at`.
    #[must_use]
    pub const fn new(at: Head, document: T) -> Self {
        Self { at, document }
    }

    /// Changes the document, keeps its place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> At<U> {
        At { at: self.at, document: change(self.document) }
    }
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The run changed.
    Status,
    /// The run ended; exactly one per run, and the last event (SEQ-2).
    Outcome,
}

impl EventKind {
    /// The spelling on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Outcome => "outcome",
        }
    }
}

/// One client-visible event: the document as of its number.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "events are short-lived values on their way to a socket")]
pub enum Event {
    /// The run changed.
    Status(JourneyStatus),
    /// The run ended.
    Outcome(JourneyOutcome),
}

impl Event {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Status(_) => EventKind::Status,
            Self::Outcome(_) => EventKind::Outcome,
        }
    }
}

/// The document of an event as machines make it and stores keep it: without the `_links` that are added on reading, and shared,
/// since a run holds its outcome as well.
#[derive(Debug, Clone, PartialEq)]
pub enum LogDocument {
    /// The run changed.
    Status(Arc<JourneyStatus>),
    /// The run ended.
    Outcome(Arc<JourneyOutcome>),
}

impl LogDocument {
    /// A copy of the document, as readers get it.
    #[must_use]
    pub fn to_event(&self) -> Event {
        match self {
            Self::Status(status) => Event::Status(JourneyStatus::clone(status)),
            Self::Outcome(outcome) => Event::Outcome(JourneyOutcome::clone(outcome)),
        }
    }
}

/// Which kinds of events a subscriber wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventFilter {
    /// Status changes.
    pub status: bool,
    /// The outcome.
    pub outcome: bool,
}

impl EventFilter {
    /// Both kinds, the default everywhere.
    pub const ALL: Self = Self { status: true, outcome: true };

    /// Whether events of this kind are wanted.
    #[must_use]
    pub const fn wants(self, kind: EventKind) -> bool {
        match kind {
            EventKind::Status => self.status,
            EventKind::Outcome => self.outcome,
        }
    }
}

impl Default for EventFilter {
    fn default() -> Self {
        Self::ALL
    }
}

/// Why history is missing (ENG-132).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GapReason {
    /// The events are no longer kept (ENG-109).
    Retention,
    /// The cursor belongs to another log, or lies beyond the head (SUB-7).
    Epoch,
    /// More events than the subscriber's limit allows to replay (SUB-6).
    Limit,
}

impl GapReason {
    /// The spelling on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Epoch => "epoch",
            Self::Limit => "limit",
        }
    }
}

/// Answer to a pull from the log.
#[derive(Debug, Clone, PartialEq)]
pub enum Replay {
    /// The next events in order, without a hole.
    Events {
        /// Events after the cursor; may be empty.
        items: Vec<At<Event>>,
        /// The head at the time of the pull.
        head: Head,
        /// There are further events before the head.
        more: bool,
        /// The run has ended: the event at the head is the outcome.
        ended: bool,
    },
    /// Events after the cursor are missing; read a snapshot instead.
    Gone {
        /// The oldest number still kept.
        oldest: u64,
        /// The head at the time of the pull.
        head: Head,
        /// Why.
        reason: GapReason,
        /// The run has ended: the event at the head is the outcome.
        ended: bool,
    },
}

impl Replay {
    /// Whether the run had ended at the time of the pull.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        match self {
            Self::Events { ended, .. } | Self::Gone { ended, .. } => *ended,
        }
    }

    /// The head at the time of the pull.
    #[must_use]
    pub const fn head(&self) -> &Head {
        match self {
            Self::Events { head, .. } | Self::Gone { head, .. } => head,
        }
    }

    /// The identity of the log.
    #[must_use]
    pub const fn epoch(&self) -> &Epoch {
        &self.head().epoch
    }
}
