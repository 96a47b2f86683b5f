//! Requests that two readers could understand differently, over one connection to the real server: each is refused or has one meaning, and
//! what hides in one of them is never answered.

use crate::support::binary::Serving;
use crate::support::journeys;
use crate::support::raw::{RawHttp, statuses};

/// A request whose answer would give a hidden one away.
const HIDDEN: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn serving() -> Serving {
    Serving::start(&journeys(), Some("store: memory\n")).await
}

/// The statuses that a connection comes to.
async fn said(serving: &Serving, bytes: &[u8]) -> Vec<u16> {
    statuses(&RawHttp::connect(serving.address()).await.last_words(bytes).await)
}

fn chunked(lines: &str, body: &str) -> String {
    format!(
        "POST /api/v1/apis/double HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/json\r\n{lines}\r\n{body}"
    )
}

/// RFC 9112, 6: HTTP-026.
#[tokio::test]
async fn http_026_a_body_ends_in_one_place() {
    let serving = serving().await;
    let good = "7\r\n{\"n\":2}\r\n0\r\n\r\n";
    let te = "Transfer-Encoding: chunked\r\n";
    let cases: &[(&str, String, &[u16])] = &[
        ("chunks", chunked(te, good) + HIDDEN, &[200, 200]),
        ("a length", chunked("Content-Length: 7\r\n", "{\"n\":2}") + HIDDEN, &[200, 200]),
        // The encoding counts (RFC 9112, 6.3), and nothing after it is believed.
        ("length and encoding", chunked(&format!("Content-Length: 4\r\n{te}"), good) + HIDDEN, &[200]),
        ("encoding and length", chunked(&format!("{te}Content-Length: 4\r\n"), good) + HIDDEN, &[200]),
        ("a length that covers more", chunked(&format!("Content-Length: 99\r\n{te}"), good) + HIDDEN, &[200]),
        ("two lengths", chunked("Content-Length: 7\r\nContent-Length: 0\r\n", "{\"n\":2}") + HIDDEN, &[400]),
        ("two lengths in one", chunked("Content-Length: 7, 0\r\n", "{\"n\":2}") + HIDDEN, &[400]),
        ("a signed length", chunked("Content-Length: +7\r\n", "{\"n\":2}") + HIDDEN, &[400]),
        ("a negative length", chunked("Content-Length: -7\r\n", "{\"n\":2}") + HIDDEN, &[400]),
        ("a hexadecimal length", chunked("Content-Length: 0x7\r\n", "{\"n\":2}") + HIDDEN, &[400]),
        ("an endless length", chunked("Content-Length: 99999999999999999999\r\n", "") + HIDDEN, &[400]),
        ("no length", chunked("Content-Length: \r\n", "") + HIDDEN, &[400]),
        ("another encoding", chunked("Transfer-Encoding: identity\r\n", good) + HIDDEN, &[400]),
        ("an encoding below", chunked("Transfer-Encoding: gzip, chunked\r\n", good) + HIDDEN, &[400]),
        ("an encoding above", chunked("Transfer-Encoding: chunked, gzip\r\n", good) + HIDDEN, &[400]),
        ("an encoding like it", chunked("Transfer-Encoding: xchunked\r\n", good) + HIDDEN, &[400]),
        ("a parameter", chunked("Transfer-Encoding: chunked;x=1\r\n", good) + HIDDEN, &[400]),
        ("junk behind it", chunked("Transfer-Encoding: chunked\u{b}\r\n", good) + HIDDEN, &[400]),
        ("two encodings", chunked(&format!("{te}{te}"), good) + HIDDEN, &[400]),
        ("an encoding in HTTP/1.0", chunked(te, good).replacen("HTTP/1.1", "HTTP/1.0", 1) + HIDDEN, &[400]),
        ("a space before the colon", chunked("Transfer-Encoding : chunked\r\n", good) + HIDDEN, &[400]),
        ("a space before another", chunked("Content-Length : 7\r\n", "{\"n\":2}") + HIDDEN, &[400]),
        ("a folded line", chunked("X-A: 1\r\n Content-Length: 7\r\n", "") + HIDDEN, &[400]),
        ("a bare CR in a value", chunked("X-A: 1\rContent-Length: 7\r\n", "") + HIDDEN, &[400]),
        ("a NUL in a value", chunked("X-A: 1\0\r\n", "") + HIDDEN, &[400]),
        ("no name", chunked(": 1\r\n", "") + HIDDEN, &[400]),
        ("no colon", chunked("Content-Length\r\n", "") + HIDDEN, &[400]),
    ];
    for (what, bytes, expected) in cases {
        assert_eq!(said(&serving, bytes.as_bytes()).await, *expected, "{what}");
    }
}

