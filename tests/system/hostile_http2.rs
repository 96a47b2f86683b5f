//! Clients of HTTP/2 that are after the server: each loses its stream or its connection, and none costs another anything.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::binary::Serving;
use crate::support::h2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, RawHttp2, SETTINGS,
    WINDOW_UPDATE, frame, request,
};
use crate::support::journeys;
use crate::support::pki::Pki;

const WHOLE: u8 = END_STREAM | END_HEADERS;
const START: &str = "/api/v1/journeys/review/start";

async fn serving(pki: &Pki) -> Serving {
    let config = format!(
        "{}http: {{ writeTimeoutMs: 1000, bodyTimeoutMs: 400, bodyDeadlineMs: 1200, keepAliveMs: 900 }}\n",
        pki.config("")
    );
    Serving::start(&journeys(), Some(&config)).await
}

/// A good client is served meanwhile.
async fn assert_healthy(pki: &Pki, serving: &Serving) {
    let client = pki.http(None).build().unwrap();
    assert_eq!(client.get(serving.url("/livez")).send().await.unwrap().status(), 200);
}

/// Whether the connection ends, told or not.
async fn ends(http: &mut RawHttp2) -> bool {
    http.until(|frame| frame.kind == GOAWAY).await.is_none_or(|goaway| goaway.error() != 0)
}

/// LIM-4: requests that are taken back as fast as they come.
#[tokio::test(flavor = "multi_thread")]
async fn lim_4_rapid_resets_end_the_connection() {
    let pki = Pki::new();
    let serving = serving(&pki).await;
    let body = json!({ "orderId": "A-17", "amount": 1 }).to_string();
    for with_body in [false, true] {
        let mut http = RawHttp2::connect(&serving, &pki, &[]).await;
        let mut sent = 0;
        for stream in (1..20_001).step_by(2) {
            let mut frames = match with_body {
                true => {
                    let mut frames = frame(HEADERS, END_HEADERS, stream, &request("POST", START, &[]));
                    frames.extend(frame(DATA, END_STREAM, stream, body.as_bytes()));
                    frames
                }
                false => frame(HEADERS, WHOLE, stream, &request("GET", "/api/v1/journeys", &[])),
            };
            frames.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
            if !http.send_all(&frames).await {
                break;
            }
            sent += 1;
        }
        assert!(ends(&mut http).await, "after {sent} resets");
        assert_healthy(&pki, &serving).await;
    }
}

/// HTTP-013: headers that never end, and headers that are too large.
#[tokio::test]
async fn http_013_continuations_have_an_end() {
    let pki = Pki::new();
    let serving = serving(&pki).await;
    // Empty ones, small ones, and those that would fill the memory.
    for size in [0, 1, 16_000] {
        let mut http = RawHttp2::connect(&serving, &pki, &[]).await;
        assert!(http.send(HEADERS, END_STREAM, 1, &request("GET", "/livez", &[])).await);
        let piece: Vec<u8> =
            request("x", "y", &[("x-a", &"b".repeat(size))]).split_off(45).into_iter().take(size).collect();
        let mut is_open = true;
        for _ in 0..20_000 {
            is_open = http.send(CONTINUATION, 0, 1, &piece).await;
            if !is_open {
                break;
            }
        }
        assert!(!is_open || ends(&mut http).await, "continuations of {size} bytes");
        assert_healthy(&pki, &serving).await;
    }
    let mut http = RawHttp2::connect(&serving, &pki, &[]).await;
    let large = "x".repeat(7_000);
    let lines: Vec<(String, &str)> = (0..6).map(|n| (format!("x-{n}"), large.as_str())).collect();
    let lines: Vec<(&str, &str)> = lines.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let block = request("GET", "/api/v1/journeys", &lines);
    let (first, rest) = block.split_at(16_000);
    let mut frames = frame(HEADERS, END_STREAM, 1, first);
    let pieces: Vec<&[u8]> = rest.chunks(16_000).collect();
    for (at, piece) in pieces.iter().enumerate() {
        let flags = if at + 1 == pieces.len() { END_HEADERS } else { 0 };
        frames.extend(frame(CONTINUATION, flags, 1, piece));
    }
    assert!(http.send_all(&frames).await);
    let answer = http.until(|frame| frame.stream == 1 && frame.kind == HEADERS).await.unwrap();
    let text = String::from_utf8_lossy(&answer.payload).into_owned();
    let mut problem = Vec::new();
    loop {
        let piece = http.until(|frame| frame.stream == 1 && frame.kind == DATA).await.unwrap();
        problem.extend(piece.payload);
        if piece.flags & END_STREAM != 0 {
            break;
        }
    }
    let problem: Value = serde_json::from_slice(&problem).unwrap();
    assert_eq!(problem["status"], 431, "{text}");
    assert_healthy(&pki, &serving).await;
}

