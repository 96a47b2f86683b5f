//! The subscriptions of one connection (§9, FLOW-1): cursors, bells that mark them dirty, and pulls while there is room.
//!
//! Nothing here grows with what a client does not read. A subscription waits without a future; when its bell has rung and the
//! socket has room, one guarded read is started, and its delivery is turned into text at the moment it is written, so that what
//! a reply has told meanwhile is left out (SEQ-5). Without credit the read is made all the same, since what is no document is free;
//! a document is not kept but read anew when there is credit again (FLOW-7).

mod push;
mod queue;
mod slot;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use jf_core::{
    Caller, Delivery, EngineError, Head, JourneyId, Links, Opened, Phase, Replaying, Subscription,
};
use tokio::time::Instant;

use self::push::Push;
use self::queue::Queue;
use self::slot::Slot;
use super::wakes::Wakes;
use crate::audience::Audiences;
use crate::frames::{Unsubscribed, Wish, to_text};
use crate::routing::Served;

/// Pulls at once, and deliveries that may wait to be written. A slow guard of one run should not hold up the others.
const ROOM: usize = 4;
/// How often subscriptions look at the log without having been woken (ENG-132).
const LOOK_INTERVAL: Duration = Duration::from_secs(30);
/// First pause after trouble of the engine; doubled each time up to the last one.
const TROUBLE_PAUSE: Duration = Duration::from_secs(1);
const TROUBLE_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Settings that concern pushes, and what they share with those of other connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PushLimits<'a> {
    pub(crate) max_outbound_bytes: usize,
    pub(crate) status_min_interval: Duration,
    pub(crate) http_base: &'a str,
    pub(crate) audiences: &'a Audiences,
}

/// All subscriptions of a connection.
#[derive(Default)]
pub(crate) struct Followers {
    slots: HashMap<JourneyId, Slot>,
    /// What replies have told since a subscription was asked for that is being opened, or is going to be; in the order of turns.
    opening: HashMap<JourneyId, VecDeque<Told>>,
    /// Places held for those that are being opened.
    reserved: usize,
    wakes: Arc<Wakes>,
    dirty: Queue,
    /// Runs that are not to be asked before a time, each at most once.
    delayed: Vec<(Instant, JourneyId)>,
    pulls: FuturesUnordered<BoxFuture<'static, Pulled>>,
    /// Those of them whose document can be pushed.
    paid_pulls: usize,
    /// Runs with a document that waits for credit, in the order in which it was found.
    unpaid: Queue,
    outcomes: VecDeque<Push>,
    statuses: VecDeque<Push>,
    /// Pushes the client still takes; `None` without flow control by credit (FLOW-7).
    credit: Option<u64>,
    pub(crate) bookmarks: bool,
    look_at: Option<Instant>,
    generation: u64,
}

/// What replies have told about a run while a subscription to it was being opened (SEQ-5).
#[derive(Default)]
pub(crate) struct Told {
    status: Option<(Head, Phase)>,
    outcome: Option<Head>,
}

struct Pulled {
    run: JourneyId,
    generation: u64,
    paid: bool,
    subscription: Subscription,
    result: Result<Option<Delivery>, EngineError>,
}

