use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::activity::Protocol;
use super::connection::{self, Connection};
use super::edge::Edge;
use super::gate::Gate;
use super::stall::{Leaving, Stall};
use super::{Server, ServerLimits, Stop};

pub(super) fn limits() -> ServerLimits {
    ServerLimits {
        connections: 100,
        connections_per_address: 100,
        requests_per_second: 0,
        header_bytes: 32 * 1024,
        header_timeout: Duration::from_secs(5),
        body_timeout: Duration::from_secs(30),
        body_deadline: Duration::from_secs(300),
        keep_alive: Duration::from_secs(75),
        handshake_timeout: Duration::from_secs(5),
        handshakes: 100,
        write_timeout: Duration::from_secs(10),
    }
}

fn app() -> Router {
    Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route("/echo", post(|body: String| async move { body }))
        .route("/panic", get(async || -> &'static str { panic!("a bug in a handler") }))
}

/// A connection in memory, so that time can be virtual.
fn connect(limits: ServerLimits, app: Router, begun: &CancellationToken) -> (DuplexStream, JoinHandle<()>) {
    let (client, stream) = tokio::io::duplex(64 * 1024);
    let stall = Stall::new();
    let stream = Leaving::new(stream, Arc::clone(&stall));
    (client, serve_over(stream, stall, limits, app, begun))
}

fn serve_over<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    stall: Arc<Stall>,
    limits: ServerLimits,
    app: Router,
    begun: &CancellationToken,
) -> JoinHandle<()> {
    let peer = "127.0.0.1:1".parse().unwrap();
    let permit = Gate::new(&limits).enter(std::net::Ipv4Addr::LOCALHOST.into()).unwrap();
    let connection = Connection {
        stream,
        protocol: Protocol::Http1,
        peer,
        certificates: None,
        permit,
        stall,
        limits,
        edge: Arc::new(Edge::default()),
        begun: begun.clone(),
    };
    let http = connection::builder(&limits);
    tokio::spawn(async move { connection.serve(&http, app).await })
}

async fn ask(client: &mut DuplexStream, request: &str) -> String {
    client.write_all(request.as_bytes()).await.unwrap();
    answer(client).await
}

/// One answer with a known length.
async fn answer(client: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        assert_eq!(client.read(&mut byte).await.unwrap(), 1, "{}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    let head = String::from_utf8(text).unwrap();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    client.read_exact(&mut body).await.unwrap();
    head + &String::from_utf8(body).unwrap()
}

async fn rest(client: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    text
}

const HELLO: &str = "GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn hs_1_headers_that_do_not_come_end_the_connection() {
    let (mut client, _) = connect(limits(), app(), &CancellationToken::new());
    tokio::time::sleep(Duration::from_secs(60)).await;
    let begin = Instant::now();
    client.write_all(b"GET /hello HTTP/1.1\r\nhost:").await.unwrap();
    assert_eq!(rest(&mut client).await, "");
    let took = begin.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(6)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_connection_after_its_last_answer() {
    let (mut client, _) = connect(limits(), app(), &CancellationToken::new());
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(70)).await;
        assert!(ask(&mut client, HELLO).await.ends_with("hello"));
    }
    let begin = Instant::now();
    assert_eq!(rest(&mut client).await, "");
    let took = begin.elapsed();
    assert!((Duration::from_secs(75)..Duration::from_secs(76)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_is_no_silence() {
    let slow = Router::new().route(
        "/slow",
        get(|| async {
            tokio::time::sleep(Duration::from_secs(1000)).await;
            "at last"
        }),
    );
    let (mut client, _) = connect(limits(), slow, &CancellationToken::new());
    assert!(ask(&mut client, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.ends_with("at last"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stands_still_fails_and_one_that_moves_does_not() {
    let request = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\n";
    let (mut client, _) = connect(limits(), app(), &CancellationToken::new());
    client.write_all(request.as_bytes()).await.unwrap();
    for piece in ["ab", "cd", "ef"] {
        tokio::time::sleep(Duration::from_secs(29)).await;
        client.write_all(piece.as_bytes()).await.unwrap();
    }
    assert!(answer(&mut client).await.ends_with("abcdef"));

    client.write_all(request.as_bytes()).await.unwrap();
    let begin = Instant::now();
    assert!(answer(&mut client).await.starts_with("HTTP/1.1 400"));
    assert_eq!(begin.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn http_013_what_comes_of_a_refused_body_has_the_time_of_a_body() {
    let refusing = app().route(
        "/refuse",
        post(|body: axum::body::Body| async move {
            tokio::spawn(axum::body::to_bytes(body, usize::MAX));
            http::StatusCode::PAYLOAD_TOO_LARGE
        }),
    );
    let (mut client, _) = connect(limits(), refusing, &CancellationToken::new());
    let request = "POST /refuse HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n";
    assert!(ask(&mut client, request).await.starts_with("HTTP/1.1 413"));
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        client.write_all(b"x").await.unwrap();
    }
    assert!(ask(&mut client, HELLO).await.ends_with("hello"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_moves_without_end_has_an_end() {
    let (mut client, _) = connect(limits(), app(), &CancellationToken::new());
    let request = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    let begin = Instant::now();
    let answered = loop {
        tokio::select! {
            answer = answer(&mut client) => break answer,
            () = tokio::time::sleep(Duration::from_secs(20)) => {}
        }
        client.write_all(b"x").await.unwrap();
    };
    assert!(answered.starts_with("HTTP/1.1 400"), "{answered}");
    assert_eq!(begin.elapsed().as_secs(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_half_closed_connection_is_owed_its_answer() {
    let slow = Router::new().route(
        "/slow",
        post(|body: String| async move {
            tokio::time::sleep(Duration::from_secs(1000)).await;
            body
        }),
    );
    for (body, status, seconds) in [("abc", "HTTP/1.1 200", 1000), ("ab", "HTTP/1.1 400", 0)] {
        let (mut client, _) = connect(limits(), slow.clone(), &CancellationToken::new());
        let request = format!("POST /slow HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n{body}");
        client.write_all(request.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        let begin = Instant::now();
        let answered = rest(&mut client).await;
        assert!(answered.starts_with(status), "{answered}");
        assert_eq!(answered.ends_with("\r\n\r\nabc"), body == "abc", "{answered}");
        assert_eq!(begin.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_closed_connection_gets_a_large_answer_to_its_end() {
    const LARGE: usize = 3_000_000;
    let large = Router::new().route("/large", get(|| async { "x".repeat(LARGE) }));
    let (mut client, _) = connect(limits(), large, &CancellationToken::new());
    client.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    client.shutdown().await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let answered = rest(&mut client).await;
    assert!(answered.ends_with(&"x".repeat(LARGE)), "{} bytes", answered.len());
}

/// HTTP-028, HTTP-104: an answer without a body is whole, though it has no length.
#[tokio::test(start_paused = true)]
async fn http_104_a_half_closed_connection_gets_an_answer_without_a_body() {
    let bodiless = |status: http::StatusCode| {
        let nothing = futures::stream::empty::<io::Result<Vec<u8>>>();
        (status, axum::body::Body::from_stream(nothing))
    };
    let app = Router::new()
        .route("/204", get(move || async move { bodiless(http::StatusCode::NO_CONTENT) }))
        .route("/304", get(move || async move { bodiless(http::StatusCode::NOT_MODIFIED) }));
    for status in ["204", "304"] {
        // So narrow that the answer cannot leave at once.
        let (mut client, stream) = tokio::io::duplex(16);
        let stall = Stall::new();
        let stream = Leaving::new(stream, Arc::clone(&stall));
        let _connection = serve_over(stream, stall, limits(), app.clone(), &CancellationToken::new());
        let request = format!("GET /{status} HTTP/1.1\r\nhost: a\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
        let answered = rest(&mut client).await;
        assert!(answered.starts_with(&format!("HTTP/1.1 {status}")), "{answered}");
        assert!(answered.ends_with("\r\n\r\n"), "{answered}");
    }
}

/// What TLS is to the stream below it: it takes what the peer does not, as long as it has room.
struct Roomy<S> {
    below: S,
    kept: Vec<u8>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Roomy<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.below).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Roomy<S> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.kept.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { below, kept } = &mut *self;
        while !kept.is_empty() {
            let written = ready!(Pin::new(&mut *below).poll_write(cx, kept))?;
            kept.drain(..written);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.below).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn flow_6_what_tls_takes_is_not_taken_by_the_reader() {
    let events = Router::new().route(
        "/events",
        get(|| async {
            axum::body::Body::from_stream(futures::stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_secs(3)).await;
                Some((Ok::<_, io::Error>("an event\n"), ()))
            }))
        }),
    );
    let (mut client, stream) = tokio::io::duplex(256);
    let stall = Stall::new();
    let stream = Roomy { below: Leaving::new(stream, Arc::clone(&stall)), kept: Vec::new() };
    let connection = serve_over(stream, stall, limits(), events, &CancellationToken::new());
    client.write_all(b"GET /events HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let begin = Instant::now();
    let ended = tokio::time::timeout(Duration::from_secs(100), connection).await;
    ended.expect("it ends").expect("by itself");
    // Some events fit into the pipe; from the first on that does not, the time runs.
    let took = begin.elapsed().as_secs();
    assert!(took > 10, "{took} s");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_one_answer_500_and_nothing_else() {
    let (mut client, connection) = connect(limits(), app(), &CancellationToken::new());
    let answer = ask(&mut client, "GET /panic HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(
        answer
            .ends_with(r#"{"type":"urn:journeyforge:error:internal","title":"Internal Error","status":500}"#),
        "{answer}"
    );
    connection.await.expect("the connection ended by itself");
}

#[tokio::test(start_paused = true)]
async fn http_026_too_many_requests_are_told_when_to_come_back() {
    let mut limits = limits();
    limits.requests_per_second = 2;
    let (mut client, _) = connect(limits, app(), &CancellationToken::new());
    for expected in ["200 OK", "200 OK", "429 Too Many Requests"] {
        let answer = ask(&mut client, HELLO).await;
        assert!(answer.contains(expected), "{answer}");
        assert_eq!(answer.contains("retry-after: 1"), expected.starts_with("429"), "{answer}");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(ask(&mut client, HELLO).await.contains("200 OK"));
}

#[tokio::test(start_paused = true)]
async fn drain_2_what_is_in_flight_is_answered_and_the_connection_closed() {
    let (reached, has_reached) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let channels = Arc::new(std::sync::Mutex::new(Some((reached, released))));
    let held = Router::new().route(
        "/held",
        get(move || {
            let (reached, released) = channels.lock().unwrap().take().unwrap();
            async move {
                reached.send(()).unwrap();
                released.await.unwrap();
                "done"
            }
        }),
    );
    let begun = CancellationToken::new();
    let (mut busy, _) = connect(limits(), held, &begun);
    let (mut idle, _) = connect(limits(), app(), &begun);
    assert!(ask(&mut idle, HELLO).await.ends_with("hello"));
    busy.write_all(b"GET /held HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    has_reached.await.unwrap();
    begun.cancel();
    assert_eq!(rest(&mut idle).await, "");
    release.send(()).unwrap();
    let answer = rest(&mut busy).await;
    assert!(answer.contains("connection: close") && answer.ends_with("done"), "{answer}");
}

async fn serve(limits: ServerLimits) -> (std::net::SocketAddr, Stop, JoinHandle<()>) {
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), limits).await.unwrap();
    let (address, stop) = (server.address().unwrap(), server.stop());
    (address, stop, tokio::spawn(server.serve(app())))
}

#[tokio::test]
async fn http_013_headers_far_beyond_the_limit_are_431() {
    let (address, ..) = serve(limits()).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = format!("GET /hello HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n", "x".repeat(200 * 1024));
    // The server may close before it has read all of it.
    let _ = client.write_all(head.as_bytes()).await;
    let mut start = [0; 12];
    client.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 431");
}

#[tokio::test]
async fn lim_4_connections_beyond_the_bound_are_answered_and_closed() {
    for (change, expected) in [
        ((|limits: &mut ServerLimits| limits.connections = 1) as fn(&mut ServerLimits), "HTTP/1.1 503"),
        (|limits: &mut ServerLimits| limits.connections_per_address = 1, "HTTP/1.1 429"),
    ] {
        let mut limits = limits();
        change(&mut limits);
        let (address, ..) = serve(limits).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(HELLO.as_bytes()).await.unwrap();
        assert!(answer(&mut first).await.ends_with("hello"));
        let mut second = TcpStream::connect(address).await.unwrap();
        let refused = rest(&mut second).await;
        assert!(refused.starts_with(expected) && refused.contains("retry-after"), "{refused}");
        // A place becomes free when its connection has gone.
        drop(first);
        loop {
            let mut third = TcpStream::connect(address).await.unwrap();
            third.write_all(HELLO.as_bytes()).await.unwrap();
            if rest_of_one(&mut third).await.contains("200 OK") {
                break;
            }
        }
    }
}

async fn rest_of_one(client: &mut TcpStream) -> String {
    let mut bytes = vec![0; 1024];
    let read = client.read(&mut bytes).await.unwrap_or(0);
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

#[tokio::test]
async fn http_029_a_stopping_server_answers_until_it_is_finished() {
    let (address, stop, serving) = serve(limits()).await;
    stop.begin();
    let mut late = TcpStream::connect(address).await.unwrap();
    late.write_all(HELLO.as_bytes()).await.unwrap();
    assert!(rest(&mut late).await.contains("connection: close"));
    stop.finish(Duration::from_secs(5)).await;
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
