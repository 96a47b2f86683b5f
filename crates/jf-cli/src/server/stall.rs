//! Whether the peer takes what is written.
//!
//! It is seen where bytes leave. Above TLS it would not: TLS takes some of what the peer does not, and would look like a reader whenever there is
//! something new to write.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Since when the peer of a connection takes nothing of what there is to write.
#[derive(Debug)]
pub(super) struct Stall {
    begin: Instant,
    /// Milliseconds since the connection began; 0 while the peer takes everything.
    since: AtomicU64,
}

impl Stall {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { begin: Instant::now(), since: AtomicU64::new(0) })
    }

    /// What became of an attempt to write.
    pub(super) fn wrote(&self, is_ready: bool) {
        if is_ready {
            self.since.store(0, Ordering::Relaxed);
            return;
        }
        // A stall begins once; 0 would mean that there is none.
        let now = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let _ = self.since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Since when nothing is taken; `None` while the peer takes what is written.
    pub(super) fn since(&self) -> Option<Instant> {
        match self.since.load(Ordering::Relaxed) {
            0 => None,
            millis => Some(self.begin + Duration::from_millis(millis)),
        }
    }
}

/// The stream to the peer itself, which notes what becomes of its writes.
#[derive(Debug)]
pub(super) struct Leaving<S> {
    stream: S,
    stall: Arc<Stall>,
}

impl<S: Unpin> Leaving<S> {
    pub(super) const fn new(stream: S, stall: Arc<Stall>) -> Self {
        Self { stream, stall }
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut S> {
        Pin::new(&mut self.get_mut().stream)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Leaving<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Leaving<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.as_mut().stream().poll_write(cx, buf);
        self.stall.wrote(written.is_ready());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.as_mut().stream().poll_write_vectored(cx, bufs);
        self.stall.wrote(written.is_ready());
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
