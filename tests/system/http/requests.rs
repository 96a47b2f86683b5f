//! What of a request reaches the run, and what does not (HTTP-030 to HTTP-036).

use http::Method;
use serde_json::json as value;

use super::{VISIT, ask, get, json, system};

const START: &str = "/api/v1/journeys/visit/start";

/// Also HTTP-031 to HTTP-033: body, then query, then headers.
#[tokio::test]
async fn http_030_headers_win_over_the_query_and_the_query_over_the_body() {
    let system = system(&[VISIT]).await;
    let http = system.http();
    let body = r#"{"seen":{"who":"body","kept":1}}"#;
    for (query, headers, who) in [
        ("", vec![], value!("body")),
        ("?who=query&who=second&Who=other", vec![], value!("query")),
        ("?who=query", vec![("x-who", "header")], value!("header")),
        ("?who=query", vec![("x-who", "")], value!("")),
        ("", vec![("x-who", "a"), ("x-who", "b")], value!("a, b")),
        ("?who", vec![], value!("")),
        ("?who=%C3%BC+%26", vec![], value!("ü &")),
    ] {
        let answer = ask(&http, Method::POST, &format!("{START}{query}"), &headers, body).await;
        assert_eq!(answer.status, 200, "{answer}");
        let run = format!("/api/v1/journeys/{}", json(&answer)["journeyId"].as_str().unwrap());
        ask(&http, Method::POST, &format!("{run}/steps/cancel"), &[], "").await;
        let outcome = json(&get(&http, &format!("{run}/result")).await);
        assert_eq!((&outcome["who"], &outcome["kept"]), (&who, &value!(1)), "{query} {headers:?}");
    }
    let conflict = ask(&http, Method::POST, &format!("{START}?note=x"), &[], r#"{"seen":"a text"}"#).await;
    assert_eq!(conflict.status, 400, "HTTP-033");
    assert_eq!(json(&conflict)["type"], "urn:journeyforge:error:projection-conflict");
}

/// Also HTTP-034: a refused submission projects nothing either.
#[tokio::test]
async fn http_036_reads_and_cancellations_project_nothing() {
    let system = system(&[VISIT]).await;
    let http = system.http();
    let answer = ask(&http, Method::POST, &format!("{START}?who=ann"), &[], "{}").await;
    let run = format!("/api/v1/journeys/{}", json(&answer)["journeyId"].as_str().unwrap());
    let eve = [("x-who", "eve")];
    for (method, path, status) in [
        (Method::GET, "?who=eve", 200),
        (Method::HEAD, "", 200),
        (Method::GET, "/result?who=eve", 409),
        (Method::POST, "/steps/again?who=eve", 409),
        (Method::POST, "/steps/ask?who=eve", 400),
        (Method::POST, "/steps/cancel?who=eve", 200),
        (Method::POST, "/steps/cancel?who=eve", 200),
        (Method::GET, "/result?who=eve", 200),
    ] {
        // The step that waits gets no JSON.
        let body = if path.starts_with("/steps/ask") { "{" } else { "1" };
        let body = if method == Method::POST { body } else { "" };
        let answer = ask(&http, method.clone(), &format!("{run}{path}"), &eve, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer}");
    }
    assert_eq!(json(&get(&http, &format!("{run}/result")).await)["who"], "ann");
}
