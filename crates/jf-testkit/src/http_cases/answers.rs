//! What goes well.

use http::Method;

use super::world::{HttpHost, World, assert_document, json, run_of};
use crate::HttpResponse;

/// HTTP-001, HTTP-019 to HTTP-024: a run from start to end, and after it.
pub async fn commands_and_reads_have_their_statuses(host: &dyn HttpHost) {
    let world = World::new(host).await;
    let start = "/api/v1/journeys/suite-approval/start";
    let started = world.post(start, r#"{"orderId":"A-17"}"#).await;
    assert_eq!(assert_document(&started, 200)["currentState"], "approval");
    let run = run_of(&started);
    let status = world.get(&run).await;
    assert_document(&status, 200);
    assert_eq!(
        (&status.body, status.header("etag")),
        (&started.body, started.header("etag")),
        "one document"
    );
    assert_eq!(json(&status)["_links"]["approval"]["href"], format!("{run}/steps/approval"), "HTTP-051");

    let stepped = world.post(&format!("{run}/steps/approval"), r#"{"decision":"approve"}"#).await;
    assert_eq!(assert_document(&stepped, 200)["phase"], "SUCCEEDED");
    assert_ne!(stepped.header("etag"), status.header("etag"));
    let outcome = world.get(&format!("{run}/result")).await;
    assert_eq!(assert_document(&outcome, 200)["phase"], "SUCCEEDED");
    let cancelled = world.post(&format!("{run}/steps/cancel"), "whatever this is").await;
    assert_eq!(
        assert_document(&cancelled, 200)["phase"],
        "SUCCEEDED",
        "HTTP-011, HTTP-024: too late to cancel"
    );

    let other = run_of(&world.post(start, r#"{"orderId":"A-18"}"#).await);
    let cancelled = world.post(&format!("{other}/steps/cancel"), "").await;
    assert_eq!(assert_document(&cancelled, 200)["phase"], "FAILED");
    let outcome = world.get(&format!("{other}/result")).await;
    assert_eq!(
        assert_document(&outcome, 200)["error"]["code"],
        "JOURNEY_CANCELLED",
        "HTTP-021: failed, and 200"
    );
}

/// HTTP-019: after the tag of a document its readers get no body until it changes.
pub async fn readers_who_have_the_document_get_304(host: &dyn HttpHost) {
    let world = World::new(host).await;
    let run = world.ended().await;
    for path in [run.clone(), format!("{run}/result")] {
        let full = world.get(&path).await;
        let tag = full.header("etag").expect("documents have a tag").to_owned();
        for seen in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let answer = world.ask(Method::GET, &path, &[("if-none-match", &seen)], "").await;
            assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0), "{seen}");
            assert_eq!((answer.header("etag"), answer.header("content-type")), (Some(tag.as_str()), None));
        }
        let answer = world.ask(Method::GET, &path, &[("if-none-match", "\"x.1\"")], "").await;
        assert_eq!((answer.status.as_u16(), &answer.body), (200, &full.body));
    }
}

/// HTTP-003: HEAD says what GET would.
pub async fn heads_are_gets_without_their_bodies(host: &dyn HttpHost) {
    let world = World::new(host).await;
    let (waiting, ended) = (world.waiting().await, world.ended().await);
    let unknown = format!("/api/v1/journeys/{}", "A".repeat(22));
    for path in
        [waiting.clone(), format!("{waiting}/result"), ended.clone(), format!("{ended}/result"), unknown]
    {
        let (mut full, mut head) = (world.get(&path).await, world.ask(Method::HEAD, &path, &[], "").await);
        full.headers.remove("date");
        head.headers.remove("date");
        assert_eq!((head.status, &head.headers, head.body.len()), (full.status, &full.headers, 0), "{path}");
    }
}

/// HTTP-100 to HTTP-104: the log of an ended run, then its end; nothing for those who have it.
pub async fn events_are_the_documents_of_the_reads(host: &dyn HttpHost) {
    let world = World::new(host).await;
    let run = world.waiting().await;
    let status = world.get(&run).await;
    assert_eq!(world.post(&format!("{run}/steps/approval"), r#"{"decision":"approve"}"#).await.status, 200);
    let outcome = world.get(&format!("{run}/result")).await;
    let stream = world.get(&format!("{run}/events?after=0&conflate=false")).await;
    assert_eq!((stream.status.as_u16(), stream.header("content-type")), (200, Some("text/event-stream")));
    let event = |kind: &str, document: &HttpResponse| {
        let id = document.header("etag").map(|tag| tag.trim_matches('"').to_owned()).unwrap_or_default();
        format!("id: {id}\nevent: {kind}\ndata: {}\n\n", String::from_utf8_lossy(&document.body))
    };
    let (first, last) = (event("status", &status), event("outcome", &outcome));
    let text = String::from_utf8_lossy(&stream.body);
    assert!(text.starts_with("retry: ") && text.contains(&first) && text.ends_with(&last), "{text}");
    let head = outcome.header("etag").map(|tag| tag.trim_matches('"').to_owned()).unwrap_or_default();
    let done = world.ask(Method::GET, &format!("{run}/events"), &[("last-event-id", &head)], "").await;
    assert_eq!((done.status.as_u16(), done.body.len()), (204, 0), "HTTP-104");
}
