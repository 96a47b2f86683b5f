//! Schedules: what starts runs by time, as stores keep it.

use std::sync::Arc;

use jf_core::ScheduleId;
use jf_core::spi::ScheduleIdentity;
use jiff::Timestamp;

use crate::{Revision, Snapshot, StoredSnapshot};

/// The part of a schedule that stores look at: to find it, and to know when it needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduleIndex {
    /// What it is about; never changes.
    pub identity: ScheduleIdentity,
    /// When it is to start a run; `None` while something else comes first, such as the end of the run before.
    pub due: Option<Timestamp>,
    /// It rests because its version is not deployed (ENG-086).
    pub suspended: bool,
}

impl ScheduleIndex {
    /// The index of a schedule that nothing is due of; set the public members as needed.
    #[must_use]
    pub const fn new(identity: ScheduleIdentity) -> Self {
        Self { identity, due: None, suspended: false }
    }
}

/// A change of one schedule.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ScheduleChange {
    /// The schedule.
    pub id: ScheduleId,
    /// What happens to it.
    pub kind: ScheduleChangeKind,
}

/// What happens to a schedule. Closed: a store can do all of it.
#[derive(Debug, Clone)]
pub enum ScheduleChangeKind {
    /// It is there from now on.
    Add {
        /// What may be known of it.
        index: ScheduleIndex,
        /// What it is.
        snapshot: Arc<dyn Snapshot>,
        /// Only if there is none of its identity.
        sole: bool,
    },
    /// It changes.
    Replace {
        /// The revision the change was computed from.
        expected: Revision,
        /// What may be known of it from now on.
        index: ScheduleIndex,
        /// What it is from now on.
        snapshot: Arc<dyn Snapshot>,
    },
    /// It is no more.
    Remove {
        /// The revision the change was computed from.
        expected: Revision,
    },
}

impl ScheduleChange {
    /// Adds a schedule; with `sole` only if there is none of its identity.
    #[must_use]
    pub fn add(id: ScheduleId, index: ScheduleIndex, snapshot: Arc<dyn Snapshot>, sole: bool) -> Self {
        Self { id, kind: ScheduleChangeKind::Add { index, snapshot, sole } }
    }

    /// Changes a schedule that stands at revision `expected`.
    #[must_use]
    pub fn replace(
        id: ScheduleId,
        expected: Revision,
        index: ScheduleIndex,
        snapshot: Arc<dyn Snapshot>,
    ) -> Self {
        Self { id, kind: ScheduleChangeKind::Replace { expected, index, snapshot } }
    }

    /// Removes a schedule that stands at revision `expected`.
    #[must_use]
    pub const fn remove(id: ScheduleId, expected: Revision) -> Self {
        Self { id, kind: ScheduleChangeKind::Remove { expected } }
    }
}

/// A schedule as last changed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredSchedule {
    /// Its name.
    pub id: ScheduleId,
    /// Its revision, counted like that of a run.
    pub revision: Revision,
    /// Its index.
    pub index: ScheduleIndex,
    /// What it is.
    pub snapshot: StoredSnapshot,
}

impl StoredSchedule {
    /// A schedule as last changed.
    #[must_use]
    pub const fn new(
        id: ScheduleId,
        revision: Revision,
        index: ScheduleIndex,
        snapshot: StoredSnapshot,
    ) -> Self {
        Self { id, revision, index, snapshot }
    }
}

/// A schedule that is to start a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueSchedule {
    /// When.
    pub due: Timestamp,
    /// The schedule.
    pub schedule: ScheduleId,
}
