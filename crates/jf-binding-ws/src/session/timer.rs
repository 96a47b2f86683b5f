//! One timer for everything a session waits for.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::task::unconstrained;
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
        // A sleep that is refused its turn for what the task has done already would not know whom to wake.
        while pin!(unconstrained(sleep.as_mut())).poll(cx).is_ready() {
            sleep.as_mut().reset(deadline);
        }
        self.0 = Some(Armed { sleep, waker });
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    use tokio::task::coop;
    use tokio::time::{Instant, timeout};

    use super::Timer;

    #[tokio::test(start_paused = true)]
    async fn hb_1_a_timer_rings_for_a_task_that_has_done_all_it_may_at_once() {
        let start = Instant::now();
        let (deadline, mut looks) = (start + Duration::from_secs(25), 0);
        let task = tokio::spawn(async move {
            let mut timer = Timer::default();
            poll_fn(|cx| {
                looks += 1;
                if looks == 1 {
                    // As a client does that sends a great deal.
                    while let Poll::Ready(spent) = coop::poll_proceed(cx) {
                        spent.made_progress();
                    }
                }
                timer.poll_until(deadline, Instant::now(), cx)
            })
            .await;
        });
        timeout(Duration::from_secs(60), task).await.expect("it rings").unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(25));
    }

    #[tokio::test(start_paused = true)]
    async fn hb_1_a_timer_rings_at_deadlines_that_move() {
        let start = Instant::now();
        let mut timer = Timer::default();
        for seconds in [30, 10, 20, 20, 21] {
            let begun = Instant::now();
            let deadline = begun + Duration::from_secs(seconds);
            poll_fn(|cx| timer.poll_until(deadline, Instant::now(), cx)).await;
            assert_eq!(begun.elapsed(), Duration::from_secs(seconds));
        }
        assert_eq!(start.elapsed(), Duration::from_secs(101));
    }
}
