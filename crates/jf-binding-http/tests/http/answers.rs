//! What clients get when all goes well: statuses, documents, tags, flags, cookies.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::fake::{Call, RUN, Script, StartMode, failure, outcome, start_response, status};
use crate::support::{get, post, scripted, send, with};

const START: &str = "/api/v1/journeys/order/start";

fn run(below: &str) -> String {
    format!("/api/v1/journeys/{RUN}{below}")
}

fn value<T: serde::Serialize>(document: &T) -> Value {
    serde_json::to_value(document).unwrap()
}

#[tokio::test]
async fn http_020_an_asynchronous_start_is_202_with_location_and_the_tag_of_the_creation() {
    let (app, _) = scripted(Script::default());
    let answer = send(&app, post(START, "{}")).await;
    assert_eq!(answer.assert_document(202), value(&start_response()));
    assert_eq!(answer.header("location"), Some(start_response().status_url.as_str()));
    assert_eq!(answer.header("etag"), Some("\"e1.1\""), "HTTP-019");
    assert_eq!(answer.header("idempotency-replayed"), None);
}

#[tokio::test]
async fn http_020_a_synchronous_start_is_200_with_what_the_run_came_to() {
    let (app, _) = scripted(Script { start: StartMode::Waiting, ..Script::default() });
    let answer = send(&app, post(START, "{}")).await;
    assert_eq!(answer.assert_document(200), value(&status().document));
    assert_eq!((answer.header("etag"), answer.header("location")), (Some("\"e1.7\""), None));
    let (app, _) = scripted(Script { start: StartMode::Ended, ..Script::default() });
    let answer = send(&app, post(START, "{}")).await;
    assert_eq!(answer.assert_document(200), value(&outcome().document));
    assert_eq!((answer.header("etag"), answer.header("location")), (Some("\"e1.9\""), None));
}

#[tokio::test]
async fn http_007_http_021_http_025_a_failed_run_is_read_with_200() {
    let (app, _) = scripted(Script { start: StartMode::Ended, failed: true, ..Script::default() });
    for request in [post(START, "{}"), get(&run("/result"))] {
        let answer = send(&app, request).await;
        assert_eq!(
            answer.assert_document(200),
            value(&failure().document),
            "whatever its Problem's status is"
        );
        assert_eq!(answer.header("etag"), Some("\"e1.9\""));
    }
}

#[tokio::test]
async fn http_019_http_021_http_022_http_024_documents_carry_their_tag() {
    let (app, _) = scripted(Script::default());
    for (request, document, tag) in [
        (get(&run("")), value(&status().document), "\"e1.7\""),
        (get(&run("/result")), value(&outcome().document), "\"e1.9\""),
        (post(&run("/steps/approve"), "{}"), value(&status().document), "\"e1.7\""),
        (post(&run("/steps/cancel"), ""), value(&status().document), "\"e1.7\""),
    ] {
        let answer = send(&app, request).await;
        assert_eq!(answer.assert_document(200), document);
        assert_eq!(answer.header("etag"), Some(tag));
    }
}

#[tokio::test]
async fn http_019_readers_who_have_the_document_get_304() {
    let (app, engine) = scripted(Script { cookies: vec!["a=1"], ..Script::default() });
    for (uri, tag) in [(run(""), "\"e1.7\""), (run("/result"), "\"e1.9\"")] {
        for seen in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let answer = send(&app, with(get(&uri), "if-none-match", &seen)).await;
            assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0));
            assert_eq!(
                (answer.header("etag"), answer.header("cache-control")),
                (Some(tag), Some("no-store"))
            );
            assert_eq!((answer.header("content-type"), answer.header("content-length")), (None, None));
            assert_eq!(answer.header("set-cookie"), None, "HTTP-060");
        }
        for unseen in ["\"e1.2\"", "\"e2.7\"", "e1.7", ""] {
            let answer = send(&app, with(get(&uri), "if-none-match", unseen)).await;
            assert_eq!(answer.status, 200, "{unseen}");
        }
    }
    // The guard is the engine's and was asked each time: 4 + 4 reads of the status, 4 + 4 of the result, 4 of those with cookies.
    let calls = engine.calls();
    assert_eq!(calls.len(), 20);
    assert_eq!(calls.iter().filter(|call| matches!(call, Call::Cookies(..))).count(), 4);
}

