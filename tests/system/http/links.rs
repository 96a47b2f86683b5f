//! Links over HTTP (HTTP-050 to HTTP-054).

use http::Method;
use serde_json::Value;

use super::{QUIET, VISIT, ask, get, json, post, started, system};

/// A state whose id no URL can hold, under two names at once.
pub(super) const TWICE: &str = r#"
apiVersion: v1
kind: Journey
metadata: { name: twice, version: 1.0.0 }
spec:
  start: both
  states:
    both:
      type: parallel
      parallel:
        branches:
          - { name: links, start: größe, states: { größe: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } }
          - { name: rechts, start: größe, states: { größe: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } }
        join: { strategy: allOf }
      next: größe
    größe: { type: wait, wait: { input: { schema: {} } }, next: done }
    done: { type: succeed }
"#;

fn links(document: &Value) -> Vec<(String, String, String)> {
    let links = document["_links"].as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    links.map(|(name, link)| (name.clone(), text(&link["method"]), text(&link["href"]))).collect()
}

/// Also HTTP-004, HTTP-050, ENG-040: what a link says is what works.
#[tokio::test]
async fn http_051_links_lead_where_they_say_whatever_the_id() {
    let system = system(&[TWICE]).await;
    let http = system.http();
    let run = started(&http, "twice", "{}").await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let all = links(&json(&get(&http, &run).await));
        let step =
            |(name, ..): &&(String, String, String)| !["self", "result", "cancel"].contains(&name.as_str());
        let (name, method, href) = all.iter().find(step).unwrap().clone();
        assert_eq!((method.as_str(), href.is_ascii()), ("POST", true));
        assert_eq!(post(&http, &href, "1").await.status, 200, "{href}");
        seen.push((name, href.rsplit('/').next().unwrap().to_owned()));
    }
    let expected = [
        ("both~links~größe", "both~links~gr%C3%B6%C3%9Fe"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("größe", "gr%C3%B6%C3%9Fe"),
    ];
    assert_eq!(seen, expected.map(|(name, segment)| (name.to_owned(), segment.to_owned())));
    let ended = json(&get(&http, &run).await);
    let names: Vec<String> = links(&ended).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["self", "result"], "HTTP-052");
}

/// Also HTTP-020: `Location` and `statusUrl` are one.
#[tokio::test]
async fn http_054_headers_of_requests_never_get_into_links() {
    let system = system(&[VISIT, QUIET]).await;
    let http = system.http();
    let lies = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "gopher"),
        ("forwarded", "host=evil.example;proto=gopher"),
        ("x-forwarded-prefix", "/evil"),
        ("host", "evil.example"),
    ];
    let started = ask(&http, Method::POST, "/api/v1/journeys/quiet/start", &lies, "{}").await;
    let location = started.header("location").unwrap().to_owned();
    assert_eq!(json(&started)["statusUrl"], location.as_str());
    assert!(location.starts_with("/api/v1/journeys/"), "{location}");
    let visit = ask(&http, Method::POST, "/api/v1/journeys/visit/start", &lies, "{}").await;
    let run = links(&json(&visit))[0].2.clone();
    for path in [run.as_str(), "/api/v1/journeys"] {
        let answer = ask(&http, Method::GET, path, &lies, "").await;
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(answer.status.is_success() && !text.contains("evil") && !text.contains("gopher"), "{text}");
        assert!(text.contains(&format!("\"href\":\"{run}\"")), "{text}");
    }
}

/// In every envelope, and in items of listings.
#[tokio::test]
async fn http_053_a_journey_without_links_has_none_anywhere() {
    let system = system(&[QUIET]).await;
    let http = system.http();
    let answer = post(&http, "/api/v1/journeys/quiet/start", "{}").await;
    let run = json(&answer)["statusUrl"].as_str().unwrap().to_owned();
    let mut seen = vec![answer, get(&http, &run).await, get(&http, "/api/v1/journeys").await];
    seen.push(post(&http, &format!("{run}/steps/ask"), "1").await);
    seen.push(get(&http, &format!("{run}/result")).await);
    seen.push(get(&http, &format!("{run}/events?after=0&conflate=false")).await);
    for answer in seen {
        assert!(answer.status.is_success(), "{answer}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("_links"), "{answer}");
    }
}
