//! How the runner knows that a system is at rest.
//!
//! A system under a scenario runs on a runtime with one thread. When that thread has nothing left to do, every future of the system
//! waits for something outside of it: virtual time, which only the runner moves; a socket; or a thread of a store, which is counted.
//! So the system is at rest when its thread parks and the count is zero. An answer that is still owed then can come by virtual time
//! only if the engine owes it, which is counted too: a request on its way through a socket is no reason to move the clock.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Counts work that goes on outside of the runtime of a system, such as in the threads of a store: as long as there is any, the system
/// is not at rest. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Activity(Arc<AtomicUsize>);

impl Activity {
    /// Work begins; it goes on until the guard is dropped. The guard must be dropped on the thread of the runtime, by the future that
    /// waited for the work.
    #[must_use = "the work ends when this is dropped"]
    pub fn enter(&self) -> Busy {
        self.0.fetch_add(1, Ordering::SeqCst);
        Busy(self.clone())
    }

    fn is_none(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }
}

/// Work that goes on.
#[derive(Debug)]
pub struct Busy(Activity);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Everything is at rest.
    Rest,
    /// Everything is at rest and the engine owes an answer: only virtual time can bring it.
    Owed,
}

/// The state of one system.
#[derive(Debug, Clone, Default)]
pub(super) struct Rest {
    /// Work outside of the runtime.
    pub(super) outside: Activity,
    /// Calls that the engine has not answered.
    pub(super) owed: Activity,
    waiting: Arc<Mutex<Option<(Until, Waker)>>>,
}

impl Rest {
    /// The thread of the runtime has nothing left to do and is about to park.
    pub(super) fn parked(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let reached = waiting.as_ref().is_some_and(|(until, _)| {
            self.outside.is_none() && (*until == Until::Rest || !self.owed.is_none())
        });
        let waiter = waiting.take_if(|_| reached);
        drop(waiting);
        if let Some((_, waker)) = waiter {
            waker.wake();
        }
    }

    /// Completes when that state is reached. One future at a time.
    pub(super) const fn reached(&self, until: Until) -> Reached<'_> {
        Reached { rest: self, until, asked: false }
    }
}

/// See [`Rest::reached`].
pub(super) struct Reached<'a> {
    rest: &'a Rest,
    until: Until,
    asked: bool,
}

impl Future for Reached<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.rest.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.asked && waiting.is_none() {
            return Poll::Ready(());
        }
        *waiting = Some((self.until, cx.waker().clone()));
        drop(waiting);
        self.asked = true;
        Poll::Pending
    }
}

impl Drop for Reached<'_> {
    fn drop(&mut self) {
        if self.asked {
            self.rest.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::runtime::{Builder, Runtime};
    use tokio::sync::oneshot;

    use super::{Rest, Until};

    fn runtime(rest: &Rest) -> Runtime {
        let hook = rest.clone();
        Builder::new_current_thread().enable_all().on_thread_park(move || hook.parked()).build().unwrap()
    }

    #[test]
    fn rest_comes_after_everything_that_can_go_on_by_itself() {
        let rest = Rest::default();
        let runtime = runtime(&rest);
        let steps = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&steps);
        runtime.spawn(async move {
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
                counted.fetch_add(1, Ordering::SeqCst);
            }
            std::future::pending::<()>().await;
        });
        runtime.block_on(rest.reached(Until::Rest));
        assert_eq!(steps.load(Ordering::SeqCst), 1_000);
        // Also when there was nothing to do at all.
        runtime.block_on(rest.reached(Until::Rest));
    }

    #[test]
    fn work_of_other_threads_is_no_rest_as_long_as_it_is_counted() {
        let rest = Rest::default();
        let runtime = runtime(&rest);
        let (done, waits) = oneshot::channel();
        let (begun, has_begun) = std::sync::mpsc::channel();
        let busy = rest.outside.enter();
        let steps = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&steps);
        runtime.spawn(async move {
            begun.send(()).unwrap();
            waits.await.unwrap();
            drop(busy);
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let thread = std::thread::spawn(move || {
            has_begun.recv().unwrap();
            done.send(()).unwrap();
        });
        runtime.block_on(rest.reached(Until::Rest));
        assert_eq!(steps.load(Ordering::SeqCst), 1);
        thread.join().unwrap();
    }

    #[test]
    fn an_answer_is_owed_only_from_the_moment_at_which_the_engine_is_asked() {
        let rest = Rest::default();
        let runtime = runtime(&rest);
        let (travels, arrives) = oneshot::channel();
        let (parked, has_parked) = std::sync::mpsc::channel();
        let owed = rest.owed.clone();
        let asked = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&asked);
        runtime.spawn(async move {
            // On its way the request is in nobody's queue, and the thread parks.
            arrives.await.unwrap();
            let owes = owed.enter();
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
            drop(owes);
        });
        runtime.block_on(rest.reached(Until::Rest));
        let thread = std::thread::spawn(move || {
            has_parked.recv().unwrap();
            travels.send(()).unwrap();
        });
        runtime.block_on(async {
            parked.send(()).unwrap();
            rest.reached(Until::Owed).await;
        });
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        thread.join().unwrap();
    }
}
