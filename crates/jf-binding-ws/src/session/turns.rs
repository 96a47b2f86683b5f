//! Order of what one connection asks of one run (ORD-1).

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use foldhash::fast::RandomState;
use futures::task::AtomicWaker;
use jf_core::JourneyId;

/// Who is next, per run. A request takes its turn on arrival; turns of one run come in the order they were taken.
#[derive(Debug, Default)]
pub(crate) struct Turns(HashMap<JourneyId, Arc<Place>, RandomState>);

/// Room for so many runs is kept while nothing is in flight.
const FEW: usize = 7;

/// A place in the order of a run. Dropping it lets the next one go.
#[derive(Debug)]
pub(crate) struct Turn {
    before: Option<Arc<Place>>,
    mine: Arc<Place>,
}

/// What one turn and the next one share.
#[derive(Debug, Default)]
struct Place {
    passed: AtomicBool,
    /// The next one.
    waiting: AtomicWaker,
}

impl Place {
    fn pass(&self) {
        if !self.passed.swap(true, Ordering::AcqRel) {
            self.waiting.wake();
        }
    }

    fn has_passed(&self) -> bool {
        self.passed.load(Ordering::Acquire)
    }

    fn poll_passed(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_passed() {
            return Poll::Ready(());
        }
        self.waiting.register(cx.waker());
        // It may have passed before the waker was there.
        if self.has_passed() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Turns {
    /// The next turn of the run.
    pub(crate) fn take(&mut self, run: &JourneyId) -> Turn {
        // A client that always has something in flight may name ever new runs, and they need not even exist.
        if self.0.len() == self.0.capacity() {
            self.0.retain(|_, last| !last.has_passed());
        }
        let mine = Arc::new(Place::default());
        Turn { before: self.0.insert(run.clone(), Arc::clone(&mine)), mine }
    }

    /// Whether a turn of the run has not passed yet.
    pub(crate) fn is_taken(&self, run: &JourneyId) -> bool {
        self.0.get(run).is_some_and(|last| !last.has_passed())
    }

    /// Forgets runs of which nothing is in flight; called when nothing is in flight at all.
    pub(crate) fn clear(&mut self) {
        if self.0.capacity() > FEW {
            self.0 = HashMap::default();
        } else {
            self.0.clear();
        }
    }
}

impl Turn {
    /// Waits until those before have passed.
    pub(crate) async fn mine(&mut self) {
        if let Some(before) = self.before.take() {
            poll_fn(|cx| before.poll_passed(cx)).await;
        }
    }

    /// Gives a command to the engine, which orders commands by their first poll, and lets the next one go right after it. So
    /// one that the engine holds back (ENG-059) delays none behind it.
    pub(crate) async fn give<F: Future>(mut self, command: F) -> F::Output {
        self.mine().await;
        let mut command = pin!(command);
        let first = poll_fn(|cx| Poll::Ready(command.as_mut().poll(cx))).await;
        drop(self);
        match first {
            Poll::Ready(output) => output,
            Poll::Pending => command.await,
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.mine.pass();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::task::Poll;

    use futures::future::{FutureExt, poll_fn};
    use futures::stream::{FuturesUnordered, StreamExt};
    use jf_core::JourneyId;

    use super::Turns;

    #[test]
    fn ord_1_commands_of_one_run_are_given_in_order_of_arrival() {
        let (a, b) = (JourneyId::parse("a").unwrap(), JourneyId::parse("b").unwrap());
        let (mut turns, log) = (Turns::default(), RefCell::new(Vec::new()));
        let command = |name: &'static str, polls_needed: usize| {
            let (log, mut polls) = (&log, 0);
            poll_fn(move |cx| {
                if polls == 0 {
                    log.borrow_mut().push(name);
                }
                polls += 1;
                if polls >= polls_needed {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
        };
        let (one, two, other) = (turns.take(&a), turns.take(&a), turns.take(&b));
        assert!(turns.is_taken(&a));
        // Pushed in the wrong order on purpose; "one" is slow, and "other" waits for nobody.
        let mut work = FuturesUnordered::new();
        work.push(two.give(command("two", 1)).boxed_local());
        work.push(other.give(command("other", 1)).boxed_local());
        work.push(one.give(command("one", 5)).boxed_local());
        while !work.is_empty() {
            let _ = work.next().now_or_never();
        }
        drop(work);
        assert_eq!(*log.borrow(), ["other", "one", "two"]);
        assert!(!turns.is_taken(&a));
    }

    #[test]
    fn ord_1_turns_that_have_passed_are_forgotten_though_one_is_always_taken() {
        let run = |n: usize| JourneyId::parse(format!("run-{n}")).unwrap();
        let mut turns = Turns::default();
        let _slow = turns.take(&run(0));
        for n in 1..10_000 {
            drop(turns.take(&run(n)));
        }
        assert!(turns.0.len() < 100, "{}", turns.0.len());
        assert!(turns.is_taken(&run(0)));
    }

    #[test]
    fn ord_1_a_request_that_fails_before_its_command_passes_its_turn() {
        let run = JourneyId::parse("a").unwrap();
        let mut turns = Turns::default();
        let (one, two) = (turns.take(&run), turns.take(&run));
        let mut waiting = Box::pin(two.give(std::future::ready(7)));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        drop(one);
        assert_eq!(waiting.now_or_never(), Some(7));
    }
}
