//! Refusals that must not tell by their time whether there is a run (ENG-113).
//!
//! Deciding a denial takes a guard, of which an absent run has none. So both are given at the same moment, which is after most guards have
//! decided; see `docs/adr/0021-equal-refusals.md`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How late a timer of the runtime may be on a machine that has nothing else to do: its ticks are milliseconds, and it is woken after whole
/// ones.
pub(super) const GRAIN: Duration = Duration::from_millis(2);

/// Denials that are looked back on: then the time follows guards that have become faster.
const WINDOW: u32 = 128;

/// When refusals are given, as learnt from the guards that have denied.
#[derive(Debug)]
pub(crate) struct Silence {
    /// The longest that a refusal is held back.
    most: Duration,
    learnt: Mutex<Learnt>,
}

#[derive(Debug, Default)]
struct Learnt {
    hold: Duration,
    /// What the window up to now would make of it.
    next: Duration,
    denials: u32,
}

impl Silence {
    pub(crate) fn new(most: Duration) -> Self {
        Self { most, learnt: Mutex::default() }
    }

    /// Takes note of how long a guard took to deny.
    pub(crate) fn denied(&self, took: Duration) {
        let wanted = round(took).min(self.most);
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        learnt.next = learnt.next.max(wanted);
        learnt.denials += 1;
        if learnt.denials == WINDOW {
            *learnt = Learnt { hold: learnt.next, ..Learnt::default() };
        } else {
            learnt.hold = learnt.hold.max(wanted);
        }
    }

    /// How long after its request a refusal is given; zero until a guard has denied.
    pub(crate) fn hold(&self) -> Duration {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner).hold
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
    use super::{Silence, WINDOW};
    use std::time::Duration;

    const fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn eng_113_refusals_are_held_for_twice_the_slowest_denial_of_late() {
        let silence = Silence::new(micros(250_000));
        assert_eq!(silence.hold(), Duration::ZERO);
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
            silence.denied(micros(took));
            assert_eq!(silence.hold(), micros(hold), "{took}");
        }
        // Guards are fast again: that is believed after a while.
        for _ in 0..2 * WINDOW {
            silence.denied(micros(100));
        }
        assert_eq!(silence.hold(), micros(1_000));
    }

    #[test]
    fn eng_113_nothing_is_held_where_that_is_turned_off() {
        let silence = Silence::new(Duration::ZERO);
        silence.denied(micros(90_000));
        assert_eq!(silence.hold(), Duration::ZERO);
    }
}
