//! When it is over: idleness, lifetime, drain (IDLE-1, DRAIN-1, DRAIN-2).

use std::time::Duration;

use tokio::time::Instant;

use super::Core;
use crate::close::Close;
use crate::frames::{GoAway, to_text};

/// After `goaway`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    /// Close when nothing is in flight.
    grace: Instant,
    /// Close in any case.
    latest: Instant,
}

impl Core {
    /// The server is going to stop.
    pub(crate) fn drain(&mut self, now: Instant) {
        let config = &self.shared.config;
        self.go_away("drain", config.drain.spread(config.drain_window), now);
    }

    /// Announces the end: the client learns when to come back, and the close comes at a time of this connection's own, so that
    /// neither reconnects nor closes come all at once (DRAIN-1, DRAIN-2).
    fn go_away(&mut self, reason: &'static str, spread: Duration, now: Instant) {
        if self.ending.is_some() {
            return;
        }
        let grace = spread - part_of(spread / 10);
        let delay = part_of(spread);
        self.ending = Some(Ending { grace: now + grace, latest: now + self.shared.config.drain_window });
        self.out.urgent(to_text(&GoAway::new(reason, millis(grace), millis(delay))));
    }

    /// Judges everything that depends on time alone.
    pub(crate) fn keep_time(&mut self, now: Instant) {
        let limits = &self.shared.config.limits;
        let busy = self.is_busy();
        if busy || std::mem::replace(&mut self.was_busy, busy) {
            self.quiet_since = now;
            self.was_busy = busy;
        } else if now >= self.quiet_since + Duration::from_millis(limits.idle_ms.get()) {
            self.close.get_or_insert(Close::Idle);
        }
        if self.dies_at().is_some_and(|at| now >= at) {
            self.go_away("lifetime", self.shared.config.drain_window, now);
        }
        if let Some(ending) = self.ending {
            let done = self.in_flight == 0 && self.held.is_empty() && !self.has_output();
            if now >= ending.latest || (now >= ending.grace && done) {
                self.close.get_or_insert(Close::Restart);
            }
        }
    }

    fn is_busy(&self) -> bool {
        self.in_flight > 0
            || !(self.work.is_empty() && self.held.is_empty() && self.resume.is_empty())
            || !self.followers.is_empty()
    }

    fn dies_at(&self) -> Option<Instant> {
        let lifetime = self.shared.config.limits.max_lifetime_ms;
        (lifetime > 0 && self.ending.is_none()).then(|| self.born + Duration::from_millis(lifetime))
    }

    /// When [`Core::keep_time`] or a subscription has something to do without being woken.
    pub(crate) fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let idle = Duration::from_millis(self.shared.config.limits.idle_ms.get());
        let idle = (!self.is_busy()).then(|| self.quiet_since + idle);
        let ending = self.ending.map(|ending| if now < ending.grace { ending.grace } else { ending.latest });
        let access = self.access_deadline();
        [idle, self.dies_at(), ending, access, self.followers.next_deadline()].into_iter().flatten().min()
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A random part of a time, uniformly drawn. Without randomness it is nothing, which is still correct.
fn part_of(whole: Duration) -> Duration {
    let draw = getrandom::u32().unwrap_or(0);
    whole.mul_f64(f64::from(draw) / 4_294_967_296.0)
}
