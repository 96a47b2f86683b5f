//! What a running server tells operators: metrics on a port of their own, traces across services, and nothing of what runs carry.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use http::{HeaderMap, HeaderValue, Method};
use jf_testkit::{Handshake, HttpClient, WebSocketClient};
use prometheus_parse::{Scrape, Value as Number};
use serde_json::json;

use crate::support::binary::Serving;
use crate::support::downstream::Downstream;
use crate::support::urn;

/// Every value that belongs to somebody holds this.
const CANARY: &str = "canary";

/// Calls a service with values of every origin, waits, and fails in a way of the caller's choice.
const JOURNEY: &str = "
apiVersion: v1
kind: Journey
metadata: { name: mine, version: 1.0.0 }
spec:
  metadata: { bindings: { tags: { fromHeaders: [{ header: x-tag }] } } }
  lifecycle: { startMode: sync }
  platform: { config: { key: { type: string } } }
  bindings:
    http: { start: { headersToContext: { x-user: user }, queryToContext: { q: q } }, steps: { ask: {} } }
    websocket: { start: { messageType: mine.start }, steps: { ask: { messageType: mine.ask } } }
  output: { schema: { type: integer } }
  start: call
  states:
    call:
      type: task
      task:
        kind: httpCall:v1
        method: POST
        url: 'http://service.example/${context.user}'
        headers: { x-api-key: '${platform.config.key}' }
        body: { mapper: { lang: jq, expr: '.context' } }
        resultVar: answer
      next: tell
    tell:
      type: task
      task: { kind: httpCall:v1, mode: notify, method: POST, url: 'http://nobody.example/${context.user}', body: '${platform.config.key}' }
      next: ask
    ask:
      type: wait
      wait: { input: { schema: { type: object, required: [then] } } }
      next: choose
    choose:
      type: choice
      choices:
        - when: { predicate: { lang: jq, expr: '.payload.then == \"error\"' } }
          next: expression
        - when: { predicate: { lang: jq, expr: '.payload.then == \"placeholder\"' } }
          next: placeholder
        - when: { predicate: { lang: jq, expr: '.payload.then == \"path\"' } }
          next: path
      default: done
    expression:
      type: transform
      transform: { lang: jq, expr: '.context.user | error', target: { kind: var }, resultVar: never }
      next: done
    placeholder:
      type: task
      task: { kind: httpCall:v1, method: GET, url: 'http://service.example/${context.payload.missing}', resultVar: never }
      next: done
    path:
      type: transform
      transform: { lang: jq, expr: '{ a: .context.user }', target: { kind: context, path: user.x.y } }
      next: done
    done: { type: succeed, outputVar: user }
";

const API: &str = "
apiVersion: v1
kind: Api
metadata: { name: ours, version: 1.0.0 }
spec:
  input: { schema: { type: object, properties: { user: { type: string, maxLength: 30 } } } }
  start: work
  states:
    work:
      type: transform
      transform: { lang: jq, expr: '.context.user | error', target: { kind: var }, resultVar: never }
      next: done
    done: { type: succeed }
";

async fn scrape(address: SocketAddr) -> (String, Scrape) {
    let answer = HttpClient::new(address).send(Method::GET, "/metrics", None).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let lines = text.lines().map(|line| Ok(line.to_owned()));
    let scrape = Scrape::parse(lines).unwrap();
    (text, scrape)
}

/// The sum of the samples of a name, with the labels given.
fn sum(scrape: &Scrape, name: &str, labels: &[(&str, &str)]) -> f64 {
    let fits = |sample: &&prometheus_parse::Sample| {
        sample.metric == name && labels.iter().all(|(label, value)| sample.labels.get(label) == Some(value))
    };
    let number = |sample: &prometheus_parse::Sample| match &sample.value {
        Number::Counter(number) | Number::Gauge(number) | Number::Untyped(number) => *number,
        other => panic!("{name}: {other:?}"),
    };
    scrape.samples.iter().filter(fits).map(number).sum()
}

