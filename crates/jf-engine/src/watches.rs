//! Wake-ups of watched runs. A run that nobody watches has nothing here.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::{Stream, StreamExt};
use jf_core::{HeadPublisher, HeadSignal, HeadWatch, JourneyId};

/// The publishers of watched runs.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    publishers: Mutex<HashMap<JourneyId, HeadPublisher>>,
    /// Their number, so that commits of unwatched engines need no lock.
    count: AtomicUsize,
}

impl Watches {
    /// Attaches a watcher. The head it is told first is the one given to [`Watches::publish`] before or after.
    pub(crate) fn watch(self: &Arc<Self>, run: &JourneyId) -> HeadWatch {
        let mut publishers = self.lock();
        let publisher = publishers.entry(run.clone()).or_default().clone();
        self.count.store(publishers.len(), Ordering::Release);
        let watch = Some(publisher.watch());
        HeadWatch::new(Watched { watch, publisher, run: run.clone(), watches: Arc::clone(self) })
    }

    /// Tells the watchers of a run its head, and whether that is its end. A run whose watcher attaches at the same time is told by whoever comes later: the
    /// watcher reads the head after it has attached.
    pub(crate) fn publish(&self, run: &JourneyId, head: u64, ended: bool) {
        if let Some(publisher) = self.publisher(run) {
            if ended { publisher.publish_end(head) } else { publisher.publish(head) }
        }
    }

    /// Tells the watchers of a run that it is gone.
    pub(crate) fn remove(&self, run: &JourneyId) {
        if let Some(publisher) = self.publisher(run) {
            publisher.remove();
        }
    }

    /// How many runs are watched.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    fn publisher(&self, run: &JourneyId) -> Option<HeadPublisher> {
        if self.len() == 0 {
            return None;
        }
        // Published outside of the lock: a waker may do anything.
        self.lock().get(run).cloned()
    }

    fn detach(&self, run: &JourneyId, publisher: &HeadPublisher) {
        let mut publishers = self.lock();
        // Attaching takes the same lock, so nobody can be about to.
        if !publisher.is_watched() {
            publishers.remove(run);
            self.count.store(publishers.len(), Ordering::Release);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JourneyId, HeadPublisher>> {
        self.publishers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A watch that takes its publisher along when it is the last one.
struct Watched {
    watch: Option<HeadWatch>,
    publisher: HeadPublisher,
    run: JourneyId,
    watches: Arc<Watches>,
}

impl Stream for Watched {
    type Item = HeadSignal;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<HeadSignal>> {
        match &mut self.watch {
            Some(watch) => watch.poll_next_unpin(cx),
            None => Poll::Ready(None),
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watch = None;
        self.watches.detach(&self.run, &self.publisher);
    }
}

#[cfg(test)]
mod tests {
    use super::Watches;
    use futures::{FutureExt, StreamExt};
    use jf_core::{HeadSignal, JourneyId};
    use std::sync::Arc;

    #[test]
    fn sub_11_nothing_is_left_of_a_run_that_nobody_watches() {
        let watches = Arc::new(Watches::default());
        let run = JourneyId::random();
        watches.publish(&run, 1, false);
        assert_eq!(watches.len(), 0);
        let (mut one, two) = (watches.watch(&run), watches.watch(&run));
        watches.publish(&run, 3, true);
        assert_eq!(one.next().now_or_never(), Some(Some(HeadSignal::Ended(3))));
        drop(two);
        assert_eq!(watches.len(), 1);
        watches.remove(&run);
        assert_eq!(one.next().now_or_never(), Some(Some(HeadSignal::Removed)));
        drop(one);
        assert_eq!(watches.len(), 0);
    }
}
