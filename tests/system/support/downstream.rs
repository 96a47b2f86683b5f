//! Another service on a real port, that answers when it is told to.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use super::in_time;

/// A service that holds every request until it is released, and then answers with some JSON.
pub(crate) struct Downstream {
    address: SocketAddr,
    arrived: mpsc::UnboundedReceiver<HeaderMap>,
    release: watch::Sender<bool>,
}

impl Downstream {
    pub(crate) async fn holding(json: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (arrival, arrived) = mpsc::unbounded_channel();
        let (release, released) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, json, arrival.clone(), released.clone()));
            }
        });
        Self { address, arrived, release }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until a further request is there; gives its headers.
    pub(crate) async fn arrival(&mut self) -> HeaderMap {
        in_time("a request to the other service", self.arrived.recv()).await.unwrap()
    }

    /// Answers what is held, and everything that follows.
    pub(crate) fn release(&self) {
        self.release.send_replace(true);
    }
}

async fn answer(
    mut stream: TcpStream,
    json: &'static str,
    arrival: mpsc::UnboundedSender<HeaderMap>,
    mut released: watch::Receiver<bool>,
) {
    let (mut head, mut piece) = (Vec::new(), [0; 1024]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => head.extend_from_slice(&piece[..read]),
            _ => return,
        }
    }
    let _ = arrival.send(headers(&head));
    if released.wait_for(|released| *released).await.is_ok() {
        let length = json.len();
        let text = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{json}"
        );
        let _ = stream.write_all(text.as_bytes()).await;
    }
}

fn headers(head: &[u8]) -> HeaderMap {
    let text = String::from_utf8_lossy(head);
    // A piece of the body may have come along.
    let lines = text.lines().skip(1).take_while(|line| !line.is_empty());
    let headers = lines.filter_map(|line| line.split_once(':')).map(|(name, value)| {
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value.trim()).unwrap())
    });
    headers.collect()
}
