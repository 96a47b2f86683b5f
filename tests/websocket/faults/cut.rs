//! A connection that ends at a byte.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// Where a connection ends: after so many bytes in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cut {
    /// From client to server.
    pub(crate) up: bool,
    /// Bytes that still arrive.
    pub(crate) at: usize,
}

/// What went over a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bytes {
    up: Vec<u8>,
    down: Vec<u8>,
}

/// Every place that is not like the ones beside it – before a frame, inside its header, behind the header, inside the payload, before its last byte, behind
/// it – and some of each run of bytes that are alike.
pub(crate) fn points(bytes: &Bytes) -> impl Iterator<Item = Cut> {
    let of =
        |up: bool, bytes: &[u8]| places(bytes).into_iter().map(move |at| Cut { up, at }).collect::<Vec<_>>();
    of(true, &bytes.up).into_iter().chain(of(false, &bytes.down))
}

/// Places in each direction beside those that matter.
const SAMPLES: usize = 120;

fn places(bytes: &[u8]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..bytes.len()).step_by(bytes.len() / SAMPLES + 1).collect();
    let mut start = 0;
    while start + 2 <= bytes.len() {
        let (masked, short) = (bytes[start + 1] & 0x80 != 0, usize::from(bytes[start + 1] & 0x7f));
        let (header, payload) = match short {
            126 => (4, usize::from(bytes[start + 2]) << 8 | usize::from(bytes[start + 3])),
            127 => panic!("no frame of this conversation is that large"),
            short => (2, short),
        };
        let header = header + if masked { 4 } else { 0 };
        let end = start + header + payload;
        places.extend([
            start,
            start + 1,
            start + header - 1,
            start + header,
            start + header + payload / 2,
            end - 1,
            end,
        ]);
        start = end;
    }
    places
}

/// The client's end of a connection in memory.
pub(crate) struct CutIo {
    io: DuplexStream,
    cut: Option<Cut>,
    bytes: Arc<Mutex<Bytes>>,
}

impl CutIo {
    pub(crate) fn new(io: DuplexStream, cut: Option<Cut>) -> (Self, Arc<Mutex<Bytes>>) {
        let bytes = Arc::<Mutex<Bytes>>::default();
        (Self { io, cut, bytes: Arc::clone(&bytes) }, bytes)
    }

    /// Bytes that may still go that way.
    fn left(&self, up: bool) -> usize {
        let bytes = self.bytes.lock().unwrap();
        let gone = if up { bytes.up.len() } else { bytes.down.len() };
        self.cut.filter(|cut| cut.up == up).map_or(usize::MAX, |cut| cut.at - gone)
    }
}

impl AsyncRead for CutIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut space = [0; 4096];
        let room = self.left(false).min(buf.remaining()).min(space.len());
        if room == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let mut part = ReadBuf::new(&mut space[..room]);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut part))?;
        buf.put_slice(part.filled());
        self.bytes.lock().unwrap().down.extend_from_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for CutIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let room = self.left(true).min(buf.len());
        if room == 0 {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, &buf[..room]))?;
        self.bytes.lock().unwrap().up.extend_from_slice(&buf[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
