//! A lean HTTP/1.1 client on one keep-alive connection, so that the server is what is measured.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection that sends one request over and over.
pub(crate) struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects, and prepares a POST of `body` to `path`.
    pub(crate) async fn connect(address: SocketAddr, path: &str, body: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server accepts connections");
        stream.set_nodelay(true).expect("loopback sockets take options");
        Self { stream, request: request(path, body), buffer: Vec::with_capacity(4096) }
    }

    /// Sends a POST of `body` to `path` instead, and gives the body of the answer, which must be a 200 that contains `expected`.
    pub(crate) async fn post(&mut self, path: &str, body: &str, expected: &str) -> String {
        self.request = request(path, body);
        let length = self.send(expected).await;
        let body = self.buffer.len() - length;
        String::from_utf8_lossy(&self.buffer[body..]).into_owned()
    }

    /// Sends a GET of `path`, and gives the body of the answer, which must be a 200 that contains `expected`.
    pub(crate) async fn get(&mut self, path: &str, expected: &str) -> String {
        self.request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes();
        let length = self.send(expected).await;
        let body = self.buffer.len() - length;
        String::from_utf8_lossy(&self.buffer[body..]).into_owned()
    }

    /// Sends the request and reads the whole answer, which must be a 200 that contains `expected`. Says how long its body was.
    pub(crate) async fn send(&mut self, expected: &str) -> usize {
        self.stream.write_all(&self.request).await.expect("the connection is open");
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("the connection is open");
            assert!(read > 0, "the server closed the connection");
            let Some(head) = find(&self.buffer, b"\r\n\r\n") else { continue };
            let length = content_length(&self.buffer[..head]);
            let body = head + 4;
            if self.buffer.len() >= body + length {
                let text = std::str::from_utf8(&self.buffer).expect("answers are UTF-8");
                assert!(
                    text.starts_with("HTTP/1.1 200") && text[body..].contains(expected),
                    "unexpected answer: {text}"
                );
                return length;
            }
        }
    }
}

fn request(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn content_length(head: &[u8]) -> usize {
    let head = std::str::from_utf8(head).expect("heads are ASCII");
    let line = head.split("\r\n").find(|line| line.to_ascii_lowercase().starts_with("content-length:"));
    line.and_then(|line| line.split(':').nth(1))
        .and_then(|n| n.trim().parse().ok())
        .expect("answers tell their length")
}
