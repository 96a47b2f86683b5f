//! Refusals that must not tell by their time whether there is a run (ENG-113).
//!
//! Deciding a denial takes a guard, of which an absent run has none. So both are given at the same moment, which is after most guards have
//! decided; see `docs/adr/0021-equal-refusals.md`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::after;

/// How late a timer of the runtime may be on a machine that has nothing else to do: its ticks are milliseconds, and it is woken after whole
/// ones.
pub(super) const GRAIN: Duration = Duration::from_millis(2);

/// How long denials are looked back on: then the time follows guards that have become faster. It is a time, not a number of refusals: that
/// would be for those who ask to bring about, and to watch.
const WINDOW: Duration = Duration::from_secs(300);

/// Threads that sleep out the last moments of refusals.
const SLEEPERS: usize = 32;

/// When refusals are given, as learnt from the guards that have denied.
#[derive(Debug)]
pub(crate) struct Silence {
    /// The longest that a refusal is held back.
    most: Duration,
    learnt: Mutex<Learnt>,
    sleepers: Arc<Semaphore>,
}

#[derive(Debug)]
struct Learnt {
    hold: Duration,
    /// The slowest denial of the window, if there was one.
    slowest: Option<Duration>,
    /// When the window ends.
    until: Timestamp,
}

impl Silence {
    pub(crate) fn new(most: Duration) -> Self {
        let learnt = Learnt { hold: Duration::ZERO, slowest: None, until: Timestamp::MIN };
        Self { most, learnt: Mutex::new(learnt), sleepers: Arc::new(Semaphore::new(SLEEPERS)) }
    }

    /// Whether refusals are held back at all.
    pub(super) const fn is_kept(&self) -> bool {
        !self.most.is_zero()
    }

    /// Takes note of how long a guard took to deny. That it took longer than others counts at once, or it would show once more.
    pub(crate) fn denied(&self, took: Duration, now: Timestamp) {
        let wanted = round(took).min(self.most);
        let mut learnt = self.learnt(now);
        learnt.slowest = learnt.slowest.max(Some(wanted));
        learnt.hold = learnt.hold.max(wanted);
    }

    /// How long after its request a refusal is given; zero until a guard has denied.
    pub(crate) fn hold(&self, now: Timestamp) -> Duration {
        self.learnt(now).hold
    }

    /// What is known now. A window without denials has taught nothing; after others the time falls by half at most.
    fn learnt(&self, now: Timestamp) -> MutexGuard<'_, Learnt> {
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= learnt.until {
            if let Some(slowest) = learnt.slowest.take() {
                learnt.hold = slowest.max(learnt.hold / 2);
            }
            learnt.until = after(now, WINDOW);
        }
        learnt
    }

    /// A thread to sleep on, unless too many do.
    pub(super) fn sleeper(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.sleepers).try_acquire_owned().ok()
    }
}

/// Twice the time, rounded up to a power of two in milliseconds: neither small differences between guards show in it, nor the grain of
/// timers.
fn round(took: Duration) -> Duration {
    let millis = took.saturating_mul(2).as_nanos().div_ceil(1_000_000);
    let millis =
        if millis == 0 { 0 } else { u64::try_from(millis).unwrap_or(u64::MAX / 2).next_power_of_two() };
    Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::{SLEEPERS, Silence, WINDOW};
    use jiff::Timestamp;
    use std::time::Duration;

    const fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// So many windows after the first denial.
    fn at(windows: u32) -> Timestamp {
        Timestamp::UNIX_EPOCH + WINDOW * windows
    }

    #[test]
    fn eng_113_refusals_are_held_for_twice_the_slowest_denial_of_late() {
        let silence = Silence::new(micros(250_000));
        assert_eq!(silence.hold(at(0)), Duration::ZERO);
        for (took, hold) in [
            (0, 0),
            (1, 1_000),
            (400, 1_000),
            (600, 2_000),
            (100, 2_000),
            (30_000, 64_000),
            (90_000, 250_000),
            (u64::MAX, 250_000),
            (100, 250_000),
        ] {
            silence.denied(micros(took), at(0));
            assert_eq!(silence.hold(at(0)), micros(hold), "{took}");
        }
    }

    #[test]
    fn eng_113_no_number_of_refusals_makes_the_time_fall() {
        let silence = Silence::new(micros(250_000));
        silence.denied(micros(30_000), at(0));
        for _ in 0..10_000 {
            silence.denied(micros(100), at(0));
            assert_eq!(silence.hold(at(0)), micros(64_000));
        }
        // Guards are fast again: that is believed after a while, step by step.
        assert_eq!(silence.hold(at(1)), micros(64_000), "the slow one was of this window");
        for (window, hold) in [(1, 64_000), (2, 32_000), (3, 16_000), (4, 8_000)] {
            assert_eq!(silence.hold(at(window)), micros(hold), "{window}");
            silence.denied(micros(100), at(window));
        }
        assert_eq!(silence.hold(at(5)), micros(4_000));
        assert_eq!(silence.hold(at(500)), micros(4_000), "silence teaches nothing");
        for window in 500..520 {
            silence.denied(micros(100), at(window));
        }
        assert_eq!(silence.hold(at(520)), micros(1_000));
    }

    #[test]
    fn eng_113_nothing_is_held_where_that_is_turned_off() {
        let silence = Silence::new(Duration::ZERO);
        silence.denied(micros(90_000), at(0));
        assert_eq!(silence.hold(at(0)), Duration::ZERO);
        assert!(!silence.is_kept());
    }

    #[test]
    fn eng_113_sleeping_threads_are_bounded() {
        let silence = Silence::new(micros(1));
        let sleeping: Vec<_> = (0..SLEEPERS).map(|_| silence.sleeper().unwrap()).collect();
        assert!(silence.sleeper().is_none());
        drop(sleeping);
        assert!(silence.sleeper().is_some());
    }
}
