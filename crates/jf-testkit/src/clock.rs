//! Time that a test owns.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use jf_core::spi::{Clock, Sleep};
use jiff::{SignedDuration, Timestamp};

/// A clock that moves only when it is told to.
///
/// Waits complete in the order of their due times as time passes them; [`ManualClock::next_due`] tells when the next one does, so
/// that a driver can move from one to the next. Clones show one time.
///
/// ```
/// use futures::FutureExt;
/// use jf_core::spi::Clock;
/// use jf_testkit::ManualClock;
/// use jiff::SignedDuration;
///
/// let clock = ManualClock::default();
/// let tea = clock.sleep_until(clock.now() + SignedDuration::from_mins(3));
/// assert_eq!(clock.sleepers(), 1);
/// clock.advance(SignedDuration::from_mins(3));
/// assert!(tea.now_or_never().is_some());
/// ```
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<State>>);

struct State {
    now: Timestamp,
    /// Waits that go on, by due time and then by age. A waker is there once the wait was polled.
    waits: BTreeMap<(Timestamp, u64), Option<Waker>>,
    next_id: u64,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State { now, waits: BTreeMap::new(), next_id: 0 })))
    }

    /// Moves time forward and completes what falls due.
    ///
    /// # Panics
    /// When time would end.
    pub fn advance(&self, by: SignedDuration) {
        let to = self.lock().now.checked_add(by).expect("time goes on");
        self.advance_to(to);
    }

    /// Moves time forward to `to` and completes what falls due; without effect when that is past.
    pub fn advance_to(&self, to: Timestamp) {
        let mut due = Vec::new();
        {
            let mut state = self.lock();
            state.now = state.now.max(to);
            while let Some(entry) = state.waits.first_entry()
                && entry.key().0 <= to
            {
                due.extend(entry.remove());
            }
        }
        // Woken outside of the lock: a waker may poll at once.
        due.into_iter().for_each(Waker::wake);
    }

    /// Sets time back, as wall clocks do now and then. Nothing completes.
    pub fn set_back(&self, by: SignedDuration) {
        let mut state = self.lock();
        state.now = state.now.checked_sub(by).unwrap_or(Timestamp::MIN);
    }

    /// When the next wait completes.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.lock().waits.keys().next().map(|(due, _)| *due)
    }

    /// How many waits go on.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.lock().waits.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time that scenarios begin with: 2026-01-01T00:00:00Z.
impl Default for ManualClock {
    fn default() -> Self {
        Self::new(Timestamp::from_second(1_767_225_600).expect("within the range of timestamps"))
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("ManualClock").field("now", &state.now).field("waits", &state.waits.len()).finish()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn sleep_until(&self, due: Timestamp) -> Sleep {
        let mut state = self.lock();
        if due <= state.now {
            return Box::pin(std::future::ready(()));
        }
        let key = (due, state.next_id);
        state.next_id += 1;
        state.waits.insert(key, None);
        Box::pin(Wait { clock: self.clone(), key })
    }
}

struct Wait {
    clock: ManualClock,
    key: (Timestamp, u64),
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        // Wakers are dropped outside of the lock: the last one of a task may drop the task, and with it another wait.
        let replaced = self.clock.lock().waits.get_mut(&self.key).map(|slot| slot.replace(waker));
        if replaced.is_some() { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let waker = self.clock.lock().waits.remove(&self.key);
        drop(waker);
    }
}

#[cfg(test)]
mod tests {
    use super::ManualClock;
    use futures::FutureExt;
    use jf_core::spi::Clock;
    use jiff::SignedDuration;

    #[test]
    fn waits_complete_when_their_time_has_come_and_not_before() {
        let clock = ManualClock::default();
        let start = clock.now();
        let second = SignedDuration::from_secs(1);
        let (mut one, mut two) = (clock.sleep_until(start + second), clock.sleep_until(start + second * 2));
        assert!(clock.sleep_until(start).now_or_never().is_some());
        assert_eq!((&mut one).now_or_never(), None);
        assert_eq!(clock.next_due(), Some(start + second));
        clock.advance(SignedDuration::from_millis(999));
        assert_eq!((&mut one).now_or_never(), None);
        clock.advance(SignedDuration::from_millis(1));
        assert_eq!((&mut one).now_or_never(), Some(()));
        assert_eq!((&mut two).now_or_never(), None);
        assert_eq!(clock.sleepers(), 1);
        drop(two);
        assert_eq!((clock.sleepers(), clock.next_due()), (0, None));
    }

    #[test]
    fn time_may_be_set_back_without_waking_anyone() {
        let clock = ManualClock::default();
        let due = clock.now() + SignedDuration::from_secs(5);
        let mut wait = clock.sleep_until(due);
        clock.set_back(SignedDuration::from_secs(10));
        assert!(clock.now() < due);
        assert_eq!((&mut wait).now_or_never(), None);
        clock.advance_to(due);
        assert_eq!((&mut wait).now_or_never(), Some(()));
    }
}
