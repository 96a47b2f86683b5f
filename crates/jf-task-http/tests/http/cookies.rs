//! Calls and the cookie jar of their run (TSK-070 to TSK-075).

use std::sync::Arc;

use http::header::{COOKIE, HeaderValue};
use http::{HeaderMap, StatusCode};
use jf_core::spi::{CookieChange, CookieJar, HttpReceived, JarCookie, JarLimits, TaskContext, TaskOutput};
use jf_task_http::ConnectorConfig;
use serde_json::{Value, json};

use crate::rig::Rig;

const JAR: &str = "  cookies: {jar: {domains: [{pattern: api.example.com}]}}";

fn rig(spec: &str) -> Rig {
    Rig::with(spec, &ConnectorConfig::default())
}

fn call(members: Value) -> Value {
    let mut task = json!({ "method": "GET", "url": "https://api.example.com/v1/x", "resultVar": "api" });
    for (name, value) in members.as_object().unwrap() {
        task[name] = value.clone();
    }
    task
}

/// A task context whose run has received `session=1`.
fn with_session(rig: &Rig) -> TaskContext {
    let mut jar = CookieJar::default();
    let session = JarCookie::new("session", "1", "api.example.com", "/");
    jar.apply(CookieChange::Keep(session), JarLimits::default());
    let mut context = rig.task_context(json!({}));
    context.cookies = Some(Arc::new(jar));
    context
}

async fn run(rig: &Rig, config: &Value) -> (TaskOutput, Option<String>) {
    let output = rig.prepare(config).execute(with_session(rig)).await.unwrap();
    let sent = rig.http.sent().pop();
    let cookie = sent.and_then(|sent| Some(sent.headers.get(COOKIE)?.to_str().unwrap().to_owned()));
    (output, cookie)
}

fn set(rig: &Rig, lines: &[&'static str]) {
    let headers = lines.iter().map(|line| (http::header::SET_COOKIE, HeaderValue::from_static(line)));
    rig.http.answer(Ok(HttpReceived::new(StatusCode::OK, headers.collect::<HeaderMap>(), "{}".into())));
}

#[tokio::test]
async fn tsk_074_a_jar_gives_requests_their_cookies() {
    assert_eq!(run(&rig(JAR), &call(json!({}))).await.1.as_deref(), Some("session=1"));
    let elsewhere = call(json!({ "url": "https://www.example.com/" }));
    assert_eq!(run(&rig(JAR), &elsewhere).await.1, None, "TSK-075");
    assert_eq!(run(&rig(""), &call(json!({}))).await.1, None, "DEF-157");
}

#[tokio::test]
async fn tsk_074_explicit_headers_are_never_merged() {
    let explicit = call(json!({ "headers": { "cookie": "own=2" } }));
    assert_eq!(run(&rig(JAR), &explicit).await.1.as_deref(), Some("own=2"));
    let defaults = format!("{JAR}\n  defaults: {{http: {{headers: {{Cookie: 'all=3'}}}}}}");
    assert_eq!(run(&rig(&defaults), &call(json!({}))).await.1.as_deref(), Some("all=3"));
    let mut passed = rig(JAR);
    passed.passthrough.insert(COOKIE, HeaderValue::from_static("caller=4"));
    assert_eq!(run(&passed, &call(json!({}))).await.1.as_deref(), Some("caller=4"));
}

#[tokio::test]
async fn tsk_030_a_call_may_send_none_and_its_response_fills_the_jar_all_the_same() {
    let rig = rig(JAR);
    set(&rig, &["a=1", "b=2; Domain=other.org"]);
    let (output, sent) = run(&rig, &call(json!({ "cookies": { "useJar": false } }))).await;
    assert_eq!((sent, output.cookies.len()), (None, 1));
    assert_eq!(output.writes[0].value["headers"]["Set-Cookie"], "a=1");
}

#[tokio::test]
async fn tsk_072_responses_fill_the_jar_and_the_result_shows_what_it_took() {
    let with_jar = rig(JAR);
    set(&with_jar, &["a=1; Path=/", "b=2; Domain=example.com", "c=; Max-Age=0"]);
    let (output, _) = run(&with_jar, &call(json!({}))).await;
    let [CookieChange::Keep(a), CookieChange::Delete(c)] = &output.cookies[..] else {
        panic!("{:?}", output.cookies)
    };
    assert_eq!((&*a.name, &*a.path, &*c.name, &*c.path), ("a", "/", "c", "/v1"), "TSK-071, TSK-073");
    assert_eq!(output.writes[0].value["headers"]["Set-Cookie"], "a=1; Path=/\nc=; Max-Age=0");
    set(&with_jar, &["b=2; Domain=example.com"]);
    let (output, _) = run(&with_jar, &call(json!({}))).await;
    assert_eq!((output.cookies.len(), output.writes[0].value["headers"].get("Set-Cookie")), (0, None));

    let without = rig("");
    set(&without, &["b=2; Domain=other.org"]);
    let (output, _) = run(&without, &call(json!({}))).await;
    assert!(output.cookies.is_empty());
    assert_eq!(output.writes[0].value["headers"]["Set-Cookie"], "b=2; Domain=other.org", "left alone");
}

#[tokio::test]
async fn tsk_071_notifications_send_cookies_and_take_none() {
    let rig = rig(JAR);
    set(&rig, &["a=1"]);
    let notify = json!({ "mode": "notify", "method": "POST", "url": "https://api.example.com/v1/x" });
    let output = rig.prepare(&notify).execute(with_session(&rig)).await.unwrap();
    assert!(output.cookies.is_empty());
    output.notification.expect("it is to be sent").into_future().await;
    assert_eq!(rig.http.sent().pop().unwrap().headers[COOKIE], "session=1");
}
