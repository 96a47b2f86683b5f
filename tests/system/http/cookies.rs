//! Cookies of a run to its client (HTTP-060 to HTTP-064), and between its calls (TSK-070 to TSK-075).

use http::Method;
use jf_testkit::{HttpClient, HttpResponse};
use serde_json::{Value, json as value};

use super::{SHOP, ask, get, json, post, system};
use crate::support::in_time;

/// What a client of [`SHOP`] gets: what `include` names, deletions last.
const DELIVERED: [&str; 3] = [
    "session=s1; Domain=shop.example.com; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax",
    "cart_id=c1; Domain=shop.example.com; Path=/cart",
    "old=; Domain=shop.example.com; Path=/; Max-Age=0",
];

const START: &str = "/api/v1/journeys/shop/start";

fn with_mode(mode: &str) -> String {
    SHOP.replace("spec:\n", &format!("spec:\n  lifecycle: {{ startMode: {mode} }}\n"))
}

fn cookies(answer: &HttpResponse) -> Vec<String> {
    let lines = answer.headers.get_all("set-cookie").iter();
    let lines = lines.map(|line| line.to_str().unwrap().to_owned());
    // The lifetime is what is left of it.
    lines.map(|line| line.replace("Max-Age=3599", "Max-Age=3600")).collect()
}

/// Waits for the end of a run without reading its result.
async fn ended(http: &HttpClient, run: &str) {
    in_time("the end of the run", async {
        while json(&get(http, run).await)["phase"] == "RUNNING" {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Also TSK-070 to TSK-075.
#[tokio::test]
async fn tsk_074_the_jar_goes_from_call_to_call() {
    let system = system(&[&with_mode("sync")]).await;
    let answer = ask(&system.http(), Method::POST, START, &[("cookie", "mine=1")], "{}").await;
    assert_eq!(answer.status, 200, "{answer}");
    let calls = system.services.take_calls();
    let sent = |name: &str| -> Value {
        let call = calls.iter().find(|call| call.rule.as_deref() == Some(name)).unwrap();
        call.headers.get("cookie").map_or(Value::Null, |cookie| value!(cookie.to_str().unwrap()))
    };
    assert_eq!(sent("login"), Value::Null, "inbound cookies are never read");
    assert_eq!(
        sent("cart"),
        "cart_id=c1; session=s1; other=o1",
        "longer paths first; `host` is of another host"
    );
    assert_eq!(sent("bare"), Value::Null, "TSK-030");
    let shown = json(&answer)["output"]["headers"]["Set-Cookie"].as_str().unwrap().to_owned();
    assert_eq!(shown.lines().count(), 4, "TSK-072: {shown}");
    assert!(!shown.contains("foreign"), "{shown}");
}

/// Also HTTP-061, HTTP-062, HTTP-063.
#[tokio::test]
async fn http_060_a_synchronous_start_that_ends_carries_them() {
    let system = system(&[&with_mode("sync")]).await;
    let http = system.http();
    let key = [("idempotency-key", "the-one-visit-to-the-shop")];
    let first = ask(&http, Method::POST, START, &key, "{}").await;
    assert_eq!((first.status.as_u16(), cookies(&first)), (200, DELIVERED.map(str::to_owned).to_vec()));
    let again = ask(&http, Method::POST, START, &key, "{}").await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!((&again.body, cookies(&again)), (&first.body, Vec::new()), "a replay carries none");
    let run = format!("/api/v1/journeys/{}", json(&first)["journeyId"].as_str().unwrap());
    let result = get(&http, &format!("{run}/result")).await;
    assert_eq!((&result.body, cookies(&result)), (&first.body, Vec::new()), "they were delivered");
}

/// Also HTTP-106: neither the event stream nor any other read uses them up.
#[tokio::test]
async fn http_060_else_the_first_result_carries_them_and_nothing_else_uses_them_up() {
    let system = system(&[&with_mode("async")]).await;
    let http = system.http();
    let started = post(&http, START, "{}").await;
    assert_eq!((started.status.as_u16(), cookies(&started).len()), (202, 0));
    let run = json(&started)["statusUrl"].as_str().unwrap().to_owned();
    ended(&http, &run).await;
    let result = format!("{run}/result");
    let tag = get(&http, &run).await.header("etag").unwrap().to_owned();
    for (method, path, headers, status) in [
        (Method::GET, run.as_str(), vec![], 200),
        (Method::GET, &format!("{run}/events?after=0"), vec![], 200),
        (Method::HEAD, &result, vec![], 200),
        (Method::GET, &result, vec![("if-none-match", tag.as_str())], 304),
        (Method::POST, &format!("{run}/steps/cancel"), vec![], 200),
        (Method::GET, "/api/v1/journeys", vec![], 200),
    ] {
        let answer = ask(&http, method.clone(), path, &headers, "").await;
        assert_eq!((answer.status.as_u16(), cookies(&answer).len()), (status, 0), "{method} {path}");
    }
    let first = get(&http, &result).await;
    assert_eq!((first.status.as_u16(), cookies(&first)), (200, DELIVERED.map(str::to_owned).to_vec()));
    let second = get(&http, &result).await;
    assert_eq!((&second.body, cookies(&second)), (&first.body, Vec::new()), "once");
}

#[tokio::test]
async fn http_060_failed_runs_deliver_nothing() {
    let system = system(&[&with_mode("sync")]).await;
    let http = system.http();
    let failed = post(&http, START, r#"{"fail":true}"#).await;
    assert_eq!((json(&failed)["phase"].as_str(), cookies(&failed).len()), (Some("FAILED"), 0));
    let run = format!("/api/v1/journeys/{}", json(&failed)["journeyId"].as_str().unwrap());
    assert!(cookies(&get(&http, &format!("{run}/result")).await).is_empty());
}

/// Also WS-045.
#[tokio::test(flavor = "multi_thread")]
async fn http_060_a_start_over_websocket_leaves_them_to_the_result() {
    let system = system(&[&with_mode("sync")]).await;
    let mut socket = system.websocket("shop").await;
    let started = socket.request(value!({ "type": "shop.start", "payload": {} })).await.unwrap();
    let run = format!("/api/v1/journeys/{}", started["journeyId"].as_str().unwrap());
    ended(&system.http(), &run).await;
    let outcome =
        socket.request(value!({ "type": "getOutcome", "journeyId": started["journeyId"] })).await.unwrap();
    assert_eq!(outcome["payload"]["phase"], "SUCCEEDED", "{outcome}");
    assert!(!format!("{started}{outcome}").contains("Max-Age=0"), "WS-045: no delivery");
    assert_eq!(cookies(&get(&system.http(), &format!("{run}/result")).await).len(), 3);
}

/// Also HTTP-066: a bodiless status carries them as well.
#[tokio::test]
async fn http_060_the_answer_of_an_api_carries_them() {
    let api = SHOP
        .replace("kind: Journey", "kind: Api")
        .replace(
            "    websocket: { start: { messageType: shop.start } }\n",
            "    http: { apiResponses: { rules: [{ when: { phase: SUCCEEDED }, status: 204 }] } }\n",
        )
        .replace("spec:\n", "spec:\n  input: { schema: {} }\n  output: { schema: {} }\n");
    let system = system(&[&api]).await;
    let http = system.http();
    let answer = post(&http, "/api/v1/apis/shop", "{}").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    assert_eq!(cookies(&answer), DELIVERED);
    let failed = post(&http, "/api/v1/apis/shop", r#"{"fail":true}"#).await;
    assert_eq!((failed.status.as_u16(), cookies(&failed).len()), (500, 0));
}