/// LIM-4: more streams than are allowed, and frames that cost more than they say.
#[tokio::test]
async fn lim_4_streams_settings_and_pings_have_bounds() {
    let pki = Pki::new();
    let serving = serving(&pki).await;
    // Bodies that never come, on twice as many streams as there may be.
    let mut http = RawHttp2::connect(&serving, &pki, &[]).await;
    for stream in (1..401).step_by(2) {
        assert!(http.send(HEADERS, END_HEADERS, stream, &request("POST", START, &[])).await);
    }
    let refused = http.until(|frame| frame.kind == RST_STREAM).await.unwrap();
    assert_eq!(refused.error(), 7, "REFUSED_STREAM");
    assert!(refused.stream > 200, "a hundred were taken");
    let late = http.until(|frame| frame.kind == HEADERS).await.unwrap();
    assert!(late.stream <= 199, "a body that does not come is answered in time");

    // Settings and pings that nobody reads the answers of.
    for (kind, payload) in [(SETTINGS, &[][..]), (PING, &[0; 8])] {
        let mut http = RawHttp2::connect(&serving, &pki, &[]).await;
        let begin = Instant::now();
        let many = frame(kind, 0, 0, payload).repeat(1000);
        while http.send_all(&many).await {
            assert!(begin.elapsed() < Duration::from_secs(25), "{kind} is taken without end");
        }
        assert_healthy(&pki, &serving).await;
    }
    // Frames that are none, or come where they must not.
    for (kind, flags, stream, payload) in [
        (DATA, 0, 1, &b"body of nothing"[..]),
        (HEADERS, END_HEADERS, 2, b"\x82"),
        (HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff"),
        (CONTINUATION, END_HEADERS, 1, b""),
        (WINDOW_UPDATE, 0, 0, &[0; 4]),
        (SETTINGS, 0, 0, b"odd"),
        (PING, 0, 1, &[0; 8]),
    ] {
        let mut http = RawHttp2::connect(&serving, &pki, &[]).await;
        http.send(kind, flags, stream, payload).await;
        assert!(ends(&mut http).await, "{kind} {stream}");
    }
    assert_healthy(&pki, &serving).await;
}

/// HTTP-012, HTTP-028, RFC 9113, 8: requests that would mean something else to a proxy that turns them into HTTP/1.1.
#[tokio::test]
async fn http_028_requests_that_would_be_others_in_http_1_are_refused() {
    let pki = Pki::new();
    let serving = serving(&pki).await;
    for (what, block, expected) in [
        ("a request", request("GET", "/livez", &[]), Some("200")),
        ("a length that is none", request("POST", START, &[("content-length", "+2")]), None),
        ("an encoding", request("POST", START, &[("transfer-encoding", "chunked")]), None),
        ("a connection header", request("GET", "/livez", &[("connection", "keep-alive")]), None),
        ("large letters", request("GET", "/livez", &[("X-Large", "1")]), None),
        ("a line break", request("GET", "/livez", &[("x-a", "1\r\nx-b: 2")]), None),
        ("a space in the path", request("GET", "/livez HTTP/1.1", &[]), None),
        ("two paths", request("GET", "/livez", &[(":path", "/nowhere")]), None),
        ("a path without a slash", request("GET", "livez", &[]), None),
        ("another host", request("GET", "/livez", &[("host", "other.example")]), Some("400")),
        ("two hosts", request("GET", "/livez", &[("host", "localhost"), ("host", "localhost")]), Some("400")),
        ("a method with a space", request("GET /x", "/livez", &[]), None),
    ] {
        let mut http = RawHttp2::connect(&serving, &pki, &[]).await;
        http.send(HEADERS, WHOLE, 1, &block).await;
        let answer =
            http.until(|frame| frame.stream == 1 || (frame.kind == GOAWAY && frame.error() != 0)).await;
        let status = answer.filter(|frame| frame.kind == HEADERS).map(|frame| status(&frame.payload));
        assert_eq!(status.as_deref(), expected, "{what}");
    }
}

/// The status at the begin of a block of headers, of those that the static table has (RFC 7541, A), or spelt out.
fn status(block: &[u8]) -> String {
    match block[0] {
        0x88 => "200".to_owned(),
        0x8c => "400".to_owned(),
        0x8d => "404".to_owned(),
        _ => String::from_utf8_lossy(block).into_owned(),
    }
}

/// FLOW-6: a reader that takes nothing of one answer loses that one; what else is going on over its connection goes on.
#[tokio::test]
async fn flow_6_a_stream_that_is_not_read_is_reset_alone() {
    let pki = Pki::new();
    let serving = serving(&pki).await;
    let client = pki.http(None).build().unwrap();
    let order = json!({ "orderId": "A-17", "amount": 1 }).to_string();
    let started = client.post(serving.url(START)).body(order).send().await.unwrap();
    let started: Value = serde_json::from_str(&started.text().await.unwrap()).unwrap();
    let run = format!("/api/v1/journeys/{}", started["journeyId"].as_str().unwrap());

    // INITIAL_WINDOW_SIZE: ten bytes of each answer, and no more unless it is asked for.
    let mut http = RawHttp2::connect(&serving, &pki, &[(4, 10)]).await;
    let begin = Instant::now();
    assert!(http.send(HEADERS, WHOLE, 1, &request("GET", &format!("{run}/events"), &[])).await);
    let mut alive = 3;
    let reset = loop {
        // Others are read to their end meanwhile.
        assert!(http.send(HEADERS, WHOLE, alive, &request("GET", "/livez", &[])).await);
        let frame = http
            .until(|frame| {
                frame.kind == RST_STREAM || (frame.stream == alive && frame.flags & END_STREAM != 0)
            })
            .await
            .expect("the connection goes on");
        if frame.kind == RST_STREAM {
            break frame;
        }
        alive += 2;
    };
    assert_eq!((reset.stream, alive > 3), (1, true));
    assert!(begin.elapsed() >= Duration::from_millis(1000), "{:?}", begin.elapsed());
}

/// FLOW-6: no answer is forgotten before its reader has room for all of it, be it in one piece: as long as it lies here, it is an answer that
/// is not taken, and loses its stream in time. Pings tell nothing of it.
#[tokio::test]
async fn flow_6_answers_in_one_piece_that_are_not_read_are_reset() {
    let pki = Pki::new();
    let more = "metadataLimits.attributes.maxValueLength: 200000\n";
    let config = format!("{}{more}http.writeTimeoutMs: 1000\n", pki.config(""));
    let serving = Serving::start(&journeys(), Some(&config)).await;
    let client = pki.http(None).build().unwrap();
    let post = async |path: &str, body: Value| {
        let answer = client.post(serving.url(path)).body(body.to_string()).send().await.unwrap();
        serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()
    };
    let started = post(START, json!({ "orderId": "A".repeat(150_000), "amount": 1 })).await;
    let run = format!("/api/v1/journeys/{}", started["journeyId"].as_str().unwrap());
    post(&format!("{run}/steps/draft"), json!({ "decision": "refuse" })).await;
    let result = format!("{run}/result");
    // Who reads gets it whole.
    let whole = client.get(serving.url(&result)).send().await.unwrap();
    let length = whole.content_length().unwrap();
    assert!(length > 150_000);
    assert_eq!(whole.bytes().await.unwrap().len() as u64, length);

    const ANSWERS: usize = 90;
    let mut http = RawHttp2::connect(&serving, &pki, &[(4, 10)]).await;
    let streams: Vec<u32> = (0..).map(|n| 2 * n + 1).take(ANSWERS).collect();
    let begin = Instant::now();
    for stream in &streams {
        // Large answers and small ones, of which the window takes a part.
        let path = if stream % 4 == 1 { &*result } else { "/nowhere" };
        assert!(http.send(HEADERS, WHOLE, *stream, &request("GET", path, &[])).await);
    }
    let (mut reset, mut came) = (Vec::new(), 0);
    while reset.len() < ANSWERS {
        assert!(http.send(PING, 0, 0, &[0; 8]).await);
        match http.next().await.expect("the connection goes on") {
            frame if frame.kind == RST_STREAM => reset.push(frame.stream),
            frame if frame.kind == DATA => {
                came += frame.payload.len();
                assert_eq!(frame.flags & END_STREAM, 0, "no answer is over");
            }
            _ => {}
        }
    }
    assert!(begin.elapsed() >= Duration::from_millis(1000), "{:?}", begin.elapsed());
    assert_eq!(came, 10 * ANSWERS, "what there was room for");
    reset.sort_unstable();
    assert_eq!(reset, streams);
    let next = streams[ANSWERS - 1] + 2;
    assert!(http.send(HEADERS, WHOLE, next, &request("GET", "/livez", &[])).await);
    let alive = http.until(|frame| frame.stream == next).await.unwrap();
    assert_eq!(status(&alive.payload), "200");
}

/// A connection without requests is closed, pings or not.
#[tokio::test]
async fn silence_ends_a_connection_whatever_else_is_sent() {
    let pki = Pki::new();
    let serving = serving(&pki).await;
    let mut http = RawHttp2::connect(&serving, &pki, &[]).await;
    let begin = Instant::now();
    while http.send(PING, 0, 0, &[0; 8]).await && http.next().await.is_some() {}
    assert!(begin.elapsed() >= Duration::from_millis(800), "{:?}", begin.elapsed());
}
