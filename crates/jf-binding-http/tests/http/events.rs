//! The event stream (HTTP-100 to HTTP-106).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use futures::{FutureExt, StreamExt};
use http::{Request, StatusCode};
use jf_binding_http::{HttpConfig, Readiness};
use serde_json::Value;
use tokio::time::{Instant, advance};
use tower::ServiceExt;

use crate::fake::{RUN, Script, outcome, status};
use crate::log::Log;
use crate::support::{configured, get, send, with};

fn app(log: &Arc<Log>, config: HttpConfig) -> Router {
    configured(Script { log: Some(Arc::clone(log)), ..Script::default() }, config).0
}

fn request(query: &str) -> Request<Body> {
    get(&format!("/api/v1/journeys/{RUN}/events{query}"))
}

/// An open stream.
struct Reader(BodyDataStream);

impl Reader {
    async fn open(app: &Router, request: Request<Body>) -> Self {
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let mut reader = Self(response.into_body().into_data_stream());
        assert!(reader.next().await.unwrap().starts_with("retry: "));
        reader
    }

    /// The next piece, one event each; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        let piece = self.0.next().await?.unwrap();
        let text = String::from_utf8(piece.to_vec()).unwrap();
        assert!(text.ends_with("\n\n"), "{text:?}");
        Some(text)
    }

    /// The number and kind of the next event, which must be the document of the GET of its kind.
    async fn event(&mut self) -> (u64, String) {
        let text = self.next().await.unwrap();
        let mut lines = text.lines();
        let mut field = |name: &str| lines.next().unwrap().strip_prefix(name).unwrap().to_owned();
        let (id, kind, data) = (field("id: e1."), field("event: "), field("data: "));
        let document = match kind.as_str() {
            "status" => serde_json::to_string(&status().document),
            _ => serde_json::to_string(&outcome().document),
        };
        assert_eq!(data, document.unwrap());
        (id.parse().unwrap(), kind)
    }

    async fn gap(&mut self) -> Value {
        let text = self.next().await.unwrap();
        let data = text.strip_prefix("event: gap\ndata: ").unwrap_or_else(|| panic!("{text:?}"));
        serde_json::from_str(data).unwrap()
    }

    /// Nothing is to be told now.
    fn is_silent(&mut self) -> bool {
        self.0.next().now_or_never().is_none()
    }
}

fn status_at(seq: u64) -> (u64, String) {
    (seq, "status".to_owned())
}

fn outcome_at(seq: u64) -> (u64, String) {
    (seq, "outcome".to_owned())
}

#[tokio::test(start_paused = true)]
async fn http_100_answers_have_the_headers_of_a_stream() {
    let log = Log::of(1);
    let response = app(&log, HttpConfig::default()).oneshot(request("")).await.unwrap();
    let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap();
    assert_eq!(header("content-type"), "text/event-stream");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-accel-buffering"), "no");
    assert!(!response.headers().contains_key("etag"));
}

#[tokio::test(start_paused = true)]
async fn http_103_without_a_cursor_the_stream_begins_with_a_snapshot_and_ends_after_the_outcome() {
    let log = Log::of(3);
    let mut reader = Reader::open(&app(&log, HttpConfig::default()), request("")).await;
    assert_eq!(reader.event().await, status_at(3));
    assert!(reader.is_silent());
    log.moves(1);
    assert_eq!(reader.event().await, status_at(4));
    log.moves(2);
    log.ends();
    assert_eq!(reader.event().await, outcome_at(7));
    assert_eq!(reader.next().await, None);
    drop(reader);
    assert!(!log.is_watched(), "nothing is left of a stream that ended");
}

#[tokio::test(start_paused = true)]
async fn http_101_readers_resume_after_their_cursor_and_the_header_wins() {
    let log = Log::of(5);
    let app = app(&log, HttpConfig::default());
    for request in [
        request("?after=2&conflate=false"),
        request("?after=e1.2&conflate=false"),
        with(request("?conflate=false&after=0"), "last-event-id", "e1.2"),
    ] {
        let mut reader = Reader::open(&app, request).await;
        for seq in 3..=5 {
            assert_eq!(reader.event().await, status_at(seq));
        }
        assert!(reader.is_silent());
    }
    let mut conflated = Reader::open(&app, request("?after=0")).await;
    assert_eq!(conflated.event().await, status_at(5), "elided statuses show as a jump");
}

#[tokio::test(start_paused = true)]
async fn http_103_missing_history_is_told_before_a_snapshot() {
    let log = Log::of(9);
    log.forgets_before(6);
    let app = app(&log, HttpConfig::default());
    for (request, from, reason) in [
        (request("?after=2&conflate=false"), 3, "retention"),
        (request("?after=e0.2"), 1, "epoch"),
        (request("?after=77"), 1, "epoch"),
        (with(request(""), "last-event-id", "what?"), 1, "epoch"),
    ] {
        let mut reader = Reader::open(&app, request).await;
        let gap = reader.gap().await;
        assert_eq!((gap["from"].as_u64(), gap["to"].as_u64()), (Some(from), Some(9)), "{gap}");
        assert_eq!(gap["reason"], reason);
        assert_eq!(reader.event().await, status_at(9));
    }
}

#[tokio::test(start_paused = true)]
async fn http_101_kinds_can_be_chosen() {
    let log = Log::of(2);
    let app = app(&log, HttpConfig::default());
    let mut outcomes = Reader::open(&app, request("?events=outcome")).await;
    let mut statuses = Reader::open(&app, request("?events=status&conflate=false&after=0")).await;
    assert!(outcomes.is_silent());
    log.ends();
    assert_eq!(outcomes.event().await, outcome_at(3));
    assert_eq!(outcomes.next().await, None);
    assert_eq!((statuses.event().await, statuses.event().await), (status_at(1), status_at(2)));
    assert_eq!(statuses.next().await, None);
}