/// ENG-135: another program can read the metrics, at their own address and nowhere else.
#[tokio::test]
async fn eng_135_metrics_are_prometheus_text_on_a_port_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ours.journey.yaml"), API).unwrap();
    let config = "observability.metrics.listen: 127.0.0.1:0\nstore: memory\n";
    let serving = Serving::start(folder.path(), Some(config)).await;
    let metrics = serving.metrics().await;
    let http = serving.http();
    for _ in 0..3 {
        let failed = http.send(Method::POST, "/api/v1/apis/ours", Some(&json!({}))).await.unwrap();
        assert_eq!(failed.status, 500);
    }
    let (text, read) = scrape(metrics).await;
    let ours = [("kind", "Api"), ("name", "ours"), ("version", "1.0.0")];
    assert_eq!(sum(&read, "journey_runs_started_total", &ours), 3.0, "{text}");
    let failed = [("phase", "FAILED"), ("termination", "RuntimeError")];
    assert_eq!(sum(&read, "journey_runs_completed_total", &[&ours[..], &failed].concat()), 3.0, "{text}");
    assert_eq!(sum(&read, "journeyforge_admission_limit", &[]), 16_384.0);
    assert_eq!(sum(&read, "journeyforge_build_info", &[]), 1.0);
    let durations = read.samples.iter().find(|sample| sample.metric == "journey_run_duration_seconds");
    let Some(Number::Histogram(buckets)) = durations.map(|sample| &sample.value) else { panic!("{text}") };
    assert_eq!(buckets.last().map(|bucket| bucket.count), Some(3.0), "{text}");
    let types: BTreeMap<&str, &str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    assert_eq!(types["journey_runs_started_total"], "counter");
    assert_eq!(types["journey_run_duration_seconds"], "histogram");
    assert_eq!(types["journeyforge_active_runs"], "gauge");

    assert_eq!(http.send(Method::GET, "/metrics", None).await.unwrap().status, 404, "not where journeys are");
    let elsewhere = HttpClient::new(metrics).send(Method::GET, "/api/v1/journeys", None).await.unwrap();
    assert_eq!(elsewhere.status, 404);
    serving.terminate().await;
    assert!(serving.ended().await.0.success());
}

