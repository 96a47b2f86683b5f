//! Readers of single HTTP/2 streams: one that takes nothing loses its stream, not the connection that others share.
//!
//! The socket of such a connection may be as busy as ever. What tells is that the next piece of an answer is not asked for.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

tokio::task_local! {
    /// Of the stream that is being worked on.
    static READER: Arc<Reader>;
}

/// Whether the reader of a stream takes what it is given.
#[derive(Debug)]
pub(super) struct Reader {
    begin: Instant,
    /// When a piece was handed over that is not known to be taken, in milliseconds since the stream began; 0 if there is none.
    handed: AtomicU64,
}

impl Reader {
    /// The reader of the stream this code works for, if there is one.
    pub(super) fn current() -> Option<Arc<Self>> {
        READER.try_with(Arc::clone).ok()
    }

    /// The next piece is asked for, so the last one is taken.
    pub(super) fn asks(&self) {
        self.handed.store(0, Ordering::Relaxed);
    }

    /// A piece is handed over.
    pub(super) fn gets(&self) {
        let millis = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.handed.store(millis.max(1), Ordering::Relaxed);
    }

    fn waits_since(&self) -> Option<Instant> {
        match self.handed.load(Ordering::Relaxed) {
            0 => None,
            millis => Some(self.begin + Duration::from_millis(millis)),
        }
    }
}

/// Runs the streams of one connection.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    /// How long an answer may stand still (FLOW-6).
    pub(super) patience: Duration,
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        tokio::spawn(run(stream, self.patience));
    }
}

/// Runs a stream to its end, or drops it, which resets it.
pub(super) async fn run(stream: impl Future<Output = ()>, patience: Duration) {
    let reader = Arc::new(Reader { begin: Instant::now(), handed: AtomicU64::new(0) });
    let mut stream = pin!(stream);
    let mut alarm = pin!(sleep_until(reader.begin));
    poll_fn(|cx| {
        if READER.sync_scope(Arc::clone(&reader), || stream.as_mut().poll(cx)).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let Some(since) = reader.waits_since() else { return Poll::Pending };
            let deadline = since + patience;
            if alarm.deadline() != deadline {
                alarm.as_mut().reset(deadline);
            }
            ready!(alarm.as_mut().poll(cx));
            if reader.waits_since() == Some(since) {
                return Poll::Ready(());
            }
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::{Reader, run};

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn flow_6_a_stream_whose_reader_takes_nothing_ends() {
        let begin = Instant::now();
        let stream = async {
            sleep(Duration::from_secs(60)).await;
            Reader::current().unwrap().gets();
            std::future::pending::<()>().await;
        };
        run(stream, PATIENCE).await;
        assert_eq!(begin.elapsed().as_secs(), 70);
    }

    #[tokio::test(start_paused = true)]
    async fn flow_6_a_stream_that_has_nothing_to_give_or_is_taken_goes_on() {
        let begin = Instant::now();
        let stream = async {
            let reader = Reader::current().unwrap();
            for _ in 0..10 {
                reader.gets();
                sleep(Duration::from_secs(9)).await;
                reader.asks();
                sleep(Duration::from_secs(100)).await;
            }
        };
        run(stream, PATIENCE).await;
        assert_eq!(begin.elapsed().as_secs(), 1090);
        assert!(Reader::current().is_none());
    }
}