/// RFC 9112, 7.1: sizes of chunks are hexadecimal digits and nothing else, lines end in CR LF.
#[tokio::test]
async fn http_012_chunks_have_one_reading() {
    let serving = serving().await;
    let te = "Transfer-Encoding: chunked\r\n";
    for (what, body, expected) in [
        ("pieces", "1\r\n{\r\n6\r\n\"n\":2}\r\n0\r\n\r\n", &[200, 200][..]),
        ("an extension", "7;a=b\r\n{\"n\":2}\r\n0\r\n\r\n", &[200, 200]),
        ("a trailer", "7\r\n{\"n\":2}\r\n0\r\nX-A: 1\r\n\r\n", &[200, 200]),
        ("a prefix", "0x7\r\n{\"n\":2}\r\n0\r\n\r\n", &[400]),
        ("a sign", "+7\r\n{\"n\":2}\r\n0\r\n\r\n", &[400]),
        ("a negative size", "-1\r\n{\"n\":2}\r\n0\r\n\r\n", &[400]),
        ("no size", "\r\n{\"n\":2}\r\n0\r\n\r\n", &[400]),
        ("a size beyond numbers", "10000000000000007\r\n{\"n\":2}\r\n0\r\n\r\n", &[400]),
        ("a line that ends in LF", "7\n{\"n\":2}\r\n0\r\n\r\n", &[400]),
        ("an extension with LF", "7;a\n{\"n\":2}\r\n0\r\n\r\n", &[400]),
        ("more than the size", "7\r\n{\"n\":22}\r\n0\r\n\r\n", &[400]),
        ("less than the size", "9\r\n{\"n\":2}\r\n0\r\n\r\n", &[400]),
        ("no end", "7\r\n{\"n\":2}\r\n", &[400]),
    ] {
        let request = chunked(te, body) + HIDDEN;
        assert_eq!(said(&serving, request.as_bytes()).await, expected, "{what}");
    }
}

