//! How fast a client may talk (LIM-4), and how much nonsense is too much.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

/// A second in which more than this multiple of the rate arrives is abuse; so many in a row end the connection.
const ABUSE_FACTOR: u32 = 3;
const ABUSE_SECONDS: u32 = 10;
/// Malformed frames in a time that end the connection (§17, 4400).
const MALFORMED_MAX: usize = 20;
const MALFORMED_TIME: Duration = Duration::from_secs(60);

/// A token bucket for requests, and a watch on everything that arrives.
#[derive(Debug)]
pub(crate) struct Rate {
    per_sec: NonZeroU32,
    burst: NonZeroU32,
    tokens: f64,
    filled: Instant,
    second: Instant,
    in_second: u32,
    hot_seconds: u32,
    malformed: VecDeque<Instant>,
}

impl Rate {
    pub(crate) fn new(per_sec: NonZeroU32, burst: NonZeroU32, now: Instant) -> Self {
        Self {
            per_sec,
            burst,
            tokens: f64::from(burst.get()),
            filled: now,
            second: now,
            in_second: 0,
            hot_seconds: 0,
            malformed: VecDeque::new(),
        }
    }

    /// Counts a message of any kind; `true` when the client has been far too fast for too long.
    pub(crate) fn is_abuse(&mut self, now: Instant) -> bool {
        let elapsed = now.duration_since(self.second);
        if elapsed >= Duration::from_secs(1) {
            let hot = self.in_second > self.per_sec.get().saturating_mul(ABUSE_FACTOR);
            let in_a_row = elapsed < Duration::from_secs(2);
            self.hot_seconds = if hot && in_a_row { self.hot_seconds + 1 } else { 0 };
            self.second = now;
            self.in_second = 0;
        }
        self.in_second = self.in_second.saturating_add(1);
        self.hot_seconds >= ABUSE_SECONDS
    }

    /// Takes a token for a request.
    ///
    /// # Errors
    /// How long until the next one.
    pub(crate) fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        let per_sec = f64::from(self.per_sec.get());
        let gained = now.duration_since(self.filled).as_secs_f64() * per_sec;
        self.tokens = (self.tokens + gained).min(f64::from(self.burst.get()));
        self.filled = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / per_sec).max(Duration::from_millis(1)))
    }

    /// Counts a malformed frame; `true` when there have been too many.
    pub(crate) fn is_nonsense(&mut self, now: Instant) -> bool {
        while self.malformed.front().is_some_and(|at| now.duration_since(*at) >= MALFORMED_TIME) {
            self.malformed.pop_front();
        }
        self.malformed.push_back(now);
        self.malformed.len() > MALFORMED_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;
    use std::num::NonZeroU32;
    use std::time::Duration;
    use tokio::time::Instant;

    fn rate() -> (Rate, Instant) {
        let now = Instant::now();
        (Rate::new(NonZeroU32::new(50).unwrap(), NonZeroU32::new(100).unwrap(), now), now)
    }

    #[test]
    fn lim_4_a_burst_and_then_the_rate() {
        let (mut rate, now) = rate();
        assert!((0..100).all(|_| rate.admit(now).is_ok()));
        assert_eq!(rate.admit(now), Err(Duration::from_millis(20)));
        let later = now + Duration::from_millis(20);
        assert!(rate.admit(later).is_ok());
        assert!(rate.admit(later).is_err());
        let much_later = later + Duration::from_secs(3600);
        assert_eq!((0..200).filter(|_| rate.admit(much_later).is_ok()).count(), 100);
    }

    #[test]
    fn lim_4_abuse_is_three_times_the_rate_for_ten_seconds() {
        let run = |per_second: u32, seconds: u32| {
            let (mut rate, start) = rate();
            let step = Duration::from_secs(1) / per_second;
            (0..per_second * seconds).any(|i| rate.is_abuse(start + step * i))
        };
        assert!(!run(149, 30), "three times is not over");
        assert!(!run(200, 9), "not long enough");
        assert!(run(200, 12));
    }

    #[test]
    fn lim_4_a_pause_forgives() {
        let (mut rate, start) = rate();
        for second in 0..9 {
            assert!(!(0..200).any(|i| rate.is_abuse(start + Duration::from_millis(second * 1000 + i * 5))));
        }
        let later = start + Duration::from_secs(12);
        assert!(!(0..1000).any(|i| rate.is_abuse(later + Duration::from_millis(i * 5))));
    }

    #[test]
    fn err_1_twenty_malformed_frames_a_minute_are_borne() {
        let (mut rate, now) = rate();
        assert!(!(0..20).any(|_| rate.is_nonsense(now)));
        assert!(rate.is_nonsense(now + Duration::from_secs(59)));
        assert!(!rate.is_nonsense(now + Duration::from_secs(120)));
    }
}
