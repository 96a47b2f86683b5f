//! Many connections to the real server: those who watch one run, one of them without reading, and those who do nothing.

use std::pin::pin;

use http::Method;
use jf_testkit::{ClientError, Handshake, HttpClient, WebSocketClient};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use crate::support::binary::Serving;
use crate::support::{in_time, journeys};

const PATH: &str = "/ws/journeys/review";
const WATCHERS: usize = 200;
const IDLE: usize = 400;
/// Those who do not read are closed soon; the driver may hurry.
const CONFIG: &str = "websocket: { writeTimeoutMs: 400, limits: { ratePerSec: 100000, burst: 100000, maxReplayEvents: 100000 } }\n\
    observability.metrics.listen: 127.0.0.1:0\nmetadataLimits.attributes.maxValueLength: 100000\n";

fn subscribe(run: &str, after: u64) -> Value {
    json!({ "type": "subscribe", "journeyId": run, "after": after, "conflate": false })
}

/// Numbers of the events of a run, in the order in which they are told, to the outcome.
async fn numbers(client: &mut WebSocketClient) -> Result<Vec<u64>, ClientError> {
    let mut numbers = Vec::new();
    loop {
        let frame = client.frame().await?;
        if frame["type"] == "status" || frame["type"] == "outcome" {
            numbers.push(frame["seq"].as_u64().unwrap());
        }
        if frame["type"] == "unsubscribed" {
            return Ok(numbers);
        }
    }
}

/// A client whose system takes little that is not read.
async fn narrow(serving: &Serving) -> WebSocketClient {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(serving.address()).await.unwrap();
    let host = serving.address().to_string();
    WebSocketClient::connect_over(stream, &host, PATH, &Handshake::default()).await.unwrap()
}

/// FLOW-1, FLOW-6, SUB-4, SUB-9, WS-044: one of many watchers never reads. All others are told everything in order; it is closed with
/// 4508, learns that when it reads on, and misses nothing when it comes back.
#[tokio::test(flavor = "multi_thread")]
async fn flow_6_one_of_many_watchers_never_reads() {
    let serving = Serving::start_with(&journeys(), Some(CONFIG), &["--log", "jf_binding_ws=debug"]).await;
    let mut driver = serving.websocket(PATH).await;
    let order = json!({ "orderId": "A".repeat(2_000), "amount": 1 });
    let started =
        driver.request(json!({ "type": "review.start", "payload": order, "subscribe": false })).await;
    let started = started.unwrap();
    let (run, first) = (started["journeyId"].as_str().unwrap().to_owned(), started["seq"].as_u64().unwrap());

    let mut mute = narrow(&serving).await;
    mute.send(&subscribe(&run, first)).await.unwrap();
    let subscribed = mute.frame_where(|frame| frame["type"] == "subscribed").await.unwrap();
    let mut watching = JoinSet::new();
    for _ in 0..WATCHERS {
        let mut watcher = serving.websocket(PATH).await;
        watcher.send(&subscribe(&run, first)).await.unwrap();
        watcher.frame_where(|frame| frame["type"] == "subscribed").await.unwrap();
        watching.spawn(async move { numbers(&mut watcher).await });
    }
    let mut beside = serving.websocket(PATH).await;
    beside.send(&subscribe(&run, first)).await.unwrap();

    let revise = json!({ "type": "review.draft", "journeyId": run, "payload": { "decision": "revise" } });
    let mut head = first;
    in_time("the end of a connection that is not read", async {
        let mut closed = pin!(serving.told("closing a WebSocket connection code=4508"));
        while futures::poll!(closed.as_mut()).is_pending() {
            head = driver.request(revise.clone()).await.unwrap()["seq"].as_u64().unwrap();
            // Not before this step is told is the next one taken.
            beside.frame_where(|frame| frame["seq"] == head).await.unwrap();
        }
    })
    .await;

    let closed = mute.closed().await.unwrap();
    assert_eq!((closed.code, closed.reason.as_str()), (Some(4508), "slow-consumer"));
    let cancelled = driver.request(json!({ "type": "cancel", "journeyId": run })).await.unwrap();
    head = cancelled["seq"].as_u64().unwrap();
    let all: Vec<u64> = (first + 1..=head).collect();
    while let Some(told) = in_time("the watchers", watching.join_next()).await {
        assert_eq!(told.unwrap().unwrap(), all);
    }

    let mut told = Vec::new();
    while let Some(frame) = mute.kept().pop_front() {
        told.extend(frame["seq"].as_u64().filter(|_| frame["type"] == "status"));
    }
    let after = told.last().copied().unwrap_or(first);
    assert!(after < head - 1, "it was cut off: {after} of {head}");
    let mut again = serving.websocket(PATH).await;
    let cursor = json!({ "journeyId": run, "epoch": subscribed["epoch"], "after": after, "conflate": false });
    again.request(json!({ "type": "hello", "resume": [cursor] })).await.unwrap();
    told.extend(numbers(&mut again).await.unwrap());
    assert_eq!(told, all, "nothing is missed, nothing is told twice");
}

/// LIM-4, SUB-11: idle connections are few bytes each, are there when they are spoken to, and are forgotten when they go.
#[tokio::test(flavor = "multi_thread")]
async fn sub_11_idle_connections_cost_little_and_leave_nothing() {
    let serving = Serving::start(&journeys(), Some(CONFIG)).await;
    let metrics = HttpClient::new(serving.metrics().await);
    let open = async || {
        let text = metrics.send(Method::GET, "/metrics", None).await.unwrap().body;
        let text = String::from_utf8_lossy(&text).into_owned();
        let line =
            text.lines().find(|line| line.starts_with("journeyforge_connections{binding=\"websocket\"}"));
        line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
    };
    drop(serving.websocket(PATH).await);
    let before = serving.resident();
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(serving.websocket(PATH).await);
    }
    assert_eq!(open().await, IDLE);
    if let (Some(before), Some(after)) = (before, serving.resident()) {
        // Without optimisation, and with what the allocator has in reserve: jf-bench measures what it is in truth.
        let each = after.saturating_sub(before) / IDLE;
        assert!(each < 64 << 10, "{each} bytes for each");
    }
    for client in &mut idle {
        assert_eq!(client.request(json!({ "type": "ping" })).await.unwrap()["type"], "pong");
    }
    drop(idle);
    in_time("the end of all connections", async { while open().await > 0 {} }).await;
}