#[tokio::test]
async fn http_101_other_parameters_are_refused() {
    let log = Log::of(1);
    let app = app(&log, HttpConfig::default());
    for query in [
        "?x=1",
        "?events=",
        "?events=gap",
        "?conflate=yes",
        "?conflate=true&conflate=true",
        "?after=1&after=2",
    ] {
        send(&app, request(query)).await.assert_problem(400, "invalid-input");
    }
}

#[tokio::test]
async fn http_104_a_reader_that_has_all_is_told_to_stay_away() {
    let log = Log::of(2);
    log.ends();
    let app = app(&log, HttpConfig::default());
    for request in [
        request("?after=3"),
        request("?after=e1.3&conflate=false"),
        request("?after=2&events=status"),
        with(request(""), "last-event-id", "e1.3"),
    ] {
        let answer = send(&app, request).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    }
    for query in ["", "?after=2", "?after=1&events=status", "?after=e0.3"] {
        let response = app.clone().oneshot(request(query)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn http_104_a_run_that_goes_ends_the_stream_without_a_word() {
    let log = Log::of(2);
    let app = app(&log, HttpConfig::default());
    let mut reader = Reader::open(&app, request("")).await;
    reader.event().await;
    log.is_removed();
    assert_eq!(reader.next().await, None);
    send(&app, request("")).await.assert_problem(404, "not-found");
}

#[tokio::test(start_paused = true)]
async fn http_104_a_guard_that_breaks_withholds_and_then_denies() {
    let log = Log::of(2);
    let app = app(&log, HttpConfig::default());
    let mut reader = Reader::open(&app, request("")).await;
    reader.event().await;
    log.guard_breaks(2);
    log.moves(1);
    let begun = Instant::now();
    assert_eq!(reader.event().await, status_at(3), "the third try succeeds");
    assert!(begun.elapsed() >= Duration::from_millis(750));
    log.guard_breaks(3);
    log.moves(1);
    assert_eq!(reader.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn http_105_silence_is_broken_by_comments() {
    let log = Log::of(1);
    let mut reader = Reader::open(&app(&log, HttpConfig::default()), request("")).await;
    reader.event().await;
    let begun = Instant::now();
    assert_eq!(reader.next().await.as_deref(), Some(":\n\n"));
    assert_eq!(begun.elapsed().as_secs(), 25);
}

/// A guard may take longer than a reader is left in silence: it is waited for, and not asked anew with every comment.
#[tokio::test(start_paused = true)]
async fn http_105_a_guard_that_takes_longer_than_the_silence_is_heard() {
    let log = Log::of(1);
    let config = HttpConfig::default().with_heartbeat(Duration::from_secs(1));
    let mut reader = Reader::open(&app(&log, config), request("")).await;
    assert_eq!(reader.event().await, status_at(1));
    log.guard_takes(Duration::from_secs(4));
    log.moves(1);
    let begun = Instant::now();
    loop {
        match reader.next().await.as_deref() {
            Some(":\n\n") => assert!(begun.elapsed() < Duration::from_secs(10), "the guard is never heard"),
            Some(text) => break assert!(text.starts_with("id: e1.2\n"), "{text}"),
            None => panic!("the run goes on"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn flow_8_statuses_of_a_conflated_stream_keep_their_distance() {
    let log = Log::of(1);
    let mut reader = Reader::open(&app(&log, HttpConfig::default()), request("")).await;
    reader.event().await;
    log.moves(1);
    assert!(reader.is_silent());
    log.moves(1);
    advance(Duration::from_millis(51)).await;
    assert_eq!(reader.event().await, status_at(3));
}

#[tokio::test(start_paused = true)]
async fn http_105_a_draining_server_sends_each_reader_away_at_a_time_of_its_own() {
    let log = Log::of(1);
    let readiness = Readiness::starting();
    readiness.set_ready();
    let config = HttpConfig::default().with_drain(readiness.clone(), Duration::from_secs(20));
    let app = app(&log, config);
    let mut delays = std::collections::BTreeSet::new();
    let mut readers = Vec::new();
    for _ in 0..8 {
        let mut reader = Reader::open(&app, request("")).await;
        reader.event().await;
        readers.push(reader);
    }
    readiness.set_draining();
    for mut reader in readers {
        let last = reader.next().await.unwrap();
        let delay: u64 = last.trim().strip_prefix("retry: ").unwrap().parse().unwrap();
        assert!(delay <= 20_000);
        delays.insert(delay);
        assert_eq!(reader.next().await, None);
    }
    assert!(delays.len() > 1, "{delays:?}");
    let late = send(&app, request("")).await;
    assert_eq!(late.status, StatusCode::OK);
    let text = String::from_utf8(late.body.to_vec()).unwrap();
    assert!(text.starts_with("retry: ") && text.ends_with("\n\n") && text.lines().count() == 2, "{text:?}");
}

#[tokio::test]
async fn http_105_a_caller_has_so_many_streams() {
    let log = Log::of(1);
    let app = app(&log, HttpConfig::default().with_streams_per_caller(1));
    let first = Reader::open(&app, request("")).await;
    let refused = send(&app, request("")).await;
    refused.assert_problem(429, "subscription-limit");
    assert!(refused.header("retry-after").is_some());
    drop(first);
    Reader::open(&app, request("")).await;
}

#[tokio::test]
async fn http_003_head_works_where_get_does() {
    let log = Log::of(1);
    let app = app(&log, HttpConfig::default());
    let mut request = request("");
    *request.method_mut() = http::Method::HEAD;
    let answer = send(&app, request).await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0));
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
}
