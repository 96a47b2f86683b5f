//! How much is going on: the admission bound, and what a drain waits for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jf_core::{EngineError, EngineErrorKind};
use tokio::sync::Notify;

/// When to try again after a refusal for lack of capacity.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How many times the bound on commands everything together may be before what falls due has to wait.
const STRAIN: usize = 2;

/// A refusal for lack of capacity: nothing has happened, and it is worth trying again.
pub(crate) fn crowded(detail: &'static str) -> EngineError {
    EngineError::new(EngineErrorKind::Unavailable).with_detail(detail).with_retry_after(RETRY_AFTER)
}

/// Counts commands that are being decided and runs that are in motion.
pub(crate) struct Load {
    bound: usize,
    total: AtomicUsize,
    in_motion: AtomicUsize,
    idle: Notify,
    relieved: Notify,
}

/// What a [`Permit`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A command, from its arrival until it is decided.
    Command,
    /// A run, while a flow of it is in motion.
    Motion,
    /// A job that no run waits for.
    Background,
}

impl Load {
    pub(crate) fn new(bound: usize) -> Arc<Self> {
        Arc::new(Self {
            bound,
            total: AtomicUsize::new(0),
            in_motion: AtomicUsize::new(0),
            idle: Notify::new(),
            relieved: Notify::new(),
        })
    }

    /// Lets a command in, or says when to try again.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<Permit, EngineError> {
        // Counted first and looked at then: all threads come by here, and to look first would fetch the number twice.
        let before = self.total.fetch_add(1, Ordering::AcqRel);
        let permit = Permit { load: Arc::clone(self), work: Work::Command };
        if before < self.bound { Ok(permit) } else { Err(crowded("too much is going on; try again")) }
    }

    /// Room for runs in which something falls due. They may go beyond the bound on commands, so that these cannot hold them up, and
    /// have a bound of their own: any number may fall due at one time, and each would be in memory until its task has had a slot.
    pub(crate) fn room(&self) -> usize {
        self.bound.saturating_mul(STRAIN).saturating_sub(self.total())
    }

    /// Waits until there is room for what falls due.
    pub(crate) async fn relieved(&self) {
        loop {
            let relieved = self.relieved.notified();
            if self.room() > 0 {
                return;
            }
            relieved.await;
        }
    }

    /// Counts work that is not refused: what has begun must go on.
    pub(crate) fn enter(self: &Arc<Self>, work: Work) -> Permit {
        self.total.fetch_add(1, Ordering::AcqRel);
        if work == Work::Motion {
            self.in_motion.fetch_add(1, Ordering::AcqRel);
        }
        Permit { load: Arc::clone(self), work }
    }

    /// Runs in motion.
    pub(crate) fn in_motion(&self) -> usize {
        self.in_motion.load(Ordering::Acquire)
    }

    /// Everything that is counted.
    pub(crate) fn total(&self) -> usize {
        self.total.load(Ordering::Acquire)
    }

    /// Waits until nothing is going on.
    pub(crate) async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.total.load(Ordering::Acquire) == 0 {
                return;
            }
            idle.await;
        }
    }
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load")
            .field("total", &self.total)
            .field("in_motion", &self.in_motion)
            .finish_non_exhaustive()
    }
}

/// Counts for as long as it lives.
pub(crate) struct Permit {
    load: Arc<Load>,
    work: Work,
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.work == Work::Motion {
            self.load.in_motion.fetch_sub(1, Ordering::AcqRel);
        }
        let load = &self.load;
        let before = load.total.fetch_sub(1, Ordering::AcqRel);
        if before == 1 {
            load.idle.notify_waiters();
        }
        if before == load.bound.saturating_mul(STRAIN) {
            load.relieved.notify_waiters();
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({:?})", self.work)
    }
}

#[cfg(test)]
mod tests {
    use super::{Load, RETRY_AFTER, Work};
    use futures::FutureExt;
    use jf_core::EngineErrorKind;

    #[test]
    fn http_026_commands_beyond_the_bound_are_told_when_to_come_back() {
        let load = Load::new(2);
        let (command, motion) = (load.admit().expect("there is room"), load.enter(Work::Motion));
        let refused = load.admit().expect_err("there is no room");
        assert_eq!(refused.kind(), EngineErrorKind::Unavailable);
        assert_eq!(refused.retry_after(), Some(RETRY_AFTER));
        let beyond = load.enter(Work::Motion);
        assert_eq!(load.in_motion(), 2);
        drop((command, motion, beyond));
        assert!(load.admit().is_ok());
    }

    #[test]
    fn eng_070_what_falls_due_waits_at_twice_the_bound() {
        let load = Load::new(2);
        let mut permits: Vec<_> = (0..3).map(|_| load.enter(Work::Motion)).collect();
        assert!(load.room() == 1 && load.relieved().now_or_never().is_some());
        permits.push(load.enter(Work::Motion));
        permits.push(load.enter(Work::Motion));
        let mut relieved = Box::pin(load.relieved());
        for left in [4, 3] {
            assert!((&mut relieved).now_or_never().is_none());
            permits.truncate(left);
        }
        assert!(relieved.now_or_never().is_some());
    }

    #[test]
    fn idle_is_when_the_last_permit_is_gone() {
        let load = Load::new(2);
        assert!(load.idle().now_or_never().is_some());
        let permits = [load.enter(Work::Command), load.enter(Work::Background)];
        let mut idle = Box::pin(load.idle());
        assert!((&mut idle).now_or_never().is_none());
        let [first, second] = permits;
        drop(first);
        assert!((&mut idle).now_or_never().is_none());
        drop(second);
        assert!((&mut idle).now_or_never().is_some());
    }
}
