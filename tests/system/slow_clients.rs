//! Clients that take their time, at the real server: each has its time-out, and none costs another anything.

use std::time::{Duration, Instant};

use jf_testkit::HttpClient;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::binary::Serving;
use crate::support::downstream::Downstream;
use crate::support::pki::Pki;
use crate::support::raw::{RawHttp, statuses};
use crate::support::{in_time, journeys};

/// Times that a test can wait for.
const CONFIG: &str = "store: memory\nhttp: { headerTimeoutMs: 400, bodyTimeoutMs: 1500, bodyDeadlineMs: 3000, keepAliveMs: 900, writeTimeoutMs: 400 }\n";

async fn serving() -> Serving {
    Serving::start(&journeys(), Some(CONFIG)).await
}

/// Sends byte after byte with a pause in between until the server has had enough; gives what it said, and after how long it closed.
async fn drip(stream: TcpStream, bytes: &[u8], pause: Duration) -> (Vec<u8>, Duration) {
    let begin = Instant::now();
    let (mut reading, mut writing) = stream.into_split();
    let mut answers = Vec::new();
    let end = async {
        let _ = reading.read_to_end(&mut answers).await;
    };
    let rest = async {
        for byte in bytes.iter().cycle() {
            if writing.write_all(std::slice::from_ref(byte)).await.is_err() {
                break;
            }
            tokio::time::sleep(pause).await;
        }
    };
    in_time("the end of a slow connection", async {
        tokio::select! {
            () = end => {}
            () = rest => {}
        }
    })
    .await;
    (answers, begin.elapsed())
}

/// HS-1: further bytes win no time.
#[tokio::test]
async fn hs_1_heads_that_come_slowly_are_cut_off() {
    let serving = serving().await;
    let stream = RawHttp::connect(serving.address()).await.into_stream();
    let (answers, took) = drip(stream, b"GET /livez HTTP/1.1 and so on", Duration::from_millis(20)).await;
    assert_eq!(statuses(&answers), [0; 0], "no request, no answer");
    assert!(took >= Duration::from_millis(400), "{took:?}");

    // A second request on a connection that was good so far has no more time.
    let mut http = RawHttp::connect(serving.address()).await;
    assert_eq!(http.get("/livez").await.status, 200);
    let (_, took) = drip(http.into_stream(), b"x", Duration::from_millis(20)).await;
    assert!(took >= Duration::from_millis(400), "{took:?}");
    assert_eq!(RawHttp::connect(serving.address()).await.get("/livez").await.status, 200);
}

/// HTTP-023: a body that stands still, and one that moves but never ends.
#[tokio::test]
async fn http_023_bodies_that_come_slowly_are_400() {
    let serving = serving().await;
    let head =
        "POST /api/v1/journeys/review/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{";
    for (pause, least) in [(Duration::from_secs(60), 1500), (Duration::from_millis(50), 3000)] {
        let mut stream = RawHttp::connect(serving.address()).await.into_stream();
        stream.write_all(head.as_bytes()).await.unwrap();
        let (answers, took) = drip(stream, b" ", pause).await;
        assert_eq!(statuses(&answers), [400]);
        assert!(String::from_utf8_lossy(&answers).contains("urn:journeyforge:error:invalid-input"));
        assert!(took >= Duration::from_millis(least), "{took:?}");
    }
}

/// A connection without a request is closed, used before or not.
#[tokio::test]
async fn silence_ends_a_connection() {
    let serving = serving().await;
    for is_used in [false, true] {
        let mut http = RawHttp::connect(serving.address()).await;
        if is_used {
            assert_eq!(http.get("/livez").await.status, 200);
        }
        let begin = Instant::now();
        let mut rest = Vec::new();
        in_time("the end", http.into_stream().read_to_end(&mut rest)).await.unwrap();
        assert!(rest.is_empty() && begin.elapsed() >= Duration::from_millis(800), "{:?}", begin.elapsed());
    }
}