/// RFC 9112, 3: the line of a request, whom it is addressed to, and what is no HTTP/1.1 at all. Names of others are refused on a loopback address,
/// where a page could have its own name point (HTTP-028).
#[tokio::test]
async fn http_028_requests_are_addressed_to_us() {
    let serving = serving().await;
    let other = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (what, request, expected) in [
        ("a request", "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", &[200, 404][..]),
        ("an address", "GET /livez HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", &[200, 404]),
        ("another method", "DELETE /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", &[405, 404]),
        ("an empty line first", "\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", &[200, 404]),
        ("an absolute target", "GET http://localhost/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", &[200, 404]),
        (
            "lines that end in LF, as RFC 9112, 2.2 lets them",
            "GET /livez HTTP/1.1\nHost: localhost\n\n",
            &[200, 404],
        ),
        ("an old request", "GET /livez HTTP/1.0\r\n\r\n", &[200]),
        (
            "an upgrade to what is not there",
            "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
            &[200, 404],
        ),
        ("no host", "GET /livez HTTP/1.1\r\n\r\n", &[400]),
        ("an empty host", "GET /livez HTTP/1.1\r\nHost:\r\n\r\n", &[400]),
        ("two hosts", "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", &[400]),
        ("a host with a path", "GET /livez HTTP/1.1\r\nHost: localhost/x\r\n\r\n", &[400]),
        ("a host with a user", "GET /livez HTTP/1.1\r\nHost: u@localhost\r\n\r\n", &[400]),
        ("an absolute target without host", "GET http://localhost/livez HTTP/1.1\r\n\r\n", &[400]),
        ("a rebound name", "GET /livez HTTP/1.1\r\nHost: rebound.example\r\n\r\n", &[403, 404]),
        (
            "a rebound target",
            "GET http://rebound.example/livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
            &[403, 404],
        ),
        ("a proxy's request", "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n", &[404, 404]),
        ("a question to the server", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", &[404, 404]),
        ("a later version", "GET /livez HTTP/3.0\r\nHost: localhost\r\n\r\n", &[400]),
        ("no version", "GET /livez\r\n\r\n", &[400]),
        ("small letters", "GET /livez http/1.1\r\nHost: localhost\r\n\r\n", &[400]),
        ("two spaces", "GET  /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400]),
        ("a space in the target", "GET /livez /x HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400]),
        ("a tab", "GET\t/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400]),
        ("no slash", "GET livez HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400]),
        ("a control character", "GET /livez\u{1} HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400]),
        ("a NUL", "GET /livez\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400]),
        ("HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[]),
    ] {
        let request = format!("{request}{other}");
        assert_eq!(said(&serving, request.as_bytes()).await, expected, "{what}");
    }
}

/// HTTP-013: what is too large is refused while it comes.
#[tokio::test]
async fn http_013_heads_have_bounds() {
    let serving = serving().await;
    let head = |target: &str, lines: &str| format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
    let long_path = format!("/{}", "x".repeat(20_000));
    let endless_path = format!("/{}", "x".repeat(70_000));
    let many: String = (0..150).map(|n| format!("x-{n}: 1\r\n")).collect();
    let large = format!("x-large: {}\r\n", "x".repeat(40_000));
    let larger = format!("x-large: {}\r\n", "x".repeat(300_000));
    let long_name = format!("{}: 1\r\n", "x".repeat(70_000));
    for (what, request, expected) in [
        ("a long path", head(&long_path, ""), 404),
        ("an endless path", head(&endless_path, ""), 414),
        ("many lines", head("/livez", &many), 431),
        ("a large line", head("/api/v1/journeys", &large), 431),
        ("a larger line", head("/livez", &larger), 431),
        ("a long name", head("/livez", &long_name), 431),
    ] {
        let answers = said(&serving, request.as_bytes()).await;
        assert_eq!(answers.first(), Some(&expected), "{what}: {answers:?}");
    }
}

/// HTTP-003, HTTP-004, HTTP-076: paths are what they are. Nothing is resolved, decoded twice or guessed.
#[tokio::test]
async fn http_003_paths_are_what_they_are() {
    let serving = serving().await;
    let mut http = RawHttp::connect(serving.address()).await;
    assert_eq!(http.get("/api/v1/%6aourneys").await.status, 200, "decoded once");
    let unknown = http.get("/nowhere").await;
    for path in [
        "/api/v1/../v1/journeys",
        "/api/v1/./journeys",
        "/../api/v1/journeys",
        "/api/v1/%2e%2e/v1/journeys",
        "/api/v1/.%2e/v1/journeys",
        "/api/v1/%252e%252e/v1/journeys",
        "/api/v1/%256aourneys",
        "/api/v1/journeys/..",
        "/api/v1/journeys/%2e%2e%2fjourneys",
        "//api/v1/journeys",
        "/api//v1/journeys",
        "/api/v1/journeys/",
        "/api/v1/journeys%2f",
        "/api%2fv1%2fjourneys",
        "/api\\v1\\journeys",
        "/api/v1/journeys;x=1",
        "/api/v1/journeys%3fphase=RUNNING",
        "/api/v1/journeys%23",
        "/api/v1/journeys%00",
        "/api/v1/journeys/%00",
        "/api/v1/journeys%20",
        "/api/v1/%c0%aejourneys",
        "/api/v1/journeys/%c0%ae%c0%ae",
        "/api/v1/journeys/%ff",
        "/api/v1/journeys/%",
        "/api/v1/journeys/%zz",
        "/API/v1/journeys",
        "/api/v1/Journeys",
        "/livez/",
        "/LIVEZ",
        "/livez%2f",
        "/livez%00",
        "/livez;x",
        "/readyz/../livez",
        "/api/v1/apis/double/../double",
        "/api/v1/apis%2fdouble",
        "/ws/journeys/review/",
        "/ws/journeys/../journeys/review",
        "/ws%2fjourneys%2freview%2f",
    ] {
        let answer = http.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json(), unknown.json(), "{path}");
    }
}

/// HTTP-028, HTTP-054, HTTP-016: what comes from a request never becomes a line of an answer.
#[tokio::test]
async fn http_054_no_request_writes_lines_of_an_answer() {
    let serving =
        Serving::start(&journeys(), Some("store: memory\nhttp.allowedOrigins: [https://shop.example]\n"))
            .await;
    let line = "%0d%0aset-cookie:%20hidden=1%0d%0a%0d%0a";
    let key = "idempotency-key: 0123456789abcdef%0d%0aset-cookie: hidden=1\r\n";
    let asks = "origin: https://shop.example\r\naccess-control-request-method: POST\r\n";
    let request = |start: &str, lines: &str| format!("{start} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
    let start = "POST /api/v1/journeys/review/start";
    for (what, request) in [
        ("a path", request(&format!("GET /api/v1/journeys/{line}"), "")),
        ("a name", request(&format!("POST /api/v1/journeys/{line}/start"), "")),
        ("a parameter", request(&format!("GET /api/v1/journeys?{line}=1"), "")),
        ("a value", request(&format!("GET /api/v1/journeys?pageToken={line}"), "")),
        ("a key", request(start, key)),
        ("a trace", request(start, &format!("traceparent: 00-{line}-01\r\nbaggage: a={line}\r\n"))),
        ("an origin", request(start, &format!("origin: https://shop.example{line}\r\n"))),
        (
            "a preflight",
            request(
                &format!("OPTIONS {}", &start[5..]),
                &format!("{asks}access-control-request-headers: a{line}\r\n"),
            ),
        ),
        (
            "a bare CR",
            request(start, &format!("{asks}access-control-request-headers: a\rset-cookie: hidden=1\r\n")),
        ),
    ] {
        let answers = RawHttp::connect(serving.address()).await.last_words(request.as_bytes()).await;
        let text = String::from_utf8_lossy(&answers).to_lowercase();
        assert_eq!(statuses(&answers).len(), 1, "{what}: {text}");
        let mut lines = text.split("\r\n");
        assert!(!lines.any(|line| line.starts_with("set-cookie")), "{what}: {text}");
        assert!(text.starts_with("http/1.1 4") || what == "a preflight", "{what}: {text}");
    }
}

/// HTTP-026, RFC 9112, 6.1: a request whose end is a matter of opinion ends its connection, also when there were too many before it.
#[tokio::test]
async fn http_026_bad_framing_ends_the_connection_of_those_who_ask_too_often() {
    let serving = Serving::start(&journeys(), Some("store: memory\nhttp.requestsPerSecond: 1\n")).await;
    let ambiguous = chunked("Transfer-Encoding: gzip, chunked\r\n", "7\r\n{\"n\":2}\r\n0\r\n\r\n");
    let said = said(&serving, (HIDDEN.repeat(3) + &ambiguous + HIDDEN).as_bytes()).await;
    assert_eq!(said, [200, 429, 429, 400]);
}
