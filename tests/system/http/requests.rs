//! What of a request reaches the run, and what does not (HTTP-030 to HTTP-036).

use http::Method;
use serde_json::json as value;

use super::wrong::SEALED;
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

/// Also ENG-053, HTTP-019: whoever repeats a start without the right to read learns that it was made, and no more.
#[tokio::test]
async fn http_020_a_repeated_start_is_202_for_those_who_may_not_read() {
    let system = system(&[SEALED]).await;
    let http = system.http();
    let key = [("idempotency-key", "a-start-that-is-repeated")];
    let start = "/api/v1/journeys/sealed/start";
    let first = ask(&http, Method::POST, start, &key, "{}").await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (200, None), "ENG-051");
    let again = ask(&http, Method::POST, start, &key, "{}").await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (202, Some("true")));
    let document = json(&again);
    assert_eq!(document["journeyId"], json(&first)["journeyId"]);
    assert_eq!((document.get("phase"), document.get("activeSteps")), (None, None), "{document}");
    assert_eq!(again.header("location"), document["statusUrl"].as_str());
    assert!(again.header("etag").unwrap().ends_with(".1\""));
    let other = ask(&http, Method::POST, start, &key, r#"{"other":1}"#).await;
    assert_eq!(json(&other)["type"], "urn:journeyforge:error:idempotency-mismatch");
}

/// The entries of one map apply as they stand in the document, whatever the order of the request.
#[tokio::test]
async fn http_033_entries_of_a_map_apply_in_the_order_of_the_document() {
    let definition = |name: &str, map: &str| {
        VISIT
            .replace("name: visit", &format!("name: {name}"))
            .replace("{ who: seen.who, note: seen.note }", &format!("{{ {map} }}"))
    };
    let last = definition("last", "z: seen.v, a: seen.v");
    let through = definition("through", "z: seen.v, a: seen.v.deep");
    let over = definition("over", "a: seen.v.deep, z: seen.v");
    let system = system(&[&last, &through, &over]).await;
    let http = system.http();
    for (journey, status, v) in [("last", 200, "first"), ("through", 400, ""), ("over", 200, "second")] {
        let start = format!("/api/v1/journeys/{journey}/start?a=first&z=second");
        let answer = ask(&http, Method::POST, &start, &[], "{}").await;
        assert_eq!(answer.status, status, "{journey}: {answer}");
        if status == 200 {
            let run = format!("/api/v1/journeys/{}", json(&answer)["journeyId"].as_str().unwrap());
            ask(&http, Method::POST, &format!("{run}/steps/cancel"), &[], "").await;
            assert_eq!(json(&get(&http, &format!("{run}/result")).await)["v"], v, "{journey}");
        }
    }
}
