//! Which subscriptions have been woken: one waker each, no task and no future.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

use futures::task::AtomicWaker;
use jf_core::JourneyId;

/// The runs that were woken since the last look, and the session to tell.
#[derive(Default)]
pub(crate) struct Wakes {
    session: AtomicWaker,
    woken: Mutex<Vec<Arc<Bell>>>,
}

/// The waker of one subscription; rings once until it is heard.
struct Bell {
    run: JourneyId,
    rung: AtomicBool,
    wakes: Arc<Wakes>,
}

impl Wakes {
    /// A waker for the subscription to `run`.
    pub(crate) fn bell(self: &Arc<Self>, run: JourneyId) -> Waker {
        Waker::from(Arc::new(Bell { run, rung: AtomicBool::new(false), wakes: Arc::clone(self) }))
    }

    /// The session is woken by the next ring.
    pub(crate) fn register(&self, session: &Waker) {
        self.session.register(session);
    }

    /// Hears every bell that has rung.
    pub(crate) fn hear(&self, mut each: impl FnMut(&JourneyId)) {
        let woken = std::mem::take(&mut *self.woken.lock().unwrap_or_else(PoisonError::into_inner));
        for bell in woken {
            bell.rung.store(false, Ordering::Release);
            each(&bell.run);
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            let wakes = Arc::clone(&self.wakes);
            wakes.woken.lock().unwrap_or_else(PoisonError::into_inner).push(self);
            wakes.session.wake();
        }
    }
}

impl fmt::Debug for Wakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wakes").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use jf_core::JourneyId;

    use super::Wakes;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn flow_1_a_bell_is_heard_once_however_often_it_rings() {
        let (wakes, session) = (Arc::new(Wakes::default()), Arc::new(Count::default()));
        let bell = |name: &str| wakes.bell(JourneyId::parse(name).unwrap());
        let (a, b) = (bell("a"), bell("b"));
        wakes.register(&Waker::from(Arc::clone(&session)));
        a.wake_by_ref();
        a.wake_by_ref();
        b.wake_by_ref();
        assert_eq!(session.0.load(Ordering::Relaxed), 1);
        let mut heard = Vec::new();
        wakes.hear(|run| heard.push(run.to_string()));
        assert_eq!(heard, ["a", "b"]);
        wakes.hear(|_| panic!("nothing rang"));
        a.wake_by_ref();
        let mut again = 0;
        wakes.hear(|_| again += 1);
        assert_eq!(again, 1);
    }
}
