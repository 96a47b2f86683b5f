//! Work that belongs to nobody's future.

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::runtime::Handle;

/// Does `work` here and now as far as it needs no waiting; a task does the rest.
///
/// So a command that needs no I/O costs no task, no caller can break work off by going away, and no caller that is slow to poll holds
/// up what others wait for.
pub(crate) fn perform(mut work: BoxFuture<'static, ()>, runtime: &Handle) {
    if (&mut work).now_or_never().is_none() {
        runtime.spawn(work);
    }
}

#[cfg(test)]
mod tests {
    use super::perform;
    use futures::FutureExt;
    use std::sync::Arc;
    use tokio::runtime::Handle;
    use tokio::sync::{Notify, oneshot};

    #[tokio::test]
    async fn work_that_needs_no_waiting_is_done_at_once() {
        let (done, mut is_done) = oneshot::channel();
        perform(async { _ = done.send(()) }.boxed(), &Handle::current());
        assert_eq!(is_done.try_recv(), Ok(()));
    }

    #[tokio::test]
    async fn work_that_waits_goes_on_by_itself() {
        let (done, is_done) = oneshot::channel();
        let go = Arc::new(Notify::new());
        let wait = Arc::clone(&go);
        let work = async move {
            tokio::task::yield_now().await;
            wait.notified().await;
            _ = done.send(());
        };
        perform(work.boxed(), &Handle::current());
        go.notify_one();
        is_done.await.expect("a task did it");
    }
}
