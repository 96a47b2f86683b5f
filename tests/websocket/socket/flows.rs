//! What is under way on the connections of a test: bytes that one end has written and the other has not read.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// The connections, by the addresses of their clients.
#[derive(Debug, Clone, Default)]
pub(super) struct Flows(Arc<Mutex<HashMap<SocketAddr, Arc<Flow>>>>);

impl Flows {
    fn of(&self, client: SocketAddr) -> Arc<Flow> {
        Arc::clone(self.0.lock().unwrap().entry(client).or_default())
    }

    /// The client's end of a connection.
    pub(super) fn client(&self, stream: TcpStream) -> Counted {
        let flow = self.of(stream.local_addr().unwrap());
        flow.is_counted.store(true, Ordering::Relaxed);
        Counted { stream, flow, is_client: true }
    }

    /// Whether everything that was written has been read.
    pub(super) fn are_empty(&self) -> bool {
        self.0.lock().unwrap().values().all(|flow| flow.is_empty())
    }
}

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Flow {
    up: Way,
    down: Way,
    /// Both ends are counted.
    is_counted: AtomicBool,
    /// An end is gone.
    is_over: AtomicBool,
    /// The client does not read.
    is_stalled: AtomicBool,
}

impl Flow {
    pub(super) fn stall(&self, stalled: bool) {
        self.is_stalled.store(stalled, Ordering::Relaxed);
    }

    fn is_empty(&self) -> bool {
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        !is(&self.is_counted)
            || is(&self.is_over)
            || (self.up.is_empty() && (is(&self.is_stalled) || self.down.is_empty()))
    }
}

/// One direction.
#[derive(Debug, Default)]
struct Way {
    written: AtomicU64,
    read: AtomicU64,
}

impl Way {
    fn is_empty(&self) -> bool {
        self.written.load(Ordering::Relaxed) == self.read.load(Ordering::Relaxed)
    }
}

/// One end of a connection.
#[derive(Debug)]
pub(super) struct Counted {
    stream: TcpStream,
    flow: Arc<Flow>,
    is_client: bool,
}

impl Counted {
    /// Frames are small; held back to be sent together they would wait for each other's acknowledgements.
    pub(super) fn send_at_once(&mut self) {
        self.stream.set_nodelay(true).unwrap();
    }

    pub(super) fn flow(&self) -> Arc<Flow> {
        Arc::clone(&self.flow)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.flow.is_over.store(true, Ordering::Relaxed);
    }
}

impl AsyncRead for Counted {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, flow, is_client } = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(stream).poll_read(cx, buf))?;
        let way = if *is_client { &flow.down } else { &flow.up };
        way.read.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, flow, is_client } = self.get_mut();
        let written = ready!(Pin::new(stream).poll_write(cx, buf))?;
        let way = if *is_client { &flow.up } else { &flow.down };
        way.written.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A port whose connections are counted.
#[derive(Debug)]
pub(super) struct CountedListener {
    pub(super) listener: TcpListener,
    pub(super) flows: Flows,
}

impl Listener for CountedListener {
    type Io = Counted;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Counted, SocketAddr) {
        let (stream, client) = self.listener.accept().await.unwrap();
        let mut counted = Counted { stream, flow: self.flows.of(client), is_client: false };
        counted.send_at_once();
        (counted, client)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
