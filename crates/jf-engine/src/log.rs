//! Reading the log of a run (ENG-132).

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use jf_core::{At, Caller, Cursor, EngineError, Event, GapReason, HeadWatch, JourneyId, Replay};
use jf_dsl::Definition;
use jf_machine::Run;
use jf_store::LogRecord;

use crate::links::RunLinks;
use crate::shared::{Shared, store_error};

/// Most events of one pull.
const LARGEST_PULL: NonZeroUsize = NonZeroUsize::new(1_000).expect("1000 is not 0");

impl Shared {
    /// The next events after a cursor, or that some are missing.
    pub(crate) async fn events(
        self: &Arc<Self>,
        id: &JourneyId,
        from: Cursor,
        limit: NonZeroU32,
        caller: &Caller,
    ) -> Result<Replay, EngineError> {
        let deployed = self.locate(id).await?;
        let definition = deployed.program.definition();
        let limit = NonZeroUsize::try_from(limit).unwrap_or(LARGEST_PULL).min(LARGEST_PULL);
        let page = self.store.events(id, from.after, limit).await.map_err(|error| store_error(&error))?;
        let page = page.ok_or_else(EngineError::not_found)?;
        // A compensation has links that its documents do not tell. The guard judges all events of a page at once, by a state that has
        // the newest of them (ENG-116).
        let read = match definition.spec.compensation.is_some() || deployed.program.guards_reads() {
            true => Some(self.read_for(id, caller).await?),
            false => None,
        };
        let (head, ended) = (self.head(page.head), page.phase.is_final());
        let foreign = from.epoch.is_some_and(|epoch| epoch != self.epoch) || from.after > page.head;
        let lost = page.oldest.saturating_sub(1) > from.after;
        if foreign || lost {
            let reason = if foreign { GapReason::Epoch } else { GapReason::Retention };
            return Ok(Replay::Gone { oldest: page.oldest, head, reason, ended });
        }
        let last = page.events.last().map_or(from.after, |record| record.seq);
        let run = read.as_ref().map(|read| &read.snapshot.0);
        let items = page.events.iter().map(|record| self.event(definition, run, record)).collect();
        Ok(Replay::Events { items, more: last < page.head, head, ended })
    }

    fn event(&self, definition: &Definition, run: Option<&Run>, record: &LogRecord) -> At<Event> {
        let links = run.map(|run| RunLinks::at(run, record.seq)).unwrap_or_default();
        let event = match record.document.to_event() {
            Event::Status(status) => Event::Status(self.links.status(definition, &links, status)),
            Event::Outcome(outcome) => Event::Outcome(self.links.outcome(definition, &links, outcome)),
        };
        At::new(self.head(record.seq), event)
    }

    /// A wake-up for a run. Attached before the head is read, so that no commit falls between the two.
    pub(crate) async fn watch(self: &Arc<Self>, id: &JourneyId) -> Result<HeadWatch, EngineError> {
        let watch = self.watches.watch(id);
        let index = self.store.locate(id).await.map_err(|error| store_error(&error))?;
        let index = index.ok_or_else(EngineError::not_found)?;
        self.watches.publish(id, index.head, index.phase.is_final());
        Ok(watch)
    }
}
