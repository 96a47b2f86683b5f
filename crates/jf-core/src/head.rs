//! The wake-up behind subscriptions: a watched number that coalesces (ENG-132).
//!
//! A broadcast queue would drop under load and an unbounded one would grow. A number does neither: it may be merged, since
//! the log has the truth.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures::Stream;
use futures::stream::BoxStream;

/// What a watcher learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadSignal {
    /// The highest committed number known.
    Moved(u64),
    /// The run has ended with the event of this number, its last. A hint: an engine that does not know says [`HeadSignal::Moved`], and
    /// readers of many runs cannot tell outcomes before statuses then (FLOW-4).
    Ended(u64),
    /// The run was removed; nothing follows.
    Removed,
}

/// A lossy, level-triggered wake-up for one run; see [`Engine::watch`](crate::Engine::watch).
///
/// A stream of [`HeadSignal`]s: the first is ready at once and tells the present head, later ones follow changes and may be
/// merged. It ends after [`HeadSignal::Removed`]. Dropping it releases everything it holds.
pub struct HeadWatch(BoxStream<'static, HeadSignal>);

impl HeadWatch {
    /// Wraps the wake-up of an engine. The stream must be level-triggered: its first item tells the present head.
    pub fn new(signals: impl Stream<Item = HeadSignal> + Send + 'static) -> Self {
        Self(Box::pin(signals))
    }
}

impl Stream for HeadWatch {
    type Item = HeadSignal;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<HeadSignal>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for HeadWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeadWatch")
    }
}

/// The sending half of any number of [`HeadWatch`]es of one run, for engines that live in one process.
///
/// Cheap to clone; publishing never blocks and never fails. A watcher costs one slot and no task.
#[derive(Clone, Default)]
pub struct HeadPublisher(Arc<Mutex<Shared>>);

#[derive(Default)]
struct Shared {
    head: u64,
    ended: bool,
    removed: bool,
    watchers: Vec<Slot>,
}

enum Slot {
    Free,
    Taken(Option<Waker>),
}

impl HeadPublisher {
    /// A publisher whose run stands at `head`.
    #[must_use]
    pub fn new(head: u64) -> Self {
        Self(Arc::new(Mutex::new(Shared { head, ..Shared::default() })))
    }

    /// Tells all watchers the new head; a lower number than before is ignored.
    pub fn publish(&self, head: u64) {
        let mut shared = self.lock();
        if head > shared.head {
            shared.head = head;
            shared.wake();
        }
    }

    /// Tells all watchers that the run has ended, and with which number.
    pub fn publish_end(&self, head: u64) {
        let mut shared = self.lock();
        if head > shared.head || (head == shared.head && !shared.ended) {
            (shared.head, shared.ended) = (head, true);
            shared.wake();
        }
    }

    /// Tells all watchers that the run is gone.
    pub fn remove(&self) {
        let mut shared = self.lock();
        shared.removed = true;
        shared.wake();
    }

    /// Whether anyone watches.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.lock().watchers.iter().any(|slot| matches!(slot, Slot::Taken(_)))
    }

    /// A new watcher.
    #[must_use]
    pub fn watch(&self) -> HeadWatch {
        let mut shared = self.lock();
        let free = shared.watchers.iter().position(|slot| matches!(slot, Slot::Free));
        let index = free.unwrap_or_else(|| {
            shared.watchers.push(Slot::Free);
            shared.watchers.len() - 1
        });
        shared.watchers[index] = Slot::Taken(None);
        HeadWatch::new(Watcher { shared: Arc::clone(&self.0), index, told: None })
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        lock(&self.0)
    }
}

impl fmt::Debug for HeadPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadPublisher").field("head", &self.lock().head).finish_non_exhaustive()
    }
}

// Nothing in the critical sections can leave the state half-written, so a poisoned lock is as good as a clean one.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn wake(&mut self) {
        for slot in &mut self.watchers {
            if let Slot::Taken(waker) = slot
                && let Some(waker) = waker.take()
            {
                waker.wake();
            }
        }
    }

    const fn signal(&self) -> HeadSignal {
        match (self.removed, self.ended) {
            (true, _) => HeadSignal::Removed,
            (false, true) => HeadSignal::Ended(self.head),
            (false, false) => HeadSignal::Moved(self.head),
        }
    }
}

struct Watcher {
    shared: Arc<Mutex<Shared>>,
    index: usize,
    told: Option<HeadSignal>,
}

impl Stream for Watcher {
    type Item = HeadSignal;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<HeadSignal>> {
        if self.told == Some(HeadSignal::Removed) {
            return Poll::Ready(None);
        }
        let this = &mut *self;
        let mut shared = lock(&this.shared);
        let signal = shared.signal();
        if this.told != Some(signal) {
            this.told = Some(signal);
            return Poll::Ready(Some(signal));
        }
        shared.watchers[this.index] = Slot::Taken(Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut shared = lock(&self.shared);
        shared.watchers[self.index] = Slot::Free;
        while matches!(shared.watchers.last(), Some(Slot::Free)) {
            shared.watchers.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HeadPublisher, HeadSignal};
    use futures::{FutureExt, StreamExt};

    #[test]
    fn eng_132_the_wake_up_is_level_triggered_and_coalesces() {
        let publisher = HeadPublisher::new(3);
        let mut watch = publisher.watch();
        assert_eq!(watch.next().now_or_never(), Some(Some(HeadSignal::Moved(3))));
        assert_eq!(watch.next().now_or_never(), None);
        publisher.publish(4);
        publisher.publish(6);
        publisher.publish(5);
        assert_eq!(watch.next().now_or_never(), Some(Some(HeadSignal::Moved(6))));
        publisher.publish_end(5);
        assert_eq!(watch.next().now_or_never(), None, "what is known is later");
        publisher.publish(7);
        publisher.publish_end(7);
        publisher.publish_end(7);
        assert_eq!(watch.next().now_or_never(), Some(Some(HeadSignal::Ended(7))));
        assert_eq!(watch.next().now_or_never(), None);
        publisher.remove();
        assert_eq!(watch.next().now_or_never(), Some(Some(HeadSignal::Removed)));
        assert_eq!(watch.next().now_or_never(), Some(None));
    }

    #[test]
    fn sub_11_dropping_a_watch_releases_its_slot() {
        let publisher = HeadPublisher::new(1);
        let (a, b) = (publisher.watch(), publisher.watch());
        drop(a);
        assert!(publisher.is_watched());
        drop(b);
        assert!(!publisher.is_watched());
    }
}