#[tokio::test]
async fn http_015_answers_to_repeated_commands_are_flagged() {
    let requests =
        || [post(START, "{}"), post(&run("/steps/approve"), "{}"), post(&run("/steps/cancel"), "")];
    for mode in [StartMode::Async, StartMode::Waiting, StartMode::Ended] {
        let (app, _) = scripted(Script { replayed: true, start: mode, ..Script::default() });
        let (first, _) = scripted(Script { start: mode, ..Script::default() });
        for (repeated, original) in requests().into_iter().zip(requests()) {
            let (repeated, original) = (send(&app, repeated).await, send(&first, original).await);
            assert_eq!((repeated.status, &repeated.body), (original.status, &original.body));
            assert_eq!(repeated.header("idempotency-replayed"), Some("true"));
            assert_eq!(original.header("idempotency-replayed"), None);
        }
    }
}

#[tokio::test]
async fn http_060_cookies_go_with_the_final_result_only() {
    let jar = || vec!["a=1; Path=/; Secure", "b=; Max-Age=0"];
    let cookies = |answer: &crate::support::Answer| {
        answer
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|v| v.to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (app, engine) = scripted(Script { cookies: jar(), start: StartMode::Ended, ..Script::default() });
    assert_eq!(cookies(&send(&app, post(START, "{}")).await), jar());
    assert_eq!(cookies(&send(&app, get(&run("/result"))).await), jar());
    assert!(engine.calls().iter().any(|call| matches!(call, Call::Cookies(id, _) if id.as_str() == RUN)));
    let head = Request::head(run("/result")).body(Body::empty()).unwrap();
    assert!(cookies(&send(&app, head).await).is_empty(), "HEAD neither carries them nor uses them up");
    assert!(!engine.calls().iter().any(|call| matches!(call, Call::Cookies(..))));
    for request in [get(&run("")), post(&run("/steps/approve"), "{}"), post(&run("/steps/cancel"), "")] {
        assert!(cookies(&send(&app, request).await).is_empty());
    }
    let (replay, _) =
        scripted(Script { cookies: jar(), start: StartMode::Ended, replayed: true, ..Script::default() });
    assert!(cookies(&send(&replay, post(START, "{}")).await).is_empty());
}

#[tokio::test]
async fn http_064_trouble_with_cookies_changes_nothing_else() {
    let (app, _) = scripted(Script { no_cookies: true, ..Script::default() });
    let answer = send(&app, get(&run("/result"))).await;
    assert_eq!(answer.assert_document(200), value(&outcome().document));
}

#[tokio::test]
async fn http_014_accept_is_not_negotiated() {
    let (app, _) = scripted(Script::default());
    for accept in ["text/html", "application/xml;q=1, application/json;q=0", "nonsense"] {
        send(&app, with(get(&run("")), "accept", accept)).await.assert_document(200);
    }
}

#[tokio::test]
async fn http_082_a_listing_is_a_page_with_a_token_or_null() {
    let (app, _) = scripted(Script::default());
    let page = send(&app, get("/api/v1/journeys")).await;
    assert_eq!(
        page.assert_document(200),
        json!({ "items": [value(&status().document)], "nextPageToken": null })
    );
    assert_eq!(page.header("etag"), None);
    let (app, _) = scripted(Script { next_page: Some("t2".to_owned()), ..Script::default() });
    assert_eq!(send(&app, get("/api/v1/journeys")).await.json()["nextPageToken"], "t2");
}
