//! How much is going on: the admission bound, and what a drain waits for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jf_core::{EngineError, EngineErrorKind};
use tokio::sync::Notify;

/// When to try again after a refusal for lack of capacity.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Counts commands that are being decided and runs that are in motion.
pub(crate) struct Load {
    bound: usize,
    total: AtomicUsize,
    in_motion: AtomicUsize,
    idle: Notify,
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
        })
    }

    /// Lets a command in, or says when to try again.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<Permit, EngineError> {
        if self.total.load(Ordering::Relaxed) < self.bound {
            return Ok(self.enter(Work::Command));
        }
        let error =
            EngineError::new(EngineErrorKind::Unavailable).with_detail("too much is going on; try again");
        Err(error.with_retry_after(RETRY_AFTER))
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
        if self.load.total.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.load.idle.notify_waiters();
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
