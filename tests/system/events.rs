//! Server-sent events of the real server, read as a browser reads them.

use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::support::binary::Serving;
use crate::support::events::{EventSource, ServerEvent};
use crate::support::{in_time, journeys};

async fn post(client: &Client, url: String, body: Value) -> Value {
    let request = client.post(url).header("content-type", "application/json").body(body.to_string());
    let response = request.send().await.unwrap();
    let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

fn seq(event: &ServerEvent) -> u64 {
    event.id.as_deref().unwrap().rsplit('.').next().unwrap().parse().unwrap()
}

/// HTTP-100 to HTTP-104, SUB-4: what a reader has seen survives the death of the server, and so does what it has not.
#[tokio::test]
async fn http_101_a_reader_goes_on_where_it_was_after_the_server_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("store: sqlite:{}\n", folder.path().join("runs.db").display());
    let client = client();
    let serving = Serving::start(&journeys(), Some(&config)).await;
    let order = json!({ "orderId": "A-17", "amount": 1 });
    let started = post(&client, serving.url("/api/v1/journeys/review/start"), order).await;
    let run = format!("/api/v1/journeys/{}", started["journeyId"].as_str().unwrap());
    let revise = |serving: &Serving| {
        post(&client, serving.url(&format!("{run}/steps/draft")), json!({ "decision": "revise" }))
    };

    let events = format!("{run}/events?conflate=false");
    let mut source = EventSource::open(&client, &serving.url(&events), None).await.unwrap();
    let snapshot = source.next().await.unwrap();
    assert_eq!((snapshot.kind.as_str(), &snapshot.data["currentState"]), ("status", &json!("draft")));
    assert!((1000..=3000).contains(&source.retry.unwrap()), "HTTP-105");
    let mut last = seq(&snapshot);
    let seen = revise(&serving).await;
    while source.last_id.as_deref().unwrap() != head(&client, &serving.url(&run)).await {
        let event = source.next().await.unwrap();
        assert_eq!(seq(&event), last + 1, "without a hole");
        last += 1;
    }
    assert_eq!(seen["currentState"], "draft");
    // More happens than the reader gets to see.
    revise(&serving).await;
    revise(&serving).await;
    let cursor = source.last_id.clone().unwrap();
    serving.kill().await;
    while source.next().await.is_some() {}

    let serving = Serving::start(&journeys(), Some(&config)).await;
    revise(&serving).await;
    let mut source = EventSource::open(&client, &serving.url(&events), Some(&cursor)).await.unwrap();
    let head_now = head(&client, &serving.url(&run)).await;
    loop {
        let event = source.next().await.unwrap();
        assert_eq!(
            (event.kind.as_str(), seq(&event)),
            ("status", last + 1),
            "nothing twice, nothing left out"
        );
        last += 1;
        if event.id.as_deref() == Some(&head_now) {
            break;
        }
    }
    post(&client, serving.url(&format!("{run}/steps/draft")), json!({ "decision": "refuse" })).await;
    let outcome = loop {
        let event = source.next().await.expect("the outcome comes before the end");
        assert_eq!(seq(&event), last + 1);
        last += 1;
        if event.kind == "outcome" {
            break event;
        }
    };
    let result = client.get(serving.url(&format!("{run}/result"))).send().await.unwrap();
    assert_eq!(
        outcome.data,
        serde_json::from_str::<Value>(&result.text().await.unwrap()).unwrap(),
        "HTTP-102"
    );
    assert_eq!(source.next().await, None, "HTTP-104");
    let over = EventSource::open(&client, &serving.url(&events), source.last_id.as_deref()).await;
    assert_eq!(over.err(), Some(204), "HTTP-104: a browser stops coming back");
    // A cursor of another log is not continued, but told.
    let mut other = EventSource::open(&client, &serving.url(&events), Some("other.3")).await.unwrap();
    assert_eq!(other.next().await.unwrap().kind, "gap");
    assert_eq!(other.next().await.unwrap().kind, "outcome");
}

/// The head of a run, as its entity tag says it.
async fn head(client: &Client, url: &str) -> String {
    let response = client.get(url).send().await.unwrap();
    response.headers()["etag"].to_str().unwrap().trim_matches('"').to_owned()
}

/// HTTP-105: a stream on which nothing happens is no connection without a request.
#[tokio::test]
async fn http_105_a_quiet_stream_outlives_the_silence_that_ends_connections() {
    let config = "store: memory\nhttp: { keepAliveMs: 300, heartbeatMs: 60000 }\n";
    let serving = Serving::start(&journeys(), Some(config)).await;
    let client = client();
    let started = post(&client, serving.url("/api/v1/journeys/casefile/start"), json!({})).await;
    let run = format!("/api/v1/journeys/{}", started["journeyId"].as_str().unwrap());
    let mut source = EventSource::open(&client, &serving.url(&format!("{run}/events")), None).await.unwrap();
    let first = source.next().await.unwrap();
    // Twice the time of a connection that says nothing at all.
    for _ in 0..2 {
        let mut silent = TcpStream::connect(serving.address()).await.unwrap();
        assert_eq!(in_time("the end of silence", silent.read(&mut [0])).await.unwrap(), 0);
    }
    post(&client, serving.url(&format!("{run}/steps/entry")), json!({ "seal": false })).await;
    assert!(seq(&source.next().await.expect("the stream goes on")) > seq(&first));
}

/// ENG-114, HTTP-104: the right to read is asked for before every event. Who loses it learns nothing, not even why.
#[tokio::test]
async fn eng_114_a_stream_ends_with_the_right_to_read() {
    let serving = Serving::start(&journeys(), Some("store: memory\n")).await;
    let client = client();
    let started = post(&client, serving.url("/api/v1/journeys/casefile/start"), json!({})).await;
    let run = format!("/api/v1/journeys/{}", started["journeyId"].as_str().unwrap());
    let entry = serving.url(&format!("{run}/steps/entry"));
    let url = serving.url(&format!("{run}/events"));
    let mut source = EventSource::open(&client, &url, None).await.unwrap();
    let first = source.next().await.unwrap();
    post(&client, entry.clone(), json!({ "seal": false })).await;
    let second = source.next().await.unwrap();
    assert!(seq(&second) > seq(&first));
    post(&client, entry.clone(), json!({ "seal": true })).await;
    // Elided or shown, what came before the seal may be told; nothing that came with it.
    while let Some(event) = source.next().await {
        assert_eq!(event.data["context"]["sealed"], Value::Null, "{event:?}");
        assert!(seq(&event) < seq(&second) + 4, "{event:?}");
    }
    for cursor in [None, source.last_id.as_deref()] {
        let denied = EventSource::open(&client, &url, cursor).await;
        assert_eq!(denied.err(), Some(404), "like a run that is not there");
    }
    post(&client, entry, json!({ "seal": false })).await;
    let mut again = EventSource::open(&client, &url, source.last_id.as_deref()).await.unwrap();
    assert_eq!(again.next().await.unwrap().kind, "status", "judged by the state of now");
}
