//! Runs and schedules as stores keep them.

use std::sync::Arc;

use jf_machine::{Run, Schedule, SnapshotError};
use jf_store::{EncodeError, Snapshot, StoredSnapshot};

/// A run at one revision.
#[derive(Debug, Clone)]
pub(crate) struct RunSnapshot(pub(crate) Run);

impl Snapshot for RunSnapshot {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(self.0.to_snapshot())
    }
}

impl RunSnapshot {
    /// The run a store gave back: the very value, if it kept it, else read from its bytes.
    pub(crate) fn from_stored(stored: &StoredSnapshot) -> Result<Arc<Self>, UnreadableRun> {
        match stored {
            StoredSnapshot::Live(_) => stored.downcast().ok_or(UnreadableRun::Foreign),
            StoredSnapshot::Encoded(bytes) => Ok(Arc::new(Self(Run::from_snapshot(bytes)?))),
        }
    }
}

/// A schedule at one revision.
#[derive(Debug)]
pub(crate) struct ScheduleSnapshot(pub(crate) Schedule);

impl Snapshot for ScheduleSnapshot {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(self.0.to_snapshot())
    }
}

impl ScheduleSnapshot {
    /// The schedule a store gave back.
    pub(crate) fn from_stored(stored: &StoredSnapshot) -> Result<Schedule, UnreadableRun> {
        match stored {
            StoredSnapshot::Live(_) => {
                let live = stored.downcast::<Self>().ok_or(UnreadableRun::Foreign)?;
                Ok(live.0.clone())
            }
            StoredSnapshot::Encoded(bytes) => Ok(Schedule::from_snapshot(bytes)?),
        }
    }
}

/// A snapshot this engine cannot go on with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnreadableRun {
    #[error("it was written by another engine")]
    Foreign,
    #[error(transparent)]
    Encoding(#[from] SnapshotError),
    #[error("the definition version of the run is not deployed")]
    NotDeployed,
}