impl Followers {
    /// Whether nothing is subscribed or being subscribed.
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.reserved == 0
    }

    /// Holds a place for a subscription to `run`, which may replace one; `false` when all are taken (LIM-5).
    pub(crate) fn reserve(&mut self, run: &JourneyId, max: usize) -> bool {
        let fits = self.reserve_expected(run, max);
        if fits {
            self.expect(run);
        }
        fits
    }

    /// The same for a subscription that was expected.
    pub(crate) fn reserve_expected(&mut self, run: &JourneyId, max: usize) -> bool {
        let fits = self.slots.contains_key(run) || self.slots.len() + self.reserved < max;
        self.reserved += usize::from(fits);
        fits
    }

    /// Notes that a subscription to `run` is going to be opened: what replies tell from now on is left out of it.
    pub(crate) fn expect(&mut self, run: &JourneyId) {
        self.opening.entry(run.clone()).or_default().push_back(Told::default());
    }

    /// What was expected is not going to be. Of those of one run that is the first, since all were expected at the same moment.
    pub(crate) fn give_up(&mut self, run: &JourneyId) -> Told {
        let Some(openings) = self.opening.get_mut(run) else { return Told::default() };
        let told = openings.pop_front().unwrap_or_default();
        if openings.is_empty() {
            self.opening.remove(run);
        }
        told
    }

    /// Gives a held place back, with what replies have told since the subscription was asked for.
    pub(crate) fn release(&mut self, run: &JourneyId) -> Told {
        self.reserved -= 1;
        self.give_up(run)
    }

    /// Leaves out of a subscription by cursor what replies have told since it was asked for.
    pub(crate) fn leave_out(&mut self, run: &JourneyId, told: &Told) {
        if let Some((at, phase)) = &told.status {
            self.leave_out_status(run, at, *phase);
        }
        if let Some(at) = &told.outcome {
            self.leave_out_outcome(run, at);
        }
    }

    /// Takes a subscription in whose establishing reply is on its way; replaces one to the same run (SUB-3).
    pub(crate) fn insert(
        &mut self,
        subscription: Subscription,
        opened: &Opened,
        replay: &Replaying,
        wish: Wish,
        served: Arc<Served>,
        now: Instant,
    ) {
        self.generation += 1;
        let run = subscription.journey_id().clone();
        let replayed =
            matches!(replay, Replaying::After(_)) && opened.recovered && opened.after < opened.head.seq;
        let slot = Slot {
            generation: self.generation,
            subscription: Some(subscription),
            bell: self.wakes.bell(run.clone()),
            served,
            audience: None,
            wish,
            busy: false,
            not_before: None,
            troubles: 0,
            epoch: opened.head.epoch.as_str().to_owned(),
            told: (*replay != Replaying::Latest && opened.recovered).then_some(opened.after),
            outcome_told: false,
            replay_to: replayed.then_some(opened.head.seq),
            bookmarked: now,
        };
        self.look_at.get_or_insert(now + LOOK_INTERVAL);
        // What the one before was to wait for is nothing to this one.
        self.delayed.retain(|(_, delayed)| *delayed != run);
        self.dirty.push(&run);
        self.slots.insert(run, slot);
    }

    /// Ends a subscription, if there is one.
    pub(crate) fn remove(&mut self, run: &JourneyId) {
        self.slots.remove(run);
        self.dirty.remove(run);
        self.unpaid.remove(run);
        self.delayed.retain(|(_, delayed)| delayed != run);
        if self.slots.is_empty() {
            self.look_at = None;
        }
    }

    /// Counts a status document in a reply as delivery of everything up to it, the outcome excepted (SEQ-5).
    pub(crate) fn told_status(&mut self, run: &JourneyId, at: &Head, phase: Phase) {
        for told in self.opening.get_mut(run).into_iter().flatten() {
            // Replies may overtake each other, logs may not.
            if told.status.as_ref().is_none_or(|(last, _)| last.epoch != at.epoch || last.seq <= at.seq) {
                told.status = Some((at.clone(), phase));
            }
        }
        self.leave_out_status(run, at, phase);
    }

    fn leave_out_status(&mut self, run: &JourneyId, at: &Head, phase: Phase) {
        let Some(slot) = self.slots.get_mut(run).filter(|slot| slot.epoch == at.epoch.as_str()) else {
            return;
        };
        let seq = if phase.is_final() { at.seq.saturating_sub(1) } else { at.seq };
        slot.told = slot.told.max(Some(seq));
        if let Some(subscription) = &mut slot.subscription {
            subscription.delivered_status(at, phase);
        }
        // It may have been the rest of a replay.
        if slot.replay_to.is_some() {
            self.bookmark_replay(run);
        }
    }

    /// Counts an outcome document in a reply as delivery of the outcome (SEQ-5).
    pub(crate) fn told_outcome(&mut self, run: &JourneyId, at: &Head) {
        for told in self.opening.get_mut(run).into_iter().flatten() {
            told.outcome = Some(at.clone());
        }
        self.leave_out_outcome(run, at);
    }

    fn leave_out_outcome(&mut self, run: &JourneyId, at: &Head) {
        let Some(slot) = self.slots.get_mut(run).filter(|slot| slot.epoch == at.epoch.as_str()) else {
            return;
        };
        slot.told = slot.told.max(Some(at.seq));
        slot.outcome_told = true;
        if let Some(subscription) = &mut slot.subscription {
            subscription.delivered_outcome(at);
        }
        self.mark(run);
    }

    /// Allows `n` more pushes (FLOW-7).
    pub(crate) fn grant(&mut self, n: u32) {
        self.credit = Some(self.credit.unwrap_or(0).saturating_add(u64::from(n)));
    }

    /// Moves everything that can move. New pulls begin only where `room` says that the socket takes more. `true` when something
    /// is there to be written.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        room: bool,
        caller: &Caller,
        limits: PushLimits<'_>,
    ) -> bool {
        if self.slots.is_empty() && self.pulls.is_empty() {
            return self.has_push();
        }
        self.wakes.register(cx.waker());
        let mut woken = Vec::new();
        self.wakes.hear(|run| woken.push(run.clone()));
        woken.iter().for_each(|run| self.mark(run));
        self.keep_time(now);
        loop {
            if room {
                self.begin_pulls(now, caller);
            }
            match self.pulls.poll_next_unpin(cx) {
                Poll::Ready(Some(pulled)) => self.pulled(pulled, now, limits),
                Poll::Ready(None) | Poll::Pending => return self.has_push(),
            }
        }
    }

    fn mark(&mut self, run: &JourneyId) {
        if self.slots.contains_key(run) {
            self.dirty.push(run);
        }
    }

    /// Marks what has waited long enough, and lets everybody look at the log now and then.
    fn keep_time(&mut self, now: Instant) {
        let mut due = Vec::new();
        self.delayed.retain(|(at, run)| {
            let waits = *at > now;
            if !waits {
                due.push(run.clone());
            }
            waits
        });
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at = Some(now + LOOK_INTERVAL);
            for slot in self.slots.values_mut() {
                if let Some(subscription) = &mut slot.subscription {
                    subscription.touch();
                }
            }
            due.extend(self.slots.keys().cloned());
        }
        due.iter().for_each(|run| self.mark(run));
    }

    /// How many documents that are read now can be pushed, whatever comes of those on their way (FLOW-7).
    fn spare_credit(&self) -> usize {
        let Some(credit) = self.credit else { return usize::MAX };
        let waiting = self.statuses.iter().filter(|push| push.is_status()).count();
        let promised = self.paid_pulls + self.outcomes.len() + waiting;
        usize::try_from(credit).unwrap_or(usize::MAX).saturating_sub(promised)
    }

    /// How many reads may begin.
    fn places(&self) -> usize {
        ROOM.saturating_sub(self.pulls.len() + self.outcomes.len() + self.statuses.len())
    }

    /// Puts those whose outcome is next before the others (FLOW-4). Where all can be read at once, that is seen when they are written.
    fn ends_first(&mut self) {
        let (places, waiting) = (self.places(), self.dirty.len() + self.unpaid.len());
        let paid = places.min(self.spare_credit());
        let slots = &mut self.slots;
        for (queue, places) in [(&mut self.dirty, places), (&mut self.unpaid, paid)] {
            if (1..waiting).contains(&places) {
                queue.prefer(|run| slots.get_mut(run).is_some_and(Slot::is_at_the_end));
            }
        }
    }

    fn begin_pulls(&mut self, now: Instant, caller: &Caller) {
        self.ends_first();
        while self.places() > 0 {
            let paid = self.spare_credit() > 0;
            let waited = if paid { self.unpaid.pop() } else { None };
            let Some(run) = waited.or_else(|| self.dirty.pop()) else { return };
            let Some(slot) = self.slots.get_mut(&run) else { continue };
            if slot.busy {
                continue;
            }
            let Some(mut subscription) = slot.subscription.take() else { continue };
            if paid {
                subscription.take_up();
            }
            if subscription.poll_ready(&mut Context::from_waker(&slot.bell)).is_pending() {
                slot.subscription = Some(subscription);
                continue;
            }
            if let Some(at) = slot.not_before.filter(|at| *at > now) {
                slot.subscription = Some(subscription);
                if !self.delayed.iter().any(|(_, delayed)| *delayed == run) {
                    self.delayed.push((at, run));
                }
                continue;
            }
            let (generation, caller) = (slot.generation, caller.clone());
            self.paid_pulls += usize::from(paid);
            self.pulls.push(Box::pin(async move {
                let result = if paid {
                    subscription.pull(&caller).await
                } else {
                    subscription.pull_notice(&caller).await
                };
                Pulled { run, generation, paid, subscription, result }
            }));
        }
    }

    fn pulled(&mut self, pulled: Pulled, now: Instant, limits: PushLimits<'_>) {
        let Pulled { run, generation, paid, mut subscription, result } = pulled;
        self.paid_pulls -= usize::from(paid);
        let Some(slot) = self.slots.get_mut(&run).filter(|slot| slot.generation == generation) else {
            return;
        };
        // Replies may have told something while the pull was going on.
        let epoch = &subscription.cursor().epoch;
        if let Some(seq) = slot.told.filter(|_| slot.epoch == epoch.as_str()) {
            let told = Head::new(epoch.clone(), seq);
            if slot.outcome_told {
                subscription.delivered_outcome(&told);
            } else {
                subscription.delivered_status(&told, Phase::Running);
            }
        }
        let put_off = subscription.is_put_off();
        slot.subscription = Some(subscription);
        if result.is_ok() {
            slot.troubles = 0;
        }
        match result {
            Ok(None) if put_off => {
                self.unpaid.push(&run);
                // What is read only to be put off is not read more often than it would be pushed.
                self.delay(&run, now + limits.status_min_interval);
            }
            Ok(None) => {
                self.bookmark_replay(&run);
                self.bookmark_now_and_then(&run, now);
                self.mark(&run);
            }
            Ok(Some(Delivery::Withheld { pause })) => self.delay(&run, now + pause),
            Ok(Some(Delivery::Completed)) => self.end(&run, "completed"),
            Ok(Some(Delivery::Gone)) => self.end(&run, "gone"),
            Ok(Some(delivery)) => {
                slot.busy = true;
                if let Delivery::Status { .. } = delivery
                    && slot.wish.conflate
                {
                    slot.not_before = Some(now + limits.status_min_interval);
                }
                let queue = match delivery {
                    Delivery::Outcome { .. } => &mut self.outcomes,
                    _ => &mut self.statuses,
                };
                queue.push_back(Push::Delivery { run, generation, delivery: Box::new(delivery) });
            }
            Err(error) => {
                tracing::warn!(error = %error, "a subscription could not be read; trying again");
                let pause = TROUBLE_PAUSE.saturating_mul(1 << slot.troubles.min(5)).min(TROUBLE_PAUSE_MAX);
                slot.troubles += 1;
                self.delay(&run, now + pause);
            }
        }
    }

    fn delay(&mut self, run: &JourneyId, until: Instant) {
        if let Some(slot) = self.slots.get_mut(run) {
            slot.not_before = Some(until);
        }
        self.mark(run);
    }

    fn end(&mut self, run: &JourneyId, reason: &'static str) {
        let text = to_text(&Unsubscribed::new(None, run.as_str(), reason));
        self.statuses.push_back(Push::Text(text));
        self.remove(run);
    }

    /// Ends all subscriptions; what was read for them and is not written is told to nobody.
    pub(crate) fn end_all(&mut self, reason: &'static str) {
        let runs: Vec<JourneyId> = self.slots.keys().cloned().collect();
        runs.iter().for_each(|run| self.end(run, reason));
    }

    /// When [`Followers::poll`] has something to do without being woken.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.delayed.iter().map(|(at, _)| *at).chain(self.look_at).min()
    }
}

/// Where a document can be read that is too large for a frame (LIM-3).
pub(crate) fn address(
    links: &Option<Links>,
    limits: PushLimits<'_>,
    run: &JourneyId,
    suffix: &str,
) -> String {
    let own = links.as_ref().and_then(|links| links.get("self"));
    own.map_or_else(|| format!("{}/journeys/{run}{suffix}", limits.http_base), |link| link.href.into_owned())
}
