//! Apis over HTTP (HTTP-055, HTTP-066 to HTTP-075).

use http::Method;
use serde_json::json as value;

use super::{ask, get, json, post, system};

/// Ends as its input says.
pub(super) const ECHO: &str = r#"
apiVersion: v1
kind: Api
metadata: { name: echo, version: 1.0.0 }
spec:
  bindings:
    http:
      route: { path: /echo/of/it }
      apiResponses:
        rules:
          - { when: { phase: SUCCEEDED, predicate: { lang: jq, expr: '.output.as == "none"' } }, status: 204 }
          - { when: { phase: SUCCEEDED, predicate: { lang: jq, expr: '.output.as == "computed"' } }, statusExpr: { lang: jq, expr: .output.status } }
          - { when: { phase: FAILED, errorType: SOLD_OUT }, status: 409 }
        default: { SUCCEEDED: 201, FAILED: fromProblemStatus }
  input: { schema: { type: object, properties: { as: { type: string } } } }
  output: { schema: {} }
  start: pick
  states:
    pick:
      type: choice
      choices: [{ when: { predicate: { lang: jq, expr: .context.fail != null } }, next: bad }]
      default: note
    note: { type: transform, transform: { lang: jq, expr: .context, target: { kind: var }, resultVar: out }, next: done }
    done: { type: succeed, outputVar: out }
    bad: { type: fail, errorCode: '${context.fail}', reason: no }
"#;

const PATH: &str = "/api/v1/echo/of/it";

/// Also HTTP-002, HTTP-067, HTTP-068, HTTP-069: exact statuses over a real connection.
#[tokio::test]
async fn http_066_statuses_and_bodies_of_an_api() {
    let system = system(&[ECHO]).await;
    let http = system.http();
    for (body, status, media) in [
        ("{}", 201, Some("application/json")),
        (r#"{"as":"none"}"#, 204, None),
        (r#"{"as":"computed","status":205}"#, 205, None),
        (r#"{"as":"computed","status":304}"#, 304, None),
        (r#"{"as":"computed","status":418}"#, 418, Some("application/json")),
        (r#"{"as":"computed","status":199}"#, 500, Some("application/problem+json")),
        (r#"{"as":"computed","status":"x"}"#, 500, Some("application/problem+json")),
        (r#"{"fail":"SOLD_OUT"}"#, 409, Some("application/problem+json")),
        (r#"{"fail":"OTHER"}"#, 500, Some("application/problem+json")),
        (r#"{"as":7}"#, 400, Some("application/problem+json")),
        ("{", 400, Some("application/problem+json")),
    ] {
        let answer = post(&http, PATH, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (status, media),
            "{body}: {answer}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "HTTP-027");
        assert_eq!(answer.body.is_empty(), [204, 205, 304].contains(&status), "{body}");
        if media == Some("application/problem+json") {
            assert_eq!(json(&answer)["status"], status, "HTTP-073");
        }
    }
    assert_eq!(post(&http, "/api/v1/apis/echo", "{}").await.status, 404, "HTTP-002");
    let read = get(&http, PATH).await;
    assert_eq!((read.status.as_u16(), read.header("allow")), (405, Some("POST")));
}

/// The output may have a member of that name, which is then the author's.
#[tokio::test]
async fn http_055_answers_of_apis_have_no_links() {
    let system = system(&[ECHO]).await;
    let http = system.http();
    let plain = post(&http, PATH, r#"{"a":1}"#).await;
    assert_eq!(json(&plain), value!({ "a": 1 }));
    for body in [r#"{"fail":"OTHER"}"#, r#"{"as":7}"#] {
        assert_eq!(json(&post(&http, PATH, body).await).get("_links"), None);
    }
    let own = post(&http, PATH, r#"{"_links":{"mine":1}}"#).await;
    assert_eq!(json(&own), value!({ "_links": { "mine": 1 } }));
    assert_eq!((own.header("etag"), own.header("location")), (None, None));
}

/// Also HTTP-015: an Api has no key, so the header means nothing there.
#[tokio::test]
async fn http_011_an_empty_body_is_an_empty_object() {
    let system = system(&[ECHO]).await;
    let answer = ask(&system.http(), Method::POST, PATH, &[("idempotency-key", "x")], "").await;
    assert_eq!((answer.status.as_u16(), json(&answer)), (201, value!({})));
}
