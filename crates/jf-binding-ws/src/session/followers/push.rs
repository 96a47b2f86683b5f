//! From deliveries to text, at the moment they are written.

use std::time::Duration;

use jf_core::{Delivery, EventFilter, JourneyId};
use tokio::time::Instant;
use tungstenite::Utf8Bytes;

use super::{Followers, PushLimits, address};
use crate::frames::{Document, Gap, Plain, to_text};

/// Least time between two bookmarks of one subscription (SUB-8).
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);

/// Something to push.
pub(super) enum Push {
    Delivery { run: JourneyId, generation: u64, delivery: Box<Delivery> },
    Text(Utf8Bytes),
}

impl Push {
    /// Whether it is a status, which takes credit.
    pub(super) fn is_status(&self) -> bool {
        matches!(self, Self::Delivery { delivery, .. } if matches!(**delivery, Delivery::Status { .. }))
    }
}

impl Followers {
    /// Whether [`Followers::next`] may have something.
    pub(crate) fn has_push(&self) -> bool {
        !self.outcomes.is_empty() || !self.statuses.is_empty()
    }

    /// The next push, outcomes first (FLOW-4), as text.
    pub(crate) fn next(&mut self, now: Instant, limits: PushLimits<'_>) -> Option<Utf8Bytes> {
        loop {
            match self.outcomes.pop_front().or_else(|| self.statuses.pop_front())? {
                Push::Text(text) => return Some(text),
                Push::Delivery { run, generation, delivery } => {
                    if let Some(text) = self.write(&run, generation, *delivery, now, limits) {
                        return Some(text);
                    }
                }
            }
        }
    }

    /// The text of a delivery, unless it has been told meanwhile.
    fn write(
        &mut self,
        run: &JourneyId,
        generation: u64,
        delivery: Delivery,
        now: Instant,
        limits: PushLimits<'_>,
    ) -> Option<Utf8Bytes> {
        let slot = self.slots.get_mut(run).filter(|slot| slot.generation == generation)?;
        slot.busy = false;
        let text = match delivery {
            Delivery::Status { status, skipped, snapshot } => {
                slot.news(&status.at, skipped, snapshot).map(|skipped| {
                    let shape = slot.shape(&status.at, skipped, snapshot);
                    slot.audience(run, limits).status(shape.clone(), status.document, |document| {
                        let mut frame = Document::new("status", run, &shape.at, document);
                        shape.put_on(&mut frame);
                        frame.actions = shape.served.actions(document);
                        frame.into_written(limits.max_outbound_bytes, || {
                            address(&document.links, limits, run, "")
                        })
                    })
                })
            }
            Delivery::Outcome { outcome, skipped, snapshot } => {
                let skipped =
                    if slot.outcome_told { None } else { slot.news(&outcome.at, skipped, snapshot) };
                let text = skipped.map(|skipped| {
                    let shape = slot.shape(&outcome.at, skipped, snapshot);
                    slot.audience(run, limits).outcome(shape.clone(), outcome.document, |document| {
                        let mut frame = Document::new("outcome", run, &shape.at, document);
                        shape.put_on(&mut frame);
                        frame.into_written(limits.max_outbound_bytes, || {
                            address(&document.links, limits, run, "/result")
                        })
                    })
                });
                self.end(run, "completed");
                text
            }
            Delivery::Gap { head, from, to, reason } => {
                // What follows is a snapshot, whatever was told before.
                slot.told = None;
                slot.epoch = head.epoch.as_str().to_owned();
                return self.pushed(
                    run,
                    Some(to_text(&Gap::new(run, &head, (from, to), reason))),
                    false,
                    now,
                );
            }
            _ => None,
        };
        let counts = text.is_some();
        self.pushed(run, text, counts, now)
    }

    fn pushed(
        &mut self,
        run: &JourneyId,
        text: Option<Utf8Bytes>,
        counts: bool,
        now: Instant,
    ) -> Option<Utf8Bytes> {
        if counts && let Some(credit) = &mut self.credit {
            *credit = credit.saturating_sub(1);
        }
        self.bookmark_replay(run);
        self.bookmark_now_and_then(run, now);
        self.mark(run);
        text
    }

    /// Marks the end of a replay (SUB-8).
    pub(super) fn bookmark_replay(&mut self, run: &JourneyId) {
        let Some(slot) = self.slots.get_mut(run) else { return };
        let Some(subscription) = &slot.subscription else { return };
        let cursor = subscription.cursor();
        if slot.replay_to.is_some_and(|to| cursor.seq >= to) {
            slot.replay_to = None;
            self.statuses.push_back(Push::Text(to_text(&Plain::bookmark(run, cursor))));
        }
    }

    /// Tells a filtered subscriber how far the log has been looked at (SUB-8).
    pub(super) fn bookmark_now_and_then(&mut self, run: &JourneyId, now: Instant) {
        let Some(slot) = self.slots.get_mut(run).filter(|slot| slot.wish.filter != EventFilter::ALL) else {
            return;
        };
        let Some(subscription) = slot.subscription.as_ref().filter(|_| self.bookmarks) else { return };
        let cursor = subscription.cursor();
        if slot.told < Some(cursor.seq) && now >= slot.bookmarked + BOOKMARK_INTERVAL {
            slot.bookmarked = now;
            slot.told = Some(cursor.seq);
            self.statuses.push_back(Push::Text(to_text(&Plain::bookmark(run, cursor))));
        }
    }
}
