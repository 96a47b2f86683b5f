//! Finished documents beside the API.

use axum::Router;
use axum::body::Body;
use http::Request;
use http::header::CONTENT_SECURITY_POLICY;
use jf_binding_http::{Document, InvalidDocument, document_router};

use crate::fake::Script;
use crate::support::{get, post, scripted, send, with};

const PAGE: &str = "<!doctype html><title>Contract</title>";

fn documents() -> Router {
    let page = Document::new("/contract", "text/html; charset=utf-8", PAGE).unwrap();
    let page = page.with_header(CONTENT_SECURITY_POLICY, "default-src 'none'").unwrap();
    let json = Document::new("/contract/openapi.json", "application/json", "{}").unwrap();
    document_router([page, json])
}

#[tokio::test]
async fn documents_stand_beside_the_api() {
    let app = scripted(Script::default()).0.merge(documents());
    let answer = send(&app, get("/contract?x=1")).await;
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, PAGE.as_bytes()));
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("content-security-policy", "default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(send(&app, get("/contract/openapi.json")).await.json(), serde_json::json!({}));
    for elsewhere in ["/contract/", "/contract/openapi.json/", "/Contract"] {
        send(&app, get(elsewhere)).await.assert_problem(404, "not-found");
    }
}

#[tokio::test]
async fn documents_are_sent_to_those_only_who_do_not_have_them() {
    let app = documents();
    let tag = send(&app, get("/contract")).await.header("etag").unwrap().to_owned();
    assert_ne!(Some(&*tag), send(&app, get("/contract/openapi.json")).await.header("etag"));
    for seen in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let answer = send(&app, with(get("/contract"), "if-none-match", &seen)).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag")), (304, Some(&*tag)), "{seen}");
        assert!(answer.body.is_empty() && answer.header("content-type").is_none());
    }
    for unseen in ["\"other\"", "", "no tag"] {
        assert_eq!(send(&app, with(get("/contract"), "if-none-match", unseen)).await.status, 200, "{unseen}");
    }
}

#[tokio::test]
async fn http_003_documents_are_read_only() {
    let app = documents();
    let head = send(&app, Request::head("/contract").body(Body::empty()).unwrap()).await;
    assert_eq!(head.status, 200);
    assert!(head.header("etag").is_some());
    let answer = send(&app, post("/contract", "{}")).await;
    answer.assert_problem(405, "method-not-allowed");
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn documents_mount_under_a_prefix() {
    let app = Router::new().nest("/flows", documents());
    assert_eq!(send(&app, get("/flows/contract")).await.status, 200);
    assert_eq!(send(&app, get("/contract")).await.status, 404);
}

#[test]
fn documents_have_plain_paths_and_headers() {
    for path in ["", "contract", "/a b", "/a?b", "/a#b", "/{a}", "/a/:b", "/*a", "/ä"] {
        let refused = Document::new(path, "text/plain", "").unwrap_err();
        assert_eq!(refused, InvalidDocument::Path(path.to_owned()));
    }
    let refused = Document::new("/a", "text/plain\n", "").unwrap_err();
    assert_eq!(refused, InvalidDocument::Header("text/plain\n".to_owned()));
}
