//! A conversation over an upgraded connection: small buffers, bytes counted, frames judged, and a close that arrives.

mod framing;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tungstenite::protocol::{Role, WebSocketConfig};

use self::framing::Framing;
use crate::binding::Shared;
use crate::close::Close;
use crate::handshake::Client;
use crate::session::{Farewell, Session, Traffic};

pub(crate) use self::framing::Fault;

/// Read at a time; most of the memory of an idle connection.
const READ_BUFFER: usize = 4 << 10;
/// Frames gathered before they are written.
const WRITE_BUFFER: usize = 4 << 10;
/// How long the HTTP server may take to hand the connection over (HS-1).
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// What is read after the last frame, so that it is not lost to a reset: closing a socket with unread input cuts off output.
const LINGER_BYTES: usize = 4 << 20;
const LINGER_TIME: Duration = Duration::from_secs(2);

/// Waits for the connection and holds the conversation; `place` is given back when it ends.
pub(crate) async fn converse(
    upgrade: OnUpgrade,
    shared: Arc<Shared>,
    path: String,
    client: Client,
    close: Option<Close>,
    place: impl Send + 'static,
) {
    let _place = place;
    match timeout(HANDSHAKE_TIME, upgrade).await {
        Ok(Ok(upgraded)) => hold(TokioIo::new(upgraded), shared, path, client, close).await,
        Ok(Err(error)) => tracing::debug!(%error, "a WebSocket handshake was not completed"),
        Err(_) => tracing::debug!("a WebSocket handshake took too long"),
    }
}

/// Holds a conversation over bytes, to the end of the connection.
pub(crate) async fn hold<T: AsyncRead + AsyncWrite + Unpin>(
    io: T,
    shared: Arc<Shared>,
    path: String,
    client: Client,
    close: Option<Close>,
) {
    let traffic = Arc::new(Traffic::default());
    let mut io = Metered { io, traffic: Arc::clone(&traffic), framing: Framing::default(), fault: None };
    let max = Some(shared.config.limits.max_message_bytes.get());
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(max)
        .max_frame_size(max);
    let wire = WebSocketStream::from_raw_socket(&mut io, Role::Server, Some(config)).await;
    let session = Session::new(shared, &path, client, wire, traffic);
    drop(path);
    let farewell = match close {
        None => session.await,
        Some(close) => session.closing(close).await,
    };
    if farewell == Farewell::Unread {
        linger(&mut io.io).await;
    }
}

/// Ends a connection so that the peer gets what was written.
async fn linger<T: AsyncRead + AsyncWrite + Unpin>(io: &mut T) {
    let drained = async {
        let _ = io.shutdown().await;
        let mut buffer = vec![0_u8; READ_BUFFER];
        let mut left = LINGER_BYTES;
        while let Ok(read @ 1..) = io.read(&mut buffer).await {
            left = left.saturating_sub(read);
            if left == 0 {
                break;
            }
        }
    };
    // A peer that goes on talking is cut off.
    let _ = timeout(LINGER_TIME, Box::pin(drained)).await;
}

/// Counts what moves, and lets nothing through from a frame on that breaks the protocol.
struct Metered<T> {
    io: T,
    traffic: Arc<Traffic>,
    framing: Framing,
    fault: Option<Fault>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Metered<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let metered = self.get_mut();
        if let Some(fault) = metered.fault {
            return Poll::Ready(Err(fault.into()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut metered.io).poll_read(cx, buf))?;
        metered.traffic.read.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        if let Err((good, fault)) = metered.framing.pass(&buf.filled()[before..]) {
            metered.fault = Some(fault);
            if good == 0 {
                return Poll::Ready(Err(fault.into()));
            }
            buf.set_filled(before + good);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Metered<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        self.traffic.written.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
