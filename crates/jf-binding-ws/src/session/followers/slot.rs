//! One subscription of a connection.

use std::sync::Arc;
use std::task::{Context, Waker};

use jf_core::{Head, JourneyId, Subscription};
use tokio::time::Instant;

use super::PushLimits;
use crate::audience::{Audience, Shape};
use crate::frames::Wish;
use crate::routing::Served;

/// One subscription.
pub(super) struct Slot {
    pub(super) generation: u64,
    /// Away while a pull is going on.
    pub(super) subscription: Option<Subscription>,
    pub(super) bell: Waker,
    pub(super) served: Arc<Served>,
    /// Joined with the first push.
    pub(super) audience: Option<Arc<Audience>>,
    pub(super) wish: Wish,
    /// Its delivery waits to be written.
    pub(super) busy: bool,
    pub(super) not_before: Option<Instant>,
    pub(super) troubles: u32,
    /// The epoch last told; pushes name it only when it changes.
    pub(super) epoch: String,
    /// Everything up to this number of that epoch has been told, in whatever way.
    pub(super) told: Option<u64>,
    /// The outcome was told by a reply.
    pub(super) outcome_told: bool,
    /// The head a replay leads to; a bookmark marks its end.
    pub(super) replay_to: Option<u64>,
    pub(super) bookmarked: Instant,
}

impl Slot {
    /// Whether a document is news; if so, how many statuses were elided just before it.
    pub(super) fn news(&self, at: &Head, skipped: u64, snapshot: bool) -> Option<Option<u64>> {
        let told = self.told.filter(|_| self.epoch == at.epoch.as_str());
        let skipped = match told {
            Some(told) if at.seq <= told => return None,
            Some(told) if !snapshot => skipped.min(at.seq - told - 1),
            _ => skipped,
        };
        Some((skipped > 0).then_some(skipped))
    }

    /// Whether the outcome is next, as far as is known.
    pub(super) fn is_at_the_end(&mut self) -> bool {
        let mut cx = Context::from_waker(&self.bell);
        self.subscription.as_mut().is_some_and(|subscription| subscription.is_at_the_end(&mut cx))
    }

    /// Those who watch the run.
    pub(super) fn audience(&mut self, run: &JourneyId, limits: PushLimits<'_>) -> &Arc<Audience> {
        self.audience.get_or_insert_with(|| limits.audiences.join(run))
    }

    /// Notes a document as told, and says how its text looks: the epoch is named when it is another than before.
    pub(super) fn shape(&mut self, at: &Head, skipped: Option<u64>, snapshot: bool) -> Shape {
        self.told = Some(at.seq);
        let epoch = self.epoch != at.epoch.as_str();
        if epoch {
            self.epoch = at.epoch.as_str().to_owned();
        }
        Shape { at: at.clone(), epoch, skipped, snapshot, served: Arc::clone(&self.served) }
    }
}