/// HTTP-023: several requests at once are answered in their order, whatever each of them comes to.
#[tokio::test]
async fn http_023_requests_that_do_not_wait_for_answers_are_answered_in_order() {
    let serving = serving().await;
    let mut requests = String::new();
    let mut expected = Vec::new();
    for _ in 0..50 {
        for (request, status) in [
            ("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
            ("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
            (
                "POST /api/v1/apis/double HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\n\r\n{\"n\":2}",
                200,
            ),
            (
                "POST /api/v1/journeys/review/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
                400,
            ),
            ("DELETE /api/v1/journeys HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        ] {
            requests.push_str(request);
            expected.push(status);
        }
    }
    let answers = RawHttp::connect(serving.address()).await.last_words(requests.as_bytes()).await;
    assert_eq!(statuses(&answers), expected);
}

/// A client that has nothing more to say still gets its answer, be it late.
#[tokio::test]
async fn http_071_a_half_closed_client_gets_its_answer() {
    let mut downstream = Downstream::holding(r#"{"status":"MADE"}"#).await;
    let config = format!(
        "{CONFIG}connectors: {{ http: {{ rewrite: [{{ from: 'http://slow.example', to: '{}' }}] }} }}\n",
        downstream.origin()
    );
    let serving = Serving::start(&journeys(), Some(&config)).await;
    let start = "POST /api/v1/journeys/slow/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
    let http = RawHttp::connect(serving.address()).await;
    let waiting = tokio::spawn(http.last_words(start.as_bytes()));
    downstream.arrival().await;
    // The end of what the client says has long arrived when the answer is ready: others are answered meanwhile.
    for _ in 0..20 {
        assert_eq!(RawHttp::connect(serving.address()).await.get("/livez").await.status, 200);
    }
    downstream.release();
    let answers = in_time("the answer", waiting).await.unwrap();
    assert_eq!(statuses(&answers), [200]);
    assert!(String::from_utf8_lossy(&answers).contains(r#""phase":"SUCCEEDED""#));

    // A body that breaks off is no request, and nothing is begun.
    let cut = "POST /api/v1/journeys/review/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{";
    let answers = RawHttp::connect(serving.address()).await.last_words(cut.as_bytes()).await;
    assert_eq!(statuses(&answers), [400]);
}

/// Opens a connection with a small receive buffer: what is not read soon stops the server.
async fn narrow(serving: &Serving) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(serving.address()).await.unwrap()
}

/// Waits until the server has no connection but that of the scraper.
async fn all_gone(serving: &Serving) {
    let metrics = HttpClient::new(serving.metrics().await);
    in_time("the end of the stalled connections", async {
        loop {
            let text = metrics.send(http::Method::GET, "/metrics", None).await.unwrap().body;
            let text = String::from_utf8_lossy(&text).into_owned();
            if text.contains("journeyforge_connections{binding=\"http\"} 0") {
                break;
            }
        }
    })
    .await;
}

/// FLOW-6: answers that nobody takes pile up in the buffers of the system and then nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn flow_6_answers_that_are_not_taken_end_the_connection() {
    let serving = serving().await;
    let mut stream = narrow(&serving).await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(10_000));
    let asking = async { while stream.write_all(long.as_bytes()).await.is_ok() {} };
    in_time("the end of a connection that is not read", asking).await;
    assert_eq!(RawHttp::connect(serving.address()).await.get("/livez").await.status, 200);
}

/// FLOW-6, HTTP-105: a reader that takes no events loses its connection, over TLS or not; the run is not held up.
#[tokio::test(flavor = "multi_thread")]
async fn flow_6_readers_of_events_that_take_nothing_are_disconnected() {
    let pki = Pki::new();
    let more = "metadataLimits.attributes.maxValueLength: 100000\nobservability.metrics.listen: 127.0.0.1:0\nhttp.heartbeatMs: 60000\n";
    for has_tls in [false, true] {
        let tls = if has_tls { pki.config("").replace("store: memory\n", "") } else { String::new() };
        let serving = Serving::start(&journeys(), Some(&format!("{CONFIG}{more}{tls}"))).await;
        let client = pki.http(None).http1_only().pool_max_idle_per_host(0).build().unwrap();
        let post = async |path: &str, body: Value| {
            let answer = client.post(serving.url(path)).body(body.to_string()).send().await.unwrap();
            assert_eq!(answer.status(), 200, "nobody waits for a reader");
            serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()
        };
        let order = json!({ "orderId": "A".repeat(50_000), "amount": 1 });
        let started = post("/api/v1/journeys/review/start", order).await;
        let run = format!("/api/v1/journeys/{}", started["journeyId"].as_str().unwrap());
        let request = format!("GET {run}/events?conflate=false HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let mut events: Box<dyn Stream> = match has_tls {
            true => Box::new(pki.connect_over(narrow(&serving).await, None, "http/1.1").await.unwrap()),
            false => Box::new(narrow(&serving).await),
        };
        events.write_all(request.as_bytes()).await.unwrap();
        events.flush().await.unwrap();
        let begin = Instant::now();
        // Each event is as large as the order number, which is far more than the buffers of the system take.
        for _ in 0..200 {
            post(&format!("{run}/steps/draft"), json!({ "decision": "revise" })).await;
        }
        all_gone(&serving).await;
        assert!(begin.elapsed() >= Duration::from_millis(400));
        // It was cut off: the last events of the run never came.
        let mut came = Vec::new();
        let _ = in_time("the rest", events.read_to_end(&mut came)).await;
        let seen = String::from_utf8_lossy(&came).matches("event: status").count();
        assert!((1..200).contains(&seen), "{seen} events, {} bytes", came.len());
    }
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}
