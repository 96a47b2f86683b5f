//! One connection from its first byte to its last, or to its upgrade.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, ready};

use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use jf_core::PeerCertificates;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::ServerLimits;
use super::activity::{Activity, Protocol};
use super::answer::Handler;
use super::edge::Edge;
use super::gate::Permit;
use super::observed::Observed;
use super::reader::Streams;
use super::stall::Stall;

pub(super) struct Connection<S> {
    pub(super) stream: S,
    pub(super) protocol: Protocol,
    pub(super) peer: SocketAddr,
    pub(super) certificates: Option<PeerCertificates>,
    pub(super) permit: Permit,
    /// Of what leaves on the stream.
    pub(super) stall: Arc<Stall>,
    pub(super) limits: ServerLimits,
    pub(super) edge: Arc<Edge>,
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

/// The same for HTTP/2. What one peer can make us hold is the product of these.
fn multiplexed(limits: &ServerLimits) -> http2::Builder<Streams> {
    /// Requests at the same time.
    const STREAMS: u32 = 100;
    /// Of a body that nobody reads, and of all such bodies.
    const STREAM_WINDOW: u32 = 64 * 1024;
    const CONNECTION_WINDOW: u32 = 1024 * 1024;
    /// Of an answer that is not taken, which `LeavingBody` gives out in far smaller pieces.
    const SEND_BUFFER: usize = 64 * 1024;
    /// Streams that were reset before we looked at them, and those we had to reset ourselves.
    const RESETS: usize = 20;
    const FAULTS: usize = 100;
    let mut http = http2::Builder::new(Streams { patience: limits.write_timeout });
    // Continuations of headers are bounded by the size of the whole.
    let headers = u32::try_from(limits.header_bytes * 2).unwrap_or(u32::MAX);
    http.timer(TokioTimer::new())
        .max_header_list_size(headers)
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(FAULTS);
    http
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<S> {
    /// Serves requests until the peer goes, a time-out passes, or the stop has begun and the answers in hand are written.
    pub(super) async fn serve(self, http: &http1::Builder, app: Router) {
        let Self { stream, protocol, peer, certificates, permit, stall, limits, edge, begun } = self;
        let (activity, permit) = (Activity::new(protocol, stall), Arc::new(permit));
        let stream = TokioIo::new(Observed::new(stream, Arc::clone(&activity), Arc::clone(&permit)));
        let watch = Watch { activity: Arc::clone(&activity), limits, begun };
        let handler = Handler { app, edge, peer, certificates, permit, activity, limits };
        match protocol {
            Protocol::Http1 => {
                let mut http = http.clone();
                // Who comes after the stop has begun gets one answer.
                http.keep_alive(!watch.begun.is_cancelled());
                let connection = pin!(http.serve_connection(stream, handler).with_upgrades());
                watch.over(connection, |connection| connection.graceful_shutdown()).await;
            }
            Protocol::Http2 => {
                let connection = pin!(multiplexed(&limits).serve_connection(stream, handler));
                watch.over(connection, |connection| connection.graceful_shutdown()).await;
            }
        }
    }
}

/// Ends connections that are at their end.
struct Watch {
    activity: Arc<Activity>,
    limits: ServerLimits,
    begun: CancellationToken,
}

impl Watch {
    /// Drives a connection. Errors are the peer's: broken requests were answered, broken connections cannot be.
    async fn over<C: Future>(self, mut connection: Pin<&mut C>, end: impl Fn(Pin<&mut C>)) {
        let Self { activity, limits, begun } = self;
        let mut alarm = pin!(sleep_until(Instant::now() + limits.keep_alive));
        let mut stopping = pin!(begun.cancelled());
        let mut has_ended = false;
        let is_late = begun.is_cancelled();
        poll_fn(|cx| {
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            // Who was here before the stop is done when the answers in hand are written; who came later has one answer first.
            if !has_ended && (!is_late || activity.is_used()) && stopping.as_mut().poll(cx).is_ready() {
                has_ended = true;
                end(connection.as_mut());
                if connection.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
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
