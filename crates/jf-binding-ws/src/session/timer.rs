//! One timer for everything a session waits for.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// A sleep that is moved as seldom as possible: a deadline that moves into the future lets it ring early, which costs one look,
/// instead of touching the timer wheel at every message.
#[derive(Default)]
pub(crate) struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Ready at `deadline`, and now and then before it.
    pub(crate) fn poll_until(&mut self, deadline: Instant, now: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if deadline <= now {
            return Poll::Ready(());
        }
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        loop {
            if sleep.deadline() > deadline {
                sleep.as_mut().reset(deadline);
            }
            match sleep.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) => sleep.as_mut().reset(deadline),
            }
        }
    }
}
