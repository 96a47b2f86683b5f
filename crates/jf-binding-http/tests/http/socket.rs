//! What only a real connection shows: framing, and what happens to the connection afterwards.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::fake::{RUN, Script};
use crate::support::scripted;

async fn connect() -> TcpStream {
    let (app, _) = scripted(Script::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    TcpStream::connect(address).await.unwrap()
}

/// Reads what comes next, 0 bytes at the end.
async fn some(stream: &mut TcpStream, piece: &mut [u8]) -> usize {
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read(piece)).await;
    read.expect("something to read in time").unwrap()
}

/// Reads until the head is complete, and as much of a body as it announces.
async fn read(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut piece = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let bytes = some(stream, &mut piece).await;
        assert_ne!(bytes, 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&piece[..bytes]).unwrap());
    }
}

#[tokio::test]
async fn http_019_a_connection_lives_on_after_answers_without_body() {
    let mut stream = connect().await;
    for _ in 0..2 {
        let request =
            format!("GET /api/v1/journeys/{RUN} HTTP/1.1\r\nhost: x\r\nif-none-match: \"e1.7\"\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 304 "), "{answer}");
        assert!(!answer.contains("content-length") && !answer.contains("transfer-encoding"), "{answer}");
    }
    let request = format!("GET /api/v1/journeys/{RUN} HTTP/1.1\r\nhost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    assert!(read(&mut stream).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn http_013_a_refused_body_may_be_sent_to_its_end_and_the_connection_lives_on() {
    let mut stream = connect().await;
    for path in ["/api/v1/journeys/order/start", "/nowhere"] {
        let request = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read(&mut stream).await;
        let status = if path == "/nowhere" { "404" } else { "413" };
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "before the body is there: {answer}");
        stream.write_all(&vec![b'x'; 10_000_000]).await.unwrap();
    }
    stream.write_all(b"GET /api/v1/journeys HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(read(&mut stream).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn http_013_a_body_that_awaits_leave_gets_the_refusal_alone() {
    let mut stream = connect().await;
    let request = "POST /api/v1/journeys/order/start HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 10000000\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "no 100 Continue first: {answer}");
    assert_eq!(
        some(&mut stream, &mut [0; 16]).await,
        0,
        "what follows could be body or request, so nothing may"
    );
}
