//! One connection from its first byte to its last, or to its upgrade.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::ServerLimits;
use super::activity::{Activity, Observed};
use super::answer::Handler;
use super::gate::Permit;

pub(super) struct Connection<S> {
    pub(super) stream: S,
    pub(super) peer: SocketAddr,
    pub(super) permit: Permit,
    pub(super) limits: ServerLimits,
    pub(super) begun: CancellationToken,
}

/// hyper's settings, the same for every connection.
pub(super) fn builder(limits: &ServerLimits) -> http1::Builder {
    /// The longest request line hyper takes.
    const REQUEST_LINE: usize = 64 * 1024;
    let mut http = http1::Builder::new();
    // The router judges the headers themselves; this stops those that are far beyond.
    http.max_buf_size(limits.header_bytes * 2 + REQUEST_LINE);
    http
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<S> {
    /// Serves requests until the peer goes, a time-out passes, or the stop has begun and the answer in hand is written.
    pub(super) async fn serve(self, http: &http1::Builder, app: Router) {
        let Self { stream, peer, permit, limits, begun } = self;
        let (activity, permit) = (Activity::new(), Arc::new(permit));
        let stream = Observed::new(stream, Arc::clone(&activity), Arc::clone(&permit));
        let handler = Handler { app, peer, permit, activity: Arc::clone(&activity), limits };
        // Who comes after the stop has begun gets one answer; who was here before is done when the answer in hand is written.
        let mut is_stopping = begun.is_cancelled();
        let mut http = http.clone();
        http.keep_alive(!is_stopping);
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), handler).with_upgrades());
        let mut alarm = pin!(sleep_until(Instant::now() + limits.keep_alive));
        let mut stopping = pin!(begun.cancelled());
        poll_fn(|cx| {
            if !is_stopping && stopping.as_mut().poll(cx).is_ready() {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            // Errors are the peer's: broken requests were answered, broken connections cannot be.
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            // The alarm is moved forward at once and backward when it has gone off: most deadlines only ever recede.
            loop {
                let deadline = activity.deadline(&limits);
                if let Some(sooner) = deadline.filter(|deadline| *deadline < alarm.deadline()) {
                    alarm.as_mut().reset(sooner);
                }
                ready!(alarm.as_mut().poll(cx));
                match deadline {
                    Some(deadline) if deadline <= Instant::now() => return Poll::Ready(()),
                    Some(deadline) => alarm.as_mut().reset(deadline),
                    None => alarm.as_mut().reset(Instant::now() + limits.keep_alive),
                }
            }
        })
        .await;
    }
}
