//! `hello.resume`: that many subscriptions, a few at a time (SUB-9).

use std::collections::VecDeque;
use std::sync::Arc;

use jf_core::{ByteShare, EngineError, JourneyId};
use tokio::time::Instant;

use super::Core;
use super::access::unauthenticated;
use super::inbound::subscription_limit;
use crate::frames::{RunRef, Subscribe};
use crate::session::requests::{self, Ticket, Work};
use crate::session::turns::Turn;

/// Entries that are opened at a time.
const RESUMING: usize = 8;

/// Entries that wait.
#[derive(Default)]
pub(super) struct Resume {
    /// With the place of each in the order of its run. Not more than there may be subscriptions.
    entries: VecDeque<(Subscribe, Option<(JourneyId, Turn)>)>,
    /// Runs of entries beyond that, which are refused.
    excess: VecDeque<RunRef>,
    /// What the list takes.
    share: Option<Arc<ByteShare>>,
    /// Entries at work.
    pub(super) working: usize,
}

impl Resume {
    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.excess.is_empty()
    }
}

impl Core {
    /// Takes a list in. One frame must not ask for more work than the connection may have subscriptions (LIM-5), however often it
    /// names one and the same run.
    pub(super) fn resume(&mut self, list: Vec<Subscribe>, excess: Vec<RunRef>, ticket: &Ticket) {
        self.resume.excess = excess.into();
        self.resume.share = ticket.share.clone();
        for entry in list {
            // Its place among what is asked of the run is that of `hello`, however long it waits. Behind it requests may be answered
            // before it is opened, which is to be left out of what it tells (SEQ-5).
            let place = match &entry.run {
                RunRef::Id(run) => {
                    self.followers.expect(run);
                    Some((run.clone(), self.subscribes.take(run)))
                }
                RunRef::Impossible(_) => None,
            };
            self.resume.entries.push_back((entry, place));
        }
    }

    /// Opens a few of the entries at a time, so that other requests get through.
    pub(super) fn resume_some(&mut self, now: Instant) {
        while self.resume.working < RESUMING
            && !self.out.is_pressed()
            && let Some((entry, place)) = self.resume.entries.pop_front()
        {
            let work = self.resume_one(entry, place, now);
            self.work.extend(work);
        }
        while self.resume.entries.is_empty()
            && !self.out.is_pressed()
            && let Some(run) = self.resume.excess.pop_front()
        {
            self.fail(&Ticket::of_resumed(run), &subscription_limit());
        }
        if self.resume.is_empty() {
            // An idle connection keeps no room for a list.
            (self.resume.entries, self.resume.excess, self.resume.share) = Default::default();
        }
    }

    fn resume_one(
        &mut self,
        entry: Subscribe,
        place: Option<(JourneyId, Turn)>,
        now: Instant,
    ) -> Option<Work> {
        let ticket = Ticket::of_resumed(entry.run.clone());
        let Some((run, turn)) = place else {
            self.fail(&ticket, &EngineError::not_found());
            return None;
        };
        let max = self.shared.config.limits.max_subscriptions;
        let refusal = if self.is_mute(now) {
            Some(unauthenticated())
        } else {
            (!self.followers.reserve_expected(&run, max)).then(subscription_limit)
        };
        self.begin(&ticket);
        Some(match refusal {
            None => {
                let (context, target) = (self.context(), self.target(run));
                Box::pin(requests::subscribe(context, ticket, target, entry, turn))
            }
            // A turn that was given up would let those behind it overtake those before it.
            Some(error) => {
                self.followers.give_up(&run);
                Box::pin(requests::refuse(ticket, error, turn))
            }
        })
    }
}