/// ENG-131, ENG-142, TSK-010, STA-028: requests and messages of all kinds, with a value of somebody in every place that can hold one.
#[tokio::test]
async fn tsk_010_nothing_that_runs_carry_is_told_to_operators() {
    let downstream = Downstream::holding(r#"{"secret":"canary-in-a-body","type":"canary:type"}"#).await;
    downstream.release();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.journey.yaml"), JOURNEY).unwrap();
    std::fs::write(folder.path().join("ours.journey.yaml"), API).unwrap();
    let config = format!(
        "store: 'sqlite:{}'\nplatform.config.mine.key: canary-in-the-configuration\nobservability.metrics.listen: 127.0.0.1:0\n\
         observability.plugins.default: trace\nconnectors.http.rewrite: [{{ from: 'http://service.example', to: '{}' }}, {{ from: 'http://nobody.example', to: 'http://127.0.0.1:1' }}]\n",
        folder.path().join("runs.db").display(),
        downstream.origin()
    );
    let serving = Serving::start_with(folder.path(), Some(&config), &["--log", "trace"]).await;
    let (http, metrics) = (serving.http(), serving.metrics().await);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-user", "canary-in-a-header"),
        ("x-tag", "canary-tag"),
        ("authorization", "Bearer canary-token"),
        ("cookie", "session=canary-cookie"),
        ("baggage", "user=canary-baggage"),
        ("tracestate", "vendor=canary-state"),
        ("traceparent", "00-11111111111111111111111111111111-1111111111111111-01"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let send = async |path: &str, body: String| {
        http.send_bytes(Method::POST, path, headers.clone(), body.into()).await.unwrap()
    };
    let mut runs = Vec::new();
    for then in ["error", "placeholder", "path", "well"] {
        let started =
            send("/api/v1/journeys/mine/start?q=canary-q", r#"{"own":"canary-own"}"#.to_owned()).await;
        assert_eq!(started.status, 200, "{started}");
        let run = started.json().unwrap()["journeyId"].as_str().unwrap().to_owned();
        let step = format!("/api/v1/journeys/{run}/steps/ask");
        let refused = send(&step, r#"{"canary":1}"#.to_owned()).await;
        assert!(refused.status == 400 && !refused.to_string().contains(CANARY), "{refused}");
        let ended = send(&step, json!({ "then": then, "more": "canary-payload" }).to_string()).await;
        let phase = if then == "well" { "SUCCEEDED" } else { "FAILED" };
        assert_eq!(ended.json().unwrap()["phase"], phase, "{ended}");
        if then != "well" {
            let path = format!("/api/v1/journeys/{run}/result");
            let outcome = http.send(Method::GET, &path, None).await.unwrap().json().unwrap();
            assert!(!outcome["error"].to_string().contains(CANARY), "{outcome}");
        }
        runs.push(run);
    }
    for (body, status) in [
        (r#"{"user":"canary"}"#, 500),
        (r#"{"user":"canary canary canary canary canary"}"#, 400),
        ("canary", 400),
    ] {
        let answer = send("/api/v1/apis/ours?canary=canary", body.to_owned()).await;
        assert!(answer.status == status && !answer.to_string().contains(CANARY), "{answer}");
    }
    let handshake = Handshake::default()
        .with_protocol("journeyforge.v1")
        .with_header("cookie", "session=canary-cookie")
        .with_header("x-user", "canary-in-a-handshake");
    let upgraded =
        WebSocketClient::connect(serving.address(), "/ws/journeys/mine?t=canary", &handshake).await;
    let mut socket = upgraded.unwrap();
    let frame = json!({
        "type": "mine.start", "key": "canary-0123456789", "payload": { "user": "canary-in-a-frame" },
        "trace": { "traceparent": "00-22222222222222222222222222222222-2222222222222222-01", "tracestate": "v=canary" },
    });
    let status = socket.request(frame).await.unwrap();
    assert_eq!(status["type"], "status", "{status}");
    let frame = json!({ "type": "mine.ask", "journeyId": status["journeyId"], "payload": { "then": "error", "c": "canary" } });
    let failed = socket.request(frame).await.unwrap();
    assert!(failed["type"] == "status" && !failed.to_string().contains(CANARY), "{failed}");
    let frame = json!({ "type": "mine.ask", "journeyId": status["journeyId"], "payload": "canary" });
    let refused = socket.request(frame).await.unwrap();
    assert!(refused["type"] == "error" && !refused.to_string().contains(CANARY), "{refused}");
    assert_eq!(refused["problem"]["type"], urn("step-not-active"), "{refused}");

    socket.close().await.unwrap();

    let (text, read) = scrape(metrics).await;
    assert_eq!(sum(&read, "journey_runs_completed_total", &[("name", "mine")]), 5.0, "{text}");
    assert!(!text.contains(CANARY), "{text}");
    serving.terminate().await;
    let (status, _, log) = serving.ended().await;
    assert!(status.success());
    for told in
        [&*runs[0], "StateEntered", "TaskCompleted", "the call was answered", "segment", "ExpressionFailed"]
    {
        assert!(log.contains(told), "the log tells what goes on: {told}");
    }
    let told: Vec<_> = log.lines().filter(|line| line.contains(CANARY)).collect();
    assert_eq!(told, Vec::<&str>::new());
}

/// ENG-101: others can know the request of a task that was killed, since it names the same execution again; and it is in the same trace.
#[tokio::test(flavor = "multi_thread")]
async fn eng_101_an_interrupted_call_is_repeated_under_its_name() {
    let mut downstream = Downstream::holding("{}").await;
    let folder = tempfile::tempdir().unwrap();
    let charge = "
apiVersion: v1
kind: Journey
metadata: { name: charge, version: 1.0.0 }
spec:
  lifecycle: { startMode: async }
  start: first
  states:
    first: { type: task, task: { kind: httpCall:v1, method: POST, url: 'http://bank.example/', resultVar: paid }, next: second }
    second: { type: task, task: { kind: httpCall:v1, method: PUT, url: 'http://bank.example/', resultVar: paid }, next: done }
    done: { type: succeed }
";
    std::fs::write(folder.path().join("charge.journey.yaml"), charge).unwrap();
    let config = format!(
        "store: 'sqlite:{}'\nconnectors.http:\n  idempotencyHeader: Idempotency-Key\n  rewrite: [{{ from: 'http://bank.example', to: '{}' }}]\n",
        folder.path().join("runs.db").display(),
        downstream.origin()
    );
    let serving = Serving::start(folder.path(), Some(&config)).await;
    let started = serving.http().send(Method::POST, "/api/v1/journeys/charge/start", None).await.unwrap();
    let id = started.json().unwrap()["journeyId"].as_str().unwrap().to_owned();
    let lost = downstream.arrival().await;
    serving.kill().await;

    let serving = Serving::start(folder.path(), Some(&config)).await;
    let again = downstream.arrival().await;
    downstream.release();
    let next = downstream.arrival().await;
    let key = |head: &HeaderMap| head["idempotency-key"].to_str().unwrap().to_owned();
    assert_eq!(key(&again), key(&lost));
    assert_ne!(key(&next), key(&lost), "another state is another execution");
    assert!(key(&lost).starts_with(&id) && (16..=255).contains(&key(&lost).len()));
    let trace = |head: &HeaderMap| head["traceparent"].to_str().unwrap()[3..35].to_owned();
    assert_eq!((trace(&again), trace(&next)), (trace(&lost), trace(&lost)));
    assert_ne!(again["traceparent"], next["traceparent"], "each task is a span of its own");
    serving.terminate().await;
    assert!(serving.ended().await.0.success());
}
