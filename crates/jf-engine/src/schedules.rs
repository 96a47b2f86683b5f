//! Schedules between the engine and its store, and those whose version comes and goes (ENG-086).

use std::num::NonZeroUsize;
use std::sync::Arc;

use futures::future::join_all;
use jf_core::ScheduleId;
use jf_core::spi::ScheduleIdentity;
use jf_machine::{Schedule, ScheduleEvent};
use jf_store::{
    Revision, ScheduleChange, ScheduleIndex, Snapshot, StoreError, StoreErrorKind, StoredSchedule,
};

use crate::shared::Shared;
use crate::snapshot::ScheduleSnapshot;
use crate::telemetry;

/// Schedules that are looked at together when an engine starts.
const BATCH: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not 0");

/// A schedule as it stands in the store.
pub(crate) struct StoredAt {
    pub(crate) schedule: Schedule,
    pub(crate) revision: Revision,
}

/// What a store keeps of a schedule.
pub(crate) fn stored(schedule: &Schedule) -> (ScheduleIndex, Arc<dyn Snapshot>) {
    let mut index = ScheduleIndex::new(schedule.identity());
    index.due = schedule.due();
    index.suspended = schedule.is_suspended();
    (index, Arc::new(ScheduleSnapshot(schedule.clone())))
}

impl Shared {
    /// A schedule, if it is there.
    pub(crate) async fn schedule(&self, id: &ScheduleId) -> Result<Option<StoredAt>, StoreError> {
        self.store.schedule(id).await?.map(read).transpose()
    }

    /// The newest schedule of an identity (TSK-104).
    pub(crate) async fn newest_schedule(
        &self,
        identity: &ScheduleIdentity,
    ) -> Result<Option<StoredAt>, StoreError> {
        self.store.newest_schedule(identity).await?.map(read).transpose()
    }

    /// Lets a schedule rest whose version is not deployed. Tells whether that was possible, or has become unnecessary.
    pub(crate) async fn let_rest(&self, mut known: StoredAt) -> bool {
        if !known.schedule.suspend() {
            return true;
        }
        match self.keep_schedule(&known, ScheduleEvent::Suspended).await {
            Ok(()) => true,
            // It is looked at again when it is due.
            Err(error) if error.kind() == StoreErrorKind::StaleSchedule => true,
            Err(error) => {
                tracing::warn!(%error, schedule = %known.schedule.id(), "a schedule cannot be kept");
                false
            }
        }
    }

    /// Lets every schedule rest whose version is not deployed any more, and wakes those whose version is back (ENG-086).
    ///
    /// Reads nothing but indexes where nothing has changed since the last time.
    ///
    /// # Errors
    /// When the store cannot be read or written; what was not reviewed is found by the next review.
    pub(crate) async fn review_schedules(&self) -> Result<(), StoreError> {
        for definition in self.store.scheduled_versions().await? {
            let is_deployed = self.deployment.version(&definition.name, &definition.version).is_some();
            let mut after: Option<ScheduleId> = None;
            loop {
                // Those that rest if they need not, and those that do not if they should.
                let ids = self.store.schedules_of(&definition, is_deployed, after.as_ref(), BATCH).await?;
                let Some(last) = ids.last().cloned() else { break };
                let reviewed = join_all(ids.iter().map(|id| self.review_schedule(id, is_deployed))).await;
                reviewed.into_iter().collect::<Result<(), _>>()?;
                after = Some(last);
            }
        }
        Ok(())
    }

    async fn review_schedule(&self, id: &ScheduleId, is_deployed: bool) -> Result<(), StoreError> {
        loop {
            let Some(mut known) = self.schedule(id).await? else { return Ok(()) };
            let event = if is_deployed { ScheduleEvent::Resumed } else { ScheduleEvent::Suspended };
            let changed = if is_deployed { known.schedule.resume() } else { known.schedule.suspend() };
            if !changed {
                return Ok(());
            }
            match self.keep_schedule(&known, event).await {
                // A run of it has ended, or made it anew. That leaves it at rest or awake as it was, and nothing else would ever look.
                Err(error) if error.kind() == StoreErrorKind::StaleSchedule => {}
                kept => return kept,
            }
        }
    }

    /// Stores a schedule that changed without a run.
    async fn keep_schedule(&self, known: &StoredAt, event: ScheduleEvent) -> Result<(), StoreError> {
        let StoredAt { schedule, revision } = known;
        let (index, snapshot) = stored(schedule);
        let change = ScheduleChange::replace(schedule.id().clone(), *revision, index, snapshot);
        self.store.change_schedule(self.claim, change).await?;
        telemetry::schedule_changed(&schedule.identity().definition, schedule.id(), event);
        if let Some(due) = schedule.due() {
            self.schedule_alarm.set(due);
        }
        Ok(())
    }
}

fn read(stored: StoredSchedule) -> Result<StoredAt, StoreError> {
    let schedule = ScheduleSnapshot::from_stored(&stored.snapshot).map_err(|error| {
        StoreError::new(StoreErrorKind::Corrupt).with("schedule", &stored.id).with_source(error)
    })?;
    Ok(StoredAt { schedule, revision: stored.revision })
}
