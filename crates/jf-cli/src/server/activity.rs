//! What a connection is doing and for how long: the base of its time-outs.
//!
//! hyper has one timer for the headers of a request and for the silence before it. We want a short one for the first and a long
//! one for the second, so the stream notes when bytes come and go, the service notes when a request begins and ends, and the
//! connection's one timer reads those notes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::ServerLimits;
use super::gate::Permit;

/// The phase of a connection and the moment it began, in one word: the low two bits are the phase, the rest milliseconds since
/// the connection began. All of it happens in one task; the word is atomic only because tasks move between threads.
#[derive(Debug)]
pub(super) struct Activity {
    begin: Instant,
    word: AtomicU64,
    /// Since when the peer takes nothing of what there is to write, in milliseconds since the connection began; 0 while it does.
    stalled: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No request, or an answer that is being written.
    Idle = 0,
    /// The first bytes of a request have come.
    Headers = 1,
    /// A request is being answered.
    Busy = 2,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let word = AtomicU64::new(Phase::Idle as u64);
        Arc::new(Self { begin: Instant::now(), word, stalled: AtomicU64::new(0) })
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX).min(u64::MAX >> 2)
    }

    fn set(&self, phase: Phase) {
        let millis = self.millis();
        self.word.store(millis << 2 | phase as u64, Ordering::Relaxed);
    }

    fn get(&self) -> (Phase, Instant) {
        let word = self.word.load(Ordering::Relaxed);
        let phase = match word & 3 {
            1 => Phase::Headers,
            2 => Phase::Busy,
            _ => Phase::Idle,
        };
        (phase, self.begin + Duration::from_millis(word >> 2))
    }

    /// A request has come whole, or its body is on the way.
    pub(super) fn request_begins(&self) {
        self.set(Phase::Busy);
    }

    /// The request is answered.
    pub(super) fn request_ends(&self) {
        self.set(Phase::Idle);
    }

    fn bytes_read(&self) {
        if self.get().0 == Phase::Idle {
            self.set(Phase::Headers);
        }
    }

    /// What became of an attempt to write.
    fn wrote(&self, is_ready: bool) {
        if !is_ready {
            // A stall begins once; 0 would mean that there is none.
            let now = self.millis().max(1);
            let _ = self.stalled.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
            return;
        }
        self.stalled.store(0, Ordering::Relaxed);
        if self.get().0 == Phase::Idle {
            self.set(Phase::Idle);
        }
    }

    /// When the connection is to be closed if nothing happens; `None` while a request is being answered and the peer takes what
    /// is written.
    pub(super) fn deadline(&self, limits: &ServerLimits) -> Option<Instant> {
        let of_phase = match self.get() {
            (Phase::Idle, since) => Some(since + limits.keep_alive),
            (Phase::Headers, since) => Some(since + limits.header_timeout),
            (Phase::Busy, _) => None,
        };
        let of_stall = match self.stalled.load(Ordering::Relaxed) {
            0 => None,
            since => Some(self.begin + Duration::from_millis(since) + limits.write_timeout),
        };
        of_phase.into_iter().chain(of_stall).min()
    }
}

/// The stream of a connection: notes what it sees, and keeps the connection's place as long as it lives, upgraded or not.
#[derive(Debug)]
pub(super) struct Observed<S> {
    stream: S,
    activity: Arc<Activity>,
    _permit: Arc<Permit>,
}

impl<S: Unpin> Observed<S> {
    pub(super) const fn new(stream: S, activity: Arc<Activity>, permit: Arc<Permit>) -> Self {
        Self { stream, activity, _permit: permit }
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut S> {
        Pin::new(&mut self.get_mut().stream)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Observed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = self.as_mut().stream().poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.bytes_read();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Observed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.as_mut().stream().poll_write(cx, buf);
        self.activity.wrote(written.is_ready());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.as_mut().stream().poll_write_vectored(cx, bufs);
        self.activity.wrote(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, advance};

    use super::super::tests::limits;
    use super::Activity;

    #[tokio::test(start_paused = true)]
    async fn hs_1_headers_have_a_short_time_and_silence_a_long_one() {
        let limits = limits();
        let activity = Activity::new();
        let in_time = |timeout: Duration| Some(Instant::now() + timeout);
        assert_eq!(activity.deadline(&limits), in_time(limits.keep_alive));
        advance(Duration::from_secs(7)).await;
        activity.bytes_read();
        let headers = in_time(limits.header_timeout);
        assert_eq!(activity.deadline(&limits), headers);
        advance(Duration::from_secs(1)).await;
        activity.bytes_read();
        assert_eq!(activity.deadline(&limits), headers, "further bytes win no time");
        activity.request_begins();
        activity.bytes_read();
        assert_eq!(activity.deadline(&limits), None, "a body has a clock of its own");
        advance(Duration::from_secs(100)).await;
        activity.request_ends();
        assert_eq!(activity.deadline(&limits), in_time(limits.keep_alive));
        advance(Duration::from_secs(1)).await;
        activity.wrote(true);
        assert_eq!(
            activity.deadline(&limits),
            in_time(limits.keep_alive),
            "an answer on its way is no silence"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn flow_6_a_reader_that_takes_nothing_has_a_short_time_in_every_phase() {
        let limits = limits();
        let activity = Activity::new();
        activity.request_begins();
        activity.wrote(false);
        advance(Duration::from_millis(1)).await;
        let stalled = activity.deadline(&limits);
        assert_eq!(stalled, Some(Instant::now() + limits.write_timeout));
        advance(Duration::from_secs(3)).await;
        activity.wrote(false);
        assert_eq!(activity.deadline(&limits), stalled, "further attempts win no time");
        activity.wrote(true);
        assert_eq!(activity.deadline(&limits), None);
        activity.request_ends();
        activity.wrote(false);
        assert_eq!(activity.deadline(&limits), Some(Instant::now() + limits.write_timeout));
    }
}
