//! What the log of the real server tells at its most talkative, what metrics tell, and what refusals tell: nothing of what callers send.

use http::{HeaderMap, HeaderValue, Method};
use jf_testkit::{Handshake, HttpClient, WebSocketClient};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::binary::Serving;
use crate::support::downstream::Downstream;

/// In every value that is given away.
const SECRET: &str = "s3cr3t";

/// Whether a text has it, as it is or as the carrier of SP-6 has it.
fn is_told(text: &str) -> bool {
    text.contains(SECRET) || text.contains("czNjcjN0")
}

const JOURNEY: &str = "
apiVersion: v1
kind: Journey
metadata: { name: bank, version: 1.0.0 }
spec:
  lifecycle: { startMode: sync }
  input: { schema: { type: object, required: [account], properties: { account: { type: string, maxLength: 40 } } } }
  bindings:
    http: { start: { headersPassthrough: [{ from: x-token, to: x-token }], queryToContext: { pin: pin } } }
    websocket: { start: { messageType: bank.start }, steps: { confirm: { messageType: bank.confirm } } }
  start: look
  states:
    look:
      type: task
      task:
        kind: httpCall:v1
        method: POST
        url: 'http://bank.example/accounts/${context.account}'
        headers: { authorization: 'Bearer ${context.account}' }
        body: { mapper: { lang: jq, expr: '{ account: .context.account }' } }
        resultVar: found
      next: confirm
    confirm:
      type: wait
      wait: { input: { schema: { type: object, required: [code], properties: { code: { maxLength: 10 } } } } }
      next: break
    break:
      type: transform
      transform: { lang: jq, expr: '.payload.code | error', target: { kind: var }, resultVar: never }
      next: done
    done: { type: succeed }
";

/// TSK-010, SP-7, ENG-142: requests that succeed, are refused, fail in the middle or break the framing, with every log line there is.
#[tokio::test]
async fn tsk_010_no_log_line_and_no_refusal_repeats_what_callers_send() {
    let downstream = Downstream::holding(r#"{"balance":"s3cr3t"}"#).await;
    downstream.release();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bank.journey.yaml"), JOURNEY).unwrap();
    let config = format!(
        "connectors.http.rewrite: [{{ from: 'http://bank.example', to: '{}' }}]\nwebsocket.subprotocolToken: true\nobservability.metrics.listen: 127.0.0.1:0\n",
        downstream.origin()
    );
    let serving = Serving::start_with(folder.path(), Some(&config), &["--log", "trace"]).await;

    let http = serving.http();
    let headers = || {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer s3cr3t"),
            ("cookie", "session=s3cr3t"),
            ("idempotency-key", "s3cr3t-0123456789"),
            ("x-token", "s3cr3t"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    };
    let start = "/api/v1/journeys/bank/start?pin=s3cr3t";
    let send = async |path: &str, body: &'static str| {
        http.send_bytes(Method::POST, path, headers(), body.into()).await.unwrap()
    };
    let started = send(start, r#"{"account":"s3cr3t"}"#).await;
    assert_eq!(started.status, 200, "{started}");
    let run = started.json().unwrap()["journeyId"].as_str().unwrap().to_owned();
    let step = format!("/api/v1/journeys/{run}/steps/confirm");
    for (path, body, status) in [
        (start, r#"{"account":"other s3cr3t"}"#, 422),
        ("/api/v1/journeys/bank/start?s3cr3t", r#"{"account":"s3cr3t}"#, 400),
        ("/api/v1/journeys/s3cr3t/start", "{}", 404),
        (&step, r#"{"code":"s3cr3t s3cr3t s3cr3t"}"#, 400),
        (&step, r#"{"s3cr3t":1}"#, 400),
    ] {
        let refused = send(path, body).await;
        assert_eq!(refused.status, status, "{refused}");
        assert!(!refused.to_string().contains(SECRET), "{refused}");
    }
    let failed = send(&step, r#"{"code":"s3cr3t"}"#).await;
    assert_eq!(failed.json().unwrap()["phase"], "FAILED", "{failed}");
    let outcome = http.send(Method::GET, &format!("/api/v1/journeys/{run}/result"), None).await.unwrap();
    assert!(outcome.status == 200 && !outcome.to_string().contains(SECRET), "{outcome}");

    let handshake = Handshake::default()
        .with_protocol("journeyforge.v1")
        .with_protocol("base64url.bearer.journeyforge.czNjcjN0")
        .with_header("cookie", "session=s3cr3t");
    let upgraded =
        WebSocketClient::connect(serving.address(), "/ws/journeys/bank?t=s3cr3t", &handshake).await;
    let mut socket = upgraded.unwrap();
    let frame =
        json!({ "type": "bank.start", "key": "s3cr3t-0123456789", "payload": { "account": "s3cr3t" } });
    assert_eq!(socket.request(frame).await.unwrap()["type"], "error", "the key was used over HTTP");
    let frame = json!({ "type": "bank.start", "payload": { "account": "s3cr3t" } });
    assert_eq!(socket.request(frame).await.unwrap()["type"], "status");
    let shown = json!({ "type": "auth", "scheme": "bearer", "token": SECRET });
    assert_eq!(socket.request(shown).await.unwrap()["type"], "authenticated");
    for text in [
        r#"{"type":"s3cr3t"}"#,
        r#"{"type":"bank.start","payload":{"account":{"s3cr3t":"s3cr3t"#,
        "s3cr3t",
        r#"{"type":"auth","scheme":"bearer","token":"s3cr3t"}"#, // too soon
        r#"{"type":"auth","scheme":"bearer","token":"s3cr3t s3cr3t"}"#,
        r#"{"type":"auth","scheme":"s3cr3t","token":"s3cr3t"}"#,
    ] {
        socket.send_message(Message::text(text)).await.unwrap();
        let refused = socket.frame_where(|frame| frame["type"] == "error").await.unwrap();
        assert!(!refused.to_string().contains(SECRET), "{refused}");
    }
    socket.send_message(Message::binary(SECRET)).await.unwrap();
    assert_eq!(socket.closed().await.unwrap().code, Some(1003));

    let handshake = Handshake::default().with_protocol("journeyforge.v1");
    let mut socket =
        WebSocketClient::connect(serving.address(), "/ws/journeys/bank", &handshake).await.unwrap();
    let hello = json!({ "type": "hello", "auth": { "scheme": "bearer", "token": SECRET } });
    assert_eq!(socket.request(hello).await.unwrap()["type"], "welcome");

    let metrics = HttpClient::new(serving.metrics().await);
    let metrics = metrics.send(Method::GET, "/metrics", None).await.unwrap();
    assert_eq!(metrics.status, 200);
    let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
    assert!(metrics.contains("journey_runs_started_total"), "they tell what goes on: {metrics}");
    assert!(!is_told(&metrics), "{metrics}");

    serving.terminate().await;
    let (status, _, log) = serving.ended().await;
    assert!(status.success());
    assert!(log.contains("DEBUG") && log.contains(&run), "the log tells what goes on: {log}");
    let told: Vec<_> = log.lines().filter(|line| is_told(line)).collect();
    assert_eq!(told, Vec::<&str>::new());
}
