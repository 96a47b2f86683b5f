//! Whether the peer is still there (HB-1).

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

use crate::config::Heartbeat;

/// Bytes a connection has moved, counted below the frames: a large message that trickles is life, too.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) read: AtomicU64,
    pub(crate) written: AtomicU64,
}

/// What to do about the silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Alive,
    /// Ask.
    Probe,
    /// Nothing has arrived for too long.
    Dead,
}

/// When something was last read and written.
#[derive(Debug)]
pub(crate) struct Pulse {
    heartbeat: Heartbeat,
    last_read: Instant,
    last_write: Instant,
    probed: Instant,
    seen: (u64, u64),
}

impl Pulse {
    pub(crate) const fn new(heartbeat: Heartbeat, now: Instant) -> Self {
        Self { heartbeat, last_read: now, last_write: now, probed: now, seen: (0, 0) }
    }

    pub(crate) fn read(&mut self, now: Instant) {
        self.last_read = now;
    }

    pub(crate) fn written(&mut self, now: Instant) {
        self.last_write = now;
    }

    /// Last time bytes left.
    pub(crate) const fn last_write(&self) -> Instant {
        self.last_write
    }

    /// Takes over what moved below the frames.
    pub(crate) fn observe(&mut self, traffic: &Traffic, now: Instant) {
        let moved = (traffic.read.load(Ordering::Relaxed), traffic.written.load(Ordering::Relaxed));
        if moved.0 != self.seen.0 {
            self.last_read = now;
        }
        if moved.1 != self.seen.1 {
            self.last_write = now;
        }
        self.seen = moved;
    }

    pub(crate) fn check(&mut self, now: Instant) -> Verdict {
        if now >= self.dead_at() {
            return Verdict::Dead;
        }
        if now >= self.probe_at() {
            self.probed = now;
            return Verdict::Probe;
        }
        Verdict::Alive
    }

    /// When [`Pulse::check`] has something to say.
    pub(crate) fn next(&self) -> Instant {
        self.probe_at().min(self.dead_at())
    }

    /// Silence in either direction asks for a probe, since proxies judge each; one per interval.
    fn probe_at(&self) -> Instant {
        self.last_read.min(self.last_write).max(self.probed) + self.heartbeat.interval
    }

    fn dead_at(&self) -> Instant {
        self.last_read + self.heartbeat.interval + self.heartbeat.timeout
    }
}

#[cfg(test)]
mod tests {
    use super::{Pulse, Traffic, Verdict};
    use crate::config::Heartbeat;
    use std::sync::atomic::Ordering;
    use std::time::Duration;
    use tokio::time::Instant;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn hb_1_silence_is_probed_and_then_death() {
        let start = Instant::now();
        let mut pulse = Pulse::new(Heartbeat::default(), start);
        assert_eq!(pulse.next(), start + seconds(25));
        assert_eq!(pulse.check(start + seconds(24)), Verdict::Alive);
        assert_eq!(pulse.check(start + seconds(25)), Verdict::Probe);
        pulse.written(start + seconds(25));
        assert_eq!(pulse.check(start + seconds(34)), Verdict::Alive);
        assert_eq!(pulse.next(), start + seconds(35));
        assert_eq!(pulse.check(start + seconds(35)), Verdict::Dead);
    }

    #[test]
    fn hb_1_silence_in_one_direction_is_probed_once_per_interval() {
        let start = Instant::now();
        let mut pulse = Pulse::new(Heartbeat::default(), start);
        for second in 0..25 {
            pulse.read(start + seconds(second));
        }
        assert_eq!(pulse.check(start + seconds(25)), Verdict::Probe);
        pulse.read(start + seconds(26));
        assert_eq!(pulse.check(start + seconds(26)), Verdict::Alive);
        assert_eq!(pulse.next(), start + seconds(50));
    }

    #[test]
    fn hb_1_a_trickling_message_is_life() {
        let start = Instant::now();
        let mut pulse = Pulse::new(Heartbeat::default(), start);
        let traffic = Traffic::default();
        traffic.read.fetch_add(100, Ordering::Relaxed);
        pulse.observe(&traffic, start + seconds(30));
        assert_eq!(pulse.check(start + seconds(36)), Verdict::Probe);
        pulse.observe(&traffic, start + seconds(60));
        assert_eq!(pulse.check(start + seconds(65)), Verdict::Dead);
    }
}
