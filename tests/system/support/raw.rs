//! A connection that may send anything.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::in_time;

/// One HTTP/1.1 connection, byte by byte.
pub(crate) struct RawHttp(TcpStream);

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    head: String,
    body: Vec<u8>,
}

impl RawAnswer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_else(|_| panic!("not text: {self:?}"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

impl RawHttp {
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        Self(TcpStream::connect(server).await.unwrap())
    }

    /// Sends a POST with any body and media type, and reads the answer while it sends.
    pub(crate) async fn post(&mut self, path: &str, media: &str, body: &[u8]) -> RawAnswer {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n"
        );
        self.exchange(&[head.as_bytes(), body].concat()).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> RawAnswer {
        self.exchange(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await
    }

    /// Sends bytes and reads one answer, both at once: an answer may come before all is sent.
    pub(crate) async fn exchange(&mut self, bytes: &[u8]) -> RawAnswer {
        let (mut reading, mut writing) = self.0.split();
        in_time("an answer", async {
            let (sent, answer) = tokio::join!(writing.write_all(bytes), read_answer(&mut reading));
            sent.unwrap();
            answer
        })
        .await
    }
}

/// The statuses of all answers on a connection, in order.
pub(crate) fn statuses(answers: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answers);
    let lines = text.match_indices("HTTP/1.");
    lines.filter_map(|(at, _)| text[at..].split(' ').nth(1)?.parse().ok()).collect()
}

async fn read_answer(stream: &mut (impl AsyncReadExt + Unpin)) -> RawAnswer {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
            let mut answer = RawAnswer { status: status.unwrap(), head, body: bytes[end + 4..].to_vec() };
            let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
            if answer.body.len() < length {
                let mut rest = vec![0; length - answer.body.len()];
                stream.read_exact(&mut rest).await.unwrap();
                answer.body.extend(rest);
            }
            return answer;
        }
        let read = stream.read(&mut piece).await.unwrap();
        assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&piece[..read]);
    }
}

impl RawHttp {
    /// Sends bytes, says that nothing follows, and gives everything that comes back.
    pub(crate) async fn last_words(mut self, bytes: &[u8]) -> Vec<u8> {
        in_time("the end of the connection", async {
            let mut answers = Vec::new();
            // The server may have closed before it has read all of it; what it said is there all the same.
            let _ = self.0.write_all(bytes).await;
            let _ = self.0.shutdown().await;
            let _ = self.0.read_to_end(&mut answers).await;
            answers
        })
        .await
    }

    /// The stream itself.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.0
    }

    /// Sends bytes and waits for the end of the connection; gives the status of an answer, if there was one.
    pub(crate) async fn refused(mut self, bytes: &[u8]) -> Option<u16> {
        in_time("the end of the connection", async {
            self.0.write_all(bytes).await.unwrap();
            self.0.shutdown().await.unwrap();
            let mut answer = Vec::new();
            // A reset is an end too.
            let _ = self.0.read_to_end(&mut answer).await;
            String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok())
        })
        .await
    }
}
