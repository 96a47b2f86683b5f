//! One timer for everything a session waits for.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, Sleep, sleep_until};

/// A sleep that is moved as seldom as possible: a deadline that moves into the future lets it ring early, which costs one look,
/// instead of touching the timer wheel at every message.
#[derive(Default)]
pub(crate) struct Timer(Option<Armed>);

struct Armed {
    sleep: Pin<Box<Sleep>>,
    /// Whom it wakes.
    waker: Waker,
}

impl Timer {
    /// Ready at `deadline`, and now and then before it.
    pub(crate) fn poll_until(&mut self, deadline: Instant, now: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if deadline <= now {
            return Poll::Ready(());
        }
        // One that is due by `now` may have rung already.
        let is_armed = |sleep: &Sleep| sleep.deadline() > now && sleep.deadline() <= deadline;
        if let Some(Armed { sleep, waker }) = &self.0
            && is_armed(sleep)
            && waker.will_wake(cx.waker())
        {
            return Poll::Pending;
        }
        let waker = cx.waker().clone();
        let mut sleep = self.0.take().map_or_else(|| Box::pin(sleep_until(deadline)), |armed| armed.sleep);
        if !is_armed(&sleep) {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            sleep.as_mut().reset(deadline);
        }
        self.0 = Some(Armed { sleep, waker });
        Poll::Pending
    }
}
