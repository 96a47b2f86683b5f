//! A WebSocket client that sends any bytes and understands what comes back, without the library that the server is made with.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// The key of the example in RFC 6455, 1.3, and what answers it.
pub(super) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(super) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
pub(super) const PATH: &str = "/ws/journeys/echo";

pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

/// A frame to be sent: well formed and masked, unless it is told otherwise.
#[derive(Debug, Clone)]
pub(super) struct Out {
    first: u8,
    mask: Option<[u8; 4]>,
    /// Bytes that tell the length; `None` is the shortest form.
    wide: Option<u8>,
    told: Option<u64>,
    payload: Vec<u8>,
}

impl Out {
    pub(super) fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        let mask = Some([0x37, 0xfa, 0x21, 0x3d]);
        Self { first: 0x80 | opcode, mask, wide: None, told: None, payload: payload.into() }
    }

    /// Further fragments follow.
    pub(super) fn goes_on(mut self) -> Self {
        self.first &= 0x7f;
        self
    }

    /// Sets reserved bits: 4 is RSV1, 2 is RSV2, 1 is RSV3.
    pub(super) fn reserved(mut self, bits: u8) -> Self {
        self.first |= bits << 4;
        self
    }

    pub(super) fn masked_with(mut self, mask: [u8; 4]) -> Self {
        self.mask = Some(mask);
        self
    }

    pub(super) fn unmasked(mut self) -> Self {
        self.mask = None;
        self
    }

    /// Tells the length in 2 or 8 bytes.
    pub(super) fn wide(mut self, bytes: u8) -> Self {
        self.wide = Some(bytes);
        self
    }

    /// Tells this length, in 8 bytes, whatever follows.
    pub(super) fn telling(mut self, length: u64) -> Self {
        self.told = Some(length);
        self.wide(8)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let length = self.told.unwrap_or(self.payload.len() as u64);
        let shortest = match length {
            0..=125 => 0,
            126..=0xffff => 2,
            _ => 8,
        };
        let wide = usize::from(self.wide.unwrap_or(shortest));
        let code = match wide {
            0 => length.to_be_bytes()[7],
            2 => 126,
            _ => 127,
        };
        let mut bytes = vec![self.first, code | if self.mask.is_some() { 0x80 } else { 0 }];
        bytes.extend_from_slice(&length.to_be_bytes()[8 - wide..]);
        bytes.extend(self.mask.iter().flatten());
        let mask = self.mask.unwrap_or_default();
        bytes.extend(self.payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }
}

/// A frame of the server.
#[derive(Debug)]
pub(super) struct In {
    pub(super) opcode: u8,
    pub(super) last: bool,
    pub(super) payload: Vec<u8>,
}

/// The request that opens a connection, with further lines.
pub(super) fn request(lines: &str) -> String {
    format!(
        "GET {PATH} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{lines}\r\n"
    )
}

/// The half of a connection that sends.
pub(super) struct Sending(OwnedWriteHalf);

/// The half of a connection that reads frames.
pub(super) struct Reading {
    stream: OwnedReadHalf,
    read: Vec<u8>,
}

/// Opens a connection with any request; gives the head of the answer.
pub(super) async fn open(server: SocketAddr, request: &[u8]) -> (String, Sending, Reading) {
    let stream = TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (stream, sending) = stream.into_split();
    let (mut sending, mut reading) = (Sending(sending), Reading { stream, read: Vec::new() });
    assert!(sending.send(request).await);
    let head = reading.head().await;
    (head, sending, reading)
}

impl Sending {
    /// Sends bytes; whether the connection took them.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok()
    }
}

impl Reading {
    /// Reads more; `false` at the end.
    async fn more(&mut self) -> bool {
        self.stream.read_buf(&mut self.read).await.is_ok_and(|read| read > 0)
    }

    async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                let rest = self.read.split_off(end + 4);
                return String::from_utf8(std::mem::replace(&mut self.read, rest)).unwrap();
            }
            assert!(self.more().await, "closed after {:?}", String::from_utf8_lossy(&self.read));
        }
    }

    /// The next frame, which must be one that RFC 6455 allows a server to send; `None` at the end.
    pub(super) async fn frame(&mut self) -> Option<In> {
        loop {
            if let Some(frame) = self.parsed() {
                return Some(frame);
            }
            if !self.more().await {
                assert!(self.read.is_empty(), "the connection ends within a frame: {:02x?}", self.read);
                return None;
            }
        }
    }

    fn parsed(&mut self) -> Option<In> {
        let [first, second, rest @ ..] = &self.read[..] else { return None };
        assert_eq!((first & 0x70, second & 0x80), (0, 0), "5.1, 5.2: no reserved bit, no mask");
        let wide = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let told = rest.get(..wide)?;
        let length = match wide {
            0 => usize::from(second & 0x7f),
            _ => told.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
        };
        let least = [0, 0, 126, 0, 0, 0, 0, 0, 0x1_0000][wide];
        assert!(length >= least, "5.2: the shortest form");
        let payload = rest.get(wide..wide + length)?.to_vec();
        let (opcode, last) = (first & 0x0f, first & 0x80 != 0);
        assert!(opcode < 8 || (last && length <= 125), "5.5: control frames are short and whole");
        self.read.drain(..2 + wide + length);
        Some(In { opcode, last, payload })
    }
}
