//! The contract of the HTTP API as it is served: what is in it, and where.

use std::collections::BTreeSet;

use http::{HeaderMap, Method};
use jf_core::EngineErrorKind;
use jf_testkit::HttpResponse;
use serde_json::Value;

use crate::support::binary::Serving;
use crate::support::root;

/// Serves the examples with their own configuration and some more keys.
async fn examples(keys: &str) -> Serving {
    let folder = root().join("examples/journeys");
    let own = std::fs::read_to_string(folder.join("jf.yaml")).unwrap();
    Serving::start(&folder, Some(&format!("{own}\nstore: memory\n{keys}\n"))).await
}

async fn get(serving: &Serving, path: &str) -> HttpResponse {
    serving.http().send(Method::GET, path, None).await.unwrap()
}

fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn http_090_the_contract_is_served_where_it_is_told() {
    let serving = examples("http.contract: /contract").await;
    let page = get(&serving, "/contract").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let html = std::str::from_utf8(&page.body).unwrap();
    assert!(!html.contains("<script") && !html.contains("//cdn") && !html.contains("http://"), "{html}");
    for shown in ["loan-approval", "/prices/quote", "urn:journeyforge:error:step-not-active", "X-Carrier"] {
        assert!(html.contains(shown), "{shown}");
    }

    let whole = get(&serving, "/contract/openapi.json").await;
    let document = whole.json().unwrap();
    assert_eq!(
        (&document["openapi"], whole.header("content-type")),
        (&"3.1.0".into(), Some("application/json"))
    );
    let paths = names(&document["paths"]);
    for path in
        ["/journeys", "/journeys/order-fulfilment/start", "/prices/quote", "/journeys/{journeyId}/events"]
    {
        assert!(paths.contains(path), "{path}");
    }
    // Every link of the page to a document leads to one.
    let links = html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let documents: Vec<_> = links.filter(|link| link.ends_with(".json")).collect();
    assert_eq!(documents.len(), 4, "{documents:?}");
    for link in documents {
        assert_eq!(get(&serving, &format!("/{link}")).await.json().unwrap()["openapi"], "3.1.0", "{link}");
    }
    let one = get(&serving, "/contract/apis/price-quote.json").await.json().unwrap();
    assert_eq!(names(&one["paths"]), BTreeSet::from(["/prices/quote"]));

    let tag = whole.headers["etag"].clone();
    let known = HeaderMap::from_iter([(http::header::IF_NONE_MATCH, tag)]);
    let http = serving.http();
    let same =
        http.send_bytes(Method::GET, "/contract/openapi.json", known, Vec::new().into()).await.unwrap();
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
    let head = http.send(Method::HEAD, "/contract/openapi.json", None).await.unwrap();
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(&*whole.body.len().to_string()));
    assert_eq!(http.send(Method::POST, "/contract", None).await.unwrap().status, 405);
}

#[tokio::test]
async fn http_090_without_being_told_there_is_no_contract() {
    let serving = examples("").await;
    for path in ["/contract", "/contract/openapi.json", "/openapi.json", "/"] {
        assert_eq!(get(&serving, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn http_006_what_is_hidden_is_not_in_the_contract() {
    let keys = "http: { contract: /contract, hidden: [loan-approval, price-quote], list: off }\npublicBaseUrl: https://x.example/flows/";
    let serving = examples(keys).await;
    let document = get(&serving, "/contract/openapi.json").await.json().unwrap();
    assert_eq!(document["servers"][0]["url"], "https://x.example/flows/api/v1");
    assert!(document["paths"]["/journeys"].is_null(), "nobody may list");
    let page = get(&serving, "/contract").await;
    for text in [document.to_string(), String::from_utf8_lossy(&page.body).into_owned()] {
        assert!(text.contains("order-fulfilment"));
        for hidden in ["loan", "price-quote", "prices/quote"] {
            assert!(!text.contains(hidden), "{hidden}");
        }
    }
    for path in ["/contract/journeys/loan-approval.json", "/contract/apis/price-quote.json"] {
        assert_eq!(get(&serving, path).await.status, 404, "{path}");
    }
}

/// ENG-140: what the contract says of problems is what the engine says of them, and all that HTTP can answer is there.
#[tokio::test]
async fn eng_140_the_contract_has_the_problems_of_the_engine() {
    let serving = examples("http.contract: /contract").await;
    let document = get(&serving, "/contract/openapi.json").await.json().unwrap();
    let mut told = BTreeSet::new();
    for response in document["components"]["responses"].as_object().unwrap().values() {
        let examples = &response["content"]["application/problem+json"]["examples"];
        for (name, example) in examples.as_object().unwrap() {
            let kind = EngineErrorKind::ALL.iter().find(|kind| kind.slug() == name).unwrap();
            let problem = &example["value"];
            let (urn, status) = (problem["type"].as_str(), problem["status"].as_u64());
            assert_eq!((urn, status), (Some(kind.urn()), Some(kind.status().into())), "{name}");
            assert_eq!(problem["title"], kind.title(), "{name}");
            told.insert(kind.slug());
        }
    }
    let elsewhere = [
        "malformed-frame",
        "unknown-type",
        "unknown-member",
        "duplicate-id",
        "journey-name-required",
        "step-type-mismatch",
        "type-not-for-journey",
        "subprotocol-required",
        "upgrade-required",
        "too-many-in-flight",
    ];
    let all = EngineErrorKind::ALL.iter().map(|kind| kind.slug());
    let over_http: BTreeSet<_> = all.filter(|slug| !elsewhere.contains(slug)).collect();
    assert_eq!(told, over_http);
}
