//! The connector against real sockets.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method};
use jf_core::spi::{HttpConnector, HttpExchange, HttpFailure, HttpFailureKind, HttpReceived};
use jf_task_http::{ConnectorConfig, ReqwestConnector};
use serde_json::{Value, json};

use crate::stub::{Stub, nobody, raw};

fn connector(config: Value) -> ReqwestConnector {
    let config: ConnectorConfig = serde_json::from_value(config).unwrap();
    ReqwestConnector::new(&config).unwrap()
}

/// One that may call loopback.
fn open() -> ReqwestConnector {
    connector(json!({ "denyPrivateNetworks": false }))
}

fn get(url: impl Into<String>) -> HttpExchange {
    HttpExchange::new(Method::GET, url, Duration::from_secs(10), 1024)
}

async fn fails(connector: &ReqwestConnector, exchange: HttpExchange) -> (HttpFailureKind, String) {
    let failure: HttpFailure = connector.send(exchange).await.expect_err("no response is expected");
    (failure.kind(), failure.message().to_owned())
}

async fn works(connector: &ReqwestConnector, exchange: HttpExchange) -> HttpReceived {
    connector.send(exchange).await.expect("a response is expected")
}

#[tokio::test]
async fn a_request_arrives_as_it_was_built_and_the_response_comes_back_whole() {
    let stub = Stub::start().await;
    let mut exchange =
        HttpExchange::new(Method::PUT, stub.url("/a%2Fb/repeated?q=%26"), Duration::from_secs(10), 1024);
    exchange.headers.append("x-many", HeaderValue::from_static("1"));
    exchange.headers.append("x-many", HeaderValue::from_static("2"));
    exchange.headers.insert("content-type", HeaderValue::from_static("text/plain"));
    exchange.body = Some(Bytes::from_static(b"payload"));
    let plain = works(&open(), exchange).await;
    assert_eq!((plain.status.as_u16(), plain.body.as_ref()), (200, b"hello".as_slice()));

    let seen = stub.seen().remove(0);
    assert_eq!(
        (seen.method, seen.target.as_str(), seen.body.as_ref()),
        (Method::PUT, "/a%2Fb/repeated?q=%26", b"payload".as_slice())
    );
    assert_eq!(seen.headers.get_all("x-many").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(seen.headers["content-length"], "7");
    assert_eq!(seen.headers["user-agent"], concat!("journeyforge/", env!("CARGO_PKG_VERSION")));
    assert_eq!(seen.headers["accept-encoding"], "identity");

    let received = works(&open(), get(stub.url("/repeated"))).await;
    assert_eq!((received.status.as_u16(), received.body.as_ref()), (201, b"made".as_slice()));
    assert_eq!(received.headers.get_all("x-many").iter().collect::<Vec<_>>(), ["1", "2"]);
}

#[tokio::test]
async fn tsk_038_a_redirect_is_a_result() {
    let stub = Stub::start().await;
    let received = works(&open(), get(stub.url("/redirect"))).await;
    assert_eq!(
        (received.status.as_u16(), &received.headers["location"]),
        (302, &HeaderValue::from_static("/elsewhere"))
    );
    assert_eq!(stub.seen().len(), 1, "nothing was followed");
}

#[tokio::test]
async fn tsk_038_no_cookie_is_kept_and_no_referer_sent() {
    let (stub, connector) = (Stub::start().await, open());
    works(&connector, get(stub.url("/cookie"))).await;
    works(&connector, get(stub.url("/cookie"))).await;
    for seen in stub.seen() {
        assert!(!seen.headers.contains_key("cookie") && !seen.headers.contains_key("referer"));
    }
}

#[tokio::test]
async fn connections_are_pooled() {
    let (stub, connector) = (Stub::start().await, open());
    works(&connector, get(stub.url("/pieces"))).await;
    works(&connector.clone(), get(stub.url("/x"))).await;
    let peers: Vec<_> = stub.seen().iter().map(|seen| seen.peer).collect();
    assert_eq!(peers[0], peers[1], "one connection, clones included");
}

#[tokio::test]
async fn nothing_is_retried() {
    let (origin, connections) = raw(b"").await;
    let (kind, message) = fails(&open(), get(format!("{origin}/x"))).await;
    assert_eq!(
        (kind, message.as_str()),
        (HttpFailureKind::Network, "the connection broke before a response arrived")
    );
    let (origin, also) = raw(b"HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(works(&open(), get(format!("{origin}/x"))).await.status.as_u16(), 503);
    assert_eq!((connections.load(Ordering::SeqCst), also.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn tsk_055_the_time_out_covers_the_wait_for_a_response() {
    let stub = Stub::start().await;
    let began = tokio::time::Instant::now();
    let mut exchange = get(stub.url("/silent"));
    exchange.timeout = Duration::from_secs(3600);
    let (kind, message) = fails(&open(), exchange).await;
    assert_eq!(
        (kind, message.as_str()),
        (HttpFailureKind::Timeout, "no complete response within 3600000 ms")
    );
    assert!(began.elapsed() >= Duration::from_secs(3600), "and not earlier");
}

#[tokio::test(start_paused = true)]
async fn tsk_055_the_time_out_covers_the_last_byte_of_the_body() {
    let stub = Stub::start().await;
    let mut exchange = get(stub.url("/stalls"));
    exchange.timeout = Duration::from_secs(3600);
    assert_eq!(fails(&open(), exchange).await.0, HttpFailureKind::Timeout);
}

#[tokio::test]
async fn tsk_044_a_body_of_the_limit_is_taken() {
    let stub = Stub::start().await;
    let mut exchange = get(stub.url("/pieces"));
    exchange.max_response_bytes = "one two three".len();
    assert_eq!(works(&open(), exchange).await.body, "one two three");
}

#[tokio::test]
async fn tsk_044_a_body_beyond_the_limit_is_not() {
    let stub = Stub::start().await;
    for (path, limit) in [("/pieces", "one two three".len() - 1), ("/x", 4), ("/x", 0)] {
        let mut exchange = get(stub.url(path));
        exchange.max_response_bytes = limit;
        let (kind, message) = fails(&open(), exchange).await;
        assert_eq!(
            (kind, message),
            (HttpFailureKind::TooLarge, format!("the response body is longer than {limit} bytes"))
        );
    }
}

#[tokio::test]
async fn tsk_044_an_announced_length_is_believed_before_a_byte_is_read() {
    let (origin, _) = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1099511627776\r\n\r\n").await;
    assert_eq!(fails(&open(), get(format!("{origin}/x"))).await.0, HttpFailureKind::TooLarge);
}

#[tokio::test]
async fn tsk_044_the_limit_holds_while_the_body_arrives() {
    let stub = Stub::start().await;
    let mut exchange = get(stub.url("/endless"));
    exchange.max_response_bytes = 1024 * 1024;
    assert_eq!(fails(&open(), exchange).await.0, HttpFailureKind::TooLarge);
    // What was asked of the server beyond the limit fits into the buffers of sockets.
    assert!(stub.sent() < 64 * 1024 * 1024, "{}", stub.sent());
}

#[tokio::test]
async fn no_content_coding_is_undone() {
    let stub = Stub::start().await;
    let received = works(&open(), get(stub.url("/gzip"))).await;
    assert_eq!(
        (&received.headers["content-encoding"], received.body.as_ref()),
        (&HeaderValue::from_static("gzip"), b"\x1f not really".as_slice())
    );
    let mut exchange = get(stub.url("/gzip"));
    exchange.headers.insert("accept-encoding", HeaderValue::from_static("gzip"));
    works(&open(), exchange).await;
    assert_eq!(stub.seen()[1].headers["accept-encoding"], "gzip", "the caller decides");
}

#[tokio::test]
async fn tsk_041_what_the_transport_cannot_do_is_network() {
    let (garbage, _) = raw(b"SSH-2.0-nonsense\r\n\r\n").await;
    let (short, _) = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort").await;
    let nobody = nobody().await;
    let (garbage, short, nobody) = (format!("{garbage}/"), format!("{short}/"), format!("{nobody}/"));
    // No resolver asks the network for a label of more than 63 characters.
    let nameless = format!("http://{}.invalid/", "a".repeat(64));
    for (url, message) in [
        (garbage.as_str(), "the connection broke before a response arrived"),
        (&short, "the connection broke before the response was complete"),
        (&nobody, "the connection was refused"),
        (&nameless, "the name of the host does not resolve"),
        ("not a url", "the URL is not valid"),
    ] {
        let found = fails(&open(), get(url)).await;
        assert_eq!((found.0, found.1.as_str()), (HttpFailureKind::Network, message), "{url}");
    }
}

#[tokio::test]
async fn tsk_041_a_server_that_speaks_no_tls_is_network() {
    let (plain, _) = raw(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let (kind, message) = fails(&open(), get(plain.replace("http:", "https:"))).await;
    assert_eq!(kind, HttpFailureKind::Network);
    // The second on machines without trust anchors.
    let known = ["the TLS handshake failed", "this machine has no trusted root certificates"];
    assert!(known.contains(&message.as_str()), "{message}");
}

#[tokio::test]
async fn tsk_038_private_networks_are_denied_whatever_they_are_called() {
    let stub = Stub::start().await;
    let guarded = connector(json!({}));
    let port = stub.address.port();
    for host in ["127.0.0.1", "localhost", "LocalHost", "[::1]", "127.1", "[::ffff:127.0.0.1]"] {
        let (kind, message) = fails(&guarded, get(format!("http://{host}:{port}/x"))).await;
        let expected = "the target lies in a private network, which `denyPrivateNetworks` refuses";
        assert_eq!((kind, message.as_str()), (HttpFailureKind::Blocked, expected), "{host}");
    }
    let (kind, _) = fails(&guarded, get("ftp://8.8.8.8/x")).await;
    assert_eq!(kind, HttpFailureKind::Blocked);
    assert!(stub.seen().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn tsk_038_rewritten_requests_reach_their_target_and_open_no_other_door() {
    let (stub, other) = (Stub::start().await, Stub::start().await);
    // The target is given by name, so that the resolver of the guarded client would refuse it.
    let target = format!("http://localhost:{}", stub.address.port());
    let rewriting = connector(json!({
        "rewrite": [{ "from": "https://api.example.com", "to": target }],
        "allowHosts": ["api.example.com", "localhost"],
    }));
    works(&rewriting, get("https://api.example.com/orders/7?x=1")).await;
    let seen = stub.seen().remove(0);
    assert_eq!(
        (seen.target.as_str(), &seen.headers["host"]),
        ("/orders/7?x=1", &HeaderValue::from_str(&target["http://".len()..]).unwrap())
    );

    let (kind, _) = fails(&rewriting, get(format!("http://localhost:{}/x", other.address.port()))).await;
    assert_eq!(kind, HttpFailureKind::Blocked);
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn tsk_010_failures_repeat_nothing_of_the_request() {
    const SECRET: &str = "s3cret";
    let stub = Stub::start().await;
    let (short, _) = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\ns3cret").await;
    let (garbage, _) = raw(b"s3cret\r\n\r\n").await;
    let nobody = nobody().await;
    let strict = connector(json!({ "allowHosts": ["example.com"] }));
    for (connector, url) in [
        (open(), format!("{short}/{SECRET}")),
        (open(), format!("{garbage}/{SECRET}")),
        (open(), format!("{nobody}/{SECRET}")),
        (open(), format!("http://{}.{SECRET}.invalid/", "a".repeat(64))),
        (open(), format!("{SECRET}://h/")),
        (open(), stub.url(&format!("/pieces?{SECRET}"))),
        (connector(json!({})), stub.url(&format!("/{SECRET}"))),
        (strict, stub.url(&format!("/{SECRET}"))),
    ] {
        let mut exchange = get(url);
        exchange.max_response_bytes = 10;
        exchange.headers.insert("authorization", HeaderValue::from_static(SECRET));
        exchange.body = Some(Bytes::from_static(SECRET.as_bytes()));
        let failure = connector.send(exchange).await.unwrap_err();
        assert!(!format!("{failure} {failure:?}").contains(SECRET), "{failure:?}");
    }
}

#[tokio::test]
async fn a_dropped_attempt_closes_its_connection() {
    let stub = Stub::start().await;
    let connector = open();
    tokio::select! {
        biased;
        _ = connector.send(get(stub.url("/endless"))) => {}
        () = async { while stub.sent() == 0 { tokio::task::yield_now().await } } => {}
    }
    works(&connector, get(stub.url("/x"))).await;
    let seen = stub.seen();
    assert_ne!(seen[0].peer, seen[1].peer, "the abandoned connection is not used again");
}
