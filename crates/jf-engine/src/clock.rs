//! The wall clock of the host.

use std::time::Duration;

use jf_core::spi::{Clock, Sleep};
use jiff::Timestamp;

/// Longest nap between two looks at the wall clock, which may be set while somebody waits for it.
const NAP: Duration = Duration::from_secs(60);

/// The clock of the operating system, with waits on tokio's timer.
///
/// A wait ends at or after its time by the wall clock. When that clock is set forward, a wait notices within a minute.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, due: Timestamp) -> Sleep {
        Box::pin(async move {
            loop {
                let left = due.duration_since(Timestamp::now());
                let Some(left) = Duration::try_from(left).ok().filter(|left| !left.is_zero()) else { return };
                tokio::time::sleep(left.min(NAP)).await;
            }
        })
    }
}

/// `from` and `length`, or the end of time.
pub(crate) fn after(from: Timestamp, length: Duration) -> Timestamp {
    from.checked_add(length).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::{SystemClock, after};
    use futures::FutureExt;
    use jf_core::spi::Clock;
    use jiff::Timestamp;
    use std::time::Duration;

    #[tokio::test]
    async fn eng_070_a_wait_never_ends_early() {
        let due = after(SystemClock.now(), Duration::from_millis(3));
        assert!(SystemClock.sleep_until(due).now_or_never().is_none());
        SystemClock.sleep_until(due).await;
        assert!(SystemClock.now() >= due);
        assert!(SystemClock.sleep_until(Timestamp::UNIX_EPOCH).now_or_never().is_some());
    }

    #[test]
    fn no_length_leads_beyond_the_end_of_time() {
        assert_eq!(after(Timestamp::UNIX_EPOCH, Duration::MAX), Timestamp::MAX);
    }
}
